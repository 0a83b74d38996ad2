//! From services to instances and edges, by Spigo's own rule.
//!
//! A caller knows an instance of what it depends on, itself excepted, if one of the two is global or names `eureka`,
//! or if both stand in the same region; karyon and zuul know only those in the same zone. «In no zone» is a zone of
//! its own: `*`.

use super::architecture::{REGIONS, Service, ZONES};

/// Equal instances of a service: all that stand in one zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    pub(super) region: Option<usize>,
    pub(super) zone: Option<usize>,
    pub(super) n: u64,
}

/// Where the instances of a service stand. Those of a region go to the zones in turn, and the next region goes on
/// where the last one ended.
pub(super) fn cells(service: &Service) -> Vec<Cell> {
    if service.is_global() {
        return vec![Cell { region: None, zone: None, n: 1 }];
    }
    let regions = 0..service.regions as usize;
    if service.count == 0 {
        return regions.map(|region| Cell { region: Some(region), zone: None, n: 1 }).collect();
    }
    let n_zones = ZONES.len() as u64;
    let in_zone = |region: usize, zone: usize| {
        let first = region as u64 * service.count;
        // How many of the numbers from `first` on fall on this zone.
        let offset = (zone as u64 + n_zones - first % n_zones) % n_zones;
        let n = (service.count + n_zones - 1 - offset) / n_zones;
        Cell { region: Some(region), zone: Some(zone), n }
    };
    let all = regions.flat_map(|region| (0..ZONES.len()).map(move |zone| in_zone(region, zone)));
    all.filter(|cell| cell.n > 0).collect()
}

/// Whether an instance here knows one there.
pub(super) fn knows(caller: &Service, here: Cell, callee: &Service, there: Cell) -> bool {
    let is_visible = caller.is_global()
        || callee.is_global()
        || caller.is_everywhere
        || callee.is_everywhere
        || here.region == there.region;
    is_visible && (!caller.package.is_zone_local || here.zone == there.zone)
}

/// How many edges lead from the instances of a service.
pub(super) fn edges_from(services: &[Service], caller: &Service) -> u64 {
    let here = cells(caller);
    let to_one = |on: usize| -> u64 {
        let callee = &services[on];
        let there = cells(callee);
        let pairs = here.iter().flat_map(|here| there.iter().map(move |there| (*here, *there)));
        let known: u64 = pairs
            .filter(|(here, there)| knows(caller, *here, callee, *there))
            .map(|(here, there)| here.n * there.n)
            .sum();
        // Every instance stands where it does, and would know itself.
        known - if std::ptr::eq(caller, callee) { caller.n_instances() } else { 0 }
    };
    caller.dependencies.iter().map(|dependency| to_one(dependency.on)).sum()
}

/// The instances of a service, as Spigo names them: `netflixoss.us-east-1.zoneA.homepage00`; and where each stands.
pub(super) fn nodes(architecture: &str, service: &Service) -> Vec<(String, Cell)> {
    let numbers = 0..service.n_instances();
    numbers
        .map(|number| {
            let region = (!service.is_global()).then(|| (number / service.per_region()) as usize);
            let zone = (!service.is_global() && service.count > 0).then(|| number as usize % ZONES.len());
            let cell = Cell { region, zone, n: 1 };
            // Those in no zone are all the first of their region.
            let number = if service.count == 0 { 0 } else { number };
            let [region, zone] = [region.map_or("*", |at| REGIONS[at]), zone.map_or("*", |at| ZONES[at])];
            (format!("{architecture}.{region}.{zone}.{}{number:02}", service.name), cell)
        })
        .collect()
}

//! What a text declares, as far as it can be made out.

use super::outline::Outline;
use crate::keys::Names;
use crate::place::Place;

pub(super) struct Declared {
    pub sort: Sort,
    pub name: String,
    /// `None` for what is there without being written.
    pub place: Option<Place>,
    pub entry: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Service,
    /// `web/home`.
    Endpoint,
    Zone,
    Region,
    Workload,
    Users,
}

impl Sort {
    pub(super) fn word(self) -> &'static str {
        match self {
            Sort::Service => "a service",
            Sort::Endpoint => "an endpoint",
            Sort::Zone => "a zone",
            Sort::Region => "a region",
            Sort::Workload => "a workload",
            Sort::Users => "the users of all workloads",
        }
    }
}

/// Which sorts may stand where a name is expected.
pub(super) fn sorts(names: Names) -> &'static [Sort] {
    match names {
        Names::Service => &[Sort::Service],
        Names::Endpoint => &[Sort::Service, Sort::Endpoint],
        Names::CallPath => &[Sort::Service, Sort::Endpoint],
        Names::Zone => &[Sort::Zone],
        Names::Region => &[Sort::Region],
        Names::Place | Names::Way => &[Sort::Service, Sort::Zone, Sort::Region, Sort::Users],
        Names::Workload => &[Sort::Workload],
    }
}

pub(super) fn declared(outline: &Outline<'_>) -> Vec<Declared> {
    let section = |name: &str| outline.child(None, name);
    let [services, regions, workloads] = ["services", "regions", "workload"].map(section);
    let mut found = Vec::new();
    for (at, entry) in outline.entries.iter().enumerate() {
        let (Some(parent), Some(name)) = (entry.parent, outline.key(at)) else { continue };
        let mut add = |sort, name: String| {
            found.push(Declared { sort, name, place: entry.key, entry: Some(at) });
        };
        let above = outline.entries[parent].parent;
        match Some(parent) {
            it if it == services => add(Sort::Service, name.to_owned()),
            it if it == regions => add(Sort::Region, name.to_owned()),
            it if it == workloads => add(Sort::Workload, name.to_owned()),
            _ if outline.key(parent) == Some("endpoints") => {
                let service = above.filter(|above| outline.entries[*above].parent == services);
                if let Some(service) = service.and_then(|service| outline.key(service)) {
                    add(Sort::Endpoint, format!("{service}/{name}"));
                }
            }
            _ => {}
        }
    }
    found.extend(zones(outline, regions));
    found.push(Declared { sort: Sort::Users, name: "users".to_owned(), place: None, entry: None });
    found
}

fn zones(outline: &Outline<'_>, regions: Option<usize>) -> Vec<Declared> {
    let zone = |region: &str, zone: &str, place| {
        let name = format!("{region}/{zone}");
        Declared { sort: Sort::Zone, name, place, entry: None }
    };
    let usual = |region: &str| ["a", "b", "c"].map(|name| zone(region, name, None)).into_iter();
    let Some(regions) = regions else {
        let region = Declared { sort: Sort::Region, name: "us-east-1".to_owned(), place: None, entry: None };
        return usual("us-east-1").chain([region]).collect();
    };
    let mut found = Vec::new();
    for region in outline.children(Some(regions)) {
        let Some(name) = outline.key(region) else { continue };
        let Some(named) = outline.child(Some(region), "zones") else {
            found.extend(usual(name));
            continue;
        };
        let items = outline.children(Some(named));
        found.extend(
            items.filter_map(|item| Some(zone(name, outline.value(item)?, outline.entries[item].value))),
        );
    }
    found
}

//! Which instances belong together.
//!
//! A partition is a group of zones. Zones between which a message may take no time stay together,
//! and so do the users of a region with every zone they may enter. What remains is grouped until a
//! partition is large enough to be worth its windows. The grouping depends on the model alone,
//! never on the number of threads.

use std::collections::BTreeMap;

use tarsier_model::{Balance, Link, SealedModel, ServiceId, Workload};
use tarsier_units::Id;

use super::{NONE, PartitionPlan};

/// Below this much look-ahead windows cost more than they give.
const LEAST_LOOK_AHEAD_NS: u64 = 100_000;
/// A partition has at least so many instances where there are enough: its state then fills the
/// cache near the core, and its windows hold enough events.
const LEAST_INSTANCES: usize = 60;
/// A latency law without a floor is cut at this quantile where it joins partitions.
const FLOOR_QUANTILE: f64 = 1e-6;

pub(crate) struct Layout {
    pub(crate) zone_of: Vec<u32>,
    pub(crate) service_of: Vec<u32>,
    pub(crate) number_of: Vec<u32>,
    pub(crate) partition_of_zone: Vec<u32>,
    pub(crate) partitions: Vec<PartitionPlan>,
    pub(crate) look_ahead: u64,
}

/// How many instances may join the others while a run goes on.
#[derive(Default)]
pub(crate) struct Room {
    /// By zone, as a scenario needs it; or empty.
    by_zone: Vec<u32>,
    /// In each partition, for whoever steers.
    by_hand: u32,
}

impl Room {
    /// For so many instances of services at most, beside what whoever steers is given.
    pub(crate) fn new(model: &SealedModel, most: &BTreeMap<ServiceId, u32>, by_hand: u32) -> Room {
        let mut by_zone = vec![0; model.zones.len()];
        for (service, wanted) in most {
            let service = &model.services[*service];
            let zones = service.zones_of(*wanted as usize);
            zones.iter().skip(service.instances.len()).for_each(|zone| by_zone[zone.index()] += 1);
        }
        Room { by_zone, by_hand }
    }

    pub(crate) fn in_partition(&self, partition: usize, partition_of_zone: &[u32]) -> u32 {
        let here = |(_, of): &(&u32, &u32)| **of as usize == partition;
        let needed: u32 = self.by_zone.iter().zip(partition_of_zone).filter(here).map(|(room, _)| room).sum();
        needed + self.by_hand
    }
}

pub(crate) fn lay_out(model: &SealedModel, room: &Room) -> Layout {
    let zone_floor = floor_ns(&model.network.cross_zone);
    let region_floor = (model.network.pairs.iter().map(|pair| floor_ns(&pair.link)))
        .chain([floor_ns(&model.network.cross_region)])
        .min()
        .expect("there is at least the law between any two regions");
    let mut groups = Groups::new(model.zones.len());
    let splits_zones = zone_floor >= LEAST_LOOK_AHEAD_NS;
    let splits_regions = region_floor >= LEAST_LOOK_AHEAD_NS;
    join_close_zones(model, &mut groups, splits_zones, splits_regions);
    join_entrances(model, &mut groups);
    let partition_of_zone = gather(model, &mut groups);
    let n_partitions = partition_of_zone.iter().max().map_or(1, |last| *last as usize + 1);
    let look_ahead = match n_partitions {
        1 => u64::MAX,
        _ if zones_by_region(model).iter().all(|zones| zones.len() <= 1) => region_floor,
        _ if splits_zones => zone_floor.min(region_floor),
        _ => region_floor,
    };
    number_instances(model, partition_of_zone, n_partitions, look_ahead, room)
}

/// The least that a message over this link takes.
pub(crate) fn floor_ns(link: &Link) -> u64 {
    let Some(law) = &link.latency else { return 0 };
    let floor = law.floor();
    if floor > 0.0 && floor >= LEAST_LOOK_AHEAD_NS as f64 {
        floor as u64
    } else {
        law.low_quantile(FLOOR_QUANTILE) as u64
    }
}

fn join_close_zones(model: &SealedModel, groups: &mut Groups, splits_zones: bool, splits_regions: bool) {
    let mut first_of_region = vec![None; model.regions.len()];
    for (id, zone) in model.zones.entries() {
        let first = first_of_region[zone.region.index()].get_or_insert(id.index());
        if !splits_zones {
            groups.join(*first, id.index());
        }
        if !splits_regions {
            groups.join(0, id.index());
        }
    }
}

/// Users reach their first service in no time, so its instances around them stay with them, and those that may join
/// these.
fn join_entrances(model: &SealedModel, groups: &mut Groups) {
    let zones_by_region = zones_by_region(model);
    for workload in model.workloads.iter() {
        for (_, to) in &workload.mix {
            let service = &model.services[model.endpoints[*to].service];
            let mut stands_in = vec![false; model.zones.len()];
            service.instances.iter().for_each(|zone| stands_in[zone.index()] = true);
            let mut may_stand_in = vec![false; model.zones.len()];
            service.possible_zones().for_each(|zone| may_stand_in[zone.index()] = true);
            for source_zone in zones_of_users(model, workload) {
                let source_zone = source_zone as usize;
                if workload.policy.balance == Balance::ZoneAware && stands_in[source_zone] {
                    continue;
                }
                let region = &zones_by_region[model.zones.as_slice()[source_zone].region.index()];
                let stands_around = region.iter().any(|zone| stands_in[*zone as usize]);
                let everywhere: Vec<u32> = (0..model.zones.len() as u32).collect();
                let around = if stands_around { region } else { &everywhere };
                let entered = around.iter().filter(|zone| may_stand_in[**zone as usize]);
                entered.for_each(|zone| groups.join(source_zone, *zone as usize));
            }
        }
    }
}

fn zones_by_region(model: &SealedModel) -> Vec<Vec<u32>> {
    let mut zones = vec![Vec::new(); model.regions.len()];
    model.zones.entries().for_each(|(id, zone)| zones[zone.region.index()].push(id.0));
    zones
}

/// Where the sources of a workload stand: one in each region, or, when its users stay in their
/// zone, one in each zone.
pub(crate) fn zones_of_users(model: &SealedModel, workload: &Workload) -> Vec<u32> {
    let zones_by_region = zones_by_region(model);
    let by_zone = workload.policy.balance == Balance::ZoneAware;
    let most = if by_zone { usize::MAX } else { 1 };
    workload
        .from
        .iter()
        .flat_map(|region| zones_by_region[region.index()].iter().copied().take(most))
        .collect()
}

/// Gathers neighbouring groups until each has enough instances; the partition of each zone.
fn gather(model: &SealedModel, groups: &mut Groups) -> Vec<u32> {
    let n_zones = model.zones.len();
    let mut instances_in = vec![0_usize; n_zones];
    for service in model.services.iter() {
        for zone in &service.instances {
            instances_in[groups.root(zone.index())] += 1;
        }
    }
    let roots: Vec<usize> = (0..n_zones).map(|zone| groups.root(zone)).collect();
    let mut partition_of_root = vec![u32::MAX; n_zones];
    let (mut partition, mut filled) = (0, 0);
    let mut left: usize = instances_in.iter().sum();
    for &root in &roots {
        if partition_of_root[root] != u32::MAX {
            continue;
        }
        // A new one only when what is left is enough for it.
        if filled >= LEAST_INSTANCES && left >= LEAST_INSTANCES {
            partition += 1;
            filled = 0;
        }
        partition_of_root[root] = partition;
        filled += instances_in[root];
        left -= instances_in[root];
    }
    roots.into_iter().map(|root| partition_of_root[root]).collect()
}

fn number_instances(
    model: &SealedModel,
    partition_of_zone: Vec<u32>,
    n_partitions: usize,
    look_ahead: u64,
    room: &Room,
) -> Layout {
    // (service, zone, number within the service)
    let mut instances: Vec<Vec<[u32; 3]>> = vec![Vec::new(); n_partitions];
    for (id, service) in model.services.entries() {
        for (number, zone) in service.instances.iter().enumerate() {
            instances[partition_of_zone[zone.index()] as usize].push([id.0, zone.0, number as u32]);
        }
    }
    let [mut service_of, mut zone_of, mut number_of] = [const { Vec::new() }; 3];
    let mut partitions = Vec::with_capacity(n_partitions);
    for (partition, here) in instances.iter_mut().enumerate() {
        here.sort_unstable();
        let start = service_of.len() as u32;
        let end = start + here.len() as u32;
        let room = room.in_partition(partition, &partition_of_zone);
        let room_end = end + room;
        for (at, array) in [&mut service_of, &mut zone_of, &mut number_of].into_iter().enumerate() {
            array.reserve_exact((room_end - start) as usize);
            array.extend(here.iter().map(|instance| instance[at]));
            array.resize(room_end as usize, NONE);
        }
        partitions.push(PartitionPlan { instances: start..end, room_end, room, sources: Vec::new() });
    }
    Layout { zone_of, service_of, number_of, partition_of_zone, partitions, look_ahead }
}

/// Disjoint sets.
struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    fn new(n: usize) -> Groups {
        Groups { parent: (0..n).collect() }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// The lower root stays, so the result does not depend on the order of joins.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

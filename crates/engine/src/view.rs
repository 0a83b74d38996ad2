//! What every client knows: which instances there are, and what the network adds.
//!
//! Discovery is instant: an instance that was killed or lost is no longer in the view, one that was
//! killed silently still is. The view changes only between windows.

use tarsier_random::Sampler;

use crate::plan::Plan;

/// The instances of each service, by zone.
pub(crate) struct Targets {
    /// Instances in order of (service, zone, number).
    instances: Vec<u32>,
    /// Where the instances of (service, zone) start; one more at the end.
    starts: Vec<u32>,
    n_zones: usize,
    /// Where the zones of each region start; one more at the end. Zones are numbered by region.
    region_starts: Vec<u32>,
}

impl Targets {
    pub(crate) fn new(plan: &Plan, includes: impl Fn(u32) -> bool) -> Targets {
        let n_zones = plan.n_zones as usize;
        let mut instances: Vec<u32> =
            (0..plan.service_of.len() as u32).filter(|instance| includes(*instance)).collect();
        instances.shrink_to_fit();
        let place = |instance: &u32| {
            let at = *instance as usize;
            plan.service_of[at] as usize * n_zones + plan.zone_of[at] as usize
        };
        instances.sort_unstable_by_key(|instance| (place(instance), plan.number_of[*instance as usize]));
        let mut starts = vec![0; plan.services.len() * n_zones + 1];
        instances.iter().for_each(|instance| starts[place(instance) + 1] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let mut region_starts = vec![0; plan.n_regions as usize + 1];
        plan.region_of.iter().for_each(|region| region_starts[*region as usize + 1] += 1);
        (1..region_starts.len()).for_each(|at| region_starts[at] += region_starts[at - 1]);
        assert!(plan.region_of.is_sorted(), "zones are numbered by region");
        Targets { instances, starts, n_zones, region_starts }
    }

    #[inline]
    fn between(&self, service: u32, zones: std::ops::Range<usize>) -> &[u32] {
        let first = service as usize * self.n_zones;
        &self.instances[self.starts[first + zones.start] as usize..self.starts[first + zones.end] as usize]
    }

    /// Instances by their places in the list.
    #[inline]
    pub(crate) fn range(&self, start: u32, end: u32) -> &[u32] {
        &self.instances[start as usize..end as usize]
    }

    /// The places of a part of the list.
    pub(crate) fn range_of(&self, part: &[u32]) -> (u32, u32) {
        let start = part.first().map_or(0, |first| {
            let at = self.instances.element_offset(first);
            at.expect("the part is one of this list")
        });
        (start as u32, (start + part.len()) as u32)
    }

    #[inline]
    pub(crate) fn all(&self, service: u32) -> &[u32] {
        self.between(service, 0..self.n_zones)
    }

    #[inline]
    pub(crate) fn in_zone(&self, service: u32, zone: u32) -> &[u32] {
        self.between(service, zone as usize..zone as usize + 1)
    }

    #[inline]
    pub(crate) fn in_region(&self, service: u32, region: u32) -> &[u32] {
        let region = region as usize;
        self.between(service, self.region_starts[region] as usize..self.region_starts[region + 1] as usize)
    }
}

pub(crate) struct View {
    pub(crate) now: Targets,
    /// What there was at the start, once `now` is not the same.
    start: Option<Box<Targets>>,
    /// Another whenever `now` has changed.
    pub(crate) version: u32,
    /// Extra latency of each attempt, by site; empty when there is none anywhere.
    pub(crate) delays: Vec<Vec<Sampler>>,
}

impl View {
    /// Whether the instances are others than at the start, or were.
    #[inline]
    pub(crate) fn has_changed(&self) -> bool {
        self.start.is_some()
    }

    pub(crate) fn new(plan: &Plan) -> View {
        View { now: Targets::new(plan, |_| true), start: None, version: 0, delays: Vec::new() }
    }

    /// What there was at the start.
    pub(crate) fn home(&self) -> &Targets {
        self.start.as_deref().unwrap_or(&self.now)
    }

    /// From now on there is this.
    pub(crate) fn change(&mut self, targets: Targets) {
        let before = std::mem::replace(&mut self.now, targets);
        self.start.get_or_insert_with(|| Box::new(before));
        self.version += 1;
    }
}

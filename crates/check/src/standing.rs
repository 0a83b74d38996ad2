//! What can still answer when a part has failed.
//!
//! A service is *down* when no request to it can succeed, whatever chance decides. A request to an endpoint can succeed
//! when an instance is left that may be called and each of its steps can: a `call` when it can be answered, is optional,
//! or has a fallback that can succeed; `parallel` when as many branches can as it needs; `choose` when one branch can;
//! `maybe` when it can be passed by or its steps can succeed; `cache` when it can hit, or when its misses can succeed.
//!
//! A coordinator of a replicated store can answer while as many copies are left as its level needs: of the keys that are
//! struck the least, copies being spread evenly over the zones of a region.
//!
//! An instance that lives is found by its callers: discovery has caught up. A fault of any kind (a kill, a stall, errors, a
//! partition) takes away no more than the loss of the part it strikes: what succeeds without the part also succeeds
//! beside it. So the losses of single parts are all that need be looked at.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use tarsier_model::{
    Call, End, Endpoint, EndpointId, Enforce, Model, RegionId, Service, ServiceId, Step, Verdict, WorkloadId,
    ZoneId, asked_of_replicas,
};
use tarsier_units::IdVec;

/// What may fail as a whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// All instances of a service, as by a bad release.
    Service(ServiceId),
    /// The only instance of a service in a zone.
    Instance(ServiceId, ZoneId),
    Zone(ZoneId),
    Region(RegionId),
}

/// A model with nothing failed, to take parts away from.
pub(crate) struct Survey<'m> {
    model: &'m Model,
    /// Whether a forbidden call is refused during a run.
    enforced: bool,
    /// The zones in which each service has instances, in order.
    zones: IdVec<ServiceId, Vec<ZoneId>>,
    /// Where the cells of each endpoint start, one for each of its zones.
    cells: IdVec<EndpointId, usize>,
    n_cells: usize,
    /// Who calls whom, backwards; and how many calls each has.
    callers: IdVec<EndpointId, Vec<EndpointId>>,
    n_calls: IdVec<EndpointId, usize>,
}

/// Which endpoints can answer, and where.
#[derive(Clone)]
pub(crate) struct Standing {
    lost: Option<Part>,
    /// By cell.
    can: Vec<bool>,
    /// Those that may be worse off than in the whole.
    affected: Vec<EndpointId>,
    is_affected: IdVec<EndpointId, bool>,
}

/// Where a request is served.
#[derive(Clone, Copy)]
struct Host {
    service: ServiceId,
    zone: ZoneId,
}

impl<'m> Survey<'m> {
    pub(crate) fn new(model: &'m Model) -> Survey<'m> {
        let zones: IdVec<ServiceId, Vec<ZoneId>> = model.services.iter().map(zones_of).collect();
        let mut n_cells = 0;
        let mut cells = IdVec::new();
        for endpoint in &model.endpoints {
            cells.push(n_cells);
            n_cells += zones[endpoint.service].len();
        }
        let enforce = model.segmentation.as_ref().map(|rules| rules.enforce);
        Survey {
            model,
            enforced: enforce == Some(Enforce::Runtime),
            zones,
            cells,
            n_cells,
            callers: callers(model),
            n_calls: model.endpoints.iter().map(|endpoint| endpoint.calls().len()).collect(),
        }
    }

    /// Nothing has failed.
    pub(crate) fn whole(&self) -> Standing {
        let mut standing = Standing {
            lost: None,
            can: vec![false; self.n_cells],
            affected: Vec::new(),
            is_affected: self.model.endpoints.iter().map(|_| false).collect(),
        };
        let all: Vec<EndpointId> = self.model.endpoints.ids().collect();
        self.settle(&all, &mut standing);
        standing
    }

    /// One part has failed, in place of what had before. Only those who lead to it can be worse off than in the whole,
    /// and nobody else is looked at: models are large, and have many parts. Returns how many looks it took.
    pub(crate) fn lose(&self, part: Part, standing: &mut Standing, whole: &Standing) -> usize {
        let mut affected = std::mem::take(&mut standing.affected);
        for endpoint in affected.drain(..) {
            let cells = self.cells_of(endpoint);
            standing.can[cells.clone()].copy_from_slice(&whole.can[cells]);
            standing.is_affected[endpoint] = false;
        }
        standing.lost = Some(part);
        self.find_affected(part, standing, &mut affected);
        for endpoint in &affected {
            standing.can[self.cells_of(*endpoint)].fill(false);
        }
        self.settle(&affected, standing);
        let n_calls: usize = affected.iter().map(|endpoint| self.n_calls[*endpoint]).sum();
        standing.affected = affected;
        1 + standing.affected.len() + n_calls
    }

    /// All parts whose loss can make a difference, and that are not all there is: a model with one region says nothing by
    /// losing it.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = self.model.services.ids().map(Part::Service).collect();
        if self.enforced {
            // Elsewhere an instance among several takes nothing away.
            parts.extend(self.lone_instances());
        }
        parts.extend(self.model.zones.ids().map(Part::Zone).filter(|_| self.model.zones.len() > 1));
        parts.extend(self.model.regions.ids().map(Part::Region).filter(|_| self.model.regions.len() > 1));
        parts
    }

    /// Instances that have none of their service beside them, but some elsewhere.
    fn lone_instances(&self) -> impl Iterator<Item = Part> {
        let services = self.model.services.entries().filter(|(_, service)| service.instances.len() > 1);
        services.flat_map(|(id, service)| {
            let alone = |zone: &ZoneId| service.instances.iter().filter(|it| *it == zone).count() == 1;
            self.zones[id].iter().filter(move |zone| alone(zone)).map(move |zone| Part::Instance(id, *zone))
        })
    }

    /// No request to any of its endpoints can succeed.
    pub(crate) fn is_down(&self, standing: &Standing, service: ServiceId) -> bool {
        let mut endpoints = self.model.services[service].endpoint_ids();
        endpoints.all(|endpoint| standing.can[self.cells_of(endpoint)].iter().all(|can| !can))
    }

    /// A request of users to an endpoint can succeed.
    pub(crate) fn answers_users(&self, standing: &Standing, to: EndpointId) -> bool {
        self.is_answered(standing, None, to)
    }

    /// No request of the workload can succeed.
    pub(crate) fn is_stopped(&self, standing: &Standing, workload: WorkloadId) -> bool {
        self.destinations(workload).all(|to| !self.answers_users(standing, to))
    }

    pub(crate) fn destinations(&self, workload: WorkloadId) -> impl Iterator<Item = EndpointId> {
        let mix = self.model.workloads[workload].mix.iter();
        mix.filter(|(share, _)| *share > 0.0).map(|(_, to)| *to)
    }

    /// The shortest way from endpoints that cannot answer to what has failed; each service on it needs the next.
    pub(crate) fn way_down(
        &self,
        standing: &Standing,
        from: impl Iterator<Item = EndpointId>,
    ) -> Vec<ServiceId> {
        // Those it begins with come from themselves.
        let mut came_from: IdVec<EndpointId, Option<EndpointId>> =
            self.model.endpoints.iter().map(|_| None).collect();
        let mut queue = VecDeque::new();
        for start in from {
            came_from[start] = Some(start);
            queue.push_back(start);
        }
        while let Some(endpoint) = queue.pop_front() {
            let needed = self.failing_calls(standing, endpoint);
            if needed.is_empty() {
                return self.way_back(endpoint, &came_from);
            }
            for needed in needed {
                if came_from[needed].is_none() {
                    came_from[needed] = Some(endpoint);
                    queue.push_back(needed);
                }
            }
        }
        Vec::new()
    }

    fn way_back(&self, end: EndpointId, came_from: &IdVec<EndpointId, Option<EndpointId>>) -> Vec<ServiceId> {
        let before = |endpoint: &EndpointId| came_from[*endpoint].filter(|before| before != endpoint);
        let mut way: Vec<ServiceId> = std::iter::successors(Some(end), before)
            .map(|endpoint| self.model.endpoints[endpoint].service)
            .collect();
        way.reverse();
        way.dedup();
        way
    }

    /// What the instances left of an endpoint call in vain; nothing if none are left.
    fn failing_calls(&self, standing: &Standing, endpoint: EndpointId) -> Vec<EndpointId> {
        let mut calls = Vec::new();
        let Endpoint { service, steps, .. } = &self.model.endpoints[endpoint];
        let hosts = self.zones[*service].iter().map(|zone| Host { service: *service, zone: *zone });
        for host in hosts.filter(|host| self.lives(standing, *host)) {
            self.blame(standing, host, steps, &mut calls);
        }
        calls
    }

    /// The calls because of which the first step that cannot succeed cannot.
    fn blame(&self, standing: &Standing, host: Host, steps: &[Step], calls: &mut Vec<EndpointId>) {
        let Some(step) = steps.iter().find(|step| !self.succeeds(standing, host, step)) else { return };
        if let Step::Call(call) | Step::Cache { ask: call, .. } = step {
            calls.extend((!self.is_answered(standing, Some(host), call.to)).then_some(call.to));
        }
        step.inner().into_iter().for_each(|inner| self.blame(standing, host, inner, calls));
    }

    fn cells_of(&self, endpoint: EndpointId) -> Range<usize> {
        let first = self.cells[endpoint];
        first..first + self.zones[self.model.endpoints[endpoint].service].len()
    }

    /// All endpoints from which calls lead to what the part takes away, and these.
    fn find_affected(&self, part: Part, standing: &mut Standing, found: &mut Vec<EndpointId>) {
        match part {
            Part::Service(service) | Part::Instance(service, _) => {
                found.extend(self.model.services[service].endpoint_ids());
            }
            Part::Zone(_) | Part::Region(_) => {
                let struck = |id: &EndpointId| {
                    let service = self.model.endpoints[*id].service;
                    !self.zones[service]
                        .iter()
                        .all(|zone| self.lives(standing, Host { service, zone: *zone }))
                };
                found.extend(self.model.endpoints.ids().filter(struck));
            }
        }
        found.iter().for_each(|id| standing.is_affected[*id] = true);
        let mut next = 0;
        while let Some(&endpoint) = found.get(next) {
            next += 1;
            let is_new = |caller: &&EndpointId| !std::mem::replace(&mut standing.is_affected[**caller], true);
            found.extend(self.callers[endpoint].iter().filter(is_new));
        }
        found.sort_unstable();
    }

    /// The least of what can answer: who can only because it can itself cannot. Callees mostly stand below their
    /// callers in a file, so going up ends soon.
    fn settle(&self, endpoints: &[EndpointId], standing: &mut Standing) {
        let mut changed = true;
        while changed {
            changed = false;
            for &id in endpoints.iter().rev() {
                let Endpoint { service, steps, .. } = &self.model.endpoints[id];
                for (cell, &zone) in self.cells_of(id).zip(&self.zones[*service]) {
                    let host = Host { service: *service, zone };
                    if !standing.can[cell] && self.lives(standing, host) && self.all(standing, host, steps) {
                        standing.can[cell] = true;
                        changed = true;
                    }
                }
            }
        }
    }

    fn lives(&self, standing: &Standing, host: Host) -> bool {
        match standing.lost {
            None => true,
            Some(Part::Service(service)) => service != host.service,
            Some(Part::Instance(service, zone)) => (service, zone) != (host.service, host.zone),
            Some(Part::Zone(zone)) => zone != host.zone,
            Some(Part::Region(region)) => region != self.model.zones[host.zone].region,
        }
    }

    fn all(&self, standing: &Standing, host: Host, steps: &[Step]) -> bool {
        steps.iter().all(|step| self.succeeds(standing, host, step))
    }

    fn succeeds(&self, standing: &Standing, host: Host, step: &Step) -> bool {
        let all = |steps: &[Step]| self.all(standing, host, steps);
        let answers = |call: &Call| self.is_answered(standing, Some(host), call.to);
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Publish(_) => true,
            Step::Fail(share) => *share < 1.0,
            Step::Call(call) => answers(call) || call.fallback.as_deref().map_or(call.optional, all),
            Step::Parallel { branches, need } => {
                if let Some(call) = asked_of_replicas(branches) {
                    return self.enough_copies(standing, host, call);
                }
                let succeeding = branches.iter().filter(|branch| all(&branch.steps));
                succeeding.map(|branch| u64::from(branch.times)).sum::<u64>() >= u64::from(*need)
            }
            Step::Choose(options) => options.iter().any(|(share, steps)| *share > 0.0 && all(steps)),
            Step::Maybe { share, steps } => *share < 1.0 || all(steps),
            Step::Repeat { steps, .. } | Step::Lock { steps, .. } | Step::Conflict { steps, .. } => {
                all(steps)
            }
            Step::Cache { ask, hit, miss, .. } => (*hit > 0.0 && answers(ask)) || all(miss),
        }
    }

    /// Whether as many replicas are left as a coordinator's level needs, of the keys that are struck the least.
    fn enough_copies(&self, standing: &Standing, host: Host, call: &Call) -> bool {
        let service = &self.model.services[host.service];
        let access = service.replication.as_ref().and_then(|replication| replication.served_by(call.to));
        let Some(needs) = access.and_then(|access| self.model.needs_of(service, access)) else {
            return false;
        };
        let home = self.model.zones[host.zone].region;
        let regions = self.model.regions_of(service).into_iter();
        let counting = regions.filter(|region| !needs.local || *region == home);
        counting.map(|region| self.copies_left(standing, host.service, region)).sum::<u32>() >= needs.answers
    }

    /// Copies are spread evenly over the zones of a region that the store stands in.
    fn copies_left(&self, standing: &Standing, service: ServiceId, region: RegionId) -> u32 {
        let factor = self.model.services[service].replication.as_ref().map_or(0, |it| it.factor);
        let here = self.zones[service].iter().filter(|zone| self.model.zones[**zone].region == region);
        let n_zones = here.clone().count() as u32;
        let lost = here.filter(|zone| !self.lives(standing, Host { service, zone: **zone })).count() as u32;
        if lost == n_zones { 0 } else { factor - lost * (factor / n_zones) }
    }

    /// Whether an endpoint can answer somebody (users, without a host) from anywhere.
    fn is_answered(&self, standing: &Standing, from: Option<Host>, to: EndpointId) -> bool {
        let service = self.model.endpoints[to].service;
        let mut cells = self.cells_of(to).zip(&self.zones[service]);
        cells.any(|(cell, &zone)| standing.can[cell] && self.may_call(from, Host { service, zone }))
    }

    fn may_call(&self, from: Option<Host>, to: Host) -> bool {
        let end = |host: Host| self.model.end_of(host.service, host.zone);
        !self.enforced || self.model.verdict(from.map_or(End::Users, end), end(to)) == Verdict::Allow
    }
}

fn zones_of(service: &Service) -> Vec<ZoneId> {
    service.instances.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn callers(model: &Model) -> IdVec<EndpointId, Vec<EndpointId>> {
    let mut callers: IdVec<EndpointId, Vec<EndpointId>> =
        model.endpoints.iter().map(|_| Vec::new()).collect();
    for (id, endpoint) in model.endpoints.entries() {
        for call in endpoint.calls() {
            callers[call.to].push(id);
        }
    }
    callers
}

#[cfg(test)]
mod tests {
    use tarsier_model::{AccessKind, Level};

    use super::*;
    use crate::fixture::store;

    /// Whether reads are answered without the part.
    fn survives(level: Level, n_regions: u32, part: Part) -> bool {
        let model = store(&[(AccessKind::Read, level)], n_regions);
        let survey = Survey::new(&model);
        let whole = survey.whole();
        assert!(survey.answers_users(&whole, EndpointId(0)), "{level:?} with nothing lost");
        let mut broken = whole.clone();
        survey.lose(part, &mut broken, &whole);
        survey.answers_users(&broken, EndpointId(0))
    }

    /// As the engine's runs say.
    #[test]
    fn levels_differ_in_what_they_survive() {
        let zone = Part::Zone(ZoneId(0));
        assert!(survives(Level::One, 1, zone) && survives(Level::Quorum, 1, zone));
        assert!(!survives(Level::All, 1, zone));
        let region = Part::Region(RegionId(0));
        assert!(survives(Level::One, 2, region) && survives(Level::LocalQuorum, 2, region));
        assert!(!survives(Level::Quorum, 2, region) && survives(Level::Quorum, 3, region));
        assert!(!survives(Level::One, 1, Part::Service(ServiceId(0))));
    }
}

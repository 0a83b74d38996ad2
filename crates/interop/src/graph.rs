//! An architecture as a graph: its instances, and which of them may call which.
//!
//! An edge goes from each instance of a caller to each instance of a callee that it may choose, except to itself: all
//! that discovery names, also where the call prefers those near it, for then the others are there when these are not. A
//! `subset` leaves as many as it says (a run draws which; here they are spread evenly), and where the segmentation
//! refuses a call there is no edge.
//!
//! A model that was made from a file of Spigo can be drawn as Spigo drew it: then who knows whom is Spigo's rule, which
//! follows dependencies, called or not, and knows nobody to fall back to.

use std::collections::BTreeMap;
use std::ops::Range;

use tarsier_model::{Call, Model, Scenario, SealedModel, ServiceId, Step, Verdict, ZoneId};
use tarsier_units::Id;

use crate::spigo::{Drawn, Origin};

/// Instances are numbered through: those of a service stand next to each other.
pub struct Graph<'a> {
    pub model: &'a SealedModel,
    pub instances: Vec<Instance>,
    /// Distinct pairs of services, in order.
    pub calls: Vec<Calls>,
    /// By service.
    ranges: Vec<Range<usize>>,
    pub(crate) drawn: Option<Drawn<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instance {
    pub service: ServiceId,
    /// Within its service.
    pub number: u32,
    pub zone: ZoneId,
}

/// All calls between two services.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calls {
    pub from: ServiceId,
    pub to: ServiceId,
    /// Some of them wait for an answer.
    pub awaited: bool,
    /// How many instances a caller knows at most.
    subset: Option<usize>,
}

impl<'a> Graph<'a> {
    pub fn of(model: &'a SealedModel) -> Graph<'a> {
        let zones: Vec<_> = model.services.iter().map(|service| service.instances.clone()).collect();
        Graph::standing(model, &zones, calls(model), None)
    }

    /// With those as well that join while a scenario happens.
    pub fn growing(model: &'a SealedModel, scenario: &Scenario) -> Graph<'a> {
        let most = scenario.most_instances();
        let zones = model.services.entries().map(|(id, service)| {
            let most = most.get(&id).map_or(0, |most| *most as usize);
            service.zones_of(most.max(service.instances.len()))
        });
        Graph::standing(model, &zones.collect::<Vec<_>>(), calls(model), None)
    }

    /// As Spigo drew the file that the model was made from.
    pub fn drawn(model: &'a SealedModel, origin: &'a Origin) -> Graph<'a> {
        let drawn = origin.of(model);
        let zones: Vec<_> = model.services.ids().map(|service| drawn.zones(service)).collect();
        let mut known = calls(model);
        for from in model.services.ids() {
            let on = drawn.dependencies(from);
            known.retain(|calls| calls.from != from || on.contains(&calls.to));
            let called: Vec<_> =
                known.iter().filter(|calls| calls.from == from).map(|calls| calls.to).collect();
            let uncalled = on.into_iter().filter(|to| !called.contains(to));
            known.extend(uncalled.map(|to| Calls { from, to, awaited: false, subset: None }));
        }
        known.sort_by_key(|calls| (calls.from, calls.to));
        Graph::standing(model, &zones, known, Some(drawn))
    }

    /// `zones` are those of the instances of each service.
    fn standing(
        model: &'a SealedModel,
        zones: &[Vec<ZoneId>],
        calls: Vec<Calls>,
        drawn: Option<Drawn<'a>>,
    ) -> Graph<'a> {
        let mut graph = Graph { model, instances: Vec::new(), calls, ranges: Vec::new(), drawn };
        for (service, zones) in model.services.ids().zip(zones) {
            let first = graph.instances.len();
            let numbered = zones.iter().enumerate();
            let instances =
                numbered.map(|(number, zone)| Instance { service, number: number as u32, zone: *zone });
            graph.instances.extend(instances);
            graph.ranges.push(first..graph.instances.len());
        }
        graph
    }

    /// `web#3`.
    pub fn name(&self, instance: Instance) -> String {
        format!("{}#{}", self.model.services[instance.service].name, instance.number)
    }

    pub fn instances_of(&self, service: ServiceId) -> Range<usize> {
        self.ranges[service.index()].clone()
    }

    pub fn n_edges(&self) -> u64 {
        self.calls.iter().map(|calls| self.n_edges_of(calls)).sum()
    }

    /// Those of one caller to one callee, without naming them.
    pub fn n_edges_of(&self, calls: &Calls) -> u64 {
        let [from, to] =
            [calls.from, calls.to].map(|service| by_zone(&self.instances[self.instances_of(service)]));
        let mut edges = 0;
        for (here, n_callers) in from {
            let allowed = |there: &ZoneId| self.allows(calls, here, *there);
            let n_callees: u64 = to.iter().filter(|(there, _)| allowed(there)).map(|(_, n)| n).sum();
            let itself = u64::from(calls.from == calls.to && allowed(&here));
            edges += n_callers * (n_callees - itself).min(calls.subset.map_or(u64::MAX, |most| most as u64));
        }
        edges
    }

    /// Pairs of places among the instances, by caller's service, callee's service, caller, callee.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.calls.iter().flat_map(move |calls| {
            self.instances_of(calls.from)
                .flat_map(move |from| self.callees(calls, from).map(move |to| (from, to)))
        })
    }

    fn callees(&self, calls: &Calls, from: usize) -> impl Iterator<Item = usize> + '_ {
        let calls = *calls;
        let zone = self.instances[from].zone;
        let known = move |to: &usize| *to != from && self.allows(&calls, zone, self.instances[*to].zone);
        let candidates = self.instances_of(calls.to).filter(known);
        let (skipped, most) = match calls.subset {
            None => (0, usize::MAX),
            Some(most) => {
                let n = candidates.clone().count();
                (self.instances[from].number as usize * most % n.max(1), most.min(n))
            }
        };
        // Callers begin one after the other, so that each callee is known to as many as any other.
        candidates.clone().skip(skipped).chain(candidates.take(skipped)).take(most)
    }

    /// Whether there is an edge between instances that stand there: the segmentation lets such a call through.
    fn allows(&self, calls: &Calls, from: ZoneId, to: ZoneId) -> bool {
        if let Some(drawn) = &self.drawn {
            return drawn.knows((calls.from, from), (calls.to, to));
        }
        let [from, to] =
            [(calls.from, from), (calls.to, to)].map(|(service, zone)| self.model.end_of(service, zone));
        self.model.verdict(from, to) == Verdict::Allow
    }
}

fn by_zone(instances: &[Instance]) -> BTreeMap<ZoneId, u64> {
    let mut zones = BTreeMap::new();
    instances.iter().for_each(|instance| *zones.entry(instance.zone).or_insert(0) += 1);
    zones
}

fn calls(model: &Model) -> Vec<Calls> {
    let mut known: BTreeMap<(ServiceId, ServiceId), (bool, Option<usize>)> = BTreeMap::new();
    for endpoint in model.endpoints.iter() {
        each_call(&endpoint.steps, &mut |call, waits| {
            let pair = (endpoint.service, model.endpoints[call.to].service);
            let own = call.policy.subset.map(|most| most as usize);
            let (awaited, subset) = known.entry(pair).or_insert((false, own));
            *awaited |= waits;
            *subset = subset.zip(own).map(|(a, b)| a.max(b));
        });
    }
    known.into_iter().map(|((from, to), (awaited, subset))| Calls { from, to, awaited, subset }).collect()
}

/// Shows each call of some steps, and whether it waits for an answer.
pub(crate) fn each_call<'m>(steps: &'m [Step], see: &mut impl FnMut(&'m Call, bool)) {
    for step in steps {
        match step {
            Step::Call(call) => see(call, true),
            Step::Publish(call) => see(call, false),
            Step::Cache { ask, fill, .. } => {
                see(ask, true);
                fill.iter().for_each(|fill| see(fill, false));
            }
            _ => {}
        }
        step.inner().into_iter().for_each(|inner| each_call(inner, see));
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{
        Balance, CallPolicy, Endpoint, EndpointId, Group, Member, Region, RegionId, Rule, Segmentation,
        Service, Zone,
    };

    use super::*;

    /// Two zones in one region and one in another; `a` calls itself and `b`.
    fn model(a: &[u32], b: &[u32], balance: Balance) -> SealedModel {
        let mut model = Model::empty();
        model.regions = ["east", "west"].map(|name| Region { name: name.into() }).to_vec().into();
        let zone = |name: &str, region| Zone { name: name.into(), region: RegionId(region) };
        model.zones = vec![zone("a", 0), zone("b", 0), zone("c", 1)].into();
        let call = |to, balance| Call {
            to: EndpointId(to),
            policy: Box::new(CallPolicy { balance, ..CallPolicy::default() }),
            optional: false,
            fallback: None,
            request_bytes: 0,
            response_bytes: 0,
        };
        let itself = vec![Step::Call(call(0, Balance::Random))];
        let steps = vec![Step::Maybe { share: 0.5, steps: itself }, Step::Call(call(1, balance))];
        let steps = [steps, Vec::new()];
        for (at, (steps, zones)) in steps.into_iter().zip([a, b]).enumerate() {
            let service = ServiceId(at as u32);
            model.endpoints.push(Endpoint { service, name: None, steps });
            model.services.push(Service {
                instances: zones.iter().map(|zone| ZoneId(*zone)).collect(),
                endpoints: at as u32..at as u32 + 1,
                ..Service::named(["a", "b"][at])
            });
        }
        model.seal().unwrap_or_else(|flaws| panic!("{flaws:?}"))
    }

    #[track_caller]
    fn edges(model: &SealedModel) -> Vec<(usize, usize)> {
        let graph = Graph::of(model);
        let edges: Vec<_> = graph.edges().collect();
        assert_eq!(graph.n_edges(), edges.len() as u64);
        edges
    }

    #[test]
    fn every_caller_reaches_every_callee_but_itself() {
        let model = model(&[0, 1], &[0, 2], Balance::Random);
        assert_eq!(edges(&model), [(0, 1), (1, 0), (0, 2), (0, 3), (1, 2), (1, 3)]);
    }

    /// Preferring some is not knowing only these.
    #[test]
    fn calls_that_stay_near_know_the_others_too() {
        for balance in [Balance::ZoneAware, Balance::RegionAware] {
            let model = model(&[0, 1, 2], &[0, 0, 2], balance);
            let to_b = edges(&model).into_iter().filter(|(_, to)| *to >= 3).count();
            assert_eq!(to_b, 9);
        }
    }

    /// Of the five of b, each of the four of a knows two: 0 and 1, 2 and 3, 4 and 0, 1 and 2.
    #[test]
    fn subsets_are_spread_evenly() {
        let model = changed(model(&[0, 0, 0, 0], &[0, 0, 0, 0, 0], Balance::Random), |model| {
            let Step::Call(call) = &mut model.endpoints[EndpointId(0)].steps[1] else { panic!("it calls b") };
            call.policy.subset = Some(2);
        });
        let to_b: Vec<_> =
            edges(&model).into_iter().filter(|(_, to)| *to >= 4).map(|(a, b)| (a, b - 4)).collect();
        assert_eq!(to_b, [(0, 0), (0, 1), (1, 2), (1, 3), (2, 4), (2, 0), (3, 1), (3, 2)]);
    }

    /// From zone a to zone c nobody may call: one of two callers loses one of two callees, and one of its own.
    #[test]
    fn what_the_segmentation_refuses_is_no_edge() {
        let all = model(&[0, 2], &[0, 2], Balance::Random);
        let zone = |zone| Group { name: String::new(), members: vec![Member::Zone(ZoneId(zone))] };
        let parted = changed(all.clone(), |model| {
            model.segmentation = Some(Segmentation {
                groups: vec![zone(0), zone(2)],
                rules: vec![Rule { from: Some(0), to: Some(1), verdict: Verdict::Deny }],
                ..Segmentation::default()
            });
        });
        assert_eq!(edges(&all), [(0, 1), (1, 0), (0, 2), (0, 3), (1, 2), (1, 3)]);
        assert_eq!(edges(&parted), [(1, 0), (0, 2), (1, 2), (1, 3)]);
    }

    fn changed(model: SealedModel, change: impl FnOnce(&mut Model)) -> SealedModel {
        let mut model = Model::clone(&model);
        change(&mut model);
        model.seal().unwrap_or_else(|flaws| panic!("{flaws:?}"))
    }
}

//! An architecture as a graph: its instances, and which of them may call which.
//!
//! An edge goes from each instance of a caller to each instance of a callee that it may choose, except to itself. A
//! call that balances by zone chooses from its own zone, else from its own region, else from all.

use std::collections::BTreeMap;
use std::ops::Range;

use tarsier_model::{Balance, Call, Model, RegionId, SealedModel, ServiceId, Step, ZoneId};
use tarsier_units::Id;

/// Instances are numbered through: those of a service stand next to each other.
pub struct Graph<'a> {
    pub model: &'a SealedModel,
    pub instances: Vec<Instance>,
    /// Distinct pairs of services, in order.
    pub calls: Vec<Calls>,
    /// By service.
    ranges: Vec<Range<usize>>,
    /// Instances by service and zone.
    by_zone: BTreeMap<(ServiceId, ZoneId), Vec<usize>>,
    by_region: BTreeMap<(ServiceId, RegionId), Vec<usize>>,
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
    /// All of them stay near the caller.
    near: bool,
}

impl<'a> Graph<'a> {
    pub fn of(model: &'a SealedModel) -> Graph<'a> {
        let mut graph = Graph {
            model,
            instances: Vec::new(),
            calls: calls(model),
            ranges: Vec::new(),
            by_zone: BTreeMap::new(),
            by_region: BTreeMap::new(),
        };
        for (id, service) in model.services.entries() {
            let first = graph.instances.len();
            for (number, zone) in service.instances.iter().enumerate() {
                graph.add(Instance { service: id, number: number as u32, zone: *zone });
            }
            graph.ranges.push(first..graph.instances.len());
        }
        graph
    }

    fn add(&mut self, instance: Instance) {
        let at = self.instances.len();
        let region = self.model.zones[instance.zone].region;
        self.by_zone.entry((instance.service, instance.zone)).or_default().push(at);
        self.by_region.entry((instance.service, region)).or_default().push(at);
        self.instances.push(instance);
    }

    /// `web#3`.
    pub fn name(&self, instance: Instance) -> String {
        format!("{}#{}", self.model.services[instance.service].name, instance.number)
    }

    pub fn instances_of(&self, service: ServiceId) -> Range<usize> {
        self.ranges[service.index()].clone()
    }

    pub fn n_edges(&self) -> u64 {
        let from_one = |calls: &Calls, at: usize| {
            let (all, near) = self.callees(calls, at);
            let itself = calls.from == calls.to;
            (all.len() + near.len() - usize::from(itself)) as u64
        };
        let between = |calls: &Calls| {
            let from = self.instances_of(calls.from);
            if calls.near {
                return from.map(|at| from_one(calls, at)).sum();
            }
            from.clone().next().map_or(0, |at| from.len() as u64 * from_one(calls, at))
        };
        self.calls.iter().map(between).sum()
    }

    /// Pairs of places among the instances, by caller's service, callee's service, caller, callee.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.calls.iter().flat_map(move |calls| {
            self.instances_of(calls.from).flat_map(move |from| {
                let (all, near) = self.callees(calls, from);
                let callees = all.chain(near.iter().copied());
                callees.filter(move |to| *to != from).map(move |to| (from, to))
            })
        })
    }

    /// Either all instances of the service that is called, or a list of those near the caller.
    fn callees(&self, calls: &Calls, from: usize) -> (Range<usize>, &[usize]) {
        let zone = self.instances[from].zone;
        let region = self.model.zones[zone].region;
        let in_zone = || self.by_zone.get(&(calls.to, zone));
        let in_region = || self.by_region.get(&(calls.to, region));
        match Some(()).filter(|()| calls.near).and_then(|()| in_zone().or_else(in_region)) {
            Some(near) => (0..0, near),
            None => (self.instances_of(calls.to), &[]),
        }
    }
}

fn calls(model: &Model) -> Vec<Calls> {
    let mut known: BTreeMap<(ServiceId, ServiceId), (bool, bool)> = BTreeMap::new();
    for endpoint in model.endpoints.iter() {
        each_call(&endpoint.steps, &mut |call, waits| {
            let pair = (endpoint.service, model.endpoints[call.to].service);
            let (awaited, near) = known.entry(pair).or_insert((false, true));
            *awaited |= waits;
            *near &= call.policy.balance == Balance::ZoneAware;
        });
    }
    known.into_iter().map(|((from, to), (awaited, near))| Calls { from, to, awaited, near }).collect()
}

/// Shows each call of some steps, and whether it waits for an answer.
fn each_call(steps: &[Step], see: &mut impl FnMut(&Call, bool)) {
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
    use tarsier_model::{CallPolicy, Endpoint, EndpointId, Region, Service, Zone};

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

    #[test]
    fn calls_by_zone_stay_as_near_as_they_can() {
        // b stands in zones a and c: a caller in zone b stays in its region, one in zone c in its zone.
        let model = model(&[0, 1, 2], &[0, 0, 2], Balance::ZoneAware);
        let to_b: Vec<_> = edges(&model).into_iter().filter(|(_, to)| *to >= 3).collect();
        assert_eq!(to_b, [(0, 3), (0, 4), (1, 3), (1, 4), (2, 5)]);
    }
}

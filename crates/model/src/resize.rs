//! The same architecture with more or fewer instances, or in more regions.

use tarsier_units::{Id, IdVec};

use crate::{Balance, Call, Model, Region, RegionId, ServiceId, Setting, Step, Trouble, Zone, ZoneId};

impl Model {
    /// In each region so many percent of a service's instances, rounded down, but one at least; spread evenly over the
    /// zones in which it stood there. What scenarios set is as many more or fewer than that, scaled.
    pub fn scaled(mut self, percent: u32) -> Model {
        let count = |model: &Model| -> IdVec<ServiceId, i64> {
            model.services.iter().map(|service| service.instances.len() as i64).collect()
        };
        let before = count(&self);
        for service in self.services.iter_mut() {
            let mut instances = Vec::new();
            for region in self.regions.ids() {
                let here = |zone: &&ZoneId| self.zones[**zone].region == region;
                let n = service.instances.iter().filter(here).count();
                let mut zones: Vec<ZoneId> = service.instances.iter().filter(here).copied().collect();
                zones.sort_unstable();
                zones.dedup();
                // A key needs an instance for each of its copies.
                let least = service.replication.as_ref().map_or(1, |replication| replication.factor.into());
                let wanted = (n as u64 * u64::from(percent) / 100).max(least) as usize;
                instances.extend(zones.iter().cycle().take(wanted));
            }
            service.instances = instances;
        }
        let after = count(&self);
        self.resize_what_is_set(|service, wanted| {
            let more = (wanted - before[service]) * i64::from(percent) / 100;
            (after[service] + more).max(1)
        });
        self
    }

    fn resize_what_is_set(&mut self, change: impl Fn(ServiceId, i64) -> i64) {
        for happening in self.scenarios.iter_mut().flat_map(|scenario| &mut scenario.happenings) {
            if let Trouble::Set(setting) = &mut happening.trouble
                && let Setting::Service { service, instances: Some(wanted), .. } = &mut **setting
            {
                *wanted = u32::try_from(change(*service, (*wanted).into())).unwrap_or(u32::MAX);
            }
        }
    }

    /// An architecture of one region in others as well, which get these names: the same zones, as many instances in
    /// each; the same users, spread over all of them; and calls stay in their region where they went round it.
    pub fn repeated(mut self, names: &[&str]) -> Model {
        assert_eq!(self.regions.len(), 1, "only one region can be repeated");
        let zones: Vec<Zone> = self.zones.iter().cloned().collect();
        for name in names {
            let region = self.regions.push(Region { name: (*name).to_owned() });
            for zone in &zones {
                self.zones.push(Zone { region, ..zone.clone() });
            }
        }
        for service in self.services.iter_mut() {
            for stands in [&mut service.instances, &mut service.homes] {
                let first = std::mem::take(stands);
                for region in 0..=names.len() {
                    let there = |zone: &ZoneId| ZoneId::from_index(zone.index() + region * zones.len());
                    stands.extend(first.iter().map(there));
                }
            }
        }
        self.resize_what_is_set(|_, wanted| wanted * (names.len() as i64 + 1));
        let everywhere: Vec<RegionId> = self.regions.ids().collect();
        self.workloads.iter_mut().for_each(|workload| workload.from.clone_from(&everywhere));
        for endpoint in self.endpoints.iter_mut() {
            each_call(&mut endpoint.steps, &stay_around);
        }
        self.coordinate_anew();
        self
    }
}

fn stay_around(call: &mut Call) {
    if call.policy.balance == Balance::RoundRobin {
        call.policy.balance = Balance::RegionAware;
    }
}

fn each_call(steps: &mut [Step], change: &impl Fn(&mut Call)) {
    for step in steps {
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Fail(_) => {}
            Step::Publish(call) => change(call),
            Step::Call(call) => {
                change(call);
                each_call(call.fallback.as_deref_mut().unwrap_or_default(), change);
            }
            Step::Cache { ask, miss, fill, .. } => {
                change(ask);
                fill.iter_mut().for_each(change);
                each_call(miss, change);
            }
            Step::Parallel { branches, .. } => {
                branches.iter_mut().for_each(|branch| each_call(&mut branch.steps, change));
            }
            Step::Choose(options) => options.iter_mut().for_each(|(_, steps)| each_call(steps, change)),
            Step::Maybe { steps, .. }
            | Step::Repeat { steps, .. }
            | Step::Lock { steps, .. }
            | Step::Conflict { steps, .. } => each_call(steps, change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, EndpointId, Happening, Scenario, Service};

    /// Regions with so many zones each, and one service with instances in these.
    fn model(n_zones: &[u32], instances: &[u32]) -> Model {
        let mut model = Model::empty();
        for (at, n_zones) in n_zones.iter().enumerate() {
            let region = model.regions.push(Region { name: format!("r{at}") });
            (0..*n_zones).for_each(|zone| {
                model.zones.push(Zone { name: format!("z{zone}"), region });
            });
        }
        let instances = instances.iter().map(|zone| ZoneId(*zone)).collect();
        model.services.push(Service { instances, endpoints: 0..1, ..Service::named("s") });
        model
    }

    fn instances(model: &Model) -> Vec<u32> {
        model.services[ServiceId(0)].instances.iter().map(|zone| zone.0).collect()
    }

    #[test]
    fn every_region_keeps_its_share() {
        let model = model(&[2, 2], &[0, 1, 0, 2]);
        assert_eq!(instances(&model.clone().scaled(100)), [0, 1, 0, 2]);
        assert_eq!(instances(&model.clone().scaled(200)), [0, 1, 0, 1, 0, 1, 2, 2]);
        assert_eq!(
            instances(&model.clone().scaled(70)),
            [0, 1, 2],
            "3 · 0.7 is 2.1, and 1 · 0.7 is none, so 1"
        );
        assert_eq!(instances(&model.scaled(1)), [0, 2]);
    }

    /// In the region east 3 are scaled to 30, in west 1 to 10.
    #[test]
    fn what_is_set_is_resized_as_well() {
        let mut model = model(&[2, 2], &[0, 1, 0, 2]);
        let happening = |instances| {
            let service = ServiceId(0);
            let setting =
                Setting::Service { service, instances: Some(instances), workers: None, queue: None };
            let trouble = Trouble::Set(Box::new(setting));
            Happening { at: tarsier_units::Span::ZERO, lasts: None, trouble }
        };
        let happenings = [4, 8, 2, 1].map(happening).into();
        model.scenarios.push(Scenario { name: "s".to_owned(), happenings });
        let set = |model: Model| -> Vec<u32> {
            let happenings = model.scenarios[0].happenings.iter();
            happenings.map(|it| it.trouble.resizes().expect("it does").1).collect()
        };
        assert_eq!(set(model.clone().scaled(100)), [4, 8, 2, 1]);
        assert_eq!(set(model.clone().scaled(1_000)), [40, 80, 20, 10]);
        assert_eq!(set(model.clone().scaled(70)), [3, 5, 2, 1], "3 are left of 4");
        assert_eq!(set(model.scaled(1)), [2, 2, 2, 2], "none is a hundredth of so few");
        let mut one = self::model(&[2], &[0, 1]);
        one.scenarios.push(Scenario { name: "s".to_owned(), happenings: vec![happening(3)] });
        assert_eq!(set(one.repeated(&["a", "b"])), [9]);
    }

    #[test]
    fn regions_repeat_the_first() {
        let mut model = model(&[2], &[0, 1, 0]);
        let call = |balance| {
            let policy = Box::new(crate::CallPolicy { balance, ..crate::CallPolicy::default() });
            let to = EndpointId(0);
            Call { to, policy, optional: false, fallback: None, request_bytes: 0, response_bytes: 0 }
        };
        let fallback = Some(vec![Step::Publish(call(Balance::RoundRobin))]);
        let asked = Call { fallback, ..call(Balance::ZoneAware) };
        let fill = Some(call(Balance::Random));
        let steps = vec![Step::Cache { ask: asked.clone(), hit: 0.5, miss: vec![Step::Call(asked)], fill }];
        model.endpoints.push(Endpoint { service: ServiceId(0), name: None, steps });
        let model = model.repeated(&["a", "b"]);
        assert_eq!(instances(&model), [0, 1, 0, 2, 3, 2, 4, 5, 4]);
        let names: Vec<&str> = model.regions.iter().map(|region| region.name.as_str()).collect();
        assert_eq!(names, ["r0", "a", "b"]);
        assert_eq!(model.zones[ZoneId(5)], Zone { name: "z1".to_owned(), region: RegionId(2) });
        let balances: Vec<Balance> =
            model.endpoints[EndpointId(0)].calls().iter().map(|call| call.policy.balance).collect();
        assert_eq!(balances, [Balance::ZoneAware, Balance::ZoneAware, Balance::RegionAware, Balance::Random]);
    }
}

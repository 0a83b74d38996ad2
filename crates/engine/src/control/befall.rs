//! What befalls instances: they go down, slow down, fail what they are asked.

use std::collections::BTreeSet;

use tarsier_random::Stream;

use super::effect::Effect;
use super::{Control, Stage, for_each_partition};
use crate::fault::Injection;
use crate::instance::{Health, INJECTS};
use crate::partition::{Partition, World};
use crate::timeline::Reason;

impl Control {
    /// What a fault does to instances begins or ends for these.
    pub(super) fn befall(
        &mut self,
        number: usize,
        instances: &[u32],
        begins: bool,
        stage: &mut Stage<'_, '_>,
    ) {
        let fault = &self.faults[number];
        match fault.effect {
            Effect::Health(to) => self.mark(instances, to, begins, stage),
            Effect::Pace { .. } => self.set_paces(instances, stage),
            Effect::Inject { .. } => self.inject(number, instances, begins, stage),
            Effect::Message(_) => stage.view.disturb_those(number, &fault.struck),
            _ => unreachable!("nothing else is about instances"),
        }
    }

    /// The same for all that it strikes.
    pub(super) fn befall_all(&mut self, number: usize, begins: bool, stage: &mut Stage<'_, '_>) {
        let struck = self.faults[number].struck.clone();
        self.befall(number, &struck, begins, stage);
    }

    /// A share of the requests to these instances fails from now on, or does not any more.
    fn inject(&self, number: usize, instances: &[u32], begins: bool, stage: &mut Stage<'_, '_>) {
        let fault = &self.faults[number];
        let Effect::Inject { share, kind } = fault.effect else { unreachable!("it injects errors") };
        let (seed, replication) = self.names;
        let happening = u64::from(fault.happening);
        let plan = &*stage.plan;
        let injection = |instance: usize, global: u32| {
            let names = [happening, u64::from(plan.number_of[global as usize]), replication];
            let stream = Stream::named(seed, &["scenario", "errors"], &names);
            Injection { fault: number, instance, share, kind, stream }
        };
        for_each_partition(stage.partitions, instances, |partition, here| {
            if begins {
                let first = partition.first_instance;
                let new = here.iter().map(|at| injection(*at, first + *at as u32));
                partition.injections.extend(new);
            } else {
                partition
                    .injections
                    .retain(|known| known.fault != number || here.binary_search(&known.instance).is_err());
            }
            note_injections(partition, here);
        });
    }

    pub(super) fn mark(&mut self, instances: &[u32], to: Health, begins: bool, stage: &mut Stage<'_, '_>) {
        let mut changed: [Vec<u32>; 5] = Default::default();
        let listing = self.listing.as_mut().expect("there is a scenario");
        let mut due = Vec::new();
        for &instance in instances {
            let marks = &mut self.marks[instance as usize];
            let before = marks.health();
            let count = marks.of(to);
            *count = if begins { *count + 1 } else { *count - 1 };
            let after = marks.health();
            if after != before {
                if breaks_connections(before, after) {
                    stage.view.break_connections(instance, stage.now);
                }
                changed[after as usize].push(instance);
                due.extend(listing.turn(instance, stage.now, after).into_iter().map(|due| (instance, due)));
            }
        }
        due.into_iter().for_each(|(instance, due)| self.await_signal(instance, &due));
        self.publish(Reason::Announced, stage);
        let world = World { plan: stage.plan, view: stage.view };
        for health in [Health::Up, Health::Paused, Health::Stalled, Health::Down, Health::BlackHole] {
            for_each_partition(stage.partitions, &changed[health as usize], |partition, here| {
                partition.set_health(world, here, health);
            });
        }
    }

    /// Work takes as long as all faults together say.
    pub(super) fn set_paces(&self, instances: &[u32], stage: &mut Stage<'_, '_>) {
        let factor_of = |instance: u32| {
            let active = self.faults.iter().filter(|fault| fault.active);
            let factors = active.filter_map(|fault| match &fault.effect {
                Effect::Pace { factor, .. } if fault.struck.binary_search(&instance).is_ok() => Some(*factor),
                _ => None,
            });
            factors.product::<f64>()
        };
        let (plan, view) = (&*stage.plan, &*stage.view);
        for_each_partition(stage.partitions, instances, |partition, here| {
            let pace = |at: &usize| {
                let instance = partition.first_instance + *at as u32;
                let service = plan.service_of[instance as usize];
                (*at, plan.services[service as usize].pace * factor_of(instance))
            };
            let paces: Vec<(usize, f64)> = here.iter().map(pace).collect();
            partition.set_paces(World { plan, view }, &paces);
        });
    }
}

/// A death is heard of, unless it is silent: then a connection seems to be there until another process is.
fn breaks_connections(before: Health, after: Health) -> bool {
    after == Health::Down || matches!(before, Health::BlackHole | Health::Stalled)
}

/// Whether requests fail there, instances know themselves.
fn note_injections(partition: &mut Partition, here: &[usize]) {
    let inject: BTreeSet<usize> = partition.injections.iter().map(|injection| injection.instance).collect();
    for instance in here {
        let askew = &mut partition.instances[*instance].askew;
        *askew = if inject.contains(instance) { *askew | INJECTS } else { *askew & !INJECTS };
    }
}

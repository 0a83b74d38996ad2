//! How many instances a service has: some join the others, some go.
//!
//! Who joins begins like one that comes back after a failure: discovery learns of it, then it is called. Who goes tells
//! discovery at once, ends what it has, and is away then, as pods and virtual machines behind load balancers are.

use std::collections::btree_map::Entry;

use super::{Control, Deed, Effect, Stage};
use crate::instance::Health;
use crate::partition::{Names, Partition};
use crate::task::State;
use crate::view::Matching;

/// Why an instance is not one of those there are to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It goes, since then.
    Leaving(u64),
    Gone,
}

/// Between two looks whether somebody who goes has ended what it had.
const LOOK_NS: u64 = 1_000_000_000;
/// Who goes is gone after this time, whatever it still has: what Kubernetes gives a pod if nothing else is said.
const GRACE_NS: u64 = 30 * 1_000_000_000;

impl Control {
    /// A service is to have so many instances.
    pub(super) fn resize(&mut self, service: u32, wanted: u32, stage: &mut Stage<'_, '_>) {
        let had = std::mem::replace(&mut stage.plan.services[service as usize].n_instances, wanted);
        if wanted == had {
            return;
        }
        self.make_known(service, wanted, stage);
        let mut joining = Vec::new();
        for instance in stage.plan.instances_of(service) {
            let absence = self.absent.entry(instance);
            match (stage.plan.is_wanted(instance), absence) {
                (true, Entry::Occupied(absence)) => match absence.remove() {
                    Absence::Gone => joining.push(instance),
                    Absence::Leaving(_) => self.listing().take_leave(instance, false),
                },
                (false, Entry::Vacant(absence)) => {
                    absence.insert(Absence::Leaving(stage.now));
                    self.listing().take_leave(instance, true);
                    self.agenda.insert((stage.now + LOOK_NS, Deed::Leave(instance, stage.now)));
                }
                _ => {}
            }
        }
        joining.iter().for_each(|instance| self.meet_faults(*instance, stage));
        // What is listed now is published there, even if nobody joins.
        self.mark(&joining, Health::Down, false, stage);
    }

    /// Those that there never were are there, but not up yet.
    fn make_known(&mut self, service: u32, wanted: u32, stage: &mut Stage<'_, '_>) {
        let known = stage.plan.services[service as usize].n_known;
        if wanted <= known {
            return;
        }
        let names = Names::new(stage.model, self.names.0, self.names.1);
        let zones = stage.model.services.as_slice()[service as usize].zones_of(wanted as usize);
        for zone in &zones[known as usize..] {
            let instance = stage.plan.add_instance(service, zone.0);
            let partition = stage.plan.partition_of(instance) as usize;
            stage.partitions[partition].add_instance(stage.plan, &names, instance, Health::Down);
            let names = self.names;
            self.listing().announce(stage.model, stage.plan, instance, names);
            self.marks[instance as usize].down += 1;
            self.absent.insert(instance, Absence::Gone);
        }
        stage.partitions.iter_mut().for_each(|partition| partition.know_more(stage.plan, service));
    }

    /// Somebody who goes is away, if it has ended what it had; or has had its time.
    pub(super) fn leave(&mut self, instance: u32, since: u64, stage: &mut Stage<'_, '_>) {
        if self.absent.get(&instance) != Some(&Absence::Leaving(since)) {
            return;
        }
        let service = stage.plan.service_of[instance as usize];
        let is_heard_of = self.listing().lists(instance) || stage.view.late_of(service).is_some();
        let is_busy = || stage.partitions.iter().any(|partition| partition.needs(instance));
        if stage.now < since + GRACE_NS && (is_heard_of || is_busy()) {
            self.agenda.insert((stage.now + LOOK_NS, Deed::Leave(instance, since)));
            return;
        }
        self.absent.insert(instance, Absence::Gone);
        self.listing().forget(instance);
        self.mark(&[instance], Health::Down, true, stage);
    }

    /// What befalls a whole place or service befalls those that join it.
    fn meet_faults(&mut self, instance: u32, stage: &mut Stage<'_, '_>) {
        for number in 0..self.faults.len() {
            let fault = &mut self.faults[number];
            if !fault.active {
                continue;
            }
            if let Effect::Unrest(unrest) = &mut fault.effect
                && unrest.admit(stage.plan, instance)
            {
                self.mark(&[instance], Health::Down, true, stage);
                continue;
            }
            if !fault.whom.meets(stage.plan, instance) {
                continue;
            }
            let Err(place) = fault.struck.binary_search(&instance) else { continue };
            fault.struck.insert(place, instance);
            match fault.effect {
                Effect::Health(to) => self.mark(&[instance], to, true, stage),
                Effect::Pace { .. } => self.set_paces(&[instance], stage),
                Effect::Inject { .. } => self.inject(number, &[instance], true, stage),
                Effect::Message(_) => also_strike(number, instance, stage),
                _ => unreachable!("nothing else is about instances"),
            }
        }
    }
}

/// Messages to one more instance are disturbed.
fn also_strike(fault: usize, instance: u32, stage: &mut Stage<'_, '_>) {
    for (_, disturbance) in stage.view.disturbances.iter_mut().filter(|(number, _)| *number == fault) {
        if let Matching::Sites { instances: Some(only), .. } = &mut disturbance.matching
            && let Err(place) = only.binary_search(&instance)
        {
            only.insert(place, instance);
        }
    }
}

impl Partition {
    /// Whether an instance serves somebody here, or somebody here has asked it.
    fn needs(&self, instance: u32) -> bool {
        let is_asked = |state: State| matches!(state, State::Outbound | State::Knocking | State::Remote);
        let mut its = self.tasks.iter().filter(|(_, record)| record.instance == instance);
        its.any(|(_, record)| record.state.is_served() || is_asked(record.state))
    }
}

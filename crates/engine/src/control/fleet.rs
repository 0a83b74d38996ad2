//! How many instances a service has: some join the others, some go.
//!
//! Who joins begins like one that comes back after a failure: discovery learns of it, then it is called. Who goes tells
//! discovery at once, ends what it has, and is away then, as pods and virtual machines behind load balancers are.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use super::settings::Set;
use super::{Control, Deed, Effect, Stage};
use crate::instance::Health;
use crate::partition::{Names, Partition};
use crate::task::State;

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
        let (mut joining, mut leaves) = (Vec::new(), false);
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
                    leaves = true;
                }
                _ => {}
            }
        }
        joining.sort_unstable();
        self.meet_faults(&joining, stage);
        // What is listed now is published there, even if nobody joins.
        self.mark(&joining, Health::Down, false, stage);
        if leaves {
            let is_news = stage.view.late_of(service).is_some();
            self.agenda.insert((stage.now + LOOK_NS, Deed::Leave(service, stage.now, is_news)));
        }
    }

    /// Whether another setting follows at this very time: nothing starts to end at once.
    pub(super) fn is_resized_again(&self, service: u32, now: u64) -> bool {
        let due = self.agenda.iter().take_while(|(time, _)| *time <= now);
        due.into_iter().any(|(_, deed)| match deed {
            Deed::Begin(next) => matches!(
                self.faults[*next].effect,
                Effect::Set(Set::Service { service: of, instances: Some(_), .. }) if of == service
            ),
            _ => false,
        })
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
        stage.view.extend_home(stage.plan);
    }

    /// Those of a service who go since then are away, if they have ended what they had; or have had their time.
    pub(super) fn leave(&mut self, service: u32, since: u64, was_news: bool, stage: &mut Stage<'_, '_>) {
        let mut leaving = stage.plan.instances_of(service);
        leaving.retain(|instance| self.absent.get(instance) == Some(&Absence::Leaving(since)));
        let is_news = stage.view.late_of(service).is_some();
        // What was sent a moment ago by who had not heard may still be on its way.
        let may_come = is_news || was_news;
        let needed: BTreeSet<u32> =
            stage.partitions.iter().flat_map(|partition| partition.needed()).collect();
        let listing = self.listing();
        let stays = |it: &u32| {
            let has_to_do = may_come || listing.names(service, *it) || needed.contains(it);
            stage.now < since + GRACE_NS && has_to_do
        };
        let (stay, mut go): (Vec<u32>, Vec<u32>) = leaving.into_iter().partition(stays);
        if !stay.is_empty() {
            self.agenda.insert((stage.now + LOOK_NS, Deed::Leave(service, since, is_news)));
        }
        if go.is_empty() {
            return;
        }
        go.sort_unstable();
        for instance in &go {
            self.absent.insert(*instance, Absence::Gone);
            self.listing().forget(*instance);
        }
        self.mark(&go, Health::Down, true, stage);
        self.shed_faults(&go, stage);
    }

    /// What befell those who are gone is over with them.
    fn shed_faults(&mut self, gone: &[u32], stage: &mut Stage<'_, '_>) {
        for number in 0..self.faults.len() {
            let fault = &mut self.faults[number];
            if let Effect::Unrest(unrest) = &mut fault.effect {
                let were_down = unrest.forget(gone);
                self.mark(&were_down, Health::Down, false, stage);
                continue;
            }
            let is_gone = |it: &u32| gone.binary_search(it).is_ok();
            let (left, kept): (Vec<u32>, Vec<u32>) = fault.struck.iter().copied().partition(is_gone);
            if !fault.active || left.is_empty() {
                continue;
            }
            fault.struck = kept;
            self.befall(number, &left, false, stage);
        }
    }

    /// What befalls a whole place or service befalls those that join it.
    fn meet_faults(&mut self, joining: &[u32], stage: &mut Stage<'_, '_>) {
        for number in 0..self.faults.len() {
            let fault = &mut self.faults[number];
            if let Effect::Unrest(unrest) = &mut fault.effect {
                // What chaos has taken down is down for its time, also when chaos is over.
                let struck = |it: &u32| unrest.admit(stage.plan, *it);
                let struck: Vec<u32> = joining.iter().copied().filter(struck).collect();
                self.mark(&struck, Health::Down, true, stage);
                continue;
            }
            if !fault.active {
                continue;
            }
            let meets =
                |it: &u32| fault.whom.meets(stage.plan, *it) && fault.struck.binary_search(it).is_err();
            let met: Vec<u32> = joining.iter().copied().filter(meets).collect();
            if met.is_empty() {
                continue;
            }
            fault.struck.extend(&met);
            fault.struck.sort_unstable();
            self.befall(number, &met, true, stage);
        }
    }
}

impl Partition {
    /// The instances that serve somebody here, or that somebody here has asked.
    fn needed(&self) -> impl Iterator<Item = u32> + '_ {
        let is_asked = |state: State| {
            matches!(state, State::Outbound | State::Knocking | State::InboundConnected | State::Remote)
        };
        let needs = move |state: State| state.is_served() || is_asked(state);
        self.tasks.iter().filter(move |(_, record)| needs(record.state)).map(|(_, record)| record.instance)
    }
}

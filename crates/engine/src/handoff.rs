//! Hinted handoff: a coordinator keeps the writes that a replica has missed and replays them when it is back.
//!
//! As Cassandra does (its documentation: «Hints»): every ten seconds a coordinator looks whether a replica
//! for which it has hints is there. Then it sends one; once that is answered, the others follow at the
//! rate of the store. When one fails it waits again. Hints are on disk: they outlive their coordinator's
//! crash. Each is a write like any other to the replica.

use std::collections::{BTreeMap, VecDeque};

use crate::alarm::Bell;
use crate::instance::Health;
use crate::partition::{Partition, World};
use crate::replicas::{Freight, Purpose, Stores, names};
use crate::task::Outcome;

/// Between two looks at who is back (Cassandra's `HintsDispatchTrigger`).
const PERIOD_NS: u64 = 10_000_000_000;
/// Hints of one coordinator for one replica; Cassandra drops those that are older than three hours.
const MOST_HINTS: usize = 1 << 20;

/// The hints of one coordinator for one replica.
struct Handoff {
    coordinator: usize,
    target: u32,
    /// Keys and versions, the oldest first.
    hints: VecDeque<(u32, u64)>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is nothing to send.
    Idle,
    /// Until the next look.
    Waiting,
    /// One is under way.
    Probing,
    /// They follow each other.
    Flowing,
}

#[derive(Default)]
pub(crate) struct Handoffs {
    all: Vec<Handoff>,
    /// By local coordinator and replica.
    numbers: BTreeMap<(usize, u32), u32>,
}

impl Handoffs {
    /// How many hints wait.
    pub(crate) fn waiting(&self, is_of: impl Fn(usize) -> bool) -> u64 {
        let those = self.all.iter().filter(|handoff| is_of(handoff.coordinator));
        those.map(|handoff| handoff.hints.len() as u64).sum()
    }

    fn number(&mut self, coordinator: usize, target: u32) -> u32 {
        *self.numbers.entry((coordinator, target)).or_insert_with(|| {
            self.all.push(Handoff { coordinator, target, hints: VecDeque::new(), stage: Stage::Idle });
            (self.all.len() - 1) as u32
        })
    }
}

impl Partition {
    /// A replica has missed a write, as this local instance knows.
    #[inline(never)]
    pub(crate) fn keep_hint(
        &mut self,
        world: World<'_>,
        coordinator: usize,
        target: u32,
        key: u32,
        version: u64,
    ) {
        let Some(store) = self.store_of(world, coordinator) else { return };
        if world.plan.stores[store].hint_gap_ns.is_none() || self.is_dead(coordinator) {
            return;
        }
        let number = self.stores.handoffs.number(coordinator, target);
        let Stores { handoffs, counts, .. } = &mut *self.stores;
        let handoff = &mut handoffs.all[number as usize];
        if handoff.hints.len() >= MOST_HINTS {
            counts[store].hints_dropped += 1;
            return;
        }
        handoff.hints.push_back((key, version));
        counts[store].hints_stored += 1;
        if handoff.stage == Stage::Idle {
            self.look_later(number, Stage::Waiting, PERIOD_NS);
        }
    }

    fn look_later(&mut self, number: u32, stage: Stage, after: u64) {
        self.stores.handoffs.all[number as usize].stage = stage;
        self.ring_later(number, self.now + after, Bell::Handoff);
    }

    /// It is time to look, or to send the next.
    pub(crate) fn hand_over(&mut self, world: World<'_>, number: u32) {
        let handoff = &mut self.stores.handoffs.all[number as usize];
        let (coordinator, target) = (handoff.coordinator, handoff.target);
        let Some(store) = self.store_of(world, coordinator) else { return };
        let gap = world.plan.stores[store].hint_gap_ns.expect("hints are kept at a rate");
        let can = self.instances[coordinator].health == Health::Up && self.sees(world, coordinator, target);
        let handoff = &mut self.stores.handoffs.all[number as usize];
        if !can {
            return self.look_later(number, Stage::Waiting, PERIOD_NS);
        }
        let Some((key, version)) = handoff.hints.pop_front() else {
            handoff.stage = Stage::Idle;
            return;
        };
        if handoff.stage == Stage::Flowing {
            self.look_later(number, Stage::Flowing, gap);
        } else {
            handoff.stage = Stage::Probing;
        }
        self.write_anew(world, coordinator, target, Freight { key, purpose: Purpose::Hint, version });
    }

    /// A hint has reached its replica, or has not.
    pub(crate) fn hint_answered(
        &mut self,
        world: World<'_>,
        coordinator: usize,
        target: u32,
        hint: (u32, u64),
        outcome: Outcome,
    ) {
        let Some(store) = self.store_of(world, coordinator) else { return };
        let number = self.stores.handoffs.number(coordinator, target);
        let handoff = &mut self.stores.handoffs.all[number as usize];
        let is_probe = handoff.stage == Stage::Probing;
        if outcome == Outcome::Ok {
            self.stores.counts[store].hints_replayed += 1;
            if is_probe {
                self.look_later(number, Stage::Flowing, 0);
            }
        } else {
            handoff.hints.push_front(hint);
            match handoff.stage {
                Stage::Idle | Stage::Probing => self.look_later(number, Stage::Waiting, PERIOD_NS),
                // The next one, which is due already, is a probe.
                Stage::Flowing => handoff.stage = Stage::Waiting,
                Stage::Waiting => {}
            }
        }
    }

    /// The store that a local instance belongs to.
    fn store_of(&self, world: World<'_>, at: usize) -> Option<usize> {
        world.plan.stores.iter().position(|store| store.service == self.instances[at].service)
    }

    fn is_dead(&self, at: usize) -> bool {
        matches!(self.instances[at].health, Health::Down | Health::BlackHole)
    }

    /// Whether discovery names a replica to a local instance.
    fn sees(&self, world: World<'_>, at: usize, target: u32) -> bool {
        let service = self.instances[at].service;
        let store = world.plan.stores.iter().find(|store| store.service == service);
        let site = store.and_then(|store| world.plan.sites.get(store.write_site as usize));
        site.is_some_and(|site| {
            let client = self.instances[at].clients + site.number;
            let listed = self.believed(world, site, client).unwrap_or(&world.view.now);
            names(world.plan, listed, target)
        })
    }
}

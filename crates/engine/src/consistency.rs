//! What reads of replicated stores missed.
//!
//! Coordinators note what they acknowledged and what they read. Between windows the notes of all partitions
//! are put in order of time and compared: a read is stale if a write that was acknowledged before it began
//! is newer than what it found. It is as old as the first acknowledgement that it missed: for so long its
//! answer had been out of date when it began. Nothing of this is known to the run.

use std::collections::VecDeque;
use std::ops::DerefMut;

use tarsier_model::{SealedModel, ServiceId};
use tarsier_stats::{Recorder, Window};
use tarsier_units::Id;

use crate::outcome::{AccessOutcome, StoreOutcome};
use crate::partition::Partition;
use crate::plan::Plan;
use crate::replicas::Event;

/// Acknowledged writes of a key that are remembered; an answer older than all of these is as old as the first.
const REMEMBERED: usize = 64;

/// Something a coordinator did.
pub(crate) struct Note {
    pub(crate) at: u64,
    pub(crate) access: u32,
    pub(crate) event: Event,
}

/// What a partition counts for a store.
#[derive(Clone, Copy, Default)]
pub(crate) struct StoreCounts {
    pub(crate) hints_stored: u64,
    pub(crate) hints_replayed: u64,
    pub(crate) hints_dropped: u64,
    pub(crate) repairs: u64,
}

impl StoreCounts {
    fn add(&mut self, other: StoreCounts) {
        self.hints_stored += other.hints_stored;
        self.hints_replayed += other.hints_replayed;
        self.hints_dropped += other.hints_dropped;
        self.repairs += other.repairs;
    }
}

/// A write that was acknowledged.
#[derive(Clone, Copy)]
struct Acknowledged {
    at: u64,
    version: u64,
}

/// The acknowledged writes of a key that were newer than all before, in order.
type History = VecDeque<Acknowledged>;

#[derive(Clone, Default)]
struct AccessTrack {
    answered: u64,
    unavailable: u64,
    stale: u64,
    age: Recorder,
    batch: Window,
}

#[derive(Clone, Default)]
pub(crate) struct Consistency {
    /// By store and key, as far as keys were written.
    histories: Vec<Vec<History>>,
    accesses: Vec<AccessTrack>,
    counts: Vec<StoreCounts>,
}

impl Consistency {
    pub(crate) fn new(plan: &Plan) -> Consistency {
        Consistency {
            histories: plan.stores.iter().map(|_| Vec::new()).collect(),
            accesses: plan.accesses.iter().map(|_| AccessTrack::default()).collect(),
            counts: vec![StoreCounts::default(); plan.stores.len()],
        }
    }

    /// What was noted until now.
    pub(crate) fn take_in(&mut self, plan: &Plan, partitions: &mut [impl DerefMut<Target = Partition>]) {
        if plan.stores.is_empty() {
            return;
        }
        let mut notes: Vec<Note> = Vec::new();
        for partition in partitions.iter_mut() {
            notes.append(&mut partition.stores.notes);
            for (sum, counts) in self.counts.iter_mut().zip(&mut partition.stores.counts) {
                sum.add(std::mem::take(counts));
            }
        }
        // Stable: of one time, in the order of partitions. A read may have begun before what is noted before it.
        notes.sort_by_key(|note| note.at);
        notes.iter().for_each(|note| self.acknowledge(plan, note));
        notes.iter().for_each(|note| self.judge(plan, note));
        let open = partitions.iter().filter_map(|partition| partition.stores.oldest_session()).min();
        notes.iter().for_each(|note| self.forget(plan, note, open.unwrap_or(u64::MAX)));
    }

    fn acknowledge(&mut self, plan: &Plan, note: &Note) {
        let access = &plan.accesses[note.access as usize];
        let Event::Done { key, version, .. } = note.event else { return };
        if !access.writes {
            return;
        }
        let (histories, key) = (&mut self.histories[access.store as usize], key as usize);
        if histories.len() <= key {
            histories.resize_with(key + 1, History::new);
        }
        let history = &mut histories[key];
        if history.back().is_none_or(|newest| newest.version < version) {
            history.push_back(Acknowledged { at: note.at, version });
        }
    }

    /// What is too long ago, and no read that is still under way began before it.
    fn forget(&mut self, plan: &Plan, note: &Note, oldest: u64) {
        let access = &plan.accesses[note.access as usize];
        let Event::Done { key, .. } = note.event else { return };
        let history = self.histories[access.store as usize].get_mut(key as usize);
        let history = history.into_iter().filter(|_| access.writes);
        history.for_each(|history| {
            while history.len() > REMEMBERED && history[1].at < oldest {
                history.pop_front();
            }
        });
    }

    fn judge(&mut self, plan: &Plan, note: &Note) {
        let track = &mut self.accesses[note.access as usize];
        let Event::Done { key, began, version } = note.event else {
            track.unavailable += 1;
            return;
        };
        track.answered += 1;
        let access = &plan.accesses[note.access as usize];
        let history = self.histories[access.store as usize].get(key as usize);
        let missed = history.filter(|_| !access.writes).and_then(|history| missed(history, began, version));
        if let Some(missed) = missed {
            track.stale += 1;
            track.batch.record(began - missed.at);
        }
    }

    /// Counting begins.
    pub(crate) fn start(&mut self) {
        self.accesses.iter_mut().for_each(|track| *track = AccessTrack::default());
        self.counts.fill(StoreCounts::default());
    }

    pub(crate) fn close_batch(&mut self) {
        for track in &mut self.accesses {
            track.age.close_batch(&track.batch);
            track.batch.clear();
        }
    }

    pub(crate) fn outcomes(
        self,
        model: &SealedModel,
        plan: &Plan,
        partitions: &[impl DerefMut<Target = Partition>],
    ) -> Vec<StoreOutcome> {
        let mut accesses: Vec<Vec<AccessOutcome>> = plan.stores.iter().map(|_| Vec::new()).collect();
        for (access, track) in plan.accesses.iter().zip(self.accesses) {
            let AccessTrack { answered, unavailable, stale, age, .. } = track;
            let (_, said) = model.coordinated_by(access.endpoint).expect("it coordinates");
            let (kind, level) = (said.kind, said.level);
            let endpoint = access.endpoint;
            let outcome = AccessOutcome { endpoint, kind, level, answered, unavailable, stale, age };
            accesses[access.store as usize].push(outcome);
        }
        let each = plan.stores.iter().zip(self.counts).zip(accesses);
        each.map(|((store, counts), accesses)| StoreOutcome {
            service: ServiceId::from_index(store.service as usize),
            accesses,
            hints_stored: counts.hints_stored,
            hints_replayed: counts.hints_replayed,
            hints_dropped: counts.hints_dropped,
            hints_waiting: partitions.iter().map(|partition| hints_waiting(partition, store.service)).sum(),
            repairs: counts.repairs,
        })
        .collect()
    }
}

fn hints_waiting(partition: &Partition, service: u32) -> u64 {
    partition.stores.handoffs.waiting(|coordinator| partition.instances[coordinator].service == service)
}

/// The first write that a read should have seen or been newer than, and was not.
fn missed(history: &History, began: u64, found: u64) -> Option<Acknowledged> {
    let first_newer = history.partition_point(|write| write.version <= found);
    history.get(first_newer).copied().filter(|write| write.at < began)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_as_old_as_the_first_write_it_missed() {
        let history: History =
            [(10, 5), (20, 15), (30, 25)].map(|(at, version)| Acknowledged { at, version }).into();
        let age = |began: u64, found| missed(&history, began, found).map(|write| began - write.at);
        assert_eq!(age(40, 25), None);
        assert_eq!(age(40, 15), Some(10));
        assert_eq!(age(40, 5), Some(20));
        assert_eq!(age(40, 0), Some(30));
        // Acknowledged while the read was under way: it may see it or not.
        assert_eq!(age(30, 15), None);
        assert_eq!(age(31, 15), Some(1));
        // Not acknowledged at all.
        assert_eq!(age(40, 33), None);
    }
}

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

/// Above so many acknowledged writes of a key, old ones are remembered as one …
const MANY: usize = 64;
/// … if they were acknowledged within this part of their age.
const BLUR: u64 = 64;

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
    /// It stands for all writes from then on.
    since: u64,
}

/// The acknowledged writes of a key that were newer than all before, in order.
#[derive(Clone, Default)]
struct History {
    writes: VecDeque<Acknowledged>,
    /// How many there were when it was last thinned out.
    n_kept: usize,
}

impl History {
    fn add(&mut self, at: u64, version: u64) {
        if self.writes.back().is_none_or(|newest| newest.version < version) {
            self.writes.push_back(Acknowledged { at, version, since: at });
        }
    }

    /// Where writes stand close together for their age, the newest of them stands for all: only a read that has been
    /// under way for many times as long could tell them apart. Looks at them whenever they have doubled, which depends
    /// on the writes alone, not on when somebody takes a look at the run.
    fn thin_out(&mut self, now: u64) {
        if self.writes.len() <= MANY.max(2 * self.n_kept) {
            return;
        }
        let mut kept: VecDeque<Acknowledged> = VecDeque::new();
        for write in self.writes.iter().rev() {
            match kept.front_mut() {
                Some(newer) if newer.at - write.since <= now.saturating_sub(newer.at) / BLUR => {
                    newer.since = write.since;
                }
                _ => kept.push_front(*write),
            }
        }
        self.n_kept = kept.len();
        self.writes = kept;
    }

    /// The first write that a read should have seen or been newer than, and was not.
    fn missed(&self, began: u64, found: u64) -> Option<Acknowledged> {
        let first_newer = self.writes.partition_point(|write| write.version <= found);
        self.writes.get(first_newer).copied().filter(|write| write.at < began)
    }
}

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
        for note in &notes {
            self.acknowledge(plan, note);
            self.judge(plan, note);
        }
    }

    fn acknowledge(&mut self, plan: &Plan, note: &Note) {
        let access = &plan.accesses[note.access as usize];
        let Event::Done { key, version, .. } = note.event else { return };
        if !access.writes {
            return;
        }
        let (histories, key) = (&mut self.histories[access.store as usize], key as usize);
        if histories.len() <= key {
            histories.resize_with(key + 1, History::default);
        }
        histories[key].add(note.at, version);
        histories[key].thin_out(note.at);
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
        let missed = history.filter(|_| !access.writes).and_then(|history| history.missed(began, version));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_as_old_as_the_first_write_it_missed() {
        let mut history = History::default();
        for (at, version) in [(10, 5), (20, 15), (30, 25)] {
            history.add(at, version);
        }
        let age = |began: u64, found| history.missed(began, found).map(|write| began - write.at);
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

    /// A write a millisecond for 100 seconds: what was found then is as old as it is, but for a sixtieth.
    #[test]
    fn long_histories_keep_the_ages_of_old_answers() {
        const WRITES: u64 = 100_000;
        const MS: u64 = 1_000_000;
        let mut history = History::default();
        for n in 1..=WRITES {
            history.add(n * MS, n);
            history.thin_out(n * MS);
        }
        assert!(history.writes.len() <= 2 * 64 * 12, "{}: e^12 milliseconds are more", history.writes.len());
        let began = (WRITES + 1) * MS;
        for found in (0..WRITES).step_by(97) {
            let told = began - history.missed(began, found).expect("newer ones follow").at;
            let age = began - (found + 1) * MS;
            assert!(told <= age && age - told <= age / 60, "{told} for {age}");
        }
    }
}

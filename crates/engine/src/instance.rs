//! The state of an instance.

use tarsier_random::Stream;

use crate::plan::NONE;
use crate::task::{QUEUE_KNOWN, State, Task};

/// The random streams of one entity, one for each purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    pub(crate) work: Stream,
    pub(crate) network: Stream,
    pub(crate) choice: Stream,
    pub(crate) policy: Stream,
}

impl Draws {
    pub(crate) fn named(seed: u64, kind: &str, name: &str, numbers: [u64; 2]) -> Draws {
        let stream = |purpose: &str| Stream::named(seed, &[kind, name, purpose], &numbers);
        Draws {
            work: stream("work"),
            network: stream("network"),
            choice: stream("choice"),
            policy: stream("policy"),
        }
    }
}

/// Whether an instance does its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Health {
    Up,
    /// Nothing makes progress.
    Paused,
    /// Nor here, but requests are let in.
    Stalled,
    /// Callers learn that it is gone.
    Down,
    /// Callers hear nothing.
    BlackHole,
}

impl Health {
    /// Nobody is there any more.
    pub(crate) fn is_gone(self) -> bool {
        matches!(self, Health::Down | Health::BlackHole)
    }

    pub(crate) fn stands_still(self) -> bool {
        matches!(self, Health::Paused | Health::Stalled)
    }
}

/// A waiting line of records, linked through them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) head: u32,
    pub(crate) tail: u32,
}

impl Line {
    pub(crate) const EMPTY: Line = Line { head: NONE, tail: NONE };

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.head == NONE
    }

    pub(crate) fn first(self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }

    /// At the end of the line.
    #[inline(always)]
    pub(crate) fn join(&mut self, tasks: &mut [Task], task: u32) {
        tasks[task as usize].next = NONE;
        if self.is_empty() {
            self.head = task;
        } else {
            tasks[self.tail as usize].next = task;
        }
        self.tail = task;
    }

    /// Somebody in the line leaves it. Those who leave have mostly waited for long, and stand in front.
    pub(crate) fn remove(&mut self, tasks: &mut [Task], task: u32) {
        let after = tasks[task as usize].next;
        if self.head == task {
            self.head = after;
            return;
        }
        let mut before = self.head;
        while tasks[before as usize].next != task {
            before = tasks[before as usize].next;
        }
        tasks[before as usize].next = after;
        if self.tail == task {
            self.tail = before;
        }
    }

    /// The first of the line leaves it.
    #[inline(always)]
    pub(crate) fn leave(&mut self, tasks: &[Task]) -> Option<u32> {
        let first = self.head;
        (first != NONE).then(|| {
            self.head = tasks[first as usize].next;
            first
        })
    }
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) draws: Draws,
    /// How many times longer work takes here than its law says.
    pub(crate) pace: f64,
    pub(crate) service: u32,
    pub(crate) cores_free: u32,
    /// Fewer than none where workers were taken away that still serve.
    pub(crate) workers_free: i32,
    pub(crate) for_core: Line,
    pub(crate) for_worker: Line,
    /// How many wait that the queue's bound counts.
    pub(crate) waiting: u32,
    /// Its first client.
    pub(crate) clients: u32,
    /// Index of its shared processor, or none.
    pub(crate) processor: u32,
    /// Index of its guard, or none.
    pub(crate) guard: u32,
    pub(crate) health: Health,
    /// What must be looked at here and nowhere else; of the flags below.
    pub(crate) askew: u8,
    /// Whether who first waits for a core counts in the queue's bound: workers are unlimited.
    pub(crate) bounds_cores: bool,
}

/// A share of its requests fails on arrival; see the partition's faults.
pub(crate) const INJECTS: u8 = 1;
/// Not everybody is let in; see the guard.
pub(crate) const DOOR: u8 = 2;
/// Rules say who of those who wait for a worker is next …
pub(crate) const WORKER_LINE: u8 = 4;
/// … or of those who wait for a core.
pub(crate) const CORE_LINE: u8 = 8;
/// Nobody may wait any more for who waits.
pub(crate) const EXPIRES: u8 = 16;
/// Not everybody may call.
pub(crate) const WALL: u8 = 32;
/// The more requests are here, the longer work takes; the guard counts them.
pub(crate) const DRAGS: u8 = 64;

impl Instance {
    #[inline(always)]
    pub(crate) fn is(&self, askew: u8) -> bool {
        self.askew & askew != 0
    }

    /// Whether the queue's bound counts a record that waits here.
    pub(crate) fn counts(&self, record: &Task) -> bool {
        record.state == State::AwaitingWorker || (self.bounds_cores && !record.has(QUEUE_KNOWN))
    }

    /// The line that rules are about.
    pub(crate) fn ruled_line(&mut self) -> &mut Line {
        if self.is(CORE_LINE) { &mut self.for_core } else { &mut self.for_worker }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_instance_and_its_clients_stay_small() {
        assert_eq!(size_of::<super::Instance>(), 88);
        assert_eq!(size_of::<crate::client::Client>(), 16);
    }
}

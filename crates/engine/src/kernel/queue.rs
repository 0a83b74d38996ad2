//! The event queue: a heap while it is small, a ladder behind the heap when it is large.
//!
//! Equal times come out in the order they went in, whatever the size: sequence numbers decide, not
//! the structure.

use super::heap::{Entry, Heap, SEQUENCE_LIMIT, TIME_LIMIT, pack, payload_of, time_of};
use super::ladder::Ladder;

/// Above this many pending events the far ones move to the ladder …
const GROW_ABOVE: usize = 8192;
/// … and below this many they come back.
const SHRINK_BELOW: usize = 2048;

/// Pending events: (time in nanoseconds, payload), the earliest first.
pub struct EventQueue {
    /// Events before `horizon`.
    near: Heap,
    far: Ladder,
    /// `u64::MAX` while the ladder is out of use.
    horizon: u64,
    /// How many near events make it worth looking whether they can be split.
    grow_above: usize,
    sequence: u64,
}

impl Default for EventQueue {
    fn default() -> Self {
        EventQueue::new()
    }
}

impl EventQueue {
    pub fn new() -> EventQueue {
        EventQueue {
            near: Heap::default(),
            far: Ladder::new(),
            horizon: u64::MAX,
            grow_above: GROW_ABOVE,
            sequence: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.near.len() + self.far.len()
    }

    #[inline(always)]
    pub fn push(&mut self, time: u64, payload: u32) {
        let entry = pack(time, self.sequence, payload);
        self.sequence += 1;
        if time >= self.horizon {
            self.far.push(entry);
        } else if !self.near.replace(entry) {
            self.near.push(entry);
            if self.near.len() > self.grow_above {
                self.overflow();
            }
        }
    }

    /// The time of the next event, or `u64::MAX`.
    #[inline(always)]
    pub fn next_time(&mut self) -> u64 {
        if self.near.len() == 0 && self.horizon != u64::MAX {
            self.refill();
        }
        self.near.peek().map_or(u64::MAX, time_of)
    }

    /// The next event if it is before `limit`.
    #[inline(always)]
    pub fn pop_before(&mut self, limit: u64) -> Option<(u64, u32)> {
        // Nothing is pending at the end of time.
        let limit = pack(limit.min(END_OF_TIME), 0, 0);
        let entry = self.near.pop_before(limit).or_else(|| self.pop_behind(limit))?;
        Some((time_of(entry), payload_of(entry)))
    }

    /// The same, when there may be nothing near and something far.
    #[cold]
    fn pop_behind(&mut self, limit: Entry) -> Option<Entry> {
        self.next_time();
        self.near.pop_before(limit)
    }

    /// Changes or drops pending events: `change` gives the new time, or `None` to drop it.
    /// Costs as much as there are events: for what happens rarely.
    pub fn rewrite(&mut self, mut change: impl FnMut(u64, u32) -> Option<u64>) {
        let mut entries: Vec<Entry> = self.near.drain().collect();
        entries.extend(self.far.drain());
        self.horizon = u64::MAX;
        entries.sort_unstable();
        for entry in entries {
            if let Some(time) = change(time_of(entry), payload_of(entry)) {
                self.push(time, payload_of(entry));
            }
        }
    }

    /// All pending events, in no order.
    pub fn pending(&mut self) -> Vec<(u64, u32)> {
        let mut all = Vec::with_capacity(self.len());
        self.rewrite(|time, payload| {
            all.push((time, payload));
            Some(time)
        });
        all
    }

    /// The heap has grown too large: its events move to the ladder, if they can be told apart.
    #[cold]
    fn overflow(&mut self) {
        let entries: Vec<Entry> = self.near.drain().collect();
        let first = entries.iter().copied().map(time_of).min().unwrap_or(0);
        let last = entries.iter().copied().map(time_of).max().unwrap_or(0);
        // One instant cannot be split, and a front that has filled up before its ladder is the
        // heap's: look again when it has doubled.
        if first == last || self.horizon != u64::MAX {
            self.grow_above = 2 * entries.len();
            entries.into_iter().for_each(|entry| self.near.push(entry));
            return;
        }
        self.far.fill(entries);
        self.refill();
    }

    #[cold]
    fn refill(&mut self) {
        if self.far.len() < SHRINK_BELOW {
            for entry in self.far.drain() {
                self.near.push(entry);
            }
            self.horizon = u64::MAX;
            self.grow_above = GROW_ABOVE;
            return;
        }
        let near = &mut self.near;
        let opened = self.far.open_next(|entry| near.push(entry));
        assert!(opened, "a ladder in use holds events");
        self.horizon = self.far.frontier();
        assert!(self.sequence < SEQUENCE_LIMIT, "a run has fewer than 2^40 events in a partition");
    }
}

/// The end of simulated time: times past it cannot be scheduled.
pub(crate) const END_OF_TIME: u64 = TIME_LIMIT - 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// A reference: a sorted list.
    #[derive(Default)]
    struct Sorted {
        entries: std::collections::BTreeSet<(u64, u64, u32)>,
        sequence: u64,
    }

    impl Sorted {
        fn push(&mut self, time: u64, payload: u32) {
            self.entries.insert((time, self.sequence, payload));
            self.sequence += 1;
        }
        fn pop(&mut self) -> Option<(u64, u32)> {
            self.entries.pop_first().map(|(time, _, payload)| (time, payload))
        }
    }

    /// Random pushes and pops, the queue growing to `peak` and shrinking to nothing again.
    fn check(peak: usize, spread: impl Fn(u64) -> u64, seed: u64) {
        let mut queue = EventQueue::new();
        let mut sorted = Sorted::default();
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z ^ (z >> 27)
        };
        let mut now = 0;
        let mut payload = 0;
        for step in 0..8 * peak {
            let growing = step < 4 * peak && queue.len() < peak;
            if growing || (draw().is_multiple_of(2) && queue.len() < peak && step < 6 * peak) {
                let time = now + spread(draw());
                queue.push(time, payload);
                sorted.push(time, payload);
                payload += 1;
            } else {
                let got = queue.pop_before(u64::MAX);
                assert_eq!(got, sorted.pop());
                now = got.map_or(now, |(time, _)| time);
            }
        }
        while let Some(expected) = sorted.pop() {
            assert_eq!(queue.pop_before(u64::MAX), Some(expected));
        }
        assert_eq!(queue.pop_before(u64::MAX), None);
    }

    #[test]
    fn equals_a_sorted_list_in_every_regime() {
        check(100, |r| r % 1_000, 1);
        check(20_000, |r| r % 1_000_000, 2);
        check(20_000, |r| r % 3, 3);
        // Many events now and a few far away.
        check(30_000, |r| if r % 100 == 0 { (r >> 8) % 1_000_000_000_000 } else { (r >> 8) % 500 }, 4);
        // All at one instant.
        check(20_000, |_| 0, 5);
        // Times of every magnitude.
        check(20_000, |r| (r >> 20) >> (r % 43), 6);
    }

    #[test]
    fn stops_before_the_limit() {
        let mut queue = EventQueue::new();
        queue.push(10, 1);
        assert_eq!(queue.pop_before(10), None);
        assert_eq!(queue.pop_before(11), Some((10, 1)));
    }

    #[test]
    fn rewriting_keeps_the_order_of_equal_times() {
        let mut queue = EventQueue::new();
        (0..10_000).for_each(|payload| queue.push(u64::from(payload / 100), payload));
        queue.rewrite(|time, payload| (payload % 2 == 0).then_some(time));
        let rest: Vec<u32> =
            std::iter::from_fn(|| queue.pop_before(u64::MAX).map(|(_, payload)| payload)).collect();
        assert_eq!(rest, (0..10_000).filter(|payload| payload % 2 == 0).collect::<Vec<_>>());
    }
}

//! A 4-ary heap of packed events.
//!
//! An [`Entry`] is one integer, so comparing two events is comparing two integers, and equal times
//! come out in the order they went in. Choosing the least of four children compiles to conditional
//! moves; with branches the heap would be no faster than the standard library's.

/// Time in the upper 56 bits (two years of nanoseconds), sequence in the next 40, payload in the low 32.
pub(crate) type Entry = u128;

const TIME_SHIFT: u32 = 72;
const SEQUENCE_SHIFT: u32 = 32;
pub(crate) const SEQUENCE_LIMIT: u64 = 1 << 40;
pub(crate) const TIME_LIMIT: u64 = 1 << 56;

#[inline]
pub(crate) fn pack(time: u64, sequence: u64, payload: u32) -> Entry {
    debug_assert!(time < TIME_LIMIT && sequence < SEQUENCE_LIMIT);
    (u128::from(time) << TIME_SHIFT) | (u128::from(sequence) << SEQUENCE_SHIFT) | u128::from(payload)
}

#[inline]
pub(crate) fn time_of(entry: Entry) -> u64 {
    (entry >> TIME_SHIFT) as u64
}

#[inline]
pub(crate) fn payload_of(entry: Entry) -> u32 {
    entry as u32
}

/// What handles an event nearly always plans another, which may take the place of the one taken: that
/// saves moving the last entry to the front and the new one up from the end.
#[derive(Default)]
pub(crate) struct Heap {
    entries: Vec<Entry>,
    /// Whether the first entry has been taken and its place is free.
    vacant: bool,
}

impl Heap {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - usize::from(self.vacant)
    }

    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Option<Entry> {
        if self.vacant {
            self.close_up();
        }
        self.entries.first().copied()
    }

    /// Puts an entry where the last one was taken from; whether that place was still free.
    #[inline(always)]
    pub(crate) fn replace(&mut self, entry: Entry) -> bool {
        let vacant = std::mem::take(&mut self.vacant);
        if vacant {
            self.sift_down(entry);
        }
        vacant
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, entry: Entry) {
        if self.replace(entry) {
            return;
        }
        let mut hole = self.entries.len();
        if hole == self.entries.capacity() {
            self.grow();
        }
        self.entries.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / 4;
            if self.entries[parent] <= entry {
                break;
            }
            self.entries[hole] = self.entries[parent];
            hole = parent;
        }
        self.entries[hole] = entry;
    }

    /// By an eighth, not by double: at the peak little of the memory is unused.
    #[cold]
    fn grow(&mut self) {
        self.entries.reserve_exact(self.entries.len() / 8 + 16);
    }

    /// Takes the first entry if it is before `limit`.
    #[inline(always)]
    pub(crate) fn pop_before(&mut self, limit: Entry) -> Option<Entry> {
        let first = self.peek().filter(|first| *first < limit)?;
        self.vacant = true;
        Some(first)
    }

    /// The last entry goes where the first one was.
    #[inline]
    fn close_up(&mut self) {
        self.vacant = false;
        let last = self.entries.pop().expect("a vacant place is one of the heap's");
        if !self.entries.is_empty() {
            self.sift_down(last);
        }
    }

    /// Puts `entry` where the first one was and lets it sink.
    #[inline(always)]
    fn sift_down(&mut self, entry: Entry) {
        let entries = &mut self.entries[..];
        let n = entries.len();
        let mut hole = 0;
        loop {
            let first_child = 4 * hole + 1;
            let (child, least) = if first_child + 4 <= n {
                let four = &entries[first_child..first_child + 4];
                let (low, low_at) = if four[1] < four[0] { (four[1], 1) } else { (four[0], 0) };
                let (high, high_at) = if four[3] < four[2] { (four[3], 3) } else { (four[2], 2) };
                let (least, at) = if high < low { (high, high_at) } else { (low, low_at) };
                (first_child + at, least)
            } else if first_child < n {
                let mut child = first_child;
                for at in first_child + 1..n {
                    if entries[at] < entries[child] {
                        child = at;
                    }
                }
                (child, entries[child])
            } else {
                break;
            };
            if entry <= least {
                break;
            }
            entries[hole] = least;
            hole = child;
        }
        entries[hole] = entry;
    }

    /// Gives up all entries, in no order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Entry> + '_ {
        self.peek();
        self.entries.drain(..)
    }

    /// Whether every entry is no earlier than its parent.
    #[cfg(test)]
    fn holds(&self) -> bool {
        (1..self.entries.len()).all(|at| self.entries[(at - 1) / 4] <= self.entries[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_order_and_parts() {
        let early = pack(5, SEQUENCE_LIMIT - 1, u32::MAX);
        let late = pack(6, 0, 0);
        assert!(early < late);
        assert_eq!(time_of(late), 6);
        assert_eq!(payload_of(early), u32::MAX);
        assert_eq!(time_of(pack(TIME_LIMIT - 1, 0, 0)), TIME_LIMIT - 1);
    }

    #[test]
    fn pops_in_order_and_keeps_its_shape() {
        let mut heap = Heap::default();
        let mut state = 7_u64;
        let mut expected = Vec::new();
        for sequence in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let entry = pack(state >> 58, sequence, sequence as u32);
            heap.push(entry);
            expected.push(entry);
            assert!(heap.holds());
        }
        expected.sort_unstable();
        let popped: Vec<Entry> = std::iter::from_fn(|| heap.pop_before(Entry::MAX)).collect();
        assert_eq!(popped, expected);
    }

    #[test]
    fn a_vacant_place_is_filled_or_closed() {
        let mut heap = Heap::default();
        let mut pending = std::collections::BTreeSet::new();
        let mut state = 11_u64;
        for sequence in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Of each run of takings the last is made good by a push, the others are closed up.
            if state >> 63 == 0 {
                let entry = pack(state >> 40 & 0xFFFF, sequence, 0);
                heap.push(entry);
                pending.insert(entry);
            } else {
                assert_eq!(heap.pop_before(Entry::MAX), pending.pop_first());
            }
            assert_eq!(heap.len(), pending.len());
            assert!(heap.vacant || heap.holds());
        }
        assert_eq!(heap.peek(), pending.first().copied());
        assert_eq!(heap.pop_before(*pending.first().expect("some are left")), None);
    }
}

//! Counts over the last while: a sliding window in ten buckets.
//!
//! As Hystrix keeps its statistics (`metrics.rollingStats.numBuckets`, 10 by default): the oldest
//! bucket falls out as a whole when a new one begins, so the window is between nine and ten tenths
//! of its length. resilience4j's time-based window does the same with one bucket a second.

use crate::timeline::Reason;

const BUCKETS: usize = 10;

/// Something that happens, and how often it is of the kind that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) all: u64,
    pub(crate) some: u64,
}

impl Counts {
    /// So many failures among so many calls.
    pub(crate) fn reason(self) -> Reason {
        let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Reason::Failures { failed: narrow(self.some), calls: narrow(self.all) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rolling {
    bucket_ns: u64,
    /// The number of the bucket that time is in, counted from the start of time.
    newest: u64,
    buckets: [Counts; BUCKETS],
    sum: Counts,
}

impl Rolling {
    pub(crate) fn new(window_ns: u64) -> Rolling {
        Rolling {
            bucket_ns: (window_ns / BUCKETS as u64).max(1),
            newest: 0,
            buckets: [Counts::default(); BUCKETS],
            sum: Counts::default(),
        }
    }

    /// Drops what is too old.
    fn advance(&mut self, now: u64) {
        let number = now / self.bucket_ns;
        let passed = (number - self.newest).min(BUCKETS as u64);
        for n in 1..=passed {
            let bucket = &mut self.buckets[((self.newest + n) % BUCKETS as u64) as usize];
            self.sum.all -= bucket.all;
            self.sum.some -= bucket.some;
            *bucket = Counts::default();
        }
        self.newest = number;
        if passed == BUCKETS as u64 {
            debug_assert_eq!(self.sum, Counts::default());
        }
    }

    pub(crate) fn add(&mut self, now: u64, counts: Counts) {
        self.advance(now);
        let bucket = &mut self.buckets[(self.newest % BUCKETS as u64) as usize];
        bucket.all += counts.all;
        bucket.some += counts.some;
        self.sum.all += counts.all;
        self.sum.some += counts.some;
    }

    pub(crate) fn sum(&mut self, now: u64) -> Counts {
        self.advance(now);
        self.sum
    }

    pub(crate) fn clear(&mut self) {
        self.buckets = [Counts::default(); BUCKETS];
        self.sum = Counts::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Counts = Counts { all: 1, some: 1 };

    #[test]
    fn the_oldest_tenth_falls_out() {
        let mut rolling = Rolling::new(10_000);
        (0..10).for_each(|second| rolling.add(second * 1_000, ONE));
        assert_eq!(rolling.sum(9_999).all, 10);
        assert_eq!(rolling.sum(10_000).all, 9);
        assert_eq!(rolling.sum(12_500).all, 7);
        assert_eq!(rolling.sum(18_999), ONE);
        assert_eq!(rolling.sum(19_000).all, 0);
    }

    #[test]
    fn a_long_silence_empties_it() {
        let mut rolling = Rolling::new(10_000);
        rolling.add(3_000, ONE);
        rolling.add(1_000_000_007, Counts { all: 2, some: 0 });
        assert_eq!(rolling.sum(1_000_000_007), Counts { all: 2, some: 0 });
        rolling.clear();
        assert_eq!(rolling.sum(1_000_000_008), Counts::default());
    }

    /// Against a list of everything, for random times.
    #[test]
    fn sums_are_those_of_a_list() {
        let mut stream = tarsier_random::Stream::named(1, &["rolling"], &[]);
        let mut rolling = Rolling::new(1_000);
        let (mut now, mut all) = (0, Vec::new());
        for _ in 0..10_000 {
            now += u64::from(stream.below(120));
            rolling.add(now, ONE);
            all.push(now);
            // The current bucket and the nine before it.
            let from = (now / 100).saturating_sub(9) * 100;
            let expected = all.iter().filter(|time| **time >= from).count() as u64;
            assert_eq!(rolling.sum(now).all, expected, "at {now}");
        }
    }
}

//! What a limit looks at: all requests of a while as one. `WindowedLimit` of Netflix concurrency-limits.
//!
//! A window holds the mean time and the most requests present; one dropped request makes it a dropped one. It ends
//! with the first request after its time is over, and says nothing if it has seen only a few. Requests that end at
//! once are not looked at: they were turned away rather than served.

use super::limit::Sample;

/// Shorter ones are no samples.
const SHORTEST_NS: u64 = 100_000;
/// Fewer are too few.
const FEWEST: u32 = 10;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    length: u64,
    ends: u64,
    seen: Seen,
}

#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    n: u32,
    nanos: u128,
    most_present: u32,
    any_dropped: bool,
}

impl Window {
    pub(crate) fn new(length: u64) -> Window {
        Window { length, ends: 0, seen: Seen::default() }
    }

    /// The window as one sample, if this one, that ends now, ends it.
    pub(crate) fn add(&mut self, sample: Sample, now: u64) -> Option<Sample> {
        if sample.nanos < SHORTEST_NS {
            return None;
        }
        self.seen.add(sample);
        if now <= self.ends {
            return None;
        }
        self.ends = now + self.length;
        let seen = std::mem::take(&mut self.seen);
        (seen.n >= FEWEST).then(|| seen.sample())
    }
}

impl Seen {
    fn add(&mut self, sample: Sample) {
        self.n += 1;
        self.nanos += u128::from(sample.nanos);
        self.most_present = self.most_present.max(sample.present);
        self.any_dropped |= sample.dropped;
    }

    fn sample(self) -> Sample {
        let nanos = (self.nanos / u128::from(self.n)) as u64;
        Sample { nanos, present: self.most_present, dropped: self.any_dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn took(ms: u64, present: u32) -> Sample {
        Sample { nanos: ms * MS, present, dropped: false }
    }

    /// The samples given come out at these milliseconds.
    fn windows(samples: impl IntoIterator<Item = (u64, Sample)>) -> Vec<(u64, Sample)> {
        let mut window = Window::new(1_000 * MS);
        let add = |(at, sample): (u64, Sample)| window.add(sample, at * MS).map(|it| (at, it));
        samples.into_iter().filter_map(add).collect()
    }

    /// The first request ends an empty window, so a second counts from it: 101 to 1,101 ms, 1,102 being the first
    /// after it. The mean of 1, 2, …, 10 and 35 ms is 90/11, in whole nanoseconds.
    #[test]
    fn a_window_is_one_sample() {
        let samples = (1..=10).map(|n| (100 + 100 * n, took(n, n as u32)));
        let samples = [(101, took(500, 99))].into_iter().chain(samples).chain([(1_102, took(35, 7))]);
        let expected = Sample { nanos: 90 * MS / 11, present: 10, dropped: false };
        assert_eq!(windows(samples), [(1_102, expected)]);
    }

    /// At its very end it still goes on.
    #[test]
    fn the_first_after_its_end_ends_it() {
        let samples = |last: u64| (1..=10).map(move |n| (last * n / 10, took(10, 1)));
        let first = [(1, took(10, 1))];
        assert_eq!(windows(first.into_iter().chain(samples(1_001))), []);
        assert_eq!(windows(first.into_iter().chain(samples(1_002))), [(1_002, took(10, 1))]);
    }

    #[test]
    fn a_few_say_nothing_and_are_forgotten() {
        let every = |gap: u64, n: u64| (1..=n).map(move |at| (gap * at, took(10, 1)));
        // With the one that ends it there are nine in each, and then ten.
        assert_eq!(windows(every(112, 100)).len(), 0);
        assert_eq!(windows(every(111, 101)).len(), 10);
    }

    #[test]
    fn one_that_is_dropped_makes_it_dropped() {
        let dropped = |n: u64| Sample { dropped: n == 15, ..took(10, 1) };
        let windows = windows((1..=31).map(|n| (100 * n, dropped(n))));
        assert_eq!(windows.iter().map(|(_, it)| it.dropped).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn who_is_turned_away_at_once_is_not_looked_at() {
        let refused = Sample { nanos: SHORTEST_NS - 1, present: 50, dropped: true };
        let samples = (1..=200).map(|n| (10 * n, if n % 2 == 0 { refused } else { took(10, 1) }));
        assert_eq!(windows(samples), [(1_030, took(10, 1))]);
    }
}

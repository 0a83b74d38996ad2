//! How much simulated time there is from one look to the next: so much that there are about ten a second of the clock.

use std::time::{Duration, Instant};

use tarsier_units::NANOS_PER_SECOND;

use crate::limits;

const LEAST_NS: u64 = 1_000_000;

pub(crate) struct Stride {
    /// What the pace asks for.
    wanted_ns: u64,
    now_ns: u64,
    went_on: Instant,
}

impl Stride {
    pub(crate) fn new(pace: f64, now: Instant) -> Self {
        let wanted_ns = wanted(pace);
        Stride { wanted_ns, now_ns: wanted_ns.min(NANOS_PER_SECOND / 10), went_on: now }
    }

    pub(crate) fn follow(&mut self, pace: f64) {
        self.wanted_ns = wanted(pace);
        self.now_ns = self.now_ns.min(self.wanted_ns);
    }

    pub(crate) fn goes_on(&mut self, now: Instant) {
        self.went_on = now;
    }

    /// A machine that is too slow for the pace is looked at as often all the same.
    pub(crate) fn took(&mut self, now: Instant) {
        let took = now.saturating_duration_since(self.went_on);
        if took > 2 * limits::LOOK {
            self.now_ns = (self.now_ns / 2).max(LEAST_NS);
        } else if took < limits::LOOK / 2 {
            self.now_ns = (self.now_ns * 2).min(self.wanted_ns);
        }
    }

    /// Looks stand on multiples of a millisecond: what is done there has a time that is short to write.
    pub(crate) fn next_after(&self, now_ns: u64) -> u64 {
        let stride = self.now_ns - self.now_ns % LEAST_NS;
        (now_ns / stride + 1) * stride
    }
}

/// At most a second: each is looked at anyway.
fn wanted(pace: f64) -> u64 {
    let look: Duration = limits::LOOK;
    let nanos = if pace > 0.0 { look.as_nanos() as f64 * pace } else { f64::INFINITY };
    (nanos as u64).clamp(LEAST_NS, NANOS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn looks_follow_the_pace_and_the_machine() {
        let now = Instant::now();
        let after = |ms| now + Duration::from_millis(ms);
        let mut stride = Stride::new(1.0, now);
        assert_eq!((stride.next_after(0), stride.next_after(250 * MS)), (100 * MS, 300 * MS));
        stride.took(after(300));
        assert_eq!(stride.next_after(0), 50 * MS);
        (0..20).for_each(|_| stride.took(after(300)));
        assert_eq!(stride.next_after(5 * MS), 6 * MS, "not below a millisecond");
        (0..20).for_each(|_| stride.took(after(1)));
        assert_eq!(stride.next_after(0), 100 * MS, "not above what the pace asks for");
        stride.follow(0.0);
        (0..20).for_each(|_| stride.took(after(1)));
        assert_eq!(stride.next_after(0), 1000 * MS);
    }
}

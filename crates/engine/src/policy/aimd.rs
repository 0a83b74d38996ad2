//! Additive increase, multiplicative decrease: `AIMDLimit` of Netflix concurrency-limits.

use tarsier_model::Limit;

use super::limit::Sample;

#[derive(Clone, Debug)]
pub(crate) struct Aimd {
    limit: u32,
}

impl Aimd {
    pub(crate) fn new(limit: &Limit) -> Aimd {
        Aimd { limit: limit.start as u32 }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Less after what was dropped or took too long, one more while at least half of the limit is used.
    pub(crate) fn observe(&mut self, bounds: &Limit, timeout: u64, backoff: f64, sample: Sample) {
        let limit = if sample.dropped || sample.nanos > timeout {
            f64::from(self.limit) * backoff
        } else if u64::from(sample.present) * 2 >= u64::from(self.limit) {
            f64::from(self.limit) + 1.0
        } else {
            f64::from(self.limit)
        };
        self.limit = limit.max(bounds.min).min(bounds.max) as u32;
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::LimitKind;
    use tarsier_units::Span;

    use super::*;

    const TIMEOUT: u64 = 5_000_000_000;

    /// The limit after each sample.
    fn limits(samples: impl IntoIterator<Item = Sample>) -> Vec<u32> {
        let kind = LimitKind::Aimd { timeout: Span::from_nanos(TIMEOUT), backoff: 0.9 };
        let bounds = Limit { start: 20.0, min: 20.0, max: 200.0, kind, window: None };
        let mut aimd = Aimd::new(&bounds);
        let observe = |sample| {
            aimd.observe(&bounds, TIMEOUT, 0.9, sample);
            aimd.limit()
        };
        samples.into_iter().map(observe).collect()
    }

    fn took(nanos: u64, present: u32) -> Sample {
        Sample { nanos, present, dropped: false }
    }

    #[test]
    fn grows_by_one_while_half_used() {
        assert_eq!(limits([took(1, 10), took(1, 10), took(1, 11)]), [21, 21, 22]);
        assert_eq!(limits([took(1, 9)]), [20]);
        assert_eq!(limits((0..300).map(|_| took(1, 200))).last(), Some(&200));
    }

    #[test]
    fn shrinks_by_a_tenth_when_slow_or_dropped() {
        let used = (0..80).map(|_| took(1, 100));
        let dropped = Sample { dropped: true, ..took(1, 1) };
        let limits = limits(used.chain([took(TIMEOUT + 1, 1), took(TIMEOUT, 1), dropped]));
        assert_eq!(limits[79..], [100, 90, 90, 81]);
    }

    #[test]
    fn never_leaves_its_bounds() {
        let slow = (0..50).map(|_| took(TIMEOUT + 1, 100));
        assert_eq!(limits(slow).last(), Some(&20));
    }
}

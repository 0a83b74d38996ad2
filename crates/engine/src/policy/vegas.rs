//! The queue that answer times betray: `VegasLimit` of Netflix concurrency-limits, after TCP Vegas (Brakmo and
//! Peterson, 1995).
//!
//! What is above the shortest time seen is waiting: `limit × (1 - shortest / last)` requests of it. Few let the
//! limit grow, many make it shrink; steps and bounds go with the logarithm of the limit. Every now and then the
//! shortest time is taken anew.

use tarsier_model::Limit;
use tarsier_random::Stream;

use super::limit::Sample;

/// The shortest time is taken anew after half to all of so many samples for each place of the limit.
const PROBE: f64 = 30.0;

#[derive(Clone, Debug)]
pub(crate) struct Vegas {
    limit: f64,
    /// In nanoseconds.
    shortest: Option<u64>,
    samples: u32,
    probe_jitter: f64,
}

impl Vegas {
    pub(crate) fn new(limit: &Limit, stream: &mut Stream) -> Vegas {
        Vegas { limit: limit.start, shortest: None, samples: 0, probe_jitter: jitter(stream) }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit as u32
    }

    pub(crate) fn observe(&mut self, bounds: &Limit, smoothing: f64, sample: Sample, stream: &mut Stream) {
        if self.measures(sample.nanos, stream) {
            return;
        }
        let Some(wanted) = self.wanted(sample) else { return };
        let wanted = wanted.min(bounds.max).max(bounds.min);
        self.limit = (1.0 - smoothing) * self.limit + smoothing * wanted;
    }

    /// Whether this sample was one to learn the shortest time from.
    fn measures(&mut self, nanos: u64, stream: &mut Stream) -> bool {
        self.samples += 1;
        let probes = self.probe_jitter * PROBE * self.limit <= f64::from(self.samples);
        if probes {
            self.probe_jitter = jitter(stream);
            self.samples = 0;
        }
        let learns = probes || self.shortest.is_none_or(|shortest| nanos < shortest);
        if learns {
            self.shortest = Some(nanos);
        }
        learns
    }

    fn wanted(&self, sample: Sample) -> Option<f64> {
        let step = f64::from(self.limit().max(1).ilog10().max(1));
        if sample.dropped {
            return Some(self.limit - step);
        }
        if f64::from(sample.present) * 2.0 < self.limit {
            return None;
        }
        let shortest = self.shortest? as f64;
        let queue = (self.limit * (1.0 - shortest / sample.nanos as f64)).ceil();
        match queue {
            _ if queue <= step => Some(self.limit + 6.0 * step),
            _ if queue < 3.0 * step => Some(self.limit + step),
            _ if queue > 6.0 * step => Some(self.limit - step),
            _ => None,
        }
    }
}

fn jitter(stream: &mut Stream) -> f64 {
    0.5 + 0.5 * stream.unit()
}

#[cfg(test)]
mod tests {
    use tarsier_model::LimitKind;

    use super::*;

    const MS: u64 = 1_000_000;

    struct Driven {
        bounds: Limit,
        vegas: Vegas,
        stream: Stream,
    }

    impl Driven {
        /// Knows that nothing takes less than 10 ms.
        fn new() -> Driven {
            let bounds = Limit {
                start: 20.0,
                min: 1.0,
                max: 1_000.0,
                kind: LimitKind::Vegas { smoothing: 1.0 },
                window: None,
            };
            let mut stream = Stream::from_state(3);
            let vegas = Vegas::new(&bounds, &mut stream);
            let mut driven = Driven { bounds, vegas, stream };
            assert_eq!(driven.after(10 * MS, 20), 20);
            driven
        }

        fn after(&mut self, nanos: u64, present: u32) -> u32 {
            self.sample(Sample { nanos, present, dropped: false })
        }

        fn sample(&mut self, sample: Sample) -> u32 {
            self.vegas.observe(&self.bounds, 1.0, sample, &mut self.stream);
            self.vegas.limit()
        }
    }

    /// At a limit of 20 (whose logarithm is 1): queue 0, 1 → +6; 2 → +1; 3 to 6 → stays; 7 → -1.
    #[test]
    fn the_queue_decides() {
        for (nanos, limit) in [
            (10 * MS, 26),
            (10_526_315, 26),
            (11_111_111, 21),
            (11_764_705, 20),
            (14 * MS, 20),
            (15_384_615, 19),
            (100 * MS, 19),
        ] {
            assert_eq!(Driven::new().after(nanos, 20), limit, "{nanos}");
        }
    }

    #[test]
    fn an_unused_limit_stands_still() {
        assert_eq!(Driven::new().after(10 * MS, 9), 20);
    }

    #[test]
    fn drops_shrink_it() {
        let mut driven = Driven::new();
        let dropped = Sample { nanos: 10 * MS, present: 1, dropped: true };
        assert_eq!(driven.sample(dropped), 19);
        (0..100).for_each(|_| {
            driven.sample(dropped);
        });
        assert_eq!(driven.vegas.limit(), 1);
    }

    /// The step at 100 and above is 2.
    #[test]
    fn steps_grow_with_the_logarithm() {
        let mut driven = Driven::new();
        while driven.vegas.limit() < 100 {
            driven.after(10 * MS, 200);
        }
        let before = driven.vegas.limit();
        assert_eq!(driven.after(10 * MS, 200), before + 12);
        assert_eq!(driven.after(1_000 * MS, 200), before + 10);
    }

    /// After at most 30 samples a place a longer time is believed to be the shortest.
    #[test]
    fn the_shortest_time_is_taken_anew() {
        let mut driven = Driven::new();
        let probe = (1..=600).find(|_| {
            driven.after(14 * MS, 20);
            driven.vegas.shortest == Some(14 * MS)
        });
        assert!(probe.is_some_and(|n| n >= 299), "{probe:?}");
    }
}

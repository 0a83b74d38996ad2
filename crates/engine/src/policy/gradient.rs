//! The slope of answer times: `Gradient2Limit` of Netflix concurrency-limits.
//!
//! The limit shrinks as far as the last answer took longer than the long-term average tolerates, by no more than
//! half, and grows by the queue that it allows.

use tarsier_model::{Limit, LimitKind};

use super::limit::Sample;

/// The first samples are averaged alike.
const WARM_UP: u32 = 10;

#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    limit: f64,
    average: MovingAverage,
}

impl Gradient {
    pub(crate) fn new(limit: &Limit) -> Gradient {
        let LimitKind::Gradient { long_window, .. } = limit.kind else {
            unreachable!("the gradient's configuration is of its kind")
        };
        Gradient { limit: limit.start, average: MovingAverage::new(long_window) }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit as u32
    }

    pub(crate) fn observe(
        &mut self,
        bounds: &Limit,
        tolerance: f64,
        smoothing: f64,
        queue: f64,
        sample: Sample,
    ) {
        let last = sample.nanos as f64;
        let average = self.average.add(last);
        // After a long overload the average comes down faster than samples alone would bring it.
        if average / last > 2.0 {
            self.average.value *= 0.95;
        }
        if f64::from(sample.present) < self.limit / 2.0 {
            return;
        }
        let gradient = (tolerance * average / last).clamp(0.5, 1.0);
        let wanted = self.limit * gradient + queue;
        self.limit = self.limit * (1.0 - smoothing) + wanted * smoothing;
        self.limit = self.limit.min(bounds.max).max(bounds.min);
    }
}

/// Exponential, with the weight `2 / (n + 1)` of a window of n.
#[derive(Clone, Debug)]
struct MovingAverage {
    value: f64,
    weight: f64,
    sum: f64,
    count: u32,
}

impl MovingAverage {
    fn new(window: u32) -> MovingAverage {
        MovingAverage { value: 0.0, weight: 2.0 / (f64::from(window) + 1.0), sum: 0.0, count: 0 }
    }

    fn add(&mut self, sample: f64) -> f64 {
        if self.count < WARM_UP {
            self.count += 1;
            self.sum += sample;
            self.value = self.sum / f64::from(self.count);
        } else {
            self.value = self.value * (1.0 - self.weight) + sample * self.weight;
        }
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    struct Driven {
        bounds: Limit,
        gradient: Gradient,
    }

    impl Driven {
        fn new() -> Driven {
            let kind = LimitKind::Gradient { tolerance: 1.5, smoothing: 0.2, queue: 4.0, long_window: 600 };
            let bounds = Limit { start: 20.0, min: 20.0, max: 200.0, kind, window: None };
            Driven { bounds, gradient: Gradient::new(&bounds) }
        }

        fn after(&mut self, times: usize, nanos: u64, present: u32) -> f64 {
            let sample = Sample { nanos, present, dropped: false };
            for _ in 0..times {
                self.gradient.observe(&self.bounds, 1.5, 0.2, 4.0, sample);
            }
            self.gradient.limit
        }
    }

    /// Each step adds a fifth of the queue allowed.
    #[test]
    fn steady_answers_let_it_grow() {
        let mut driven = Driven::new();
        assert!((driven.after(1, 10 * MS, 20) - 20.8).abs() < 1e-12);
        assert!((driven.after(9, 10 * MS, 20) - 28.0).abs() < 1e-12);
        assert_eq!(driven.after(1_000, 10 * MS, 200), 200.0);
    }

    #[test]
    fn an_unused_limit_stands_still() {
        let mut driven = Driven::new();
        assert_eq!(driven.after(100, 10 * MS, 9), 20.0);
    }

    /// Ten times slower: the gradient is at its floor of one half, `limit × 0.9 + 0.8` a step.
    #[test]
    fn slow_answers_halve_it_at_most() {
        let mut driven = Driven::new();
        driven.after(1_000, 10 * MS, 200);
        assert!((driven.after(1, 100 * MS, 200) - 180.8).abs() < 1e-9);
        assert!((driven.after(1, 100 * MS, 200) - 163.52).abs() < 1e-9);
        // It tends to where what is taken equals what is added, here its lower bound.
        assert_eq!(driven.after(50, 1_000 * MS, 200), 20.0);
    }

    /// Within the tolerance of half as long again nothing is taken away.
    #[test]
    fn a_little_slower_is_tolerated() {
        let mut driven = Driven::new();
        driven.after(10, 10 * MS, 20);
        let before = driven.gradient.limit;
        assert!(driven.after(1, 15 * MS, 20) > before);
    }

    #[test]
    fn the_average_recovers_fast() {
        let mut driven = Driven::new();
        driven.after(2_000, 100 * MS, 20);
        driven.after(20, 10 * MS, 20);
        // Twenty samples of a window of 600 alone would leave it at 94 ms.
        assert!(driven.gradient.average.value < 45.0 * MS as f64);
    }
}

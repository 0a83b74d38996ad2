//! How long a client waits before it tries again.
//!
//! `min(base × factor^n, max)`, with jitter as Brooker names it («Exponential Backoff and Jitter», AWS
//! Architecture Blog, 2015): full, equal, decorrelated. A spread of ±20% is gRPC's (proposal A6).

use tarsier_model::{Backoff, Jitter};
use tarsier_random::Stream;

/// A day: longer than anybody waits, and far from the end of time.
const MOST_NS: f64 = 86_400e9;

/// Before retry `n` (from 0); `last` is the backoff before the retry before it, 0 if there was none.
pub(crate) fn delay(rule: &Backoff, jitter: Jitter, n: u32, last: u64, stream: &mut Stream) -> u64 {
    let most = rule.max.map_or(MOST_NS, |max| max.nanos() as f64).min(MOST_NS);
    let base = rule.base.nanos() as f64;
    let exponential = || {
        let growth = (0..n).fold(base, |delay, _| (delay * rule.factor).min(most));
        growth.min(most)
    };
    let delay = match jitter {
        Jitter::None => exponential(),
        Jitter::Full => exponential() * stream.unit(),
        Jitter::Equal => exponential() * (0.5 + 0.5 * stream.unit()),
        Jitter::Spread(share) => exponential() * (1.0 + share * (2.0 * stream.unit() - 1.0)),
        Jitter::Decorrelated => {
            let high = 3.0 * (last as f64).max(base);
            (base + (high - base) * stream.unit()).min(most)
        }
    };
    delay.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_units::Span;

    const BASE: f64 = 5e6;
    const CAP: f64 = 2_000e6;

    /// The smallest, the mean and the largest of many draws.
    fn range(jitter: Jitter, n: u32, last: u64) -> [f64; 3] {
        let rule = Backoff {
            base: Span::from_nanos(BASE as u64),
            factor: 2.0,
            max: Some(Span::from_nanos(CAP as u64)),
        };
        let mut stream = Stream::named(1, &["backoff"], &[n.into()]);
        let draws: Vec<f64> =
            (0..100_000).map(|_| delay(&rule, jitter, n, last, &mut stream) as f64).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let [least, most] =
            [f64::min, f64::max].map(|pick| draws.iter().copied().reduce(pick).expect("draws"));
        [least, mean, most]
    }

    /// Uniform between two bounds: the mean is 1% of the range off once in 10^25.
    #[track_caller]
    fn uniform([least, mean, most]: [f64; 3], low: f64, high: f64) {
        let width = high - low;
        assert!(least >= low - 0.5 && most <= high + 0.5, "{least} to {most}");
        assert!(least < low + 0.001 * width && most > high - 0.001 * width, "{least} to {most}");
        assert!((mean - (low + high) / 2.0).abs() < 0.01 * width, "{mean}");
    }

    #[test]
    fn it_doubles_up_to_the_cap() {
        for n in 0..12 {
            let expected = (BASE * f64::from(1 << n)).min(CAP);
            assert_eq!(range(Jitter::None, n, 0), [expected; 3]);
        }
    }

    #[test]
    fn jitter_is_as_named() {
        for (n, value) in [(0, BASE), (3, 8.0 * BASE), (20, CAP)] {
            uniform(range(Jitter::Full, n, 0), 0.0, value);
            uniform(range(Jitter::Equal, n, 0), value / 2.0, value);
            uniform(range(Jitter::Spread(0.2), n, 0), 0.8 * value, 1.2 * value);
        }
    }

    /// `min(cap, uniform(base, 3 × last))`, from `last` = base.
    #[test]
    fn decorrelated_grows_from_the_last() {
        uniform(range(Jitter::Decorrelated, 0, 0), BASE, 3.0 * BASE);
        uniform(range(Jitter::Decorrelated, 7, 100e6 as u64), BASE, 300e6);
        let [_, _, most] = range(Jitter::Decorrelated, 7, CAP as u64);
        assert_eq!(most, CAP);
    }
}

//! Oracles for tests: closed forms of queueing theory, each with its source and worked numbers.
//!
//! Times and rates are in whatever unit the caller chooses, the same throughout. Loads must be below 1 where
//! a queue has no bound.

pub mod closed;
pub mod fanout;
pub mod finite;
pub mod general;
pub mod markov;
pub mod network;
pub mod policy;
pub mod staleness;

use tarsier_random::num::bisect;

/// Where a distribution function on the positive numbers reaches `p`, searched from a value of the right
/// size.
fn invert(p: f64, size: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    if cdf(0.0) >= p {
        return 0.0;
    }
    let mut high = size;
    while cdf(high) < p {
        high *= 2.0;
    }
    bisect(0.0, high, |x| cdf(x) >= p)
}

#[cfg(test)]
mod check {
    /// Asserts that a number is the expected one in all the digits given, six or seven of them.
    #[track_caller]
    pub(crate) fn check(found: f64, expected: f64) {
        check_within(found, expected, 1e-6);
    }

    #[track_caller]
    pub(crate) fn check_within(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1e-9),
            "{found} is not {expected}"
        );
    }
}

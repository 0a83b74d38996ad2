//! Distributions of durations as plain data, in nanoseconds.

use std::sync::Arc;

/// A distribution of non-negative durations; parameters are in nanoseconds unless they are pure numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    Constant(f64),
    /// Exponential.
    Exp { mean: f64 },
    Uniform { low: f64, high: f64 },
    /// Normal, cut at zero (what would be negative is zero).
    Normal { mean: f64, sd: f64 },
    /// `exp(N(mu, sigma))` nanoseconds.
    Lognormal { mu: f64, sigma: f64 },
    Gamma { shape: f64, scale: f64 },
    /// The sum of `k` exponentials; `mean` is the mean of the sum.
    Erlang { k: u32, mean: f64 },
    /// Two exponentials, the first with probability `share`.
    HyperExp { share: f64, mean1: f64, mean2: f64 },
    Weibull { scale: f64, shape: f64 },
    /// Pareto from `min`, cut at `max` (infinite for none): what would exceed it is drawn again.
    Pareto { min: f64, alpha: f64, max: f64 },
    /// One of several, by chance; shares sum to 1.
    Mix(Vec<(f64, Law)>),
    /// Each of the values equally likely.
    Empirical(Arc<[f64]>),
    Sum(Vec<Law>),
}

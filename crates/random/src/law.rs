//! Distributions of durations as plain data, in nanoseconds.

use std::fmt;
use std::sync::Arc;

use crate::num;

/// A distribution of non-negative durations; parameters are in nanoseconds unless they are pure numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    Constant(f64),
    /// Exponential.
    Exp {
        mean: f64,
    },
    Uniform {
        low: f64,
        high: f64,
    },
    /// Normal, cut at zero (what would be negative is zero).
    Normal {
        mean: f64,
        sd: f64,
    },
    /// `exp(N(mu, sigma))` nanoseconds.
    Lognormal {
        mu: f64,
        sigma: f64,
    },
    Gamma {
        shape: f64,
        scale: f64,
    },
    /// The sum of `k` exponentials; `mean` is the mean of the sum.
    Erlang {
        k: u32,
        mean: f64,
    },
    /// Two exponentials, the first with probability `share`.
    HyperExp {
        share: f64,
        mean1: f64,
        mean2: f64,
    },
    Weibull {
        scale: f64,
        shape: f64,
    },
    /// Pareto from `min`, cut at `max` (infinite for none): the law on condition that it is not exceeded, as
    /// if what exceeds it were drawn again.
    Pareto {
        min: f64,
        alpha: f64,
        max: f64,
    },
    /// One of several, by chance; shares sum to 1.
    Mix(Vec<(f64, Law)>),
    /// Each of the values equally likely.
    Empirical(Arc<[f64]>),
    Sum(Vec<Law>),
}

/// Why there is no law with the parameters asked for. The message is a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LawError {
    /// This parameter is zero, negative, infinite or not a number.
    NotPositive(&'static str),
    /// This parameter is negative, infinite or not a number.
    Negative(&'static str),
    /// The 99th percentile is not above the median.
    P99NotAboveMedian,
    /// No mix of exponentials varies less than an exponential.
    CvBelowOne,
}

impl fmt::Display for LawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LawError::NotPositive(name) => write!(f, "`{name}` must be more than zero"),
            LawError::Negative(name) => write!(f, "`{name}` must not be negative"),
            LawError::P99NotAboveMedian => f.write_str("`p99` must be more than `median`"),
            LawError::CvBelowOne => f.write_str(
                "`cv` must be at least 1: no mix of exponentials varies less than one exponential",
            ),
        }
    }
}

impl std::error::Error for LawError {}

/// The standard normal's 99th percentile.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Law {
    pub fn lognormal_median_p99(median: f64, p99: f64) -> Result<Law, LawError> {
        positive("median", median)?;
        positive("p99", p99)?;
        if p99 <= median {
            return Err(LawError::P99NotAboveMedian);
        }
        Ok(Law::Lognormal { mu: num::ln(median), sigma: num::ln(p99 / median) / NORMAL_P99 })
    }

    /// `cv` is the coefficient of variation: standard deviation over mean.
    pub fn lognormal_mean_cv(mean: f64, cv: f64) -> Result<Law, LawError> {
        positive("mean", mean)?;
        not_negative("cv", cv)?;
        let variance = num::ln_1p(cv * cv);
        Ok(Law::Lognormal { mu: num::ln(mean) - variance / 2.0, sigma: variance.sqrt() })
    }

    pub fn gamma_mean_cv(mean: f64, cv: f64) -> Result<Law, LawError> {
        positive("mean", mean)?;
        positive("cv", cv)?;
        Ok(Law::Gamma { shape: 1.0 / (cv * cv), scale: mean * cv * cv })
    }

    /// Two phases with balanced means: each contributes half of the whole mean.
    pub fn hyperexp_mean_cv(mean: f64, cv: f64) -> Result<Law, LawError> {
        positive("mean", mean)?;
        positive("cv", cv)?;
        if cv < 1.0 {
            return Err(LawError::CvBelowOne);
        }
        let square = cv * cv;
        let share = (1.0 + ((square - 1.0) / (square + 1.0)).sqrt()) / 2.0;
        Ok(Law::HyperExp { share, mean1: mean / (2.0 * share), mean2: mean / (2.0 * (1.0 - share)) })
    }

    /// The law of `factor` times the duration.
    pub fn scaled(&self, factor: f64) -> Law {
        match *self {
            Law::Constant(value) => Law::Constant(value * factor),
            Law::Exp { mean } => Law::Exp { mean: mean * factor },
            Law::Uniform { low, high } => Law::Uniform { low: low * factor, high: high * factor },
            Law::Normal { mean, sd } => Law::Normal { mean: mean * factor, sd: sd * factor },
            Law::Lognormal { .. } if factor == 0.0 => Law::Constant(0.0),
            Law::Lognormal { mu, sigma } => Law::Lognormal { mu: mu + num::ln(factor), sigma },
            Law::Gamma { shape, scale } => Law::Gamma { shape, scale: scale * factor },
            Law::Erlang { k, mean } => Law::Erlang { k, mean: mean * factor },
            Law::HyperExp { share, mean1, mean2 } => {
                Law::HyperExp { share, mean1: mean1 * factor, mean2: mean2 * factor }
            }
            Law::Weibull { scale, shape } => Law::Weibull { scale: scale * factor, shape },
            Law::Pareto { .. } if factor == 0.0 => Law::Constant(0.0),
            Law::Pareto { min, alpha, max } => Law::Pareto { min: min * factor, alpha, max: max * factor },
            Law::Mix(ref parts) => {
                Law::Mix(parts.iter().map(|(share, law)| (*share, law.scaled(factor))).collect())
            }
            Law::Empirical(ref values) => Law::Empirical(values.iter().map(|value| value * factor).collect()),
            Law::Sum(ref parts) => Law::Sum(parts.iter().map(|law| law.scaled(factor)).collect()),
        }
    }
}

fn positive(name: &'static str, value: f64) -> Result<(), LawError> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(LawError::NotPositive(name)) }
}

fn not_negative(name: &'static str, value: f64) -> Result<(), LawError> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { Err(LawError::Negative(name)) }
}

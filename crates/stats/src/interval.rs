//! Confidence intervals from batches of simulated time.
//!
//! Values that follow each other in a queue are alike, so their number says little of how much is known.
//! Sums over long enough batches are nearly independent. The batches of one run are merged in pairs until no
//! correlation of neighbours is seen any more, the correlation that may still be there widens the interval,
//! and Student's t is corrected for the skewness of the batches: the steps of Skart (Tafazzoli & Wilson:
//! Skart: a skewness- and autoregression-adjusted batch-means procedure, IIE Transactions 43(2), 2011), in a
//! simpler form for a fixed number of batches. Batches of equal time hold varying numbers of customers, so
//! the mean is a ratio of two sums and its spread that of the residuals (Cochran: Sampling Techniques, 1977,
//! ch. 6).
//!
//! What that is worth, of a nominal 95%, simulated 300 times a line (`tests/it/coverage.rs` does it again):
//! the share of the intervals given that contain the truth, and their half width relative to it. No interval
//! is given where the record is too short for an honest one; up to there, most are.
//!
//! | queue | runs × customers | mean | p50 | p99 |
//! | --- | --- | --- | --- | --- |
//! | independent | 1 × 500 | 95.7% of 300 (±9.5%) | 96.3% of 300 (±13.8%) | 91.5% of 199 (±20.4%) |
//! | independent | 1 × 5000 | 96.0% of 299 (±3.0%) | 97.0% of 299 (±4.4%) | 96.7% of 299 (±7.1%) |
//! | independent | 1 × 50000 | 95.3% of 300 (±0.9%) | 93.0% of 300 (±1.4%) | 97.7% of 300 (±2.0%) |
//! | M/M/1 at 0.5 | 1 × 5000 | 94.7% of 300 (±10.3%) | 95.7% of 300 (±8.2%) | 97.2% of 247 (±25.1%) |
//! | M/M/1 at 0.5 | 1 × 20000 | 95.7% of 300 (±4.7%) | 97.0% of 300 (±4.1%) | 97.0% of 300 (±11.7%) |
//! | M/M/1 at 0.8 | 1 × 20000 | 96.6% of 295 (±16.2%) | 98.0% of 295 (±11.1%) | 97.6% of 41 (±26.4%) |
//! | M/M/1 at 0.8 | 1 × 60000 | 94.9% of 297 (±8.3%) | 94.9% of 297 (±6.4%) | 98.2% of 282 (±23.8%) |
//! | M/M/1 at 0.9 | 1 × 20000 | 93.0% of 273 (±32.1%) | 95.2% of 293 (±23.7%) | none |
//! | M/M/1 at 0.9 | 1 × 200000 | 93.9% of 297 (±10.3%) | 94.9% of 297 (±7.3%) | 98.4% of 249 (±26.7%) |
//! | M/D/1 at 0.8 | 1 × 5000 | 95.6% of 296 (±21.8%) | 97.0% of 297 (±12.2%) | 0.0% of 1 (±17.0%) |
//! | M/D/1 at 0.8 | 1 × 20000 | 95.3% of 298 (±8.3%) | 96.3% of 298 (±6.1%) | 99.5% of 217 (±25.6%) |
//! | M/D/1 at 0.8 | 1 × 60000 | 96.0% of 298 (±4.6%) | 95.3% of 298 (±3.5%) | 99.0% of 298 (±15.1%) |
//! | M/D/1 at 0.9 | 1 × 20000 | 94.1% of 289 (±21.5%) | 95.9% of 294 (±14.2%) | none |
//! | M/D/1 at 0.9 | 1 × 100000 | 95.3% of 300 (±8.8%) | 95.0% of 300 (±6.2%) | 97.6% of 247 (±24.9%) |
//! | M/H2/1 at 0.8 | 1 × 20000 | 93.2% of 292 (±36.0%) | 94.6% of 296 (±35.6%) | none |
//! | M/H2/1 at 0.8 | 1 × 200000 | 94.0% of 300 (±9.8%) | 97.0% of 300 (±11.2%) | 97.6% of 294 (±22.2%) |
//! | M/M/1 at 0.8 | 3 × 20000 | 93.7% of 300 (±18.7%) | 96.0% of 300 (±11.2%) | 97.0% of 300 (±30.7%) |
//! | M/M/1 at 0.8 | 5 × 20000 | 94.3% of 300 (±10.9%) | 94.0% of 300 (±5.8%) | 96.3% of 300 (±21.0%) |
//! | M/M/1 at 0.8 | 10 × 20000 | 95.3% of 300 (±4.9%) | 96.0% of 300 (±3.6%) | 94.7% of 300 (±10.9%) |

use crate::student::t_quantile;

/// Where the true value lies, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// So many customers in a batch, and the sum of what is counted over them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) count: f64,
    pub(crate) sum: f64,
}

/// What the batches say of a mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    mean: f64,
    /// The standard error of the mean.
    pub(crate) error: f64,
    count: f64,
    batches: f64,
    /// Of the batches, not of the values.
    skewness: f64,
}

/// Fewer batches of one run than this tell nothing of their correlation, and are not merged further.
const FEWEST: usize = 16;
/// A correlation of neighbours this many standard deviations above none is taken for one: one chance in ten.
const SIGNIFICANT: f64 = 1.28;
/// If the fewest batches are still as alike as this, the run is too short.
const TOO_ALIKE: f64 = 2.0;
/// More of it cannot be told from a trend.
const CORRELATION_MAX: f64 = 0.8;
/// The probability below the upper end of a 95% interval.
const UPPER: f64 = 0.975;

impl Spread {
    /// `None` if there are too few batches or no customers.
    pub(crate) fn of_run(batches: &[Batch]) -> Option<Spread> {
        if batches.len() < FEWEST {
            return None;
        }
        let mut batches = batches.to_vec();
        loop {
            let residuals = Residuals::new(&batches)?;
            let n = batches.len();
            let seen = residuals.correlation() * (n as f64).sqrt();
            if n / 2 < FEWEST && seen >= TOO_ALIKE {
                return None;
            }
            if seen < SIGNIFICANT || n / 2 < FEWEST {
                return Some(residuals.spread(widening(residuals.correlation(), n as f64)));
            }
            batches = batches.chunks(2).map(merge).collect();
        }
    }

    /// Each batch is an independent run.
    pub(crate) fn of_replications(batches: &[Batch]) -> Option<Spread> {
        if batches.len() < 2 {
            return None;
        }
        Some(Residuals::new(batches)?.spread(1.0))
    }

    pub(crate) fn interval(&self) -> Interval {
        let t = self.t();
        let (up, down) = (self.unskewed(t), self.unskewed(-t));
        Interval { low: self.mean - up * self.error, high: self.mean - down * self.error }
    }

    /// How far the truth may be from the mean, were there no skewness.
    pub(crate) fn half_width(&self) -> f64 {
        self.t() * self.error
    }

    /// How many values of this variance tell no more of their mean than one independent value would.
    pub(crate) fn redundancy(&self, variance: f64) -> f64 {
        if variance > 0.0 { (self.error * self.error * self.count / variance).max(1.0) } else { 1.0 }
    }

    fn t(&self) -> f64 {
        t_quantile(self.batches - 1.0, UPPER)
    }

    /// What a quantile of Student's t becomes if the batches are skewed (Willink: A confidence interval and
    /// test for the mean of an asymmetric distribution, Commun. Stat. Theory Methods 34(4), 2005).
    fn unskewed(&self, t: f64) -> f64 {
        let beta = self.skewness / (6.0 * self.batches.sqrt());
        if beta.abs() < 1e-4 {
            return t;
        }
        (libm::cbrt(1.0 + 6.0 * beta * (t - beta)) - 1.0) / (2.0 * beta)
    }
}

/// By how much correlation of the batches widens the variance of their mean. The estimate of a correlation
/// is about `(1 + 4φ)/n` too small (Marriott & Pope: Bias in the estimation of autocorrelations, Biometrika
/// 41, 1954).
fn widening(correlation: f64, n: f64) -> f64 {
    let phi = (correlation + 4.0 * correlation.max(0.0) / n).clamp(0.0, CORRELATION_MAX);
    (1.0 + phi) / (1.0 - phi)
}

fn merge(batches: &[Batch]) -> Batch {
    batches
        .iter()
        .fold(Batch { count: 0.0, sum: 0.0 }, |a, b| Batch { count: a.count + b.count, sum: a.sum + b.sum })
}

/// What each batch's sum is above what its number of customers would have it.
struct Residuals {
    mean: f64,
    count: f64,
    residuals: Vec<f64>,
    squares: f64,
}

impl Residuals {
    fn new(batches: &[Batch]) -> Option<Residuals> {
        let all = merge(batches);
        if all.count <= 0.0 {
            return None;
        }
        let mean = all.sum / all.count;
        let residuals: Vec<f64> = batches.iter().map(|batch| batch.sum - mean * batch.count).collect();
        let squares = residuals.iter().map(|d| d * d).sum();
        Some(Residuals { mean, count: all.count, residuals, squares })
    }

    /// Of neighbours, corrected for the `1/n` it is too small without any.
    fn correlation(&self) -> f64 {
        if self.squares <= 0.0 {
            return 0.0;
        }
        let products: f64 = self.residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
        products / self.squares + 1.0 / self.residuals.len() as f64
    }

    fn spread(&self, widening: f64) -> Spread {
        let n = self.residuals.len() as f64;
        Spread {
            mean: self.mean,
            error: (widening * self.squares * n / (n - 1.0)).sqrt() / self.count,
            count: self.count,
            batches: n,
            skewness: self.skewness(),
        }
    }

    fn skewness(&self) -> f64 {
        let n = self.residuals.len() as f64;
        if self.squares <= 0.0 || n < 3.0 {
            return 0.0;
        }
        let cubes: f64 = self.residuals.iter().map(|d| d * d * d).sum();
        let variance = self.squares / n;
        cubes / n / (variance * variance.sqrt()) * (n * (n - 1.0)).sqrt() / (n - 2.0)
    }
}

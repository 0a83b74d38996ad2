//! Confidence intervals from batches of simulated time.
//!
//! Values that follow each other in a queue are alike, so their number says little of how much is known.
//! Sums over long enough batches are nearly independent. The batches of one run are merged in pairs until no
//! correlation of neighbours is seen any more, the correlation that may still be there widens the interval, and
//! Student's t is corrected for the skewness of the batches: the steps of Skart (Tafazzoli & Wilson: Skart: a
//! skewness- and autoregression-adjusted batch-means procedure, IIE Transactions 43(2), 2011), in a simpler
//! form for a fixed number of batches. Batches of equal time hold varying numbers of customers, so the
//! mean is a ratio of two sums and its spread that of the residuals (Cochran: Sampling Techniques, 1977, ch. 6).

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

    /// What a quantile of Student's t becomes if the batches are skewed (Willink: A confidence interval and test
    /// for the mean of an asymmetric distribution, Commun. Stat. Theory Methods 34(4), 2005).
    fn unskewed(&self, t: f64) -> f64 {
        let beta = self.skewness / (6.0 * self.batches.sqrt());
        if beta.abs() < 1e-4 {
            return t;
        }
        (libm::cbrt(1.0 + 6.0 * beta * (t - beta)) - 1.0) / (2.0 * beta)
    }
}

/// By how much correlation of the batches widens the variance of their mean. The estimate of a correlation is
/// about `(1 + 4φ)/n` too small (Marriott & Pope: Bias in the estimation of autocorrelations, Biometrika 41, 1954).
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

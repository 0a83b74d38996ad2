//! Confidence intervals from batches.

use crate::histogram::Histogram;
use crate::student;

/// Where the true value lies, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// So many customers in a batch, and the sum of what they count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) count: f64,
    pub(crate) sum: f64,
}

/// The interval of the sum of all sums over the sum of all counts.
pub(crate) fn ratio(batches: &[Batch], independent: bool) -> Option<Interval> {
    let n = batches.len();
    let count: f64 = batches.iter().map(|b| b.count).sum();
    if n < 2 || count <= 0.0 || (!independent && n < 10) {
        return None;
    }
    let mean = batches.iter().map(|b| b.sum).sum::<f64>() / count;
    let squares: f64 = batches.iter().map(|b| b.sum - mean * b.count).map(|d| d * d).sum();
    let error = (n as f64 * squares / (n as f64 - 1.0)).sqrt() / count;
    let half = student::t_quantile(n as f64 - 1.0, 0.975) * error;
    Some(Interval { low: mean - half, high: mean + half })
}

/// The quantiles at two shares; `None` if a share is none, for then the quantile is beyond what was recorded.
pub(crate) fn through(total: &Histogram, low: f64, high: f64) -> Option<Interval> {
    if low <= 0.0 || high >= 1.0 {
        return None;
    }
    Some(Interval { low: total.quantile(low)?, high: total.quantile(high)? })
}

//! Means and trends of a short series, with 99% intervals by Student's t.

use std::ops::Range;

use tarsier_stats::t_quantile;

/// Into how many stretches a time is cut.
const STRETCHES: usize = 12;
/// The probability below the upper end of a 99% interval.
const UPPER: f64 = 0.995;
/// A trend that changes less than this share of a figure is none.
const LEAST_CHANGE: f64 = 0.05;

/// A value and how far the truth may be from it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Estimate {
    pub(crate) mean: f64,
    reach: f64,
}

impl Estimate {
    /// The mean of independent values; of fewer than two nothing is known.
    pub(crate) fn of(values: &[f64]) -> Estimate {
        let n = values.len() as f64;
        if n < 2.0 {
            return Estimate { mean: mean(values), reach: f64::INFINITY };
        }
        let mean = mean(values);
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        Estimate { mean, reach: t_quantile(n - 1.0, UPPER) * error }
    }

    pub(crate) fn low(&self) -> f64 {
        self.mean - self.reach
    }

    fn high(&self) -> f64 {
        self.mean + self.reach
    }
}

/// By how much a series rises from one value to the next: a straight line through it. None through fewer than three.
pub(crate) fn slope(values: &[f64]) -> Option<Estimate> {
    let n = values.len() as f64;
    if n < 3.0 {
        return None;
    }
    let (middle, mean) = ((n - 1.0) / 2.0, mean(values));
    let places = || values.iter().enumerate().map(|(at, value)| (at as f64 - middle, value - mean));
    let spread: f64 = places().map(|(at, _)| at * at).sum();
    let slope = places().map(|(at, above)| at * above).sum::<f64>() / spread;
    let squares: f64 = places().map(|(at, above)| (above - slope * at) * (above - slope * at)).sum();
    let error = (squares / (n - 2.0) / spread).sqrt();
    Some(Estimate { mean: slope, reach: t_quantile(n - 2.0, UPPER) * error })
}

/// Whether a series surely falls, and by more than is negligible beside `reference`.
pub(crate) fn falls(values: &[f64], reference: f64) -> bool {
    let falls = |slope: Estimate| {
        slope.high() < 0.0 && -slope.mean * (values.len() - 1) as f64 >= LEAST_CHANGE * reference
    };
    slope(values).is_some_and(falls)
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The mean of each stretch.
pub(crate) fn means(values: &[f64]) -> Vec<f64> {
    stretches(values.len()).map(|range| mean(&values[range])).collect()
}

/// Nearly equal parts of so many buckets, none empty.
pub(crate) fn stretches(n: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = STRETCHES.min(n);
    (0..parts).map(move |part| n * part / parts..n * (part + 1) / parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One to five: mean 3, variance 2.5, Student's factor for four degrees 4.604.
    #[test]
    fn means_have_students_interval() {
        let estimate = Estimate::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(estimate.mean, 3.0);
        assert!((estimate.low() - (3.0 - 4.604_095 * 0.5_f64.sqrt())).abs() < 1e-5);
        assert_eq!(Estimate::of(&[7.0]).low(), f64::NEG_INFINITY);
    }

    #[test]
    fn a_line_has_its_slope() {
        let estimate = slope(&[5.0, 3.0, 1.0, -1.0]).expect("four are enough");
        assert_eq!((estimate.mean, estimate.reach), (-2.0, 0.0));
        assert_eq!(slope(&[1.0, 2.0]), None);
    }

    #[test]
    fn what_only_wavers_does_not_fall() {
        let wavers: Vec<f64> = (0..12).map(|n| 100.0 + f64::from(n * 7 % 5)).collect();
        assert!(!falls(&wavers, 100.0));
        let falling: Vec<f64> = wavers.iter().enumerate().map(|(n, value)| value - 2.0 * n as f64).collect();
        assert!(falls(&falling, 100.0));
        assert!(!falls(&falling, 1_000.0), "2% is negligible");
    }

    #[test]
    fn stretches_cover_everything_once() {
        for n in [1, 5, 12, 13, 100] {
            let all: Vec<usize> = stretches(n).flatten().collect();
            assert_eq!(all, Vec::from_iter(0..n));
            assert!(stretches(n).all(|range| !range.is_empty()));
        }
        assert_eq!(means(&[1.0, 2.0]), [1.0, 2.0]);
    }
}

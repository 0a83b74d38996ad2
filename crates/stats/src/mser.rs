//! How long the start of a series is unlike the rest: the marginal standard error rule.
//!
//! Of all truncation points, that one is best after which the mean of the rest has the smallest standard
//! error: dropping a biased start shrinks the spread by more than the loss of data costs. White: An
//! effective truncation heuristic for bias reduction in simulation output, Simulation 69(6), 1997; over
//! means of five as MSER-5: White, Cobb & Spratt, WSC 2000.

/// Shorter series tell nothing.
const SHORTEST: usize = 10;

/// How many leading values to drop. `None` if the series is too short, or if dropping its whole first half is
/// best: then all of it may be a transient. The second half is not looked at: there so few values are left
/// that some happen to agree, which says nothing of the many before them.
pub fn truncation(values: &[f64]) -> Option<usize> {
    let n = values.len();
    if n < SHORTEST {
        return None;
    }
    // Shifting by the mean keeps the difference of squares below exact enough.
    let center = values.iter().sum::<f64>() / n as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, n);
    for (index, value) in values.iter().enumerate().rev() {
        let shifted = value - center;
        sum += shifted;
        squares += shifted * shifted;
        let rest = (n - index) as f64;
        let error = (squares - sum * sum / rest).max(0.0) / (rest * rest);
        if index <= n / 2 && error <= best.0 {
            best = (error, index);
        }
    }
    (best.1 < n / 2).then_some(best.1)
}

/// The rule over means of five values each, as it is commonly used on raw values.
pub fn mser5(values: &[f64]) -> Option<usize> {
    let means: Vec<f64> = values.chunks_exact(5).map(|five| five.iter().sum::<f64>() / 5.0).collect();
    truncation(&means).map(|dropped| dropped * 5)
}

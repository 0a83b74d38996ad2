//! Laws to try everything on, and the measures of how well draws agree with them.

use tarsier_random::{Law, Stream};

/// One or more of every kind of law, with a name.
pub(crate) fn all_laws() -> Vec<(&'static str, Law)> {
    let lognormal = Law::lognormal_median_p99(1e6, 4e6).expect("p99 is above the median");
    let empirical = [4e6, 1e6, 2e6, 2e6, 8e6];
    vec![
        ("constant", Law::Constant(2e6)),
        ("exp", Law::Exp { mean: 1e6 }),
        ("uniform", Law::Uniform { low: 1e6, high: 3e6 }),
        ("normal", Law::Normal { mean: 5e6, sd: 1e6 }),
        ("normal cut", Law::Normal { mean: 1e6, sd: 1e6 }),
        ("lognormal", lognormal.clone()),
        ("lognormal cv", Law::lognormal_mean_cv(1e6, 1.5).expect("positive")),
        ("gamma", Law::gamma_mean_cv(5e6, 0.5).expect("positive")),
        ("gamma below 1", Law::gamma_mean_cv(5e6, 2.0).expect("positive")),
        ("erlang", Law::Erlang { k: 3, mean: 5e6 }),
        ("erlang of many", Law::Erlang { k: 50, mean: 5e6 }),
        ("hyperexp", Law::hyperexp_mean_cv(5e6, 2.0).expect("cv is above 1")),
        ("weibull", Law::Weibull { scale: 5e6, shape: 0.7 }),
        ("pareto", Law::Pareto { min: 1e6, alpha: 5.5, max: f64::INFINITY }),
        ("pareto cut", Law::Pareto { min: 1e6, alpha: 1.5, max: 1e8 }),
        ("mix", Law::Mix(vec![(0.9, Law::Exp { mean: 1e6 }), (0.1, Law::Exp { mean: 20e6 })])),
        ("empirical", Law::Empirical(empirical.into())),
        ("shifted exp", Law::Sum(vec![Law::Constant(2e6), Law::Exp { mean: 1e6 }])),
        ("shifted lognormal", Law::Sum(vec![Law::Constant(2e6), lognormal.clone()])),
        ("sum", Law::Sum(vec![Law::Exp { mean: 1e6 }, lognormal, Law::Constant(1e6)])),
    ]
}

pub(crate) fn draws(count: usize, name: &str, mut draw: impl FnMut(&mut Stream) -> f64) -> Vec<f64> {
    let mut stream = Stream::named(2026, &["test", name], &[]);
    (0..count).map(|_| draw(&mut stream)).collect()
}

/// Asserts that a mean is the expected one, within six standard errors, and that six are few: a bug of a few
/// percent would be seen.
#[track_caller]
pub(crate) fn check_mean(name: &str, values: impl Iterator<Item = f64> + Clone, expected: f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean) * (value - mean)).sum::<f64>() / n;
    let bound = 6.0 * (variance / n).sqrt();
    assert!(bound <= 0.1 * expected.abs().max(0.2), "{name}: the test is too weak, {bound} for {expected}");
    // The last bits of constants are no statistics.
    assert!((mean - expected).abs() <= bound + 1e-9 * expected.abs(), "{name}: {mean} is not {expected}");
}

/// Asserts that the largest distance between the empirical distribution function and the true one is no
/// larger than in all but 1 of 10^4 samples (Kolmogorov & Smirnov). The law may have atoms.
#[track_caller]
pub(crate) fn check_distribution(name: &str, mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let mut start = 0;
    let mut distance: f64 = 0.0;
    for group in values.chunk_by(|a, b| a == b) {
        let end = start + group.len();
        let (before, at) = (cdf(group[0].next_down()), cdf(group[0]));
        distance = distance.max((start as f64 / n - before).abs()).max((end as f64 / n - at).abs());
        start = end;
    }
    assert!(distance * n.sqrt() < 2.23, "{name}: off by {distance} with {n} draws");
}

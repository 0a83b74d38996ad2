//! What a law says of itself, and what it takes to make one.

use tarsier_random::{Law, LawError, Sampler, Stream, num};

use crate::support::all_laws;

#[track_caller]
fn check(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found} is not {expected}");
}

fn quantile(law: &Law, p: f64) -> f64 {
    law.quantile(p).expect("the distribution is known")
}

#[test]
fn a_lognormal_has_the_median_and_the_p99_asked_for() {
    let law = Law::lognormal_median_p99(1e6, 4e6).expect("p99 is above the median");
    check(quantile(&law, 0.5), 1e6);
    check(quantile(&law, 0.99), 4e6);
}

#[test]
fn mean_and_variation_are_those_asked_for() {
    for cv in [1.0, 1.5, 3.0] {
        for law in
            [Law::lognormal_mean_cv(2e6, cv), Law::gamma_mean_cv(2e6, cv), Law::hyperexp_mean_cv(2e6, cv)]
        {
            let law = law.expect("all of these exist");
            check(law.mean().expect("finite"), 2e6);
            check(law.cv2().expect("finite"), cv * cv);
        }
    }
}

/// Whitt: Approximating a point process by a renewal process, Oper. Res. 30(1), 1982, gives the phases for a
/// squared coefficient of variation of 4: 88.73% at rate 1.7746, the rest at 0.2254.
#[test]
fn phases_of_a_hyperexponential_are_balanced() {
    let Ok(Law::HyperExp { share, mean1, mean2 }) = Law::hyperexp_mean_cv(1.0, 2.0) else {
        panic!("not a hyperexponential");
    };
    check(share, 0.887_298_334_6);
    check(1.0 / mean1, 1.774_596_669);
    check(1.0 / mean2, 0.225_403_330_8);
    check(share * mean1, (1.0 - share) * mean2);
}

#[test]
fn impossible_parameters_are_named() {
    let nan = f64::NAN;
    let cases = [
        (Law::lognormal_median_p99(2.0, 2.0), LawError::P99NotAboveMedian),
        (Law::lognormal_median_p99(0.0, 2.0), LawError::NotPositive("median")),
        (Law::lognormal_median_p99(1.0, f64::INFINITY), LawError::NotPositive("p99")),
        (Law::lognormal_mean_cv(-1.0, 1.0), LawError::NotPositive("mean")),
        (Law::lognormal_mean_cv(1.0, -1.0), LawError::Negative("cv")),
        (Law::gamma_mean_cv(1.0, nan), LawError::NotPositive("cv")),
        (Law::gamma_mean_cv(nan, 1.0), LawError::NotPositive("mean")),
        (Law::hyperexp_mean_cv(1.0, 0.5), LawError::CvBelowOne),
        (Law::hyperexp_mean_cv(1.0, nan), LawError::NotPositive("cv")),
    ];
    for (law, error) in cases {
        assert_eq!(law, Err(error));
    }
    assert_eq!(LawError::NotPositive("cv").to_string(), "`cv` must be more than zero");
}

/// Each formula in a second way: `∫ Q(p) dp` and `∫ Q(p)² dp`, by the midpoint rule.
#[test]
fn moments_are_integrals_of_the_quantiles() {
    const STEPS: u32 = 50_000;
    for (name, law) in all_laws() {
        if law.quantile(0.5).is_none()
            || matches!(law, Law::Mix(_) | Law::HyperExp { .. } | Law::Gamma { .. })
        {
            // Not known, or found by slow search: those moments are checked by drawing.
            continue;
        }
        let quantiles = (0..STEPS).map(|i| quantile(&law, (f64::from(i) + 0.5) / f64::from(STEPS)));
        let (sum, squares) = quantiles.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let n = f64::from(STEPS);
        let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.01;
        assert!(close(sum / n, law.mean().expect("finite")), "the mean of {name}");
        assert!(close(squares / n, law.second_moment().expect("finite")), "the second moment of {name}");
    }
}

#[test]
fn infinite_moments_are_none() {
    let pareto = |alpha| Law::Pareto { min: 1.0, alpha, max: f64::INFINITY };
    assert_eq!((pareto(1.0).mean(), pareto(1.5).second_moment(), pareto(1.5).cv2()), (None, None, None));
    check(pareto(1.5).mean().expect("finite"), 3.0);
    check(pareto(3.0).second_moment().expect("finite"), 3.0);
    let sum = Law::Sum(vec![Law::Constant(1.0), pareto(1.0)]);
    assert_eq!(sum.mean(), None);
    assert_eq!(Law::Constant(0.0).cv2(), None);
}

#[test]
fn moments_of_a_cut_pareto_are_continuous_in_alpha() {
    let cut = |alpha| Law::Pareto { min: 1.0, alpha, max: 100.0 };
    for alpha in [1.0, 2.0] {
        let pairs = [Law::mean, Law::second_moment].map(|f| (f(&cut(alpha)), f(&cut(alpha + 1e-9))));
        for (at, beside) in pairs {
            check(at.expect("finite"), beside.expect("finite"));
        }
    }
}

#[test]
fn quantiles_invert_the_distribution_function() {
    for (name, law) in all_laws() {
        let continuous = !matches!(law, Law::Constant(_) | Law::Empirical(_) | Law::Sum(_));
        for p in [0.2, 0.5, 0.9, 0.99, 0.999] {
            let Some(x) = law.quantile(p) else { continue };
            let reached = law.cdf(x * (1.0 + 1e-12)).expect("known as well");
            assert!(reached >= p, "{name}: only {reached} up to its quantile {p}");
            assert!(!continuous || reached - p < 1e-6, "{name}: already {reached} up to its quantile {p}");
        }
    }
}

/// The floor put under a law for a look-ahead: never more of the draws below it than asked for.
#[test]
fn low_quantiles_are_low_enough_and_not_too_low() {
    for (name, law) in all_laws() {
        for p in [1e-3, 1e-9] {
            let low = law.low_quantile(p);
            assert!(low >= law.floor(), "{name}: {low} is below the floor");
            if let Some(below) = law.cdf(low.next_down()) {
                let atom = matches!(law, Law::Normal { .. });
                assert!(
                    below <= p * 1.000_1 || (atom && low == 0.0),
                    "{name}: {below} of it lies below {low}"
                );
            }
        }
    }
    let positive = ["lognormal", "lognormal cv", "erlang", "erlang of many", "shifted exp", "sum"];
    for (name, law) in all_laws().iter().filter(|(name, _)| positive.contains(name)) {
        assert!(law.low_quantile(1e-9) > 500.0, "{name} could have a floor of half a microsecond");
    }
}

/// A scaled law draws scaled values from the same numbers.
#[test]
fn scaling_a_law_scales_its_draws() {
    for (name, law) in all_laws() {
        let scaled = law.scaled(2.5);
        check(scaled.mean().expect("finite"), 2.5 * law.mean().expect("finite"));
        let (plain, scaled) = (Sampler::new(&law), Sampler::new(&scaled));
        let mut streams = [Stream::named(1, &[name], &[]); 2];
        for _ in 0..1_000 {
            check(scaled.sample(&mut streams[0]), 2.5 * plain.sample(&mut streams[1]));
        }
        assert_eq!(streams[0], streams[1], "both have drawn the same numbers");
    }
}

#[test]
fn scaling_by_zero_leaves_nothing() {
    for (name, law) in all_laws() {
        let sampler = Sampler::new(&law.scaled(0.0));
        let mut stream = Stream::named(1, &[name], &[]);
        assert!((0..100).all(|_| sampler.sample(&mut stream) == 0.0), "{name}");
    }
}

#[test]
fn an_exponential_is_a_gamma_and_an_erlang() {
    let laws = [
        Law::Exp { mean: 2.0 },
        Law::Gamma { shape: 1.0, scale: 2.0 },
        Law::Erlang { k: 1, mean: 2.0 },
        Law::Weibull { scale: 2.0, shape: 1.0 },
        Law::HyperExp { share: 0.5, mean1: 2.0, mean2: 2.0 },
    ];
    for law in laws {
        check(law.mean().expect("finite"), 2.0);
        check(law.second_moment().expect("finite"), 8.0);
        check(quantile(&law, 0.9), 2.0 * num::ln(10.0));
    }
}

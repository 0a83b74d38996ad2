//! Draws against what their law says.

use tarsier_random::{Law, Sampler, Stream};

use crate::support::{all_laws, check_distribution, check_mean, draws};

const MANY: usize = 400_000;

#[test]
fn draws_have_the_mean_of_their_law() {
    for (name, law) in all_laws() {
        let sampler = Sampler::new(&law);
        let values = draws(MANY, name, |stream| sampler.sample(stream));
        check_mean(name, values.into_iter(), law.mean().expect("finite"));
    }
}

#[test]
fn draws_have_the_variance_of_their_law() {
    for (name, law) in all_laws() {
        let sampler = Sampler::new(&law);
        let values = draws(4 * MANY, name, |stream| sampler.sample(stream));
        let mean = law.mean().expect("finite");
        let deviations = values.iter().map(|value| (value / mean - 1.0).powi(2));
        if !matches!(law, Law::Pareto { .. } | Law::Constant(_)) {
            check_mean(name, deviations, law.cv2().expect("finite"));
        }
    }
}

#[test]
fn draws_have_the_distribution_of_their_law() {
    for (name, law) in all_laws() {
        if law.cdf(1.0).is_some() {
            let sampler = Sampler::new(&law);
            let values = draws(MANY, name, |stream| sampler.sample(stream));
            check_distribution(name, values, |x| law.cdf(x).expect("known"));
        }
    }
}

#[test]
fn draws_are_not_negative_nor_below_the_floor() {
    for (name, law) in all_laws() {
        let sampler = Sampler::new(&law);
        // Rounding may take the last bit.
        let floor = law.floor() * (1.0 - 1e-15);
        assert!(floor >= 0.0);
        assert!(
            draws(MANY, name, |stream| sampler.sample(stream)).iter().all(|&value| value >= floor),
            "{name}"
        );
    }
}

#[test]
fn a_floor_lifts_what_is_below_it_and_nothing_else() {
    for (name, law) in all_laws() {
        let floor = law.quantile(0.3).unwrap_or(2.2e6);
        let (plain, floored) = (Sampler::new(&law), Sampler::with_floor(&law, floor));
        let mut streams = [Stream::named(1, &[name], &[]); 2];
        for _ in 0..10_000 {
            let (before, after) = (plain.sample(&mut streams[0]), floored.sample(&mut streams[1]));
            assert_eq!(after, before.max(floor), "{name}");
        }
        assert_eq!(streams[0], streams[1], "both have drawn the same numbers");
    }
}

#[test]
fn nanoseconds_are_rounded_to_the_nearest() {
    let nanos = |value| Sampler::new(&Law::Constant(value)).sample_nanos(&mut Stream::named(1, &[], &[]));
    let cases =
        [(0.0, 0), (0.4, 0), (0.5, 1), (1.499, 1), (2e9, 2_000_000_000), (f64::INFINITY, i64::MAX as u64)];
    for (value, expected) in cases {
        assert_eq!(nanos(value), expected);
    }
}

#[test]
fn a_sampler_is_half_a_cache_line() {
    assert!(size_of::<Sampler>() <= 32);
}

/// Constants within a sum cost no draw, however deep they are.
#[test]
fn sums_are_flattened() {
    let inner = Law::Sum(vec![Law::Constant(1e6), Law::Exp { mean: 1e6 }]);
    let nested = Law::Sum(vec![Law::Constant(1e6), Law::Sum(vec![inner])]);
    let flat = Law::Sum(vec![Law::Constant(2e6), Law::Exp { mean: 1e6 }]);
    let (nested, flat) = (Sampler::new(&nested), Sampler::new(&flat));
    let mut streams = [Stream::named(1, &[], &[]); 2];
    for _ in 0..100 {
        assert_eq!(nested.sample(&mut streams[0]), flat.sample(&mut streams[1]));
    }
    let constants = Sampler::new(&Law::Sum(vec![Law::Constant(1.0), Law::Constant(2.0)]));
    let before = streams[0];
    assert_eq!(constants.sample(&mut streams[0]), 3.0);
    assert_eq!(streams[0], before, "a constant draws nothing");
    assert_eq!(Sampler::new(&Law::Sum(Vec::new())).sample(&mut streams[0]), 0.0);
}

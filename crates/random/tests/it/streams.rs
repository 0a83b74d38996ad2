//! The raw numbers: even, independent of their neighbours and of other streams', and of the right shape.

use tarsier_random::{Stream, num};

use crate::support::{check_distribution, check_mean, draws};

const MANY: usize = 1_000_000;

#[test]
fn names_are_told_apart() {
    let streams = [
        Stream::named(1, &["ab", "c"], &[]),
        Stream::named(1, &["a", "bc"], &[]),
        Stream::named(1, &["abc"], &[]),
        Stream::named(1, &["abc", ""], &[]),
        Stream::named(1, &["", "abc"], &[]),
        Stream::named(1, &["abc\0"], &[]),
        Stream::named(1, &["abc"], &[0]),
        Stream::named(1, &["abc"], &[0, 0]),
        Stream::named(1, &["abc"], &[1]),
        Stream::named(1, &[], &[]),
        Stream::named(1, &[], &[0]),
        Stream::named(2, &["abc"], &[]),
    ];
    for (i, a) in streams.iter().enumerate() {
        assert!(!streams[..i].contains(a), "{i} is one of those before");
    }
}

/// Also from one stream to the next by number, as instances of a service have them: every bit of the first
/// numbers is set in half of the streams, and changes from one to the next in half of the cases.
#[test]
fn first_numbers_of_neighbouring_streams_are_unrelated() {
    let firsts: Vec<u64> =
        (0..100_000).map(|i| Stream::named(1, &["service", "work"], &[i]).next_u64()).collect();
    check_bits(&firsts);
    check_bits(&firsts.windows(2).map(|pair| pair[0] ^ pair[1]).collect::<Vec<_>>());
}

#[test]
fn first_numbers_of_neighbouring_seeds_are_unrelated() {
    let firsts: Vec<u64> =
        (0..100_000).map(|seed| Stream::named(seed, &["service"], &[]).next_u64()).collect();
    check_bits(&firsts);
    check_bits(&firsts.windows(2).map(|pair| pair[0] ^ pair[1]).collect::<Vec<_>>());
}

#[test]
fn numbers_of_one_stream_are_even_and_unrelated() {
    let mut stream = Stream::named(1, &["bits"], &[]);
    let numbers: Vec<u64> = (0..100_000).map(|_| stream.next_u64()).collect();
    check_bits(&numbers);
    for lag in [1, 2, 7] {
        check_bits(&numbers.windows(lag + 1).map(|window| window[0] ^ window[lag]).collect::<Vec<_>>());
    }
}

/// Each bit is set in half of the numbers, within five standard deviations.
#[track_caller]
fn check_bits(numbers: &[u64]) {
    let half = numbers.len() as f64 / 2.0;
    for bit in 0..64 {
        let set = numbers.iter().filter(|&&number| number >> bit & 1 == 1).count() as f64;
        assert!(
            (set - half).abs() < 5.0 * (half / 2.0).sqrt(),
            "bit {bit} is set in {set} of {}",
            numbers.len()
        );
    }
}

#[test]
fn units_are_uniform_below_one() {
    let values = draws(MANY, "unit", Stream::unit);
    assert!(values.iter().all(|value| (0.0..1.0).contains(value)));
    check_distribution("unit", values, |x| x.clamp(0.0, 1.0));
}

/// Pearson's statistic of 7 equally likely numbers has mean 6 and standard deviation 3.5.
#[test]
fn numbers_below_a_bound_are_equally_likely() {
    let mut stream = Stream::named(1, &["below"], &[]);
    let mut counts = [0u32; 7];
    (0..700_000).for_each(|_| counts[stream.below(7) as usize] += 1);
    let statistic: f64 = counts.iter().map(|&count| (f64::from(count) - 1e5).powi(2) / 1e5).sum();
    assert!(statistic < 25.0, "{counts:?}");
    assert_eq!(stream.below(1), 0);
    assert_eq!(stream.below(0), 0);
    assert!((0..1_000).any(|_| stream.below(u32::MAX) > u32::MAX / 4 * 3));
}

#[test]
fn never_and_always_are_exact() {
    let mut stream = Stream::named(1, &["chance"], &[]);
    assert!(!(0..MANY).any(|_| stream.chance(0.0)));
    assert!((0..MANY).all(|_| stream.chance(1.0)));
    let hits = draws(MANY, "chance", |stream| f64::from(u8::from(stream.chance(0.3))));
    check_mean("chance", hits.iter().copied(), 0.3);
}

/// Mean, variance, skewness and the fourth moment of a unit exponential are 1, 1, 2 and 9.
#[test]
fn exponential_numbers_are_exponential() {
    let values = draws(4 * MANY, "exp1", Stream::exp1);
    assert!(values.iter().all(|&value| value >= 0.0));
    for (power, expected) in [(1, 1.0), (2, 1.0), (3, 2.0), (4, 9.0)] {
        let moment = values.iter().map(|value| if power == 1 { *value } else { (value - 1.0).powi(power) });
        check_mean("exp1", moment, expected);
    }
    check_distribution("exp1", values, |x| -num::exp_m1(-x.max(0.0)));
}

/// The central moments of a standard normal are 0, 1, 0 and 3.
#[test]
fn normal_numbers_are_normal() {
    let values = draws(4 * MANY, "normal", Stream::normal);
    for (power, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)] {
        check_mean("normal", values.iter().map(|value| value.powi(power)), expected);
    }
    check_distribution("normal", values, num::normal_cdf);
}

/// What lies beyond the start of the tail comes from code of its own, and rarely.
#[test]
fn tails_are_as_heavy_as_they_should_be() {
    let beyond = |values: &[f64], x: f64| values.iter().filter(|value| value.abs() > x).count() as f64;
    let exponential = draws(10 * MANY, "exp1 tail", Stream::exp1);
    let normal = draws(10 * MANY, "normal tail", Stream::normal);
    for x in [6.0, 7.6, 7.697_117, 7.8, 9.0, 11.0] {
        check_count(beyond(&exponential, x), 1e7 * num::exp(-x));
    }
    for x in [3.0, 3.6, 3.654_153, 3.7, 4.0, 4.5] {
        check_count(beyond(&normal, x), 2e7 * num::normal_cdf(-x));
    }
}

#[track_caller]
fn check_count(found: f64, expected: f64) {
    assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found} is not {expected}");
}

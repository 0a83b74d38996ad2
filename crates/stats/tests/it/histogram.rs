//! The histogram against a sorted list of the same values.

use tarsier_random::Stream;
use tarsier_stats::{Histogram, Window};

/// Values of all sizes: a random number of random bits.
fn any_values(stream: &mut Stream, count: usize, bits: u32) -> Vec<u64> {
    (0..count).map(|_| stream.next_u64() >> (64 - bits + stream.below(bits))).collect()
}

fn histogram_of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|&value| histogram.record(value));
    histogram
}

fn window_of(values: &[u64]) -> Window {
    let mut window = Window::new();
    values.iter().for_each(|&value| window.record(value));
    window
}

/// The value of nearest rank.
fn quantile_of(sorted: &[u64], q: f64) -> f64 {
    sorted[((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1] as f64
}

#[test]
fn quantiles_are_within_half_a_percent() {
    let mut stream = Stream::named(1, &["quantiles"], &[]);
    for round in 0..300 {
        let count = 1 + stream.below(2_000) as usize;
        let mut values = any_values(&mut stream, count, 1 + round % 64);
        let histogram = histogram_of(&values);
        values.sort_unstable();
        for q in [0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let (found, exact) = (histogram.quantile(q).expect("there are values"), quantile_of(&values, q));
            assert!((found - exact).abs() <= 0.005 * exact, "q {q} of {count}: {found} is not {exact}");
            assert!(exact >= 256.0 || found == exact, "small values are exact: {found} is not {exact}");
        }
    }
}

#[test]
fn count_sum_and_extremes_are_exact() {
    let mut stream = Stream::named(1, &["exact"], &[]);
    for bits in 1..=64 {
        let values = any_values(&mut stream, 500, bits);
        let histogram = histogram_of(&values);
        assert_eq!(histogram.count(), 500);
        assert_eq!(histogram.sum(), values.iter().map(|&value| u128::from(value)).sum());
        assert_eq!(histogram.min(), values.iter().copied().min());
        assert_eq!(histogram.max(), values.iter().copied().max());
    }
}

#[test]
fn variance_is_that_of_the_values() {
    let mut stream = Stream::named(1, &["variance"], &[]);
    let values: Vec<u64> = (0..10_000).map(|_| (stream.exp1() * 1e6) as u64).collect();
    let mean = values.iter().sum::<u64>() as f64 / 1e4;
    let exact = values.iter().map(|&value| (value as f64 - mean).powi(2)).sum::<f64>() / 1e4;
    let found = histogram_of(&values).variance().expect("there are values");
    assert!((found / exact - 1.0).abs() < 0.005, "{found} is not {exact}");
}

/// Each bucket holds what it says: walking the buckets walks the sorted values.
#[test]
fn buckets_partition_the_values() {
    let mut stream = Stream::named(1, &["buckets"], &[]);
    for bits in 1..=64 {
        let mut values = any_values(&mut stream, 1_000, bits);
        values.sort_unstable();
        let mut rest = values.as_slice();
        let mut above = None;
        for bucket in histogram_of(&values).iter() {
            assert!(above < Some(bucket.low), "buckets ascend");
            assert!(
                bucket.high - bucket.low <= bucket.low / 128,
                "a bucket is narrower than a 128th of its values"
            );
            let (inside, next) = rest.split_at(bucket.count as usize);
            assert!(inside.iter().all(|value| (bucket.low..=bucket.high).contains(value)));
            (rest, above) = (next, Some(bucket.high));
        }
        assert!(rest.is_empty(), "every value is in a bucket");
    }
}

/// Merging halves is the histogram of the whole, in any order and grouping.
#[test]
fn absorbing_is_associative_and_commutative() {
    let mut stream = Stream::named(1, &["absorb"], &[]);
    for _ in 0..200 {
        let parts: Vec<Vec<u64>> = (0..3)
            .map(|_| {
                let (count, bits) = (stream.below(50) as usize, 1 + stream.below(64));
                any_values(&mut stream, count, bits)
            })
            .collect();
        let whole = histogram_of(&parts.concat());
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut left = Histogram::new();
            order.iter().for_each(|&part| left.absorb(&window_of(&parts[part])));
            let mut right = window_of(&parts[order[1]]);
            right.absorb(&window_of(&parts[order[2]]));
            let mut grouped = histogram_of(&parts[order[0]]);
            grouped.absorb(&right);
            assert_eq!(left, whole);
            assert_eq!(grouped, whole);
        }
    }
}

/// A window is cleared and filled again and again; nothing of one filling shows in the next.
#[test]
fn a_cleared_window_is_a_new_one() {
    let mut stream = Stream::named(1, &["clear"], &[]);
    let mut window = Window::new();
    for _ in 0..200 {
        let (count, bits) = (stream.below(100) as usize, 1 + stream.below(64));
        let values = any_values(&mut stream, count, bits);
        values.iter().for_each(|&value| window.record(value));
        assert_eq!(window, window_of(&values));
        window.clear();
        assert_eq!(window, Window::new());
    }
}

#[test]
fn without_values_there_are_no_answers() {
    let empty = Histogram::new();
    assert!(empty.is_empty());
    assert_eq!((empty.mean(), empty.quantile(0.5), empty.min(), empty.max()), (None, None, None, None));
    assert_eq!(empty.variance(), None);
    assert_eq!(empty.iter().count(), 0);
}

#[test]
fn the_sum_of_many_long_times_does_not_overflow() {
    let mut histogram = Histogram::new();
    for _ in 0..10 {
        histogram.record(u64::MAX);
    }
    assert_eq!(histogram.sum(), 10 * u128::from(u64::MAX));
    assert_eq!(histogram.quantile(0.5), Some(u64::MAX as f64));
}

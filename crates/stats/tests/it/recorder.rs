//! The recorder's answers where they are known without statistics.

use tarsier_random::Stream;
use tarsier_stats::{BATCHES, Interval, Recorder, Summary, Window, mser};

/// A record of so many values a batch, given by a function of the batch and the place in it.
fn record(per_batch: usize, mut value: impl FnMut(usize) -> u64) -> Recorder {
    let mut recorder = Recorder::default();
    let mut window = Window::new();
    for batch in 0..BATCHES {
        (0..per_batch).for_each(|_| window.record(value(batch)));
        recorder.close_batch(&window);
        window.clear();
    }
    recorder
}

fn exponential(per_batch: usize, seed: u64) -> Recorder {
    let mut stream = Stream::named(seed, &["values"], &[]);
    record(per_batch, |_| (stream.exp1() * 1e6) as u64)
}

#[test]
fn without_values_there_is_no_summary() {
    assert_eq!(Recorder::default().summary(), Summary::default());
    assert_eq!(record(0, |_| 0).summary(), Summary::default());
    assert_eq!(Recorder::default().transient(), None);
}

#[test]
fn what_never_varies_is_known_exactly() {
    let summary = record(100, |_| 5_000_000).summary();
    let exactly = 5e6;
    assert_eq!(summary.mean, Some(exactly));
    assert_eq!((summary.p50, summary.p99, summary.max), (Some(exactly), Some(exactly), Some(exactly)));
    let point = Some(Interval { low: exactly, high: exactly });
    assert_eq!((summary.ci95.mean, summary.ci95.p50), (point, point));
}

#[test]
fn few_values_have_a_mean_but_no_interval() {
    let mut recorder = Recorder::default();
    let mut window = Window::new();
    [3, 4, 8].iter().for_each(|&value| window.record(value));
    recorder.close_batch(&window);
    let summary = recorder.summary();
    assert_eq!((summary.mean, summary.p50, summary.max), (Some(5.0), Some(4.0), Some(8.0)));
    assert_eq!(summary.ci95, Default::default());
}

#[test]
fn an_interval_contains_what_it_is_about() {
    let summary = exponential(200, 7).summary();
    let pairs =
        [(summary.mean, summary.ci95.mean), (summary.p50, summary.ci95.p50), (summary.p99, summary.ci95.p99)];
    for (value, interval) in pairs {
        let (value, interval) = (value.expect("a value"), interval.expect("an interval"));
        assert!(interval.low < value, "{interval:?} of {value}");
        assert!(value < interval.high, "{interval:?} of {value}");
    }
}

/// Two partitions that saw halves of the same batches together saw what one would have seen.
#[test]
fn overlaid_halves_are_the_whole() {
    let mut stream = Stream::named(3, &["halves"], &[]);
    let (mut whole, mut left, mut right) = (Recorder::default(), Recorder::default(), Recorder::default());
    for _ in 0..BATCHES {
        let mut windows = [Window::new(), Window::new()];
        let mut both = Window::new();
        for _ in 0..100 {
            let value = stream.next_u64() >> stream.below(64);
            both.record(value);
            windows[usize::from(stream.chance(0.3))].record(value);
        }
        whole.close_batch(&both);
        left.close_batch(&windows[0]);
        right.close_batch(&windows[1]);
    }
    left.overlay(&right);
    assert_eq!(left.total(), whole.total());
    assert_eq!(left.summary(), whole.summary());
}

#[test]
fn appended_runs_count_all_values_and_narrow_the_interval() {
    let runs: Vec<Recorder> = (0..10).map(|seed| exponential(50, seed)).collect();
    let width = |runs: &[Recorder]| {
        let mut all = runs[0].clone();
        runs[1..].iter().for_each(|run| all.append(run));
        assert_eq!(all.count(), runs.iter().map(Recorder::count).sum());
        let interval = all.summary().ci95.mean.expect("an interval");
        interval.high - interval.low
    };
    assert!(width(&runs) < width(&runs[..3]));
}

#[test]
fn a_start_that_is_slower_is_a_transient() {
    let mut stream = Stream::named(5, &["start"], &[]);
    let recorder =
        record(200, |batch| ((stream.exp1() + f64::max(0.0, 3.0 - 0.3 * batch as f64)) * 1e6) as u64);
    let transient = recorder.transient().expect("a transient");
    assert!((7..=12).contains(&transient.batches), "{transient:?}");
    assert_eq!(transient.of, BATCHES);
    assert!((0.2..0.3).contains(&transient.bias), "{transient:?}");
}

/// The rule drops a few batches of a series without any transient, but what they change is next to nothing.
#[test]
fn a_steady_record_has_no_transient_to_speak_of() {
    for seed in 0..50 {
        if let Some(transient) = exponential(200, seed).transient() {
            assert!(transient.bias.abs() < 0.01, "{transient:?}");
        }
    }
}

#[test]
fn a_record_that_never_settles_is_undecidable() {
    assert_eq!(record(10, |batch| 1_000_000 * (1 + batch as u64)).transient(), None);
}

/// Of the last few batches some happen to agree; that says nothing of the many before them.
#[test]
fn a_calm_end_does_not_make_the_rest_a_transient() {
    let mut stream = Stream::named(9, &["calm end"], &[]);
    let series: Vec<f64> = (0..64).map(|n| if n < 58 { 10.0 + stream.exp1() } else { 10.5 }).collect();
    assert!(mser::truncation(&series).is_some_and(|dropped| dropped < 16));
}

#[test]
fn the_rule_drops_the_start_that_differs() {
    let series: Vec<f64> = (0..60).map(|i| if i < 15 { 100.0 } else { 10.0 } + f64::from(i % 3)).collect();
    assert_eq!(mser::truncation(&series), Some(15));
    assert_eq!(mser::mser5(&series), Some(15));
    assert_eq!(mser::truncation(&[1.0; 60]), Some(0));
    assert_eq!(mser::truncation(&[1.0; 5]), None);
}

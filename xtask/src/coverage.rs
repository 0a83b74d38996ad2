//! How often the printed 95% intervals hold the true value, end to end: many runs of M/M/1, each by its own intervals.

use std::fmt::Write;

use tarsier_engine::{RunConfig, run};
use tarsier_stats::{Interval, Recorder};
use tarsier_units::Span;

use crate::validate::arch::{exp, station};

const SEEDS: u64 = 200;
const RATE: f64 = 80.0;
/// Mean, p50 and p99 of the time in the system at ρ = 0.8, S = 10 ms, in nanoseconds.
const TRUTH: [(&str, f64); 3] = [("mean", 50e6), ("p50", 34.657_359e6), ("p99", 230.258_509e6)];
/// 95% of 200 give or take three standard errors would be 90.4% to 99.6%.
const ACCEPTED: std::ops::RangeInclusive<f64> = 0.90..=0.995;

/// How the intervals come about: requests in a run, and how many runs are pooled.
const WAYS: [(u64, u64); 3] = [(100_000, 1), (1_000_000, 1), (100_000, 10)];

/// The section of the page, and whether all shares are accepted.
pub(crate) fn measure() -> (String, bool) {
    let mut text = format!(
        "## Do the intervals hold the truth?\n\nWritten by `cargo xtask nightly`. M/M/1, ρ = 0.8, S = 10 ms, {SEEDS} seeds: the \
         share of runs whose 95% interval holds the true value, from {:.0}% to {:.1}% accepted.\n\n\
         | requests a run | runs pooled | figure | intervals that hold it | mean half width | verdict |\n\
         | --- | --- | --- | --- | --- | --- |\n",
        ACCEPTED.start() * 100.0,
        ACCEPTED.end() * 100.0,
    );
    let mut all_good = true;
    for (requests, pooled) in WAYS {
        for ((name, truth), found) in TRUTH.iter().zip(intervals(requests, pooled)) {
            let share =
                found.iter().filter(|it| it.low <= *truth && *truth <= it.high).count() as f64 / SEEDS as f64;
            let width = found.iter().map(|it| it.high - it.low).sum::<f64>() / found.len() as f64;
            let good = ACCEPTED.contains(&share);
            all_good &= good;
            let verdict = if good { "holds" } else { "**FAILS**" };
            let _ = writeln!(
                text,
                "| {requests} | {pooled} | {name} | {:.1}% | ±{:.1}% | {verdict} |",
                share * 100.0,
                width / 2.0 / truth * 100.0
            );
        }
    }
    (text, all_good)
}

/// The intervals of the mean, the median and the p99 from every seed; one that does not exist holds nothing.
fn intervals(requests: u64, pooled: u64) -> [Vec<Interval>; 3] {
    let mut found = [const { Vec::new() }; 3];
    for seed in 0..SEEDS {
        let mut all = latency(requests, seed, 0);
        (1..pooled).for_each(|replication| all.append(&latency(requests, seed, replication)));
        let ci95 = all.summary().ci95;
        for (list, interval) in found.iter_mut().zip([ci95.mean, ci95.p50, ci95.p99]) {
            list.extend(interval);
        }
    }
    found
}

fn latency(requests: u64, seed: u64, replication: u64) -> Recorder {
    let model = station(exp(10.0), RATE).seal();
    let config = RunConfig {
        seed,
        replication,
        duration: Span::from_secs_f64(requests as f64 / RATE),
        warmup: Span::from_secs(60),
        scenario: None,
        threads: 1,
        series: false,
    };
    let mut outcome = run(&model, &config, &mut ());
    outcome.workloads.swap_remove(0).latency
}

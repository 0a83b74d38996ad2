//! What the users saw.

use tarsier_engine::WorkloadOutcome;
use tarsier_stats::{Interval, Intervals};

use super::{error_cell, services};
use crate::number::{self, amount, count, dash, nanos};
use crate::style::Tone;
use crate::table::{Align, Cell, Table, short_name};
use crate::{Report, ratio};

/// As many as fit on a screen beside the rest.
const SHOWN: usize = 20;

pub(super) fn section(report: &Report<'_>) -> String {
    let mut table = Table::new(vec![
        ("workload", Align::Left),
        ("completed/s", Align::Right),
        ("errors", Align::Right),
        ("mean", Align::Right),
        ("p50", Align::Right),
        ("p90", Align::Right),
        ("p99", Align::Right),
        ("p99.9", Align::Right),
        ("max", Align::Right),
    ]);
    let named = || report.model.workloads.iter().zip(&report.outcome.workloads);
    for (workload, found) in named().take(SHOWN) {
        table.row(figures(&workload.name, found, report.counted_s()));
        if found.latency.summary().ci95 != Intervals::default() {
            table.row(intervals(found));
        }
    }
    let mut text = table.render();
    let left_out = report.outcome.workloads.len().saturating_sub(SHOWN);
    if left_out > 0 {
        text.push_str(&Tone::Dim.paint(&format!("… and {left_out} more workloads, all in --json")));
        text.push('\n');
    }
    for (workload, found) in named().take(SHOWN) {
        text.push_str(&remark(&workload.name, found));
    }
    text
}

/// Fewer errors than this are not worth a headline.
const WORTH_NAMING: f64 = 0.01;

/// A sentence for each workload whose requests fail, with the service that is the likeliest reason.
pub(super) fn failures(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (workload, found) in report.model.workloads.iter().zip(&report.outcome.workloads).take(SHOWN) {
        let Some(failed) = failed(found) else { continue };
        let what = format!("{} of the requests of {} fail", number::share(failed), workload.name);
        let sentence = [vec![what], services::culprits(report, workload)].concat().join("; ") + ".";
        text.push_str(&Tone::Bad.paint(&sentence));
        text.push('\n');
    }
    text
}

/// The share that failed, if it is worth a word.
pub(super) fn failed(found: &WorkloadOutcome) -> Option<f64> {
    ratio(found.errors, found.errors + found.completed).filter(|share| *share >= WORTH_NAMING)
}

fn figures(name: &str, found: &WorkloadOutcome, counted_s: f64) -> Vec<Cell> {
    let summary = found.latency.summary();
    let throughput = if counted_s > 0.0 { amount(found.completed as f64 / counted_s) } else { dash() };
    vec![
        short_name(name).into(),
        throughput.into(),
        error_cell(found.errors, found.completed),
        nanos(summary.mean).into(),
        nanos(summary.p50).into(),
        nanos(summary.p90).into(),
        Cell::toned(nanos(summary.p99), Tone::Bold),
        nanos(summary.p999).into(),
        nanos(summary.max).into(),
    ]
}

/// The line below: how far the figures are certain.
fn intervals(found: &WorkloadOutcome) -> Vec<Cell> {
    let summary = found.latency.summary();
    let none = || Cell::dim("");
    vec![
        Cell::dim("  95% confidence"),
        none(),
        none(),
        plus_minus(summary.mean, summary.ci95.mean),
        plus_minus(summary.p50, summary.ci95.p50),
        none(),
        plus_minus(summary.p99, summary.ci95.p99),
        none(),
        none(),
    ]
}

/// The farther end of an interval that need not be symmetric.
fn plus_minus(value: Option<f64>, interval: Option<Interval>) -> Cell {
    let (Some(value), Some(interval)) = (value, interval) else { return Cell::dim("") };
    let reach = (interval.high - value).max(value - interval.low);
    Cell::dim(number::plus_minus(reach / 1e9, value / 1e9))
}

/// One line about timeouts, retries, hedges and what did not get through; nothing when there is nothing to say.
fn remark(name: &str, found: &WorkloadOutcome) -> String {
    let mut parts = Vec::new();
    if found.timeouts > 0 {
        parts.push(format!("{} attempts timed out", count(found.timeouts)));
    }
    if found.retries > 0 {
        parts.push(format!("{} retries", count(found.retries)));
    }
    if found.hedges > 0 {
        parts.push(format!("{} hedges", count(found.hedges)));
    }
    if found.rejected > 0 {
        parts.push(format!("{} attempts not let out", count(found.rejected)));
    }
    let mut text = String::new();
    if !parts.is_empty() {
        text.push_str(&Tone::Dim.paint(&format!("{name}: {}", parts.join(", "))));
        text.push('\n');
    }
    if let Some(piled_up) = piled_up(found) {
        let line =
            format!("! {name}: {piled_up} more in flight at the end than at the start: it cannot keep up");
        text.push_str(&Tone::Bad.paint(&line));
        text.push('\n');
    }
    text
}

/// How many requests piled up, if that is more than a twentieth of them and more than chance makes of a few.
fn piled_up(found: &WorkloadOutcome) -> Option<String> {
    let more = found.in_flight_end.saturating_sub(found.in_flight_start);
    let is_many = more > 100 && ratio(more, found.requests).is_some_and(|share| share > 0.05);
    is_many.then(|| count(more))
}

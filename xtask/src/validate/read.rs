//! Figures read off runs. Times are in milliseconds, rates per second; `of` names a service, a workload or a run
//! by its place. Without samples a figure is not a number, which meets no expectation.

use tarsier_engine::{Outcome, SecondRow, SeriesSubject};
use tarsier_report::Verdict;
use tarsier_stats::Recorder;

const NANOS_PER_MS: f64 = 1e6;

/// One run: what it found, and the first workload second by second.
pub struct Run {
    pub outcome: Outcome,
    pub seconds: Vec<Second>,
    /// If the case is judged.
    pub verdict: Option<Verdict>,
}

/// A counted second of the first workload.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    pub attempts: u64,
    pub completed: u64,
}

impl Second {
    /// Of the rows that a run shows, those of the first workload.
    pub fn of(row: &SecondRow) -> Option<Second> {
        let is_first = row.subject == SeriesSubject::Workload(0);
        is_first.then(|| Second { attempts: row.attempts.unwrap_or(0), completed: row.completed })
    }
}

type Runs = [Run];

fn mean_ms(recorder: &Recorder) -> f64 {
    recorder.total().mean().map_or(f64::NAN, |nanos| nanos / NANOS_PER_MS)
}

fn quantile_ms(recorder: &Recorder, q: f64) -> f64 {
    recorder.total().quantile(q).map_or(f64::NAN, |nanos| nanos / NANOS_PER_MS)
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn simulated_s(run: &Run) -> f64 {
    run.outcome.simulated_ns as f64 / 1e9
}

/// Mean time from a user's request to the answer.
pub fn sojourn_mean(runs: &Runs) -> f64 {
    sojourn_mean_of_run(0)(runs)
}

pub fn sojourn_mean_of_run(run: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| mean_ms(&runs[run].outcome.workloads[0].latency)
}

pub fn sojourn_mean_of_workload(of: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| mean_ms(&runs[0].outcome.workloads[of].latency)
}

pub fn sojourn(q: f64) -> impl Fn(&Runs) -> f64 {
    move |runs| quantile_ms(&runs[0].outcome.workloads[0].latency, q)
}

/// The longest time from a user's request to the answer.
pub fn sojourn_max(runs: &Runs) -> f64 {
    let longest = runs[0].outcome.workloads[0].latency.total().max();
    longest.map_or(f64::NAN, |nanos| nanos as f64 / NANOS_PER_MS)
}

/// Variance of the time in the system, in squared milliseconds; each bucket counts with its middle.
pub fn sojourn_variance(runs: &Runs) -> f64 {
    let recorder = &runs[0].outcome.workloads[0].latency;
    let mean = mean_ms(recorder);
    let middle = |low: u64, high: u64| (low as f64 + high as f64) / 2.0 / NANOS_PER_MS;
    let squares =
        recorder.total().iter().map(|it| it.count as f64 * (middle(it.low, it.high) - mean).powi(2));
    squares.sum::<f64>() / recorder.count() as f64
}

/// The share of requests that took longer than this.
pub fn slower_than(ms: f64) -> impl Fn(&Runs) -> f64 {
    move |runs| {
        let recorder = &runs[0].outcome.workloads[0].latency;
        let slow = recorder.total().iter().filter(|it| it.low as f64 > ms * NANOS_PER_MS).map(|it| it.count);
        share(slow.sum(), recorder.count())
    }
}

/// The share of stale reads of the first store, read at its first endpoint.
pub fn stale(runs: &Runs) -> f64 {
    let reads = &runs[0].outcome.stores[0].accesses[0];
    share(reads.stale, reads.answered)
}

/// For how long they had been out of date when they began.
pub fn stale_age_mean(runs: &Runs) -> f64 {
    mean_ms(&runs[0].outcome.stores[0].accesses[0].age)
}

/// Mean wait for a core or a worker, zeros included.
pub fn wait_mean(runs: &Runs) -> f64 {
    wait_mean_at(0)(runs)
}

pub fn wait_mean_at(of: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| mean_ms(&runs[0].outcome.services[of].queue)
}

pub fn wait(q: f64) -> impl Fn(&Runs) -> f64 {
    move |runs| quantile_ms(&runs[0].outcome.services[0].queue, q)
}

/// The share of requests that waited at all.
pub fn waited(runs: &Runs) -> f64 {
    let recorder = &runs[0].outcome.services[0].queue;
    let not = recorder.total().iter().filter(|it| it.low == 0).map(|it| it.count);
    1.0 - share(not.sum(), recorder.count())
}

/// Mean time at a service of those it served.
pub fn residence_mean(runs: &Runs) -> f64 {
    mean_ms(&runs[0].outcome.services[0].latency)
}

/// Mean number waiting.
pub fn queue_length(runs: &Runs) -> f64 {
    runs[0].outcome.services[0].queue_length_mean
}

pub fn utilization(of: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| runs[0].outcome.services[of].utilization
}

/// The share of arrivals that found no room.
pub fn blocked(runs: &Runs) -> f64 {
    let service = &runs[0].outcome.services[0];
    share(service.refused, service.arrivals)
}

/// The share of a workload's requests that failed.
pub fn failed(of: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| {
        let workload = &runs[0].outcome.workloads[of];
        share(workload.errors, workload.requests)
    }
}

/// Requests of the first workload that went out, per second.
pub fn attempts(runs: &Runs) -> f64 {
    runs[0].outcome.workloads[0].attempts as f64 / simulated_s(&runs[0])
}

/// The share of the first workload's requests that its own client rejected.
pub fn rejected(runs: &Runs) -> f64 {
    let users = &runs[0].outcome.workloads[0];
    share(users.rejected, users.requests)
}

/// The share of calls that were answered well.
pub fn succeeded(run: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| share(runs[run].outcome.calls[0].completed, runs[run].outcome.calls[0].requests)
}

/// The share of arrivals that were answered with an error.
pub fn dropped(runs: &Runs) -> f64 {
    let service = &runs[0].outcome.services[0];
    share(service.errors, service.arrivals)
}

/// The share of arrivals that stopped because nobody waited any more.
pub fn cancelled(runs: &Runs) -> f64 {
    let service = &runs[0].outcome.services[0];
    share(service.cancelled, service.arrivals)
}

/// Requests answered in time, of the first workload.
pub fn goodput(runs: &Runs) -> f64 {
    runs[0].outcome.workloads[0].completed as f64 / simulated_s(&runs[0])
}

/// Arrivals at a service for each request of the users.
pub fn visits(of: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| share(runs[0].outcome.services[of].arrivals, runs[0].outcome.workloads[0].requests)
}

/// Hedges of all calls for each request of the users.
pub fn hedges(runs: &Runs) -> f64 {
    let outcome = &runs[0].outcome;
    share(outcome.calls.iter().map(|call| call.hedges).sum(), outcome.workloads[0].requests)
}

/// Mean number of requests in the whole system, by the service rate of what leaves it.
pub fn present(runs: &Runs) -> f64 {
    goodput(runs) * sojourn_mean(runs) / 1e3
}

/// Requests answered in time per second, over the last `seconds` of the run.
pub fn late_goodput(seconds: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| late(&runs[0], seconds, |second| second.completed)
}

/// Attempts per second, over the last `seconds` of the run.
pub fn late_attempts(seconds: usize) -> impl Fn(&Runs) -> f64 {
    move |runs| late(&runs[0], seconds, |second| second.attempts)
}

fn late(run: &Run, seconds: usize, count: impl Fn(&Second) -> u64) -> f64 {
    let start = run.seconds.len().checked_sub(seconds).expect("a run is longer than its end");
    run.seconds[start..].iter().map(count).sum::<u64>() as f64 / seconds as f64
}

//! Counted time: what was before it is subtracted, seconds and batches are closed in it.

use std::ops::DerefMut;

use tarsier_stats::{Recorder, Window};

use crate::account::Causes;
use crate::config::Watch;
use crate::outcome::{CallOutcome, Outcome, SecondRow, SeriesSubject, ServiceOutcome, WorkloadOutcome};
use crate::partition::Partition;
use crate::plan::Plan;
use crate::tally::{CallBook, CallTally, Level, ServiceTally};

/// Counters of a service since the start of the run, and integrals over time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ServiceCounts {
    pub arrivals: u64,
    pub completed: u64,
    pub errors: u64,
    pub refused: u64,
    /// Requests that were on an instance when it was killed.
    pub killed: u64,
    /// Stopped because nobody waited for them any more.
    pub cancelled: u64,
    /// Answers, good or bad, that nobody waited for any more.
    pub unused: u64,
    /// On its instances now, waiting or served.
    pub present: u64,
    /// Waiting for a worker or a core now.
    pub waiting: u64,
    /// Instances that are up now.
    pub up: u64,
    pub present_ns: u128,
    pub busy_ns: u128,
    pub workers_ns: u128,
    pub waiting_ns: u128,
    pub up_ns: u128,
    /// Workers, where they are limited.
    pub seats_ns: u128,
}

impl ServiceCounts {
    pub(crate) fn at(now: u64, tally: &ServiceTally) -> ServiceCounts {
        let integral = |level: &Level| level.integral(now);
        ServiceCounts {
            arrivals: tally.arrivals,
            completed: tally.completed,
            errors: tally.errors,
            refused: tally.refused,
            killed: tally.killed,
            cancelled: tally.cancelled,
            unused: tally.unused,
            present: tally.present.count,
            waiting: tally.waiting.count,
            up: tally.up.count,
            present_ns: integral(&tally.present),
            busy_ns: integral(&tally.busy),
            workers_ns: integral(&tally.workers),
            waiting_ns: integral(&tally.waiting),
            up_ns: integral(&tally.up),
            seats_ns: integral(&tally.seats),
        }
    }
}

/// A recorder and the batch it is at.
#[derive(Clone, Default)]
struct Track {
    recorder: Recorder,
    batch: Window,
}

impl Track {
    fn close(&mut self) {
        self.recorder.close_batch(&self.batch);
        self.batch.clear();
    }
}

/// Counts at the start of a second, and what was recorded in it.
#[derive(Clone, Default)]
struct InSecond<T> {
    before: T,
    window: Window,
}

impl<T: Copy> InSecond<T> {
    /// A second has ended: what it began with, and what was recorded in it.
    fn end(&mut self, counts: T) -> (T, Window) {
        (std::mem::replace(&mut self.before, counts), std::mem::take(&mut self.window))
    }
}

#[derive(Clone, Default)]
struct CallTrack {
    start: CallTally,
    second: InSecond<CallTally>,
    latency: Track,
}

#[derive(Clone, Default)]
struct ServiceTrack {
    start: ServiceCounts,
    second: InSecond<ServiceCounts>,
    queue: Track,
    latency: Track,
}

/// Which seconds are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Seconds {
    #[default]
    None,
    OfWorkloads,
    OfAll,
}

#[derive(Clone, Default)]
pub(crate) struct Ledger {
    /// Of the workloads, then of the calls.
    calls: Vec<CallTrack>,
    n_workloads: usize,
    /// In this second, of the ways of workloads that go several.
    ways: Vec<Window>,
    services: Vec<ServiceTrack>,
    pub(crate) counting: bool,
    start: u64,
    told: Seconds,
    seconds: u64,
    second_start: u64,
    /// The last two, if whoever looks on wants to know what is recent.
    pages: Vec<Page>,
}

/// What was recorded since some time.
#[derive(Clone)]
struct Page {
    ledger: Ledger,
    /// As they were then.
    causes: Vec<Causes>,
}

/// Pages that are written at a time: the older one is read.
const PAGES: usize = 2;

impl Ledger {
    pub(crate) fn new(plan: &Plan, n_workloads: usize, told: Seconds) -> Ledger {
        Ledger {
            calls: (0..n_workloads + plan.calls.len()).map(|_| CallTrack::default()).collect(),
            n_workloads,
            ways: (0..plan.n_ways).map(|_| Window::default()).collect(),
            services: plan.services.iter().map(|_| ServiceTrack::default()).collect(),
            counting: false,
            start: 0,
            told,
            seconds: 0,
            second_start: 0,
            pages: Vec::new(),
        }
    }

    /// The warm-up is over.
    pub(crate) fn start(&mut self, now: u64, keeper: &mut Partition) {
        self.counting = true;
        self.start = now;
        self.second_start = now;
        keeper.causes.iter_mut().for_each(Causes::forget);
        keeper.calls.iter_mut().for_each(|book| book.latency.clear());
        for (track, book) in self.calls.iter_mut().zip(&keeper.calls) {
            (track.start, track.second.before) = (book.tally, book.tally);
        }
        for (track, tally) in self.services.iter_mut().zip(&mut keeper.services) {
            tally.queue.clear();
            tally.stay.clear();
            let counts = ServiceCounts::at(now, tally);
            (track.start, track.second.before) = (counts, counts);
        }
    }

    /// Takes in what was recorded since the last time; a second has ended if `watch` is given.
    pub(crate) fn collect(
        &mut self,
        now: u64,
        plan: &Plan,
        keeper: &mut Partition,
        mut watch: Option<&mut dyn Watch>,
    ) {
        let second = self.seconds;
        let all = self.told == Seconds::OfAll;
        let first_way = self.calls.len();
        self.collect_ways(&mut keeper.calls[first_way..]);
        for (at, (track, book)) in self.calls.iter_mut().zip(&mut keeper.calls).enumerate() {
            let (subject, told) = match at.checked_sub(self.n_workloads) {
                None => (SeriesSubject::Workload(at), self.told != Seconds::None),
                Some(call) => (SeriesSubject::Call(call), all),
            };
            let window = std::mem::take(&mut book.latency);
            track.latency.batch.absorb(&window);
            self.pages.iter_mut().for_each(|page| page.ledger.calls[at].latency.batch.absorb(&window));
            if told {
                track.second.window.absorb(&window);
            }
            if told && let Some(watch) = &mut watch {
                let (before, window) = track.second.end(book.tally);
                if at < self.n_workloads {
                    let ways = plan.ways_of(at);
                    let ways = match ways.start.checked_sub(first_way) {
                        None => std::slice::from_ref(&window),
                        Some(first) => &self.ways[first..first + ways.len()],
                    };
                    watch.latencies(second, at, &window, ways);
                }
                watch.second(&call_row(second, subject, book.tally.since(before), &window));
            }
        }
        for (at, (track, tally)) in self.services.iter_mut().zip(&mut keeper.services).enumerate() {
            let [window, queue] = [&mut tally.stay, &mut tally.queue].map(std::mem::take);
            track.latency.batch.absorb(&window);
            track.queue.batch.absorb(&queue);
            for page in &mut self.pages {
                page.ledger.services[at].latency.batch.absorb(&window);
                page.ledger.services[at].queue.batch.absorb(&queue);
            }
            if all {
                track.second.window.absorb(&window);
            }
            if all && let Some(watch) = &mut watch {
                let cores = plan.services[at].cores;
                let length = now - self.second_start;
                let counts = ServiceCounts::at(now, tally);
                let (before, window) = track.second.end(counts);
                watch.second(&service_row(second, at, cores, length, (&before, &counts), &window));
            }
        }
        if watch.is_some() {
            self.ways.fill_with(Window::default);
            self.seconds += 1;
            self.second_start = now;
        }
    }

    /// What was recorded on the ways of workloads has been summed up for these: of the ways only seconds are told.
    fn collect_ways(&mut self, books: &mut [CallBook]) {
        for (way, book) in self.ways.iter_mut().zip(books) {
            let window = std::mem::take(&mut book.latency);
            if self.told != Seconds::None {
                way.absorb(&window);
            }
        }
    }

    /// Begins a new page; what was recorded until now has been collected.
    pub(crate) fn turn_page(&mut self, now: u64, keeper: &Partition) {
        if self.pages.len() == PAGES {
            self.pages.remove(0);
        }
        let calls = keeper.calls.iter().take(self.calls.len());
        let calls = calls.map(|book| CallTrack { start: book.tally, ..CallTrack::default() });
        let services = keeper.services.iter().map(|tally| ServiceCounts::at(now, tally));
        let ledger = Ledger {
            calls: calls.collect(),
            n_workloads: self.n_workloads,
            services: services.map(|start| ServiceTrack { start, ..ServiceTrack::default() }).collect(),
            counting: true,
            start: now,
            ..Ledger::default()
        };
        self.pages.push(Page { ledger, causes: keeper.causes.clone() });
    }

    /// The result of the time since the last page but one began; what was recorded until now has been collected.
    pub(crate) fn recent(
        &self,
        now: u64,
        plan: &Plan,
        partitions: &mut [impl DerefMut<Target = Partition>],
    ) -> Option<Outcome> {
        let Page { mut ledger, causes } = self.pages.first()?.clone();
        ledger.close_batch();
        let mut outcome = ledger.outcome(now, plan, partitions);
        for ((found, causes), earlier) in outcome.workloads.iter_mut().zip(&partitions[0].causes).zip(&causes)
        {
            let recent = causes.since(earlier);
            (found.why, found.why_failed) = (recent.why(), recent.why_failed());
        }
        Some(outcome)
    }

    /// A batch has ended; what was recorded in it has been collected.
    pub(crate) fn close_batch(&mut self) {
        self.calls.iter_mut().for_each(|track| track.latency.close());
        for track in &mut self.services {
            track.queue.close();
            track.latency.close();
        }
    }

    /// The result of the counted time up to now.
    pub(crate) fn outcome(
        self,
        now: u64,
        plan: &Plan,
        partitions: &mut [impl DerefMut<Target = Partition>],
    ) -> Outcome {
        let (tallies, services) = counts(now, &partitions[0]);
        let mut calls = self.calls.into_iter().zip(tallies);
        let elapsed = if self.counting { now - self.start } else { 0 };
        let parts: Vec<&Partition> = partitions.iter().map(|partition| &**partition).collect();
        Outcome {
            seed: 0,
            simulated_ns: elapsed,
            warmup_ns: now - elapsed,
            stopped_early: false,
            stopped_because: None,
            events: parts.iter().map(|partition| partition.events).sum(),
            fingerprint: parts.iter().fold(0, |sum: u64, partition| {
                (sum.rotate_left(17) ^ partition.fingerprint).wrapping_mul(0xBF58_476D_1CE4_E5B9)
            }),
            partitions: parts.len(),
            workloads: (parts[0].causes.iter().zip(calls.by_ref()))
                .map(|(causes, (track, counts))| WorkloadOutcome {
                    why: causes.why(),
                    why_failed: causes.why_failed(),
                    ..workload_outcome(track, counts)
                })
                .collect(),
            timeline: Vec::new(),
            timeline_dropped: 0,
            faults: Vec::new(),
            stores: Vec::new(),
            calls: (calls.zip(&plan.calls))
                .map(|((track, counts), (from, to))| {
                    let in_flight = counts.integral(now) - track.start.integral(now - elapsed);
                    let in_flight_mean = ratio(in_flight as f64, elapsed as f64);
                    CallOutcome { in_flight_mean, ..call_outcome(track, counts, *from, *to) }
                })
                .collect(),
            services: (self.services.into_iter().zip(services).enumerate())
                .map(|(at, (track, counts))| service_outcome(track, &counts, &plan.services[at], elapsed))
                .collect(),
        }
    }
}

/// Counters of everything at a time; at rest the first partition keeps the books.
pub(crate) fn counts(now: u64, keeper: &Partition) -> (Vec<CallTally>, Vec<ServiceCounts>) {
    let services = keeper.services.iter().map(|tally| ServiceCounts::at(now, tally)).collect();
    (keeper.calls.iter().map(|book| book.tally).collect(), services)
}

fn seconds_of(nanos: f64) -> f64 {
    nanos / 1e9
}

/// How long what completed took; nothing else yet.
fn timed(second: u64, subject: SeriesSubject, window: &Window) -> SecondRow {
    SecondRow {
        latency_mean_s: window.mean().map(seconds_of),
        latency_p50_s: window.quantile(0.5).map(seconds_of),
        latency_p99_s: window.quantile(0.99).map(seconds_of),
        latency_p999_s: window.quantile(0.999).map(seconds_of),
        ..SecondRow::nothing(second, subject)
    }
}

fn call_row(second: u64, subject: SeriesSubject, counts: CallTally, window: &Window) -> SecondRow {
    SecondRow {
        requests: counts.requests,
        completed: counts.completed,
        errors: counts.errors,
        refused: counts.refused,
        attempts: Some(counts.attempts),
        timeouts: Some(counts.timeouts),
        rejected: Some(counts.rejected),
        ..timed(second, subject, window)
    }
}

fn service_row(
    second: u64,
    at: usize,
    cores: u32,
    length_ns: u64,
    (before, after): (&ServiceCounts, &ServiceCounts),
    window: &Window,
) -> SecondRow {
    let capacity = (after.up_ns - before.up_ns) as f64 * f64::from(cores);
    SecondRow {
        requests: after.arrivals - before.arrivals,
        completed: after.completed - before.completed,
        errors: after.errors + after.killed - before.errors - before.killed,
        refused: after.refused - before.refused,
        unused: Some(after.unused - before.unused),
        utilization: Some(ratio((after.busy_ns - before.busy_ns) as f64, capacity)),
        queue_length: Some(ratio((after.waiting_ns - before.waiting_ns) as f64, length_ns as f64)),
        instances: Some(after.up),
        ..timed(second, SeriesSubject::Service(at), window)
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn workload_outcome(track: CallTrack, end: CallTally) -> WorkloadOutcome {
    let counted = end.since(track.start);
    WorkloadOutcome {
        requests: counted.requests,
        attempts: counted.attempts,
        retries: counted.retries,
        hedges: counted.hedges,
        rejected: counted.rejected,
        timeouts: counted.timeouts,
        completed: counted.completed,
        errors: counted.errors,
        in_flight_start: track.start.in_flight(),
        in_flight_end: end.in_flight(),
        latency: track.latency.recorder,
        why: Default::default(),
        why_failed: Default::default(),
    }
}

fn call_outcome(
    track: CallTrack,
    end: CallTally,
    from: tarsier_model::EndpointId,
    to: tarsier_model::EndpointId,
) -> CallOutcome {
    let counted = end.since(track.start);
    CallOutcome {
        from,
        to,
        requests: counted.requests,
        attempts: counted.attempts,
        retries: counted.retries,
        hedges: counted.hedges,
        rejected: counted.rejected,
        timeouts: counted.timeouts,
        completed: counted.completed,
        errors: counted.errors,
        refused: counted.refused,
        in_flight_start: track.start.in_flight(),
        in_flight_end: end.in_flight(),
        in_flight_mean: 0.0,
        latency: track.latency.recorder,
    }
}

fn service_outcome(
    track: ServiceTrack,
    end: &ServiceCounts,
    plan: &crate::plan::ServicePlan,
    elapsed: u64,
) -> ServiceOutcome {
    let start = &track.start;
    let up = (end.up_ns - start.up_ns) as f64;
    ServiceOutcome {
        instances: plan.n_instances.into(),
        arrivals: end.arrivals - start.arrivals,
        completed: end.completed - start.completed,
        // Requests that died with their instance ended in an error.
        errors: end.errors + end.killed - start.errors - start.killed,
        refused: end.refused - start.refused,
        cancelled: end.cancelled - start.cancelled,
        unused: end.unused - start.unused,
        in_flight_start: start.present,
        in_flight_end: end.present,
        utilization: ratio((end.busy_ns - start.busy_ns) as f64, up * f64::from(plan.cores)),
        workers_busy: plan.has_seats.then(|| {
            let seats = (end.seats_ns - start.seats_ns) as f64;
            ratio((end.workers_ns - start.workers_ns) as f64, seats)
        }),
        present_mean: ratio((end.present_ns - start.present_ns) as f64, elapsed as f64),
        queue_length_mean: ratio((end.waiting_ns - start.waiting_ns) as f64, elapsed as f64),
        queue: track.queue.recorder,
        latency: track.latency.recorder,
    }
}

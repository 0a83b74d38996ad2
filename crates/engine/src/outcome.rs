//! What a run found, as plain data.

use tarsier_model::{AccessKind, EndpointId, Level, ServiceId};
use tarsier_stats::Recorder;

use crate::timeline::Event;

/// Everything a run found in its counted time. Lists are in the order of the model.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub seed: u64,
    /// Counted simulated time in nanoseconds; shorter than asked for if the run was stopped.
    pub simulated_ns: u64,
    pub warmup_ns: u64,
    /// Whether the run was stopped before its time.
    pub stopped_early: bool,
    /// Why, if it was.
    pub stopped_because: Option<Stopped>,
    pub events: u64,
    /// A hash of the whole event history.
    pub fingerprint: u64,
    /// Into how many partitions the model was split.
    pub partitions: usize,
    pub workloads: Vec<WorkloadOutcome>,
    pub services: Vec<ServiceOutcome>,
    pub calls: Vec<CallOutcome>,
    /// Of replicated stores.
    pub stores: Vec<StoreOutcome>,
    /// What happened, in order; of what the partitions noted the first 10,000.
    pub timeline: Vec<Event>,
    /// How many more there were.
    pub timeline_dropped: u64,
    /// What each happening of the scenario did, in its order.
    pub faults: Vec<FaultOutcome>,
}

/// What a fault did to the users; times are counted from the end of the warm-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FaultOutcome {
    /// Its number in the scenario.
    pub happening: u32,
    pub at_ns: u64,
    /// `None` if it lasts to the end of the run.
    pub until_ns: Option<u64>,
    /// When protection first acted on what it struck, or when users first felt it.
    pub detected_ns: Option<u64>,
    /// From when on all was as before it, not before its end.
    pub recovered_ns: Option<u64>,
    /// Requests that failed until then in excess of those before; `None` where too little was before.
    pub lost: Option<u64>,
}

/// Why a run ended before its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stopped {
    /// Whoever looked on wanted so.
    Asked,
    /// Something happens again and again without any time passing.
    TimeStandsStill,
    /// More requests are in flight than the engine keeps.
    TooManyInFlight,
}

#[derive(Clone, Debug, Default)]
pub struct WorkloadOutcome {
    pub requests: u64,
    pub attempts: u64,
    pub retries: u64,
    pub hedges: u64,
    /// Attempts that the client itself rejected; they were not made.
    pub rejected: u64,
    pub timeouts: u64,
    pub completed: u64,
    pub errors: u64,
    pub in_flight_start: u64,
    pub in_flight_end: u64,
    pub latency: Recorder,
    /// Of the requests that were answered.
    pub why: Why,
    /// Of those that failed.
    pub why_failed: Why,
}

#[derive(Clone, Debug, Default)]
pub struct ServiceOutcome {
    pub instances: u64,
    pub arrivals: u64,
    pub completed: u64,
    pub errors: u64,
    pub refused: u64,
    /// Stopped because nobody waited for them any more.
    pub cancelled: u64,
    /// Answers, good or bad, that nobody waited for any more.
    pub unused: u64,
    pub in_flight_start: u64,
    pub in_flight_end: u64,
    /// Busy cores / cores.
    pub utilization: f64,
    /// Mean share of the workers in use; `None` if unlimited.
    pub workers_busy: Option<f64>,
    /// Mean number of requests on its instances, served and waiting.
    pub present_mean: f64,
    /// Mean number waiting for a worker or a core, over all instances together.
    pub queue_length_mean: f64,
    pub queue: Recorder,
    pub latency: Recorder,
}

/// All calls of one endpoint to another, whichever step makes them.
#[derive(Clone, Debug)]
pub struct CallOutcome {
    pub from: EndpointId,
    pub to: EndpointId,
    pub requests: u64,
    pub attempts: u64,
    pub retries: u64,
    pub hedges: u64,
    /// Attempts that the client itself rejected; they were not made.
    pub rejected: u64,
    /// Attempts given up when their bound fired.
    pub timeouts: u64,
    pub completed: u64,
    /// Calls that failed after all their attempts.
    pub errors: u64,
    /// Attempts answered with «refused».
    pub refused: u64,
    pub in_flight_start: u64,
    pub in_flight_end: u64,
    /// Mean number in flight.
    pub in_flight_mean: f64,
    pub latency: Recorder,
}

/// What became of a replicated store.
#[derive(Clone, Debug)]
pub struct StoreOutcome {
    pub service: ServiceId,
    pub accesses: Vec<AccessOutcome>,
    /// Writes that a coordinator kept for a replica that had missed them.
    pub hints_stored: u64,
    pub hints_replayed: u64,
    /// There were too many.
    pub hints_dropped: u64,
    /// At the end.
    pub hints_waiting: u64,
    /// Replicas that got written anew what a read had found to be older there.
    pub repairs: u64,
}

/// The reads or writes of one endpoint.
#[derive(Clone, Debug)]
pub struct AccessOutcome {
    pub endpoint: EndpointId,
    pub kind: AccessKind,
    pub level: Level,
    /// Enough replicas answered.
    pub answered: u64,
    /// Too few replicas were there, so none was asked.
    pub unavailable: u64,
    /// Reads that missed a write which had been acknowledged before they began.
    pub stale: u64,
    /// For how long before they began.
    pub age: Recorder,
}

/// Where the time of a workload's requests went, from a seeded sample of them: the time on the
/// critical path of each request, by service and cause, summed exactly.
#[derive(Clone, Debug, Default)]
pub struct Why {
    /// Requests in the sample.
    pub sampled: u64,
    /// Requests of the sample that make the tail (the slowest percent, about).
    pub sampled_tail: u64,
    pub parts: Vec<WhyPart>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WhyPart {
    /// `None` is the way between the users and the first service, and the users' own waiting.
    pub service: Option<ServiceId>,
    pub cause: Cause,
    /// Nanoseconds a request, on average over the sample.
    pub mean_ns: f64,
    /// The same over the tail of the sample.
    pub tail_ns: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// On the way to or from this service.
    Network,
    /// Waiting for a worker of this service.
    Worker,
    /// Waiting for a core of this service.
    Core,
    /// Waiting for a lock of this service.
    Lock,
    /// Waiting for a free connection to this service.
    Connection,
    /// Working on a core of this service (also, under processor sharing, sharing it).
    Work,
    /// A `wait` step of this service.
    Wait,
    /// Waiting for an answer of this service that was given up.
    Timeout,
    /// Waiting before trying this service again.
    Backoff,
}

/// One second of counted time, for one workload, service or call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SecondRow {
    /// The second's start, counted from the end of the warm-up.
    pub second: u64,
    pub subject: SeriesSubject,
    pub requests: u64,
    pub completed: u64,
    pub errors: u64,
    /// Attempts of workloads and calls; requests at services.
    pub refused: u64,
    /// Workloads and calls.
    pub attempts: Option<u64>,
    pub timeouts: Option<u64>,
    pub rejected: Option<u64>,
    /// `None` when nothing completed.
    pub latency_mean_s: Option<f64>,
    pub latency_p50_s: Option<f64>,
    pub latency_p99_s: Option<f64>,
    pub latency_p999_s: Option<f64>,
    /// Services.
    pub unused: Option<u64>,
    pub utilization: Option<f64>,
    pub queue_length: Option<f64>,
    pub instances: Option<u64>,
}

impl SecondRow {
    /// A second in which nothing happened, and of which nothing is known.
    pub fn nothing(second: u64, subject: SeriesSubject) -> SecondRow {
        SecondRow {
            second,
            subject,
            requests: 0,
            completed: 0,
            errors: 0,
            refused: 0,
            attempts: None,
            timeouts: None,
            rejected: None,
            latency_mean_s: None,
            latency_p50_s: None,
            latency_p99_s: None,
            latency_p999_s: None,
            unused: None,
            utilization: None,
            queue_length: None,
            instances: None,
        }
    }
}

/// How a stay on an instance ended; who was killed there is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VisitEnd {
    Completed,
    Error,
    /// The queue was full.
    Refused,
}

/// An index into the outcome's list of that kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeriesSubject {
    Workload(usize),
    Service(usize),
    Call(usize),
}

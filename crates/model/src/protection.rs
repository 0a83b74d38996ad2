//! What protects a caller from its callees, and a callee from its callers.

use tarsier_random::Law;
use tarsier_units::Span;

use crate::ServiceId;

/// How many retries a client may make.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Budget {
    Bucket(Bucket),
    /// Retries in flight at once: this share of the requests in flight, and never fewer than `least`.
    Concurrent {
        share: f64,
        least: u32,
    },
}

/// A bucket of tokens; a retry takes some out and is made only if they are there.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Bucket {
    pub start: f64,
    pub most: f64,
    pub per_request: f64,
    pub per_second: f64,
    pub per_success: f64,
    /// Taken out by each failed attempt.
    pub per_failure: f64,
    /// Taken out by a retry.
    pub cost: f64,
    /// Taken out by a retry after a timeout.
    pub timeout_cost: f64,
    /// What a retry that succeeds puts back.
    pub refund: f64,
    /// The same for one after a timeout.
    pub timeout_refund: f64,
    /// Retries are made only while there are more tokens than this.
    pub above: f64,
}

impl Bucket {
    /// Retries are at most this share of requests, of which ten may be saved up.
    pub fn share(share: f64) -> Bucket {
        Bucket {
            start: 0.0,
            most: 10.0,
            per_request: share,
            per_second: 0.0,
            per_success: 0.0,
            per_failure: 0.0,
            cost: 1.0,
            timeout_cost: 1.0,
            refund: 0.0,
            timeout_refund: 0.0,
            above: 0.0,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// From the first sending.
    pub after: Span,
    /// Whether what is left travels with the request, and work past it is dropped.
    pub propagate: bool,
}

/// Another attempt beside one that has not answered yet; the first answer counts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hedge {
    pub after: HedgeDelay,
    /// Hedges are at most this share of requests.
    pub budget: Option<f64>,
    /// How many beside the first attempt.
    pub most: u32,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum HedgeDelay {
    Fixed(Span),
    /// The client's own quantile of the latency of its attempts.
    Quantile(f64),
}

/// Stops calling for a while after too many failures.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Breaker {
    pub trip: Trip,
    pub window: BreakerWindow,
    /// Does not trip before so many calls were seen in the window.
    pub least: u32,
    /// How long it stays open.
    pub open: Span,
    /// Calls let through when that is over; what becomes of them decides.
    pub probes: u32,
}

/// When a breaker opens; each that is given suffices.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Trip {
    /// This share of the calls in the window failed.
    pub share: Option<f64>,
    /// So many calls in the window failed.
    pub count: Option<u32>,
    /// So many calls in a row failed.
    pub consecutive: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BreakerWindow {
    Time(Span),
    Calls(u32),
}

/// Stops choosing instances that do worse than others, for a while.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outlier {
    /// So many failures of an instance in a row.
    pub consecutive: Option<u32>,
    /// A success rate so many standard deviations below the mean of all.
    pub deviations: Option<f64>,
    /// This share of failures.
    pub failures: Option<f64>,
    /// An instance with fewer requests in an interval is not judged by shares.
    pub volume: u32,
    /// With fewer instances that have these, none is.
    pub hosts: u32,
    pub interval: Span,
    /// The first ejection lasts so long, the nth n times as long,
    pub base: Span,
    /// but not longer than this.
    pub max: Span,
    /// At most this share of the instances is ejected at a time (but always one may be).
    pub ejected: f64,
    /// With fewer than this share left, all are chosen from.
    pub panic: f64,
}

/// Envoy's defaults.
impl Default for Outlier {
    fn default() -> Outlier {
        Outlier {
            consecutive: Some(5),
            deviations: Some(1.9),
            failures: None,
            volume: 100,
            hosts: 5,
            interval: Span::from_secs(10),
            base: Span::from_secs(30),
            max: Span::from_secs(300),
            ejected: 0.1,
            panic: 0.5,
        }
    }
}

/// The SRE book's adaptive throttling: rejects locally with probability
/// `(requests - factor * accepts) / (requests + 1)` over the window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Throttle {
    pub factor: f64,
    pub window: Span,
}

/// A connection to an instance is set up before its first request.
#[derive(Clone, PartialEq, Debug)]
pub struct Connect {
    pub timeout: Option<Span>,
    pub cost: ConnectCost,
    /// Closed when unused for so long; `None` keeps it for ever.
    pub keep: Option<Span>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ConnectCost {
    RoundTrips(u32),
    Time(Law),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Priority {
    Sheddable,
    #[default]
    Normal,
    Critical,
}

/// What protects an instance of a service. By default nothing does.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Protection {
    pub order: Order,
    pub codel: Option<Codel>,
    pub limit: Option<Limit>,
    pub rate_limit: Option<RateLimit>,
    pub shed: Option<Shed>,
    pub bulkheads: Vec<Bulkhead>,
}

/// Who gets the next free worker (or core, where workers are unlimited).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    #[default]
    Fifo,
    /// The newest first; with CoDel only while waiting is above its target.
    Lifo,
}

/// Controlled delay: drops from the queue once waiting stays above `target` for an `interval`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Codel {
    pub target: Span,
    pub interval: Span,
}

/// Requests on an instance at once, served and waiting; one more is refused.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limit {
    pub start: f64,
    pub min: f64,
    pub max: f64,
    pub kind: LimitKind,
    /// Looks at all requests of such a while as one; without it at each.
    pub window: Option<Span>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LimitKind {
    Fixed,
    /// One more while it is used, times `backoff` after a request that took longer than `timeout` or was dropped.
    Aimd {
        timeout: Span,
        backoff: f64,
    },
    /// Netflix Gradient2.
    Gradient {
        tolerance: f64,
        smoothing: f64,
        queue: f64,
        long_window: u32,
    },
    /// Netflix Vegas.
    Vegas {
        smoothing: f64,
    },
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RateLimit {
    pub per_second: f64,
    pub burst: f64,
}

/// From which share of what an instance holds at most each class is refused.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shed {
    pub sheddable: f64,
    pub normal: f64,
}

/// Requests on an instance at once from one caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bulkhead {
    pub from: BulkheadFrom,
    pub most: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum BulkheadFrom {
    Service(ServiceId),
    Users,
    /// Each service that is not named; each has a compartment of its own.
    Others,
}

/// How clients learn which instances there are. Without it they know at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discovery {
    /// Instances send heartbeats, are delisted after `ttl` without one; clients fetch the list every `poll`.
    Registry { heartbeat: Span, ttl: Span, poll: Span },
    /// Clients look the name up again when their answer is older than `ttl`; the name server knows at once.
    Dns { ttl: Span },
    /// Changes reach all clients after `delay`.
    Push { delay: Span },
}

/// Instances that fail checks are delisted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HealthCheck {
    pub every: Span,
    pub timeout: Span,
    pub unhealthy: u32,
    pub healthy: u32,
}

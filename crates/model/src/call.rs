//! A remote call and the policy of the one who makes it.

use tarsier_units::Span;

use crate::{Breaker, Budget, Connect, Deadline, EndpointId, Hedge, Outlier, Priority, Step, Throttle};

#[derive(Clone, PartialEq, Debug)]
pub struct Call {
    pub to: EndpointId,
    /// Boxed: steps are many, and most of them are no calls.
    pub policy: Box<CallPolicy>,
    /// Goes on when the call fails.
    pub optional: bool,
    /// Runs instead when the call fails.
    pub fallback: Option<Vec<Step>>,
    pub request_bytes: u64,
    pub response_bytes: u64,
}

/// What a client does about one call; users have one too.
///
/// By default: no bound, no retry, round-robin, as many connections as it takes, no protection.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CallPolicy {
    /// Bounds each attempt, from its sending.
    pub timeout: Option<Span>,
    pub retry: Option<Retry>,
    pub balance: Balance,
    pub connections: Option<Connections>,
    /// Bounds all attempts together.
    pub deadline: Option<Deadline>,
    /// Whether the callee learns that the caller has given up, and stops.
    pub cancel: bool,
    pub hedge: Option<Hedge>,
    pub breaker: Option<Breaker>,
    pub outlier: Option<Outlier>,
    pub throttle: Option<Throttle>,
    pub connect: Option<Connect>,
    /// Knows only so many of the instances.
    pub subset: Option<u32>,
    /// `None` inherits that of the request which makes the call.
    pub priority: Option<Priority>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Retry {
    /// How many more after the first attempt.
    pub attempts: u32,
    pub on: Failures,
    /// Without it the retry goes out at once.
    pub backoff: Option<Backoff>,
    pub jitter: Jitter,
    pub budget: Option<Budget>,
    /// Picks another instance than the one that failed, if there is one.
    pub elsewhere: bool,
}

/// Before retry `n` (from 0) waits `min(base * factor^n, max)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Backoff {
    pub base: Span,
    pub factor: f64,
    pub max: Option<Span>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Jitter {
    None,
    /// Uniform between zero and the backoff.
    Full,
    /// Half the backoff, and uniform between zero and the other half.
    Equal,
    /// Uniform between the base and three times the last backoff.
    Decorrelated,
    /// Uniform, up to this share longer or shorter.
    Spread(f64),
}

/// Kinds of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failures {
    pub timeout: bool,
    pub error: bool,
    pub refused: bool,
    pub unreachable: bool,
}

impl Failures {
    pub const ALL: Failures = Failures { timeout: true, error: true, refused: true, unreachable: true };
    pub const NONE: Failures = Failures { timeout: false, error: false, refused: false, unreachable: false };
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Balance {
    #[default]
    RoundRobin,
    Random,
    LeastRequests,
    PowerOfTwo,
    Ewma,
    Hash,
    ZoneAware,
    RegionAware,
    /// The replicas of the request's key, each its own: what a coordinator does.
    Replicas,
}

impl Balance {
    /// Whether where the caller stands matters.
    pub fn is_local(self) -> bool {
        matches!(self, Balance::ZoneAware | Balance::RegionAware)
    }

    /// Whether requests without an answer are counted.
    pub fn is_by_load(self) -> bool {
        matches!(self, Balance::LeastRequests | Balance::PowerOfTwo | Balance::Ewma)
    }
}

/// A pool of connections from each calling instance, for this call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connections {
    pub max: u32,
    /// Requests in flight on one connection: one with HTTP/1, any number (`None`) with HTTP/2.
    pub requests_each: Option<u32>,
}

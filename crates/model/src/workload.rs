//! Who sends, how often, and what must be kept.

use tarsier_random::Law;
use tarsier_units::Span;

use crate::{CallPolicy, EndpointId, RegionId, ServiceId, WorkloadId};

#[derive(Clone, PartialEq, Debug)]
pub struct Workload {
    pub name: String,
    pub demand: Demand,
    /// Where its requests go, with shares that sum to 1.
    pub mix: Vec<(f64, EndpointId)>,
    /// The regions its users are in, in equal shares.
    pub from: Vec<RegionId>,
    pub policy: CallPolicy,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Demand {
    /// Arrivals that do not wait for answers.
    Open {
        /// Requests per second at each time (counted from the end of the warm-up, in seconds),
        /// linear in between and constant outside; one point for a constant rate.
        rate: Vec<(Span, f64)>,
        arrivals: Arrivals,
        steps: Vec<ShapeStep>,
    },
    /// Each user thinks, sends, waits for the answer, thinks again.
    Closed { users: u64, think: Law, steps: Vec<ShapeStep> },
}

impl Demand {
    /// Requests a second while nothing multiplies them; an upper bound for users who wait for answers.
    pub fn most_per_s(&self) -> f64 {
        match self {
            Demand::Open { rate, .. } => rate.iter().map(|(_, rate)| *rate).fold(0.0, f64::max),
            Demand::Closed { users, think, .. } => {
                *users as f64 / (think.mean().unwrap_or(0.0) / 1e9 + QUICKEST_ANSWER_S)
            }
        }
    }
}

/// What answers take at least, as far as estimates go.
const QUICKEST_ANSWER_S: f64 = 1e-3;

#[derive(Clone, PartialEq, Debug)]
pub enum Arrivals {
    Poisson,
    /// Constant gaps.
    Regular,
    /// Gaps with this law, of mean 1 ns; they are stretched to the rate.
    Law(Law),
}

/// `{ at: 30s, factor: 3, for: 10s }`: the rate (or, closed, the number of users) times `factor`.
#[derive(Clone, PartialEq, Debug)]
pub struct ShapeStep {
    pub at: Span,
    pub factor: f64,
    /// To the end of the run if absent.
    pub lasts: Option<Span>,
}

/// `shoppers p99 < 250ms`.
#[derive(Clone, PartialEq, Debug)]
pub struct Slo {
    pub text: String,
    pub subject: Subject,
    pub metric: Metric,
    pub relation: Relation,
    /// Seconds, a share, or requests per second, as the metric has it.
    pub bound: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    Workload(WorkloadId),
    Service(ServiceId),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Metric {
    LatencyMean,
    LatencyMax,
    /// 0.99 for `p99`.
    LatencyQuantile(f64),
    /// Errors among all that ended.
    ErrorShare,
    /// Successes among all that ended.
    Availability,
    Throughput,
    /// Services only.
    Utilization,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

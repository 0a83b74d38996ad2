//! What a traced request was: who asked whom for what, when, how it ended, and what it waited for in between.

use std::collections::BTreeSet;

use tarsier_model::{EndpointId, ServiceId, WorkloadId, ZoneId};

use crate::outcome::Cause;

/// Which requests of users are traced. Only those that are sent in counted time are.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Traces {
    #[default]
    None,
    /// About this share of all, the same ones for the same seed.
    Share(f64),
    /// Those with these traces.
    These(BTreeSet<u128>),
    /// All, but only the span of the whole request of each.
    Requests,
}

/// One side's view of a request or an attempt that has ended. Times are counted from the end of the warm-up.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceSpan {
    pub trace: u128,
    /// Never 0.
    pub id: u64,
    /// The span in which this one was caused.
    pub parent: Option<u64>,
    pub kind: SpanKind,
    /// Who saw it.
    pub side: Side,
    /// Who is at the other end, if that is one.
    pub peer: Option<Side>,
    /// What was asked for.
    pub endpoint: EndpointId,
    /// Which attempt of its call it was, from 1.
    pub attempt: u32,
    /// Whether it was made beside another.
    pub hedge: bool,
    pub began_ns: u64,
    pub ended_ns: u64,
    pub end: SpanEnd,
    /// Waiting and working in between, in order of their beginning.
    pub stretches: Vec<Stretch>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpanKind {
    /// A user's request with all its attempts: the root.
    Request,
    /// An attempt as its caller sees it.
    Client,
    /// A stay on an instance.
    Server,
    /// The sending of a message that nobody waits for.
    Producer,
    /// A stay on an instance that nobody waits for.
    Consumer,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    Users { workload: WorkloadId, zone: ZoneId },
    Instance { service: ServiceId, number: u32, zone: ZoneId },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpanEnd {
    Ok,
    Error,
    Refused,
    Unreachable,
    Timeout,
    /// Its caller wanted no answer any more.
    Cancelled,
    /// It went down with its instance, unseen.
    Lost,
}

/// From when to when a request did what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    pub cause: Cause,
    pub from_ns: u64,
    pub to_ns: u64,
}

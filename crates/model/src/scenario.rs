//! What may happen during a run.

use tarsier_random::Law;
use tarsier_units::Span;

use crate::{EndpointId, RegionId, ServiceId, WorkloadId, ZoneId};

#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    pub name: String,
    pub happenings: Vec<Happening>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Happening {
    /// Counted from the end of the warm-up.
    pub at: Span,
    /// Until the end of the run if absent.
    pub lasts: Option<Span>,
    pub trouble: Trouble,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Trouble {
    /// Requests in service and waiting there are lost; their callers see an error, or nothing if `silent`.
    Kill {
        target: Target,
        silent: bool,
    },
    /// Nothing on these instances makes progress; arrivals queue.
    Pause {
        target: Target,
    },
    /// Work takes `factor` times as long, also what is being worked on.
    Slow {
        target: Target,
        factor: f64,
    },
    /// `add` on each message of matching calls, both ways halved: a call takes `add` longer.
    Delay {
        calls: CallMatch,
        add: Law,
    },
    /// This share of requests is answered with an error on arrival.
    Error {
        target: Target,
        share: f64,
    },
    /// Everything in a zone, a region or of a service is unreachable, and what is there is lost.
    LoseZone(ZoneId),
    LoseRegion(RegionId),
    LoseService(ServiceId),
    /// All workloads, or one, times `factor`.
    Load {
        workload: Option<WorkloadId>,
        factor: f64,
    },
}

/// Instances of a service: all that are left after the limits given.
#[derive(Clone, PartialEq, Debug)]
pub struct Target {
    pub service: ServiceId,
    pub zone: Option<ZoneId>,
    /// At most this many.
    pub count: Option<u32>,
    /// This share of them, rounded up.
    pub share: Option<f64>,
}

/// Which calls are delayed.
#[derive(Clone, PartialEq, Debug)]
pub enum CallMatch {
    /// All calls to a service (also from users).
    To(ServiceId),
    /// Calls from a service (or one of its endpoints) to a service (or one of its endpoints).
    Between { from: Party, to: Party },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    Service(ServiceId),
    Endpoint(EndpointId),
}

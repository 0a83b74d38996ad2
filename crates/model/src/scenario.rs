//! What may happen during a run.

use std::collections::BTreeMap;

use tarsier_random::Law;
use tarsier_units::Span;

use crate::{Breaker, EndpointId, RegionId, Retry, ServiceId, WorkloadId, ZoneId};

#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    pub name: String,
    pub happenings: Vec<Happening>,
}

impl Scenario {
    /// The most instances that services are to have while it happens, of those that it says so of.
    pub fn most_instances(&self) -> BTreeMap<ServiceId, u32> {
        let mut most = BTreeMap::new();
        for (service, wanted) in self.happenings.iter().filter_map(|it| it.trouble.resizes()) {
            let known = most.entry(service).or_default();
            *known = wanted.max(*known);
        }
        most
    }
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
    /// Matching calls take `add` longer, half of it each way, and `factor` times as long on the network.
    Delay {
        calls: CallMatch,
        add: Option<Law>,
        factor: f64,
    },
    /// This share of the messages of matching calls is lost (and sent again by the transport).
    Loss {
        calls: CallMatch,
        share: f64,
    },
    /// This share of requests is answered on arrival with an error of this kind.
    Error {
        target: Target,
        share: f64,
        kind: ErrorKind,
    },
    /// These instances stop, come back after `down`, and are slower by `factor` for `cold`.
    Restart {
        target: Target,
        down: Span,
        cold: Option<(Span, f64)>,
    },
    /// Messages between the two do not arrive: both ways, or only from the first to the second.
    Partition {
        from: Place,
        to: Place,
        both: bool,
    },
    /// These instances accept requests and never answer them.
    Stall {
        target: Target,
    },
    /// Every caller of the service sends to one and the same instance.
    Pin(ServiceId),
    /// Caches kept by this service (asked by `cache` steps) are empty, and fill up again within `refill`.
    Flush {
        service: ServiceId,
        refill: Span,
    },
    /// Work takes longer and longer, `factor` times as long when the fault ends (or after an hour).
    Leak {
        target: Target,
        factor: f64,
    },
    /// Clients of the service hear nothing new of its instances.
    Freeze(ServiceId),
    /// Random failures for as long as it lasts.
    Chaos(Chaos),
    /// Everything in a zone, a region or of a service is unreachable, and what is there is lost.
    LoseZone(ZoneId),
    LoseRegion(RegionId),
    LoseService(Target),
    /// All workloads, or one, times `factor`.
    Load {
        workload: Option<WorkloadId>,
        factor: f64,
    },
    /// Settings are others for as long as it lasts.
    Set(Box<Setting>),
}

/// What is set. `None` leaves as it is.
#[derive(Clone, PartialEq, Debug)]
pub enum Setting {
    /// How many instances a service has, and what each of them has; `Some(None)` is without limit.
    Service {
        service: ServiceId,
        instances: Option<u32>,
        workers: Option<Option<u32>>,
        queue: Option<Option<u32>>,
    },
    /// Of those who wait for an answer of `to`, or of this endpoint of it.
    Calls { from: Party, to: ServiceId, endpoint: Option<EndpointId>, policy: PolicyChange },
    /// Of the users of a workload.
    Users { workload: WorkloadId, policy: PolicyChange },
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct PolicyChange {
    pub timeout: Option<Option<Span>>,
    pub retry: Option<Option<Retry>>,
    pub breaker: Option<Option<Breaker>>,
}

impl Trouble {
    /// How many instances a service is to have while it lasts, if it says so.
    pub fn resizes(&self) -> Option<(ServiceId, u32)> {
        match self {
            Trouble::Set(setting) => match **setting {
                Setting::Service { service, instances, .. } => Some((service, instances?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The instances it strikes, or calls to which it strikes, if it is about those of one service.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Trouble::Kill { target, .. }
            | Trouble::Pause { target }
            | Trouble::Slow { target, .. }
            | Trouble::Error { target, .. }
            | Trouble::Restart { target, .. }
            | Trouble::Stall { target }
            | Trouble::Leak { target, .. }
            | Trouble::LoseService(target)
            | Trouble::Delay { calls: CallMatch::To { target, .. }, .. }
            | Trouble::Loss { calls: CallMatch::To { target, .. }, .. } => Some(target),
            Trouble::Delay { calls: CallMatch::Link(_), .. }
            | Trouble::Loss { calls: CallMatch::Link(_), .. }
            | Trouble::Partition { .. }
            | Trouble::Pin(_)
            | Trouble::Flush { .. }
            | Trouble::Freeze(_)
            | Trouble::Chaos(_)
            | Trouble::LoseZone(_)
            | Trouble::LoseRegion(_)
            | Trouble::Load { .. }
            | Trouble::Set(_) => None,
        }
    }
}

/// Instances of a service: all that are left after the limits given.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Target {
    pub service: ServiceId,
    pub zone: Option<ZoneId>,
    /// At most this many.
    pub count: Option<u32>,
    /// This share of them, rounded up.
    pub share: Option<f64>,
}

impl Target {
    /// All instances of a service.
    pub fn all(service: ServiceId) -> Target {
        Target { service, zone: None, count: None, share: None }
    }
}

/// What is taken down at random, each for `down`: an instance, a zone or a region at a time.
#[derive(Clone, PartialEq, Debug)]
pub struct Chaos {
    pub scale: ChaosScale,
    /// How often, per second.
    pub per_second: f64,
    pub down: Span,
    /// Only instances of these services; empty is all.
    pub services: Vec<ServiceId>,
    /// Only in these hours of each day (from, to), counted from the end of the warm-up.
    pub hours: Option<(f64, f64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChaosScale {
    /// Chaos Monkey.
    Instance,
    /// Chaos Gorilla.
    Zone,
    /// Chaos Kong.
    Region,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    Error,
    Refused,
    Unreachable,
}

/// One end of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Service(ServiceId),
    Zone(ZoneId),
    Region(RegionId),
    Users,
}

/// Which calls a fault of the network strikes.
#[derive(Clone, PartialEq, Debug)]
pub enum CallMatch {
    /// Calls between two places, either way.
    Link([Place; 2]),
    /// Calls to these instances, or only to one endpoint of theirs; from everybody, also users, or only from one party.
    To { target: Target, endpoint: Option<EndpointId>, from: Option<Party> },
}

impl CallMatch {
    /// All calls to these instances.
    pub fn to(target: Target) -> CallMatch {
        CallMatch::To { target, endpoint: None, from: None }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    Service(ServiceId),
    Endpoint(EndpointId),
}

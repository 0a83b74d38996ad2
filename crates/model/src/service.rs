//! Services, their endpoints and the steps of these.

use std::ops::Range;

use tarsier_random::Law;

use crate::{Call, Discovery, EndpointId, HealthCheck, Protection, Replication, Retry, ServiceId, ZoneId};

#[derive(Clone, PartialEq, Debug)]
pub struct Service {
    pub name: String,
    pub kind: Kind,
    /// The zone of each instance; the instance's number is its position.
    pub instances: Vec<ZoneId>,
    /// Where more of them may stand, beside where they stand: first ones first.
    pub homes: Vec<ZoneId>,
    pub cores: u32,
    pub scheduling: Scheduling,
    pub speed: f64,
    /// Each other request on an instance makes work that begins there take this share longer.
    pub drag: f64,
    /// Requests in service at once on an instance; `None` is unlimited.
    pub workers: Option<u32>,
    /// How many may wait on an instance; `None` is unlimited.
    pub queue: Option<u32>,
    pub protection: Protection,
    /// The share of the time that an instance is up, whatever happens to the others; only arithmetic uses it.
    pub availability: Option<f64>,
    pub discovery: Option<Discovery>,
    pub health: Option<HealthCheck>,
    /// What its `lock` and `conflict` steps are about; every instance has its own.
    pub locks: Vec<Lock>,
    /// If it keeps several copies of what it stores.
    pub replication: Option<Replication>,
    /// Its endpoints stand next to each other.
    pub endpoints: Range<u32>,
}

/// A thing that not everybody may use at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lock {
    pub name: String,
    /// How many may.
    pub permits: u32,
}

impl Service {
    /// One core, no bounds, no protection; no instances and no endpoints yet.
    pub fn named(name: &str) -> Service {
        Service {
            name: name.to_owned(),
            kind: Kind::Service,
            instances: Vec::new(),
            homes: Vec::new(),
            cores: 1,
            scheduling: Scheduling::Fifo,
            speed: 1.0,
            drag: 0.0,
            workers: None,
            queue: None,
            protection: Protection::default(),
            availability: None,
            discovery: None,
            health: None,
            locks: Vec::new(),
            replication: None,
            endpoints: 0..0,
        }
    }

    /// Where it stands, or may.
    pub fn possible_zones(&self) -> impl Iterator<Item = ZoneId> + '_ {
        self.homes.iter().chain(&self.instances).copied()
    }

    /// The zones of its instances if there were so many: each one more stands where there are fewest.
    pub fn zones_of(&self, n: usize) -> Vec<ZoneId> {
        let mut zones: Vec<ZoneId> = self.instances.iter().copied().take(n).collect();
        if zones.len() == n {
            return zones;
        }
        let mut rooms: Vec<(ZoneId, usize)> = Vec::new();
        for zone in self.possible_zones() {
            if rooms.iter().all(|(known, _)| *known != zone) {
                rooms.push((zone, zones.iter().filter(|it| **it == zone).count()));
            }
        }
        while zones.len() < n {
            let Some((zone, there)) = rooms.iter_mut().min_by_key(|(_, there)| *there) else { break };
            zones.push(*zone);
            *there += 1;
        }
        zones
    }

    pub fn endpoint_ids(&self) -> impl Iterator<Item = EndpointId> + use<> {
        self.endpoints.clone().map(EndpointId)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Service,
    Gateway,
    LoadBalancer,
    Cache,
    Store,
    ReplicatedStore,
    Queue,
    Function,
    External,
    EdgeDns,
}

impl Kind {
    /// As files have it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Service => "service",
            Kind::Gateway => "gateway",
            Kind::LoadBalancer => "load-balancer",
            Kind::Cache => "cache",
            Kind::Store => "store",
            Kind::ReplicatedStore => "replicated-store",
            Kind::Queue => "queue",
            Kind::Function => "function",
            Kind::External => "external",
            Kind::EdgeDns => "edge-dns",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheduling {
    Fifo,
    ProcessorSharing,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Endpoint {
    pub service: ServiceId,
    /// `None` for the only endpoint of a service written with `do`.
    pub name: Option<String>,
    pub steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    Work(Law),
    Wait(Law),
    Call(Call),
    Publish(Call),
    /// Goes on after `need` branches have ended (all of them unless the file says otherwise).
    Parallel {
        branches: Vec<Branch>,
        need: u32,
    },
    /// One branch by chance; shares sum to 1.
    Choose(Vec<(f64, Vec<Step>)>),
    Maybe {
        share: f64,
        steps: Vec<Step>,
    },
    Repeat {
        times: u32,
        steps: Vec<Step>,
    },
    /// Asks; with chance `hit` goes on, otherwise (also when asking failed) runs `miss` and then
    /// publishes to `fill`, if there is one.
    Cache {
        ask: Call,
        hit: f64,
        miss: Vec<Step>,
        fill: Option<Call>,
    },
    Fail(f64),
    /// Runs the steps while holding a permit of the service's lock of that number.
    Lock {
        lock: u32,
        steps: Vec<Step>,
    },
    /// Runs the steps, then commits, unless another has committed since they began: then again, as
    /// `retry` says, or it fails.
    Conflict {
        lock: u32,
        steps: Vec<Step>,
        retry: Option<Retry>,
    },
}

/// `times` equal branches of a parallel step.
#[derive(Clone, PartialEq, Debug)]
pub struct Branch {
    pub times: u32,
    pub steps: Vec<Step>,
}

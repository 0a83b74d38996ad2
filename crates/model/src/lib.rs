//! An architecture as plain data: dense ids, no text positions, valid by construction.
//!
//! A [`Model`] comes out of [`Draft::seal`], which checks what types cannot say; the engine never
//! validates again, it asserts.

mod call;
mod network;
mod placement;
mod protection;
mod recursion;
mod replication;
mod resize;
mod scenario;
mod seal;
mod segmentation;
mod service;
mod walk;
mod workload;

use tarsier_units::{IdVec, define_ids};

pub use call::{Backoff, Balance, Call, CallPolicy, Connections, Failures, Jitter, Retry};
pub use network::{Link, Network, RegionPair};
pub use placement::{Region, Zone};
pub use protection::{
    Breaker, BreakerWindow, Bucket, Budget, Bulkhead, BulkheadFrom, Codel, Connect, ConnectCost, Deadline,
    Discovery, HealthCheck, Hedge, HedgeDelay, Limit, LimitKind, Order, Outlier, Priority, Protection,
    RateLimit, Shed, Throttle, Trip,
};
pub use recursion::MAX_CALLS_PER_REQUEST;
pub use replication::{Access, AccessKind, Level, Needs, Replication, asked_of_replicas};
pub use scenario::{
    CallMatch, Chaos, ChaosScale, ErrorKind, Happening, Party, Place, PolicyChange, Scenario, Setting,
    Target, Trouble,
};
pub use seal::{Flaw, FlawSubject, SealedModel};
pub use segmentation::{End, Enforce, Group, Member, Passage, Rule, Segmentation, Verdict};
pub use service::{Branch, Endpoint, Kind, Lock, Scheduling, Service, Step};
pub use workload::{Arrivals, Demand, Metric, Relation, ShapeStep, Slo, Subject, Workload};

define_ids! {
    RegionId, ZoneId, ServiceId, EndpointId, WorkloadId,
}

/// Everything a file says, resolved.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    pub name: String,
    pub description: String,
    pub regions: IdVec<RegionId, Region>,
    pub zones: IdVec<ZoneId, Zone>,
    pub network: Network,
    pub services: IdVec<ServiceId, Service>,
    pub endpoints: IdVec<EndpointId, Endpoint>,
    pub workloads: IdVec<WorkloadId, Workload>,
    pub scenarios: Vec<Scenario>,
    pub slos: Vec<Slo>,
    pub segmentation: Option<Segmentation>,
}

impl Model {
    /// Nothing at all, in a network without latency.
    pub fn empty() -> Model {
        Model {
            name: String::new(),
            description: String::new(),
            regions: IdVec::new(),
            zones: IdVec::new(),
            network: Network::none(),
            services: IdVec::new(),
            endpoints: IdVec::new(),
            workloads: IdVec::new(),
            scenarios: Vec::new(),
            slos: Vec::new(),
            segmentation: None,
        }
    }

    /// `web/home`, or `users` for the only endpoint of a service with `do`.
    pub fn endpoint_label(&self, id: EndpointId) -> String {
        let endpoint = &self.endpoints[id];
        let service = &self.services[endpoint.service].name;
        match &endpoint.name {
            Some(name) => format!("{service}/{name}"),
            None => service.clone(),
        }
    }

    pub fn service_named(&self, name: &str) -> Option<ServiceId> {
        self.services.entries().find(|(_, service)| service.name == name).map(|(id, _)| id)
    }

    pub fn scenario_named(&self, name: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }
}

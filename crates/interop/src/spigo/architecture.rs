//! An architecture as Spigo's files have it, once it is known to be right.

use tarsier_language::Place;

use super::package::{Package, Role};

/// The regions that Spigo knew, in its order.
pub const REGIONS: [&str; 6] =
    ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-southeast-2"];
pub(super) const ZONES: [&str; 3] = ["zoneA", "zoneB", "zoneC"];

#[derive(Debug)]
pub(super) struct Architecture {
    pub(super) name: String,
    pub(super) description: String,
    /// Chaos monkey kills one instance of it.
    pub(super) victim: Option<usize>,
    /// The last of them is the root.
    pub(super) services: Vec<Service>,
    /// Those of the service with the most.
    pub(super) n_regions: usize,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) package: &'static Package,
    /// The package's name in the file, where a cache may be a `store`.
    pub(super) called: &'static str,
    /// Per region, scaled; 0 is one for the region, in no zone.
    pub(super) count: u64,
    /// 0 is one instance for all the world.
    pub(super) regions: u64,
    /// Services by their positions, each once; a service that names itself is a cluster.
    pub(super) dependencies: Vec<Dependency>,
    /// Names `eureka`, and so knows and is known in all regions.
    pub(super) is_everywhere: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Dependency {
    pub(super) on: usize,
    pub(super) place: Place,
}

impl Service {
    pub(super) fn is_global(&self) -> bool {
        self.regions == 0
    }

    /// In a region, as far as there is one.
    pub(super) fn per_region(&self) -> u64 {
        if self.is_global() { 1 } else { self.count.max(1) }
    }

    pub(super) fn n_instances(&self) -> u64 {
        self.per_region() * self.regions.max(1)
    }
}

impl Architecture {
    pub(super) fn new(
        name: &str,
        description: &str,
        victim: Option<usize>,
        services: Vec<Service>,
    ) -> Architecture {
        let n_regions = services.iter().map(|service| service.regions).max().unwrap_or(0).max(1) as usize;
        let [name, description] = [name, description].map(str::to_owned);
        Architecture { name, description, victim, services, n_regions }
    }

    pub(super) fn depends_on_itself(&self, at: usize) -> bool {
        self.services[at].dependencies.iter().any(|dependency| dependency.on == at)
    }

    /// The others that a service passes requests on to; what stores depend on, they do not call.
    pub(super) fn called_by(&self, at: usize) -> Vec<Dependency> {
        let service = &self.services[at];
        let others = service.dependencies.iter().filter(|dependency| dependency.on != at).copied();
        match service.package.role {
            Role::Forwards | Role::AccessesData | Role::Gossips => others.collect(),
            Role::Stores | Role::Replicates => Vec::new(),
        }
    }
}

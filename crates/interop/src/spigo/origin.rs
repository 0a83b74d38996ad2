//! What Spigo drew of a file, beside the model that runs: a graph of the model has Spigo's edges then.

use tarsier_model::{Model, ServiceId, ZoneId};
use tarsier_units::Id;

use super::architecture::{Architecture, REGIONS, ZONES};
use super::expand::{Cell, edges_from, knows, nodes};
use crate::Size;

/// The architecture that a translation was made from.
#[derive(Debug)]
pub struct Origin(pub(super) Architecture);

impl Origin {
    /// How large Spigo made each service, in the order of the file.
    pub fn sizes(&self) -> Vec<Size> {
        let services = self.0.services.iter();
        services
            .map(|service| Size {
                service: service.name.clone(),
                instances: service.n_instances(),
                edges: edges_from(&self.0.services, service),
            })
            .collect()
    }

    /// Finds the services of the model that came of it.
    pub(crate) fn of<'a>(&'a self, model: &'a Model) -> Drawn<'a> {
        let at = |name: &str| self.0.services.iter().position(|service| service.name == name);
        let service = |name: &str| at(name).expect("the model has Spigo's services");
        Drawn {
            model,
            architecture: &self.0,
            services: model.services.iter().map(|it| service(&it.name)).collect(),
        }
    }
}

/// Spigo's architecture, asked in the terms of the model.
#[derive(Clone)]
pub(crate) struct Drawn<'a> {
    model: &'a Model,
    architecture: &'a Architecture,
    /// By service of the model.
    services: Vec<usize>,
}

impl Drawn<'_> {
    /// On whom a service depends, itself perhaps.
    pub(crate) fn dependencies(&self, of: ServiceId) -> Vec<ServiceId> {
        let on = |to: &ServiceId| self.services[to.index()];
        let listed = &self.architecture.services[on(&of)].dependencies;
        let all = self.model.services.ids();
        all.filter(|to| listed.iter().any(|dependency| dependency.on == on(to))).collect()
    }

    /// Whether instances of a service that stand here know those of another there.
    pub(crate) fn knows(&self, caller: (ServiceId, ZoneId), callee: (ServiceId, ZoneId)) -> bool {
        let [caller, callee] = [caller, callee].map(|(service, zone)| {
            (&self.architecture.services[self.services[service.index()]], self.cell(service, zone))
        });
        knows(caller.0, caller.1, callee.0, callee.1)
    }

    /// Names of the instances of a service, and its package; dots separate the parts of a name.
    pub(crate) fn nodes(&self, of: ServiceId) -> (Vec<String>, &'static str) {
        let service = &self.architecture.services[self.services[of.index()]];
        let names = nodes(&self.architecture.name.replace('.', "_"), service);
        (names.into_iter().map(|(name, _)| name).collect(), service.called)
    }

    /// Where the instances of a service stand, in the zones of the model.
    pub(crate) fn zones(&self, of: ServiceId) -> Vec<ZoneId> {
        let service = &self.architecture.services[self.services[of.index()]];
        let zone = |cell: Cell| {
            let place = (cell.region.unwrap_or(0), cell.zone.unwrap_or(0));
            let mut zones = self.model.zones.ids();
            zones.find(|zone| self.place(*zone) == place).expect("the model has Spigo's zones")
        };
        nodes("", service).into_iter().map(|(_, cell)| zone(cell)).collect()
    }

    fn cell(&self, service: ServiceId, zone: ZoneId) -> Cell {
        let service = &self.architecture.services[self.services[service.index()]];
        let (region, zone) = self.place(zone);
        let region = (!service.is_global()).then_some(region);
        Cell { region, zone: region.and_then(|_| (service.count > 0).then_some(zone)), n: 1 }
    }

    fn place(&self, zone: ZoneId) -> (usize, usize) {
        let zone = &self.model.zones[zone];
        let region = &self.model.regions[zone.region].name;
        let own = zone.name.rsplit('/').next().unwrap_or_default();
        let at = |names: &[&str], name: &str| names.iter().position(|it| *it == name);
        at(&REGIONS, region).zip(at(&ZONES, own)).expect("the model has Spigo's regions and zones")
    }
}

//! What services, instances and users are called in spans, ready to be copied.

use std::net::Ipv4Addr;

use tarsier_engine::Side;
use tarsier_model::{EndpointId, Model, ServiceId, WorkloadId, ZoneId};
use tarsier_units::{Id, IdVec};

use super::text::Text;

/// Texts inside are parts of JSON, with what must be escaped escaped.
pub(super) struct Labels {
    services: IdVec<ServiceId, Service>,
    /// How many instances all services have in the file.
    of_the_file: u64,
    workloads: IdVec<WorkloadId, String>,
    zones: IdVec<ZoneId, Zone>,
    endpoints: IdVec<EndpointId, Endpoint>,
}

struct Service {
    name: String,
    /// How many instances there are of the services before, in the file.
    first: u32,
    /// How many there are of this one.
    own: u32,
}

pub(super) struct Zone {
    pub(super) name: String,
    pub(super) region: String,
}

struct Endpoint {
    label: String,
    service: ServiceId,
}

impl Labels {
    pub(super) fn new(model: &Model) -> Labels {
        let mut first = 0;
        let mut service = |service: &tarsier_model::Service| {
            let before = first;
            let own = service.instances.len() as u32;
            first += own;
            Service { name: escaped(&service.name), first: before, own }
        };
        let zone = |zone: &tarsier_model::Zone| Zone {
            name: escaped(&zone.name),
            region: escaped(&model.regions[zone.region].name),
        };
        let endpoint = |id| {
            let service = model.endpoints[id].service;
            Endpoint { label: escaped(&model.endpoint_label(id)), service }
        };
        let services = model.services.iter().map(&mut service).collect();
        Labels {
            services,
            of_the_file: first.into(),
            workloads: model.workloads.iter().map(|workload| escaped(&workload.name)).collect(),
            zones: model.zones.iter().map(zone).collect(),
            endpoints: model.endpoints.ids().map(endpoint).collect(),
        }
    }

    /// The name of the service, or of the workload.
    pub(super) fn service(&self, side: Side) -> &str {
        match side {
            Side::Users { workload, .. } => &self.workloads[workload],
            Side::Instance { service, .. } => &self.services[service].name,
        }
    }

    pub(super) fn zone(&self, side: Side) -> &Zone {
        let (Side::Users { zone, .. } | Side::Instance { zone, .. }) = side;
        &self.zones[zone]
    }

    /// `web#3`.
    pub(super) fn instance(&self, out: &mut Vec<u8>, side: Side) {
        out.text(self.service(side));
        if let Side::Instance { number, .. } = side {
            out.text("#");
            out.number(number.into());
        }
    }

    /// An address of its own for each instance, in the private block 10.0.0.0/8: first those of the file, then whoever
    /// joins, of each service in turn, for nobody knows how many there will be.
    pub(super) fn address(&self, side: Side) -> Option<Ipv4Addr> {
        let Side::Instance { service: id, number, .. } = side else { return None };
        let service = &self.services[id];
        let index = match number.checked_sub(service.own) {
            None => u64::from(service.first + number),
            Some(joined) => {
                self.of_the_file + u64::from(joined) * self.services.len() as u64 + id.index() as u64
            }
        };
        Some(Ipv4Addr::from_bits(0x0a00_0000 | (index % 0x00ff_fffe + 1) as u32))
    }

    pub(super) fn endpoint(&self, id: EndpointId) -> &str {
        &self.endpoints[id].label
    }

    pub(super) fn service_of(&self, id: EndpointId) -> &str {
        &self.services[self.endpoints[id].service].name
    }
}

/// Without the quotes around it.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_escapes_is_escaped() {
        assert_eq!(escaped("a\"b\\c\n"), "a\\\"b\\\\c\\n");
        assert_eq!(escaped("kürbis"), "kürbis");
    }
}

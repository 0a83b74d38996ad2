//! The names a file declares, and what refers to them.

use std::collections::BTreeMap;

use tarsier_model::{EndpointId, Model, RegionId, ServiceId, WorkloadId, ZoneId};
use tarsier_units::Id;

use super::context::Context;
use super::nearest::{listed, name_hint, nearest};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::MAX_NAME;
use crate::place::Place;
use crate::tree::{Key, Node};

/// Everything that has a name, each with its place: also the map from a model back to the source.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) regions: Vec<Declared>,
    pub(crate) zones: Vec<ZoneName>,
    pub(crate) services: Vec<ServiceName>,
    pub(crate) endpoints: Vec<EndpointName>,
    pub(crate) workloads: Vec<Declared>,
    service_ids: BTreeMap<String, ServiceId>,
    /// `us-east-1/a` and `a`; the latter may be several.
    zone_ids: BTreeMap<String, Vec<ZoneId>>,
    workload_ids: BTreeMap<String, WorkloadId>,
    /// By the position of the service and the name of the endpoint.
    endpoint_ids: BTreeMap<(usize, String), EndpointId>,
}

pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) place: Place,
}

pub(crate) struct ZoneName {
    pub(crate) name: String,
    pub(crate) region: RegionId,
    /// There without the file naming it.
    pub(crate) is_usual: bool,
}

pub(crate) struct ServiceName {
    pub(crate) name: String,
    pub(crate) place: Place,
    /// Positions in the list of endpoints.
    pub(crate) endpoints: std::ops::Range<usize>,
}

pub(crate) struct EndpointName {
    pub(crate) service: ServiceId,
    /// `None` for the only endpoint of a service with `do`.
    pub(crate) name: Option<String>,
    pub(crate) place: Place,
}

impl Names {
    /// Those of a model, without their places. Zones count as named by the file: who means one must say so.
    pub(crate) fn of(model: &Model) -> Names {
        let mut names = Names::default();
        for (id, region) in model.regions.entries() {
            let zones: Vec<&str> = (model.zones.iter())
                .filter(|zone| zone.region == id)
                .map(|zone| zone.name.as_str())
                .collect();
            names.add_region(&region.name, Place::default(), &zones, false);
        }
        for (id, service) in model.services.entries() {
            for endpoint in service.endpoint_ids() {
                let name = model.endpoints[endpoint].name.clone();
                names.endpoints.push(EndpointName { service: id, name, place: Place::default() });
            }
            names.add_service(&service.name, Place::default(), service.endpoints.len());
        }
        model.workloads.iter().for_each(|workload| names.add_workload(&workload.name, Place::default()));
        names
    }

    /// The endpoints of the service must have been added just before.
    pub(crate) fn add_service(&mut self, name: &str, place: Place, n_endpoints: usize) {
        let id = ServiceId::from_index(self.services.len());
        let end = self.endpoints.len();
        self.services.push(ServiceName { name: name.to_owned(), place, endpoints: end - n_endpoints..end });
        self.service_ids.insert(name.to_owned(), id);
        for index in end - n_endpoints..end {
            if let Some(name) = &self.endpoints[index].name {
                self.endpoint_ids.insert((id.index(), name.clone()), EndpointId::from_index(index));
            }
        }
    }

    pub(crate) fn service_id(&self, name: &str) -> Option<ServiceId> {
        self.service_ids.get(name).copied()
    }

    pub(crate) fn workload_id(&self, name: &str) -> Option<WorkloadId> {
        self.workload_ids.get(name).copied()
    }

    pub(crate) fn add_workload(&mut self, name: &str, place: Place) {
        self.workload_ids.insert(name.to_owned(), WorkloadId::from_index(self.workloads.len()));
        self.workloads.push(Declared { name: name.to_owned(), place });
    }

    pub(crate) fn region_id(&self, name: &str) -> Option<RegionId> {
        position(&self.regions, name).map(RegionId::from_index)
    }

    /// One for `us-east-1/a`, perhaps several for `a`.
    pub(crate) fn zones_named(&self, name: &str) -> &[ZoneId] {
        self.zone_ids.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn zone_labels(&self) -> Vec<String> {
        self.zones.iter().map(|zone| self.zone_label(zone)).collect()
    }

    pub(crate) fn add_region(&mut self, name: &str, place: Place, zones: &[&str], is_usual: bool) {
        let region = RegionId::from_index(self.regions.len());
        self.regions.push(Declared { name: name.to_owned(), place });
        for zone in zones {
            let id = ZoneId::from_index(self.zones.len());
            self.zones.push(ZoneName { name: (*zone).to_owned(), region, is_usual });
            for label in [format!("{name}/{zone}"), (*zone).to_owned()] {
                self.zone_ids.entry(label).or_default().push(id);
            }
        }
    }

    pub(crate) fn endpoint_label(&self, id: EndpointId) -> String {
        let endpoint = &self.endpoints[id.index()];
        let service = &self.services[endpoint.service.index()].name;
        match &endpoint.name {
            Some(name) => format!("{service}/{name}"),
            None => service.clone(),
        }
    }

    fn endpoint_names(&self, service: ServiceId) -> Vec<&str> {
        let range = self.services[service.index()].endpoints.clone();
        let names = self.endpoints[range].iter().filter_map(|endpoint| endpoint.name.as_deref());
        // Those with spaces are none that a file could name.
        names.filter(|name| !name.contains(' ')).collect()
    }

    fn zone_label(&self, zone: &ZoneName) -> String {
        format!("{}/{}", self.regions[zone.region.index()].name, zone.name)
    }
}

fn position(declared: &[Declared], name: &str) -> Option<usize> {
    declared.iter().position(|one| one.name == name)
}

fn names_of(declared: &[Declared]) -> Vec<String> {
    declared.iter().map(|one| one.name.clone()).collect()
}

/// Whether this can be a name; says so if not.
pub(crate) fn check_name(cx: &Context<'_>, name: &str, place: Place, kind: &str) -> bool {
    let Some(why) = name_fault(name) else { return true };
    let shown: String = name.chars().take(40).collect();
    let diagnostic =
        Diagnostic::error(Code::BadName, place, format!("`{shown}` cannot be the name of {kind}"));
    cx.report(diagnostic.label(why).hint("use letters, digits and hyphens"));
    false
}

/// Why this cannot be a name, if it cannot.
pub fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.chars().count() > MAX_NAME {
        Some("it is too long")
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("it has a space in it")
    } else if name.contains('/') {
        Some("`/` stands between a service and its endpoint")
    } else if name.contains("->") || name.contains(['<', '>', ',']) {
        Some("`<`, `>` and `,` have a meaning of their own")
    } else {
        None
    }
}

/// A text that names something, with its place.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'n> {
    pub(crate) text: &'n str,
    pub(crate) place: Place,
}

impl<'n> Reference<'n> {
    pub(crate) fn of_key(key: &'n Key) -> Self {
        Reference { text: &key.text, place: key.place }
    }

    /// A part of it, with the place of the part if the text stands in the source as it is.
    pub(crate) fn part(self, start: usize, end: usize) -> Self {
        let text = self.text[start..end].trim();
        let start = start + self.text[start..end].find(text).unwrap_or(0);
        let quote = (self.place.end - self.place.start).saturating_sub(self.text.len()) / 2;
        let verbatim = self.place.end - self.place.start == self.text.len() + 2 * quote && quote <= 1;
        let from = self.place.start + quote + start;
        let place = if verbatim { Place::new(from, from + text.len()) } else { self.place };
        Reference { text, place }
    }
}

impl Context<'_> {
    pub(crate) fn reference<'n>(&self, node: &'n Node, expected: &str) -> Option<Reference<'n>> {
        let text = self.text(node, expected)?;
        Some(Reference { text: text.trim(), place: node.place })
    }

    pub(crate) fn service(&self, node: &Node) -> Option<ServiceId> {
        let reference = self.reference(node, "the name of a service")?;
        self.service_of(reference)
    }

    pub(crate) fn service_of(&self, reference: Reference<'_>) -> Option<ServiceId> {
        let found = self.names.service_id(reference.text);
        if found.is_none() {
            let names = || self.names.services.iter().map(|service| service.name.clone()).collect();
            self.unknown(Code::UnknownService, reference, "service", names);
        }
        found
    }

    /// `SERVICE` or `SERVICE/ENDPOINT`.
    pub(crate) fn endpoint(&self, node: &Node) -> Option<EndpointId> {
        self.endpoint_of(self.reference(node, "`SERVICE` or `SERVICE/ENDPOINT`")?)
    }

    pub(crate) fn endpoint_of(&self, reference: Reference<'_>) -> Option<EndpointId> {
        match reference.text.find('/') {
            None => self.only_endpoint(reference),
            Some(slash) => {
                let service = self.service_of(reference.part(0, slash))?;
                self.named_endpoint(service, reference.part(slash + 1, reference.text.len()))
            }
        }
    }

    fn only_endpoint(&self, reference: Reference<'_>) -> Option<EndpointId> {
        let service = self.service_of(reference)?;
        let range = self.names.services[service.index()].endpoints.clone();
        if range.len() > 1 && !self.sink.is_full() {
            let names = self.names.endpoint_names(service);
            let message = format!("`{}` has several endpoints: say which", reference.text);
            let diagnostic = Diagnostic::error(Code::WhichEndpoint, reference.place, message);
            let paths: Vec<String> = names.iter().map(|name| format!("{}/{name}", reference.text)).collect();
            self.report(diagnostic.hint(format!("there are {}", listed(paths.iter().map(String::as_str)))));
        }
        // A service without any was reported where it stands.
        (range.len() == 1).then(|| EndpointId::from_index(range.start))
    }

    pub(crate) fn named_endpoint(&self, service: ServiceId, name: Reference<'_>) -> Option<EndpointId> {
        let declared = &self.names.services[service.index()];
        let found = self.names.endpoint_ids.get(&(service.index(), name.text.to_owned())).copied();
        let found = found.filter(|_| !name.text.contains(' '));
        if found.is_none() && !declared.endpoints.is_empty() && !self.sink.is_full() {
            let message = format!("`{}` has no endpoint `{}`", declared.name, name.text);
            let diagnostic = Diagnostic::error(Code::UnknownEndpoint, name.place, message);
            let diagnostic = diagnostic.related(declared.place, "the service");
            let names = self.names.endpoint_names(service);
            self.report(match names.is_empty() {
                true => {
                    diagnostic.hint(format!("it has only one, without a name: write `{}`", declared.name))
                }
                false => suggest(diagnostic, name.text, &names, "endpoints"),
            });
        }
        found
    }

    pub(crate) fn workload(&self, node: &Node) -> Option<WorkloadId> {
        let reference = self.reference(node, "the name of a workload")?;
        let found = self.names.workload_id(reference.text);
        if found.is_none() {
            self.unknown(Code::UnknownWorkload, reference, "workload", || names_of(&self.names.workloads));
        }
        found
    }

    pub(crate) fn region(&self, node: &Node) -> Option<RegionId> {
        self.region_of(self.reference(node, "the name of a region")?)
    }

    pub(crate) fn region_of(&self, reference: Reference<'_>) -> Option<RegionId> {
        let found = self.names.region_id(reference.text);
        if found.is_none() {
            self.unknown(Code::UnknownZone, reference, "region", || names_of(&self.names.regions));
        }
        found
    }

    /// `us-east-1/a`, or `a` if only one region has such a zone.
    pub(crate) fn zone(&self, node: &Node) -> Option<ZoneId> {
        self.zone_of(self.reference(node, "a zone such as `us-east-1/a`")?)
    }

    pub(crate) fn zone_of(&self, reference: Reference<'_>) -> Option<ZoneId> {
        match self.names.zones_named(reference.text) {
            [only] => Some(*only),
            [_, ..] => {
                let message = format!("several regions have a zone `{}`", reference.text);
                let diagnostic = Diagnostic::error(Code::UnknownZone, reference.place, message);
                self.report(diagnostic.hint("say which, as in `us-east-1/a`"));
                None
            }
            [] => {
                self.unknown(Code::UnknownZone, reference, "zone", || self.names.zone_labels());
                None
            }
        }
    }

    /// There is no such name: says so, with the nearest of those there are.
    fn unknown(&self, code: Code, reference: Reference<'_>, kind: &str, names: impl FnOnce() -> Vec<String>) {
        if self.sink.is_full() {
            return;
        }
        let message = format!("there is no {kind} `{}`", reference.text);
        let diagnostic = Diagnostic::error(code, reference.place, message);
        let names = names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.report(suggest(diagnostic, reference.text, &names, &format!("{kind}s")));
    }
}

/// The nearest name beside the mark, or all of them below.
pub(crate) fn suggest(diagnostic: Diagnostic, word: &str, names: &[&str], kind: &str) -> Diagnostic {
    match nearest(word, names.iter().copied()) {
        Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
        None => diagnostic.hint(name_hint(names, kind)),
    }
}

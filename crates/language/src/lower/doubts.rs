//! What may have no effect, or be too much, noted where it stands and judged when the whole model is known.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_model::{EndpointId, Model, ServiceId, Step, ZoneId};

use super::context::Context;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::MAX_INSTANCES;
use crate::place::Place;

/// Something that does nothing, if it is so.
#[derive(Clone, Copy)]
pub(crate) enum Doubt {
    /// A bulkhead against a service that does not call.
    NeverCalls { from: ServiceId, service: ServiceId },
    /// A fault of instances where there are none.
    NoneThere { service: ServiceId, zone: ZoneId },
    /// A fault of more instances than there are.
    TooFew { service: ServiceId, zone: Option<ZoneId>, asked: u32 },
    /// A flush of what no `cache` step asks.
    NoCache { service: ServiceId },
    /// Making work slower where there is none.
    NoWork { service: ServiceId, what: &'static str },
    /// A retry at another instance where there is one only.
    OnlyOne { to: EndpointId },
    /// Other numbers of instances where there can be none.
    Resized { service: ServiceId, to: u32 },
}

impl Doubt {
    fn hint(self) -> Option<&'static str> {
        match self {
            Doubt::NoWork { .. } => Some("`delay` makes calls to it slower, whatever it does"),
            _ => None,
        }
    }
}

impl Context<'_> {
    pub(super) fn doubt(&self, place: Place, doubt: Doubt) {
        self.doubts.borrow_mut().push((place, doubt));
    }
}

pub(super) fn judge(cx: &Context<'_>, model: &Model) {
    let doubts = cx.doubts.borrow();
    if doubts.is_empty() {
        return;
    }
    let most = model.services.entries().map(|(id, service)| (id, service.instances.len() as u64)).collect();
    let mut whole = Whole { model, calls: all_calls(model), caches: all_caches(model), most };
    for (place, doubt) in doubts.iter() {
        if let Doubt::Resized { service, to } = *doubt
            && let Some(message) = whole.refuses(service, to)
        {
            cx.report(Diagnostic::error(Code::OutOfRange, *place, message));
        }
    }
    for (place, doubt) in doubts.iter() {
        let Some(message) = whole.confirms(*doubt) else { continue };
        let diagnostic = Diagnostic::warning(Code::NoEffect, *place, message);
        cx.report(match doubt.hint() {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
    }
}

/// What doubts are judged by.
struct Whole<'a> {
    model: &'a Model,
    calls: BTreeSet<(ServiceId, ServiceId)>,
    caches: BTreeSet<ServiceId>,
    /// How many instances each service has at most, whatever happens.
    most: BTreeMap<ServiceId, u64>,
}

impl Whole<'_> {
    /// What to say if it is so.
    fn confirms(&self, doubt: Doubt) -> Option<String> {
        let name = |id: ServiceId| &self.model.services[id].name;
        match doubt {
            Doubt::NeverCalls { from, service } => (!self.calls.contains(&(from, service))).then(|| {
                let [from, service] = [from, service].map(name);
                format!("`{from}` never calls `{service}`, so this bulkhead holds nothing back")
            }),
            Doubt::NoneThere { service, zone } => (self.instances(service, Some(zone)) == 0)
                .then(|| format!("no instance of `{}` stands in this zone", name(service))),
            Doubt::TooFew { service, zone, asked } => {
                let there = self.instances(service, zone);
                let within = if zone.is_some() { " in this zone" } else { "" };
                let few = there > 0 && there < asked as usize;
                few.then(|| {
                    format!("{asked} instances of `{}` are meant, but it has {there}{within}", name(service))
                })
            }
            Doubt::NoCache { service } => (!self.caches.contains(&service))
                .then(|| format!("no `cache` step asks `{}`, so there is nothing to flush", name(service))),
            Doubt::NoWork { service, what } => (!self.works(service))
                .then(|| format!("`{}` does no `work`, so {what} changes nothing", name(service))),
            Doubt::OnlyOne { to } => {
                let service = self.model.endpoints[to].service;
                let only = self.instances(service, None) == 1;
                only.then(|| format!("`{}` has one instance, so no retry goes elsewhere", name(service)))
            }
            Doubt::Resized { .. } => None,
        }
    }

    /// Why a service cannot have so many instances.
    fn refuses(&mut self, service: ServiceId, to: u32) -> Option<String> {
        let it = &self.model.services[service];
        if it.replication.is_some() {
            let name = &it.name;
            return Some(format!(
                "the instances of `{name}` keep copies of what it stores, so there stay as many"
            ));
        }
        let most = self.most.get_mut(&service).expect("every service is there");
        *most = (*most).max(to.into());
        let all: u64 = self.most.values().sum();
        (all > MAX_INSTANCES)
            .then(|| format!("all services together would have more than {MAX_INSTANCES} instances"))
    }

    fn instances(&self, service: ServiceId, zone: Option<ZoneId>) -> usize {
        let most = self.most[&service] as usize;
        let all = self.model.services[service].zones_of(most);
        all.iter().filter(|stands| zone.is_none_or(|zone| zone == **stands)).count()
    }

    fn works(&self, service: ServiceId) -> bool {
        let mut endpoints = self.model.services[service].endpoint_ids();
        endpoints.any(|endpoint| self.model.endpoints[endpoint].works())
    }
}

/// Which services call which.
fn all_calls(model: &Model) -> BTreeSet<(ServiceId, ServiceId)> {
    let endpoints = model.endpoints.iter();
    let pairs = endpoints.flat_map(|from| {
        from.calls().into_iter().map(|call| (from.service, model.endpoints[call.to].service))
    });
    pairs.collect()
}

fn all_caches(model: &Model) -> BTreeSet<ServiceId> {
    let mut caches = BTreeSet::new();
    for endpoint in &model.endpoints {
        add_caches(&endpoint.steps, model, &mut caches);
    }
    caches
}

fn add_caches(steps: &[Step], model: &Model, caches: &mut BTreeSet<ServiceId>) {
    for step in steps {
        if let Step::Cache { ask, .. } = step {
            caches.insert(model.endpoints[ask.to].service);
        }
        step.inner().into_iter().for_each(|inner| add_caches(inner, model, caches));
    }
}

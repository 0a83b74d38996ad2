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

/// One, and where it stands.
pub(crate) struct Doubted {
    place: Place,
    /// By its number; `None` outside scenarios.
    scenario: Option<usize>,
    doubt: Doubt,
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
        self.doubts.borrow_mut().push(Doubted { place, scenario: self.scenario.get(), doubt });
    }
}

/// The most instances that services are set to, by scenario, and where that is said.
pub(super) fn sizes_set(cx: &Context<'_>) -> BTreeMap<Option<usize>, BTreeMap<ServiceId, (u32, Place)>> {
    let mut sizes: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for it in cx.doubts.borrow().iter() {
        if let Doubt::Resized { service, to } = it.doubt {
            let known = sizes.entry(it.scenario).or_default().entry(service).or_insert((to, it.place));
            if known.0 < to {
                *known = (to, it.place);
            }
        }
    }
    sizes
}

/// With so many instances that services are set to already, at most.
pub(super) fn judge(cx: &Context<'_>, model: &Model, before: &BTreeMap<ServiceId, u32>) {
    let doubts = cx.doubts.borrow();
    if doubts.is_empty() {
        return;
    }
    let mut whole = Whole {
        model,
        calls: all_calls(model),
        caches: all_caches(model),
        in_the_file: model.services.iter().map(|service| service.instances.len() as u64).sum(),
        joining: BTreeMap::new(),
    };
    for (service, to) in before {
        // Nobody asks again whether they may.
        let _ = whole.refuses(None, *service, (*to).into());
    }
    for it in doubts.iter() {
        if let Doubt::Resized { service, to } = it.doubt
            && let Some(message) = whole.refuses(it.scenario, service, to.into())
        {
            cx.report(Diagnostic::error(Code::OutOfRange, it.place, message));
        }
    }
    for it in doubts.iter() {
        let Some(message) = whole.confirms(it) else { continue };
        let diagnostic = Diagnostic::warning(Code::NoEffect, it.place, message);
        cx.report(match it.doubt.hint() {
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
    /// How many instances there are.
    in_the_file: u64,
    /// Who joins in each scenario; one run has one.
    joining: BTreeMap<Option<usize>, Joining>,
}

/// How many instances there are at most beside those of the file.
#[derive(Default)]
struct Joining {
    of: BTreeMap<ServiceId, u64>,
    all: u64,
}

impl Whole<'_> {
    /// What to say if it is so.
    fn confirms(&self, it: &Doubted) -> Option<String> {
        let name = |id: ServiceId| &self.model.services[id].name;
        let instances = |service, zone| self.instances(it.scenario, service, zone);
        match it.doubt {
            Doubt::NeverCalls { from, service } => (!self.calls.contains(&(from, service))).then(|| {
                let [from, service] = [from, service].map(name);
                format!("`{from}` never calls `{service}`, so this bulkhead holds nothing back")
            }),
            Doubt::NoneThere { service, zone } => (instances(service, Some(zone)) == 0)
                .then(|| format!("no instance of `{}` stands in this zone", name(service))),
            Doubt::TooFew { service, zone, asked } => {
                let there = instances(service, zone);
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
                let only = instances(service, None) == 1;
                only.then(|| format!("`{}` has one instance, so no retry goes elsewhere", name(service)))
            }
            Doubt::Resized { .. } => None,
        }
    }

    /// Why a service cannot have so many instances.
    fn refuses(&mut self, scenario: Option<usize>, service: ServiceId, to: u64) -> Option<String> {
        let it = &self.model.services[service];
        if it.replication.is_some() {
            let name = &it.name;
            return Some(format!(
                "the instances of `{name}` keep copies of what it stores, so there stay as many"
            ));
        }
        let joining = self.joining.entry(scenario).or_default();
        let known = joining.of.entry(service).or_default();
        let more = to.saturating_sub(it.instances.len() as u64 + *known);
        if self.in_the_file + joining.all + more > MAX_INSTANCES {
            return Some(format!("all services together would have more than {MAX_INSTANCES} instances"));
        }
        *known += more;
        joining.all += more;
        None
    }

    /// How many there are at most in a scenario; outside, in any.
    fn instances(&self, scenario: Option<usize>, service: ServiceId, zone: Option<ZoneId>) -> usize {
        let joins = |joining: &Joining| joining.of.get(&service).copied();
        let joining = match scenario {
            Some(_) => self.joining.get(&scenario).and_then(joins),
            None => self.joining.values().filter_map(joins).max(),
        };
        let own = &self.model.services[service];
        let all = own.zones_of(own.instances.len() + joining.unwrap_or(0) as usize);
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

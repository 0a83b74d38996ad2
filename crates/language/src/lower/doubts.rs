//! What may have no effect, noted where it stands and judged when the whole model is known.

use std::collections::BTreeSet;

use tarsier_model::{Model, ServiceId, Step, ZoneId};

use super::context::Context;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

/// Something that does nothing, if it is so.
#[derive(Clone, Copy)]
pub(crate) enum Doubt {
    /// A bulkhead against a service that does not call.
    NeverCalls { from: ServiceId, service: ServiceId },
    /// A fault of instances where there are none.
    NoneThere { service: ServiceId, zone: ZoneId },
    /// A flush of what no `cache` step asks.
    NoCache { service: ServiceId },
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
    let calls = all_calls(model);
    let caches = all_caches(model);
    let name = |id: ServiceId| &model.services[id].name;
    for (place, doubt) in doubts.iter() {
        let message = match *doubt {
            Doubt::NeverCalls { from, service } if !calls.contains(&(from, service)) => {
                format!(
                    "`{}` never calls `{}`, so this bulkhead holds nothing back",
                    name(from),
                    name(service)
                )
            }
            Doubt::NoneThere { service, zone } if !model.services[service].instances.contains(&zone) => {
                format!("no instance of `{}` stands in this zone", name(service))
            }
            Doubt::NoCache { service } if !caches.contains(&service) => {
                format!("no `cache` step asks `{}`, so there is nothing to flush", name(service))
            }
            _ => continue,
        };
        cx.report(Diagnostic::warning(Code::NoEffect, *place, message));
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

//! Bulkheads: how much of an instance one caller may take.

use std::collections::BTreeSet;

use tarsier_model::{Bulkhead, BulkheadFrom, Model, ServiceId};

use super::context::Context;
use super::named::{Named, Sort};
use super::names::Reference;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::MAX_COUNT;
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

/// A caller that a service expects, and where it says so.
pub(crate) struct Expected {
    service: ServiceId,
    from: ServiceId,
    place: Place,
}

/// `service` is the name of the service that has them; of none in `defaults`.
pub(super) fn bulkheads(cx: &Context<'_>, service: &str, node: &Node) -> Vec<Bulkhead> {
    let Kind::Map(entries) = &node.kind else {
        if cx.text(node, "a mapping of services to numbers").is_some() {
            let message = "expected a mapping of services to numbers, found a single value";
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(diagnostic.hint("as in `bulkheads: { web: 10, others: 5 }`"));
        }
        return Vec::new();
    };
    let mut bulkheads: Vec<Bulkhead> = Vec::new();
    for entry in entries {
        let (from, most) = (caller(cx, service, entry), cx.count32(&entry.value, 1, MAX_COUNT));
        let (Some(from), Some(most)) = (from, most) else { continue };
        if bulkheads.iter().any(|known| known.from == from) {
            let message = "this caller has a bulkhead already";
            cx.report(Diagnostic::error(Code::DuplicateKey, entry.key.place, message));
        } else {
            bulkheads.push(Bulkhead { from, most });
        }
    }
    bulkheads
}

fn caller(cx: &Context<'_>, service: &str, entry: &Entry) -> Option<BulkheadFrom> {
    if entry.key.text == "others" {
        return Some(BulkheadFrom::Others);
    }
    match cx.named(Reference::of_key(&entry.key), &[Sort::Users, Sort::Service])? {
        Named::Service(from) => {
            if let Some(service) = cx.names.service_id(service) {
                cx.expected_callers.borrow_mut().push(Expected { service, from, place: entry.key.place });
            }
            Some(BulkheadFrom::Service(from))
        }
        _ => Some(BulkheadFrom::Users),
    }
}

/// Bulkheads against services that never call.
pub(super) fn doubts(cx: &Context<'_>, model: &Model) {
    let expected = cx.expected_callers.borrow();
    let callers: BTreeSet<ServiceId> = expected.iter().map(|expected| expected.from).collect();
    let mut made: BTreeSet<(ServiceId, ServiceId)> = BTreeSet::new();
    for caller in callers {
        for endpoint in model.services[caller].endpoint_ids() {
            let calls = model.endpoints[endpoint].calls();
            made.extend(calls.iter().map(|call| (caller, model.endpoints[call.to].service)));
        }
    }
    for Expected { service, from, place } in expected.iter() {
        if !made.contains(&(*from, *service)) {
            let [from, service] = [from, service].map(|id| &model.services[*id].name);
            let message = format!("`{from}` never calls `{service}`, so this bulkhead holds nothing back");
            cx.report(Diagnostic::warning(Code::NoEffect, *place, message));
        }
    }
}

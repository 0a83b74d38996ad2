//! Bulkheads: how much of an instance one caller may take.

use std::collections::BTreeSet;

use tarsier_model::{Bulkhead, BulkheadFrom};

use super::context::Context;
use super::doubts::Doubt;
use super::named::{Named, Sort};
use super::names::Reference;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::MAX_COUNT;
use crate::tree::{Entry, Kind, Node};

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
    let mut seen = BTreeSet::new();
    for entry in entries {
        let (from, most) = (caller(cx, service, entry), cx.count32(&entry.value, 1, MAX_COUNT));
        let (Some(from), Some(most)) = (from, most) else { continue };
        if seen.insert(from) {
            bulkheads.push(Bulkhead { from, most });
        } else {
            let message = "this caller has a bulkhead already";
            cx.report(Diagnostic::error(Code::DuplicateKey, entry.key.place, message));
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
                cx.doubt(entry.key.place, Doubt::NeverCalls { from, service });
            }
            Some(BulkheadFrom::Service(from))
        }
        _ => Some(BulkheadFrom::Users),
    }
}

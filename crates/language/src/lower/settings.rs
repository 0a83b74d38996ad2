//! What a scenario sets: the values of keys that a service, a call or a workload has too.

use tarsier_model::{PolicyChange, Setting, Trouble};

use super::context::Context;
use super::doubts::Doubt;
use super::faults::call_path;
use super::fields::Fields;
use super::protection;
use super::retry::retry;
use super::scalars::is_none;
use super::service::limit_of;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::limits::{MAX_COUNT, MAX_INSTANCES};
use crate::tree::Node;

/// What an instance has, and what a caller does.
const CAPACITY: &[&str] = &["instances", "workers", "queue"];
const POLICY: &[&str] = &["timeout", "retry", "breaker"];

pub(super) fn set(cx: &Context<'_>, node: &Node, fields: &Fields<'_>) -> Option<Trouble> {
    let whose = fields.one_of(cx, &["service", "call", "workload"])?;
    let others = if whose.key.text == "service" { POLICY } else { CAPACITY };
    others.iter().for_each(|name| fields.refuse_beside(cx, name, whose));
    if node.entries().is_some_and(|entries| entries.len() == 1) {
        let message = "nothing is set";
        let hint = match whose.key.text.as_str() {
            "service" => "as in `set: { service: web, instances: 6, workers: 20 }`",
            "call" => "as in `set: { call: web -> db, timeout: 50ms, retry: 2 }`",
            _ => "as in `set: { workload: people, timeout: 2s, retry: none }`",
        };
        cx.report(Diagnostic::error(Code::MissingKey, whose.key.place, message).hint(hint));
    }
    let setting = match whose.key.text.as_str() {
        "service" => {
            let limit = |name, least| fields.get(name).map(|node| limit_of(cx, node, least, MAX_COUNT));
            let (workers, queue) = (limit("workers", 1), limit("queue", 0));
            let instances = fields.get("instances");
            let count = instances.and_then(|node| cx.count32(node, 1, MAX_INSTANCES));
            let service = cx.service(&whose.value)?;
            if let (Some(node), Some(to)) = (instances, count) {
                cx.doubt(node.place, Doubt::Resized { service, to });
            }
            Setting::Service { service, instances: count, workers, queue }
        }
        "call" => {
            let policy = policy(cx, fields);
            let [from, to] = call_path(cx, &whose.value)?;
            Setting::Calls { from: from.party(), to: to.service, endpoint: to.endpoint, policy }
        }
        _ => {
            let policy = policy(cx, fields);
            Setting::Users { workload: cx.workload(&whose.value)?, policy }
        }
    };
    Some(Trouble::Set(Box::new(setting)))
}

fn policy(cx: &Context<'_>, fields: &Fields<'_>) -> PolicyChange {
    PolicyChange {
        timeout: value(fields, "timeout", |node| cx.positive_duration(node)),
        retry: value(fields, "retry", |node| retry(cx, node)),
        breaker: value(fields, "breaker", |node| protection::breaker(cx, node)),
    }
}

/// What is said of a key, `none` being said too.
fn value<T>(fields: &Fields<'_>, name: &str, read: impl Fn(&Node) -> Option<T>) -> Option<Option<T>> {
    fields.get(name).map(|node| if is_none(node) { None } else { read(node) })
}

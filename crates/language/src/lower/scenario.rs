//! What may happen during a run.

use tarsier_model::{CallMatch, ErrorKind, Happening, Model, Party, Scenario, Target, Trouble};

use super::call::one_or_many;
use super::context::Context;
use super::fields::Fields;
use super::names::{Reference, check_name};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{DELAY, ERROR, HAPPENING, KILL, LOAD, LOSE, Object, PAUSE, SLOW, TROUBLES};
use crate::limits::MAX_INSTANCES;
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

pub(super) fn lower(cx: &Context<'_>, scenarios: Option<&Node>, model: &mut Model) {
    let Some(node) = scenarios else { return };
    let Kind::Map(entries) = &node.kind else {
        if node.kind != Kind::Broken {
            let message = format!("expected scenarios by name, found {}", node.what());
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(
                diagnostic.hint("as in `scenarios: { crash: [ { at: 30s, kill: { service: web } } ] }`"),
            );
        }
        return;
    };
    for entry in entries {
        check_name(cx, &entry.key.text, entry.key.place, "a scenario");
        let happenings =
            one_or_many(&entry.value).iter().filter_map(|node| happening(cx, node, entry)).collect();
        model.scenarios.push(Scenario { name: entry.key.text.clone(), happenings });
    }
}

fn happening(cx: &Context<'_>, node: &Node, scenario: &Entry) -> Option<Happening> {
    let place = if node.entries().is_some() { node.place } else { scenario.key.place };
    let fields = Fields::open(cx, node, &HAPPENING, place)?;
    let at = fields.get("at").and_then(|node| cx.duration(node));
    let lasts = fields.get("for").and_then(|node| cx.positive_duration(node));
    let built: Vec<&str> = TROUBLES.iter().filter(|key| cx.knows(key)).map(|key| key.name).collect();
    if built.iter().all(|name| fields.get(name).is_none()) && has_later_trouble(cx, node) {
        // Said already: not supported yet.
        return None;
    }
    let trouble = fields.one_of(cx, &built).and_then(|entry| trouble(cx, entry));
    Some(Happening { at: at?, lasts, trouble: trouble? })
}

fn has_later_trouble(cx: &Context<'_>, node: &Node) -> bool {
    let mut later = TROUBLES.iter().filter(|key| !cx.knows(key));
    later.any(|key| node.get(key.name).is_some())
}

fn trouble(cx: &Context<'_>, entry: &Entry) -> Option<Trouble> {
    let open = |object: &'static Object| Fields::open(cx, &entry.value, object, entry.key.place);
    match entry.key.text.as_str() {
        "kill" => kill(cx, &open(&KILL)?),
        "pause" => Some(Trouble::Pause { target: target(cx, &open(&PAUSE)?)? }),
        "slow" => slow(cx, &open(&SLOW)?),
        "delay" => delay(cx, &open(&DELAY)?),
        "error" => error(cx, &open(&ERROR)?),
        "lose" => lose(cx, &open(&LOSE)?),
        "load" => load(cx, &open(&LOAD)?),
        other => unreachable!("`{other}` is in the table of troubles"),
    }
}

/// A service, narrowed by `instances`, `share` and `zone`.
fn target(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Target> {
    let share = fields.get("share").and_then(|node| cx.share(node));
    Some(Target { share, ..instances_of(cx, fields)? })
}

fn instances_of(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Target> {
    let service = fields.get("service").and_then(|node| cx.service(node));
    let count = fields.get("instances").and_then(|node| cx.count32(node, 1, MAX_INSTANCES));
    let zone = fields.get("zone").and_then(|node| cx.zone(node));
    Some(Target { service: service?, zone, count, share: None })
}

/// `count` and `instances` say the same.
fn kill(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let silent = fields.get("silent").and_then(|node| cx.flag(node)).unwrap_or(false);
    let count = fields.get_entry("count");
    if let Some(count) = count {
        fields.refuse_beside(cx, "instances", count);
    }
    let count = count.and_then(|entry| cx.count32(&entry.value, 1, MAX_INSTANCES));
    let target = target(cx, fields)?;
    Some(Trouble::Kill { target: Target { count: count.or(target.count), ..target }, silent })
}

fn slow(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let factor = fields.get("factor").and_then(|node| cx.factor(node, false));
    let target = target(cx, fields);
    Some(Trouble::Slow { target: target?, factor: factor? })
}

/// Here `share` is the share of requests, not of instances.
fn error(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let share = fields.get("share").and_then(|node| cx.share(node));
    let target = instances_of(cx, fields);
    Some(Trouble::Error { target: target?, share: share?, kind: ErrorKind::Error })
}

fn delay(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let add = fields.get("add").and_then(|node| cx.law(node));
    let calls = fields.one_of(cx, &["call", "service"]).and_then(|entry| match entry.key.text.as_str() {
        "call" => call_path(cx, &entry.value),
        _ => cx.service(&entry.value).map(CallMatch::To),
    });
    Some(Trouble::Delay { calls: calls?, add: Some(add?), factor: 1.0 })
}

/// `web -> users`, each side a service or an endpoint.
fn call_path(cx: &Context<'_>, node: &Node) -> Option<CallMatch> {
    let whole = cx.reference(node, "a call such as `web -> users`")?;
    let Some(arrow) = whole.text.find("->") else {
        let message = format!("expected a call such as `web -> users`, found `{}`", whole.text);
        let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
        cx.report(diagnostic.hint("all calls to a service are `delay: { service: users, add: … }`"));
        return None;
    };
    let from = party(cx, whole.part(0, arrow));
    let to = party(cx, whole.part(arrow + 2, whole.text.len()));
    Some(CallMatch::Between { from: from?, to: to? })
}

fn party(cx: &Context<'_>, reference: Reference<'_>) -> Option<Party> {
    if reference.text.contains('/') {
        cx.endpoint_of(reference).map(Party::Endpoint)
    } else {
        cx.service_of(reference).map(Party::Service)
    }
}

fn lose(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let given = fields.one_of(cx, &["zone", "region", "service"])?;
    match given.key.text.as_str() {
        "zone" => cx.zone(&given.value).map(Trouble::LoseZone),
        "region" => cx.region(&given.value).map(Trouble::LoseRegion),
        _ => cx.service(&given.value).map(Trouble::LoseService),
    }
}

fn load(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let factor = fields.get("factor").and_then(|node| cx.factor(node, true));
    let workload = match fields.get("workload") {
        Some(node) => Some(cx.workload(node)?),
        None => None,
    };
    Some(Trouble::Load { workload, factor: factor? })
}

/// The place of a scenario's delay, for doubts about it.
pub(super) fn delayed_calls(scenarios: Option<&Node>) -> Vec<(Place, &str)> {
    let entries = scenarios.and_then(Node::entries).unwrap_or(&[]);
    let happenings = entries.iter().flat_map(|entry| one_or_many(&entry.value));
    happenings
        .filter_map(|node| node.get("delay")?.value.get("call"))
        .filter_map(|call| Some((call.value.place, call.value.text()?)))
        .collect()
}

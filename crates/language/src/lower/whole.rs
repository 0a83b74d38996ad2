//! What can be said only of the whole: sealing, endless recursion, and doubts.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_model::{EndpointId, Flaw, FlawSubject, Model, SealedModel};
use tarsier_units::{Id, IdVec};

use super::context::Context;
use super::nearest::listed;
use super::scenario::{NamedCall, named_calls};
use super::{doubts, forbidden};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;
use crate::tree::Node;

type Calls = IdVec<EndpointId, Vec<(EndpointId, f64)>>;

/// The sealed model, if there is no mistake so far and sealing finds none.
pub(super) fn seal(cx: &Context<'_>, model: Model, scenarios: Option<&Node>) -> Option<SealedModel> {
    if cx.sink.has_errors() {
        return None;
    }
    let calls = model.calls_per_visit();
    doubts(cx, &model, scenarios);
    match model.seal() {
        Ok(sealed) => {
            forbidden::report(cx, &sealed);
            (!cx.sink.has_errors()).then_some(sealed)
        }
        Err(flaws) => {
            report_flaws(cx, &flaws, &calls);
            None
        }
    }
}

fn report_flaws(cx: &Context<'_>, flaws: &[Flaw], calls: &Calls) {
    let mut recursive = Vec::new();
    for flaw in flaws {
        match flaw.subject {
            // The only flaw of an endpoint that gets past the lowering is a request without end.
            FlawSubject::Endpoint(endpoint) => recursive.push(endpoint),
            subject => {
                let diagnostic =
                    Diagnostic::error(Code::Unsound, place_of(cx, subject), flaw.message.clone());
                cx.report(diagnostic.hint("please report this as a bug, with the file"));
            }
        }
    }
    report_recursion(cx, &recursive, calls);
}

fn place_of(cx: &Context<'_>, subject: FlawSubject) -> Place {
    match subject {
        FlawSubject::Model => Place::default(),
        FlawSubject::Service(id) => cx.names.services[id.index()].place,
        FlawSubject::Endpoint(id) => cx.names.endpoints[id.index()].place,
        FlawSubject::Workload(id) => cx.names.workloads[id.index()].place,
    }
}

/// Cycles shown; finding each takes a walk through all calls.
const MAX_CYCLES: usize = 20;

/// Requests that never end, and those that end too late.
fn report_recursion(cx: &Context<'_>, suspects: &[EndpointId], calls: &Calls) {
    for &suspect in suspects.iter().take(MAX_CYCLES) {
        let place = place_of(cx, FlawSubject::Endpoint(suspect));
        let name = cx.names.endpoint_label(suspect);
        let Some(cycle) = cycle_through(suspect, calls) else {
            let message = format!("one request to `{name}` causes more than a million calls");
            let diagnostic = Diagnostic::error(Code::TooManySteps, place, message);
            cx.report(diagnostic.hint("repeat less, or give `parallel` fewer branches"));
            continue;
        };
        let path: Vec<String> = cycle.iter().map(|endpoint| cx.names.endpoint_label(*endpoint)).collect();
        let message = format!("a request to `{name}` never ends");
        let route = format!("{} -> {name}", path.join(" -> "));
        let diagnostic = Diagnostic::error(Code::EndlessRecursion, place, message);
        cx.report(diagnostic.label(format!("the calls go round: {route}")).hint(
            "let a chance end it (`maybe`, `choose`, `cache`), and call less than once a round on average",
        ));
    }
}

/// The shortest way from an endpoint through its calls back to itself.
fn cycle_through(start: EndpointId, calls: &Calls) -> Option<Vec<EndpointId>> {
    let mut came_from: Vec<Option<EndpointId>> = vec![None; calls.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(endpoint) = queue.pop_front() {
        for &(to, _) in calls[endpoint].iter().filter(|(_, weight)| *weight > 0.0) {
            if to == start {
                return Some(way_back(start, endpoint, &came_from));
            }
            if came_from[to.index()].is_none() {
                came_from[to.index()] = Some(endpoint);
                queue.push_back(to);
            }
        }
    }
    None
}

fn way_back(start: EndpointId, end: EndpointId, came_from: &[Option<EndpointId>]) -> Vec<EndpointId> {
    let mut way = vec![end];
    let mut at = end;
    while at != start {
        at = came_from[at.index()].expect("everything that was reached came from somewhere");
        way.push(at);
    }
    way.reverse();
    way
}

fn doubts(cx: &Context<'_>, model: &Model, scenarios: Option<&Node>) {
    if model.workloads.is_empty() {
        let place = cx.names.services.first().map_or(Place::default(), |service| service.place);
        let diagnostic =
            Diagnostic::warning(Code::NoWorkload, place, "there is no workload: nobody sends requests");
        cx.report(diagnostic.hint("as in `workload: { users: { rate: 100/s, to: web } }`"));
    } else {
        unreached(cx, model);
    }
    doubts::judge(cx, model, &BTreeMap::new());
    if let Some(scenarios) = scenarios {
        calls_nobody_makes(cx, model, &named_calls(Some(scenarios)));
    }
}

/// Services that no workload leads to.
fn unreached(cx: &Context<'_>, model: &Model) {
    let users = model.workloads.iter().flat_map(|workload| workload.mix.iter().map(|(_, to)| *to));
    let reached = model.reached(users);
    for (id, service) in model.services.entries() {
        if service.endpoint_ids().all(|endpoint| !reached[endpoint.index()]) {
            let place = place_of(cx, FlawSubject::Service(id));
            let message = format!("no workload leads to `{}`", service.name);
            cx.report(Diagnostic::warning(Code::Unreached, place, message));
        }
    }
}

/// `delay: { call: web -> mysql }` where `web` never calls `mysql` itself.
pub(super) fn calls_nobody_makes(cx: &Context<'_>, model: &Model, named: &[NamedCall<'_>]) {
    for NamedCall { place, text, is_set } in named.iter().copied() {
        let Some((from, to)) = text.split_once("->") else { continue };
        let [from, to] = [endpoints_of(cx, from), endpoints_of(cx, to)];
        let mut targets = Vec::new();
        for endpoint in &from {
            targets.extend(model.endpoints[*endpoint].calls().iter().map(|call| call.to));
        }
        if targets.iter().any(|target| to.contains(target)) {
            if is_set && !from.iter().any(|from| to.iter().any(|to| model.endpoints[*from].waits_for(*to))) {
                let message = format!("nobody waits for an answer of `{}`", text.trim());
                let diagnostic = Diagnostic::warning(Code::NoEffect, place, message);
                cx.report(
                    diagnostic.hint("these are messages: their senders have no policy that could be set"),
                );
            }
            continue;
        }
        let labels: BTreeSet<String> =
            targets.iter().map(|target| cx.names.endpoint_label(*target)).collect();
        let diagnostic =
            Diagnostic::warning(Code::NoSuchCall, place, format!("nobody makes the call `{}`", text.trim()));
        let callees = listed(labels.iter().map(String::as_str));
        cx.report(diagnostic.hint(format!("what is called from there: {callees}")));
    }
}

/// All endpoints of a service, or the one of a path.
fn endpoints_of(cx: &Context<'_>, party: &str) -> Vec<EndpointId> {
    let party = party.trim();
    let service = party.split('/').next().unwrap_or(party);
    let Some(id) = cx.names.service_id(service) else { return Vec::new() };
    let range = cx.names.services[id.index()].endpoints.clone();
    let all = range.map(EndpointId::from_index);
    all.filter(|endpoint| party == service || cx.names.endpoint_label(*endpoint) == party).collect()
}

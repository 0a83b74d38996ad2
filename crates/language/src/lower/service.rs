//! Services and their endpoints.

use tarsier_model::{Endpoint, Model, Replication, Scheduling, Service, ServiceId};
use tarsier_units::Id;

use super::context::Context;
use super::fields::Fields;
use super::guard::{check_queue, guard};
use super::locks;
use super::names::{EndpointName, Names, check_name};
use super::placement::{instances, zones_by_region};
use super::replication::{replica_name, store};
use super::steps::{check_size, steps};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{AVAILABILITY, KINDS, PRESETS, Preset, SCHEDULINGS, SERVICE, SERVICE_DEFAULTS};
use crate::limits::{MAX_CORES, MAX_COUNT};
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

/// Declares every service with its endpoints, so that calls can go forward in the file.
pub(super) fn declare(cx: &mut Context<'_>, services: Option<&Node>) {
    let Some(node) = services else { return };
    let Kind::Map(entries) = &node.kind else {
        if node.kind != Kind::Broken {
            let message = format!("expected services by name, found {}", node.what());
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(diagnostic.hint("as in `services: { web: { do: [ { work: exp(1ms) } ] } }`"));
        }
        return;
    };
    if entries.is_empty() {
        cx.report(Diagnostic::error(
            Code::MissingKey,
            node.place,
            "an architecture needs at least one service",
        ));
    }
    let mut names = std::mem::take(&mut cx.names);
    for entry in entries {
        check_name(cx, &entry.key.text, entry.key.place, "a service");
        let n_endpoints = declare_endpoints(&mut names, entry);
        names.add_service(&entry.key.text, entry.key.place, n_endpoints);
    }
    cx.names = names;
}

fn declare_endpoints(names: &mut Names, entry: &Entry) -> usize {
    let service = ServiceId::from_index(names.services.len());
    if entry.value.get("do").is_some() {
        // The only endpoint has no name; the service's stands for it.
        names.endpoints.push(EndpointName { service, name: None, place: entry.key.place });
        return 1;
    }
    let endpoints = given_endpoints(&entry.value);
    let declared = |name: String, endpoint: &Entry| {
        let place = endpoint.key.place;
        EndpointName { service, name: Some(name), place }
    };
    names.endpoints.extend(endpoints.iter().map(|endpoint| declared(endpoint.key.text.clone(), endpoint)));
    if entry.value.get("replication").is_none() {
        return endpoints.len();
    }
    let at_replicas = endpoints.iter().map(|endpoint| declared(replica_name(&endpoint.key.text), endpoint));
    names.endpoints.extend(at_replicas);
    2 * endpoints.len()
}

fn given_endpoints(service: &Node) -> &[Entry] {
    service.get("endpoints").and_then(|endpoints| endpoints.value.entries()).unwrap_or(&[])
}

pub(super) fn lower<'n>(cx: &Context<'n>, services: Option<&'n Node>, model: &mut Model) {
    check_defaults(cx);
    for entry in services.and_then(Node::entries).unwrap_or(&[]) {
        let service = lower_service(cx, entry, model);
        model.services.push(service);
    }
}

/// Reads `defaults: { service: … }` for its mistakes, also if every service says otherwise.
fn check_defaults(cx: &Context<'_>) {
    let Some(node) = cx.service_defaults else { return };
    if let Some(own) = Fields::open(cx, node, &SERVICE_DEFAULTS, node.place) {
        let left = cx.instances_left.get();
        let given = Settings { own: Some(own), defaults: None };
        let service = settings(cx, &given, "", node.place);
        check_own_queue(cx, &given, &service, true);
        cx.instances_left.set(left);
    }
}

/// What a service says itself, over what the defaults say for all.
pub(super) struct Settings<'n> {
    pub(super) own: Option<Fields<'n>>,
    defaults: Option<Fields<'n>>,
}

impl<'n> Settings<'n> {
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let own = self.own.as_ref().and_then(|fields| fields.get(name));
        own.or_else(|| self.defaults.as_ref()?.get(name))
    }
}

fn lower_service<'n>(cx: &Context<'n>, entry: &'n Entry, model: &mut Model) -> Service {
    let place = entry.key.place;
    let own = Fields::open(cx, &entry.value, &SERVICE, place);
    let first = model.endpoints.len() as u32;
    let defaults = cx.service_defaults.and_then(|node| Fields::open(cx, node, &SERVICE_DEFAULTS, node.place));
    if let Some(defaults) = &defaults {
        defaults.abandon();
    }
    let given = Settings { own, defaults };
    let service = settings(cx, &given, &entry.key.text, place);
    let replicated = given.own.as_ref().and_then(|own| own.get("replication"));
    let replication = match (&given.own, replicated) {
        (Some(own), Some(node)) => replicated_endpoints(cx, own, node, &entry.value, &service, model),
        (Some(own), None) => {
            endpoints(cx, own, model);
            None
        }
        (None, _) => None,
    };
    let works = model.endpoints.as_slice()[first as usize..].iter().any(Endpoint::works);
    check_own_queue(cx, &given, &service, works);
    let locks = locks::finish(cx);
    Service { locks, replication, endpoints: first..model.endpoints.len() as u32, ..service }
}

fn check_own_queue(cx: &Context<'_>, settings: &Settings<'_>, service: &Service, works: bool) {
    if let Some(node) = settings.own.as_ref().and_then(|own| own.get("queue")) {
        check_queue(cx, service, works, node.place);
    }
}

/// What the file says under `endpoints` is what replicas do.
fn replicated_endpoints<'n>(
    cx: &Context<'n>,
    own: &Fields<'n>,
    replication: &'n Node,
    service_node: &'n Node,
    service: &Service,
    model: &mut Model,
) -> Option<Replication> {
    let given = own.one_of(cx, &["do", "endpoints"])?;
    if given.key.text == "do" {
        let message = "a replicated store has endpoints, so that it is known which read and which write";
        let diagnostic = Diagnostic::error(Code::Exclusive, given.key.place, message);
        cx.report(diagnostic.hint("as in `endpoints: { read: [...], write: [...] }`"));
        return None;
    }
    let given = given_endpoints(service_node);
    if given.is_empty() {
        endpoints(cx, own, model);
        return None;
    }
    given.iter().for_each(|entry| {
        check_name(cx, &entry.key.text, entry.key.place, "an endpoint");
    });
    store(cx, replication, given, service, model)
}

fn settings(cx: &Context<'_>, settings: &Settings<'_>, name: &str, place: Place) -> Service {
    let [number, regions] = ["instances", "regions"].map(|name| settings.get(name));
    let zones = zones_by_region(cx, regions);
    let preset = settings.get("kind").and_then(|node| preset(cx, node)).unwrap_or(&PRESETS[0]);
    let cores = settings.get("cores").and_then(|node| cx.count32(node, 1, MAX_CORES));
    let mut service = Service {
        kind: preset.kind,
        instances: instances(cx, number, &zones, number.map_or(place, |node| node.place)),
        homes: zones.concat(),
        cores: cores.or(preset.cores).unwrap_or(1),
        scheduling: settings
            .get("scheduling")
            .and_then(|node| scheduling(cx, node))
            .unwrap_or(Scheduling::Fifo),
        speed: settings.get("speed").and_then(|node| cx.factor(node, false)).unwrap_or(1.0),
        drag: settings.get("drag").and_then(|node| cx.share(node)).unwrap_or(0.0),
        workers: settings.get("workers").and_then(|node| limit_of(cx, node, 1, MAX_COUNT)),
        availability: settings.get("availability").and_then(|node| availability(cx, node)),
        ..Service::named(name)
    };
    guard(cx, settings, &mut service);
    service
}

/// `unlimited` is what there is without the key; the word undoes a default.
pub(super) fn limit_of(cx: &Context<'_>, node: &Node, least: u64, most: u64) -> Option<u32> {
    if node.text() == Some("unlimited") { None } else { cx.count32(node, least, most) }
}

/// `99.9%`, or the times that make it.
fn availability(cx: &Context<'_>, node: &Node) -> Option<f64> {
    if !matches!(node.kind, Kind::Map(_)) {
        return cx.share(node);
    }
    let fields = Fields::open(cx, node, &AVAILABILITY, node.place)?;
    let [up, down] =
        ["mtbf", "mttr"].map(|name| fields.get(name).and_then(|node| cx.positive_duration(node)));
    let (up, down) = (up?.as_secs_f64(), down?.as_secs_f64());
    Some(up / (up + down))
}

fn preset(cx: &Context<'_>, node: &Node) -> Option<&'static Preset> {
    let word = cx.word(node, KINDS)?;
    PRESETS.iter().find(|preset| preset.name == word)
}

fn scheduling(cx: &Context<'_>, node: &Node) -> Option<Scheduling> {
    Some(match cx.word(node, SCHEDULINGS)? {
        "fifo" => Scheduling::Fifo,
        "ps" => Scheduling::ProcessorSharing,
        other => unreachable!("`{other}` is in the table of schedulings"),
    })
}

/// `do`, or `endpoints`: in the same order as they were declared.
fn endpoints<'n>(cx: &Context<'n>, own: &Fields<'n>, model: &mut Model) {
    let given = own.one_of(cx, &["do", "endpoints"]);
    let Some(given) = given else { return };
    if given.key.text == "do" {
        endpoint(cx, None, own.place(), &given.value, model);
        return;
    }
    match &given.value.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                check_name(cx, &entry.key.text, entry.key.place, "an endpoint");
                endpoint(cx, Some(&entry.key.text), entry.key.place, &entry.value, model);
            }
        }
        Kind::Broken => {}
        _ => {
            let message = format!("expected endpoints by name, found {}", given.value.what());
            let diagnostic = Diagnostic::error(Code::WrongShape, given.value.place, message);
            cx.report(diagnostic.hint("a service with a single endpoint has `do` instead"));
        }
    }
}

pub(super) fn endpoint<'n>(
    cx: &Context<'n>,
    name: Option<&str>,
    place: Place,
    node: &'n Node,
    model: &mut Model,
) {
    cx.places.borrow_mut().begin_endpoint();
    let steps = steps(cx, node);
    check_size(cx, &steps, place);
    let service = ServiceId::from_index(model.services.len());
    model.endpoints.push(Endpoint { service, name: name.map(str::to_owned), steps });
}

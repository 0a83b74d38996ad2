//! A replicated store: from what its replicas do to what its coordinators do.
//!
//! Each endpoint that the file gives is what a replica does. It goes on as an endpoint that no file can
//! name; under the name in the file stands what the preset makes, the coordinator's side: a `parallel`
//! step with `need` over the replicas.

use tarsier_model::{
    Access, AccessKind, Endpoint, EndpointId, Level, Model, Needs, Replication, Service, ServiceId, Step,
};
use tarsier_random::Law;
use tarsier_units::{Id, Span};

use super::context::Context;
use super::fields::Fields;
use super::names::Reference;
use super::scalars::is_none;
use super::service::endpoint;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{
    ASKED, LEVELS, REPLICATION, REPLICATION_DEFAULTS, REPLICATION_PRESETS, ReplicationPreset, level_of,
};
use crate::limits::{MAX_COPIES, MAX_KEYS};
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

/// The name of what replicas do for an endpoint: with spaces, so that no file can mean it.
pub(super) fn replica_name(endpoint: &str) -> String {
    format!("{endpoint} at a replica")
}

/// What is said of coordinators, as far as it could be read.
struct Coordination {
    work: Option<Law>,
    asks_all: bool,
    /// Of a read and of a write.
    timeouts: [Span; 2],
}

/// An endpoint of the file, and whether and how it reads or writes.
struct Said<'n> {
    endpoint: &'n Entry,
    kind: AccessKind,
    level: Level,
    place: Place,
}

/// Lowers the endpoints of a replicated store into the model; the service's instances are known.
pub(super) fn store<'n>(
    cx: &Context<'n>,
    node: &'n Node,
    endpoints: &'n [Entry],
    service: &Service,
    model: &mut Model,
) -> Option<Replication> {
    let fields = Fields::open(cx, node, &REPLICATION, node.place)?;
    let preset = fields.get("preset").and_then(|node| cx.word(node, REPLICATION_PRESETS));
    let preset = preset.and_then(|name| REPLICATION_DEFAULTS.iter().find(|preset| preset.name == name));
    let preset = preset.unwrap_or(&REPLICATION_DEFAULTS[0]);
    let coordination = coordination(cx, &fields, preset);
    let factor = fields.get("factor").map_or(Some(3), |node| cx.count32(node, 1, MAX_COPIES));
    let mut replication = Replication {
        factor: factor.unwrap_or(1),
        keys: fields.get("keys").and_then(|node| cx.count32(node, 1, MAX_KEYS)).unwrap_or(10_000),
        skew: fields.get("skew").and_then(|node| cx.factor(node, true)).unwrap_or(0.0),
        asks_all: coordination.asks_all,
        repair: fields.get("read-repair").and_then(|node| cx.share(node)).unwrap_or(1.0),
        hints: hints(cx, &fields),
        accesses: Vec::new(),
    };
    let said = accesses(cx, &fields, endpoints, preset);
    let said = said.filter(|_| factor.is_some() && fits(cx, &fields, &replication, service, model))?;
    let n_regions = u32::try_from(model.regions_of(service).len()).expect("there are few regions");
    let first = model.endpoints.len();
    let ids = |at: usize| [first + at, first + said.len() + at].map(EndpointId::from_index);
    for (at, said) in said.iter().enumerate() {
        let [coordinator, replica] = ids(at);
        let needs = replication.needs(said.level, n_regions);
        if !check_level(cx, said, needs) {
            continue;
        }
        replication.accesses.push(Access { kind: said.kind, level: said.level, coordinator, replica });
        let timeout = coordination.timeouts[usize::from(said.kind == AccessKind::Write)];
        let mut steps: Vec<Step> = coordination.work.clone().map(Step::Work).into_iter().collect();
        steps.extend(replication.coordinate(said.kind, needs, n_regions, replica, timeout));
        let name = Some(said.endpoint.key.text.clone());
        add_coordinator(cx, said.endpoint.key.place, Endpoint { service: this(model), name, steps }, model);
    }
    for said in &said {
        let name = replica_name(&said.endpoint.key.text);
        endpoint(cx, Some(&name), said.endpoint.key.place, &said.endpoint.value, model);
    }
    Some(replication)
}

/// The service that is being lowered.
fn this(model: &Model) -> ServiceId {
    ServiceId::from_index(model.services.len())
}

fn add_coordinator(cx: &Context<'_>, place: Place, endpoint: Endpoint, model: &mut Model) {
    let mut places = cx.places.borrow_mut();
    places.begin_endpoint();
    endpoint.calls().iter().for_each(|_| places.add_call(place));
    model.endpoints.push(endpoint);
}

fn coordination(cx: &Context<'_>, fields: &Fields<'_>, preset: &ReplicationPreset) -> Coordination {
    let asked = fields.get("asked").and_then(|node| cx.word(node, ASKED));
    let timeout =
        |name: &str, usual| fields.get(name).and_then(|node| cx.positive_duration(node)).unwrap_or(usual);
    Coordination {
        work: fields.get("coordinator").filter(|node| !is_none(node)).and_then(|node| cx.law(node)),
        asks_all: asked.map_or(preset.asks_all, |word| word == "all"),
        timeouts: [timeout("read-timeout", Span::from_secs(5)), timeout("write-timeout", Span::from_secs(2))],
    }
}

fn hints(cx: &Context<'_>, fields: &Fields<'_>) -> Option<f64> {
    match fields.get("hints") {
        None => Some(1_000.0),
        Some(node) if is_none(node) => None,
        Some(node) => {
            let rate = cx.rate(node)?.per_second;
            if rate <= 0.0 {
                cx.ineffective(node.place, "hints that are never replayed are of no use: write `none`");
            }
            Some(rate)
        }
    }
}

/// How each endpoint of the file reads or writes; every one must.
fn accesses<'n>(
    cx: &Context<'n>,
    fields: &Fields<'n>,
    endpoints: &'n [Entry],
    preset: &ReplicationPreset,
) -> Option<Vec<Said<'n>>> {
    let reads = levels(cx, fields, "read", AccessKind::Read, endpoints);
    let writes = levels(cx, fields, "write", AccessKind::Write, endpoints);
    let mut given = reads?;
    given.extend(writes?);
    let usual = [("read", AccessKind::Read, preset.read), ("write", AccessKind::Write, preset.write)];
    let mut said = Vec::new();
    for endpoint in endpoints {
        let name = endpoint.key.text.as_str();
        let mut of_this = given.iter().filter(|(at, ..)| at.text == name);
        let (first, second) = (of_this.next(), of_this.next());
        if let (Some((one, ..)), Some((other, ..))) = (first, second) {
            let message = format!("`{name}` cannot read and write");
            let diagnostic = Diagnostic::error(Code::Contradiction, other.place, message);
            cx.report(diagnostic.related(one.place, "the other is here"));
        }
        let known = usual.iter().find(|(word, ..)| *word == name);
        let of_preset = known.map(|(_, kind, level)| (*kind, *level, endpoint.key.place));
        let found = first.map(|(at, kind, level)| (*kind, *level, at.place)).or(of_preset);
        match found {
            Some((kind, level, place)) => said.push(Said { endpoint, kind, level, place }),
            None if !fields.is_whole => {}
            None => cx.report(neither(endpoint)),
        }
    }
    (said.len() == endpoints.len()).then_some(said)
}

fn neither(endpoint: &Entry) -> Diagnostic {
    let name = &endpoint.key.text;
    let message = format!("a replicated store must know whether `{name}` reads or writes");
    let diagnostic = Diagnostic::error(Code::MissingKey, endpoint.key.place, message);
    diagnostic.hint(format!("as in `replication: {{ read: {{ {name}: quorum }} }}`"))
}

type Given<'n> = (Reference<'n>, AccessKind, Level);

/// `read: quorum` is the level of the endpoint `read`; a mapping names endpoints.
fn levels<'n>(
    cx: &Context<'n>,
    fields: &Fields<'n>,
    key: &str,
    kind: AccessKind,
    endpoints: &[Entry],
) -> Option<Vec<Given<'n>>> {
    let Some(given) = fields.get_entry(key) else { return Some(Vec::new()) };
    let Kind::Map(entries) = &given.value.kind else {
        let level = level(cx, &given.value)?;
        let reference = Reference { text: &given.key.text, place: given.value.place };
        return is_endpoint(cx, Reference::of_key(&given.key), endpoints)
            .then(|| vec![(reference, kind, level)]);
    };
    let each = entries.iter().map(|entry| {
        let level = level(cx, &entry.value)?;
        let name = Reference::of_key(&entry.key);
        is_endpoint(cx, name, endpoints).then_some((name, kind, level))
    });
    // All of them, so that all mistakes are told.
    each.collect::<Vec<_>>().into_iter().collect()
}

fn is_endpoint(cx: &Context<'_>, name: Reference<'_>, endpoints: &[Entry]) -> bool {
    let is_there = endpoints.iter().any(|endpoint| endpoint.key.text == name.text);
    if !is_there {
        let message = format!("this store has no endpoint `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::UnknownEndpoint, name.place, message);
        cx.report(diagnostic.hint("levels of endpoints with other names: `read: { NAME: quorum }`"));
    }
    is_there
}

/// A word, or how many.
fn level(cx: &Context<'_>, node: &Node) -> Option<Level> {
    let is_number =
        node.text().is_some_and(|text| text.starts_with(|c: char| c.is_ascii_digit() || c == '-'));
    if is_number {
        return cx.count32(node, 1, MAX_COPIES).map(Level::Count);
    }
    cx.word(node, LEVELS).and_then(level_of)
}

fn check_level(cx: &Context<'_>, said: &Said<'_>, needs: Needs) -> bool {
    let can = needs.answers <= needs.of;
    if !can {
        let message = format!("{} replicas cannot answer: there are {} of each key", needs.answers, needs.of);
        let diagnostic = Diagnostic::error(Code::Contradiction, said.place, message);
        cx.report(diagnostic.hint("a level is at most `factor` times the number of regions"));
    }
    can
}

/// Whether every region where the store stands has room for the copies.
fn fits(
    cx: &Context<'_>,
    fields: &Fields<'_>,
    replication: &Replication,
    service: &Service,
    model: &Model,
) -> bool {
    let Replication { factor, .. } = *replication;
    let too_small = model.regions_of(service).into_iter().find_map(|region| {
        let n_instances = model.instances_in(service, region);
        (n_instances < factor as usize).then_some((region, n_instances))
    });
    if let Some((region, n_instances)) = too_small {
        let place = fields.get("factor").map_or(fields.place(), |node| node.place);
        let region = &model.regions[region].name;
        let message =
            format!("{factor} copies of a key need {factor} instances; in {region} there are {n_instances}");
        let diagnostic = Diagnostic::error(Code::Contradiction, place, message);
        cx.report(diagnostic.hint("give the store more `instances`, or a smaller `factor`"));
    }
    too_small.is_none()
}

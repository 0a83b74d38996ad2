//! The troubles of a scenario: what they strike, and how.

use tarsier_model::{
    CallMatch, Chaos, ChaosScale, EndpointId, ErrorKind, Party, Place as End, ServiceId, Target, Trouble,
};
use tarsier_units::{Id, Span};

use super::call::one_or_many;
use super::context::Context;
use super::doubts::Doubt;
use super::fields::Fields;
use super::named::{Named, Sort};
use super::names::Reference;
use super::scalars::is_none;
use super::settings;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{
    CHAOS, CHAOS_RATE, CHAOSES, COLD, DELAY, ERROR, ERRORS, FLUSH, FREEZE, KILL, LEAK, LOAD, LOSE, LOSS,
    Object, PARTITION, PAUSE, PIN, RESTART, SET, SLOW, STALL,
};
use crate::limits::MAX_INSTANCES;
use crate::tree::{Entry, Kind, Node};

/// What may be an end of a link.
const ENDS: &[Sort] = &[Sort::Users, Sort::Service, Sort::Zone, Sort::Region];

pub(super) fn trouble(cx: &Context<'_>, entry: &Entry, lasts: Option<&Entry>) -> Option<Trouble> {
    let open = |object: &'static Object| Fields::open(cx, &entry.value, object, entry.key.place);
    match entry.key.text.as_str() {
        "kill" => kill(cx, &open(&KILL)?),
        "restart" => restart(cx, &open(&RESTART)?, lasts),
        "pause" => Some(Trouble::Pause { target: target(cx, &open(&PAUSE)?)? }),
        "stall" => Some(Trouble::Stall { target: target(cx, &open(&STALL)?)? }),
        "slow" => slow(cx, &open(&SLOW)?),
        "leak" => leak(cx, &open(&LEAK)?),
        "delay" => delay(cx, &open(&DELAY)?),
        "loss" => loss(cx, &open(&LOSS)?),
        "partition" => partition(cx, entry),
        "error" => error(cx, &open(&ERROR)?),
        "pin" => service_of(cx, &open(&PIN)?).map(Trouble::Pin),
        "freeze" => service_of(cx, &open(&FREEZE)?).map(Trouble::Freeze),
        "flush" => flush(cx, &open(&FLUSH)?, lasts),
        "lose" => lose(cx, &open(&LOSE)?),
        "chaos" => chaos(cx, entry),
        "load" => load(cx, &open(&LOAD)?),
        "set" => settings::set(cx, &entry.value, &open(&SET)?),
        other => unreachable!("`{other}` is in the table of troubles"),
    }
}

fn service_of(cx: &Context<'_>, fields: &Fields<'_>) -> Option<ServiceId> {
    fields.get("service").and_then(|node| cx.service(node))
}

/// What a target may be narrowed by.
const NARROWING: &[&str] = &["instances", "share", "zone"];
/// Where `share` is one of requests or messages.
const NARROWING_BUT_SHARE: &[&str] = &["instances", "zone"];

fn target(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Target> {
    narrowed(cx, fields, service_of(cx, fields), NARROWING)
}

/// What is left of the instances of a service.
fn narrowed(
    cx: &Context<'_>,
    fields: &Fields<'_>,
    service: Option<ServiceId>,
    by: &[&str],
) -> Option<Target> {
    let get = |name: &str| by.contains(&name).then(|| fields.get(name)).flatten();
    let count = get("instances").and_then(|node| Some((node.place, cx.count32(node, 1, MAX_INSTANCES)?)));
    let share = get("share").and_then(|node| some_share(cx, node));
    let zone = get("zone").and_then(|node| Some((node.place, cx.zone(node)?)));
    let service = service?;
    if let Some((place, zone)) = zone {
        cx.doubt(place, Doubt::NoneThere { service, zone });
    }
    let zone = zone.map(|(_, zone)| zone);
    if let Some((place, asked)) = count {
        cx.doubt(place, Doubt::TooFew { service, zone, asked });
    }
    Some(Target { service, zone, count: count.map(|(_, count)| count), share })
}

/// A share of what is struck.
fn some_share(cx: &Context<'_>, node: &Node) -> Option<f64> {
    let share = cx.share(node)?;
    if share == 0.0 {
        let message = "a share of nothing: this strikes nobody";
        cx.report(Diagnostic::warning(Code::NoEffect, node.place, message));
    }
    Some(share)
}

/// Where no instances of a service are meant, none can be chosen from.
fn refuse_narrowing(cx: &Context<'_>, fields: &Fields<'_>, by: &[&str], beside: &Entry) {
    by.iter().for_each(|name| fields.refuse_beside(cx, name, beside));
}

/// `count` and `instances` say the same.
fn kill(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let silent = fields.get("silent").and_then(|node| cx.flag(node)).unwrap_or(false);
    let count = fields.get_entry("count");
    if let Some(count) = count {
        fields.refuse_beside(cx, "instances", count);
    }
    let asked = count.and_then(|entry| Some((entry, cx.count32(&entry.value, 1, MAX_INSTANCES)?)));
    let mut target = target(cx, fields)?;
    if let Some((entry, asked)) = asked {
        cx.doubt(entry.value.place, Doubt::TooFew { service: target.service, zone: target.zone, asked });
        target.count = Some(asked);
    }
    Some(Trouble::Kill { target, silent })
}

/// `down` and `for` say the same.
fn restart(cx: &Context<'_>, fields: &Fields<'_>, lasts: Option<&Entry>) -> Option<Trouble> {
    let down = fields.get_entry("down");
    if let (Some(_), Some(lasts)) = (down, lasts) {
        let message = "a restart has either `down` or `for`";
        let diagnostic = Diagnostic::error(Code::Contradiction, lasts.key.place, message);
        cx.report(diagnostic.hint("both say how long the instances are away"));
    }
    let away = down.or(lasts).map(|entry| cx.positive_duration(&entry.value));
    let down = away.unwrap_or(Some(USUAL_RESTART));
    let cold = fields.get_entry("cold").filter(|entry| !is_none(&entry.value));
    let slower = cold.map(|entry| self::cold(cx, &entry.value));
    let target = target(cx, fields);
    let slower = match slower {
        Some(slower) => Some(slower?),
        None => None,
    };
    let target = target?;
    if let Some(entry) = cold {
        cx.doubt(entry.key.place, Doubt::NoWork { service: target.service, what: "a cold start" });
    }
    Some(Trouble::Restart { target, down: down?, cold: slower })
}

/// A process that starts anew, without anything to fetch first.
const USUAL_RESTART: Span = Span::from_secs(10);

fn cold(cx: &Context<'_>, node: &Node) -> Option<(Span, f64)> {
    let fields = Fields::open(cx, node, &COLD, node.place)?;
    let lasts = fields.get("for").and_then(|node| cx.positive_duration(node));
    let factor = fields.get("factor").and_then(|node| cx.factor(node, false));
    Some((lasts?, factor?))
}

/// Work of instances, or the messages on a link.
fn slow(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let factor = fields.get("factor").and_then(|node| cx.factor(node, false));
    let given = fields.one_of(cx, &["service", "between"]);
    let Some(link) = given.filter(|given| given.key.text == "between") else {
        let target = target(cx, fields)?;
        cx.doubt(fields.place(), Doubt::NoWork { service: target.service, what: "slowing it" });
        return Some(Trouble::Slow { target, factor: factor? });
    };
    refuse_narrowing(cx, fields, NARROWING, link);
    let calls = CallMatch::Link(two_ends(cx, &link.value)?);
    Some(Trouble::Delay { calls, add: None, factor: factor? })
}

fn leak(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let factor = fields.get("factor").and_then(|node| cx.factor(node, false));
    let target = target(cx, fields)?;
    cx.doubt(fields.place(), Doubt::NoWork { service: target.service, what: "a leak" });
    Some(Trouble::Leak { target, factor: factor? })
}

/// Here `share` is the share of requests, not of instances.
fn error(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let share = fields.get("share").and_then(|node| some_share(cx, node));
    let kind = fields.get("kind").map_or(Some(ErrorKind::Error), |node| error_kind(cx, node));
    let target = narrowed(cx, fields, service_of(cx, fields), NARROWING_BUT_SHARE);
    Some(Trouble::Error { target: target?, share: share?, kind: kind? })
}

fn error_kind(cx: &Context<'_>, node: &Node) -> Option<ErrorKind> {
    Some(match cx.word(node, ERRORS)? {
        "error" => ErrorKind::Error,
        "refused" => ErrorKind::Refused,
        "unreachable" => ErrorKind::Unreachable,
        other => unreachable!("`{other}` is in the table of errors"),
    })
}

fn delay(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let add = fields.get("add").map(|node| cx.law(node));
    let factor = fields.get("factor").map(|node| cx.factor(node, false));
    if add.is_none() && factor.is_none() {
        let message = "a delay needs `add` or `factor`";
        let diagnostic = Diagnostic::error(Code::MissingKey, fields.place(), message);
        cx.report(diagnostic.hint("as in `delay: { service: users, add: 50ms }`"));
    }
    let calls = matched(cx, fields, NARROWING)?;
    let add = match add {
        Some(add) => Some(add?),
        None => None,
    };
    Some(Trouble::Delay { calls, add, factor: factor.unwrap_or(Some(1.0))? })
}

fn loss(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let share = fields.get("share").and_then(|node| Some((node, some_share(cx, node)?)));
    let calls = matched(cx, fields, NARROWING_BUT_SHARE);
    let (node, share) = share?;
    if share >= 1.0 {
        let diagnostic =
            Diagnostic::error(Code::OutOfRange, node.place, "a link that loses everything is none");
        cx.report(diagnostic.label("expected less than 100%").hint("say `partition` instead"));
        return None;
    }
    Some(Trouble::Loss { calls: calls?, share })
}

/// The calls that a trouble of the network strikes.
fn matched(cx: &Context<'_>, fields: &Fields<'_>, by: &[&str]) -> Option<CallMatch> {
    let given = fields.one_of(cx, &["call", "service", "between"])?;
    match given.key.text.as_str() {
        "call" => {
            let ends = call_path(cx, &given.value);
            let target = narrowed(cx, fields, ends.map(|[_, to]| to.service), by);
            let [from, to] = ends?;
            Some(CallMatch::To { target: target?, endpoint: to.endpoint, from: Some(from.party()) })
        }
        "service" => narrowed(cx, fields, cx.service(&given.value), by).map(CallMatch::to),
        _ => {
            refuse_narrowing(cx, fields, by, given);
            two_ends(cx, &given.value).map(CallMatch::Link)
        }
    }
}

/// `web` or `web/home`.
#[derive(Clone, Copy)]
pub(super) struct CallEnd {
    pub(super) service: ServiceId,
    pub(super) endpoint: Option<EndpointId>,
}

impl CallEnd {
    fn of(cx: &Context<'_>, reference: Reference<'_>) -> Option<CallEnd> {
        let Some(slash) = reference.text.find('/') else {
            return Some(CallEnd { service: cx.service_of(reference)?, endpoint: None });
        };
        let service = cx.service_of(reference.part(0, slash))?;
        let endpoint = cx.named_endpoint(service, reference.part(slash + 1, reference.text.len()))?;
        Some(CallEnd { service, endpoint: Some(endpoint) })
    }

    pub(super) fn party(self) -> Party {
        self.endpoint.map_or(Party::Service(self.service), Party::Endpoint)
    }
}

/// `web -> users`, each side a service or an endpoint.
pub(super) fn call_path(cx: &Context<'_>, node: &Node) -> Option<[CallEnd; 2]> {
    let whole = cx.reference(node, "a call such as `web -> users`")?;
    let Some(arrow) = whole.text.find("->") else {
        let message = format!("expected a call such as `web -> users`, found `{}`", whole.text);
        let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
        cx.report(
            diagnostic.hint("who calls and who is called: services, or endpoints as in `web/home -> users`"),
        );
        return None;
    };
    let from = CallEnd::of(cx, whole.part(0, arrow));
    let to = CallEnd::of(cx, whole.part(arrow + 2, whole.text.len()));
    Some([from?, to?])
}

/// `[us-east-1/a, us-east-1/b]`.
fn two_ends(cx: &Context<'_>, node: &Node) -> Option<[End; 2]> {
    let Kind::List(items) = &node.kind else {
        if cx.text(node, "a list of two places").is_some() {
            let message = "expected a list of two places, found a single value";
            cx.report(Diagnostic::error(Code::WrongShape, node.place, message).hint(ENDS_HINT));
        }
        return None;
    };
    let [first, second] = &items[..] else {
        let message = format!("expected two places, found {}", items.len());
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message).hint(ENDS_HINT));
        return None;
    };
    let [first, second] = [first, second].map(|node| end(cx, node));
    Some([first?, second?])
}

const ENDS_HINT: &str = "as in `[us-east-1/a, us-east-1/b]`; places are services, zones, regions and `users`";

fn end(cx: &Context<'_>, node: &Node) -> Option<End> {
    let reference = cx.reference(node, "a service, a zone, a region or `users`")?;
    Some(match cx.named(reference, ENDS)? {
        Named::Users => End::Users,
        Named::Service(service) => End::Service(service),
        Named::Zone(zone) => End::Zone(zone),
        Named::Region(region) => End::Region(region),
        Named::Kind(_) => unreachable!("no end of a link is a kind"),
    })
}

fn partition(cx: &Context<'_>, entry: &Entry) -> Option<Trouble> {
    let node = &entry.value;
    let (ends, both) = match &node.kind {
        Kind::Map(_) => {
            let fields = Fields::open(cx, node, &PARTITION, entry.key.place)?;
            let [from, to] = ["from", "to"].map(|name| fields.get(name).and_then(|node| end(cx, node)));
            ([from?, to?], false)
        }
        _ => (two_ends(cx, node)?, true),
    };
    let [from, to] = ends;
    if let Some(why) = never_apart(cx, from, to) {
        cx.contradiction(node.place, why);
        return None;
    }
    Some(Trouble::Partition { from, to, both })
}

/// Why no cut can go between the two.
fn never_apart(cx: &Context<'_>, from: End, to: End) -> Option<&'static str> {
    let is_within = |zone: tarsier_model::ZoneId, region| cx.names.zones[zone.index()].region == region;
    match (from, to) {
        _ if from == to => Some("a place cannot be cut off from itself"),
        (End::Zone(zone), End::Region(region)) | (End::Region(region), End::Zone(zone))
            if is_within(zone, region) =>
        {
            Some("a zone cannot be cut off from the region it is in: name the other zones")
        }
        _ => None,
    }
}

/// How long a cache takes to fill up where nothing is said of that.
const USUAL_REFILL: Span = Span::from_secs(30);

/// Without `for` it is empty for no time at all.
fn flush(cx: &Context<'_>, fields: &Fields<'_>, lasts: Option<&Entry>) -> Option<Trouble> {
    let usual = if lasts.is_some() { Span::ZERO } else { USUAL_REFILL };
    let refill = fields.get("refill").map_or(Some(usual), |node| cx.duration(node));
    if refill == Some(Span::ZERO) && lasts.is_none() {
        let message = "a cache that fills up again at once was never empty";
        let diagnostic = Diagnostic::error(Code::Ineffective, fields.place(), message);
        cx.report(diagnostic.hint("give it `refill: 30s`, or say with `for` how long it stays empty"));
    }
    let service = service_of(cx, fields)?;
    cx.doubt(fields.place(), Doubt::NoCache { service });
    Some(Trouble::Flush { service, refill: refill? })
}

fn lose(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    if let Some(service) = fields.get_entry("service") {
        fields.refuse_beside(cx, "region", service);
        return target(cx, fields).map(Trouble::LoseService);
    }
    let given = fields.one_of(cx, &["zone", "region", "service"])?;
    refuse_narrowing(cx, fields, &["instances", "share"], given);
    match given.key.text.as_str() {
        "zone" => cx.zone(&given.value).map(Trouble::LoseZone),
        _ => cx.region(&given.value).map(Trouble::LoseRegion),
    }
}

/// `chaos: monkey`, or how often and where.
fn chaos(cx: &Context<'_>, entry: &Entry) -> Option<Trouble> {
    let usual = |scale| Chaos {
        scale,
        per_second: 1.0 / 60.0,
        down: Span::from_secs(30),
        services: Vec::new(),
        hours: None,
    };
    let node = &entry.value;
    if node.text().is_some() {
        return cx.word(node, CHAOSES).map(|word| Trouble::Chaos(usual(scale(word))));
    }
    let fields = Fields::open(cx, node, &CHAOS, entry.key.place)?;
    let given = fields.one_of(cx, &["monkey", "gorilla", "kong"])?;
    let usual = usual(scale(&given.key.text));
    let fields = Fields::open(cx, &given.value, &CHAOS_RATE, given.key.place)?;
    let rate = fields.get("rate").map_or(Some(usual.per_second), |node| strikes_per_second(cx, node));
    let down = fields.get("down").map_or(Some(usual.down), |node| cx.positive_duration(node));
    let services = fields.get("services").map_or_else(Vec::new, |node| chaos_services(cx, node));
    let hours = fields.get("hours").and_then(|node| hours(cx, node));
    let chaos = Chaos { per_second: rate?, down: down?, services, hours, ..usual };
    Some(Trouble::Chaos(chaos))
}

fn scale(word: &str) -> ChaosScale {
    match word {
        "monkey" => ChaosScale::Instance,
        "gorilla" => ChaosScale::Zone,
        "kong" => ChaosScale::Region,
        other => unreachable!("`{other}` is in the table of chaos"),
    }
}

/// Each strike takes time to simulate, and more than these nobody can tell apart.
const MAX_STRIKES: f64 = 1_000.0;

fn strikes_per_second(cx: &Context<'_>, node: &Node) -> Option<f64> {
    let per_second = cx.rate(node)?.per_second;
    if per_second == 0.0 || per_second > MAX_STRIKES {
        let message = "chaos never strikes, or all the time";
        let diagnostic = Diagnostic::error(Code::OutOfRange, node.place, message);
        cx.report(diagnostic.label("expected a rate such as `6/h`"));
        return None;
    }
    Some(per_second)
}

fn chaos_services(cx: &Context<'_>, node: &Node) -> Vec<ServiceId> {
    let mut services: Vec<ServiceId> = one_or_many(node).iter().filter_map(|node| cx.service(node)).collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// `[9, 15]`.
fn hours(cx: &Context<'_>, node: &Node) -> Option<(f64, f64)> {
    let items = one_or_many(node);
    let [from, to] = items else {
        let message = format!("expected two hours, found {}", items.len());
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message).hint("as in `hours: [9, 15]`"));
        return None;
    };
    let [from, to] = [from, to].map(|node| {
        let hour = cx.amount(node)?;
        if hour > 24.0 {
            let message = "a day has 24 hours";
            cx.report(Diagnostic::error(Code::OutOfRange, node.place, message));
        }
        Some(hour)
    });
    let (from, to) = (from?, to?);
    if from == to {
        cx.contradiction(node.place, format!("from {from} to {to} o'clock is no time at all"));
    }
    Some((from, to))
}

fn load(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Trouble> {
    let factor = fields.get("factor").and_then(|node| cx.factor(node, true));
    let workload = match fields.get("workload") {
        Some(node) => Some(cx.workload(node)?),
        None => None,
    };
    Some(Trouble::Load { workload, factor: factor? })
}

//! What protects an instance from its callers, and how callers learn of it.

use tarsier_model::{
    Bulkhead, Codel, Discovery, HealthCheck, Limit, LimitKind, Order, Protection, RateLimit, Scheduling,
    Service, Shed,
};
use tarsier_units::Span;

use super::bulkheads::bulkheads;
use super::context::Context;
use super::fields::Fields;
use super::law::percent;
use super::nearest::listed;
use super::scalars::is_none;
use super::service::{Settings, limit_of};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{CODEL, DISCOVERIES, DISCOVERY, HEALTH, LIMIT, LIMITS, ORDERS, QUEUE, RATE_LIMIT, SHED};
use crate::limits::{MAX_COUNT, MAX_RATE};
use crate::place::Place;
use crate::tree::Node;

/// Fills in `queue` and what else protects the service.
pub(super) fn guard(cx: &Context<'_>, settings: &Settings<'_>, service: &mut Service) {
    let wanted = |name: &str| settings.get(name).filter(|node| !is_none(node));
    let queue = settings.get("queue").map_or(Queue::default(), |node| queue(cx, node));
    service.queue = queue.max;
    service.discovery = wanted("discovery").and_then(|node| discovery(cx, node));
    service.health = wanted("health").and_then(|node| health(cx, node));
    service.protection = Protection {
        order: queue.order,
        codel: queue.codel,
        limit: wanted("limit").and_then(|node| limit(cx, node)),
        rate_limit: wanted("rate-limit").and_then(|node| rate_limit(cx, node)),
        shed: wanted("shed").and_then(|node| shed(cx, node)),
        bulkheads: wanted("bulkheads").map_or_else(Vec::new, |node| bulkheads(cx, &service.name, node)),
    };
    if let Some(node) = wanted("bulkheads") {
        check_bulkheads(cx, service, node.place);
    }
    if let Some(node) = wanted("shed") {
        check_capacity(cx, service, node.place);
    }
}

/// Where nobody waits: there is no bound on workers, and nobody needs a core or all have one at once.
pub(super) fn check_queue(cx: &Context<'_>, service: &Service, works: bool, place: Place) {
    let shares = service.scheduling == Scheduling::ProcessorSharing;
    let Protection { order, codel, shed, .. } = &service.protection;
    // What is shed is a share of this, too.
    let is_bound = service.queue.is_some() && shed.is_none();
    let is_asked_for = is_bound || codel.is_some() || *order != Order::Fifo;
    if service.workers.is_none() && (shares || !works) && is_asked_for {
        let message = if works {
            "nobody ever queues here: with `scheduling: ps` and unlimited workers everybody is served at once"
        } else {
            "nobody ever queues here: workers are unlimited, and there is no `work` that needs a core"
        };
        let diagnostic = Diagnostic::warning(Code::NoEffect, place, message);
        cx.report(diagnostic.hint("bound `workers`, or `limit` the requests on an instance"));
    }
}

/// A bulkhead as large as the ship.
fn check_bulkheads(cx: &Context<'_>, service: &Service, place: Place) {
    let Protection { limit: Some(limit), bulkheads, .. } = &service.protection else { return };
    if let Some(bulkhead) = bulkheads.iter().find(|bulkhead| f64::from(bulkhead.most) >= limit.max) {
        let Bulkhead { most, .. } = bulkhead;
        let message = format!("a bulkhead of {most} holds nothing back: no more than {} get in", limit.max);
        cx.report(Diagnostic::warning(Code::NoEffect, place, message));
    }
}

/// A share of nothing in particular is no share.
fn check_capacity(cx: &Context<'_>, service: &Service, place: Place) {
    let has_bound = service.protection.limit.is_some() || service.queue.is_some();
    if !has_bound {
        let message = "an instance without bounds is never full, so nothing is ever shed";
        let diagnostic = Diagnostic::error(Code::Ineffective, place, message);
        cx.report(diagnostic.hint("give the service a `limit`, or a bound to its `queue`"));
    }
}

#[derive(Default)]
struct Queue {
    max: Option<u32>,
    order: Order,
    codel: Option<Codel>,
}

fn queue(cx: &Context<'_>, node: &Node) -> Queue {
    let max = |node: &Node| limit_of(cx, node, 0, MAX_COUNT);
    if node.text().is_some() {
        return Queue { max: max(node), ..Queue::default() };
    }
    let Some(fields) = Fields::open(cx, node, &QUEUE, node.place) else { return Queue::default() };
    Queue {
        max: fields.get("max").and_then(max),
        order: fields.get("order").and_then(|node| order(cx, node)).unwrap_or_default(),
        codel: fields.get("codel").filter(|node| !is_none(node)).and_then(|node| codel(cx, node)),
    }
}

fn order(cx: &Context<'_>, node: &Node) -> Option<Order> {
    Some(match cx.word(node, ORDERS)? {
        "fifo" => Order::Fifo,
        "lifo" => Order::Lifo,
        other => unreachable!("`{other}` is in the table of orders"),
    })
}

fn codel(cx: &Context<'_>, node: &Node) -> Option<Codel> {
    let fields = Fields::open(cx, node, &CODEL, node.place)?;
    let target = span(cx, &fields, "target", Span::from_millis(5));
    let interval = span(cx, &fields, "interval", Span::from_millis(100));
    let (target, interval) = (target?, interval?);
    if target >= interval {
        let message = format!("the target of {target} is not below the interval of {interval}");
        let diagnostic = Diagnostic::error(Code::Contradiction, fields.place(), message);
        cx.report(diagnostic.hint("the target is a twentieth to a tenth of the interval"));
    }
    Some(Codel { target, interval })
}

/// A bare number never changes.
fn limit(cx: &Context<'_>, node: &Node) -> Option<Limit> {
    let count = |node: &Node| cx.count32(node, 1, MAX_COUNT).map(f64::from);
    if node.text().is_some() {
        let start = count(node)?;
        return Some(Limit { start, min: start, max: start, kind: LimitKind::Fixed, window: None });
    }
    let fields = Fields::open(cx, node, &LIMIT, node.place)?;
    let word = fields.get("kind").and_then(|node| cx.word(node, LIMITS));
    let [start, min, max] = ["start", "min", "max"].map(|name| fields.get(name).and_then(count));
    let kind = limit_kind(cx, &fields, word.unwrap_or("fixed"));
    let window = window(cx, &fields, word.unwrap_or("fixed"));
    let word = word?;
    only_for(cx, &fields, word, LIMIT_KEYS);
    let (usual_min, usual_max) = if word == "vegas" { (1.0, 1_000.0) } else { (20.0, 200.0) };
    let start = start.unwrap_or(20.0_f64.max(min.unwrap_or(0.0)).min(max.unwrap_or(f64::MAX)));
    let limit = if word == "fixed" {
        Limit { start, min: start, max: start, kind, window: None }
    } else {
        let (min, max) = (min.unwrap_or(start.min(usual_min)), max.unwrap_or(start.max(usual_max)));
        Limit { start, min, max, kind, window }
    };
    let place = fields.get("start").map_or(fields.place(), |node| node.place);
    check_limit(cx, &limit, fields.place(), place);
    Some(limit)
}

/// None, for AIMD looks at single requests.
fn window(cx: &Context<'_>, fields: &Fields<'_>, word: &str) -> Option<Span> {
    match fields.get("window") {
        Some(node) if is_none(node) => None,
        Some(node) => cx.positive_duration(node),
        None => (word != "aimd").then_some(Span::from_secs(1)),
    }
}

fn limit_kind(cx: &Context<'_>, fields: &Fields<'_>, word: &str) -> LimitKind {
    let share = |name: &str, usual| fields.get(name).and_then(|node| cx.share(node)).unwrap_or(usual);
    let amount = |name: &str, usual| fields.get(name).and_then(|node| cx.amount(node)).unwrap_or(usual);
    let timeout = span(cx, fields, "timeout", Span::from_secs(5)).unwrap_or_default();
    let long_window =
        fields.get("long-window").and_then(|node| cx.count32(node, 1, MAX_COUNT)).unwrap_or(600);
    let (backoff, tolerance, queue) = (share("backoff", 0.9), amount("tolerance", 1.5), amount("queue", 4.0));
    let smoothing = share("smoothing", if word == "vegas" { 1.0 } else { 0.2 });
    match word {
        "fixed" => LimitKind::Fixed,
        "aimd" => LimitKind::Aimd { timeout, backoff },
        "gradient" => LimitKind::Gradient { tolerance, smoothing, queue, long_window },
        "vegas" => LimitKind::Vegas { smoothing },
        other => unreachable!("`{other}` is in the table of limits"),
    }
}

fn check_limit(cx: &Context<'_>, limit: &Limit, place: Place, place_of_start: Place) {
    let Limit { start, min, max, .. } = *limit;
    if min > max {
        cx.contradiction(place, format!("the limit is at least {min} and at most {max}"));
    } else if start < min {
        cx.contradiction(
            place_of_start,
            format!("a limit of at least {min} (`min`) cannot start at {start}"),
        );
    } else if start > max {
        cx.contradiction(place_of_start, format!("a limit of at most {max} (`max`) cannot start at {start}"));
    }
}

/// Keys that belong to certain kinds only.
type KeysOfKinds = &'static [(&'static str, &'static [&'static str])];

/// All but `kind` and `start`.
const LIMIT_KEYS: KeysOfKinds = &[
    ("min", &["aimd", "gradient", "vegas"]),
    ("max", &["aimd", "gradient", "vegas"]),
    ("window", &["aimd", "gradient", "vegas"]),
    ("timeout", &["aimd"]),
    ("backoff", &["aimd"]),
    ("tolerance", &["gradient"]),
    ("queue", &["gradient"]),
    ("long-window", &["gradient"]),
    ("smoothing", &["gradient", "vegas"]),
];

const DISCOVERY_KEYS: KeysOfKinds = &[
    ("heartbeat", &["registry"]),
    ("ttl", &["registry", "dns"]),
    ("poll", &["registry"]),
    ("delay", &["push"]),
];

fn only_for(cx: &Context<'_>, fields: &Fields<'_>, kind: &str, keys: KeysOfKinds) {
    for (name, of) in keys {
        if let Some(entry) = fields.get_entry(name).filter(|_| !of.contains(&kind)) {
            let message = format!("`{kind}` has no `{name}`");
            let diagnostic = Diagnostic::error(Code::Contradiction, entry.key.place, message);
            cx.report(diagnostic.label(format!("only for {}", listed(of.iter().copied()))));
        }
    }
}

fn rate_limit(cx: &Context<'_>, node: &Node) -> Option<RateLimit> {
    if node.text().is_some() {
        let per_second = tokens_per_second(cx, node)?;
        return Some(RateLimit { per_second, burst: per_second.max(1.0) });
    }
    let fields = Fields::open(cx, node, &RATE_LIMIT, node.place)?;
    let burst = fields.get("burst").and_then(|node| cx.count32(node, 1, MAX_COUNT)).map(f64::from);
    let per_second = fields.get("rate").and_then(|node| tokens_per_second(cx, node))?;
    Some(RateLimit { per_second, burst: burst.unwrap_or(per_second.max(1.0)) })
}

fn tokens_per_second(cx: &Context<'_>, node: &Node) -> Option<f64> {
    let per_second = cx.rate(node)?.per_second;
    if per_second == 0.0 {
        cx.ineffective(node.place, "a rate of nothing lets nothing in");
        return None;
    }
    if per_second > MAX_RATE {
        let message = format!("a rate is at most {MAX_RATE} a second");
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message));
        return None;
    }
    Some(per_second)
}

fn shed(cx: &Context<'_>, node: &Node) -> Option<Shed> {
    let fields = Fields::open(cx, node, &SHED, node.place)?;
    let [sheddable, normal] = ["sheddable", "normal"].map(|name| fields.get(name).map(|node| cx.share(node)));
    let normal = normal.unwrap_or(Some(0.9))?;
    let sheddable = sheddable.unwrap_or(Some(normal.min(0.5)))?;
    if sheddable > normal {
        let [sheddable, normal] = [sheddable, normal].map(percent);
        let message =
            format!("`normal` requests are shed from {normal} on, before `sheddable` ones from {sheddable}");
        cx.contradiction(fields.place(), message);
    }
    Some(Shed { sheddable, normal })
}

fn discovery(cx: &Context<'_>, node: &Node) -> Option<Discovery> {
    let fields = Fields::open(cx, node, &DISCOVERY, node.place)?;
    let kind = fields.get("kind").and_then(|node| cx.word(node, DISCOVERIES));
    let usual_ttl = if kind == Some("dns") { 30 } else { 90 };
    let [heartbeat, ttl, poll, delay] = [("heartbeat", 30), ("ttl", usual_ttl), ("poll", 30), ("delay", 1)]
        .map(|(name, usual)| span(cx, &fields, name, Span::from_secs(usual)));
    let kind = kind?;
    only_for(cx, &fields, kind, DISCOVERY_KEYS);
    let discovery = match kind {
        "registry" => Discovery::Registry { heartbeat: heartbeat?, ttl: ttl?, poll: poll? },
        "dns" => Discovery::Dns { ttl: ttl? },
        "push" => Discovery::Push { delay: delay? },
        other => unreachable!("`{other}` is in the table of discoveries"),
    };
    if let Discovery::Registry { heartbeat, ttl, .. } = discovery
        && heartbeat >= ttl
    {
        let message =
            format!("instances are delisted after {ttl} without a heartbeat, but send one every {heartbeat}");
        cx.contradiction(fields.place(), message);
    }
    Some(discovery)
}

fn health(cx: &Context<'_>, node: &Node) -> Option<HealthCheck> {
    let fields = Fields::open(cx, node, &HEALTH, node.place)?;
    let count =
        |name: &str, usual| fields.get(name).and_then(|node| cx.count32(node, 1, MAX_COUNT)).unwrap_or(usual);
    let (unhealthy, healthy) = (count("unhealthy", 3), count("healthy", 2));
    let every = span(cx, &fields, "every", Span::from_secs(10));
    let timeout = span(cx, &fields, "timeout", Span::from_secs(1));
    let (every, timeout) = (every?, timeout?);
    if timeout > every {
        let message = format!("a check may take {timeout}, but the next one comes after {every}");
        cx.contradiction(fields.place(), message);
    }
    Some(HealthCheck { every, timeout, unhealthy, healthy })
}

/// A duration above zero, or what is usual.
fn span(cx: &Context<'_>, fields: &Fields<'_>, name: &str, usual: Span) -> Option<Span> {
    fields.get(name).map_or(Some(usual), |node| cx.positive_duration(node))
}

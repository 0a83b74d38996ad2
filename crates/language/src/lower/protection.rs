//! What protects a caller from those it calls: deadlines, hedges, breakers and the like.

use tarsier_model::{
    Breaker, BreakerWindow, Connect, ConnectCost, Deadline, Hedge, HedgeDelay, Outlier, Priority, Throttle,
    Trip,
};
use tarsier_units::{Span, parse};

use super::context::Context;
use super::fields::Fields;
use super::scalars::is_none;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{BREAKER, CONNECT, DEADLINE_OBJECT, HEDGE, OUTLIER, PRIORITIES, THROTTLE};
use crate::limits::{MAX_BREAKER_CALLS, MAX_COUNT, MAX_HEDGES};
use crate::place::Place;
use crate::tree::Node;

pub(super) fn deadline(cx: &Context<'_>, node: &Node, travels: bool) -> Option<Deadline> {
    if node.text().is_some() {
        return Some(Deadline { after: cx.positive_duration(node)?, propagate: travels });
    }
    let fields = Fields::open(cx, node, &DEADLINE_OBJECT, node.place)?;
    let propagate = fields.get("propagate").and_then(|node| cx.flag(node)).unwrap_or(travels);
    let after = fields.get("after").and_then(|node| cx.positive_duration(node));
    Some(Deadline { after: after?, propagate })
}

pub(super) fn hedge(cx: &Context<'_>, node: &Node) -> Option<Hedge> {
    if node.text().is_some() {
        return Some(Hedge { after: hedge_delay(cx, node)?, budget: None, most: 1 });
    }
    let fields = Fields::open(cx, node, &HEDGE, node.place)?;
    let budget = fields.get("budget").and_then(|node| cx.share(node));
    if budget == Some(0.0) {
        cx.ineffective(fields.place(), "a hedge with a budget of nothing never goes out");
    }
    let most = fields.get("most").and_then(|node| cx.count32(node, 1, MAX_HEDGES)).unwrap_or(1);
    let after = fields.get("after").and_then(|node| hedge_delay(cx, node));
    Some(Hedge { after: after?, budget, most })
}

/// `50ms` or `p95`.
fn hedge_delay(cx: &Context<'_>, node: &Node) -> Option<HedgeDelay> {
    if node.text().is_some_and(|text| text.starts_with('p')) {
        return cx.quantile(node).map(HedgeDelay::Quantile);
    }
    cx.duration(node).map(HedgeDelay::Fixed)
}

/// What holds of a breaker where nothing else is said.
pub(crate) fn usual_breaker(trip: Trip) -> Breaker {
    Breaker {
        trip,
        window: BreakerWindow::Time(Span::from_secs(10)),
        least: if trip.share.is_some() { 20 } else { 1 },
        open: Span::from_secs(5),
        probes: 1,
    }
}

pub(super) fn breaker(cx: &Context<'_>, node: &Node) -> Option<Breaker> {
    let fields = Fields::open(cx, node, &BREAKER, node.place)?;
    let count = |name: &str, least| fields.get(name).and_then(|node| cx.count32(node, least, MAX_COUNT));
    let failures = fields.get("failures").map(|node| failures(cx, node));
    let (share, number) = failures.flatten().unwrap_or_default();
    let trip = Trip { share, count: number, consecutive: count("consecutive", 1) };
    let usual = usual_breaker(trip);
    let window = fields.get("window").map_or(Some(usual.window), |node| breaker_window(cx, node));
    let open = fields.get("open").map_or(Some(usual.open), |node| cx.positive_duration(node));
    let least = count("least", 1).unwrap_or(usual.least);
    let probes = count("probes", 0).unwrap_or(usual.probes);
    if failures.is_none() && fields.get("consecutive").is_none() {
        let message = "a breaker needs `failures` or `consecutive`";
        let diagnostic = Diagnostic::error(Code::MissingKey, fields.place(), message);
        cx.report(diagnostic.hint("as in `breaker: { failures: 50% }`"));
    }
    let breaker = Breaker { trip, window: window?, least, open: open?, probes };
    check_breaker(cx, &breaker, fields.place());
    Some(breaker)
}

/// `50%` and `0.5` are a share, `20` is a number of calls.
fn failures(cx: &Context<'_>, node: &Node) -> Option<(Option<f64>, Option<u32>)> {
    let number = node.text().and_then(|text| parse::number(text).ok());
    let read = match number.filter(|number| *number == 0.0 || *number >= 1.0) {
        Some(_) => cx.count32(node, 0, MAX_COUNT).map(|count| (None, Some(count))),
        None => cx.share(node).map(|share| (Some(share), None)),
    };
    if matches!(read, Some((Some(0.0), _) | (_, Some(0)))) {
        cx.ineffective(node.place, "this breaker opens without any failure");
        return None;
    }
    read
}

/// `10s` or `100`.
fn breaker_window(cx: &Context<'_>, node: &Node) -> Option<BreakerWindow> {
    if node.text().is_some_and(|text| parse::number(text).is_ok()) {
        return cx.count32(node, 1, MAX_BREAKER_CALLS).map(BreakerWindow::Calls);
    }
    cx.positive_duration(node).map(BreakerWindow::Time)
}

fn check_breaker(cx: &Context<'_>, breaker: &Breaker, place: Place) {
    if breaker.probes == 0 {
        cx.ineffective(place, "without probes this breaker can never close again");
    }
    let BreakerWindow::Calls(window) = breaker.window else { return };
    let needed = [Some(breaker.least).filter(|_| breaker.trip.share.is_some()), breaker.trip.count];
    if let Some(needed) = needed.into_iter().flatten().find(|needed| *needed > window) {
        let message =
            format!("this breaker can never open: it waits for {needed} calls in a window of {window}");
        cx.ineffective(place, message);
    }
}

pub(super) fn outlier(cx: &Context<'_>, node: &Node) -> Option<Outlier> {
    let fields = Fields::open(cx, node, &OUTLIER, node.place)?;
    let usual = Outlier::default();
    let count = |node: &Node| cx.count32(node, 1, MAX_COUNT);
    let unless_none = |name: &str| fields.get(name).map(|node| (!is_none(node)).then_some(node));
    let span = |name: &str| fields.get(name).and_then(|node| cx.positive_duration(node));
    let share = |name: &str, usual| fields.get(name).and_then(|node| cx.share(node)).unwrap_or(usual);
    let base = span("base").unwrap_or(usual.base);
    let outlier = Outlier {
        consecutive: unless_none("consecutive").map_or(usual.consecutive, |node| node.and_then(count)),
        deviations: unless_none("deviations")
            .map_or(usual.deviations, |node| node.and_then(|node| cx.factor(node, false))),
        failures: unless_none("failures").flatten().and_then(|node| cx.share(node)),
        volume: fields.get("volume").and_then(count).unwrap_or(usual.volume),
        hosts: fields.get("hosts").and_then(count).unwrap_or(usual.hosts),
        interval: span("interval").unwrap_or(usual.interval),
        base,
        max: span("max").unwrap_or(base.max(usual.max)),
        ejected: share("ejected", usual.ejected),
        panic: share("panic", usual.panic),
    };
    check_outlier(cx, &outlier, fields.place());
    Some(outlier)
}

fn check_outlier(cx: &Context<'_>, outlier: &Outlier, place: Place) {
    let judges = outlier.consecutive.is_some() || outlier.deviations.is_some() || outlier.failures.is_some();
    if !judges {
        cx.ineffective(place, "with `consecutive`, `deviations` and `failures` off, nothing is ever ejected");
    }
    if outlier.failures == Some(0.0) {
        cx.ineffective(place, "with `failures: 0%`, an instance is ejected without any failure");
    }
    if outlier.base > outlier.max {
        let Outlier { base, max, .. } = outlier;
        cx.contradiction(place, format!("the first ejection lasts {base}, but none lasts longer than {max}"));
    }
}

/// A bare number is the factor.
pub(super) fn throttle(cx: &Context<'_>, node: &Node) -> Option<Throttle> {
    let usual = Throttle { factor: 2.0, window: Span::from_secs(120) };
    if node.text().is_some() {
        return Some(Throttle { factor: throttle_factor(cx, node)?, ..usual });
    }
    let fields = Fields::open(cx, node, &THROTTLE, node.place)?;
    Some(Throttle {
        factor: fields.get("factor").and_then(|node| throttle_factor(cx, node)).unwrap_or(usual.factor),
        window: fields.get("window").and_then(|node| cx.positive_duration(node)).unwrap_or(usual.window),
    })
}

fn throttle_factor(cx: &Context<'_>, node: &Node) -> Option<f64> {
    let factor = cx.factor(node, false)?;
    if factor < 1.0 {
        let message = format!("with a factor of {factor} calls are refused while all are accepted");
        cx.ineffective(node.place, message);
        return None;
    }
    Some(factor)
}

pub(super) fn connect(cx: &Context<'_>, node: &Node) -> Option<Connect> {
    let fields = Fields::open(cx, node, &CONNECT, node.place)?;
    let span = |name: &str| {
        let node = fields.get(name).filter(|node| !is_none(node))?;
        cx.positive_duration(node)
    };
    let [timeout, keep] = ["timeout", "keep"].map(span);
    let cost = fields.get("cost").map_or(Some(ConnectCost::RoundTrips(1)), |node| connect_cost(cx, node));
    Some(Connect { timeout, cost: cost?, keep })
}

/// `2 round trips`, `2`, or a distribution.
fn connect_cost(cx: &Context<'_>, node: &Node) -> Option<ConnectCost> {
    const MAX_ROUND_TRIPS: u32 = 100;
    let text = node.text().unwrap_or_default().trim();
    let trips = text.strip_suffix("round trips").or(text.strip_suffix("round trip")).map(str::trim);
    let number = trips.unwrap_or(text).parse::<u32>();
    match (number, trips) {
        (Ok(number), _) if number <= MAX_ROUND_TRIPS => Some(ConnectCost::RoundTrips(number)),
        (Ok(_), _) | (_, Some(_)) => {
            let message = format!("`{text}` is not a number of round trips");
            let diagnostic = Diagnostic::error(Code::OutOfRange, node.place, message);
            cx.report(diagnostic.label(format!("expected 0 to {MAX_ROUND_TRIPS} round trips")));
            None
        }
        _ => cx.law(node).map(ConnectCost::Time),
    }
}

pub(super) fn priority(cx: &Context<'_>, node: &Node) -> Option<Priority> {
    Some(match cx.word(node, PRIORITIES)? {
        "critical" => Priority::Critical,
        "normal" => Priority::Normal,
        "sheddable" => Priority::Sheddable,
        other => unreachable!("`{other}` is in the table of priorities"),
    })
}

//! Who sends requests: how often, where to, and what users do about failures.

use tarsier_model::{Arrivals, Demand, EndpointId, Model, RegionId, ShapeStep, Workload};
use tarsier_random::Law;
use tarsier_units::{Id, Span};

use super::call::{of_users, one_or_many};
use super::context::Context;
use super::fields::Fields;
use super::names::{Reference, check_name};
use super::placement::named_regions;
use super::steps::sums_to_whole;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{SHAPE_STEP, WORKLOAD};
use crate::limits::{MAX_RATE, MAX_USERS, MAX_WORKLOADS};
use crate::tree::{Entry, Kind, Node};

pub(super) fn declare(cx: &mut Context<'_>, workloads: Option<&Node>) {
    for entry in workloads.and_then(Node::entries).unwrap_or(&[]) {
        cx.names.add_workload(&entry.key.text, entry.key.place);
    }
}

pub(super) fn lower(cx: &Context<'_>, workloads: Option<&Node>, model: &mut Model) {
    let Some(node) = workloads else { return };
    let Kind::Map(entries) = &node.kind else {
        if node.kind != Kind::Broken {
            let message = format!("expected workloads by name, found {}", node.what());
            cx.report(Diagnostic::error(Code::WrongShape, node.place, message).hint(EXAMPLE));
        }
        return;
    };
    if let Some(entry) = unnamed(entries) {
        let message = format!("`{}` stands where the name of a workload belongs", entry.key.text);
        let diagnostic = Diagnostic::error(Code::WrongShape, entry.key.place, message);
        cx.report(diagnostic.label("expected a name").hint(EXAMPLE));
        return;
    }
    if let Some(entry) = entries.get(MAX_WORKLOADS) {
        let message = format!("an architecture has at most {MAX_WORKLOADS} workloads");
        cx.report(Diagnostic::error(Code::OutOfRange, entry.key.place, message));
        return;
    }
    for entry in entries {
        check_name(cx, &entry.key.text, entry.key.place, "a workload");
        if let Some(workload) = lower_workload(cx, entry) {
            model.workloads.push(workload);
        }
    }
}

const EXAMPLE: &str = "give the workload a name: `workload: { users: { rate: 100/s, to: web } }`";

/// A single workload written without its name.
fn unnamed(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| WORKLOAD.key(&entry.key.text).is_some() && entry.value.entries().is_none())
}

fn lower_workload(cx: &Context<'_>, entry: &Entry) -> Option<Workload> {
    let fields = Fields::open(cx, &entry.value, &WORKLOAD, entry.key.place)?;
    let demand = demand(cx, &fields);
    let mix = destinations(cx, &fields);
    let from = match fields.get("from") {
        Some(node) => named_regions(cx, node, "users come from at least one region"),
        None => (0..cx.names.regions.len()).map(RegionId::from_index).collect(),
    };
    let policy = of_users(cx, &fields);
    Some(Workload { name: entry.key.text.clone(), demand: demand?, mix: mix?, from, policy })
}

/// `to`, or `mix`.
fn destinations(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Vec<(f64, EndpointId)>> {
    let given = fields.one_of(cx, &["to", "mix"])?;
    if given.key.text == "to" {
        cx.places.borrow_mut().destinations.push(vec![given.value.place]);
        return Some(vec![(1.0, cx.endpoint(&given.value)?)]);
    }
    let Kind::Map(entries) = &given.value.kind else {
        let expected = "a mapping of services to shares";
        if cx.text(&given.value, expected).is_some() {
            let message = format!("expected {expected}, found a single value");
            let diagnostic = Diagnostic::error(Code::WrongShape, given.value.place, message);
            cx.report(
                diagnostic.hint("as in `mix: { web/home: 90%, web/checkout: 10% }`; a single target is `to`"),
            );
        }
        return None;
    };
    cx.places.borrow_mut().destinations.push(entries.iter().map(|entry| entry.key.place).collect());
    let parts: Vec<(Option<f64>, Option<EndpointId>)> = entries
        .iter()
        .map(|entry| (cx.share(&entry.value), cx.endpoint_of(Reference::of_key(&entry.key))))
        .collect();
    let shares = parts.iter().map(|(share, _)| *share).collect::<Option<Vec<f64>>>()?;
    if !sums_to_whole(cx, shares.into_iter(), given.key.place) {
        return None;
    }
    parts.into_iter().map(|(share, to)| Some((share?, to?))).collect()
}

fn demand(cx: &Context<'_>, fields: &Fields<'_>) -> Option<Demand> {
    let shape = fields.get("shape").map(|node| (node, shape(cx, node)));
    if let Some(users) = fields.get_entry("users") {
        return closed(cx, fields, users, shape);
    }
    if let Some(think) = fields.get_entry("think") {
        let message = "only the `users` of a closed workload think";
        let diagnostic = Diagnostic::error(Code::Exclusive, think.key.place, message);
        cx.report(diagnostic.hint("a workload with `rate` sends whatever becomes of earlier requests"));
    }
    let arrivals = fields.get("arrivals").map_or(Some(Arrivals::Poisson), |node| cx.arrivals(node));
    let rate = match fields.get("rate") {
        Some(node) => Some(rate(cx, node, false)?),
        None => None,
    };
    let (points, steps) = shape.map_or((Vec::new(), Vec::new()), |(_, shape)| (shape.points, shape.steps));
    let rate = match (rate, points.is_empty()) {
        (Some(rate), true) => vec![(Span::ZERO, rate)],
        // Until the first point, and in the warm-up, the rate is what the key says.
        (Some(rate), false) => [(points[0].0, rate)].into_iter().chain(points).collect(),
        (None, false) => points,
        (None, true) => {
            // A shape that was wrong has been reported; one of steps needs a rate to change.
            let diagnostic =
                Diagnostic::error(Code::MissingKey, fields.place(), "a workload needs `rate` or `users`");
            cx.report(diagnostic.hint("as in `rate: 100/s`, or `users: 50` with `think: exp(1s)`"));
            return None;
        }
    };
    Some(Demand::Open { rate, arrivals: arrivals?, steps })
}

fn closed(
    cx: &Context<'_>,
    fields: &Fields<'_>,
    users: &Entry,
    shape: Option<(&Node, Shape)>,
) -> Option<Demand> {
    fields.refuse_beside(cx, "rate", users);
    fields.refuse_beside(cx, "arrivals", users);
    let think = fields.get("think").map_or(Some(Law::Constant(0.0)), |node| cx.law(node));
    let n_users = cx.count(&users.value, 1, MAX_USERS);
    let mut steps = Vec::new();
    if let Some((node, shape)) = shape {
        if !shape.points.is_empty() {
            let message = "the points of a `shape` are rates, and a workload with `users` has none";
            let diagnostic = Diagnostic::error(Code::NotYet, node.place, message).label("not supported yet");
            cx.report(
                diagnostic.hint("change the number of users by steps: `{ at: 30s, factor: 3, for: 10s }`"),
            );
        }
        steps = shape.steps;
    }
    Some(Demand::Closed { users: n_users?, think: think?, steps })
}

/// Requests a second.
fn rate(cx: &Context<'_>, node: &Node, zero_is_fine: bool) -> Option<f64> {
    let rate = cx.rate(node)?.per_second;
    if rate > MAX_RATE || (rate == 0.0 && !zero_is_fine) {
        let message = format!("a rate of {rate}/s is out of range");
        let diagnostic = Diagnostic::error(Code::OutOfRange, node.place, message);
        cx.report(diagnostic.label(format!("expected more than 0/s, at most {MAX_RATE}/s")));
        return None;
    }
    Some(rate)
}

#[derive(Default)]
struct Shape {
    points: Vec<(Span, f64)>,
    steps: Vec<ShapeStep>,
}

/// Points `[time, rate]`, or steps that multiply, one or many.
fn shape(cx: &Context<'_>, node: &Node) -> Shape {
    let mut shape = Shape::default();
    // A single point without the list around it: `[0s, 100/s]`.
    let lonely = matches!(&node.kind, Kind::List(items) if items.iter().all(|item| item.text().is_some()) && !items.is_empty());
    if lonely || matches!(node.kind, Kind::Scalar(_) | Kind::Null) {
        cx.report(not_a_shape(node));
        return shape;
    }
    for item in one_or_many(node) {
        match &item.kind {
            Kind::List(parts) => shape.points.extend(point(cx, item, parts)),
            Kind::Map(_) => shape.steps.extend(shape_step(cx, item)),
            Kind::Broken => {}
            Kind::Null | Kind::Scalar(_) => cx.report(not_a_shape(item)),
        }
    }
    if let Some(later) = shape.points.windows(2).find(|pair| pair[1].0 < pair[0].0) {
        let message =
            format!("the points of a shape go forward in time: {} comes after {}", later[1].0, later[0].0);
        cx.report(Diagnostic::error(Code::BadOrder, node.place, message));
    }
    if !shape.points.is_empty() && shape.points.iter().all(|(_, rate)| *rate == 0.0) {
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, "the rate is zero at every point"));
    }
    shape
}

fn not_a_shape(node: &Node) -> Diagnostic {
    let message = format!("expected points or steps, found {}", node.what());
    let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
    diagnostic.hint("as in `[[0s, 100/s], [60s, 900/s]]` or `{ at: 30s, factor: 3, for: 10s }`")
}

fn point(cx: &Context<'_>, item: &Node, parts: &[Node]) -> Option<(Span, f64)> {
    let [at, level] = parts else {
        let message = format!("a point of a shape is a time and a rate, this has {} values", parts.len());
        cx.report(Diagnostic::error(Code::WrongShape, item.place, message).hint("as in `[60s, 900/s]`"));
        return None;
    };
    let at = cx.duration(at);
    let level = rate(cx, level, true);
    Some((at?, level?))
}

fn shape_step(cx: &Context<'_>, node: &Node) -> Option<ShapeStep> {
    let fields = Fields::open(cx, node, &SHAPE_STEP, node.place)?;
    let at = fields.get("at").and_then(|node| cx.duration(node));
    let factor = fields.get("factor").and_then(|node| cx.factor(node, true));
    let lasts = fields.get("for").and_then(|node| cx.positive_duration(node));
    Some(ShapeStep { at: at?, factor: factor?, lasts })
}

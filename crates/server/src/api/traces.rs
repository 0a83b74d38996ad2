//! Single requests of a run, and many of them as a flame graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use serde_json::{Value, json};
use tarsier_engine::{Side, SpanEnd, SpanKind, TraceSpan};
use tarsier_lab::{Pick, Trace};
use tarsier_model::Model;

use crate::api::looks::Pairs;
use crate::api::query::Asked;
use crate::api::runs::find;
use crate::api::{Answer, Refusal, Shared, blocking, json as answer};
use crate::session::Session;
use crate::session::spans::Tree;

pub(super) async fn list(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let pick = pick(asked)?;
    blocking(move || {
        let model = &session.setup.model;
        let entry = |trace: &&Trace| {
            json!({
                "id": name(trace.id),
                "workload": model.workloads[trace.workload].name,
                "at_s": seconds(trace.began_ns),
                "duration_s": seconds(trace.ended_ns - trace.began_ns),
                "spans": trace.spans.len() as u64 + trace.missing,
                "ok": trace.ok,
            })
        };
        Ok(answer(&session.shared.shelf().traces(pick).iter().map(entry).collect()))
    })
    .await
}

pub(super) async fn one(State(context): Shared, Path((id, trace)): Path<(String, String)>) -> Answer {
    let session = find(&context, &id)?;
    blocking(move || {
        let shelf = session.shared.shelf();
        let found = u128::from_str_radix(&trace, 16).ok().and_then(|id| shelf.get(id));
        let tree = found.and_then(Tree::of).ok_or_else(|| {
            let refusal = Refusal::not_found(format!("the trace `{trace}` is not kept"));
            refusal.hint("a slower one, or another one by chance, may have taken its place")
        })?;
        let told = (0..tree.spans.len()).map(|at| span(&session.setup.model, &tree, at));
        Ok(answer(&json!({ "id": trace, "spans": told.collect::<Vec<_>>() })))
    })
    .await
}

pub(super) async fn flame(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let pick = pick(asked)?;
    blocking(move || Ok(answer(&burn(&session, pick).value("all")))).await
}

fn pick(asked: Vec<(String, String)>) -> Result<Pick, Refusal> {
    let mut asked = Asked(asked);
    let pick = asked.text("pick");
    asked.end()?;
    match pick.as_deref() {
        None | Some("slowest") => Ok(Pick::Slowest),
        Some("failed") => Ok(Pick::Failed),
        Some("random") => Ok(Pick::Random),
        Some(other) => Err(Refusal::bad(format!("`pick` is slowest, failed or random, not `{other}`"))),
    }
}

fn name(trace: u128) -> String {
    format!("{trace:032x}")
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

fn span(model: &Model, tree: &Tree<'_>, at: usize) -> Value {
    let span = tree.spans[at];
    let (service, instance) = match span.side {
        Side::Users { workload, .. } => (&model.workloads[workload].name, None),
        Side::Instance { service, number, .. } => (&model.services[service].name, Some(number)),
    };
    let parts = span.stretches.iter().map(|stretch| {
        json!({
            "cause": tarsier_report::cause_key(stretch.cause),
            "from_s": seconds(stretch.from_ns),
            "to_s": seconds(stretch.to_ns),
        })
    });
    json!({
        "parent": tree.parents[at],
        "service": service,
        "instance": instance,
        "name": model.endpoint_label(span.endpoint),
        "side": side(span.kind),
        "attempt": span.attempt,
        "start_s": seconds(span.began_ns),
        "end_s": seconds(span.ended_ns),
        "end": end(span.end),
        "critical_s": seconds(tree.critical_ns[at]),
        "parts": parts.collect::<Vec<_>>(),
    })
}

fn side(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Request => "request",
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn end(end: SpanEnd) -> &'static str {
    match end {
        SpanEnd::Ok => "ok",
        SpanEnd::Error => "error",
        SpanEnd::Refused => "refused",
        SpanEnd::Unreachable => "unreachable",
        SpanEnd::Timeout => "timeout",
        SpanEnd::Cancelled => "cancelled",
        SpanEnd::Lost => "lost",
    }
}

/// Time that users waited, by the way from the request to where it was spent: it adds up.
#[derive(Default)]
struct Flame {
    own_ns: u64,
    children: BTreeMap<String, Flame>,
}

fn burn(session: &Session, pick: Pick) -> Flame {
    let shelf = session.shared.shelf();
    let mut flame = Flame::default();
    for tree in shelf.traces(pick).into_iter().filter_map(Tree::of) {
        // The way to each span; a call and the stay that it causes are one step of it.
        let mut ways: Vec<Arc<Vec<String>>> = Vec::new();
        for (at, span) in tree.spans.iter().enumerate() {
            let frame = frame(&session.setup.model, span);
            let way = match tree.parents[at].map(|parent| &ways[parent]) {
                Some(way) if way.last() == Some(&frame) && is_stay(span) => Arc::clone(way),
                Some(way) => Arc::new(way.iter().cloned().chain([frame]).collect()),
                None => Arc::new(vec![frame]),
            };
            let spent =
                way.iter().fold(&mut flame, |flame, step| flame.children.entry(step.clone()).or_default());
            spent.own_ns += tree.critical_ns[at];
            ways.push(way);
        }
    }
    flame
}

fn frame(model: &Model, span: &TraceSpan) -> String {
    match (span.kind, span.side) {
        (SpanKind::Request, Side::Users { workload, .. }) => model.workloads[workload].name.clone(),
        _ => model.endpoint_label(span.endpoint),
    }
}

fn is_stay(span: &TraceSpan) -> bool {
    matches!(span.kind, SpanKind::Server | SpanKind::Consumer)
}

impl Flame {
    fn total_ns(&self) -> u64 {
        self.own_ns + self.children.values().map(Flame::total_ns).sum::<u64>()
    }

    /// The largest first; what took no time is left out.
    fn value(&self, name: &str) -> Value {
        let mut children: Vec<(u64, &String, &Flame)> =
            self.children.iter().map(|(name, flame)| (flame.total_ns(), name, flame)).collect();
        children.retain(|(total, ..)| *total > 0);
        children.sort_by_key(|(total, ..)| std::cmp::Reverse(*total));
        json!({
            "name": name,
            "value_s": seconds(self.total_ns()),
            "self_s": seconds(self.own_ns),
            "children": children.iter().map(|(_, name, flame)| flame.value(name)).collect::<Vec<_>>(),
        })
    }
}

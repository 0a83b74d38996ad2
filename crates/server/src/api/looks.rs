//! What a run shows to whoever asks: its seconds, its events, its result so far.

use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use tarsier_engine::{Health, InstanceState};
use tarsier_model::{Scenario, SealedModel};
use tarsier_report::Report;
use tarsier_units::Id;

use crate::api::query::Asked;
use crate::api::runs::{find, gone};
use crate::api::{Answer, Refusal, Shared, blocking, json as answer};
use crate::limits;
use crate::session::heat::Heat;
use crate::session::topology::Row;
use crate::session::{Session, Sight, frame, scenario};

pub(super) type Pairs = Query<Vec<(String, String)>>;

pub(super) const NODE: [&str; 13] = [
    "rate",
    "ok",
    "errors",
    "refused",
    "retries",
    "utilization",
    "queue",
    "in_flight",
    "up",
    "wanted",
    "p50_s",
    "p99_s",
    "p999_s",
];
const EDGE: [&str; 7] = ["rate", "ok", "errors", "retries", "timeouts", "p50_s", "p99_s"];

pub(super) async fn frame(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let mut asked = Asked(asked);
    let at_s: f64 = asked.number("at")?.unwrap_or(f64::INFINITY);
    asked.end()?;
    let picture = session.shared.read().history.at(at_s).cloned();
    let picture = picture.ok_or_else(|| Refusal::not_found("no second is over yet"))?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], frame::second(&picture)).into_response())
}

pub(super) async fn series(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let mut asked = Asked(asked);
    let of = asked.wanted("of")?;
    asked.end()?;
    let row = session.topology.row(&of).ok_or_else(|| {
        Refusal::not_found(format!("there is neither a service nor a workload nor an edge called `{of}`"))
            .hint("an edge is written `web->db`")
    })?;
    blocking(move || Ok(answer(&columns(&session, row)))).await
}

fn columns(session: &Session, row: Row) -> Value {
    let pictures = session.shared.read().history.pictures().to_vec();
    let (names, rows): (&[&str], Vec<&[f32]>) = match row {
        Row::Node(at) => (&NODE, pictures.iter().map(|it| &it.nodes[at][..]).collect()),
        Row::Edge(at) => (&EDGE, pictures.iter().map(|it| &it.edges[at][..]).collect()),
    };
    let mut columns = Map::new();
    columns.insert("time_s".to_owned(), pictures.iter().map(|it| json!(it.time_s)).collect());
    columns.insert("covers_s".to_owned(), pictures.iter().map(|it| json!(it.covers_s)).collect());
    for (at, name) in names.iter().enumerate() {
        // JSON has no NaN: what cannot be said is null.
        columns.insert((*name).to_owned(), rows.iter().map(|row| json!(row[at])).collect());
    }
    Value::Object(columns)
}

pub(super) async fn heat(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let mut asked = Asked(asked);
    let of = asked.wanted("of")?;
    let after: f64 = asked.number("after")?.unwrap_or(0.0);
    asked.end()?;
    let workload = session.setup.model.workloads.entries().find(|(_, it)| it.name == of);
    let (workload, _) =
        workload.ok_or_else(|| Refusal::not_found(format!("there is no workload called `{of}`")))?;
    blocking(move || {
        let (covers_s, columns) = {
            let heat = &session.shared.read().heat[workload.index()];
            (heat.covers_s(), heat.after(after))
        };
        let (ends, counts): (Vec<u64>, Vec<&[u32]>) =
            columns.iter().map(|(end, column)| (end, told(column))).unzip();
        let bounds_s = Heat::bounds_s();
        Ok(answer(&json!({ "time_s": ends, "covers_s": covers_s, "bounds_s": bounds_s, "counts": counts })))
    })
    .await
}

/// Without the empty bins at the end.
fn told(column: &[u32]) -> &[u32] {
    &column[..column.iter().rposition(|n| *n > 0).map_or(0, |last| last + 1)]
}

pub(super) async fn events(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let mut asked = Asked(asked);
    let after = asked.whole("after")?.unwrap_or(0);
    asked.end()?;
    blocking(move || Ok(answer(&Value::Array(news(&session, after))))).await
}

/// Events after the first `known`; they are numbered from 1.
pub(super) fn news(session: &Session, known: usize) -> Vec<Value> {
    let events = {
        let state = session.shared.read();
        state.events.get(known..).map_or_else(Vec::new, <[_]>::to_vec)
    };
    if events.is_empty() {
        return Vec::new();
    }
    let scenario = scenario(&session.deeds());
    let told = |(at, event): (usize, &_)| {
        let mut value = tarsier_report::live_event(&session.setup.model, Some(&scenario), event);
        value["n"] = (known + at + 1).into();
        value
    };
    events.iter().enumerate().map(told).collect()
}

pub(super) async fn result(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    let outcome = session.ask(|sight| sight.outcome()).await.ok_or_else(gone)?;
    blocking(move || {
        let live = scenario(&session.deeds());
        let text = tarsier_report::json(&report(&session, &outcome, &live));
        Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
    })
    .await
}

pub(super) fn report<'a>(
    session: &'a Session,
    outcome: &'a tarsier_engine::Outcome,
    scenario: &'a Scenario,
) -> Report<'a> {
    let model: &SealedModel = &session.setup.model;
    Report {
        model,
        outcome,
        reps: 1,
        scenario: Some(scenario).filter(|it| !it.happenings.is_empty()),
        warmup: "no warm-up: what was seen from the first second on counts",
        verdict: None,
        wall_s: session.began.elapsed().as_secs_f64(),
    }
}

pub(super) async fn why(State(context): Shared, Path(id): Path<String>, Query(asked): Pairs) -> Answer {
    let session = find(&context, &id)?;
    let mut asked = Asked(asked);
    let over = asked.text("over");
    asked.end()?;
    let whole = match over.as_deref() {
        None | Some("recent") => false,
        Some("run") => true,
        Some(other) => return Err(Refusal::bad(format!("`over` is `recent` or `run`, not `{other}`"))),
    };
    let question = move |sight: &mut Sight<'_, '_, '_>| if whole { sight.outcome() } else { sight.recent() };
    let told = session.ask(move |sight| (sight.time(), question(sight))).await;
    let (now, outcome) = told.ok_or_else(gone)?;
    blocking(move || Ok(answer(&tarsier_report::live_why(&session.setup.model, now, &outcome)))).await
}

pub(super) async fn service(State(context): Shared, Path((id, name)): Path<(String, String)>) -> Answer {
    let session = find(&context, &id)?;
    let model = &session.setup.model;
    let service = model.service_named(&name);
    let service =
        service.ok_or_else(|| Refusal::not_found(format!("there is no service called `{name}`")))?;
    let instances = session.ask(move |sight| sight.instances(service)).await.ok_or_else(gone)?;
    let told = instances.iter().take(limits::INSTANCES).map(|it| instance(model, it));
    Ok(answer(&json!({ "name": name, "instances": told.collect::<Vec<_>>() })))
}

fn instance(model: &SealedModel, state: &InstanceState) -> Value {
    json!({
        "number": state.number,
        "zone": model.zone_label(state.zone),
        "health": match state.health {
            Health::Up if state.leaves => "leaving",
            Health::Up => "up",
            Health::Paused => "paused",
            Health::Stalled => "stalled",
            Health::Down => "down",
            Health::BlackHole => "black-hole",
        },
        "busy": state.busy,
        "waiting": state.waiting,
        "present": state.present,
    })
}

//! Runs: begun, steered, looked at, ended.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tarsier_language::Severity;

use crate::api::architectures::{diagnostics, read, wanted};
use crate::api::fields::Fields;
use crate::api::{Answer, Context, Refusal, Shared, blocking, body, json};
use crate::limits;
use crate::session::{Order, Session, Setup};

const DEFAULT_FOR_S: f64 = 3600.0;

pub(super) async fn list(State(context): Shared) -> Answer {
    Ok(json(&context.sessions.all().iter().map(|run| run.value()).collect()))
}

pub(super) async fn start(State(context): Shared, asked: Body) -> Answer {
    let fields = Fields::read(&body(asked).await?)?;
    blocking(move || {
        let setup = setup(&context, fields)?;
        let session = context.sessions.start(setup).ok_or_else(|| {
            Refusal::not_now(format!("there are {} runs already, and none has ended", limits::RUNS))
                .hint("end one: `DELETE /api/runs/ID`")
        })?;
        Ok((StatusCode::CREATED, json(&session.value())).into_response())
    })
    .await
}

fn setup(context: &Context, mut fields: Fields) -> Result<Setup, Refusal> {
    let (text, name) = (fields.text("text")?, fields.text("name")?);
    let seed = fields.whole("seed")?.unwrap_or(1);
    let pace = pace(&mut fields)?.unwrap_or(1.0);
    let paused = fields.flag("paused")?.unwrap_or(false);
    let for_s = fields.number("for_s", 0.001..=limits::LONGEST_S)?.unwrap_or(DEFAULT_FOR_S);
    let scenario = fields.text("scenario")?;
    fields.end()?;
    let (name, text) = match (name, text) {
        (Some(name), None) => (name.clone(), read(&context.library, &name)?),
        (None, text) => ("architecture".to_owned(), wanted(text)?),
        (Some(_), Some(_)) => return Err(Refusal::bad("give `text` or `name`, not both")),
    };
    let source = text.clone();
    let opened = context.library.open(&name, text);
    let Some(model) = opened.model else {
        let errors = opened.diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
        let message = format!("the architecture has {errors} mistake{}", if errors == 1 { "" } else { "s" });
        return Err(Refusal::mistaken(message, diagnostics(&opened.diagnostics, &source)));
    };
    if let Some(name) = scenario.as_deref().filter(|name| model.scenario_named(name).is_none()) {
        let message = format!("the architecture has no scenario called `{name}`");
        return Err(Refusal::mistaken(message, Value::Array(Vec::new())));
    }
    Ok(Setup { model, seed, pace, paused, for_s, scenario })
}

fn pace(fields: &mut Fields) -> Result<Option<f64>, Refusal> {
    let pace = fields.number("pace", 0.0..=limits::FASTEST_PACE)?;
    match pace {
        Some(pace) if pace > 0.0 && pace < limits::SLOWEST_PACE => Err(Refusal::bad(format!(
            "`pace` is 0, as fast as it goes, or from {} to {}",
            limits::SLOWEST_PACE,
            limits::FASTEST_PACE
        ))),
        pace => Ok(pace),
    }
}

pub(super) fn find(context: &Context, id: &str) -> Result<Arc<Session>, Refusal> {
    let found = id.parse().ok().and_then(|id| context.sessions.get(id));
    found.ok_or_else(|| {
        Refusal::not_found(format!("there is no run `{id}`")).hint("`GET /api/runs` lists them")
    })
}

pub(super) async fn one(State(context): Shared, Path(id): Path<String>) -> Answer {
    Ok(json(&find(&context, &id)?.value()))
}

pub(super) async fn end(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    context.sessions.remove(session.id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn control(State(context): Shared, Path(id): Path<String>, asked: Body) -> Answer {
    let session = find(&context, &id)?;
    let mut fields = Fields::read(&body(asked).await?)?;
    let (pace, paused) = (pace(&mut fields)?, fields.flag("paused")?);
    let step = fields.number("step_s", 0.001..=limits::LONGEST_S)?;
    fields.end()?;
    let orders = [
        pace.map(Order::Pace),
        paused.map(|paused| if paused { Order::Pause } else { Order::Resume }),
        step.map(Order::Step),
    ];
    orders.into_iter().flatten().for_each(|order| session.order(order));
    Ok(json(&session.value()))
}

pub(super) async fn topology(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    Ok::<Response, _>(json(&session.topology.value))
}

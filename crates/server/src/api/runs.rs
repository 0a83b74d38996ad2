//! Runs: begun, steered, ended.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tarsier_units::Span;

use crate::api::architectures::{diagnostics, model, read, wanted};
use crate::api::fields::Fields;
use crate::api::{Answer, Context, Refusal, Shared, blocking, body, json};
use crate::limits;
use crate::session::topology::Topology;
use crate::session::{Deed, Order, Session, Setup, listed, scenario as scenario_of};

const DEFAULT_FOR_S: f64 = 3600.0;

pub(super) async fn list(State(context): Shared) -> Answer {
    Ok(json(&context.sessions.all().iter().map(|run| run.value()).collect()))
}

pub(super) async fn start(State(context): Shared, asked: Body) -> Answer {
    let fields = Fields::read(&body(asked).await?)?;
    blocking(move || {
        let setup = setup(&context, fields)?;
        begin(&context, setup, None)
    })
    .await
}

pub(super) fn begin(context: &Context, setup: Setup, topology: Option<Arc<Topology>>) -> Answer {
    let session = context.sessions.start(setup, topology).ok_or_else(|| {
        Refusal::not_now(format!("there are {} runs already, and none has ended", limits::RUNS))
            .hint("end one: `DELETE /api/runs/ID`")
    })?;
    Ok((StatusCode::CREATED, json(&session.value())).into_response())
}

fn setup(context: &Context, mut fields: Fields) -> Result<Setup, Refusal> {
    let (text, source) = (fields.text("text")?, fields.text("name")?);
    let seed = fields.whole("seed")?.unwrap_or(1);
    let pace = pace(&mut fields)?.unwrap_or(1.0);
    let paused = fields.flag("paused")?.unwrap_or(false);
    let for_s = fields.number("for_s", 0.001..=limits::LONGEST_S)?.unwrap_or(DEFAULT_FOR_S);
    let scenario = fields.text("scenario")?;
    let done = fields.texts("done", limits::DEEDS)?.unwrap_or_default();
    fields.end()?;
    let (name, text) = match (&source, text) {
        (Some(name), None) => (name.as_str(), read(&context.library, name)?),
        (None, text) => ("architecture", wanted(text)?),
        (Some(_), Some(_)) => return Err(Refusal::bad("give `text` or `name`, not both")),
    };
    let (model, text) = model(&context.library, name, &text)?;
    if model.workloads.is_empty() {
        let message = "nobody sends requests: the architecture has no `workload`";
        return Err(Refusal::mistaken(message, Value::Array(Vec::new())));
    }
    if let Some(name) = scenario.as_deref().filter(|name| model.scenario_named(name).is_none()) {
        let message = format!("the architecture has no scenario called `{name}`");
        return Err(Refusal::mistaken(message, Value::Array(Vec::new())));
    }
    let mut deeds =
        scenario.and_then(|name| model.scenario_named(&name)).map_or_else(Vec::new, |it| listed(&text, it));
    let n_listed = deeds.len();
    let mut before = scenario_of(&deeds).most_instances();
    for text in done {
        let told = tarsier_language::happening(&text, &model, &before).map_err(|mistakes| {
            Refusal::mistaken(format!("`{text}` cannot happen"), diagnostics(&mistakes, &text))
        })?;
        if told.at.is_none() {
            return Err(Refusal::bad(format!("`{text}` does not say when")).hint("as in `{ at: 3s, … }`"));
        }
        if let Some((service, wanted)) = told.happening.trouble.resizes() {
            let known = before.entry(service).or_default();
            *known = wanted.max(*known);
        }
        deeds.push(Deed::at_its_time(told, Span::ZERO));
    }
    let n_given = deeds.len();
    Ok(Setup {
        model: Arc::new(model),
        text: text.into(),
        seed,
        pace,
        paused,
        for_s,
        done: deeds,
        n_listed,
        n_given,
        replay_to: Span::ZERO,
        parent: None,
    })
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

/// It was ended while it was asked.
pub(super) fn gone() -> Refusal {
    Refusal::not_found("this run was ended")
}

pub(super) async fn one(State(context): Shared, Path(id): Path<String>) -> Answer {
    Ok(json(&find(&context, &id)?.value()))
}

pub(super) async fn end(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    context.sessions.remove(session.id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What is told is how it stands once that is done.
pub(super) async fn control(State(context): Shared, Path(id): Path<String>, asked: Body) -> Answer {
    let session = find(&context, &id)?;
    let mut fields = Fields::read(&body(asked).await?)?;
    let (pace, paused) = (pace(&mut fields)?, fields.flag("paused")?);
    let step = fields.number("step_s", 0.001..=limits::LONGEST_S)?;
    fields.end()?;
    let orders = [
        pace.map(Order::Pace),
        paused.map(|paused| if paused { Order::Pause } else { Order::Resume }),
        step.map(|seconds| Order::Step(Span::from_secs_f64(seconds))),
    ];
    orders.into_iter().flatten().for_each(|order| session.order(order));
    session.ask(|_| ()).await.ok_or_else(gone)?;
    Ok(json(&session.value()))
}

pub(super) async fn restart(State(context): Shared, Path(id): Path<String>, asked: Body) -> Answer {
    let session = find(&context, &id)?;
    let mut fields = Fields::read(&body(asked).await?)?;
    let seed = fields.whole("seed")?.unwrap_or(session.setup.seed);
    fields.end()?;
    let now = session.shared.now();
    let mut setup =
        Setup { seed, pace: now.pace, replay_to: Span::ZERO, parent: None, ..Setup::clone(&session.setup) };
    // With nothing done: nor was anything of the file ended by hand.
    setup.done.truncate(setup.n_listed);
    setup.done.iter_mut().for_each(|deed| deed.ended = None);
    setup.n_given = setup.n_listed;
    Ok(json(&blocking(move || context.sessions.replace(&session, setup)).await.value()))
}

pub(super) async fn topology(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    Ok::<Response, _>(json(&session.topology.value))
}

//! What is done to a run by hand, and what becomes of it: a scenario, a file, a branch.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use tarsier_engine::{Ended, ROOM_BY_HAND, Unfit};
use tarsier_language::with_scenario;
use tarsier_units::Span;

use crate::api::architectures::diagnostics;
use crate::api::fields::Fields;
use crate::api::runs::{begin, find, gone};
use crate::api::{Answer, Refusal, Shared, blocking, body, json as answer};
use crate::limits;
use crate::session::{Deed, LIVE, Session, Setup, scenario as scenario_of};

/// Something happens now.
pub(super) async fn happen(State(context): Shared, Path(id): Path<String>, asked: Body) -> Answer {
    let session = find(&context, &id)?;
    let bytes = body(asked).await?;
    let text = String::from_utf8(bytes.into()).map_err(|_| Refusal::bad("the body is not UTF-8"))?;
    let before = scenario_of(&session.deeds()).most_instances();
    let told = tarsier_language::happening(&text, &session.setup.model, &before)
        .map_err(|mistakes| Refusal::mistaken("this cannot happen", diagnostics(&mistakes, &text)))?;
    if told.at.is_some() {
        return Err(Refusal::bad("it happens now: it has no `at`"));
    }
    let warnings = diagnostics(&told.warnings, &text);
    let run = Arc::clone(&session);
    let done = session.ask(move |sight| {
        if run.deeds().len() >= limits::DEEDS {
            return Err(Refusal::not_now(format!("{} things were done to this run already", limits::DEEDS)));
        }
        let happening = &told.happening;
        let number = sight.begin(happening.trouble.clone(), happening.lasts).map_err(unfit)?;
        let deed = Deed { at: sight.time(), told, ended: None };
        let value = value(number, &deed);
        run.deeds().push(deed);
        Ok(value)
    });
    let mut value = done.await.ok_or_else(gone)??;
    value["diagnostics"] = warnings;
    Ok((StatusCode::CREATED, answer(&value)).into_response())
}

/// What lasts ends now; what was done last, at this very moment, is taken back.
pub(super) async fn cease(State(context): Shared, Path((id, number)): Path<(String, String)>) -> Answer {
    let session = find(&context, &id)?;
    let number: usize = number.parse().map_err(|_| unfit(Unfit::Unknown))?;
    let run = Arc::clone(&session);
    let done = session.ask(move |sight| {
        let ended = sight.end(number).map_err(unfit)?;
        let mut deeds = run.deeds();
        if ended == Ended::TakenBack {
            let deed = deeds.pop().expect("what is taken back was done last");
            return Ok(value(number, &deed));
        }
        let deed = deeds.get_mut(number).ok_or_else(|| unfit(Unfit::Unknown))?;
        deed.ended = Some(sight.time());
        Ok(value(number, deed))
    });
    Ok(answer(&done.await.ok_or_else(gone)??))
}

fn value(number: usize, deed: &Deed) -> Value {
    json!({ "at_s": deed.at.as_secs_f64(), "text": deed.text(), "id": number })
}

fn unfit(why: Unfit) -> Refusal {
    match why {
        Unfit::Unknown => Refusal::not_found("nothing of this number happened"),
        Unfit::Over => {
            Refusal::not_now("the run is over").hint("branch from an earlier second, or restart it")
        }
        Unfit::NotBegun => Refusal::not_now("it has not begun: the run has to go on first"),
        Unfit::Ended => Refusal::not_now("it has ended already"),
        Unfit::RunsItsCourse => {
            Refusal::not_now("it runs its course: restarts, flushes and leaks cannot be ended")
        }
        Unfit::NoRoom => Refusal::not_now("so many instances more cannot join a run that goes on")
            .hint(format!("{ROOM_BY_HAND} may join in each group of zones; write more into the file")),
        Unfit::NotSteered | Unfit::WarmingUp => Refusal::not_now("nothing can be done to this run now"),
    }
}

pub(super) async fn scenario(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    Ok(answer(&json!({ "happenings": texts(&session), "command": command(&session) })))
}

pub(super) fn texts(session: &Session) -> Vec<String> {
    session.deeds().iter().map(Deed::text).collect()
}

/// What runs the same again, once the file is saved.
pub(super) fn command(session: &Session) -> String {
    let setup = &session.setup;
    let mut command = format!("tarsier run {}.yaml", file_name(&setup.model.name));
    if !session.deeds().is_empty() {
        write!(command, " --scenario {LIVE}").expect("a string takes it");
    }
    write!(command, " --warmup 0s --seed {} --for {}", setup.seed, reached(session))
        .expect("a string takes it");
    command
}

/// As far as it is shown; at least a millisecond, for no time cannot be run.
fn reached(session: &Session) -> Span {
    Span::from_secs_f64(session.shared.now().time_s).max(Span::from_millis(1))
}

/// Without anything that means something to a shell or a file system.
fn file_name(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect();
    if plain.starts_with('-') { format!("architecture{plain}") } else { plain }
}

pub(super) async fn file(State(context): Shared, Path(id): Path<String>) -> Answer {
    let session = find(&context, &id)?;
    blocking(move || {
        let texts = texts(&session);
        let text = if texts.is_empty() {
            session.setup.text.to_string()
        } else {
            with_scenario(&session.setup.text, LIVE, &texts)
        };
        Ok(([(CONTENT_TYPE, "application/yaml; charset=utf-8")], text).into_response())
    })
    .await
}

/// A run that gets to a second in the same way, and goes on from there in its own.
pub(super) async fn branch(State(context): Shared, Path(id): Path<String>, asked: Body) -> Answer {
    let session = find(&context, &id)?;
    let mut fields = Fields::read(&body(asked).await?)?;
    let at_s = fields.number("at_s", 0.0..=limits::LONGEST_S)?;
    let paused = fields.flag("paused")?;
    fields.end()?;
    let now = session.shared.now();
    let at_s = at_s.unwrap_or(now.time_s);
    if at_s > now.time_s {
        return Err(Refusal::not_now(format!("the run has got to {} s, not to {at_s} s", now.time_s)));
    }
    let at = Span::from_secs_f64(at_s);
    let deeds = session.deeds().clone();
    // The number of each names its random streams: what was given keeps its place, even if it is for later.
    let n_given = session.setup.n_given;
    let done = deeds.iter().enumerate().filter(|(number, deed)| *number < n_given || deed.at < at);
    let done = done.map(|(_, deed)| deed.known_at(at)).collect();
    let setup = Setup {
        pace: now.pace,
        paused: paused.unwrap_or(false),
        done,
        replay_to: at,
        parent: Some(session.id),
        ..Setup::clone(&session.setup)
    };
    let topology = Arc::clone(&session.topology);
    blocking(move || begin(&context, setup, Some(topology))).await
}

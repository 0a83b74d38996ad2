//! HTTP: who may ask, for what, and the answers.

mod architectures;
mod compare;
mod deeds;
mod drawing;
mod fields;
mod guard;
mod looks;
mod query;
mod refusal;
mod report;
mod runs;
mod stream;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::library::Library;
use crate::limits;
use crate::page::Page;
use crate::session::Sessions;
pub(crate) use guard::Guard;
pub(crate) use refusal::Refusal;

/// What every answer is made from.
pub(crate) struct Context {
    pub(crate) library: Library,
    pub(crate) page: Page,
    pub(crate) guard: Guard,
    pub(crate) sessions: Sessions,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) stopped: watch::Receiver<bool>,
}

type Shared = State<Arc<Context>>;
type Answer = Result<Response, Refusal>;

pub(crate) fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/api/openapi.json", get(openapi))
        .route("/api/architectures", get(architectures::list))
        .route("/api/architectures/{*name}", get(architectures::one))
        .route("/api/check", post(architectures::check))
        .route("/api/complete", post(architectures::complete))
        .route("/api/hover", post(architectures::hover))
        .route("/api/import", post(architectures::import))
        .route("/api/layout", post(architectures::layout))
        .route("/api/runs", get(runs::list).post(runs::start))
        .route("/api/runs/{id}", get(runs::one).delete(runs::end))
        .route("/api/runs/{id}/control", post(runs::control))
        .route("/api/runs/{id}/restart", post(runs::restart))
        .route("/api/runs/{id}/happenings", post(deeds::happen))
        .route("/api/runs/{id}/happenings/{n}", delete(deeds::cease))
        .route("/api/runs/{id}/scenario", get(deeds::scenario))
        .route("/api/runs/{id}/file", get(deeds::file))
        .route("/api/runs/{id}/branch", post(deeds::branch))
        .route("/api/runs/{id}/topology", get(runs::topology))
        .route("/api/runs/{id}/frame", get(looks::frame))
        .route("/api/runs/{id}/series", get(looks::series))
        .route("/api/runs/{id}/heat", get(looks::heat))
        .route("/api/runs/{id}/events", get(looks::events))
        .route("/api/runs/{id}/result", get(looks::result))
        .route("/api/runs/{id}/why", get(looks::why))
        .route("/api/runs/{id}/services/{name}", get(looks::service))
        .route("/api/runs/{id}/traces", get(traces::list))
        .route("/api/runs/{id}/traces/{trace}", get(traces::one))
        .route("/api/runs/{id}/flame", get(traces::flame))
        .route("/api/runs/{id}/report", get(report::report))
        .route("/api/compare", get(compare::compare))
        .route("/api/runs/{id}/stream", get(stream::stream))
        .fallback(otherwise)
        .layer(middleware::from_fn_with_state(Arc::clone(&context), guard::check))
        .with_state(context)
}

/// A test holds that it has the routes above.
async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], include_str!("../../../../docs/reference/openapi.json"))
        .into_response()
}

/// The page, or nothing.
async fn otherwise(State(context): Shared, request: Request) -> Answer {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if path.starts_with("api/") || path == "api" {
        return Err(Refusal::not_found("there is nothing at this address of the API"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "the page can only be read"));
    }
    let answer = blocking(move || context.page.answer(&path, request.headers())).await;
    answer.ok_or_else(|| Refusal::not_found("there is no such file"))
}

/// On a thread where it may take its time.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it does not panic")
}

/// The body, if it comes soon and is not too large.
async fn body(body: Body) -> Result<Bytes, Refusal> {
    let read = axum::body::to_bytes(body, limits::BODY);
    match tokio::time::timeout(limits::BODY_TIME, read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Refusal::too_large()),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body did not arrive within {} s", limits::BODY_TIME.as_secs()),
        )),
    }
}

fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

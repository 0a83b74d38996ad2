//! How a request is refused: what is wrong, and what to do.

use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::limits;

#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: String,
    hint: Option<String>,
    /// Apart, or every answer would be as large.
    diagnostics: Option<Box<Value>>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Refusal { status, error: error.into(), hint: None, diagnostics: None }
    }

    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn not_found(error: impl Into<String>) -> Self {
        Refusal::new(StatusCode::NOT_FOUND, error)
    }

    pub(crate) fn not_now(error: impl Into<String>) -> Self {
        Refusal::new(StatusCode::CONFLICT, error)
    }

    /// It can be read, and has mistakes.
    pub(crate) fn mistaken(error: impl Into<String>, diagnostics: Value) -> Self {
        let diagnostics = Some(Box::new(diagnostics));
        Refusal { diagnostics, ..Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error) }
    }

    pub(crate) fn too_large() -> Self {
        let error = format!("a body has at most {} bytes", limits::BODY);
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Refusal { hint: Some(hint.into()), ..self }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut value = json!({ "error": self.error });
        if let Some(hint) = self.hint {
            value["hint"] = hint.into();
        }
        if let Some(diagnostics) = self.diagnostics {
            value["diagnostics"] = *diagnostics;
        }
        (self.status, [(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
    }
}

/// What the framework refuses by itself, in a text or without a word, is told as everything else is.
pub(super) async fn told(response: Response) -> Response {
    let is_told = response.headers().get(CONTENT_TYPE).is_some_and(|it| it == "application/json");
    if is_told || !response.status().is_client_error() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, limits::BODY).await.unwrap_or_default();
    let error = match parts.status {
        StatusCode::METHOD_NOT_ALLOWED => "this method is not for this address".into(),
        _ => String::from_utf8_lossy(&text),
    };
    let mut refused = Refusal::new(parts.status, error).into_response();
    let methods = parts.headers.get(ALLOW).cloned();
    refused.headers_mut().extend(methods.map(|methods| (ALLOW, methods)));
    refused
}

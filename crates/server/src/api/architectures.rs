//! Architectures to open, and what is to be said of a text without running it.

use axum::body::Body;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tarsier_language::{Diagnostic, Place, Severity};

use crate::api::fields::Fields;
use crate::api::{Answer, Refusal, Shared, blocking, body, json as answer};
use crate::library::{Architecture, Library, Opened};

pub(super) async fn list(State(context): Shared) -> Answer {
    let list = blocking(move || {
        let entry = |it: &Architecture| {
            let title = title(&context.library, it);
            json!({ "name": it.name, "kind": it.origin.key(), "title": title, "chosen": it.is_chosen })
        };
        context.library.architectures.iter().map(entry).collect()
    });
    Ok(answer(&Value::Array(list.await)))
}

pub(super) async fn one(State(context): Shared, Path(name): Path<String>) -> Answer {
    blocking(move || {
        let text = read(&context.library, &name)?;
        let opened = context.library.open(&name, text.clone());
        // One of another tool is shown as what it becomes, if that is known.
        let text = if opened.text.is_empty() { text } else { opened.text };
        Ok(answer(&json!({ "name": name, "text": text })))
    })
    .await
}

pub(super) async fn check(State(context): Shared, asked: Body) -> Answer {
    let mut fields = Fields::read(&body(asked).await?)?;
    let text = wanted(fields.text("text")?)?;
    fields.end()?;
    blocking(move || {
        let source = text.clone();
        let opened = context.library.open("architecture", text);
        let scenarios = opened.model.iter().flat_map(|model| &model.scenarios);
        Ok(answer(&json!({
            "diagnostics": diagnostics(&opened.diagnostics, &source),
            "findings": findings(&opened),
            "scenarios": scenarios.map(|it| it.name.as_str()).collect::<Vec<_>>(),
        })))
    })
    .await
}

pub(super) fn wanted(text: Option<String>) -> Result<String, Refusal> {
    text.ok_or_else(|| Refusal::bad("`text` is missing: the architecture"))
}

/// The text of an architecture of the library.
pub(super) fn read(library: &Library, name: &str) -> Result<String, Refusal> {
    let found = library.find(name).ok_or_else(|| {
        Refusal::not_found(format!("there is no architecture called `{name}`"))
            .hint("`GET /api/architectures` lists them")
    })?;
    found.text().map_err(|error| Refusal::not_found(format!("`{name}` cannot be read: {error}")))
}

/// The first line of its description; a file that is being edited may have none.
fn title(library: &Library, architecture: &Architecture) -> String {
    let text = architecture.text().unwrap_or_default();
    let model = library.open(&architecture.name, text).model;
    let description = model.map(|model| model.description.clone()).unwrap_or_default();
    description.lines().next().unwrap_or_default().to_owned()
}

fn findings(opened: &Opened) -> Vec<String> {
    let Some(model) = &opened.model else { return Vec::new() };
    tarsier_check::examine(model).findings.into_iter().map(|finding| finding.message).collect()
}

/// Diagnostics as the page shows them, about `source`.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], source: &str) -> Value {
    diagnostics
        .iter()
        .map(|it| {
            let Place { start, end } = it.place;
            let (line, column) = it.place.line_column(source.as_bytes());
            json!({
                "severity": if it.severity == Severity::Error { "error" } else { "warning" },
                "code": it.code.id(),
                "message": it.message,
                "hint": it.hint,
                "from": utf16(source, start),
                "to": utf16(source, end),
                "line": line,
                "column": column,
            })
        })
        .collect()
}

/// Bytes to UTF-16 units, as browsers count.
fn utf16(source: &str, offset: usize) -> usize {
    source[..source.floor_char_boundary(offset)].encode_utf16().count()
}

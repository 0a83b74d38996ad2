//! Architectures to open, and what is to be said of a text without running it.

use axum::body::Body;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tarsier_language::{Completion, Diagnostic, Place, Severity};
use tarsier_model::SealedModel;

use crate::api::fields::Fields;
use crate::api::{Answer, Refusal, Shared, blocking, body, json as answer};
use crate::library::{Architecture, Library, Opened};
use crate::session::topology::Topology;

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

pub(super) async fn complete(asked: Body) -> Answer {
    let (text, offset) = text_and_offset(asked).await?;
    blocking(move || {
        let found = tarsier_language::complete(&text, offset);
        let option = |it: &Completion| json!({ "label": it.label, "detail": it.detail, "apply": it.apply });
        let options: Vec<Value> = found.options.iter().map(option).collect();
        Ok(answer(&json!({ "from": utf16(&text, found.from), "options": options })))
    })
    .await
}

pub(super) async fn hover(asked: Body) -> Answer {
    let (text, offset) = text_and_offset(asked).await?;
    blocking(move || {
        let found = tarsier_language::hover(&text, offset);
        let told = found
            .map(|it| json!({ "from": utf16(&text, it.from), "to": utf16(&text, it.to), "text": it.text }));
        Ok(answer(&told.unwrap_or(Value::Null)))
    })
    .await
}

async fn text_and_offset(asked: Body) -> Result<(String, usize), Refusal> {
    let mut fields = Fields::read(&body(asked).await?)?;
    let text = wanted(fields.text("text")?)?;
    let offset = fields.whole("offset")?.ok_or_else(|| Refusal::bad("`offset` is missing"))?;
    fields.end()?;
    let offset = bytes(&text, offset);
    Ok((text, offset))
}

/// A file that somebody dropped on the page, whatever it is.
pub(super) async fn import(State(context): Shared, asked: Body) -> Answer {
    let bytes = body(asked).await?;
    blocking(move || {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let opened = context.library.open("architecture", text.clone());
        let name = opened.model.as_ref().map_or("architecture", |model| &model.name);
        // One that could not be made anything of is shown as it is, with what is wrong with it.
        let own = if opened.text.is_empty() { &text } else { &opened.text };
        Ok(answer(&json!({
            "name": name,
            "text": own,
            "diagnostics": diagnostics(&opened.diagnostics, &text),
        })))
    })
    .await
}

/// Where everything stands, without a run.
pub(super) async fn layout(State(context): Shared, asked: Body) -> Answer {
    let mut fields = Fields::read(&body(asked).await?)?;
    let text = wanted(fields.text("text")?)?;
    fields.end()?;
    blocking(move || {
        let (model, _) = model(&context.library, "architecture", &text)?;
        Ok(answer(&Topology::of(&model).value))
    })
    .await
}

/// The model of a text, and the text in our language.
pub(super) fn model(library: &Library, name: &str, text: &str) -> Result<(SealedModel, String), Refusal> {
    let opened = library.open(name, text.to_owned());
    opened.model.map(|model| (model, opened.text)).ok_or_else(|| {
        let errors = opened.diagnostics.iter().filter(|it| it.severity == Severity::Error).count();
        let message = format!("the architecture has {errors} mistake{}", if errors == 1 { "" } else { "s" });
        Refusal::mistaken(message, diagnostics(&opened.diagnostics, text))
    })
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
                "label": it.label,
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

/// The other way; what is behind the end is the end.
fn bytes(source: &str, offset: u64) -> usize {
    let mut units = 0;
    let is_before = |(_, c): &(usize, char)| {
        units += c.len_utf16() as u64;
        units <= offset
    };
    source.char_indices().take_while(is_before).last().map_or(0, |(at, c)| at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_as_browsers_do() {
        let text = "aä😀b";
        for (utf16_offset, byte) in [(0, 0), (1, 1), (2, 3), (4, 7), (5, 8)] {
            assert_eq!((bytes(text, utf16_offset), utf16(text, byte)), (byte, utf16_offset as usize));
        }
        assert_eq!((bytes(text, 3), bytes(text, 99)), (3, 8), "inside a character, and behind the end");
    }
}

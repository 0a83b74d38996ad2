//! One mistake (or doubt) about a file, and the list of them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::code::Code;
use crate::limits::{MAX_DIAGNOSTICS, MAX_MESSAGE};
use crate::place::Place;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    Error,
    Warning,
}

/// A mistake in a file: what, where, what was expected, and what would be right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// A fragment that starts with a small letter and has no full stop.
    pub message: String,
    pub place: Place,
    /// What stands beside the mark: mostly what was expected.
    pub label: String,
    /// Other places that have to do with it.
    pub related: Vec<(Place, String)>,
    pub hint: Option<String>,
}

impl Diagnostic {
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        let message = message.into();
        Diagnostic {
            code,
            severity: Severity::Error,
            message,
            place,
            label: String::new(),
            related: Vec::new(),
            hint: None,
        }
    }

    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, place, message) }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hint if there is one to give.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// What it quotes may be a value of megabytes.
    fn shortened(mut self) -> Self {
        let labels = self.related.iter_mut().map(|(_, label)| label);
        labels.chain([&mut self.message, &mut self.label]).chain(&mut self.hint).for_each(shorten);
        self
    }
}

/// Leaves the beginning and the end of a text that nobody would read to its end.
fn shorten(text: &mut String) {
    if text.len() > MAX_MESSAGE {
        let from = text.floor_char_boundary(MAX_MESSAGE / 2);
        let to = text.ceil_char_boundary(text.len() - MAX_MESSAGE / 4);
        text.replace_range(from..to, " … ");
    }
}

/// Collects diagnostics; the same one twice (a mistake under an alias, or in `defaults`) counts once.
#[derive(Default)]
pub struct Sink {
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    diagnostics: Vec<Diagnostic>,
    n_errors: usize,
    seen: BTreeSet<(Code, Place, String)>,
}

impl Kept {
    /// Errors and warnings are counted apart, so that no number of doubts hides a mistake.
    fn count(&self, severity: Severity) -> usize {
        match severity {
            Severity::Error => self.n_errors,
            Severity::Warning => self.diagnostics.len() - self.n_errors,
        }
    }
}

impl Sink {
    pub fn report(&self, diagnostic: Diagnostic) {
        let diagnostic = diagnostic.shortened();
        let mut kept = self.kept.borrow_mut();
        let name = (diagnostic.code, diagnostic.place, diagnostic.message.clone());
        if kept.count(diagnostic.severity) < MAX_DIAGNOSTICS && kept.seen.insert(name) {
            kept.n_errors += usize::from(diagnostic.severity == Severity::Error);
            kept.diagnostics.push(diagnostic);
        }
    }

    /// Nothing more is kept, so nothing more need be worded.
    pub fn is_full(&self) -> bool {
        self.kept.borrow().count(Severity::Error) >= MAX_DIAGNOSTICS
    }

    pub fn has_errors(&self) -> bool {
        self.kept.borrow().n_errors > 0
    }

    /// Whether something there has been found wrong: what follows from it need not be said.
    pub fn has_error_in(&self, place: Place) -> bool {
        let is_inside = |known: &Diagnostic| place.start <= known.place.start && known.place.end <= place.end;
        let kept = self.kept.borrow();
        kept.diagnostics.iter().any(|known| known.severity == Severity::Error && is_inside(known))
    }

    /// In the order of their places.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.kept.into_inner().diagnostics;
        diagnostics.sort_by_key(|diagnostic| (diagnostic.place, diagnostic.code));
        diagnostics
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::MAX_MESSAGE;
    use crate::{load, render};

    #[test]
    fn what_is_said_of_a_long_value_is_short() {
        let long = "ä".repeat(1 << 20);
        let lines = "      word\n".repeat(1 << 17);
        for text in [
            format!("services: {{ {long}: {{ do: [] }} }}"),
            format!("{long}: 1\nservices: {{ a: {{ do: [] }} }}"),
            format!("services: {{ a: {{ cores: {long} }} }}"),
            format!("services: {{ a: {{ kind: \"{long}\" }} }}"),
            format!("services: {{ a: {{ do: [ {{ call: {long} }} ] }} }}"),
            format!("services: {{ a: {{ do: [ {{ work: \"exp({long})\" }} ] }} }}"),
            format!("services:\n  a:\n    kind: |\n{lines}"),
            format!("services:\n  a:\n    do:\n    - work:\n{lines}"),
            format!("services: {{ a: {{ do: [] }} }}\nslo: [ {long} ]"),
            format!("services: {{ a: {{ do: [] }}, # {long}\n a: {{ do: [] }} }}"),
        ] {
            let loaded = load("file", text.as_bytes());
            assert!(loaded.has_errors());
            let said = render(&loaded.diagnostics, "file", text.as_bytes(), false);
            let start: String = text.chars().take(60).collect();
            assert!(said.len() < 4 * MAX_MESSAGE, "{} bytes of {start}", said.len());
        }
    }
}

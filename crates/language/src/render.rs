//! Diagnostics as people see them: the code, the place, the line, a mark, what was expected, a hint.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::place::Place;

/// A line longer than this is not shown: it is generated, and nobody wants it in a terminal.
const MAX_LINE: usize = 400;

/// All of them, each followed by an empty line; `colour` is for terminals.
pub fn render(diagnostics: &[Diagnostic], name: &str, source: &[u8], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let source = Source { name, text: String::from_utf8_lossy(source), bytes: source };
    let mut rendered = String::new();
    for diagnostic in diagnostics {
        rendered.push_str(&renderer.render(&[source.group(diagnostic)]));
        rendered.push_str("\n\n");
    }
    rendered
}

struct Source<'s> {
    name: &'s str,
    text: std::borrow::Cow<'s, str>,
    bytes: &'s [u8],
}

impl Source<'_> {
    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(&diagnostic.message).id(diagnostic.code.id());
        let group = match self.snippet(diagnostic) {
            Some(snippet) => title.element(snippet),
            None => {
                let (line, column) = diagnostic.place.line_column(self.bytes);
                let group = title.element(Origin::path(self.name).line(line).char_column(column));
                if diagnostic.label.is_empty() {
                    group
                } else {
                    group.element(Level::NOTE.message(&diagnostic.label))
                }
            }
        };
        match &diagnostic.hint {
            Some(hint) => group.element(Level::HELP.message(hint)),
            None => group,
        }
    }

    /// The lines from the first place to the last; `None` if they cannot be shown.
    fn snippet<'a>(
        &'a self,
        diagnostic: &'a Diagnostic,
    ) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        // Bytes that are no text have other places once they are text.
        if self.text.len() != self.bytes.len() || self.text.is_empty() {
            return None;
        }
        let places = || diagnostic.related.iter().map(|(place, _)| *place).chain([diagnostic.place]);
        let first = places().map(|place| place.start).min()?;
        let last = places().map(|place| place.end).max()?;
        if places().any(|place| is_long(&self.text, place)) {
            return None;
        }
        let window = Window::around(&self.text, first, last)?;
        let mark = AnnotationKind::Primary.span(window.range(diagnostic.place));
        let mark = if diagnostic.label.is_empty() { mark } else { mark.label(&diagnostic.label) };
        let related = diagnostic
            .related
            .iter()
            .map(|(place, label)| AnnotationKind::Context.span(window.range(*place)).label(label));
        let snippet = Snippet::source(window.text).path(self.name).line_start(window.first_line);
        Some(snippet.annotation(mark).annotations(related))
    }
}

/// Whole lines of the source: the renderer need not look at the rest of a large file.
struct Window<'t> {
    text: &'t str,
    start: usize,
    first_line: usize,
}

impl<'t> Window<'t> {
    fn around(text: &'t str, first: usize, last: usize) -> Option<Self> {
        let start = text[..first.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[last.min(text.len())..].find('\n').map_or(text.len(), |more| last + more);
        let window = text.get(start..end)?;
        let first_line = text[..start].bytes().filter(|byte| *byte == b'\n').count() + 1;
        Some(Window { text: window, start, first_line })
    }

    fn range(&self, place: Place) -> std::ops::Range<usize> {
        place.start.saturating_sub(self.start)..(place.end.saturating_sub(self.start)).min(self.text.len())
    }
}

/// Whether its lines, or a line of it, would fill a terminal.
fn is_long(text: &str, place: Place) -> bool {
    let ends = [place.start, place.end].map(|at| line_around(text, at));
    ends.iter().any(|line| line.len() > MAX_LINE) || place.end.saturating_sub(place.start) > MAX_LINE
}

fn line_around(text: &str, at: usize) -> &str {
    let at = at.min(text.len());
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
    &text[start..end]
}

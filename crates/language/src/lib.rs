//! YAML to Model, with diagnostics and a JSON Schema.
//!
//! [`load`] reads a file into a tree with places, lowers the tree into a model and seals it; whatever
//! is wrong comes back at once as [`Diagnostic`]s, which [`render`] shows. This crate opens no files:
//! what a file refers to is read by a function the caller gives.

mod assist;
mod code;
mod diagnostic;
mod edit;
mod foreign;
mod happening;
mod keys;
pub mod limits;
mod lower;
mod place;
mod places;
pub mod policy;
mod reference;
mod render;
mod schema;
pub mod tree;

use tarsier_model::SealedModel;

pub use assist::{Completion, Completions, Hover, complete, hover};
pub use code::Code;
pub use diagnostic::{Diagnostic, Severity, Sink};
pub use edit::with_scenario;
pub use happening::{Told, flow, happening, told};
pub use lower::{FileReader, listed, name_fault, nearest};
pub use place::Place;
pub use places::Places;
pub use reference::reference;
pub use render::render;
pub use schema::schema;

/// What came of a file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// There unless a diagnostic is an error.
    pub model: Option<SealedModel>,
    /// Where its parts stand; empty without a model.
    pub places: Places,
    /// In the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Loads an architecture that has no files beside it. `name` is the file's, for an architecture
/// without a name of its own.
pub fn load(name: &str, source: &[u8]) -> Loaded {
    load_with(name, source, &|_| Err("this architecture has no folder to read files from".to_owned()))
}

/// Loads an architecture; `files` reads what `empirical(file.csv)` names. The path it gets is
/// relative and does not lead out of the folder of the architecture.
pub fn load_with(name: &str, source: &[u8], files: FileReader<'_>) -> Loaded {
    let sink = diagnostic::Sink::default();
    let reading = tree::read(source, &sink);
    let lowered = match (&reading.root, reading.broken_at) {
        (None, _) => None,
        (Some(root), None) => lower::lower(root, stem(name), files, &sink),
        (Some(root), Some(broken_at)) => {
            local_mistakes(root, broken_at, source, name, files, &sink);
            None
        }
    };
    let mut diagnostics = sink.into_sorted();
    if let (None, Some(foreign)) = (&lowered, reading.root.as_ref().and_then(foreign::recognise)) {
        diagnostics = vec![foreign];
    }
    let (model, places) = lowered.map_or((None, Places::default()), |(model, places)| (Some(model), places));
    let loaded = Loaded { model, places, diagnostics };
    assert!(loaded.model.is_some() != loaded.has_errors(), "a file has a model or an error");
    loaded
}

/// `shop` of `architectures/shop.yaml`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// The mistakes before the place where the reading broke off, as far as the missing rest has
/// nothing to do with them.
fn local_mistakes(
    root: &tree::Node,
    broken_at: usize,
    source: &[u8],
    name: &str,
    files: FileReader<'_>,
    sink: &diagnostic::Sink,
) {
    let partial = diagnostic::Sink::default();
    lower::lower(root, name, files, &partial);
    let line_start = source[..broken_at].iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    for diagnostic in partial.into_sorted() {
        if diagnostic.code.is_local() && diagnostic.place.end <= line_start {
            sink.report(diagnostic);
        }
    }
}

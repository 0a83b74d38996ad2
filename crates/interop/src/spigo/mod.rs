//! Files of Spigo (github.com/adrianco/spigo, 2014 to 2016): its architectures, and the graphs that it wrote.
//!
//! What a file becomes is a text in the language of Tarsier, and that text is what runs. How many instances and edges
//! Spigo would have made of it is counted by Spigo's own rule.

mod architecture;
mod drawing;
mod expand;
mod origin;
mod package;
mod read;
mod steps;
mod traps;
mod write;

use tarsier_language::tree::{self, Kind, Node};
use tarsier_language::{Code, Diagnostic, Severity, Sink};

pub use architecture::REGIONS;
pub(crate) use origin::Drawn;
pub use origin::Origin;
use read::Reader;
pub use steps::reference;

/// How Spigo's flags `-p` and `-w` scaled an architecture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Percent of each count.
    pub scale: u32,
    /// By which the regions of each service are multiplied.
    pub regions: u32,
}

/// What came of a file.
#[derive(Debug)]
pub struct Imported {
    /// There unless a diagnostic is an error.
    pub architecture: Option<Translation>,
    /// In the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug)]
pub struct Translation {
    /// In the language of Tarsier.
    pub text: String,
    pub origin: Origin,
}

/// Whether a file is Spigo's, by what is in it.
pub fn recognise(source: &[u8]) -> bool {
    // Most files are not: they need not be read to know that.
    let is_object = source.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let is_likely = is_object && source.windows(ARCH.len()).any(|part| part == ARCH);
    let root = is_likely.then(|| read_tree(source, &Sink::default())).flatten();
    root.is_some_and(|root| root.get("arch").is_some() && (has(&root, "services") || has(&root, "graph")))
}

const ARCH: &[u8] = b"\"arch\"";

fn has(root: &Node, list: &str) -> bool {
    root.get(list).is_some_and(|entry| matches!(entry.value.kind, Kind::List(_)))
}

/// Reads a file of Spigo. `name` is the file's: Spigo called an architecture by its file.
pub fn import(name: &str, source: &[u8], options: &Options) -> Imported {
    let sink = Sink::default();
    let architecture = read_tree(source, &sink).and_then(|root| {
        let reader = Reader { sink: &sink, options };
        let architecture = match has(&root, "graph") {
            true => reader.redrawn(stem(name), &root)?,
            false => reader.architecture(stem(name), &root)?,
        };
        reader.traps(&architecture);
        Some(architecture)
    });
    let architecture = architecture.filter(|_| !sink.has_errors());
    let architecture = architecture.map(|architecture| Translation {
        text: write::text(&architecture, name, options),
        origin: Origin(architecture),
    });
    let mut diagnostics = sink.into_sorted();
    // What is doubtful in half a file may be right in the whole.
    if diagnostics.iter().any(|it| it.code == Code::Syntax) {
        diagnostics.retain(|it| it.severity == Severity::Error);
    }
    Imported { architecture, diagnostics }
}

/// JSON may be indented with tabs, YAML must not; inside a text JSON has none.
fn read_tree(source: &[u8], sink: &Sink) -> Option<Node> {
    let spaced: Vec<u8> = source.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }).collect();
    tree::read(&spaced, sink).root
}

/// `lamp` of `json_arch/lamp_arch.json`.
fn stem(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let Some(stem) = file.strip_suffix(".json") else { return "" };
    stem.strip_suffix("_arch").unwrap_or(stem)
}

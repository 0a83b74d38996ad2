//! The presets of calls, read once like a file.

use std::sync::LazyLock;

use super::context::Context;
use super::nearest::{listed, nearest};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::keys::{CALL_PRESETS, CallPreset};
use crate::tree::{self, Node};

pub(super) struct Preset {
    pub(super) table: &'static CallPreset,
    pub(super) options: Node,
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| CALL_PRESETS.iter().map(read).collect());

fn read(table: &'static CallPreset) -> Preset {
    let options = tree::read(table.options.as_bytes(), &Sink::default()).root;
    Preset { table, options: options.expect("a preset is good YAML") }
}

/// The preset of this name; otherwise says which there are.
pub(super) fn named(cx: &Context<'_>, node: &Node) -> Option<&'static Preset> {
    let text = cx.text(node, "the name of a preset")?;
    let found = PRESETS.iter().find(|preset| preset.table.name == text);
    if found.is_none() {
        let diagnostic = Diagnostic::error(Code::UnknownWord, node.place, format!("unknown preset `{text}`"));
        let names = || CALL_PRESETS.iter().map(|preset| preset.name);
        cx.report(match nearest(text, names()) {
            Some(near) => diagnostic.label(format!("did you mean `{near}`?")),
            None => diagnostic.label(format!("expected one of {}", listed(names()))),
        });
    }
    found
}

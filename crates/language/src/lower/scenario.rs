//! What may happen during a run.

use tarsier_model::{Happening, Model, Scenario, Trouble};
use tarsier_units::Span;

use super::call::one_or_many;
use super::context::Context;
use super::faults::trouble;
use super::fields::Fields;
use super::names::check_name;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{HAPPENING, Object, TROUBLES};
use crate::place::Place;
use crate::tree::{Kind, Node};

pub(super) fn lower(cx: &Context<'_>, scenarios: Option<&Node>, model: &mut Model) {
    let Some(node) = scenarios else { return };
    let Kind::Map(entries) = &node.kind else {
        if node.kind != Kind::Broken {
            let message = format!("expected scenarios by name, found {}", node.what());
            let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
            cx.report(
                diagnostic.hint("as in `scenarios: { crash: [ { at: 30s, kill: { service: web } } ] }`"),
            );
        }
        return;
    };
    for entry in entries {
        check_name(cx, &entry.key.text, entry.key.place, "a scenario");
        let nodes = one_or_many(&entry.value);
        if nodes.is_empty() {
            let message = format!("nothing happens in the scenario `{}`", entry.key.text);
            let diagnostic = Diagnostic::warning(Code::NoEffect, entry.value.place, message);
            cx.report(diagnostic.hint("as in `[ { at: 30s, kill: { service: web } } ]`"));
        }
        let happening = |node: &Node| {
            let place = if node.entries().is_some() { node.place } else { entry.key.place };
            let (at, happening) = happening(cx, node, &HAPPENING, place)?;
            Some(Happening { at: at?, ..happening })
        };
        cx.scenario.set(Some(model.scenarios.len()));
        let happenings = nodes.iter().filter_map(happening).collect();
        cx.scenario.set(None);
        model.scenarios.push(Scenario { name: entry.key.text.clone(), happenings });
    }
}

/// A happening, at 0 as long as nothing is said of that, and what is said.
pub(super) fn happening(
    cx: &Context<'_>,
    node: &Node,
    object: &'static Object,
    place: Place,
) -> Option<(Option<Span>, Happening)> {
    let fields = Fields::open(cx, node, object, place)?;
    let at = fields.get("at").map(|node| cx.duration(node));
    let ends = fields.get_entry("for");
    let lasts = ends.map(|entry| cx.positive_duration(&entry.value));
    let built: Vec<&str> = TROUBLES.iter().filter(|key| key.is_built()).map(|key| key.name).collect();
    if built.iter().all(|name| fields.get(name).is_none()) && has_later_trouble(node) {
        // Said already: not supported yet.
        return None;
    }
    let trouble = fields.one_of(cx, &built).and_then(|entry| trouble(cx, entry, ends))?;
    // A restart ends by itself; its `for` is in it.
    let lasts = lasts.filter(|_| !matches!(trouble, Trouble::Restart { .. }));
    let at = at.flatten();
    Some((at, Happening { at: at.unwrap_or_default(), lasts: lasts.unwrap_or_default(), trouble }))
}

fn has_later_trouble(node: &Node) -> bool {
    let mut later = TROUBLES.iter().filter(|key| !key.is_built());
    later.any(|key| node.get(key.name).is_some())
}

/// A call that a happening names, for doubts about it.
#[derive(Clone, Copy)]
pub(super) struct NamedCall<'n> {
    pub(super) place: Place,
    pub(super) text: &'n str,
    /// What is set holds for those who wait for an answer.
    pub(super) is_set: bool,
}

pub(super) fn named_calls(scenarios: Option<&Node>) -> Vec<NamedCall<'_>> {
    let entries = scenarios.and_then(Node::entries).unwrap_or(&[]);
    let happenings = entries.iter().flat_map(|entry| one_or_many(&entry.value));
    happenings.filter_map(named_call).collect()
}

pub(super) fn named_call(happening: &Node) -> Option<NamedCall<'_>> {
    let set = happening.get("set");
    let whole = happening.get("delay").or(happening.get("loss")).or(set)?;
    let call = &whole.value.get("call")?.value;
    Some(NamedCall { place: call.place, text: call.text()?, is_set: set.is_some() })
}

//! An option of a call that says a part of what its preset or the defaults say: the keys it names
//! win, the others stay.

use crate::keys::{LAYERED, Layered};
use crate::place::Place;
use crate::tree::{Entry, Key, Kind, Node};

/// Both of them, where both are mappings or stand for one; otherwise the upper one is all there is.
pub(super) fn over(name: &str, upper: &Node, lower: &Node) -> Option<Node> {
    let layered = LAYERED.iter().find(|layered| layered.key == name)?;
    let [mut entries, below] = [entries(layered, upper)?, entries(layered, lower)?];
    for entry in &mut entries {
        let beneath = below.iter().find(|other| other.key.text == entry.key.text);
        if let Some(both) = beneath.and_then(|other| over(&entry.key.text, &entry.value, &other.value)) {
            entry.value = both;
        }
    }
    let is_named = |entry: &Entry| entries.iter().any(|other| other.key.text == entry.key.text);
    let rest: Vec<Entry> = below.into_iter().filter(|entry| !is_named(entry)).collect();
    entries.extend(rest);
    Some(Node { place: upper.place, kind: Kind::Map(entries) })
}

/// The entries of a mapping, or the one that a bare value is short for.
fn entries(layered: &Layered, node: &Node) -> Option<Vec<Entry>> {
    match &node.kind {
        Kind::Map(entries) if !is_off(layered, entries) => Some(entries.clone()),
        Kind::Scalar(scalar) if scalar.text != "none" => {
            let key = Key { place: node.place, text: layered.bare?.to_owned(), broken: false };
            let entries = vec![Entry { key, value: node.clone() }];
            (!is_off(layered, &entries)).then_some(entries)
        }
        _ => None,
    }
}

/// No more attempts: there is nothing that the other keys would say something of.
fn is_off(layered: &Layered, entries: &[Entry]) -> bool {
    let is_zero = |entry: &Entry| entry.key.text == "attempts" && entry.value.text() == Some("0");
    layered.key == "retry" && entries.iter().any(is_zero)
}

/// The same, said at another place: the text of a preset is in no file.
pub(super) fn moved(node: &Node, place: Place) -> Node {
    let kind = match &node.kind {
        Kind::Scalar(scalar) => {
            let mut scalar = scalar.clone();
            scalar.verbatim = None;
            Kind::Scalar(scalar)
        }
        Kind::List(items) => Kind::List(items.iter().map(|item| moved(item, place)).collect()),
        Kind::Map(entries) => {
            let entry = |entry: &Entry| Entry {
                key: Key { place, ..entry.key.clone() },
                value: moved(&entry.value, place),
            };
            Kind::Map(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    };
    Node { place, kind }
}

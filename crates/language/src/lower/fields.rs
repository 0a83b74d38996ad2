//! The keys of one mapping, checked against the table of its object.

use std::cell::Cell;

use super::context::Context;
use super::nearest::{listed, nearest};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{CALL_OPTIONS, Key, Object, Status};
use crate::place::Place;
use crate::tree::{self, Entry, Kind, Node};

/// A mapping whose keys are known to be right. Every key must be asked for: what the table knows
/// and nobody reads would be accepted and ignored.
pub(crate) struct Fields<'n> {
    object: &'static Object,
    /// By the keys that they are read as.
    entries: Vec<(&'static str, &'n Entry)>,
    /// Every key could be read. If not, what seems to be missing may be what the other was to say.
    pub(crate) is_whole: bool,
    read: Cell<u64>,
    /// Where to point when something is missing.
    place: Place,
}

impl<'n> Fields<'n> {
    /// Reports every key that the object does not have, or not yet.
    pub(crate) fn open(
        cx: &Context<'_>,
        node: &'n Node,
        object: &'static Object,
        place: Place,
    ) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Broken => return None,
            _ => {
                cx.report(wrong_shape(node, object));
                return None;
            }
        };
        let is_there = |name: &str| entries.iter().any(|entry| entry.key.text == name);
        let read_as = |entry: &'n Entry| Some((accept(cx, entry, object, is_there)?, entry));
        let known: Vec<_> = entries.iter().filter_map(read_as).collect();
        let is_whole = known.len() == entries.len();
        let fields = Fields { object, entries: known, is_whole, read: Cell::new(0), place };
        fields.require_keys(cx);
        Some(fields)
    }

    fn require_keys(&self, cx: &Context<'_>) {
        let required = |key: &&Key| key.status == Status::Required && key.is_built();
        for key in self.object.keys().filter(required) {
            if self.entry(key.name).is_none() {
                let message = format!("{} needs `{}`", self.object.name, key.name);
                let diagnostic = Diagnostic::error(Code::MissingKey, self.place, message);
                cx.report(diagnostic.hint(format!("`{}`: {}", key.name, key.doc)));
            }
        }
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether its table has such a key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.key(name).is_some()
    }

    fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|(key, _)| *key == name).map(|(_, entry)| *entry)
    }

    /// The key with its value.
    pub(crate) fn get_entry(&self, name: &str) -> Option<&'n Entry> {
        let position = self.object.keys().position(|key| key.name == name);
        let position = position.expect("only keys of the table are asked for");
        self.read.set(self.read.get() | 1 << position);
        self.entry(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.get_entry(name).map(|entry| &entry.value)
    }

    /// Nobody will read the rest: something else was wrong before.
    pub(crate) fn abandon(&self) {
        self.read.set(u64::MAX);
    }

    /// Exactly one of these keys; says so if there are none or several, and then the rest has no meaning.
    pub(crate) fn one_of(&self, cx: &Context<'_>, names: &[&str]) -> Option<&'n Entry> {
        let given: Vec<&Entry> = names.iter().filter_map(|name| self.get_entry(name)).collect();
        match given[..] {
            [only] => Some(only),
            [] => {
                let message = format!("{} needs one of {}", self.object.name, listed(names.iter().copied()));
                cx.report(Diagnostic::error(Code::MissingKey, self.place, message));
                self.abandon();
                None
            }
            [first, second, ..] => {
                exclude(cx, first, second, self.object.name);
                self.abandon();
                None
            }
        }
    }

    /// A key that makes no sense beside another.
    pub(crate) fn refuse_beside(&self, cx: &Context<'_>, name: &str, other: &Entry) {
        if let Some(entry) = self.get_entry(name) {
            exclude(cx, other, entry, self.object.name);
        }
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() || self.read.get() == u64::MAX {
            return;
        }
        for (position, key) in self.object.keys().enumerate() {
            let unread = self.read.get() & (1 << position) == 0 && self.entry(key.name).is_some();
            debug_assert!(!unread, "`{}` of {} is accepted and ignored", key.name, self.object.name);
        }
    }
}

pub(crate) fn exclude(cx: &Context<'_>, first: &Entry, second: &Entry, object: &str) {
    let message = format!("{object} cannot have both `{}` and `{}`", first.key.text, second.key.text);
    let diagnostic = Diagnostic::error(Code::Exclusive, second.key.place, message);
    cx.report(diagnostic.label("leave out one of them").related(first.key.place, "the other is here"));
}

fn wrong_shape(node: &Node, object: &Object) -> Diagnostic {
    let keys = listed(object.keys().filter(|key| key.is_built()).map(|key| key.name));
    let message = format!("expected a mapping for {}, found {}", object.name, node.what());
    Diagnostic::error(Code::WrongShape, node.place, message).hint(format!("its keys are {keys}"))
}

/// As which key it may be read on. One that is misspelt stands for the required key that is missing: it is reported
/// once, and what it holds is there.
fn accept(
    cx: &Context<'_>,
    entry: &Entry,
    object: &'static Object,
    is_there: impl Fn(&str) -> bool,
) -> Option<&'static str> {
    match object.key(&entry.key.text) {
        Some(key) if !key.is_built() => {
            cx.report(not_yet(&entry.key, key, object.name));
            None
        }
        Some(key) => Some(key.name),
        None if cx.sink.is_full() => None,
        None => {
            cx.report(unknown_key(&entry.key, object));
            let key = object.key(meant(&entry.key.text, object)?)?;
            (key.status == Status::Required && key.is_built() && !is_there(key.name)).then_some(key.name)
        }
    }
}

pub(crate) fn not_yet(place: &tree::Key, key: &Key, object: &str) -> Diagnostic {
    let message = format!("`{}` of {object} is not supported yet", key.name);
    Diagnostic::error(Code::NotYet, place.place, message)
        .label("not supported yet")
        .hint(format!("it will say: {}; leave it out for now", key.doc))
}

fn unknown_key(key: &tree::Key, object: &'static Object) -> Diagnostic {
    let message = format!("unknown key `{}` in {}", key.text, object.name);
    let diagnostic = Diagnostic::error(Code::UnknownKey, key.place, message);
    if let Some(why) = has_reason(&key.text, object) {
        return diagnostic.label(why);
    }
    match meant(&key.text, object) {
        Some(meant) => diagnostic.label(format!("did you mean `{meant}`?")),
        None => {
            let keys = object.keys().filter(|known| known.is_built()).map(|known| known.name);
            diagnostic.label("no such key").hint(format!("its keys are {}", listed(keys)))
        }
    }
}

/// The key of the object that an unknown one probably is.
fn meant(text: &str, object: &'static Object) -> Option<&'static str> {
    let also = object.keys().find(|known| known.also.contains(&text));
    also.map(|known| known.name).or_else(|| nearest(text, object.keys().map(|known| known.name)))
}

/// Why an option of calls is none of this object's.
fn has_reason(key: &str, object: &Object) -> Option<&'static str> {
    let first = object.keys.first().map(|key| key.name);
    let why = match first {
        Some("publish") => "nobody waits for the answer to what is published",
        Some("in") => "a cache that cannot be asked has missed, and its caller goes on",
        _ => return None,
    };
    CALL_OPTIONS.key(key).map(|_| why)
}

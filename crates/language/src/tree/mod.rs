//! The file as a small tree of values with their places: YAML without its surprises.

mod build;
mod quotes;

use crate::place::Place;

pub use build::{Reading, read};

#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Of a list or mapping written over several lines, only its start.
    pub place: Place,
    pub kind: Kind,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// Already reported; says nothing more.
    Broken,
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Scalar {
    pub text: String,
    /// Written without quotes.
    pub plain: bool,
    /// Where the text stands letter by letter in the source; not so if it has escapes or several lines.
    pub verbatim: Option<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub key: Key,
    pub value: Node,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Key {
    pub place: Place,
    pub text: String,
    /// Already reported; the entry says nothing.
    pub broken: bool,
}

/// What a value takes in memory, about.
const BYTES_OF_A_VALUE: usize = 64;

impl Node {
    /// For messages: «expected a duration, found a list».
    pub fn what(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Broken => "something broken",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, whatever else there is.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key.text == key)
    }

    /// The place of a part of its text, as good as it is known.
    pub fn part(&self, start: usize, end: usize) -> Place {
        match &self.kind {
            Kind::Scalar(Scalar { verbatim: Some(from), .. }) => Place::new(from + start, from + end),
            _ => self.place,
        }
    }

    /// How many values it holds, itself included; a long text counts as several.
    pub fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Null | Kind::Broken => 0,
            // A long text weighs like the values that would fit in its place.
            Kind::Scalar(scalar) => scalar.text.len() / BYTES_OF_A_VALUE,
            Kind::List(items) => items.iter().map(Node::size).sum::<usize>(),
            Kind::Map(entries) => entries
                .iter()
                .map(|entry| 1 + entry.key.text.len() / BYTES_OF_A_VALUE + entry.value.size())
                .sum::<usize>(),
        }
    }
}

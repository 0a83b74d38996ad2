//! From bytes to the tree: a YAML parser's events, limits, aliases, duplicates and broken syntax.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

use super::{Entry, Key, Kind, Node, Scalar, quotes};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Sink};
use crate::limits::{MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES, MAX_REPAIRS};
use crate::place::{CharIndex, Place};

/// What could be read of a file.
pub struct Reading {
    pub root: Option<Node>,
    /// Where the reading had to stop, if it had to: what comes after is missing from the tree.
    pub broken_at: Option<usize>,
}

const NOTHING: Reading = Reading { root: None, broken_at: None };

/// Reads as much as there is; whatever is wrong goes to the sink.
pub fn read(source: &[u8], sink: &Sink) -> Reading {
    let Some(text) = checked_text(source, sink) else { return NOTHING };
    let mut text = text.to_owned();
    let mut quoted_for_them = Vec::new();
    loop {
        let attempt = Builder::new(&text, &quoted_for_them).run();
        let repair = attempt.repair.filter(|_| quoted_for_them.len() < MAX_REPAIRS);
        let Some(repair) = repair else {
            for diagnostic in attempt.diagnostics {
                sink.report(diagnostic);
            }
            return attempt.reading;
        };
        sink.report(repair.diagnostic);
        quotes::cover(&mut text, repair.place);
        quoted_for_them.push(repair.place);
    }
}

fn checked_text<'a>(source: &'a [u8], sink: &Sink) -> Option<&'a str> {
    if source.len() > MAX_FILE_BYTES {
        let message =
            format!("the file has {} bytes, more than the {MAX_FILE_BYTES} it may have", source.len());
        sink.report(Diagnostic::error(Code::TooLarge, Place::default(), message));
        return None;
    }
    if source.starts_with(&[0xFF, 0xFE]) || source.starts_with(&[0xFE, 0xFF]) {
        let message = "the file is not in UTF-8";
        let diagnostic = Diagnostic::error(Code::NotText, Place::default(), message);
        sink.report(diagnostic.label("this is UTF-16").hint("save it as UTF-8"));
        return None;
    }
    let not_text = |at: usize, label: &str| {
        let place = Place::new(at, (at + 1).min(source.len()));
        sink.report(Diagnostic::error(Code::NotText, place, "the file is not text").label(label));
        None
    };
    match std::str::from_utf8(source) {
        Err(error) => not_text(error.valid_up_to(), "these bytes are not UTF-8"),
        Ok(text) => match text.find('\0') {
            Some(at) => not_text(at, "a zero byte"),
            None => Some(text),
        },
    }
}

/// A value whose quotes were forgotten, found because the YAML broke over it.
pub(super) struct Repair {
    pub(super) place: Place,
    pub(super) diagnostic: Diagnostic,
}

struct Attempt {
    reading: Reading,
    diagnostics: Vec<Diagnostic>,
    repair: Option<Repair>,
}

/// A list or mapping that has not ended yet.
struct Open {
    place: Place,
    /// Written with brackets.
    flow: bool,
    anchor: usize,
    /// The key that waits for its value; mappings only.
    key: Option<Key>,
    kind: Kind,
}

struct Builder<'t> {
    text: &'t str,
    index: CharIndex,
    /// Values without their quotes, already reported and covered.
    covered: &'t [Place],
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    n_nodes: usize,
    diagnostics: Vec<Diagnostic>,
}

/// The reading cannot go on.
struct Stop;

impl<'t> Builder<'t> {
    fn new(text: &'t str, covered: &'t [Place]) -> Self {
        Builder {
            text,
            index: CharIndex::new(text),
            covered,
            open: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            n_nodes: 0,
            diagnostics: Vec::new(),
        }
    }

    fn run(mut self) -> Attempt {
        let mut parser = Parser::new_from_str(self.text);
        let mut broken_at = None;
        let mut repair = None;
        let mut last = 0;
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => {
                    let place = self.place(span);
                    last = place.start;
                    if self.event(event, place).is_err() {
                        broken_at = Some(last);
                        break;
                    }
                }
                Err(error) => {
                    let at = self.index.byte(self.text, error.marker().index());
                    broken_at = Some(at);
                    repair = self.forgotten_quotes(at);
                    self.syntax_error(&error, at.max(last));
                    break;
                }
            }
        }
        while let Some(open) = self.open.pop() {
            // What has no end in the file has no end here either: nothing more can go wrong.
            let _ = self.close(Open { anchor: 0, ..open });
        }
        if self.root.is_none() && self.diagnostics.is_empty() {
            let message = "there is no architecture in this file";
            let hint = "an architecture has at least `services:` with one service";
            self.diagnostics.push(Diagnostic::error(Code::Empty, Place::default(), message).hint(hint));
        }
        Attempt { reading: Reading { root: self.root, broken_at }, diagnostics: self.diagnostics, repair }
    }

    fn place(&self, span: saphyr_parser::Span) -> Place {
        let start = self.index.byte(self.text, span.start.index());
        let end = self.index.byte(self.text, span.end.index()).max(start);
        let kept = self.text[start..end].trim_end().len();
        Place::new(start, start + kept)
    }

    /// `&name` belongs to a value, but what can be said about the value is not about that.
    fn without_anchor(&self, place: Place) -> Place {
        let text = &self.text[place.start..place.end];
        match text.find(char::is_whitespace) {
            Some(anchor) if text.starts_with('&') => {
                Place::new(place.end - text[anchor..].trim_start().len(), place.end)
            }
            _ => place,
        }
    }

    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => self.document(place),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                let node = self.scalar(&text, style, self.without_anchor(place));
                self.finish(node, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                self.start(Kind::List(Vec::new()), anchor, place)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), place);
                self.start(Kind::Map(Vec::new()), anchor, place)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.open.pop().ok_or(Stop)?;
                if open.flow {
                    open.place = open.place.to(place);
                }
                self.close(open)
            }
        }
    }

    fn document(&mut self, place: Place) -> Result<(), Stop> {
        if self.root.is_none() {
            return Ok(());
        }
        let message = "the file holds more than one document";
        let diagnostic = Diagnostic::error(Code::SeveralDocuments, place, message);
        self.diagnostics
            .push(diagnostic.label("another starts here").hint("describe each in a file of its own"));
        Err(Stop)
    }

    fn refuse_tag(&mut self, tagged: bool, place: Place) {
        if tagged {
            let diagnostic = Diagnostic::error(Code::Tag, place, "YAML tags have no meaning here");
            self.diagnostics.push(diagnostic.hint("leave out the word that starts with `!`"));
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, place: Place) -> Node {
        let plain = style == ScalarStyle::Plain;
        if self.covered.iter().any(|covered| covered.start <= place.start && place.start < covered.end) {
            return Node { place, kind: Kind::Broken };
        }
        if plain && matches!(text, "" | "~" | "null") {
            return Node { place, kind: Kind::Null };
        }
        let start = place.start + usize::from(!plain);
        let verbatim = self.text.get(start..).is_some_and(|rest| rest.starts_with(text)).then_some(start);
        let place = if plain && verbatim.is_some() { Place::new(start, start + text.len()) } else { place };
        Node { place, kind: Kind::Scalar(Scalar { text: text.to_owned(), plain, verbatim }) }
    }

    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor) else {
            let message = "an alias stands inside what it stands for";
            self.diagnostics.push(Diagnostic::error(Code::Syntax, place, message));
            return Err(Stop);
        };
        let size = node.size();
        self.count(size, place)?;
        let node = self.anchors[&anchor].clone();
        self.attach(node);
        Ok(())
    }

    fn start(&mut self, kind: Kind, anchor: usize, place: Place) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("lists and mappings stand inside each other more than {MAX_DEPTH} deep");
            self.diagnostics.push(Diagnostic::error(Code::TooDeep, place, message));
            return Err(Stop);
        }
        self.count(1, place)?;
        let flow = self.text[place.start..place.end].ends_with(['[', '{']);
        self.open.push(Open { place, flow, anchor, key: None, kind });
        Ok(())
    }

    fn count(&mut self, n_nodes: usize, place: Place) -> Result<(), Stop> {
        self.n_nodes = self.n_nodes.saturating_add(n_nodes);
        if self.n_nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!(
            "the file holds more than {MAX_NODES} values, with every alias counted as what it stands for"
        );
        self.diagnostics.push(Diagnostic::error(Code::TooMuch, place, message).label("here are too many"));
        Err(Stop)
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.count(1, node.place)?;
        self.remember(&node, anchor)?;
        self.attach(node);
        Ok(())
    }

    fn remember(&mut self, node: &Node, anchor: usize) -> Result<(), Stop> {
        if anchor > 0 {
            self.count(node.size(), node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    /// Ends a list or mapping: what can be said only of the whole is said now.
    fn close(&mut self, mut open: Open) -> Result<(), Stop> {
        let diagnostics = &mut self.diagnostics;
        match &mut open.kind {
            Kind::List(items) => {
                if open.flow {
                    quotes::mend_list(items, self.text, diagnostics);
                }
                if let (false, Some(first)) = (open.flow, items.first()) {
                    open.place = first.place;
                }
            }
            Kind::Map(entries) => {
                if open.flow {
                    quotes::mend_map(entries, self.text, diagnostics);
                }
                merge(entries);
                refuse_duplicates(entries, diagnostics);
                if let (false, Some(first)) = (open.flow, entries.first()) {
                    open.place = first.key.place;
                }
            }
            Kind::Null | Kind::Broken | Kind::Scalar(_) => {}
        }
        let node = Node { place: first_line(open.place, self.text), kind: open.kind };
        self.remember(&node, open.anchor)?;
        self.attach(node);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn attach(&mut self, node: Node) {
        let Some(parent) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut parent.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => match parent.key.take() {
                Some(key) => {
                    // An absent value has no place of its own worth showing.
                    let place = if node.kind == Kind::Null { key.place } else { node.place };
                    entries.push(Entry { key, value: Node { place, ..node } });
                }
                None => parent.key = Some(as_key(node, &mut self.diagnostics)),
            },
            Kind::Null | Kind::Broken | Kind::Scalar(_) => unreachable!("only lists and mappings are open"),
        }
    }

    fn syntax_error(&mut self, error: &ScanError, at: usize) {
        let start = self.text.floor_char_boundary(at.min(self.text.len()));
        let length =
            self.text[start..].chars().next().filter(|c| *c != '\n' && *c != '\r').map_or(0, char::len_utf8);
        let place = Place::new(start, start + length);
        let too_deep = error.info().contains("recursion limit");
        let code = if too_deep { Code::TooDeep } else { Code::Syntax };
        let message =
            if too_deep { "lists and mappings stand inside each other too deep" } else { error.info() };
        let hint = match self.text[..start].ends_with(|c: char| !c.is_whitespace())
            && error.info().contains("not allowed")
        {
            true => Some("a `:` is missing in the line above, or a value needs quotes"),
            false => quotes::syntax_hint(error.info()),
        };
        let hint = hint.map(str::to_owned).or_else(|| self.unclosed_bracket());
        self.diagnostics.push(Diagnostic::error(code, place, message).maybe_hint(hint));
    }

    /// «the `[` of line 4 is not closed before this».
    fn unclosed_bracket(&self) -> Option<String> {
        let start = self.open.iter().find(|open| open.flow)?.place.start;
        let bracket = self.text[start..].chars().next()?;
        let line = self.text[..start].matches('\n').count() + 1;
        Some(format!("the `{bracket}` of line {line} is not closed before this"))
    }

    /// Whether the YAML broke at a colon inside a value, as after `work: mix(90%`.
    fn forgotten_quotes(&self, at: usize) -> Option<Repair> {
        let parent = self.open.last()?;
        let Kind::Map(entries) = &parent.kind else { return None };
        let entry = entries.last().filter(|_| parent.key.is_none())?;
        let Kind::Scalar(scalar) = &entry.value.kind else { return None };
        let value = entry.value.place;
        let breaks_here = scalar.plain && value.end == at && self.text[at..].starts_with(':');
        // Over several lines it is rather a colon that is missing in the first.
        let one_line = !self.text[value.start..value.end].contains('\n');
        (breaks_here && one_line).then(|| quotes::repair(self.text, entry, parent.flow))
    }
}

/// Of a place that runs over several lines, what stands on the first.
fn first_line(place: Place, text: &str) -> Place {
    let line = text[place.start..place.end].lines().next().unwrap_or("");
    Place::new(place.start, place.start + line.trim_end().len())
}

fn as_key(node: Node, diagnostics: &mut Vec<Diagnostic>) -> Key {
    match node.kind {
        Kind::Scalar(scalar) => Key { place: node.place, text: scalar.text, broken: false },
        Kind::Broken => Key { place: node.place, text: String::new(), broken: true },
        Kind::Null | Kind::List(_) | Kind::Map(_) => {
            let message = format!("a key must be a text, not {}", node.what());
            diagnostics.push(Diagnostic::error(Code::WrongShape, node.place, message));
            Key { place: node.place, text: String::new(), broken: true }
        }
    }
}

/// `<<: *base` takes over what the mapping does not say itself.
fn merge(entries: &mut Vec<Entry>) {
    if entries.iter().all(|entry| entry.key.text != "<<") {
        return;
    }
    let (bases, mut own): (Vec<Entry>, Vec<Entry>) =
        std::mem::take(entries).into_iter().partition(|entry| entry.key.text == "<<");
    let mut known: BTreeSet<String> = own.iter().map(|entry| entry.key.text.clone()).collect();
    for entry in bases.into_iter().flat_map(|base| merged_entries(base.value)) {
        if known.insert(entry.key.text.clone()) {
            own.push(entry);
        }
    }
    *entries = own;
}

/// What `<<` brings in: one mapping, or those of a list.
fn merged_entries(base: Node) -> Vec<Entry> {
    match base.kind {
        Kind::Map(entries) => entries,
        Kind::List(items) => items.into_iter().flat_map(merged_entries).collect(),
        Kind::Null | Kind::Broken | Kind::Scalar(_) => Vec::new(),
    }
}

fn refuse_duplicates(entries: &mut Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) {
    let mut first_places: BTreeMap<String, Place> = BTreeMap::new();
    entries.retain(|entry| {
        // A key that could not be read was reported before.
        if entry.key.broken {
            return false;
        }
        let Some(first) = first_places.get(&entry.key.text) else {
            first_places.insert(entry.key.text.clone(), entry.key.place);
            return true;
        };
        let message = format!("`{}` is given twice", entry.key.text);
        let diagnostic = Diagnostic::error(Code::DuplicateKey, entry.key.place, message);
        let diagnostic = diagnostic.label("again here").related(*first, "first given here");
        let is_share = entry.key.text.ends_with('%');
        let hint = "branches with equal shares are a list: `choose: [ { share: 50%, do: [...] }, ... ]`";
        diagnostics.push(diagnostic.maybe_hint(is_share.then(|| hint.to_owned())));
        false
    });
}

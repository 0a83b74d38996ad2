//! The keys and values of a text that may be half typed: by its columns and brackets, whatever else is wrong with it.
//!
//! A YAML parser stops where the text breaks, which is mostly where somebody types. This one never stops: what it cannot
//! make out it steps over, and brackets that are not closed end where a line begins further left.

use crate::place::Place;

/// A key of a mapping, or an item of a list.
pub(super) struct Entry {
    /// The entry whose value it is part of; `None` at the top.
    pub parent: Option<usize>,
    /// Items have none.
    pub key: Option<Place>,
    /// A single value.
    pub value: Option<Place>,
}

/// What is being written where the text ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// Nothing that could be completed.
    Nothing,
    /// A key of a mapping, which is the value of that entry.
    Key { owner: Option<usize> },
    /// The value of an entry; or the first key in it, where one may stand.
    Value { of: usize, or_key: bool },
}

#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub slot: Slot,
    /// Where what is being written begins.
    pub from: usize,
    pub in_brackets: bool,
}

pub(super) struct Outline<'t> {
    pub text: &'t str,
    /// In the order of the text: an entry stands behind its parent.
    pub entries: Vec<Entry>,
    pub cursor: Cursor,
}

impl<'t> Outline<'t> {
    pub(super) fn of(text: &'t str) -> Outline<'t> {
        let cursor = Cursor { slot: Slot::Nothing, from: text.len(), in_brackets: false };
        let mut scanner =
            Scanner { outline: Outline { text, entries: Vec::new(), cursor }, frames: Vec::new() };
        scanner.lines();
        scanner.outline
    }

    pub(super) fn slice(&self, place: Place) -> &'t str {
        &self.text[place.start..place.end]
    }

    /// Without its quotes.
    pub(super) fn key(&self, entry: usize) -> Option<&'t str> {
        self.entries[entry].key.map(|place| unquoted(self.slice(place)))
    }

    pub(super) fn value(&self, entry: usize) -> Option<&'t str> {
        self.entries[entry].value.map(|place| unquoted(self.slice(place)))
    }

    pub(super) fn children(&self, parent: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        let first = parent.map_or(0, |parent| parent + 1);
        (first..self.entries.len()).filter(move |entry| self.entries[*entry].parent == parent)
    }

    pub(super) fn child(&self, parent: Option<usize>, key: &str) -> Option<usize> {
        self.children(parent).find(|child| self.key(*child) == Some(key))
    }
}

pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix(['"', '\'']).unwrap_or(text);
    if inner.len() < text.len() { inner.strip_suffix(['"', '\'']).unwrap_or(inner) } else { text }
}

/// A list or mapping without brackets.
struct Frame {
    column: usize,
    is_list: bool,
    owner: Option<usize>,
    last: usize,
}

/// A list or mapping in brackets.
struct Bracket {
    is_list: bool,
    owner: Option<usize>,
    /// The key whose value is being read, or the item.
    current: Option<usize>,
}

struct Scanner<'t> {
    outline: Outline<'t>,
    frames: Vec<Frame>,
}

impl<'t> Scanner<'t> {
    fn text(&self) -> &'t str {
        self.outline.text
    }

    fn is_end(&self, at: usize) -> bool {
        at >= self.text().len()
    }

    fn line_end(&self, at: usize) -> usize {
        self.text()[at..].find('\n').map_or(self.text().len(), |length| at + length)
    }

    fn add(&mut self, parent: Option<usize>, key: Option<Place>) -> usize {
        self.outline.entries.push(Entry { parent, key, value: None });
        self.outline.entries.len() - 1
    }

    fn end_in(&mut self, slot: Slot, from: usize, in_brackets: bool) {
        self.outline.cursor = Cursor { slot, from, in_brackets };
    }

    fn lines(&mut self) {
        let mut at = 0;
        loop {
            at = self.line(at);
            if self.is_end(at) {
                // A line end at the very end begins an empty line.
                if self.text().ends_with('\n') || self.text().is_empty() {
                    self.blank(0);
                }
                return;
            }
        }
    }

    /// Reads what begins in a line; where the next begins.
    fn line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let line = self.text()[start..end].trim_end_matches('\r');
        let column = line.len() - line.trim_start_matches(' ').len();
        let words = &line[column..];
        if words.is_empty() {
            if self.is_end(end) {
                self.blank(column);
            }
        } else if !words.starts_with('#') && !matches!(words, "---" | "...") {
            self.leave(column, words.starts_with("- ") || words == "-");
            let stop = self.node(start + column, column);
            return (self.line_end(stop) + 1).min(self.text().len());
        }
        (end + 1).min(self.text().len())
    }

    /// What stood further right has ended.
    fn leave(&mut self, column: usize, at_item: bool) {
        self.frames.truncate(self.frames.iter().rposition(|it| it.column <= column).map_or(0, |at| at + 1));
        // Items may stand in the column of the key that they belong to.
        if self.frames.last().is_some_and(|top| top.column == column && top.is_list && !at_item) {
            self.frames.pop();
        }
    }

    /// The text ends in an empty line.
    fn blank(&mut self, column: usize) {
        self.leave(column, false);
        let slot = match self.frames.last() {
            None => Slot::Key { owner: None },
            Some(top) if top.column == column => Slot::Key { owner: top.owner },
            Some(top) => Slot::Value { of: top.last, or_key: true },
        };
        self.end_in(slot, self.text().len(), false);
    }

    /// The frame of a list or mapping in this column, with a new entry in it.
    fn entry_in(&mut self, column: usize, is_list: bool, key: Option<Place>) -> usize {
        let fits = |top: &Frame| top.column == column && top.is_list == is_list;
        if !self.frames.last().is_some_and(fits) {
            let owner = self.frames.last().map(|top| top.last);
            self.frames.push(Frame { column, is_list, owner, last: 0 });
        }
        let owner = self.frames.last().and_then(|top| top.owner);
        let entry = self.add(owner, key);
        self.frames.last_mut().expect("it was pushed").last = entry;
        entry
    }

    /// Where it stops reading.
    fn node(&mut self, mut at: usize, mut column: usize) -> usize {
        let end = self.line_end(at);
        loop {
            let words = &self.text()[at..end];
            if !(words.starts_with("- ") || words == "-") {
                break;
            }
            let item = self.entry_in(column, true, None);
            let content = at + 1 + (words[1..].len() - words[1..].trim_start().len());
            column += content - at;
            at = content;
            if at == end {
                if self.is_end(at) {
                    self.end_in(Slot::Value { of: item, or_key: true }, at, false);
                }
                return at;
            }
        }
        if let Some((key, after)) = self.key_at(at, end) {
            let entry = self.entry_in(column, false, Some(key));
            return self.value(after, entry, column, false);
        }
        match self.frames.last() {
            Some(top) if top.column < column || top.is_list => {
                let (last, column) = (top.last, top.column);
                self.value(at, last, column, true)
            }
            None if self.text()[at..].starts_with(['{', '[']) => self.brackets(at, None, None),
            top => {
                let owner = top.and_then(|top| top.owner);
                if self.is_end(end) {
                    self.end_in(Slot::Key { owner }, at, false);
                }
                end
            }
        }
    }

    /// `key:` at this place, and where it ends.
    fn key_at(&self, at: usize, end: usize) -> Option<(Place, usize)> {
        let words = &self.text()[at..end];
        let length = match words.chars().next()? {
            quote @ ('"' | '\'') => words[1..].find(quote)? + 2,
            '{' | '[' | '#' | '|' | '>' | '&' | '*' => return None,
            _ => words.match_indices(':').map(|(colon, _)| colon).find(|colon| is_colon(&words[*colon..]))?,
        };
        let rest = words[length..].trim_start();
        let colon = end - rest.len();
        let key = Place::new(at, at + words[..length].trim_end().len());
        // A `#` before it makes it a comment.
        (is_colon(rest) && !words[..length].contains(" #")).then_some((key, colon + 1))
    }

    fn value(&mut self, at: usize, entry: usize, column: usize, or_key: bool) -> usize {
        let end = self.line_end(at);
        let mut at = at;
        loop {
            at += self.text()[at..end].len() - self.text()[at..end].trim_start().len();
            let words = &self.text()[at..end];
            if !words.starts_with(['&', '!']) || words.find(' ').is_none() {
                break;
            }
            at += words.find(' ').unwrap_or(0);
        }
        let words = &self.text()[at..end];
        match words.chars().next() {
            Some('{' | '[') => return self.brackets(at, Some(entry), Some(column)),
            Some('|' | '>') => return self.literal(end, column),
            Some('#') => return end,
            _ => {}
        }
        let length = match words.chars().next() {
            Some(quote @ ('"' | '\'')) => words[1..].find(quote).map_or(words.len(), |close| close + 2),
            _ => words.find(" #").unwrap_or(words.len()),
        };
        let place = Place::new(at, at + words[..length].trim_end().len());
        if place.start < place.end {
            self.outline.entries[entry].value.get_or_insert(place);
        }
        if self.is_end(at + length) {
            self.end_in(Slot::Value { of: entry, or_key }, at, false);
        }
        end
    }

    /// Text as it stands, as after `description: |`: all that is further right.
    fn literal(&self, line_end: usize, column: usize) -> usize {
        let mut end = line_end;
        while !self.is_end(end) {
            let next = self.line_end(end + 1);
            let line = &self.text()[end + 1..next];
            if !line.trim().is_empty() && line.len() - line.trim_start().len() <= column {
                break;
            }
            end = next;
        }
        end
    }

    /// From a bracket to the one that closes it, in the value of a key in that column if there is one.
    fn brackets(&mut self, start: usize, owner: Option<usize>, column: Option<usize>) -> usize {
        let mut open: Vec<Bracket> = Vec::new();
        let mut at = start;
        loop {
            let Some(next) = self.next_in_brackets(at, column) else { return at };
            at = next;
            let Some(c) = self.text()[at..].chars().next() else {
                self.ends_in_brackets(&mut open, at);
                return at;
            };
            match c {
                '{' | '[' => {
                    let owner = open.last_mut().map_or(owner, |top| Some(self.current(top)));
                    open.push(Bracket { is_list: c == '[', owner, current: None });
                    at += 1;
                }
                '}' | ']' => {
                    open.pop();
                    at += 1;
                    if open.is_empty() {
                        return at;
                    }
                }
                ',' => {
                    open.last_mut().expect("the first is a bracket").current = None;
                    at += 1;
                }
                _ => at = self.token(open.last_mut().expect("the first is a bracket"), at),
            }
        }
    }

    /// The next that is no blank, line end or comment, unless the brackets were never closed: then the line that begins
    /// further left is none of theirs.
    fn next_in_brackets(&self, mut at: usize, column: Option<usize>) -> Option<usize> {
        loop {
            let rest = &self.text()[at..];
            let blank = rest.len() - rest.trim_start().len();
            if let Some(newline) = rest[..blank].rfind('\n') {
                let begins = &rest[newline + 1..];
                let own = begins.len() - begins.trim_start().len();
                let closes = begins.trim_start().starts_with(['}', ']']);
                if column.is_some_and(|column| own <= column) && !closes && !begins.trim_start().is_empty() {
                    return None;
                }
            }
            at += blank;
            let is_comment = self.text()[at..].starts_with('#');
            if !is_comment {
                return Some(at);
            }
            at = self.line_end(at);
            if self.is_end(at) {
                return None;
            }
        }
    }

    /// The key whose value is meant, or the item.
    fn current(&mut self, bracket: &mut Bracket) -> usize {
        let current = bracket.current.unwrap_or_else(|| self.add(bracket.owner, None));
        bracket.current = Some(current);
        current
    }

    /// A key with its colon, or a value.
    fn token(&mut self, bracket: &mut Bracket, at: usize) -> usize {
        let rest = &self.text()[at..self.line_end(at)];
        let length = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |close| close + 2),
            _ => plain_length(rest).max(rest.chars().next().map_or(1, char::len_utf8)),
        };
        let place = Place::new(at, at + rest[..length].trim_end().len());
        let after = at + length + (rest[length..].len() - rest[length..].trim_start().len());
        let is_key = is_colon(&self.text()[after..self.line_end(after)]);
        if is_key && bracket.current.is_none() {
            let parent = if bracket.is_list { Some(self.add(bracket.owner, None)) } else { bracket.owner };
            bracket.current = Some(self.add(parent, Some(place)));
            return after + 1;
        }
        if bracket.current.is_some() || bracket.is_list {
            let current = self.current(bracket);
            self.outline.entries[current].value.get_or_insert(place);
        }
        if self.is_end(place.end) {
            let slot = self.slot_of(bracket);
            self.end_in(slot, at, true);
            return self.text().len();
        }
        if is_key { after + 1 } else { at + length }
    }

    fn slot_of(&mut self, bracket: &mut Bracket) -> Slot {
        match bracket.current {
            // Of an item nothing but a value is known yet.
            Some(current) => {
                let or_key = self.outline.entries[current].key.is_none();
                Slot::Value { of: current, or_key }
            }
            None if bracket.is_list => Slot::Value { of: self.current(bracket), or_key: true },
            None => Slot::Key { owner: bracket.owner },
        }
    }

    /// The text ends where something may begin.
    fn ends_in_brackets(&mut self, open: &mut [Bracket], at: usize) {
        if self.outline.cursor.slot != Slot::Nothing {
            return;
        }
        if let Some(top) = open.last_mut() {
            let slot = self.slot_of(top);
            let has_value =
                matches!(slot, Slot::Value { of, .. } if self.outline.entries[of].value.is_some());
            self.end_in(if has_value { Slot::Nothing } else { slot }, at, true);
        }
    }
}

fn is_colon(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', ',', '}', ']']))
}

/// Of a value without quotes within brackets.
fn plain_length(text: &str) -> usize {
    let ends = |(at, c): &(usize, char)| match c {
        ',' | '{' | '}' | '[' | ']' => true,
        ':' => is_colon(&text[*at..]),
        '#' => text[..*at].ends_with(' '),
        _ => false,
    };
    text.char_indices().find(ends).map_or(text.len(), |(at, _)| at)
}

//! Values whose quotes were forgotten: YAML cuts them at commas and colons, and we say so.

use super::build::Repair;
use super::{Entry, Kind, Node};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

/// How many pieces a cut value is looked for in; more than any distribution has.
const MAX_PIECES: usize = 32;

/// How many parentheses a text opens and does not close.
fn unclosed(text: &str) -> i64 {
    text.bytes().fold(0, |depth, byte| match byte {
        b'(' => depth + 1,
        b')' => depth - 1,
        _ => depth,
    })
}

/// The parentheses left open by a value written without quotes.
fn unclosed_value(node: &Node) -> i64 {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.plain => unclosed(&scalar.text),
        _ => 0,
    }
}

/// `{ work: lognormal(median=1ms, p99=4ms) }` came in as the keys `work` and `p99=4ms)`: puts
/// together what was cut and marks it as broken.
pub(super) fn mend_map(entries: &mut Vec<Entry>, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut position = 0;
    while position < entries.len() {
        let mut open = unclosed_value(&entries[position].value);
        let mut last = position;
        while open > 0 && last + 1 < entries.len() && last - position < MAX_PIECES {
            last += 1;
            open += unclosed(&entries[last].key.text) + unclosed_value(&entries[last].value);
        }
        if open == 0 && last > position {
            let end = entries[last].key.place.to(entries[last].value.place);
            let entry = &mut entries[position];
            let place = entry.value.place.to(end);
            diagnostics.push(missing_quotes(Some(&entry.key.text), place, text));
            entry.value = Node { place, kind: Kind::Broken };
            entries.drain(position + 1..=last);
        }
        position += 1;
    }
}

/// The same for `[lognormal(median=1ms, p99=4ms)]`, also with a key before it.
pub(super) fn mend_list(items: &mut Vec<Node>, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut position = 0;
    while position < items.len() {
        let mut open = unclosed_item(&items[position]);
        let mut last = position;
        while open > 0 && last + 1 < items.len() && last - position < MAX_PIECES {
            last += 1;
            open += unclosed_item(&items[last]);
        }
        if open == 0 && last > position {
            let key = items[position].entries().and_then(|entries| entries.first());
            let start = key.map_or(items[position].place, |entry| entry.value.place);
            let place = start.to(items[last].place);
            diagnostics.push(missing_quotes(key.map(|entry| entry.key.text.as_str()), place, text));
            items[position] = Node { place, kind: Kind::Broken };
            items.drain(position + 1..=last);
        }
        position += 1;
    }
}

fn unclosed_item(item: &Node) -> i64 {
    match item.entries() {
        Some([entry]) => unclosed_value(&entry.value),
        _ => unclosed_value(item),
    }
}

fn missing_quotes(key: Option<&str>, place: Place, text: &str) -> Diagnostic {
    let value = &text[place.start..place.end];
    let diagnostic =
        Diagnostic::error(Code::Quotes, place, "a value with a comma inside `{ }` or `[ ]` needs quotes");
    diagnostic.label("YAML cuts this at the comma").hint(format!("quote it: `{}`", quoted(key, value)))
}

fn quoted(key: Option<&str>, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    match key {
        Some(key) => format!("{key}: \"{value}\""),
        None => format!("\"{value}\""),
    }
}

/// The value of an entry broke at a colon; `flow` says whether brackets are around it.
pub(super) fn repair(text: &str, entry: &Entry, flow: bool) -> Repair {
    let start = entry.value.place.start;
    let value = &text[start..start + value_length(&text[start..], flow)];
    let place = Place::new(start, start + value.len());
    let message = "a value with a colon and a space needs quotes";
    let diagnostic = Diagnostic::error(Code::Quotes, place, message).label("YAML breaks off at the colon");
    let quoted = quoted(Some(&entry.key.text), value);
    let before_colon = entry.value.text().unwrap_or("");
    let hint = match before_colon.rsplit_once(' ') {
        _ if before_colon.contains('(') => format!("quote it: `{quoted}`"),
        Some((_, next)) => {
            format!("quote it: `{quoted}`; or a comma or a new line is missing before `{next}`")
        }
        None => format!(
            "quote it: `{quoted}`; or, if it is meant as a mapping: `{}: {{ {value} }}`",
            entry.key.text
        ),
    };
    Repair { place, diagnostic: diagnostic.hint(hint) }
}

/// How far a value goes that somebody forgot to quote: to the end of the line, of the brackets
/// around it, or to the next comma outside its own parentheses.
fn value_length(rest: &str, flow: bool) -> usize {
    let line = rest.lines().next().unwrap_or("");
    let line = line.split(" #").next().unwrap_or(line);
    let mut depth = 0_i64;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b',' | b')' | b']' | b'}' if depth == 0 && flow => return line[..at].trim_end().len(),
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    line.trim_end().len()
}

/// Overwrites a place so that YAML sees one harmless word there; no other position moves.
pub(super) fn cover(text: &mut String, place: Place) {
    let covered: String =
        text[place.start..place.end].chars().map(|c| if c.is_ascii() { 'x' } else { c }).collect();
    text.replace_range(place.start..place.end, &covered);
}

/// What mostly lies behind an error of the YAML parser.
pub(super) fn syntax_hint(info: &str) -> Option<&'static str> {
    const HINTS: &[(&str, &str)] = &[
        ("tab", "indent with spaces; YAML does not allow tabs there"),
        ("block mapping, did not find expected key", "check the indentation: it fits no line above"),
        ("expected '-' indicator", "check the indentation: it fits no line above"),
        ("',' or '}'", "a comma or the closing `}` is missing before this, or a value needs quotes"),
        ("',' or ']'", "a comma or the closing `]` is missing before this, or a value needs quotes"),
        ("illegal placement of ':'", "a bracket or brace above is never closed"),
        (
            "mapping values are not allowed",
            "a value with a colon and a space needs quotes; or check the indentation",
        ),
        ("simple key expect", "a `:` is missing after the key on the line above"),
        ("quoted scalar", "a quote is opened here and never closed"),
        ("unexpected character", "a value that starts with this character needs quotes"),
        ("unknown anchor", "an alias `*name` needs an anchor `&name` before it"),
        ("flow", "a bracket or brace is never closed"),
    ];
    HINTS.iter().find(|(part, _)| info.contains(part)).map(|(_, hint)| *hint)
}

//! What something means.

use super::names::{self, Declared};
use super::outline::{Outline, unquoted};
use super::shape::{key_of, shapes_of};
use crate::keys::{CALL_PRESETS, FAMILIES, Shape};
use crate::place::Place;

/// What is to be said of the text between two places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hover {
    pub from: usize,
    pub to: usize,
    pub text: String,
}

/// What the key, the word or the name at an offset means, if there is one.
pub fn hover(text: &str, offset: usize) -> Option<Hover> {
    let outline = Outline::of(text);
    let is_at = |place: &Place| (place.start..=place.end).contains(&offset);
    let (entry, place, is_key) = outline.entries.iter().enumerate().find_map(|(at, entry)| {
        let key = entry.key.filter(is_at).map(|place| (at, place, true));
        key.or(entry.value.filter(is_at).map(|place| (at, place, false)))
    })?;
    let said = if is_key { of_key(&outline, entry) } else { of_value(&outline, entry, place, offset) };
    said.map(|(place, text)| Hover { from: place.start, to: place.end, text })
}

fn of_key(outline: &Outline<'_>, entry: usize) -> Option<(Place, String)> {
    let place = outline.entries[entry].key?;
    if let Some((key, object)) = key_of(outline, entry) {
        let default = key.default.map(|default| format!("\nDefault: {default}"));
        let text = format!("`{}` of {}: {}{}", key.name, object.name, key.doc, default.unwrap_or_default());
        return Some((place, text));
    }
    let declared = names::declared(outline);
    let own = declared.iter().find(|it| it.entry == Some(entry));
    let meant = own.or_else(|| declared.iter().find(|it| Some(it.name.as_str()) == outline.key(entry)));
    Some((place, described(outline, meant?)))
}

fn of_value(outline: &Outline<'_>, entry: usize, place: Place, offset: usize) -> Option<(Place, String)> {
    let value = unquoted(outline.slice(place)).trim();
    for shape in shapes_of(outline, Some(entry)) {
        let said = match shape {
            Shape::Word(words) => {
                let word = words.iter().find(|word| word.name == value);
                word.map(|word| (place, format!("`{}`: {}", word.name, word.doc)))
            }
            Shape::PresetName => {
                let preset = CALL_PRESETS.iter().find(|preset| preset.name == value);
                preset.map(|preset| {
                    (place, format!("`{}`: {}\n{}", preset.name, preset.doc, preset.options.trim_end()))
                })
            }
            Shape::Name(_) | Shape::Objective => of_name(outline, place, offset),
            Shape::Law | Shape::Arrivals => {
                let part = word_at(outline.text, place, offset);
                let family = FAMILIES.iter().find(|family| family.name == outline.slice(part));
                family.map(|family| (part, format!("`{}`: {}", family.example, family.doc)))
            }
            _ => None,
        };
        if said.is_some() {
            return said;
        }
    }
    None
}

/// A name, perhaps one of several in the value; of `web/home` the whole, of `a` the zone as well.
fn of_name(outline: &Outline<'_>, place: Place, offset: usize) -> Option<(Place, String)> {
    let part = word_at(outline.text, place, offset);
    let name = outline.slice(part);
    let declared = names::declared(outline);
    let meant = declared.iter().find(|it| it.name == name)?;
    Some((part, described(outline, meant)))
}

/// What could be a name, around an offset and within a place.
fn word_at(text: &str, place: Place, offset: usize) -> Place {
    let is_name = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    let offset = text.floor_char_boundary(offset.clamp(place.start, place.end));
    let before = &text[place.start..offset];
    let after = &text[offset..place.end];
    let start = before.char_indices().rev().take_while(|(_, c)| is_name(*c)).last();
    let end = after.char_indices().find(|(_, c)| !is_name(*c)).map_or(place.end, |(at, _)| offset + at);
    // An arrow begins with what may stand in a name.
    let end = if text[..end].ends_with('-') && text[end..].starts_with('>') { end - 1 } else { end };
    let start = start.map_or(offset, |(at, _)| place.start + at);
    Place::new(start.min(end), end)
}

/// `web`, a service (line 12): instances 6, cores 2; endpoints home, search.
fn described(outline: &Outline<'_>, declared: &Declared) -> String {
    let mut text = format!("`{}`, {}", declared.name, declared.sort.word());
    if let Some(place) = declared.place {
        text += &format!(" (line {})", place.line_column(outline.text.as_bytes()).0);
    }
    let Some(entry) = declared.entry else { return text };
    let children: Vec<usize> = outline.children(Some(entry)).collect();
    let setting = |child: &usize| Some(format!("{} {}", outline.key(*child)?, outline.value(*child)?));
    let settings: Vec<String> = children.iter().filter_map(setting).collect();
    if !settings.is_empty() {
        text += &format!(": {}", settings.join(", "));
    }
    let endpoints = children.iter().find(|child| outline.key(**child) == Some("endpoints"));
    let endpoints = endpoints.into_iter().flat_map(|list| outline.children(Some(*list)));
    let endpoints: Vec<&str> = endpoints.filter_map(|endpoint| outline.key(endpoint)).collect();
    if !endpoints.is_empty() {
        text += &format!("; endpoints {}", endpoints.join(", "));
    }
    text
}

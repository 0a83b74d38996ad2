//! What may stand where: the tables of keys, followed along the keys of a text.

use super::outline::Outline;
use crate::keys::{Key, NETWORK, Object, STEPS, Shape, TOP};

static WHOLE: Shape = Shape::Object(&TOP);

/// What the value of an entry may be: alternatives, none of them `OneOf`.
pub(super) fn shapes_of(outline: &Outline<'_>, entry: Option<usize>) -> Vec<&'static Shape> {
    let mut way = Vec::new();
    let mut at = entry;
    while let Some(entry) = at {
        way.push(entry);
        at = outline.entries[entry].parent;
    }
    let mut shapes = vec![&WHOLE];
    for entry in way.into_iter().rev() {
        let parent = outline.entries[entry].parent;
        let inside: Vec<&'static Shape> = match outline.key(entry) {
            None => shapes.iter().filter_map(|shape| of_item(shape)).collect(),
            Some(key) => {
                let steps = |name: &str| outline.child(parent, name).is_some();
                shapes.iter().flat_map(|shape| of_key(shape, key, &steps)).collect()
            }
        };
        shapes = inside.into_iter().flat_map(alternatives).collect();
    }
    shapes
}

fn alternatives(shape: &'static Shape) -> Vec<&'static Shape> {
    match shape {
        Shape::OneOf(shapes) => shapes.iter().flat_map(|shape| alternatives(shape)).collect(),
        shape => vec![shape],
    }
}

fn of_item(shape: &'static Shape) -> Option<&'static Shape> {
    match shape {
        Shape::List(items) => Some(items),
        Shape::Steps => Some(shape),
        _ => None,
    }
}

fn of_key(shape: &'static Shape, key: &str, is_beside: &dyn Fn(&str) -> bool) -> Vec<&'static Shape> {
    match shape {
        Shape::Object(object) if std::ptr::eq(*object, &raw const NETWORK) && key.contains("<->") => {
            vec![&Shape::Law]
        }
        Shape::Map { value, .. } => vec![*value],
        _ => objects(shape, is_beside)
            .iter()
            .filter_map(|object| object.key(key))
            .map(|key| key.shape)
            .collect(),
    }
}

/// The mappings that a shape may be; of steps those whose verb is there, or else all.
pub(super) fn objects(shape: &'static Shape, is_beside: &dyn Fn(&str) -> bool) -> Vec<&'static Object> {
    match shape {
        Shape::Object(object) => vec![*object],
        Shape::Steps => {
            let said: Vec<&Object> = STEPS.iter().filter(|step| is_beside(step.verb().name)).collect();
            if said.is_empty() { STEPS.iter().collect() } else { said }
        }
        _ => Vec::new(),
    }
}

/// The table's entry of a key in the text, and the object that has it.
pub(super) fn key_of(outline: &Outline<'_>, entry: usize) -> Option<(&'static Key, &'static Object)> {
    let name = outline.key(entry)?;
    let parent = outline.entries[entry].parent;
    let is_beside = |name: &str| outline.child(parent, name).is_some();
    let shapes = shapes_of(outline, parent);
    let mut objects = shapes.into_iter().flat_map(|shape| objects(shape, &is_beside));
    objects.find_map(|object| Some((object.key(name)?, object)))
}

//! What could be written next.

use super::names::{self, Sort};
use super::outline::{Cursor, Outline, Slot};
use super::shape::{objects, shapes_of};
use crate::happening::scalar_text;
use crate::keys::{
    CALL_PRESETS, FAMILIES, HAPPENING, Key, METRICS, Names, Object, STEPS, STRIKE, Shape, TROUBLES, Word,
};

/// What may replace the text from `from` to where it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Completions {
    pub from: usize,
    pub options: Vec<Completion>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Completion {
    pub label: String,
    /// In one line.
    pub detail: String,
    pub apply: String,
}

/// Whatever the text is; offsets beyond its end, or inside a character, mean the next smaller one that there is.
pub fn complete(text: &str, offset: usize) -> Completions {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let before = Outline::of(&text[..offset]);
    let whole = Outline::of(text);
    let mut offer = Offer { before: &before, whole: &whole, cursor: before.cursor, options: Vec::new() };
    match before.cursor.slot {
        Slot::Nothing => {}
        Slot::Key { owner } => offer.keys(owner),
        Slot::Value { of, or_key } => {
            offer.values(of);
            if or_key {
                offer.keys(Some(of));
            }
        }
    }
    Completions { from: offer.cursor.from, options: offer.options }
}

struct Offer<'o> {
    /// Up to where it was asked for.
    before: &'o Outline<'o>,
    whole: &'o Outline<'o>,
    cursor: Cursor,
    options: Vec<Completion>,
}

impl<'o> Offer<'o> {
    fn add(&mut self, label: &str, detail: &str, apply: String) {
        if self.options.iter().all(|option| option.label != label) {
            self.options.push(Completion { label: label.to_owned(), detail: detail.to_owned(), apply });
        }
    }

    fn key(&mut self, key: &Key, doc: &str) {
        let default = key.default.map(|default| format!(" (default: {default})"));
        let detail = format!("{doc}{}", default.unwrap_or_default());
        self.add(key.name, &detail, format!("{}: ", key.name));
    }

    /// Keys of what the owner holds that are not there yet.
    fn keys(&mut self, owner: Option<usize>) {
        let there = self.there(owner);
        let is_there = |name: &str| there.contains(&name);
        for shape in shapes_of(self.before, owner) {
            match shape {
                Shape::Steps if STEPS.iter().all(|step| !is_there(step.verb().name)) => {
                    STEPS
                        .iter()
                        .filter(|step| step.verb().is_built())
                        .for_each(|step| self.key(step.verb(), step.doc));
                }
                Shape::Map { keys, .. } => self.names_as_keys(keys, &there),
                _ => {
                    for object in objects(shape, &is_there) {
                        self.keys_of(object, &is_there);
                    }
                }
            }
        }
    }

    fn keys_of(&mut self, object: &'static Object, is_there: &dyn Fn(&str) -> bool) {
        let is_trouble = |key: &Key| TROUBLES.iter().any(|trouble| trouble.name == key.name);
        let strikes =
            [&HAPPENING, &STRIKE].iter().any(|happening| std::ptr::eq(*happening, &raw const *object));
        let struck = strikes && TROUBLES.iter().any(|trouble| is_there(trouble.name));
        for key in object.keys().filter(|key| key.is_built() && !is_there(key.name)) {
            if !(struck && is_trouble(key)) {
                self.key(key, key.doc);
            }
        }
    }

    /// The keys beside the one that is being written, also those behind it.
    fn there(&self, owner: Option<usize>) -> Vec<&'o str> {
        let whole = self.whole;
        let key = |outline: &Outline<'_>, at: usize| outline.entries.get(at).map(|entry| entry.key);
        if owner.is_some_and(|owner| key(whole, owner) != key(self.before, owner)) {
            return Vec::new();
        }
        let is_written =
            |child: &usize| whole.entries[*child].key.is_some_and(|key| key.start == self.cursor.from);
        let others = whole.children(owner).filter(|child| !is_written(child));
        others.filter_map(|child| whole.key(child)).collect()
    }

    /// Maps whose keys the file does not choose freely.
    fn names_as_keys(&mut self, keys: &str, there: &[&str]) {
        let sorts: &[Sort] = match keys {
            "SERVICE[/ENDPOINT]" => &[Sort::Service, Sort::Endpoint],
            "SERVICE" if !self.declares() => &[Sort::Service, Sort::Users],
            _ => return,
        };
        self.declared(sorts, &|name| (!there.contains(&name)).then(|| format!("{name}: ")));
    }

    /// Whether it is the section that gives names.
    fn declares(&self) -> bool {
        let owner = match self.cursor.slot {
            Slot::Key { owner } => owner,
            Slot::Value { of, .. } => Some(of),
            Slot::Nothing => None,
        };
        owner.is_some_and(|owner| self.before.entries[owner].parent.is_none())
    }

    fn values(&mut self, of: usize) {
        for shape in shapes_of(self.before, Some(of)) {
            match shape {
                Shape::Word(words) => self.words(words),
                Shape::Flag => {
                    ["true", "false"].iter().for_each(|flag| self.add(flag, "", (*flag).to_owned()))
                }
                Shape::PresetName => {
                    for preset in CALL_PRESETS {
                        self.add(preset.name, preset.doc, preset.name.to_owned());
                    }
                }
                Shape::Law => self.laws(),
                Shape::Arrivals => self.arrivals(),
                Shape::Name(names) => self.names(*names),
                Shape::Objective => self.objective(),
                _ => {}
            }
        }
    }

    fn words(&mut self, words: &[Word]) {
        words.iter().for_each(|word| self.add(word.name, word.doc, word.name.to_owned()));
    }

    /// Within brackets YAML would cut them at their commas.
    fn law(&mut self, example: &str, doc: &str) {
        let apply = if self.cursor.in_brackets { scalar_text(example) } else { example.to_owned() };
        self.add(example, doc, apply);
    }

    fn laws(&mut self) {
        FAMILIES.iter().for_each(|family| self.law(family.example, family.doc));
    }

    fn arrivals(&mut self) {
        self.law("poisson", "independent of each other");
        self.law("regular", "constant gaps");
        let families = FAMILIES.iter().filter_map(|family| Some((family.as_arrivals?, family.doc)));
        families.for_each(|(example, doc)| self.law(example, doc));
    }

    fn names(&mut self, names: Names) {
        let written = &self.before.text[self.cursor.from..];
        if matches!(names, Names::CallPath | Names::Way)
            && let Some(arrow) = written.rfind('>')
        {
            let rest = written[arrow + 1..].trim_start().len();
            self.cursor.from = self.before.text.len() - rest;
        }
        self.declared(names::sorts(names), &|name| Some(name.to_owned()));
    }

    /// Names of these sorts, as they are to be written if they are.
    fn declared(&mut self, sorts: &[Sort], written: &dyn Fn(&str) -> Option<String>) {
        for declared in names::declared(self.whole).into_iter().filter(|it| sorts.contains(&it.sort)) {
            let service_only = declared.sort == Sort::Service && sorts.contains(&Sort::Endpoint);
            // Of a service with several endpoints one must be named.
            if service_only && self.has_endpoints(declared.entry) {
                continue;
            }
            if let Some(apply) = written(&declared.name) {
                self.add(&declared.name, declared.sort.word(), apply);
            }
        }
    }

    fn has_endpoints(&self, service: Option<usize>) -> bool {
        service.is_some_and(|service| self.whole.child(Some(service), "endpoints").is_some())
    }

    /// `shoppers p99 < 250ms`: whose, then of what.
    fn objective(&mut self) {
        let written = self.before.text[self.cursor.from..].trim_start();
        let words: Vec<&str> = written.split(' ').collect();
        let last = words.last().map_or(0, |last| last.len());
        self.cursor.from = self.before.text.len() - last;
        match words.len() {
            0 | 1 => self.declared(&[Sort::Workload, Sort::Service], &|name| Some(name.to_owned())),
            2 => self.words(METRICS),
            _ => {}
        }
    }
}

//! The JSON Schema of the language, made from the tables of keys: completion and hover in an editor.

use serde_json::{Map, Value, json};

use crate::keys::{
    CALL_PRESETS, CallPreset, FAMILIES, Key, LAYERED, NETWORK, Names, Object, STEPS, Shape, Status, TOP, Word,
};

/// `10%` or `0.1`.
pub(crate) const SHARE: &str = r"^([0-9]+(\.[0-9]+)?|\.[0-9]+)%?$";
const NUMBER: &str = r"[0-9][0-9_]*(\.[0-9]+)?([eE][+-]?[0-9]+)?";
/// A name, as in `check_name` of the lowering.
const NAME: &str = r"^[^\s/<>,]+$";

/// A JSON Schema (draft 2020-12) of architecture files.
pub fn schema() -> String {
    let mut definitions = Definitions::default();
    let root = definitions.object(&TOP);
    definitions.finish();
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.extend(root.as_object().cloned().unwrap_or_default());
    schema.insert("title".to_owned(), json!("Tarsier architecture"));
    schema.insert("$defs".to_owned(), Value::Object(definitions.done));
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).expect("a schema is plain JSON");
    text.push('\n');
    text
}

/// Objects are defined once and referred to, because steps hold steps.
#[derive(Default)]
struct Definitions {
    done: Map<String, Value>,
    open: Vec<&'static Object>,
    named: Vec<String>,
    steps: bool,
}

impl Definitions {
    fn finish(&mut self) {
        while let Some(object) = self.open.pop() {
            let definition = self.object(object);
            self.done.insert(definition_name(object), definition);
            if self.steps && !self.done.contains_key("step") {
                self.define_steps();
            }
        }
    }

    fn define_steps(&mut self) {
        let step = json!({ "anyOf": STEPS.iter().filter(|step| step.verb().is_built()).map(|step| self.refer(step)).collect::<Vec<_>>() });
        self.done.insert("step".to_owned(), step);
        let steps = json!({ "anyOf": [
            { "$ref": "#/$defs/step" },
            { "type": "array", "items": { "$ref": "#/$defs/step" } },
        ]});
        self.done.insert("steps".to_owned(), steps);
    }

    fn refer(&mut self, object: &'static Object) -> Value {
        let name = definition_name(object);
        let reference = format!("#/$defs/{name}");
        if !self.named.contains(&name) {
            self.named.push(name);
            self.open.push(object);
        }
        json!({ "$ref": reference })
    }

    fn object(&mut self, object: &'static Object) -> Value {
        let built = || object.keys().filter(|key| key.is_built());
        let properties: Map<String, Value> =
            built().map(|key| (key.name.to_owned(), self.property(key))).collect();
        let required: Vec<&str> =
            built().filter(|key| key.status == Status::Required).map(|key| key.name).collect();
        let mut definition = json!({
            "type": "object",
            "title": object.name,
            "description": object.doc,
            "properties": properties,
            "additionalProperties": false,
        });
        // What a layered option leaves out may stand in a preset or in the defaults.
        let is_layered = LAYERED.iter().any(|layered| std::ptr::eq(layered.object, object));
        if !required.is_empty() && !is_layered {
            definition["required"] = json!(required);
        }
        if std::ptr::eq(object, &raw const NETWORK) {
            let pair = self.shape(&Shape::Law);
            definition["patternProperties"] = json!({ r"^\S+\s*<->\s*\S+$": pair });
        }
        definition
    }

    fn property(&mut self, key: &'static Key) -> Value {
        let mut value = self.shape(key.shape);
        let default = key.default.map(|default| format!(" (default: {default})"));
        value["title"] = json!(key.name);
        value["description"] = json!(format!("{}{}", key.doc, default.unwrap_or_default()));
        value
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        match shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Count { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Shape::Number => json!({ "type": "number", "minimum": 0 }),
            Shape::Share => json!({ "anyOf": [
                { "type": "string", "pattern": SHARE, "examples": ["10%"] },
                { "type": "number", "minimum": 0, "maximum": 1 },
            ]}),
            Shape::Duration => quantity("(ns|us|µs|ms|s|m|h|d)", &["250ms", "2s"]),
            Shape::Rate => quantity("/(s|m|h)", &["500/s", "30/m"]),
            Shape::Size => quantity("(B|[kK]B|MB|GB|KiB|MiB|GiB)", &["4KiB"]),
            Shape::Bandwidth => {
                quantity("([kKMG]?bit|B|[kK]B|MB|GB|KiB|MiB|GiB)/s", &["10Gbit/s", "100MB/s"])
            }
            Shape::Law => law(),
            Shape::Arrivals => arrivals(),
            Shape::Objective => json!({
                "type": "string",
                "pattern": r"^\S+\s+(mean|max|p[0-9.]+|errors|availability|throughput|utilization)\s*(<|<=|>|>=)\s*\S+$",
                "examples": ["shoppers p99 < 250ms", "shoppers errors < 0.1%"],
            }),
            Shape::Quantile => {
                json!({ "type": "string", "pattern": r"^p([0-9]|[1-9][0-9])(\.[0-9]+)?$|^p999+$", "examples": ["p95"] })
            }
            Shape::RoundTrips => json!({ "anyOf": [
                { "type": "string", "pattern": r"^\s*[0-9]+( round trips?)?\s*$", "examples": ["1 round trip", "2 round trips"] },
                { "type": "integer", "minimum": 0 },
            ]}),
            Shape::PresetName => preset_names(),
            Shape::Name(names) => name(*names),
            Shape::Word(words) => word_schema(words),
            Shape::Object(object) => self.refer(object),
            Shape::List(items) => json!({ "type": "array", "items": self.shape(items) }),
            Shape::Map { pattern, value, .. } => self.map(pattern.unwrap_or(NAME), value),
            Shape::Steps => {
                self.steps = true;
                json!({ "$ref": "#/$defs/steps" })
            }
            Shape::Point => json!({
                "type": "array",
                "prefixItems": [self.shape(&Shape::Duration), self.shape(&Shape::Rate)],
                "minItems": 2,
                "maxItems": 2,
            }),
            Shape::OneOf(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(shape)).collect();
                json!({ "anyOf": shapes })
            }
            Shape::Nothing => json!({ "type": "null" }),
            Shape::Anything => json!({}),
        }
    }

    /// Keys are chosen by the file; `mix` has paths with a slash among them.
    fn map(&mut self, pattern: &'static str, value: &'static Shape) -> Value {
        let pattern = if matches!(value, Shape::Share) { r"^[^\s]+$" } else { pattern };
        json!({
            "type": "object",
            "patternProperties": { pattern: self.shape(value) },
            "additionalProperties": false,
        })
    }
}

/// `a call step` becomes `call-step`.
fn definition_name(object: &Object) -> String {
    let words = object.name.replace(['`', '\''], "");
    let words = words.split_whitespace().filter(|word| !matches!(*word, "a" | "an" | "the" | "of" | "is"));
    words.collect::<Vec<_>>().join("-")
}

fn quantity(units: &str, examples: &[&str]) -> Value {
    json!({ "anyOf": [
        { "type": "string", "pattern": format!(r"^\s*({NUMBER}\s*{units}|0)\s*$"), "examples": examples },
        { "const": 0 },
    ]})
}

fn law() -> Value {
    let families = FAMILIES.iter().map(|family| family.example);
    let others = ["5ms", "mix(90%: exp(1ms), 10%: exp(20ms))", "empirical(file.csv)", "2ms + exp(1ms)"];
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).chain(["mix", "empirical"]).collect();
    let term = format!(r"({NUMBER}\s*(ns|us|µs|ms|s|m|h|d)|0|({})\s*\(.*\))", names.join("|"));
    json!({ "anyOf": [
        {
            "type": "string",
            "pattern": format!(r"^\s*{term}(\s*\+\s*{term})*\s*$"),
            "examples": families.chain(others).collect::<Vec<_>>(),
        },
        { "const": 0 },
    ]})
}

fn arrivals() -> Value {
    let families = FAMILIES.iter().filter_map(|family| family.as_arrivals);
    let examples: Vec<&str> = ["poisson", "regular"].into_iter().chain(families).collect();
    json!({ "type": "string", "examples": examples })
}

fn preset_names() -> Value {
    let choice = |preset: &CallPreset| json!({ "const": preset.name, "description": preset.doc });
    json!({ "oneOf": CALL_PRESETS.iter().map(choice).collect::<Vec<_>>() })
}

fn name(names: Names) -> Value {
    let example = match names {
        Names::Service => "web",
        Names::Endpoint => "web/home",
        Names::Zone => "us-east-1/a",
        Names::Region => "us-east-1",
        Names::Place => "us-east-1/a",
        Names::Way => "edge -> data",
        Names::Workload => "shoppers",
        Names::CallPath => "web -> users",
    };
    json!({ "type": "string", "minLength": 1, "examples": [example] })
}

/// A word that looks like a number may be written as one.
fn word_schema(words: &'static [Word]) -> Value {
    let choices: Vec<Value> = words.iter().flat_map(choices).collect();
    if choices.len() == 1 { choices[0].clone() } else { json!({ "oneOf": choices }) }
}

fn choices(word: &Word) -> Vec<Value> {
    let mut choices = vec![json!({ "const": word.name, "description": word.doc })];
    if let Ok(number) = word.name.parse::<i64>() {
        choices.push(json!({ "const": number, "description": word.doc }));
    }
    choices
}

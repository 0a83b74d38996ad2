//! The reference of the language: prose from `reference.md`, tables from the keys.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::keys::{self, CALL_PRESETS, FAMILIES, KINDS, Key, Object, PRESETS, STEPS, Shape, Status, Word};
use crate::limits;

const TEMPLATE: &str = include_str!("reference.md");

/// The page `docs/reference/language.md`.
pub fn reference() -> String {
    let mut page = String::new();
    let mut rest = TEMPLATE;
    while let Some((before, from)) = rest.split_once("{{") {
        let (what, after) = from.split_once("}}").expect("the template closes what it opens");
        page.push_str(before);
        page.push_str(filled(what).trim_end());
        rest = after;
    }
    page + rest
}

fn filled(what: &str) -> String {
    match what.split_once(' ') {
        Some(("keys", name)) => object_table(object(name)),
        Some(("words", name)) => word_list(words(name)),
        _ => match what {
            "families" => families(),
            "arrivals" => arrivals(),
            "kinds" => kinds(),
            "presets" => presets(),
            "steps" => steps(),
            "later" => later(),
            "limits" => limit_list(),
            other => unreachable!("the template asks for `{other}`"),
        },
    }
}

/// The objects by the names of their statics.
fn object(name: &str) -> &'static Object {
    match name {
        "TOP" => &keys::TOP,
        "REGION" => &keys::REGION,
        "NETWORK" => &keys::NETWORK,
        "DEFAULTS" => &keys::DEFAULTS,
        "SERVICE" => &keys::SERVICE,
        "REPLICATION" => &keys::REPLICATION,
        "CALL_OPTIONS" => &keys::CALL_OPTIONS,
        "RETRY" => &keys::RETRY,
        "BACKOFF" => &keys::BACKOFF,
        "BUDGET" => &keys::BUDGET,
        "DEADLINE" => &keys::DEADLINE_OBJECT,
        "HEDGE" => &keys::HEDGE,
        "BREAKER" => &keys::BREAKER,
        "OUTLIER" => &keys::OUTLIER,
        "THROTTLE" => &keys::THROTTLE,
        "CONNECT" => &keys::CONNECT,
        "QUEUE" => &keys::QUEUE,
        "CODEL" => &keys::CODEL,
        "LIMIT" => &keys::LIMIT,
        "RATE_LIMIT" => &keys::RATE_LIMIT,
        "SHED" => &keys::SHED,
        "DISCOVERY" => &keys::DISCOVERY,
        "HEALTH" => &keys::HEALTH,
        "SEGMENTATION" => &keys::SEGMENTATION,
        "RULE" => &keys::RULE,
        "RESTART" => &keys::RESTART,
        "COLD" => &keys::COLD,
        "STALL" => &keys::STALL,
        "LEAK" => &keys::LEAK,
        "LOSS" => &keys::LOSS,
        "PARTITION" => &keys::PARTITION,
        "PIN" => &keys::PIN,
        "FREEZE" => &keys::FREEZE,
        "FLUSH" => &keys::FLUSH,
        "CHAOS" => &keys::CHAOS,
        "CHAOS_RATE" => &keys::CHAOS_RATE,
        "CONNECTIONS" => &keys::CONNECTIONS,
        "WORKLOAD" => &keys::WORKLOAD,
        "SHAPE_STEP" => &keys::SHAPE_STEP,
        "HAPPENING" => &keys::HAPPENING,
        "KILL" => &keys::KILL,
        "PAUSE" => &keys::PAUSE,
        "SLOW" => &keys::SLOW,
        "DELAY" => &keys::DELAY,
        "ERROR" => &keys::ERROR,
        "LOSE" => &keys::LOSE,
        "LOAD" => &keys::LOAD,
        "SET" => &keys::SET,
        other => unreachable!("the template asks for `{other}`"),
    }
}

fn words(name: &str) -> &'static [Word] {
    match name {
        "BALANCES" => keys::BALANCES,
        "METRICS" => keys::METRICS,
        "LEVELS" => keys::LEVELS,
        "ASKED" => keys::ASKED,
        "REPLICATION_PRESETS" => keys::REPLICATION_PRESETS,
        other => unreachable!("the template asks for `{other}`"),
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("strings take text");
}

fn object_table(object: &'static Object) -> String {
    let mut text = String::new();
    line(&mut text, &format!("**{}**: {}\n", capitalised(object.name), lower_first(object.doc)));
    line(&mut text, "| key | value | meaning (default) |\n| --- | --- | --- |");
    for key in object.keys().filter(|key| key.is_built()) {
        line(&mut text, &key_row(key));
    }
    text
}

fn key_row(key: &Key) -> String {
    let end = match (key.status, key.default) {
        (Status::Required, _) => " (needed)".to_owned(),
        (_, Some(default)) => format!(" ({default})"),
        (_, None) => String::new(),
    };
    format!(
        "| `{}` | {} | {}{end} |",
        key.name,
        value(key.shape).replace('|', "\\|"),
        key.doc.replace('|', "\\|")
    )
}

/// What may stand there, in a few words.
fn value(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Flag => "`true`, `false`".to_owned(),
        Shape::Count { .. } => "whole number".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Share => "share".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Rate => "rate".to_owned(),
        Shape::Size => "size".to_owned(),
        Shape::Bandwidth => "bandwidth".to_owned(),
        Shape::Law => "distribution".to_owned(),
        Shape::Arrivals => "arrivals".to_owned(),
        Shape::Objective => "objective".to_owned(),
        Shape::Quantile => "quantile".to_owned(),
        Shape::RoundTrips => "`2 round trips`".to_owned(),
        Shape::PresetName => {
            CALL_PRESETS.iter().map(|preset| format!("`{}`", preset.name)).collect::<Vec<_>>().join(", ")
        }
        Shape::Name(names) => name(*names).to_owned(),
        Shape::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.name)).collect();
            words.join(", ")
        }
        Shape::Object(object) => object.name.to_owned(),
        Shape::List(items) => format!("list of: {}", value(items)),
        Shape::Map { keys, value: inner, .. } => format!("`{keys}`: {}", value(inner)),
        Shape::Steps => "steps".to_owned(),
        Shape::Point => "`[time, rate]`".to_owned(),
        Shape::OneOf(shapes) => {
            let shapes: Vec<String> = shapes.iter().map(|shape| value(shape)).collect();
            shapes.join(" or ")
        }
        Shape::Nothing => "nothing".to_owned(),
        Shape::Anything => "anything".to_owned(),
    }
}

fn name(names: keys::Names) -> &'static str {
    match names {
        keys::Names::Service => "service",
        keys::Names::Endpoint => "endpoint",
        keys::Names::Zone => "zone",
        keys::Names::Region => "region",
        keys::Names::Place => "place",
        keys::Names::Way => "`edge -> data`",
        keys::Names::Workload => "workload",
        keys::Names::CallPath => "`web -> users`",
    }
}

fn word_list(words: &[Word]) -> String {
    let mut text = String::from("| word | meaning |\n| --- | --- |\n");
    for word in words {
        line(&mut text, &format!("| `{}` | {} |", word.name, word.doc));
    }
    text
}

fn families() -> String {
    let mut text = String::new();
    for family in FAMILIES {
        let others =
            family.forms.iter().skip(1).map(|form| format!(", `{}`", crate::lower::written(family, form)));
        let others: String = others.collect();
        line(&mut text, &format!("| `{}`{others} | {} |", family.example, family.doc));
    }
    text
}

fn arrivals() -> String {
    let families: Vec<String> =
        FAMILIES.iter().filter_map(|family| Some(format!("`{}`", family.as_arrivals?))).collect();
    format!("{}, `empirical(file.csv)`", families.join(", "))
}

fn kinds() -> String {
    let mut text = String::from("| kind | what it is | fills in |\n| --- | --- | --- |\n");
    for (word, preset) in KINDS.iter().zip(PRESETS) {
        let fills = preset.cores.map_or_else(|| "nothing".to_owned(), |cores| format!("`cores: {cores}`"));
        line(&mut text, &format!("| `{}` | {} | {fills} |", word.name, word.doc));
    }
    text
}

/// Each preset with what it says, as it would stand beside a call.
fn presets() -> String {
    let mut text = String::new();
    for preset in CALL_PRESETS {
        line(
            &mut text,
            &format!("**`{}`**: {}.\n\n```text\n{}```\n", preset.name, preset.doc, preset.options),
        );
    }
    text
}

fn steps() -> String {
    STEPS.iter().filter(|object| object.verb().is_built()).map(|object| step(object) + "\n").collect()
}

/// A step with its keys; the options of calls have a section of their own.
fn step(object: &'static Object) -> String {
    let mut text = String::new();
    line(&mut text, &format!("### `{}`\n\n{}\n", object.keys[0].name, object.doc));
    line(&mut text, "| key | value | meaning (default) |\n| --- | --- | --- |");
    object.keys.iter().for_each(|key| line(&mut text, &key_row(key)));
    if !object.shared.is_empty() {
        let options = object.shared.iter().copied().flatten().filter(|key| key.is_built());
        let options: Vec<String> = options.map(|key| format!("`{}`", key.name)).collect();
        line(&mut text, &format!("| {} | see [calls](#calls) | the options of a call |", options.join(", ")));
    }
    for inner in inner_objects(object.keys[0].shape) {
        line(&mut text, &format!("\n{}", object_table(inner)));
    }
    text
}

fn inner_objects(shape: &'static Shape) -> Vec<&'static Object> {
    match shape {
        Shape::Object(object) => vec![object],
        Shape::List(items) => inner_objects(items),
        Shape::OneOf(shapes) => shapes.iter().flat_map(|shape| inner_objects(shape)).collect(),
        _ => Vec::new(),
    }
}

/// Every key of the language that is refused by name.
fn later() -> String {
    let mut names = BTreeSet::new();
    for object in keys::OBJECTS.iter().copied().chain(STEPS) {
        for key in object.keys().filter(|key| !key.is_built()) {
            names.insert(format!("`{}` of {}", key.name, object.name));
        }
    }
    names.into_iter().collect::<Vec<_>>().join(", ")
}

fn limit_list() -> String {
    let mut text = String::from("| what | at most |\n| --- | --- |\n");
    let rows: [(&str, u64); 14] = [
        ("bytes of a file", limits::MAX_FILE_BYTES as u64),
        ("lists and mappings inside each other", limits::MAX_DEPTH as u64),
        ("values in a file, aliases counted as what they stand for", limits::MAX_NODES as u64),
        ("bytes of a file of `empirical`", limits::MAX_SAMPLES_BYTES as u64),
        ("steps of an endpoint, every repetition counted", limits::MAX_UNROLLED_STEPS),
        ("branches of a `parallel` step", limits::MAX_BRANCHES),
        ("calls caused by one request, on average", 1_000_000),
        ("instances of all services together", limits::MAX_INSTANCES),
        ("cores of an instance", limits::MAX_CORES),
        ("users of a workload", limits::MAX_USERS),
        ("workloads", limits::MAX_WORKLOADS as u64),
        ("regions", limits::MAX_REGIONS as u64),
        ("groups of a segmentation", limits::MAX_GROUPS as u64),
        ("rules of a segmentation", limits::MAX_RULES as u64),
    ];
    for (what, most) in rows {
        line(&mut text, &format!("| {what} | {most} |"));
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lower_first(text: &str) -> String {
    // A sentence that starts with code or a name stays as it is.
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

//! The published schema describes the real document: every key, both ways.

use serde_json::Value;

use crate::json;
use crate::text::fixture;

const SCHEMA: &str = include_str!("../../../docs/reference/result.schema.json");

/// As much of JSON Schema as our schema uses; panics at the first value that does not conform.
fn conforms(value: &Value, schema: &Value, root: &Value, path: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").expect("references are to definitions");
        return conforms(value, &root["$defs"][name], root, path);
    }
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{path} is one of {allowed:?}");
        return;
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    assert!(
        types.iter().any(|it| is_of(value, it.as_str().expect("a type"))),
        "{path}: {value} is of {types:?}"
    );
    if let Some(object) = value.as_object() {
        for key in schema["required"].as_array().into_iter().flatten() {
            assert!(object.contains_key(key.as_str().expect("a key")), "{path} has {key}");
        }
        for (key, value) in object {
            let known = schema["properties"]
                .get(key)
                .or(schema.get("additionalProperties").filter(|it| it.is_object()));
            let known = known.unwrap_or_else(|| panic!("{path}.{key} is in the schema"));
            conforms(value, known, root, &format!("{path}.{key}"));
        }
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        conforms(item, &schema["items"], root, &format!("{path}[{n}]"));
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

/// Nothing is described that may be left out, so that the schema cannot promise what is never written.
fn everything_is_required(schema: &Value, path: &str) {
    if let Some(properties) = schema["properties"].as_object() {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert_eq!(required, properties.keys().collect::<Vec<_>>(), "{path}");
        properties.iter().for_each(|(key, value)| everything_is_required(value, &format!("{path}.{key}")));
    }
}

#[test]
fn the_document_conforms_to_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    everything_is_required(&schema, "result");
    for (name, definition) in schema["$defs"].as_object().expect("definitions") {
        everything_is_required(definition, name);
    }
    let (model, outcome, scenario) = (fixture::model(), fixture::eventful(), fixture::scenario());
    let verdict = fixture::verdict();
    let report = crate::Report {
        scenario: Some(&scenario),
        verdict: Some(&verdict),
        ..fixture::report(&model, &outcome)
    };
    let document = serde_json::from_str(&json(&report)).expect("the document is JSON");
    conforms(&document, &schema, &schema, "result");

    let mut empty = outcome.clone();
    empty.workloads[0] = Default::default();
    empty.simulated_ns = 0;
    let document =
        serde_json::from_str(&json(&fixture::report(&model, &empty))).expect("the document is JSON");
    conforms(&document, &schema, &schema, "result");
}

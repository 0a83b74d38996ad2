//! The JSON Schema holds together, and knows every key that files use.

use serde_json::Value;
use tarsier_language::schema;

fn parsed() -> Value {
    serde_json::from_str(&schema()).expect("the schema is JSON")
}

/// Calls `visit` for every object inside, the value itself included.
fn each_object(value: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|inner| each_object(inner, visit));
        }
        Value::Array(items) => items.iter().for_each(|item| each_object(item, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = parsed();
    let mut n_references = 0;
    each_object(&schema, &mut |object| {
        if let Some(Value::String(reference)) = object.get("$ref") {
            let path = reference.strip_prefix('#').expect("references are within the schema");
            assert!(schema.pointer(path).is_some(), "{reference} exists");
            n_references += 1;
        }
    });
    assert!(n_references > 20, "the schema refers to its definitions");
}

#[test]
fn every_property_has_a_hover_text_and_nothing_else_is_allowed() {
    let mut n_properties = 0;
    each_object(&parsed(), &mut |object| {
        let Some(Value::Object(properties)) = object.get("properties") else { return };
        // A key may be called `properties` one day; an object of the schema has a title.
        assert!(object.contains_key("title"), "objects have titles");
        assert_eq!(object.get("additionalProperties"), Some(&Value::Bool(false)));
        for (name, property) in properties {
            assert!(
                property["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{name} is described"
            );
            n_properties += 1;
        }
    });
    assert!(n_properties > 80, "the language has that many keys");
}

#[test]
fn what_is_not_supported_yet_is_not_offered() {
    let text = schema();
    for key in ["autoscale", "platforms", "deploy"] {
        assert!(!text.contains(&format!("\"{key}\"")), "{key}");
    }
}

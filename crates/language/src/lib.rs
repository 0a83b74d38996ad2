//! YAML to Model, with diagnostics and a JSON Schema.

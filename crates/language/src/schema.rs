//! The JSON Schema of the language, made from the tables of keys.

/// `10%` or `0.1`.
pub(crate) const SHARE: &str = r"^([0-9]+(\.[0-9]+)?%|0(\.[0-9]+)?|1(\.0+)?|\.[0-9]+)$";

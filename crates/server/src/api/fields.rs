//! The fields of a JSON body: each is taken by what it is for, and what is left over is a mistake.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::api::Refusal;

pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn read(body: &[u8]) -> Result<Fields, Refusal> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            Ok(_) => Err(Refusal::bad("the body is a JSON object")),
            Err(error) => Err(Refusal::bad(format!("the body is not JSON: {error}"))),
        }
    }

    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Refusal> {
        self.take(key, "a text", |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    pub(crate) fn flag(&mut self, key: &str) -> Result<Option<bool>, Refusal> {
        self.take(key, "true or false", |value| value.as_bool())
    }

    pub(crate) fn whole(&mut self, key: &str) -> Result<Option<u64>, Refusal> {
        const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;
        // In JSON 3.0 is 3.
        let is_whole = |number: &f64| number.fract() == 0.0 && (0.0..TOO_LARGE).contains(number);
        self.take(key, "a whole number, not negative", |value| {
            value.as_u64().or_else(|| value.as_f64().filter(is_whole).map(|number| number as u64))
        })
    }

    pub(crate) fn number(&mut self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>, Refusal> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.take(key, &expected, |value| value.as_f64().filter(|number| range.contains(number)))
    }

    pub(crate) fn texts(&mut self, key: &str, most: usize) -> Result<Option<Vec<String>>, Refusal> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.take(key, &format!("a list of at most {most} texts"), |value| match value {
            Value::Array(values) if values.len() <= most => values.into_iter().map(text).collect(),
            _ => None,
        })
    }

    /// Nothing is accepted and ignored.
    pub(crate) fn end(self) -> Result<(), Refusal> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => Err(Refusal::bad(format!("`{key}` is not a field of this request"))),
        }
    }

    fn take<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        match self.0.shift_remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Refusal::bad(format!("`{key}` is {expected}"))),
            },
        }
    }
}

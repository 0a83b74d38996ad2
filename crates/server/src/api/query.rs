//! What stands behind the question mark: each is taken by what it is for, and what is left over is a mistake.

use crate::api::Refusal;

pub(crate) struct Asked(pub(crate) Vec<(String, String)>);

impl Asked {
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn wanted(&mut self, key: &str) -> Result<String, Refusal> {
        self.text(key).ok_or_else(|| Refusal::bad(format!("`?{key}=` is missing")))
    }

    pub(crate) fn number(&mut self, key: &str) -> Result<Option<f64>, Refusal> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number
            .map(Some)
            .ok_or_else(|| Refusal::bad(format!("`{key}` is a number, not negative, and not `{text}`")))
    }

    pub(crate) fn whole(&mut self, key: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let number = text.parse().map(Some);
        number.map_err(|_| Refusal::bad(format!("`{key}` is a whole number, not negative, and not `{text}`")))
    }

    pub(crate) fn end(self) -> Result<(), Refusal> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(Refusal::bad(format!("`{key}` means nothing here"))),
        }
    }
}

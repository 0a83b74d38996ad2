//! Where something stands in the source.

/// A range of bytes of the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Place {
    pub start: usize,
    pub end: usize,
}

impl Place {
    pub fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a place does not end before it starts");
        Place { start, end }
    }

    /// From the start of the first to the end of the last.
    pub fn to(self, last: Place) -> Place {
        Place::new(self.start, self.end.max(last.end))
    }

    /// The line and the column of its start, both from 1; columns count characters.
    pub fn line_column(self, source: &[u8]) -> (usize, usize) {
        let before = &source[..self.start.min(source.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        // A byte that continues a character starts with the bits 10.
        let column = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        (line, column)
    }
}

/// Positions in characters, as the YAML parser counts them, to positions in bytes.
pub(crate) struct CharIndex {
    /// The byte offset of every 64th character; empty if all characters are one byte.
    checkpoints: Vec<usize>,
    length: usize,
}

const STRIDE: usize = 64;

impl CharIndex {
    pub(crate) fn new(text: &str) -> Self {
        let checkpoints = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect()
        };
        CharIndex { checkpoints, length: text.len() }
    }

    pub(crate) fn byte(&self, text: &str, character: usize) -> usize {
        if self.checkpoints.is_empty() {
            return character.min(self.length);
        }
        let Some(&from) = self.checkpoints.get(character / STRIDE) else { return self.length };
        let rest = text[from..].char_indices().nth(character % STRIDE);
        rest.map_or(self.length, |(byte, _)| from + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_become_bytes() {
        let text = "aé€b".repeat(100);
        let index = CharIndex::new(&text);
        for (character, (byte, _)) in text.char_indices().enumerate() {
            assert_eq!(index.byte(&text, character), byte, "character {character}");
        }
        assert_eq!(index.byte(&text, 400), text.len());
        assert_eq!(index.byte(&text, 9_999), text.len());
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = "ab\n é: 1\n";
        let at = source.find(':').expect("there is a colon");
        assert_eq!(Place::new(at, at + 1).line_column(source.as_bytes()), (2, 3));
        assert_eq!(Place::new(0, 0).line_column(source.as_bytes()), (1, 1));
    }
}

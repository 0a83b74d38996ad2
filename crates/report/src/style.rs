//! Tones of text and what they are on a terminal.
//!
//! Escape codes are always written; whoever prints strips them where they do not belong. No
//! meaning is carried by colour alone.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    Plain,
    /// Headings.
    Bold,
    /// Secondary figures.
    Dim,
    Good,
    Warm,
    Bad,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Bold => "\x1b[1m",
            Tone::Dim => "\x1b[2m",
            Tone::Good => "\x1b[32m",
            Tone::Warm => "\x1b[33m",
            Tone::Bad => "\x1b[31m",
        }
    }

    pub(crate) fn paint(self, text: &str) -> String {
        match self {
            Tone::Plain => text.to_owned(),
            _ => format!("{}{text}\x1b[0m", self.code()),
        }
    }
}

/// How worrying it is that this share of something is in use.
pub(crate) fn load_tone(utilization: f64) -> Tone {
    match utilization {
        busy if busy >= 0.9 => Tone::Bad,
        busy if busy >= 0.7 => Tone::Warm,
        _ => Tone::Plain,
    }
}

/// A horizontal bar of `width` characters, filled in eighths.
pub fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    let drawn = bar.chars().count();
    bar.extend(std::iter::repeat_n('·', width - drawn));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_in_eighths_and_keep_their_width() {
        assert_eq!(bar(0.0, 4), "····");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.5, 4), "██··");
        assert_eq!(bar(9.0, 4), "████");
        for n in 0..=100 {
            assert_eq!(bar(f64::from(n) / 100.0, 10).chars().count(), 10);
        }
    }
}

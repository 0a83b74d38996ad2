//! Text in aligned columns.

use crate::style::Tone;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Align {
    Left,
    Right,
}

#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Cell { text: text.into(), tone }
    }

    pub(crate) fn dim(text: impl Into<String>) -> Self {
        Cell::toned(text, Tone::Dim)
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::toned(text, Tone::Plain)
    }
}

/// Names are cut to this many characters, so that a table keeps its width.
const NAME_WIDTH: usize = 28;

pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: Vec<(&'static str, Align)>) -> Self {
        Table { columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// Two spaces between columns, nothing after the last character of a line.
    pub(crate) fn render(&self) -> String {
        let head = self.columns.iter().map(|(title, _)| Cell::dim(*title)).collect();
        let widths = self.widths();
        let mut text = String::new();
        for row in std::iter::once(&head).chain(&self.rows) {
            text.push_str(&self.line(row, &widths));
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let wide = |text: &str| text.chars().count();
        (0..self.columns.len())
            .map(|i| {
                let cells = self.rows.iter().map(|row| wide(&row[i].text)).max().unwrap_or(0);
                cells.max(wide(self.columns[i].0))
            })
            .collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        // Padding is held back until something follows it.
        let mut owed = 0;
        for ((cell, (_, align)), width) in row.iter().zip(&self.columns).zip(widths) {
            let pad = width - cell.text.chars().count();
            let (before, after) = if *align == Align::Right { (pad, 0) } else { (0, pad) };
            owed += before;
            if !cell.text.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(&cell.tone.paint(&cell.text));
                owed = 0;
            }
            owed += after + 2;
        }
        line
    }
}

/// A name no longer than its column, the middle left out.
pub(crate) fn short_name(name: &str) -> String {
    let n_chars = name.chars().count();
    if n_chars <= NAME_WIDTH {
        return name.to_owned();
    }
    let keep = NAME_WIDTH - 1;
    let head = name.chars().take(keep - keep / 2);
    let tail = name.chars().skip(n_chars - keep / 2);
    head.chain(['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_lines_have_no_trailing_space() {
        let mut table =
            Table::new(vec![("service", Align::Left), ("p99", Align::Right), ("note", Align::Left)]);
        table.row(vec!["web".into(), "12.3 ms".into(), "".into()]);
        table.row(vec!["memcache".into(), "1 s".into(), "hot".into()]);
        let plain = table.render().replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(plain, "service       p99  note\nweb       12.3 ms\nmemcache      1 s  hot\n");
    }

    #[test]
    fn long_names_lose_their_middle() {
        let name = "recommendation-service-for-returning-customers";
        assert_eq!(short_name(name).chars().count(), NAME_WIDTH);
        assert!(short_name(name).starts_with("recommendation"));
        assert!(short_name(name).ends_with("customers"));
        assert_eq!(short_name("web"), "web");
    }
}

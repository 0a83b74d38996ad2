//! A histogram drawn with characters: logarithmic in time, so that modes apart by orders of magnitude are all
//! seen; heights grow with the square root of the count, so that rare modes are.

use tarsier_stats::Histogram;

use crate::Report;
use crate::number::duration;
use crate::style::Tone;

const COLUMNS: usize = 88;
const ROWS: usize = 5;
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Workloads drawn.
const DRAWN: usize = 3;

pub(super) fn sections(report: &Report<'_>) -> String {
    let named = report.model.workloads.iter().zip(&report.outcome.workloads);
    let drawings: Vec<String> = named
        .filter_map(|(workload, found)| {
            let drawing = draw(found.latency.total())?;
            let title = Tone::Bold.paint(&format!("latency of {}", workload.name));
            let scale = Tone::Dim.paint("(logarithmic; heights are square roots of counts)");
            Some(format!("{title} {scale}\n{drawing}"))
        })
        .take(DRAWN)
        .collect();
    drawings.join("\n")
}

/// Nothing without samples.
fn draw(histogram: &Histogram) -> Option<String> {
    let axis = Axis::of(histogram)?;
    let mut text = String::new();
    for row in rows(&axis.columns(histogram)) {
        text.push_str(&format!("  {row}\n"));
    }
    for line in [axis.rule(), axis.ticks(), axis.marks(histogram)] {
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    Some(text)
}

/// Time, in logarithms of nanoseconds, over the columns.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// From the smallest values to the largest, but at least a doubling: buckets must not be wider than columns.
    fn of(histogram: &Histogram) -> Option<Axis> {
        let low = histogram.quantile(0.000_5)?.max(1.0).ln();
        let high = (histogram.max()? as f64).max(1.0).ln().max(low);
        let spare = (std::f64::consts::LN_2 - (high - low)).max(0.0) / 2.0;
        let margin = (high - low) * 0.01;
        Some(Axis { low: low - spare - margin, high: high + spare + margin })
    }

    /// How much lies over each column; what lies beyond the ends is taken to them.
    fn columns(&self, histogram: &Histogram) -> Vec<f64> {
        let mut columns = vec![0.0; COLUMNS];
        for bucket in histogram.iter() {
            let from = self.position(bucket.low as f64);
            let to = self.position(bucket.high as f64 + 1.0).max(from + 1e-9);
            spread(&mut columns, from, to, bucket.count as f64);
        }
        columns
    }

    /// In columns from the left, within the drawing.
    fn position(&self, nanos: f64) -> f64 {
        let share = (nanos.max(1.0).ln() - self.low) / (self.high - self.low);
        (share * COLUMNS as f64).clamp(0.0, COLUMNS as f64 - 1e-6)
    }

    fn rule(&self) -> String {
        let mut line = vec!['─'; COLUMNS];
        self.tick_places().iter().for_each(|(column, _)| line[*column] = '┴');
        line.into_iter().collect()
    }

    fn ticks(&self) -> String {
        let mut line = Line::new();
        for (column, nanos) in self.tick_places() {
            line.put(column, &tick_label(nanos));
        }
        line.text()
    }

    /// The places of 1, 2 and 5 in each decade, as far as their labels leave each other room.
    fn tick_places(&self) -> Vec<(usize, f64)> {
        let mut line = Line::new();
        let mut places = Vec::new();
        for leading in [1.0, 5.0, 2.0] {
            for decade in 0..20 {
                let nanos = leading * 10.0_f64.powi(decade);
                let inside = (self.low..self.high).contains(&nanos.ln());
                let column = self.position(nanos) as usize;
                if inside && line.put(column, &tick_label(nanos)) {
                    places.push((column, nanos));
                }
            }
        }
        places.sort_by_key(|(column, _)| *column);
        places
    }

    fn marks(&self, histogram: &Histogram) -> String {
        let mut line = Line::new();
        for (name, q) in [("p99", 0.99), ("p50", 0.5), ("p90", 0.9)] {
            if let Some(nanos) = histogram.quantile(q) {
                line.put(self.position(nanos) as usize, &format!("▲ {name}"));
            }
        }
        line.text()
    }
}

/// `10 ms`: ticks are round.
fn tick_label(nanos: f64) -> String {
    let text = duration(nanos / 1e9);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

/// Spreads `amount` over `from..to`, in columns.
fn spread(columns: &mut [f64], from: f64, to: f64, amount: f64) {
    let last = columns.len() - 1;
    for (index, column) in
        columns.iter_mut().enumerate().take((to as usize).min(last) + 1).skip(from as usize)
    {
        let overlap = to.min(index as f64 + 1.0) - from.max(index as f64);
        *column += amount * overlap.max(0.0) / (to - from);
    }
}

/// From the top down; what is not nothing is seen.
fn rows(columns: &[f64]) -> Vec<String> {
    let highest = columns.iter().copied().fold(0.0, f64::max);
    let full = (ROWS * (LEVELS.len() - 1)) as f64;
    let level = |amount: f64| match amount {
        // Less than a whole request is the rim of a bucket.
        0.0..0.5 => 0,
        _ => ((amount / highest).sqrt() * full).round().max(1.0) as usize,
    };
    let levels: Vec<usize> = columns.iter().map(|amount| level(*amount)).collect();
    let glyph = |level: usize, row: usize| LEVELS[level.saturating_sub(row * 8).min(8)];
    (0..ROWS)
        .rev()
        .map(|row| levels.iter().map(|level| glyph(*level, row)).collect::<String>().trim_end().to_owned())
        .collect()
}

/// A line of labels that do not touch each other.
struct Line {
    cells: Vec<char>,
}

impl Line {
    fn new() -> Self {
        Line { cells: vec![' '; COLUMNS + 10] }
    }

    /// Whether there was room, with a space on both sides.
    fn put(&mut self, column: usize, label: &str) -> bool {
        let end = column + label.chars().count();
        let is_free = end < self.cells.len()
            && self.cells[column.saturating_sub(1)..=end].iter().all(|cell| *cell == ' ');
        if is_free {
            self.cells.splice(column..end, label.chars());
        }
        is_free
    }

    fn text(&self) -> String {
        self.cells.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(values: impl IntoIterator<Item = u64>) -> String {
        let mut histogram = Histogram::new();
        values.into_iter().for_each(|value| histogram.record(value));
        draw(&histogram).expect("samples")
    }

    #[test]
    fn two_modes_are_seen_as_two_hills() {
        let fast = (0..900).map(|n| 1_000_000 + n * 100);
        let slow = (0..100).map(|n| 50_000_000 + n * 100_000);
        let text = drawing(fast.chain(slow));
        let bottom = text.lines().nth(ROWS - 1).expect("the lowest row");
        assert_eq!(bottom.split_whitespace().count(), 2, "two hills with nothing between:\n{text}");
        assert!(text.contains("1 ms"), "{text}");
        assert!(text.contains("10 ms"), "{text}");
        assert!(text.contains("▲ p50") && text.contains("▲ p99"), "{text}");
    }

    #[test]
    fn a_constant_is_one_spike() {
        let text = drawing([5_000_000; 10]);
        let bottom = text.lines().nth(ROWS - 1).expect("the lowest row");
        assert!(bottom.trim().chars().count() <= 3, "{text}");
    }

    #[test]
    fn zeros_and_extremes_are_drawn() {
        drawing([0, 0, 0]);
        let text = drawing([1, u64::MAX / 4]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn nothing_is_drawn_without_samples() {
        assert!(draw(&Histogram::new()).is_none());
    }
}

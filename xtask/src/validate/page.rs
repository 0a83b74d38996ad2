//! The page `docs/validation.md`.

use std::fmt::Write;

use super::case::Expected;
use super::measure::{Row, Verdict};
use super::{Chapter, SEED, Table};

const INTRODUCTION: &str = "# What is known, and what Tarsier finds

Written by `cargo xtask validate`; nothing here is typed in but what is expected. Each figure is measured in
independent replications (ten, unless a case tells a story with a beginning): the measured value is the mean over
them, the interval Student's, 95%.

- **holds**: the measured value lies within the tolerance.
- **holds (3 SE)**: it does not, but within three standard errors: the run is too short for the tolerance.
- **FAILS**: neither. (Stories of storms and recoveries are granted no standard errors.)

«Exactly», «at most» and «at least» hold in every single replication, or the row fails. Besides, every run asserts
at its end, on integers, that requests are conserved, that Little's law holds between time integrals and sums over
requests, and that busy time is work done: a run that breaks one of these aborts this command.

Not here, because today's language cannot say it: queues ordered by priority or by the shortest first, best of more
than two.
";

pub(super) fn page(table: &Table, coverage: Option<&str>) -> String {
    let mut text = format!("{INTRODUCTION}\n{}\n", summary(table));
    text += &rows(table);
    if let Some(coverage) = coverage {
        text += "\n";
        text += coverage;
    }
    text
}

pub(super) fn summary(table: &Table) -> String {
    let count = |verdict| table.rows().filter(|row| row.verdict == verdict).count();
    format!(
        "{} rows: {} hold, {} hold within standard errors, {} fail. {:.2e} requests were simulated; seeds come from {SEED} and the ids.\n",
        table.rows().count(),
        count(Verdict::Holds),
        count(Verdict::HoldsByChance),
        count(Verdict::Fails),
        table.requests as f64,
    )
}

pub(super) fn rows(table: &Table) -> String {
    table.chapters.iter().filter(|chapter| !chapter.rows.is_empty()).map(chapter).collect()
}

fn chapter(chapter: &Chapter) -> String {
    let mut text = format!(
        "\n## {}\n\n| id | what | source | expected | measured | 95% interval | tolerance | verdict |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        chapter.title
    );
    for row in &chapter.rows {
        let _ = writeln!(text, "| {} | {} | {} | {} |", row.id, row.what, row.source, figures(row));
    }
    text
}

/// Expected, measured, interval, tolerance, verdict.
pub(super) fn figures(row: &Row) -> String {
    let expected = match row.expected {
        Expected::Near(value, _) => digits(value),
        Expected::Exactly(value) => format!("exactly {}", digits(value)),
        Expected::AtMost(value) => format!("at most {}", digits(value)),
        Expected::AtLeast(value) => format!("at least {}", digits(value)),
    };
    let interval = row.half_width.map_or(String::new(), |half| {
        format!("{} to {}", digits(row.measured - half), digits(row.measured + half))
    });
    let tolerance = match row.expected {
        Expected::Near(_, tolerance) if row.verdict == Verdict::HoldsByChance => {
            format!("{tolerance}, here ±{}", digits(row.allowed))
        }
        Expected::Near(_, tolerance) => tolerance.to_string(),
        _ => String::new(),
    };
    let verdict = match row.verdict {
        Verdict::Holds => "holds",
        Verdict::HoldsByChance => "holds (3 SE)",
        Verdict::Fails => "**FAILS**",
    };
    format!("{expected} | {} | {interval} | {tolerance} | {verdict}", digits(row.measured))
}

/// Five significant digits, no more zeros than needed; of what is almost one those of what is missing.
fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let told = if (0.99..1.0).contains(&value) { 1.0 - value } else { value };
    let before_point = told.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(5 - before_point).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_are_significant() {
        let texts = [0.0, 50.0, 230.2585, 0.008_457_498, 1234567.0, -0.5, 0.999_800_010_7].map(digits);
        assert_eq!(texts, ["0", "50", "230.26", "0.0084575", "1234567", "-0.5", "0.99980001"]);
    }
}

//! What each fault did to the users.

use tarsier_engine::FaultOutcome;

use crate::number::{count, dash, duration};
use crate::style::Tone;
use crate::table::{Align, Cell, Table};
use crate::{Report, faults, words};

pub(super) fn section(report: &Report<'_>) -> String {
    if report.outcome.faults.is_empty() {
        return String::new();
    }
    let mut table = Table::new(vec![
        ("fault", Align::Left),
        ("at", Align::Right),
        ("for", Align::Right),
        ("detected after", Align::Right),
        ("recovered after", Align::Right),
        ("requests lost", Align::Right),
    ]);
    for (trouble, fault) in faults::told(report) {
        table.row(vec![
            words::trouble(report.model, trouble).into(),
            seconds(fault.at_ns).into(),
            fault.until_ns.map_or_else(|| "ever".to_owned(), |until| seconds(until - fault.at_ns)).into(),
            fault.detected_ns.map_or_else(dash, |time| seconds(time - fault.at_ns)).into(),
            recovered(report, fault),
            fault.lost.map_or_else(dash, count).into(),
        ]);
    }
    table.render() + &super::of_the_first(report)
}

/// From its end; from its begin if it has none.
fn recovered(report: &Report<'_>, fault: &FaultOutcome) -> Cell {
    let over = fault.until_ns.unwrap_or(fault.at_ns);
    match fault.recovered_ns {
        Some(time) => Cell::toned(seconds(time - over), Tone::Good),
        // Nothing was before it, or the run ended first.
        None if fault.lost.is_none() || over as f64 / 1e9 >= report.counted_each_s() => dash().into(),
        None => Cell::toned("not yet", Tone::Bad),
    }
}

fn seconds(nanos: u64) -> String {
    duration(nanos as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[test]
    fn a_line_for_each_fault() {
        let (model, mut outcome, scenario) = (fixture::model(), fixture::eventful(), fixture::scenario());
        let told = |outcome: &tarsier_engine::Outcome, reps| {
            let report = Report { scenario: Some(&scenario), reps, ..fixture::report(&model, outcome) };
            let text = section(&report);
            ["0", "2", "31", "32"].iter().fold(text, |text, code| text.replace(&format!("\x1b[{code}m"), ""))
        };
        let lines = |outcome: &tarsier_engine::Outcome| told(outcome, 1);
        let text = lines(&outcome);
        assert!(
            text.contains("kill 1 of db  3.00 s  3.00 s          100 ms           2.00 s            250"),
            "{text}"
        );
        outcome.faults[0].recovered_ns = None;
        let text = lines(&outcome);
        assert!(text.contains("not yet") && !text.contains("replications"), "{text}");
        let text = told(&outcome, 2);
        assert!(text.contains("of the first of 2 replications"), "{text}");
        assert!(!text.contains("not yet"), "each ended after five seconds, and the fault did later:\n{text}");
    }
}

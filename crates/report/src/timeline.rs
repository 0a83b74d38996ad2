//! What happened, as JSON and as `timeline.csv`.

use std::io::{self, Write};

use serde_json::{Value, json};
use tarsier_engine::Event;

use crate::series::quoted;
use crate::{Report, words};

pub(crate) fn value(report: &Report<'_>) -> Vec<Value> {
    let entry = |event: &Event| {
        json!({
            "time_s": seconds(event),
            "event": words::key(event.kind),
            "subject": words::subject(report.model, event.subject),
            "reason": words::reason(report.model, report.scenario, event),
        })
    };
    report.outcome.timeline.iter().map(entry).collect()
}

/// `timeline.csv`: one row for each event.
pub fn write_timeline(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    writeln!(out, "time_s,event,subject,reason")?;
    for event in &report.outcome.timeline {
        let subject = quoted(&words::subject(report.model, event.subject));
        let reason = quoted(&words::reason(report.model, report.scenario, event));
        writeln!(out, "{},{},{subject},{reason}", seconds(event), words::key(event.kind))?;
    }
    Ok(())
}

fn seconds(event: &Event) -> f64 {
    event.time_ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[test]
    fn one_row_for_each_event() {
        let (model, outcome, scenario) = (fixture::model(), fixture::eventful(), fixture::scenario());
        let report = Report { scenario: Some(&scenario), ..fixture::report(&model, &outcome) };
        let mut file = Vec::new();
        write_timeline(&mut file, &report).expect("memory takes it");
        let text = String::from_utf8(file).expect("text");
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(
            rows[..3],
            [
                "time_s,event,subject,reason",
                "3,fault-on,db,kill 1 of db",
                "3.1,breaker-opened,web/home#0 -> db,10 of 20 calls failed",
            ]
        );
        assert_eq!(rows.len(), 1 + outcome.timeline.len());
        assert_eq!(value(&report)[1]["subject"], "web/home#0 -> db");
    }
}

//! What each fault did, as JSON.

use serde_json::{Value, json};
use tarsier_engine::FaultOutcome;
use tarsier_model::Trouble;

use crate::{Report, words};

/// Each fault with what it was.
pub(crate) fn told<'a>(report: &Report<'a>) -> impl Iterator<Item = (&'a Trouble, &'a FaultOutcome)> {
    let happenings = report.scenario.map_or(&[][..], |scenario| &scenario.happenings);
    happenings.iter().map(|happening| &happening.trouble).zip(&report.outcome.faults)
}

pub(crate) fn value(report: &Report<'_>) -> Vec<Value> {
    told(report)
        .map(|(trouble, fault)| {
            json!({
                "kind": words::trouble_key(trouble),
                "text": words::trouble(report.model, trouble),
                "at_s": seconds(fault.at_ns),
                "until_s": fault.until_ns.map(seconds),
                "detected_s": fault.detected_ns.map(seconds),
                "recovered_s": fault.recovered_ns.map(seconds),
                "lost": fault.lost,
            })
        })
        .collect()
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

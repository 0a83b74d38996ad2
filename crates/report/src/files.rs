//! Which histogram files there are, and what they are called.

use std::collections::BTreeSet;
use std::io::{self, Write};

use tarsier_stats::{Histogram, Recorder};

use crate::{Report, call_label, percentiles};

/// A histogram on its way into a file of its own.
pub struct HistogramFile<'a> {
    /// Safe on any file system, and unlike that of any other.
    pub name: String,
    histogram: &'a Histogram,
}

impl HistogramFile<'_> {
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        percentiles::write(out, self.histogram)
    }
}

/// One for the latency of each workload, service and call, and one for the queue of each service.
pub fn histogram_files<'a>(report: &Report<'a>) -> Vec<HistogramFile<'a>> {
    let named = named_histograms(report, ".hgrm").into_iter();
    named.map(|(name, histogram)| HistogramFile { name, histogram }).collect()
}

/// The histograms with names that are safe, different, and end so.
pub(crate) fn named_histograms<'a>(report: &Report<'a>, ending: &str) -> Vec<(String, &'a Histogram)> {
    let mut taken = BTreeSet::new();
    let mut named = Vec::new();
    let mut add = |stem: String, recorder: &'a Recorder| {
        named.push((file_name(&stem, ending, &mut taken), recorder.total()));
    };
    let outcome = report.outcome;
    for (workload, found) in report.model.workloads.iter().zip(&outcome.workloads) {
        add(format!("workload.{}.latency", workload.name), &found.latency);
    }
    for (service, found) in report.model.services.iter().zip(&outcome.services) {
        add(format!("service.{}.latency", service.name), &found.latency);
        add(format!("service.{}.queue", service.name), &found.queue);
    }
    for call in &outcome.calls {
        add(format!("call.{}.latency", call_label(report.model, call.from, call.to)), &call.latency);
    }
    named
}

/// Letters, digits, `-`, `_` and `.`, not too long, and a number when another file has that name.
fn file_name(stem: &str, ending: &str, taken: &mut BTreeSet<String>) -> String {
    const MAX_CHARS: usize = 150;
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let stem: String = stem.replace(" -> ", "--").chars().take(MAX_CHARS).map(safe).collect();
    let mut name = format!("{stem}{ending}");
    let mut n = 2;
    // Some file systems do not tell capitals from small letters.
    while !taken.insert(name.to_ascii_lowercase()) {
        name = format!("{stem}.{n}{ending}");
        n += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_different() {
        let mut taken = BTreeSet::new();
        assert_eq!(
            file_name("call.web/home -> db.latency", ".hgrm", &mut taken),
            "call.web_home--db.latency.hgrm"
        );
        assert_eq!(file_name("service.../../etc", ".hgrm", &mut taken), "service..._.._etc.hgrm");
        assert_eq!(file_name("service.Web", ".hgrm", &mut taken), "service.Web.hgrm");
        assert_eq!(file_name("service.web", ".hgrm", &mut taken), "service.web.2.hgrm");
        assert!(file_name(&"x".repeat(1000), ".hgrm", &mut taken).len() < 200);
    }
}

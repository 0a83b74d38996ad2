//! Outcomes as a JSON document, a text for the terminal, CSV series and histogram files.
//!
//! The only place that knows the schema of the result. It computes nothing but shares of what an
//! [`Outcome`] holds, and knows neither files nor clocks: it writes into what it is handed.

mod culprit;
mod document;
mod faults;
mod files;
mod hdr;
mod live;
pub mod number;
#[cfg(feature = "parquet")]
mod parquet;
mod percentiles;
#[cfg(test)]
mod schema_test;
mod series;
mod slo;
mod stores;
mod style;
mod survey;
mod table;
mod text;
mod timeline;
mod verdict;
mod words;

use tarsier_engine::Outcome;
use tarsier_model::{Model, Scenario};
use tarsier_units::NANOS_PER_SECOND;

pub use document::{cause_key, json};
pub use files::{HistogramFile, histogram_files};
pub use hdr::write_hdr_log;
pub use live::{event as live_event, why as live_why};
#[cfg(feature = "parquet")]
pub use parquet::ParquetWriter;
pub use series::SeriesWriter;
pub use slo::{SloVerdict, verdicts};
pub use style::bar;
pub use survey::{Survey, surveys_json, surveys_text};
pub use text::text;
pub use timeline::write_timeline;
pub use verdict::{Attempts, Beside, Edge, Goodput, Smallest, Verdict, VerdictKind, Work};

/// What there is to say about one `tarsier run`.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub model: &'a Model,
    /// Of all replications together: counts, events and simulated time are sums.
    pub outcome: &'a Outcome,
    /// How many replications the outcome holds.
    pub reps: u64,
    pub scenario: Option<&'a Scenario>,
    /// What was found out about the warm-up, in words.
    pub warmup: &'a str,
    /// What became of it after the scenario, if that was asked.
    pub verdict: Option<&'a Verdict>,
    /// How long the run took in the real world.
    pub wall_s: f64,
}

impl Report<'_> {
    /// Counted time of all replications, in seconds.
    fn counted_s(&self) -> f64 {
        counted_s(self.outcome)
    }

    /// Counted time of each of them.
    fn counted_each_s(&self) -> f64 {
        self.counted_s() / self.reps.max(1) as f64
    }
}

fn counted_s(outcome: &Outcome) -> f64 {
    outcome.simulated_ns as f64 / NANOS_PER_SECOND as f64
}

/// `part / whole`, nothing of nothing being nothing known.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `web/home -> catalog/list`.
fn call_label(model: &Model, from: tarsier_model::EndpointId, to: tarsier_model::EndpointId) -> String {
    format!("{} -> {}", model.endpoint_label(from), model.endpoint_label(to))
}

/// Why a run ended before its time, for people.
pub fn why_stopped(reason: tarsier_engine::Stopped) -> &'static str {
    match reason {
        tarsier_engine::Stopped::Asked => "it was interrupted",
        tarsier_engine::Stopped::TimeStandsStill => {
            "requests follow each other without any time passing: give a step, the network or the thinking some time"
        }
        tarsier_engine::Stopped::TooManyInFlight => {
            "more requests are in flight than fit: the load is far above what the architecture can serve"
        }
    }
}

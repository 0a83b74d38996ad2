//! What Tarsier serves over HTTP: the metrics of a run while it goes.

mod metrics;

pub use metrics::Metrics;

//! What Tarsier serves over HTTP: the metrics of a run while it goes, and the live lab.

mod api;
mod lab;
mod library;
mod limits;
mod metrics;
mod page;
mod session;

pub use lab::{Lab, Settings};
pub use library::{Architecture, Library, Origin, Text};
pub use metrics::Metrics;

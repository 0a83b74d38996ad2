//! Other tools' files: architectures as graphs, runs as metrics.

mod graph;
mod meters;

pub use graph::{Calls, Graph, Instance};
pub use meters::Meters;

//! Other tools' files: architectures as graphs, runs as metrics, and the files of Spigo.

mod graph;
mod meters;
pub mod spigo;

pub use graph::{Calls, Graph, Instance};
pub use meters::Meters;

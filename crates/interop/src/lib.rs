//! Other tools' files: architectures as graphs.

mod graph;

pub use graph::{Calls, Graph, Instance};

//! Other tools' files: architectures as graphs, runs as metrics and traces, and the files of Spigo.

mod graph;
mod meters;
pub mod spigo;
mod traces;

pub use graph::{Calls, Graph, Instance};
pub use meters::Meters;
pub use traces::{EPOCH_NS, SpanBatch, TraceFormat, TraceWriter};

//! Other tools' files: architectures as graphs, runs as metrics and traces, and the files of Spigo.

mod export;
mod graph;
mod guesstimate;
mod meters;
mod size;
pub mod spigo;
pub mod topology;
mod traces;
mod vizceral;

pub use export::{GraphFormat, Lives, export};
pub use graph::{Calls, Graph, Instance};
pub use guesstimate::GuesstimateWriter;
pub use meters::Meters;
pub use size::{Size, sizes_json};
pub use traces::{EPOCH_NS, SpanBatch, TraceFormat, TraceWriter};
pub use vizceral::VizceralWriter;

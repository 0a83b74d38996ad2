//! Mermaid: <https://mermaid.js.org/syntax/flowchart.html>.

use std::io::{self, Write};

use tarsier_model::Kind;

use super::entries;
use crate::graph::Graph;

pub(super) fn write(graph: &Graph<'_>, out: &mut dyn Write) -> io::Result<()> {
    let model = graph.model;
    writeln!(out, "flowchart LR")?;
    for (id, workload) in model.workloads.entries() {
        writeln!(out, "  w{}([{}])", id.0, quoted(&workload.name))?;
    }
    for (id, service) in model.services.entries() {
        let label = quoted(&format!("{} × {}", service.name, service.instances.len()));
        let [opens, closes] = shape(service.kind);
        writeln!(out, "  s{}{opens}{label}{closes}", id.0)?;
    }
    for (id, workload) in model.workloads.entries() {
        for service in entries(graph, workload) {
            writeln!(out, "  w{} --> s{}", id.0, service.0)?;
        }
    }
    for calls in &graph.calls {
        let arrow = if calls.awaited { "-->" } else { "-.->" };
        writeln!(out, "  s{} {arrow} s{}", calls.from.0, calls.to.0)?;
    }
    Ok(())
}

fn shape(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Cache | Kind::Store | Kind::ReplicatedStore => ["[(", ")]"],
        Kind::Queue => ["[[", "]]"],
        Kind::LoadBalancer | Kind::Gateway => ["{{", "}}"],
        _ => ["[", "]"],
    }
}

/// Mermaid has no escape for quotes but the entities of HTML, written with `#`.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('#', "#35;").replace('"', "#quot;").replace(['<', '>'], " "))
}

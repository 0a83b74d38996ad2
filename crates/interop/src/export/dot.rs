//! Graphviz: <https://graphviz.org/doc/info/lang.html>.

use std::io::{self, Write};

use tarsier_model::Kind;

use super::entries;
use crate::graph::Graph;

pub(super) fn write(graph: &Graph<'_>, out: &mut dyn Write) -> io::Result<()> {
    let model = graph.model;
    writeln!(out, "digraph {} {{", quoted(&model.name))?;
    writeln!(out, "  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];")?;
    for (id, workload) in model.workloads.entries() {
        writeln!(out, "  w{} [label={}, shape=ellipse];", id.0, quoted(&workload.name))?;
    }
    for (id, service) in model.services.entries() {
        let label = format!("{}\n{} × {}", service.name, service.instances.len(), service.kind.name());
        writeln!(out, "  s{} [label={}{}];", id.0, quoted(&label), shape(service.kind))?;
    }
    for (id, workload) in model.workloads.entries() {
        for service in entries(graph, workload) {
            writeln!(out, "  w{} -> s{};", id.0, service.0)?;
        }
    }
    for calls in &graph.calls {
        let style = if calls.awaited { "" } else { " [style=dashed]" };
        writeln!(out, "  s{} -> s{}{style};", calls.from.0, calls.to.0)?;
    }
    writeln!(out, "}}")
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Cache | Kind::Store | Kind::ReplicatedStore => ", shape=cylinder, style=\"\"",
        Kind::Queue => ", shape=cds, style=\"\"",
        Kind::External => ", shape=component, style=\"\"",
        _ => "",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

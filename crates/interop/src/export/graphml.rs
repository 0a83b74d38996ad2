//! GraphML: <http://graphml.graphdrawing.org/specification.html>. Every attribute is declared.

use std::io::{self, Write};

use super::{attributes, xml};
use crate::graph::Graph;

pub(super) fn write(graph: &Graph<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\"")?;
    writeln!(out, "  xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"")?;
    writeln!(
        out,
        "  xsi:schemaLocation=\"http://graphml.graphdrawing.org/xmlns \
         http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">"
    )?;
    for name in ["service", "kind", "zone", "region"] {
        writeln!(out, "  <key id=\"{name}\" for=\"node\" attr.name=\"{name}\" attr.type=\"string\"/>")?;
    }
    // An id of XML may not begin with just anything.
    writeln!(out, "  <graph id=\"architecture\" edgedefault=\"directed\">")?;
    for instance in &graph.instances {
        write!(out, "    <node id=\"{}\">", xml(&graph.name(*instance)))?;
        for (key, value) in attributes(graph, *instance) {
            write!(out, "<data key=\"{key}\">{}</data>", xml(value))?;
        }
        writeln!(out, "</node>")?;
    }
    for (n, (from, to)) in graph.edges().enumerate() {
        let [source, target] = [from, to].map(|at| xml(&graph.name(graph.instances[at])));
        writeln!(out, "    <edge id=\"e{n}\" source=\"{source}\" target=\"{target}\"/>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")
}

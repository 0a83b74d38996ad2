//! GraphML: <http://graphml.graphdrawing.org/specification.html>. Every attribute is declared, the name among them, as
//! Gephi calls it: an id is a name token of XML, which `web#3` is not.

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
    for name in ["label", "service", "kind", "zone", "region"] {
        writeln!(out, "  <key id=\"{name}\" for=\"node\" attr.name=\"{name}\" attr.type=\"string\"/>")?;
    }
    writeln!(out, "  <graph id=\"architecture\" edgedefault=\"directed\">")?;
    for (n, instance) in graph.instances.iter().enumerate() {
        write!(out, "    <node id=\"n{n}\"><data key=\"label\">{}</data>", xml(&graph.name(*instance)))?;
        for (key, value) in attributes(graph, *instance) {
            write!(out, "<data key=\"{key}\">{}</data>", xml(value))?;
        }
        writeln!(out, "</node>")?;
    }
    for (n, (from, to)) in graph.edges().enumerate() {
        writeln!(out, "    <edge id=\"e{n}\" source=\"n{from}\" target=\"n{to}\"/>")?;
    }
    writeln!(out, "  </graph>\n</graphml>")
}

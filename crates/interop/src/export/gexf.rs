//! GEXF 1.2: <https://gexf.net>. With times, the graph is dynamic, and a node is there in its spells.

use std::io::{self, Write};

use super::{Lives, attributes, edges_there, first_there, xml};
use crate::graph::{Graph, Instance};

pub(super) fn write(graph: &Graph<'_>, lives: Option<&Lives>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<gexf xmlns=\"http://www.gexf.net/1.2draft\" version=\"1.2\">")?;
    writeln!(out, "  <meta><description>{}</description></meta>", xml(&graph.model.name))?;
    let mode = if lives.is_some() { "mode=\"dynamic\" timeformat=\"double\"" } else { "mode=\"static\"" };
    writeln!(out, "  <graph {mode} defaultedgetype=\"directed\">\n    <attributes class=\"node\">")?;
    for (n, name) in ["service", "kind", "zone", "region"].iter().enumerate() {
        writeln!(out, "      <attribute id=\"{n}\" title=\"{name}\" type=\"string\"/>")?;
    }
    writeln!(out, "    </attributes>\n    <nodes>")?;
    let is_there = |(at, _): &(usize, &Instance)| first_there(lives, *at).is_some();
    for (at, instance) in graph.instances.iter().enumerate().filter(is_there) {
        let name = xml(&graph.name(*instance));
        write!(out, "      <node id=\"{name}\" label=\"{name}\"><attvalues>")?;
        for (n, (_, value)) in attributes(graph, *instance).iter().enumerate() {
            write!(out, "<attvalue for=\"{n}\" value=\"{}\"/>", xml(value))?;
        }
        write!(out, "</attvalues>")?;
        if let Some(lives) = lives {
            write_spells(&lives.spells[at], lives.until, out)?;
        }
        writeln!(out, "</node>")?;
    }
    writeln!(out, "    </nodes>\n    <edges>")?;
    for (n, (from, to, _)) in edges_there(graph, lives).enumerate() {
        let [source, target] = [from, to].map(|at| xml(&graph.name(graph.instances[at])));
        writeln!(out, "      <edge id=\"{n}\" source=\"{source}\" target=\"{target}\"/>")?;
    }
    writeln!(out, "    </edges>\n  </graph>\n</gexf>")
}

/// Not every reader takes a spell without an end, though the format does.
fn write_spells(spells: &[(f64, Option<f64>)], until: f64, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<spells>")?;
    for (start, end) in spells {
        write!(out, "<spell start=\"{start}\" end=\"{}\"/>", end.unwrap_or(until))?;
    }
    write!(out, "</spells>")
}

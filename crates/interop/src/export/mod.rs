//! The architecture as the graph files of other tools.
//!
//! Pictures for people (SVG, DOT, Mermaid) show services, and how many instances each has; files for programs (GraphML,
//! GEXF, Cypher, Spigo's) show every instance. They are written as they go: edges are many.

mod cypher;
mod dot;
mod gexf;
mod graphml;
mod mermaid;
mod spigo;
mod svg;

use std::io::{self, Write};

use tarsier_model::{ServiceId, Workload};

use crate::graph::{Graph, Instance};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GraphFormat {
    Dot,
    Mermaid,
    Graphml,
    Gexf,
    Cypher,
    Spigo,
    Svg,
}

impl GraphFormat {
    /// Whether it can tell when instances appear and go.
    pub fn tells_time(self) -> bool {
        matches!(self, GraphFormat::Gexf | GraphFormat::Spigo)
    }
}

/// When each instance is there, as far as was seen.
pub struct Lives {
    /// By place in the graph, in seconds: from when, and to when if it goes again.
    pub spells: Vec<Vec<(f64, Option<f64>)>>,
    /// When nobody looked any more.
    pub until: f64,
}

/// When an instance is there first; never, if none was seen of those that were to join.
fn first_there(lives: Option<&Lives>, at: usize) -> Option<f64> {
    match lives {
        Some(lives) => lives.spells[at].first().map(|(from, _)| *from),
        None => Some(0.0),
    }
}

/// Edges between those that are there, and since when both are.
fn edges_there<'a>(
    graph: &'a Graph<'_>,
    lives: Option<&'a Lives>,
) -> impl Iterator<Item = (usize, usize, f64)> + 'a {
    graph.edges().filter_map(move |(from, to)| {
        let since = first_there(lives, from)?.max(first_there(lives, to)?);
        Some((from, to, since))
    })
}

/// Writes the graph; without `lives` nothing is said of time.
pub fn export(
    format: GraphFormat,
    graph: &Graph<'_>,
    lives: Option<&Lives>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        GraphFormat::Dot => dot::write(graph, out),
        GraphFormat::Mermaid => mermaid::write(graph, out),
        GraphFormat::Graphml => graphml::write(graph, out),
        GraphFormat::Gexf => gexf::write(graph, lives, out),
        GraphFormat::Cypher => cypher::write(graph, out),
        GraphFormat::Spigo => spigo::write(graph, lives, out),
        GraphFormat::Svg => svg::write(graph, out),
    }
}

/// What is said of an instance everywhere: service, kind, zone, region.
fn attributes<'a>(graph: &Graph<'a>, instance: Instance) -> [(&'static str, &'a str); 4] {
    let service = &graph.model.services[instance.service];
    let zone = &graph.model.zones[instance.zone];
    let region = &graph.model.regions[zone.region];
    [
        ("service", &service.name),
        ("kind", service.kind.name()),
        ("zone", &zone.name),
        ("region", &region.name),
    ]
}

/// The services that users ask.
fn entries(graph: &Graph<'_>, workload: &Workload) -> Vec<ServiceId> {
    let mut entries: Vec<_> = workload.mix.iter().map(|(_, to)| graph.model.endpoints[*to].service).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// Text inside an element or an attribute of XML.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 has no way to write them.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

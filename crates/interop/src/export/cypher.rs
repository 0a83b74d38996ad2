//! Cypher: statements that make the graph in Neo4j (5 or later) or whoever speaks openCypher. What an earlier import
//! of the same architecture made is deleted first.

use std::io::{self, Write};

use super::attributes;
use crate::graph::Graph;

/// Nodes or edges in one statement.
const ROWS: usize = 500;

pub(super) fn write(graph: &Graph<'_>, out: &mut dyn Write) -> io::Result<()> {
    let architecture = quoted(&graph.model.name);
    writeln!(out, "MATCH (i:Instance {{architecture: {architecture}}}) DETACH DELETE i;")?;
    let nodes = graph.instances.iter().map(|instance| {
        let rest = attributes(graph, *instance).map(|(key, value)| format!(", {key}: {}", quoted(value)));
        format!("{{name: {}, architecture: {architecture}{}}}", quoted(&graph.name(*instance)), rest.concat())
    });
    write_rows(out, nodes, "CREATE (i:Instance) SET i = row")?;
    let name = |at: usize| quoted(&graph.name(graph.instances[at]));
    let edges = graph.edges().map(|(from, to)| format!("{{from: {}, to: {}}}", name(from), name(to)));
    let link = format!(
        "MATCH (a:Instance {{architecture: {architecture}, name: row.from}}), \
         (b:Instance {{architecture: {architecture}, name: row.to}}) CREATE (a)-[:CALLS]->(b)"
    );
    write_rows(out, edges, &link)
}

fn write_rows(out: &mut dyn Write, rows: impl Iterator<Item = String>, act: &str) -> io::Result<()> {
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let some: Vec<String> = rows.by_ref().take(ROWS).collect();
        writeln!(out, "UNWIND [\n{}\n] AS row {act};", some.join(",\n"))?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

//! What Spigo draws (`spigo -j`, version 0.4): nodes, edges, and what is gone at the end.

use std::io::{self, Write};

use serde_json::{Value, json};
use tarsier_model::Kind;

use super::Lives;
use crate::graph::{Graph, Instance};

pub(super) fn write(graph: &Graph<'_>, lives: Option<&Lives>, out: &mut dyn Write) -> io::Result<()> {
    let arch = part(&graph.model.name);
    let args = format!("[tarsier export spigo {arch}]");
    write!(out, "{{\n  \"arch\":{},\n  \"version\":\"spigo-0.4\",\n", Value::from(arch.as_str()))?;
    write!(out, "  \"args\":{},\n  \"date\":\"{}\",\n  \"graph\":[", Value::from(args), at(0.0))?;
    let mut separator = "\n    ";
    let mut entry = |entry: Value| {
        write!(out, "{separator}{entry}")?;
        separator = ",\n    ";
        io::Result::Ok(())
    };
    for (n, instance) in graph.instances.iter().enumerate() {
        let package = package(graph.model.services[instance.service].kind);
        let [a, b, c] = [16, 8, 0].map(|shift| (n + 1) >> shift & 0xff);
        let metadata = format!("IP/10.{a}.{b}.{c}");
        let name = name(graph, &arch, *instance);
        entry(json!({"node": name, "package": package, "timestamp": at(0.0), "metadata": metadata}))?;
    }
    for (n, (from, to)) in graph.edges().enumerate() {
        let [source, target] = [from, to].map(|at| name(graph, &arch, graph.instances[at]));
        let id = format!("e{}", n + 1);
        entry(json!({"edge": id, "source": source, "target": target, "timestamp": at(0.0)}))?;
    }
    for (instance, spells) in graph.instances.iter().zip(lives.into_iter().flat_map(|lives| &lives.spells)) {
        if let Some((_, Some(end))) = spells.last() {
            let name = name(graph, &arch, *instance);
            entry(json!({"done": name, "exit": "killed", "timestamp": at(*end)}))?;
        }
    }
    writeln!(out, "\n  ]\n}}")
}

/// `shop.us-east-1.zoneA.web00`.
fn name(graph: &Graph<'_>, arch: &str, instance: Instance) -> String {
    let zone = &graph.model.zones[instance.zone];
    let region = part(&graph.model.regions[zone.region].name);
    // Zones are called by a letter there.
    let local = zone.name.rsplit('/').next().unwrap_or(&zone.name);
    let service = part(&graph.model.services[instance.service].name);
    format!("{arch}.{region}.zone{}.{service}{:02}", part(local).to_uppercase(), instance.number)
}

/// Dots separate the parts of a name.
fn part(text: &str) -> String {
    text.replace('.', "_")
}

/// Spigo's package that is most like it.
fn package(kind: Kind) -> &'static str {
    match kind {
        Kind::Service | Kind::Function | Kind::External => "karyon",
        Kind::Gateway => "zuul",
        Kind::LoadBalancer => "elb",
        Kind::Cache => "cache",
        Kind::Store | Kind::Queue => "store",
        Kind::ReplicatedStore => "priamCassandra",
        Kind::EdgeDns => "denominator",
    }
}

/// So many seconds after the day on which files begin.
fn at(seconds: f64) -> String {
    let nanos = (seconds * 1e9).round() as u64;
    let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
}

/// The date so many days after 2026-01-01.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 2026;
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        assert_eq!(at(0.0), "2026-01-01T00:00:00.000000000Z");
        assert_eq!(at(86_400.0 * 31.0 + 3_661.5), "2026-02-01T01:01:01.500000000Z");
        assert_eq!(date(365 + 365 + 31 + 28), (2028, 2, 29));
        assert_eq!(date(365 + 365 + 366), (2029, 1, 1));
    }
}

//! What Spigo draws (`spigo -j`, version 0.4): nodes, edges, and what is gone at the end.

use std::io::{self, Write};

use std::collections::HashSet;

use serde_json::{Value, json};
use tarsier_model::{Kind, Model};
use tarsier_units::Id;

use super::{Lives, edges_there, first_there};
use crate::graph::Graph;

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
    let (names, packages): (Vec<_>, Vec<_>) = nodes(graph, &arch).into_iter().unzip();
    for (n, (name, package)) in names.iter().zip(packages).enumerate() {
        let Some(since) = first_there(lives, n) else { continue };
        let [a, b, c] = [16, 8, 0].map(|shift| (n + 1) >> shift & 0xff);
        let metadata = format!("IP/10.{a}.{b}.{c}");
        entry(json!({"node": name, "package": package, "timestamp": at(since), "metadata": metadata}))?;
    }
    for (n, (from, to, since)) in edges_there(graph, lives).enumerate() {
        let id = format!("e{}", n + 1);
        entry(json!({"edge": id, "source": names[from], "target": names[to], "timestamp": at(since)}))?;
    }
    for (name, spells) in names.iter().zip(lives.into_iter().flat_map(|lives| &lives.spells)) {
        if let Some((_, Some(end))) = spells.last() {
            entry(json!({"done": name, "exit": "killed", "timestamp": at(*end)}))?;
        }
    }
    writeln!(out, "\n  ]\n}}")
}

/// What each instance is called, and its package; what was Spigo's is as Spigo has it.
fn nodes(graph: &Graph<'_>, arch: &str) -> Vec<(String, &'static str)> {
    if let Some(drawn) = &graph.drawn {
        let services = graph.model.services.ids().map(|service| drawn.nodes(service));
        return services
            .flat_map(|(names, package)| names.into_iter().map(move |it| (it, package)))
            .collect();
    }
    let packages = graph.instances.iter().map(|it| package(graph.model.services[it.service].kind));
    names(graph, arch).into_iter().zip(packages).collect()
}

/// Of each instance its own: `shop.us-east-1.zoneA.web00`.
fn names(graph: &Graph<'_>, arch: &str) -> Vec<String> {
    let mut names = Vec::with_capacity(graph.instances.len());
    let cells = cells(graph.model);
    let mut taken = HashSet::new();
    for (id, service) in graph.model.services.entries() {
        let instances = &graph.instances[graph.instances_of(id)];
        let called = |service: &str| -> Vec<String> {
            instances
                .iter()
                .map(|it| format!("{arch}.{}.{service}{:02}", cells[it.zone.index()], it.number))
                .collect()
        };
        // `a.b` and `a_b` would be the same, and so would the first of `s1` and number 100 of `s`.
        let mut service = part(&service.name);
        while called(&service).iter().any(|name| taken.contains(name)) {
            service.push('_');
        }
        taken.extend(called(&service));
        names.extend(called(&service));
    }
    names
}

/// By zone: `us-east-1.zoneA`. Zones are called by a letter there; where that makes two the same, the later gets a mark.
fn cells(model: &Model) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for zone in model.zones.iter() {
        let region = part(&model.regions[zone.region].name);
        let letter = part(zone.name.rsplit('/').next().unwrap_or(&zone.name)).to_uppercase();
        let letter = letter.strip_prefix("ZONE").filter(|rest| !rest.is_empty()).unwrap_or(&letter);
        let mut cell = format!("{region}.zone{letter}");
        while cells.contains(&cell) {
            cell.push('_');
        }
        cells.push(cell);
    }
    cells
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

    /// Two zones of which one is called as there, services that dots and numbers make alike.
    #[test]
    fn names_are_as_spigo_has_them_and_each_is_one_instances_own() {
        let text = "
            regions: { us-east-1: { zones: [zoneA, b] } }
            services:
              s1: { do: [ { work: 1ms } ] }
              s: { instances: 101, do: [ { work: 1ms } ] }
              a.b: { instances: 2, do: [ { work: 1ms } ] }
              a_b: { do: [ { work: 1ms } ] }
            workload: { users: { rate: 1/s, to: s } }";
        let model = tarsier_language::load("test", text.as_bytes()).model.expect("it can run");
        let names = names(&Graph::of(&model), "test");
        let of_s = |number: usize| &names[1 + number];
        assert_eq!(
            [&names[0], of_s(0), of_s(1)],
            ["test.us-east-1.zoneA.s100", "test.us-east-1.zoneA.s_00", "test.us-east-1.zoneB.s_01"]
        );
        assert_eq!(
            names[102..],
            ["test.us-east-1.zoneA.a_b00", "test.us-east-1.zoneB.a_b01", "test.us-east-1.zoneA.a_b_00"]
        );
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }

    #[test]
    fn zones_that_letters_make_alike_stay_apart() {
        let text = "
            regions: { east: { zones: [a, zoneA, A, zone] }, e.b: { zones: [a] }, e_b: { zones: [a] } }
            services: { s: { do: [ { work: 1ms } ] } }
            workload: { users: { rate: 1/s, to: s } }";
        let model = tarsier_language::load("test", text.as_bytes()).model.expect("it can run");
        let expected =
            ["east.zoneA", "east.zoneA_", "east.zoneA__", "east.zoneZONE", "e_b.zoneA", "e_b.zoneA_"];
        assert_eq!(cells(&model), expected);
    }

    #[test]
    fn times_are_dates() {
        assert_eq!(at(0.0), "2026-01-01T00:00:00.000000000Z");
        assert_eq!(at(86_400.0 * 31.0 + 3_661.5), "2026-02-01T01:01:01.500000000Z");
        assert_eq!(date(365 + 365 + 31 + 28), (2028, 2, 29));
        assert_eq!(date(365 + 365 + 366), (2029, 1, 1));
    }
}

//! A picture (SVG 1.1 with a style sheet): services in layers from left to right, in light and dark, on screen and paper.

use std::io::{self, Write};

use tarsier_layout::Bend;
use tarsier_model::{Demand, Service, Workload, ZoneId};
use tarsier_units::Id;

use super::xml;
use crate::graph::Graph;
use crate::topology::{Carries, Edge, Topology};

/// Half the width and height of a node.
const HALF: f64 = 15.0;
const ROW: f64 = 68.0;
/// With its label a node reaches further down than up.
const MIDDLE: f64 = 12.0;
const NARROWEST: f64 = 130.0;
const HEAD: f64 = 76.0;
const MARGIN: f64 = 24.0;
/// A letter of a label, on average; labels that are longer are cut, their title is whole.
const LETTER: f64 = 6.6;
const LETTERS: usize = 26;
const REGIONS: usize = 8;

const STYLE: &str = "
  svg { background: #ffffff; font-family: system-ui, sans-serif; }
  text { fill: #1f2933; font-size: 12px; text-anchor: middle; }
  .halo { fill: none; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; stroke-opacity: 0.85; }
  .small { fill: #616e7c; font-size: 10px; }
  .start { text-anchor: start; }
  .title { font-size: 18px; font-weight: 600; text-anchor: start; }
  .edge { fill: none; stroke: #7b8794; stroke-width: 1.3px; stroke-opacity: 0.6; }
  .edge:hover { stroke: #1f2933; stroke-width: 2.5px; stroke-opacity: 1; }
  .unawaited { stroke-dasharray: 5 4; }
  .arrow { fill: #7b8794; }
  .node { stroke: #2f4858; stroke-width: 1.5px; fill: #e4edf5; }
  .users { fill: #fdf0d5; stroke: #a8752a; }
  .gateway, .load-balancer, .edge-dns { fill: #e6e3f7; stroke: #5c4d9e; }
  .cache { fill: #fbe3e0; stroke: #ad4a3c; }
  .store, .replicated-store { fill: #dcf1e4; stroke: #2d7a4b; }
  .queue { fill: #f6e8f5; stroke: #8a4a86; }
  .external { fill: #f1f3f5; stroke: #7b8794; stroke-dasharray: 3 2; }
  @media screen and (prefers-color-scheme: dark) {
    svg { background: #14191f; }
    text { fill: #e4e7eb; }
    .halo { fill: none; stroke: #14191f; }
    .small { fill: #9aa5b1; }
    .edge { stroke: #9aa5b1; stroke-opacity: 0.5; }
    .edge:hover { stroke: #ffffff; }
    .arrow { fill: #9aa5b1; }
    .node { stroke: #8fb3cf; fill: #22333f; }
    .users { fill: #43351a; stroke: #dfae63; }
    .gateway, .load-balancer, .edge-dns { fill: #2e2950; stroke: #a99cec; }
    .cache { fill: #46241f; stroke: #ea8c7e; }
    .store, .replicated-store { fill: #1b3a29; stroke: #6cc48d; }
    .queue { fill: #3d2440; stroke: #d08fcb; }
    .external { fill: #262c33; stroke: #9aa5b1; }
  }
";

pub(super) fn write(graph: &Graph<'_>, out: &mut dyn Write) -> io::Result<()> {
    let topology = Topology::of(graph.model);
    let page = Page::of(graph, &topology);
    page.head(out)?;
    for (edge, bends) in topology.edges.iter().zip(&topology.layout.bends) {
        page.edge(edge, bends, out)?;
    }
    let n_users = graph.model.workloads.len();
    for (id, workload) in graph.model.workloads.entries() {
        page.node(id.index(), "users", &workload.name, &demand(workload), out)?;
    }
    for (id, service) in graph.model.services.entries() {
        page.node(n_users + id.index(), service.kind.name(), &service.name, &page.size(service), out)?;
    }
    writeln!(out, "</svg>")
}

struct Page<'a> {
    graph: &'a Graph<'a>,
    topology: &'a Topology,
    /// From a column to the next.
    pitch: f64,
    left: f64,
    kinds: Vec<&'static str>,
}

impl<'a> Page<'a> {
    fn of(graph: &'a Graph<'a>, topology: &'a Topology) -> Page<'a> {
        let workloads = graph.model.workloads.iter().map(|workload| &workload.name);
        let names = workloads.chain(graph.model.services.iter().map(|service| &service.name));
        let longest = names.map(|name| name.chars().count().min(LETTERS)).max().unwrap_or(0).max(12);
        let label = (longest as f64 * LETTER + 12.0).max(NARROWEST);
        let mut kinds = Vec::new();
        for service in graph.model.services.iter().map(|service| service.kind.name()) {
            if !kinds.contains(&service) {
                kinds.push(service);
            }
        }
        let left = MARGIN + label / 2.0;
        Page { graph, topology, pitch: label / nearest_columns(topology), left, kinds }
    }

    fn x(&self, x: f32) -> f64 {
        self.left + f64::from(x) * self.pitch
    }

    fn y(&self, y: f32) -> f64 {
        HEAD + HALF + f64::from(y) * ROW
    }

    fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let model = self.graph.model;
        let layout = &self.topology.layout;
        let legend = 24.0 + self.kinds.iter().map(|kind| 40.0 + kind.len() as f64 * LETTER).sum::<f64>();
        let width = (self.x(layout.width) + self.left).max(2.0 * MARGIN + legend).max(480.0);
        let height = self.y(layout.height) + ROW + MARGIN;
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">"
        )?;
        writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>", xml(&model.name))?;
        writeln!(
            out,
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\"><path class=\"arrow\" d=\"M0,0.8 8,4 0,7.2z\"/></marker></defs>"
        )?;
        writeln!(out, "<text class=\"title\" x=\"{MARGIN}\" y=\"34\">{}</text>", xml(&model.name))?;
        writeln!(out, "<text class=\"small start\" x=\"{MARGIN}\" y=\"52\">{}</text>", xml(&self.summary()))?;
        self.legend(height - MARGIN, out)
    }

    /// `12 services, 60 instances; us-east-1: a, b, c`.
    fn summary(&self) -> String {
        let model = self.graph.model;
        let region = |(id, region): (tarsier_model::RegionId, &tarsier_model::Region)| {
            let zones = model.zones.iter().filter(|zone| zone.region == id).map(|zone| zone.name.as_str());
            let zones: Vec<&str> = zones.take(REGIONS).collect();
            format!("{}: {}", region.name, zones.join(", "))
        };
        let mut regions: Vec<String> = model.regions.entries().take(REGIONS).map(region).collect();
        if model.regions.len() > REGIONS {
            regions.push(format!("and {} more", model.regions.len() - REGIONS));
        }
        let [services, instances] =
            [(model.services.len(), "service"), (self.graph.instances.len(), "instance")]
                .map(|(n, what)| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
        format!("{services}, {instances}; {}", regions.join("; "))
    }

    fn legend(&self, y: f64, out: &mut dyn Write) -> io::Result<()> {
        let mut x = MARGIN + 8.0;
        for kind in &self.kinds {
            shape(kind, x, y - 4.0, 0.45, out)?;
            writeln!(out, "<text class=\"small start\" x=\"{:.0}\" y=\"{y:.0}\">{kind}</text>", x + 14.0)?;
            x += 40.0 + kind.len() as f64 * LETTER;
        }
        Ok(())
    }

    fn edge(&self, edge: &Edge, bends: &[Bend], out: &mut dyn Write) -> io::Result<()> {
        let [from, to] = [edge.from, edge.to].map(|node| self.topology.layout.spots[node]);
        let style = if matches!(edge.carries, Carries::Calls { awaited: false, .. }) {
            "edge unawaited"
        } else {
            "edge"
        };
        let start = (self.x(from.x), self.y(from.y));
        let end = (self.x(to.x), self.y(to.y));
        let path = match edge.from == edge.to {
            true => loop_at(start),
            false => {
                let side = if start.0 < end.0 { HALF } else { -HALF };
                let passes =
                    bends.iter().map(|bend| [self.x(bend.x.0), self.x(bend.x.1), self.y(bend.y) + MIDDLE]);
                curve((start.0 + side, start.1), (end.0 - side, end.1), passes)
            }
        };
        let title = xml(&edge.labels(self.graph.model).join("\n"));
        writeln!(
            out,
            "<path class=\"{style}\" marker-end=\"url(#arrow)\" d=\"{path}\"><title>{title}</title></path>"
        )
    }

    fn node(&self, node: usize, kind: &str, name: &str, size: &str, out: &mut dyn Write) -> io::Result<()> {
        let spot = self.topology.layout.spots[node];
        let (x, y) = (self.x(spot.x), self.y(spot.y));
        writeln!(out, "<g><title>{}: {kind}, {}</title>", xml(name), xml(size))?;
        shape(kind, x, y, 1.0, out)?;
        for (class, below, text) in [("", 13.0, name), ("small", 25.0, size)] {
            let text = xml(&shortened(text));
            let y = y + HALF + below;
            writeln!(out, "<text class=\"{class} halo\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>")?;
            writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>")?;
        }
        writeln!(out, "</g>")
    }

    /// How many there are, and where if not everywhere.
    fn size(&self, service: &Service) -> String {
        let model = self.graph.model;
        let stands_in = |zone: &ZoneId| service.instances.contains(zone);
        let zones: Vec<ZoneId> = model.zones.ids().filter(stands_in).collect();
        let n = service.instances.len();
        if zones.len() == model.zones.len() || n == 0 {
            return format!("× {n}");
        }
        let regions: Vec<_> = model.regions_of(service).into_iter().collect();
        let place = match (&zones[..], &regions[..]) {
            ([zone], _) => model.zone_label(*zone),
            (_, [region]) if model.regions.len() > 1 => model.regions[*region].name.clone(),
            (_, [_]) => format!("{} zones", zones.len()),
            _ if regions.len() == model.regions.len() => return format!("× {n}"),
            _ => format!("{} regions", regions.len()),
        };
        format!("× {n} in {place}")
    }
}

/// The least distance between columns, in those of the layout.
fn nearest_columns(topology: &Topology) -> f64 {
    let mut columns: Vec<f32> = topology.layout.spots.iter().map(|spot| spot.x).collect();
    columns.sort_unstable_by(f32::total_cmp);
    columns.dedup();
    let gaps = columns.windows(2).map(|pair| f64::from(pair[1] - pair[0]));
    gaps.fold(2.0, f64::min)
}

fn demand(workload: &Workload) -> String {
    match &workload.demand {
        Demand::Open { rate, .. } => {
            let most = workload.demand.most_per_s();
            let upto = if rate.len() > 1 { "up to " } else { "" };
            format!("{upto}{most}/s")
        }
        Demand::Closed { users: 1, .. } => "1 user".to_owned(),
        Demand::Closed { users, .. } => format!("{users} users"),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LETTERS) {
        None => text.to_owned(),
        Some(_) => text.chars().take(LETTERS - 1).chain(['…']).collect(),
    }
}

/// Level where it leaves, where it arrives and where it passes through layers.
fn curve(start: (f64, f64), end: (f64, f64), passes: impl Iterator<Item = [f64; 3]>) -> String {
    let mut path = format!("M{:.1},{:.1}", start.0, start.1);
    let mut at = start;
    let mut bow = |from: (f64, f64), to: (f64, f64)| {
        // Within one column, or back: it swings out to the side.
        let middle = (from.0 + to.0) / 2.0;
        path += &format!(" C{middle:.1},{:.1} {middle:.1},{:.1} {:.1},{:.1}", from.1, to.1, to.0, to.1);
    };
    for [left, right, y] in passes {
        bow(at, (left, y));
        if left != right {
            bow((left, y), (right, y));
        }
        at = (right, y);
    }
    bow(at, end);
    path
}

/// To the right, where nobody's label is.
fn loop_at((x, y): (f64, f64)) -> String {
    let (side, far) = (x + HALF - 2.0, x + HALF + 22.0);
    format!(
        "M{side:.1},{:.1} C{far:.1},{:.1} {far:.1},{:.1} {side:.1},{:.1}",
        y - 7.0,
        y - 16.0,
        y + 16.0,
        y + 7.0
    )
}

/// Round for who acts, angular for what passes on, a drum for what keeps.
fn shape(kind: &str, x: f64, y: f64, scale: f64, out: &mut dyn Write) -> io::Result<()> {
    let half = HALF * scale;
    match kind {
        "users" | "service" | "function" => {
            writeln!(out, "<circle class=\"node {kind}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{half:.1}\"/>")
        }
        "gateway" | "load-balancer" | "edge-dns" => {
            let across = half * 0.55;
            let points = [
                (-half, 0.0),
                (-across, -half),
                (across, -half),
                (half, 0.0),
                (across, half),
                (-across, half),
            ];
            let points = points.map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).join(" ");
            writeln!(out, "<polygon class=\"node {kind}\" points=\"{points}\"/>")
        }
        "cache" | "store" | "replicated-store" => {
            let (left, right, lid) = (x - half * 0.9, x + half * 0.9, half * 0.3);
            let (top, bottom, radius) = (y - half + lid, y + half - lid, half * 0.9);
            writeln!(
                out,
                "<path class=\"node {kind}\" d=\"M{left:.1},{top:.1} A{radius:.1},{lid:.1} 0 0 1 {right:.1},{top:.1} V{bottom:.1} \
                 A{radius:.1},{lid:.1} 0 0 1 {left:.1},{bottom:.1} Z M{left:.1},{top:.1} A{radius:.1},{lid:.1} 0 0 0 {right:.1},{top:.1}\"/>"
            )
        }
        _ => {
            let (left, top, side, flat) = (x - half, y - half * 0.7, half * 2.0, half * 1.4);
            writeln!(
                out,
                "<rect class=\"node {kind}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{side:.1}\" height=\"{flat:.1}\" rx=\"{:.1}\"/>",
                half * 0.25
            )
        }
    }
}

//! A graph that Spigo drew (`spigo -j`), taken back to the architecture it was drawn from.
//!
//! Instances of one name and package are a service; an edge between two of them is a dependency, and one from region
//! to region says that a service named `eureka`. That this is right is seen by drawing it again.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_language::tree::{Kind, Node};
use tarsier_language::{Code, Diagnostic, Place, listed};

use super::architecture::{Architecture, Dependency, REGIONS, Service, ZONES};
use super::expand::{Cell, edges_from, knows, nodes};
use super::package;
use super::read::Reader;

/// An instance of a graph: `migration.us-east-1.zoneA.php00`.
struct Drawn<'n> {
    service: usize,
    cell: Cell,
    name: &'n str,
}

#[derive(Default)]
struct Drawing<'n> {
    instances: Vec<Drawn<'n>>,
    by_name: BTreeMap<&'n str, usize>,
    services: Vec<Service>,
    by_service: BTreeMap<&'n str, usize>,
    /// Services with their numbers, as they end the names of instances.
    numbered: BTreeSet<&'n str>,
}

impl Reader<'_> {
    /// The graph has been scaled before; it may be once more.
    pub(super) fn redrawn(&self, fallback_name: &str, root: &Node) -> Option<Architecture> {
        let graph = root.get("graph")?;
        let Kind::List(entries) = &graph.value.kind else { return None };
        let mut drawing = Drawing::default();
        let names = entries.iter().filter_map(|entry| entry.get("node")?.value.text());
        drawing.numbered = names.filter_map(|name| parts(name).map(|(_, instance)| instance)).collect();
        for entry in entries {
            if let Some(node) = entry.get("node") {
                self.add_instance(&mut drawing, &node.value, entry);
            }
        }
        if drawing.services.is_empty() {
            let message = "there are no instances in this graph";
            self.report(Diagnostic::error(Code::MissingKey, graph.value.place, message));
            return None;
        }
        let edges = self.edges(&drawing, entries);
        drawing.connect(&edges);
        drawing.compare(self, &edges, graph.key.place);
        let text = |key: &str| root.get(key).and_then(|entry| self.text(&entry.value)).unwrap_or_default();
        let name = if fallback_name.is_empty() { text("arch") } else { fallback_name };
        let mut services = drawing.services;
        last_is_root(&mut services);
        for service in &mut services {
            service.count = self.scaled((service.count, service.place));
            service.regions = self.spread((service.regions, service.place));
        }
        Some(Architecture::new(name, text("description"), None, services))
    }

    fn add_instance<'n>(&self, drawing: &mut Drawing<'n>, node: &'n Node, entry: &'n Node) {
        let Some(name) = self.text(node) else { return };
        let found = parts(name).and_then(|(cell, instance)| Some((cell, drawing.service_of(instance)?)));
        let Some((cell, service)) = found else {
            let message = format!("`{name}` is not the name of an instance");
            let diagnostic = Diagnostic::error(Code::BadName, node.place, message);
            self.report(diagnostic.hint(format!(
                "it is ARCHITECTURE.REGION.ZONE.SERVICE and a number, as in `lamp.us-east-1.zoneA.webserver00`, which \
                 `spigo -f` leaves out; the regions are {}",
                listed(REGIONS)
            )));
            return;
        };
        // Before version 0.4 the key was another.
        let package = ["package", "service"].iter().find_map(|key| entry.get(key));
        let Some(package) = package.and_then(|entry| self.package(&entry.value)) else { return };
        let services = &mut drawing.services;
        let at = *drawing.by_service.entry(service).or_insert_with(|| {
            services.push(Service {
                name: service.to_owned(),
                place: node.place,
                package: package::meant(package, service),
                called: package.name,
                count: 0,
                regions: 0,
                dependencies: Vec::new(),
                is_everywhere: false,
            });
            services.len() - 1
        });
        drawing.by_name.insert(name, drawing.instances.len());
        drawing.instances.push(Drawn { service: at, cell, name });
    }

    /// Those that were drawn and not erased, by their ends.
    fn edges(&self, drawing: &Drawing<'_>, entries: &[Node]) -> BTreeMap<(usize, usize), Place> {
        let mut edges = BTreeMap::new();
        for entry in entries {
            let end = |key| {
                let node = &entry.get(key)?.value;
                let found = drawing.by_name.get(node.text()?).copied();
                if found.is_none() {
                    let message = "no instance of the graph has this name";
                    self.report(Diagnostic::error(Code::UnknownName, node.place, message));
                }
                found
            };
            if let Some(edge) = entry.get("edge")
                && let (Some(from), Some(to)) = (end("source"), end("target"))
            {
                edges.insert((from, to), edge.key.place);
            } else if entry.get("forget").is_some()
                && let (Some(from), Some(to)) = (end("source"), end("target"))
            {
                edges.remove(&(from, to));
            }
        }
        edges
    }
}

/// Where an instance stands, and its service with its number.
fn parts(name: &str) -> Option<(Cell, &str)> {
    let mut parts = name.split('.');
    let (_, region, zone) = (parts.next()?, parts.next()?, parts.next()?);
    let instance = parts.next().filter(|_| parts.next().is_none())?;
    let position = |names: &[&str], name: &str| match name {
        "*" => Some(None),
        _ => names.iter().position(|known| *known == name).map(Some),
    };
    let cell = Cell { region: position(&REGIONS, region)?, zone: position(&ZONES, zone)?, n: 1 };
    Some((cell, instance))
}

/// Of the number of an instance.
const MOST_DIGITS: usize = 7;

impl Drawing<'_> {
    /// `php` of `php07` and of `php123`. Of `s300` it is `s` if there is an `s00` to count from, and else `s3`.
    fn service_of<'i>(&self, instance: &'i str) -> Option<&'i str> {
        let name = instance.trim_end_matches(|c: char| c.is_ascii_digit());
        let most = instance.len() - name.len();
        let of = |n_digits: usize| instance.split_at(instance.len() - n_digits);
        // Numbers of more than two digits do not begin with 0.
        let longer = (3..=most.min(MOST_DIGITS)).rev().map(of).filter(|(_, number)| !number.starts_with('0'));
        let counted =
            longer.map(|(name, _)| name).find(|name| self.numbered.contains(format!("{name}00").as_str()));
        counted.or_else(|| (most >= 2).then(|| of(2).0)).filter(|name| !name.is_empty())
    }

    /// Counts, regions and dependencies, from where the instances stand and whom they know.
    fn connect(&mut self, edges: &BTreeMap<(usize, usize), Place>) {
        for (at, service) in self.services.iter_mut().enumerate() {
            let own = || self.instances.iter().filter(|instance| instance.service == at);
            let regions: BTreeSet<usize> = own().filter_map(|instance| instance.cell.region).collect();
            service.regions = regions.len() as u64;
            if own().any(|instance| instance.cell.zone.is_some()) {
                service.count = own().count() as u64 / service.regions.max(1);
            }
        }
        let (mut known, mut crossed) = (BTreeSet::new(), BTreeSet::new());
        for ((from, to), place) in edges {
            let [from, to] = [from, to].map(|at| &self.instances[*at]);
            if known.insert((from.service, to.service)) {
                let dependency = Dependency { on: to.service, place: *place };
                self.services[from.service].dependencies.push(dependency);
            }
            let [a, b] = [from, to].map(|end| end.cell.region);
            if a.is_some() && b.is_some() && a != b {
                crossed.insert((from.service, to.service));
            }
        }
        // A cluster that crosses regions is itself why others reach it there.
        let clusters = crossed.iter().filter(|(from, to)| from == to);
        let clusters: Vec<usize> = clusters.map(|(from, _)| *from).collect();
        clusters.into_iter().for_each(|at| self.services[at].is_everywhere = true);
        for (from, to) in crossed {
            if !self.services[from].is_everywhere {
                self.services[to].is_everywhere = true;
            }
        }
    }

    /// Whether the services that were found, drawn again, give the same graph.
    fn compare(&self, reader: &Reader<'_>, edges: &BTreeMap<(usize, usize), Place>, place: Place) {
        let n_instances: u64 = self.services.iter().map(Service::n_instances).sum();
        let n_edges: u64 = self.services.iter().map(|service| edges_from(&self.services, service)).sum();
        let is_same = n_instances == self.by_name.len() as u64
            && n_edges == edges.len() as u64
            && self.redrawn() == self.drawn(edges);
        if !is_same {
            let message = format!(
                "Spigo would not draw this graph: {} instances and {} edges, where it has {n_instances} and {n_edges}",
                self.by_name.len(),
                edges.len(),
            );
            let hint = "some were added, taken away or moved; what runs is the architecture nearest to it";
            reader.warn(Code::OddGraph, place, message, hint);
        }
    }

    fn drawn(&self, edges: &BTreeMap<(usize, usize), Place>) -> BTreeSet<(String, String)> {
        let name = |at: &usize| self.instances[*at].name.to_owned();
        edges.keys().map(|(from, to)| (name(from), name(to))).collect()
    }

    fn redrawn(&self) -> BTreeSet<(String, String)> {
        let architecture = self.instances[0].name.split('.').next().unwrap_or_default();
        let nodes: Vec<Vec<(String, Cell)>> =
            self.services.iter().map(|service| nodes(architecture, service)).collect();
        let mut edges = BTreeSet::new();
        for (caller, here) in self.services.iter().zip(&nodes) {
            for Dependency { on, .. } in &caller.dependencies {
                let pairs = here.iter().flat_map(|from| nodes[*on].iter().map(move |to| (from, to)));
                let known = pairs.filter(|((from, here), (to, there))| {
                    from != to && knows(caller, *here, &self.services[*on], *there)
                });
                edges.extend(known.map(|((from, _), (to, _))| (from.clone(), to.clone())));
            }
        }
        edges
    }
}

/// Nobody depends on the root: the last such service of the graph goes to the end.
fn last_is_root(services: &mut Vec<Service>) {
    let mut is_called = vec![false; services.len()];
    for (at, service) in services.iter().enumerate() {
        let others = service.dependencies.iter().filter(|dependency| dependency.on != at);
        others.for_each(|dependency| is_called[dependency.on] = true);
    }
    let Some(root) = is_called.iter().rposition(|is_called| !is_called) else { return };
    let service = services.remove(root);
    services.push(service);
    let last = services.len() - 1;
    for dependency in services.iter_mut().flat_map(|service| &mut service.dependencies) {
        dependency.on = match dependency.on {
            on if on == root => last,
            on if on > root => on - 1,
            on => on,
        };
    }
}

//! Regions, zones, and where instances stand.

use tarsier_model::{Model, Region, RegionId, Zone, ZoneId};
use tarsier_units::Id;

use super::call::one_or_many;
use super::context::Context;
use super::fields::Fields;
use super::names::{Names, check_name};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{INSTANCES, REGION};
use crate::limits::{MAX_INSTANCES, MAX_REGIONS};
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

const DEFAULT_REGION: &str = "us-east-1";
const DEFAULT_ZONES: [&str; 3] = ["a", "b", "c"];

/// Declares the regions and zones of the file, or those there are without any.
pub(super) fn declare(cx: &mut Context<'_>, regions: Option<&Node>) {
    let mut names = std::mem::take(&mut cx.names);
    match regions.map(|node| (node, &node.kind)) {
        Some((_, Kind::Map(entries))) if !entries.is_empty() => {
            for entry in entries.iter().take(MAX_REGIONS) {
                declare_region(cx, &mut names, entry);
            }
            if let Some(entry) = entries.get(MAX_REGIONS) {
                let message = format!("an architecture has at most {MAX_REGIONS} regions");
                cx.report(Diagnostic::error(Code::OutOfRange, entry.key.place, message));
            }
        }
        Some((node, kind)) => {
            if *kind != Kind::Broken {
                let message = format!("expected regions by name, found {}", node.what());
                let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
                cx.report(diagnostic.hint("as in `regions: { us-east-1: { zones: [a, b, c] } }`"));
            }
            names.add_region(DEFAULT_REGION, node.place, &DEFAULT_ZONES, true);
        }
        None => names.add_region(DEFAULT_REGION, Place::default(), &DEFAULT_ZONES, true),
    }
    cx.names = names;
}

fn declare_region(cx: &Context<'_>, names: &mut Names, entry: &Entry) {
    check_name(cx, &entry.key.text, entry.key.place, "a region");
    let zones = match &entry.value.kind {
        Kind::Null => None,
        _ => Fields::open(cx, &entry.value, &REGION, entry.key.place).and_then(|fields| fields.get("zones")),
    };
    let zones = zones.map(|node| zone_names(cx, node));
    let is_usual = zones.is_none();
    let zones = zones.as_deref().unwrap_or(&DEFAULT_ZONES);
    names.add_region(&entry.key.text, entry.key.place, zones, is_usual);
}

fn zone_names<'n>(cx: &Context<'_>, node: &'n Node) -> Vec<&'n str> {
    let Kind::List(items) = &node.kind else {
        if node.kind != Kind::Broken {
            let message = format!("expected a list of zones, found {}", node.what());
            cx.report(
                Diagnostic::error(Code::WrongShape, node.place, message).hint("as in `zones: [a, b, c]`"),
            );
        }
        return DEFAULT_ZONES.to_vec();
    };
    if items.is_empty() {
        let message = "a region needs at least one zone";
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut zones = Vec::new();
    for item in items {
        let Some(name) = cx.text(item, "the name of a zone") else { continue };
        if !check_name(cx, name, item.place, "a zone") {
            continue;
        }
        if !seen.insert(name) {
            let message = format!("the zone `{name}` is given twice");
            cx.report(Diagnostic::error(Code::DuplicateKey, item.place, message));
            continue;
        }
        zones.push(name);
    }
    zones
}

/// Puts the declared places into the model.
pub(super) fn fill(names: &Names, model: &mut Model) {
    model.regions = names.regions.iter().map(|region| Region { name: region.name.clone() }).collect();
    model.zones =
        names.zones.iter().map(|zone| Zone { name: zone.name.clone(), region: zone.region }).collect();
}

/// The zone of each instance: evenly over the zones it may stand in, first zones first.
pub(super) fn instances(
    cx: &Context<'_>,
    number: Option<&Node>,
    zones: &[Vec<ZoneId>],
    place: Place,
) -> Vec<ZoneId> {
    let number = match number {
        None => Some(Number::InAll(1)),
        Some(node) => read_number(cx, node),
    };
    let Some(number) = number.filter(|_| !zones.is_empty()) else { return Vec::new() };
    let n_zones: usize = zones.iter().map(Vec::len).sum();
    let n_instances = match number {
        Number::InAll(n) => n,
        Number::PerZone(n) => n.saturating_mul(n_zones as u64),
        Number::PerRegion(n) => n.saturating_mul(zones.len() as u64),
    };
    let left = cx.instances_left.get();
    if n_instances > left {
        let message = format!("all services together have more than {MAX_INSTANCES} instances");
        cx.report(Diagnostic::error(Code::OutOfRange, place, message));
        return Vec::new();
    }
    cx.instances_left.set(left - n_instances);
    let spread = |zones: &[ZoneId], n: u64| -> Vec<ZoneId> {
        zones.iter().copied().cycle().take(n as usize).collect()
    };
    match number {
        Number::PerRegion(n) => zones.iter().flat_map(|zones| spread(zones, n)).collect(),
        _ => spread(&zones.concat(), n_instances),
    }
}

enum Number {
    InAll(u64),
    PerZone(u64),
    PerRegion(u64),
}

/// `6`, `{ per-zone: 2 }`, or `{ per-region: 6 }`.
fn read_number(cx: &Context<'_>, node: &Node) -> Option<Number> {
    let count = |node| cx.count(node, 1, MAX_INSTANCES);
    let Some(entries) = node.entries() else { return count(node).map(Number::InAll) };
    let fields = Fields::open(cx, node, &INSTANCES, node.place)?;
    if entries.iter().all(|entry| !matches!(entry.key.text.as_str(), "per-zone" | "per-region")) {
        if entries.is_empty() {
            let message = "the instances of a service need `per-zone` or `per-region`";
            cx.report(Diagnostic::error(Code::MissingKey, node.place, message));
        }
        fields.abandon();
        return None;
    }
    let given = fields.one_of(cx, &["per-zone", "per-region"])?;
    let n = count(&given.value)?;
    Some(if given.key.text == "per-zone" { Number::PerZone(n) } else { Number::PerRegion(n) })
}

/// The zones of each region that a service may stand in: all of the file, or those it names.
pub(super) fn zones_by_region(cx: &Context<'_>, named: Option<&Node>) -> Vec<Vec<ZoneId>> {
    let mut zones = vec![Vec::new(); cx.names.regions.len()];
    for (index, zone) in cx.names.zones.iter().enumerate() {
        zones[zone.region.index()].push(ZoneId::from_index(index));
    }
    if let Some(node) = named.filter(|node| node.text() != Some("all")) {
        let named = named_regions(cx, node, "a service stands in at least one region");
        for (region, zones) in zones.iter_mut().enumerate() {
            if !named.contains(&RegionId::from_index(region)) {
                zones.clear();
            }
        }
    }
    zones.retain(|zones| !zones.is_empty());
    zones
}

/// A region, or a list of them, each once.
pub(super) fn named_regions(cx: &Context<'_>, node: &Node, at_least: &str) -> Vec<RegionId> {
    let mut regions: Vec<RegionId> = Vec::new();
    for node in one_or_many(node) {
        let Some(region) = cx.region(node) else { continue };
        if regions.contains(&region) {
            cx.report(Diagnostic::error(Code::DuplicateKey, node.place, "this region is given twice"));
        } else {
            regions.push(region);
        }
    }
    if one_or_many(node).is_empty() {
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, at_least));
    }
    regions
}

//! Regions, zones, and where instances stand.

use tarsier_model::{Model, Region, Zone, ZoneId};
use tarsier_units::Id;

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

/// The zone of each instance: evenly over all zones, first zones first.
pub(super) fn instances(cx: &Context<'_>, node: Option<&Node>, place: Place) -> Vec<ZoneId> {
    let n_zones = cx.names.zones.len();
    let n_instances = match node {
        None => Some(1),
        Some(node) => n_instances(cx, node, n_zones as u64),
    };
    let Some(n_instances) = n_instances.filter(|_| n_zones > 0) else { return Vec::new() };
    let left = cx.instances_left.get();
    if n_instances > left {
        let message = format!("all services together have more than {MAX_INSTANCES} instances");
        cx.report(Diagnostic::error(Code::OutOfRange, node.map_or(place, |node| node.place), message));
        return Vec::new();
    }
    cx.instances_left.set(left - n_instances);
    (0..n_zones).map(ZoneId::from_index).cycle().take(n_instances as usize).collect()
}

/// `6`, or `{ per-zone: 2 }`.
fn n_instances(cx: &Context<'_>, node: &Node, n_zones: u64) -> Option<u64> {
    if !matches!(node.kind, Kind::Map(_)) {
        return cx.count(node, 1, MAX_INSTANCES);
    }
    let fields = Fields::open(cx, node, &INSTANCES, node.place)?;
    match fields.get("per-zone") {
        Some(node) => Some(cx.count(node, 1, MAX_INSTANCES)?.saturating_mul(n_zones)),
        None => {
            if node.entries().is_none_or(|entries| entries.is_empty()) {
                let message = "the instances of a service need `per-zone`";
                cx.report(Diagnostic::error(Code::MissingKey, node.place, message));
            }
            None
        }
    }
}

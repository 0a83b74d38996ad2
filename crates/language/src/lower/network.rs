//! How long messages take.

use std::collections::BTreeSet;

use tarsier_model::{Link, Network, RegionPair};
use tarsier_random::Law;

use super::context::Context;
use super::fields::Fields;
use super::names::Reference;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::NETWORK;
use crate::tree::{Entry, Key, Kind, Node};

/// `none`, or what differs from a public cloud.
pub(super) fn network(cx: &Context<'_>, node: Option<&Node>) -> Network {
    let Some(node) = node else { return Network::cloud() };
    if let Some(text) = node.text() {
        if text != "none" {
            let diagnostic =
                Diagnostic::error(Code::UnknownWord, node.place, format!("unknown word `{text}`"));
            cx.report(diagnostic.label("expected `none` or a mapping"));
        }
        return Network::none();
    }
    let (pairs, keys) = without_pairs(node);
    let Some(fields) = Fields::open(cx, &keys, &NETWORK, node.place) else { return Network::none() };
    let cloud = Network::cloud();
    let link = |name: &str, usual: Link| fields.get(name).and_then(|node| link(cx, node)).unwrap_or(usual);
    Network {
        users: link("users", cloud.users),
        same_host: link("same-host", cloud.same_host),
        same_zone: link("same-zone", cloud.same_zone),
        cross_zone: link("cross-zone", cloud.cross_zone),
        cross_region: link("cross-region", cloud.cross_region),
        pairs: pairs_of(cx, &pairs),
        bandwidth: fields.get("bandwidth").and_then(|node| cx.bandwidth(node)).map(|rate| rate.per_second),
        loss: fields.get("loss").and_then(|node| loss(cx, node)).unwrap_or(0.0),
    }
}

/// Keys such as `us-east-1 <-> eu-west-1` are the file's own.
fn without_pairs(node: &Node) -> (Vec<&Entry>, Node) {
    let Kind::Map(entries) = &node.kind else { return (Vec::new(), node.clone()) };
    let is_pair = |entry: &&Entry| entry.key.text.contains("->");
    let keys = entries.iter().filter(|entry| !is_pair(entry)).cloned().collect();
    (entries.iter().filter(is_pair).collect(), Node { place: node.place, kind: Kind::Map(keys) })
}

fn pairs_of(cx: &Context<'_>, entries: &[&Entry]) -> Vec<RegionPair> {
    let mut pairs: Vec<RegionPair> = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries {
        let Some(pair) = pair(cx, entry) else { continue };
        let mut both = pair.regions;
        both.sort_unstable();
        if !seen.insert(both) {
            let message = "this pair of regions is given twice";
            cx.report(
                Diagnostic::error(Code::DuplicateKey, entry.key.place, message)
                    .hint("a pair holds both ways"),
            );
        }
        pairs.push(pair);
    }
    pairs
}

fn one_way(key: &Key) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code::UnknownKey, key.place, "latency between regions is the same both ways");
    diagnostic.label(format!("write `{}`", key.text.replace("->", "<->")))
}

fn pair(cx: &Context<'_>, entry: &Entry) -> Option<RegionPair> {
    let whole = Reference::of_key(&entry.key);
    let Some(arrow) = whole.text.find("<->") else {
        cx.report(one_way(&entry.key));
        return None;
    };
    let first = cx.region_of(whole.part(0, arrow));
    let second = cx.region_of(whole.part(arrow + 3, whole.text.len()));
    let link = link(cx, &entry.value);
    let regions = [first?, second?];
    if regions[0] == regions[1] {
        let message = "a pair is of two different regions";
        let diagnostic = Diagnostic::error(Code::OutOfRange, entry.key.place, message);
        cx.report(diagnostic.hint("latency within a region is `same-zone` and `cross-zone`"));
        return None;
    }
    Some(RegionPair { regions, link: link? })
}

/// No time at all is no latency rather than a latency of zero.
fn link(cx: &Context<'_>, node: &Node) -> Option<Link> {
    if super::scalars::is_none(node) {
        return Some(Link { latency: None });
    }
    let law = cx.law(node)?;
    Some(Link { latency: (law != Law::Constant(0.0)).then_some(law) })
}

fn loss(cx: &Context<'_>, node: &Node) -> Option<f64> {
    let loss = cx.share(node)?;
    if loss >= 1.0 {
        let message = "a network that loses everything never delivers anything";
        cx.report(Diagnostic::error(Code::OutOfRange, node.place, message).label("expected less than 100%"));
        return None;
    }
    Some(loss)
}

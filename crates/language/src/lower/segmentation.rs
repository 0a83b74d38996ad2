//! Who may talk to whom: `allow: edge -> services -> data`.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_model::{Enforce, Group, Member, Model, Rule, Segmentation, ServiceId, Verdict};

use super::call::one_or_many;
use super::context::Context;
use super::fields::Fields;
use super::named::{Named, Sort};
use super::names::{Reference, check_name};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::keys::{RULE, SEGMENTATION};
use crate::limits::{MAX_GROUPS, MAX_MEMBERS, MAX_RULES};
use crate::place::Place;
use crate::tree::{Entry, Kind, Node};

const MEMBERS: &[Sort] = &[Sort::Users, Sort::Service, Sort::Zone, Sort::Region, Sort::Kind];
const ANYONE: &str = "anyone";

pub(super) fn segmentation(cx: &Context<'_>, node: &Node, model: &Model) -> Option<Segmentation> {
    let fields = Fields::open(cx, node, &SEGMENTATION, node.place)?;
    let mut reader = Reader { cx, model, groups: Vec::new(), ids: BTreeMap::new(), n_members: 0 };
    if let Some(node) = fields.get("groups") {
        reader.declare(node);
    }
    let rules = fields.get("rules").map_or_else(Vec::new, |node| reader.rules(node));
    let allows = rules.iter().any(|(rule, _)| rule.verdict == Verdict::Allow);
    let usual = if allows { Verdict::Deny } else { Verdict::Allow };
    let default = fields.get("default").and_then(|node| verdict(cx, node)).unwrap_or(usual);
    let enforce = fields.get("enforce").and_then(|node| enforce(cx, node)).unwrap_or_default();
    let independent = fields.get("independent").map_or_else(Vec::new, |node| independent(cx, node));
    doubt_rules(cx, &rules);
    cx.places.borrow_mut().rules = rules.iter().map(|(_, place)| *place).collect();
    let rules = rules.into_iter().map(|(rule, _)| rule).collect();
    Some(Segmentation { groups: reader.groups, rules, default, enforce, independent })
}

fn verdict(cx: &Context<'_>, node: &Node) -> Option<Verdict> {
    match cx.word_of(node, &SEGMENTATION, "default")? {
        "allow" => Some(Verdict::Allow),
        "deny" => Some(Verdict::Deny),
        other => unreachable!("`{other}` is in the table of verdicts"),
    }
}

fn enforce(cx: &Context<'_>, node: &Node) -> Option<Enforce> {
    match cx.word_of(node, &SEGMENTATION, "enforce")? {
        "check" => Some(Enforce::Check),
        "runtime" => Some(Enforce::Runtime),
        other => unreachable!("`{other}` is in the table of enforcements"),
    }
}

/// The groups as they grow: what stands alone in a rule is a group of one.
struct Reader<'c, 'n> {
    cx: &'c Context<'n>,
    model: &'c Model,
    groups: Vec<Group>,
    ids: BTreeMap<String, u32>,
    n_members: usize,
}

impl Reader<'_, '_> {
    fn declare(&mut self, node: &Node) {
        let Kind::Map(entries) = &node.kind else {
            if self.cx.text(node, "a mapping of names to members").is_some() {
                let message = "expected groups by name, found a single value";
                let diagnostic = Diagnostic::error(Code::WrongShape, node.place, message);
                self.cx.report(diagnostic.hint("as in `groups: { edge: [web, users] }`"));
            }
            return;
        };
        if !self.cx.few_enough(entries.len(), MAX_GROUPS, "groups", node.place) {
            return;
        }
        for entry in entries {
            self.declare_group(entry);
        }
    }

    fn declare_group(&mut self, entry: &Entry) {
        let name = &entry.key.text;
        if check_name(self.cx, name, entry.key.place, "a group") {
            self.check_taken(name, entry.key.place);
        }
        let nodes = one_or_many(&entry.value);
        if nodes.is_empty() {
            let diagnostic = Diagnostic::error(Code::OutOfRange, entry.value.place, "a group has members");
            self.cx.report(diagnostic.hint("as in `edge: [web, users]`"));
        }
        let mut members: Vec<Member> = Vec::new();
        let mut seen = BTreeSet::new();
        for node in nodes {
            if node.text().is_none_or(|text| seen.insert(text)) {
                members.extend(self.members(node).unwrap_or_default());
            } else {
                let message = "this is a member already";
                self.cx.report(Diagnostic::error(Code::DuplicateKey, node.place, message));
            }
            if !self.cx.few_enough(
                self.n_members + members.len(),
                MAX_MEMBERS,
                "members of groups",
                node.place,
            ) {
                members.clear();
                break;
            }
        }
        self.n_members += members.len();
        self.add(name, members);
    }

    /// A name of a group that is also something else would mean either.
    fn check_taken(&self, name: &str, place: Place) {
        let others = self.cx.all_named(name, MEMBERS);
        if name == ANYONE || others.iter().any(|(_, named)| !self.cx.is_usual_zone(*named)) {
            let message = format!("`{name}` cannot be the name of a group: it is taken");
            let diagnostic = Diagnostic::error(Code::Ambiguous, place, message);
            self.cx.report(diagnostic.hint("rules could mean either"));
        }
    }

    fn add(&mut self, name: &str, members: Vec<Member>) -> u32 {
        let id = self.groups.len() as u32;
        self.groups.push(Group { name: name.to_owned(), members });
        self.ids.insert(name.to_owned(), id);
        id
    }

    fn members(&self, node: &Node) -> Option<Vec<Member>> {
        let reference = self.cx.reference(node, "a service, a zone, a region, a kind or `users`")?;
        self.members_of(reference, &Vec::new)
    }

    /// A kind stands for all services of that kind.
    fn members_of(&self, reference: Reference<'_>, groups: &dyn Fn() -> Vec<String>) -> Option<Vec<Member>> {
        Some(match self.cx.named_or(reference, MEMBERS, groups)? {
            Named::Users => vec![Member::Users],
            Named::Service(service) => vec![Member::Service(service)],
            Named::Zone(zone) => vec![Member::Zone(zone)],
            Named::Region(region) => vec![Member::Region(region)],
            Named::Kind(kind) => {
                let of_kind = self.model.services.entries().filter(|(_, service)| service.kind == kind);
                of_kind.map(|(id, _)| Member::Service(id)).collect()
            }
        })
    }

    fn rules(&mut self, node: &Node) -> Vec<(Rule, Place)> {
        let mut rules = Vec::new();
        for node in one_or_many(node) {
            rules.extend(self.rule(node));
            if !self.cx.few_enough(rules.len(), MAX_RULES, "rules", node.place) {
                return Vec::new();
            }
        }
        rules
    }

    fn rule(&mut self, node: &Node) -> Vec<(Rule, Place)> {
        let Some(fields) = Fields::open(self.cx, node, &RULE, node.place) else { return Vec::new() };
        let Some(given) = fields.one_of(self.cx, &["allow", "deny"]) else { return Vec::new() };
        let verdict = if given.key.text == "allow" { Verdict::Allow } else { Verdict::Deny };
        one_or_many(&given.value).iter().take(MAX_RULES + 1).flat_map(|way| self.ways(way, verdict)).collect()
    }

    /// `a -> b -> c`, `a <-> b`.
    fn ways(&mut self, node: &Node, verdict: Verdict) -> Vec<(Rule, Place)> {
        let Some(whole) = self.cx.reference(node, "a way such as `edge -> data`") else { return Vec::new() };
        let arrows: Vec<usize> = whole.text.match_indices("->").map(|(at, _)| at).collect();
        if !self.cx.few_enough(arrows.len(), MAX_RULES, "rules", node.place) {
            return Vec::new();
        }
        if arrows.is_empty() {
            let message = format!("expected a way such as `edge -> data`, found `{}`", whole.text);
            self.cx.report(Diagnostic::error(Code::WrongShape, node.place, message));
            return Vec::new();
        }
        let is_double = |at: usize| whole.text[..at].ends_with('<');
        let starts = std::iter::once(0).chain(arrows.iter().map(|at| at + 2));
        let ends = arrows.iter().map(|at| at - usize::from(is_double(*at))).chain([whole.text.len()]);
        let ends: Vec<Option<Option<u32>>> =
            starts.zip(ends).map(|(start, end)| self.end(whole.part(start, end))).collect();
        let mut rules = Vec::new();
        for (pair, at) in ends.windows(2).zip(&arrows) {
            let (Some(from), Some(to)) = (pair[0], pair[1]) else { continue };
            rules.push((Rule { from, to, verdict }, node.place));
            if is_double(*at) {
                rules.push((Rule { from: to, to: from, verdict }, node.place));
            }
        }
        rules
    }

    /// A group, what may stand in one, or everybody.
    fn end(&mut self, reference: Reference<'_>) -> Option<Option<u32>> {
        if reference.text == ANYONE {
            return Some(None);
        }
        if let Some(known) = self.ids.get(reference.text) {
            return Some(Some(*known));
        }
        let groups = || self.groups.iter().map(|group| group.name.clone()).collect();
        let members = self.members_of(reference, &groups)?;
        Some(Some(self.add(reference.text, members)))
    }
}

/// Rules that an earlier one always precedes.
fn doubt_rules(cx: &Context<'_>, rules: &[(Rule, Place)]) {
    let covers = |one: Option<u32>, other: Option<u32>| one.is_none() || one == other;
    for (number, (rule, place)) in rules.iter().enumerate() {
        let earlier = rules[..number]
            .iter()
            .find(|(earlier, _)| covers(earlier.from, rule.from) && covers(earlier.to, rule.to));
        if let Some((_, earlier)) = earlier {
            let diagnostic = Diagnostic::warning(Code::NoEffect, *place, "this rule never decides");
            cx.report(diagnostic.related(*earlier, "this one always comes first"));
        }
    }
}

/// A list of services, or several of them.
fn independent(cx: &Context<'_>, node: &Node) -> Vec<Vec<ServiceId>> {
    let Kind::List(items) = &node.kind else {
        if cx.text(node, "a list of services").is_some() {
            let message = "expected a list of services, found a single value";
            cx.report(Diagnostic::error(Code::WrongShape, node.place, message).hint("as in `[y, z]`"));
        }
        return Vec::new();
    };
    let lists = items.iter().all(|item| matches!(item.kind, Kind::List(_)));
    let sets = if lists { items.as_slice() } else { std::slice::from_ref(node) };
    if !cx.few_enough(sets.len(), MAX_GROUPS, "sets of independent services", node.place) {
        return Vec::new();
    }
    sets.iter().map(|set| independent_set(cx, set)).collect()
}

fn independent_set(cx: &Context<'_>, node: &Node) -> Vec<ServiceId> {
    let mut services = Vec::new();
    let mut seen = BTreeSet::new();
    for node in one_or_many(node) {
        let Some(service) = cx.service(node) else { continue };
        if seen.insert(service) {
            services.push(service);
        } else {
            cx.contradiction(node.place, "a service is not independent of itself");
        }
    }
    if one_or_many(node).len() < 2 {
        let message = "independence is between two services at least";
        cx.report(
            Diagnostic::error(Code::OutOfRange, node.place, message).hint("as in `independent: [y, z]`"),
        );
    }
    services
}

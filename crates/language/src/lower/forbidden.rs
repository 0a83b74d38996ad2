//! Calls that the segmentation forbids, where they stand.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_model::{Balance, Call, End, Endpoint, Enforce, Model, Passage, Segmentation, ServiceId, ZoneId};

use super::context::Context;
use super::doubts::sizes_set;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

/// All of them, unless they are to be refused when they are made.
pub(super) fn report(cx: &Context<'_>, model: &Model) {
    let Some(mut judge) = Judge::of(cx, model) else { return };
    let places = cx.places.borrow();
    for (workload, places) in model.workloads.iter().zip(&places.destinations) {
        for ((_, to), place) in workload.mix.iter().zip(places) {
            judge.judge((None, model.endpoints[*to].service, Balance::RoundRobin), *place);
        }
    }
    for (endpoint, places) in model.endpoints.iter().zip(&places.calls) {
        for (call, place) in endpoint.calls().into_iter().zip(places) {
            judge.judge(way(model, endpoint.service, call), *place);
        }
    }
    drop(places);
    report_set(cx, model);
}

/// Those from and to instances that join where nobody of their service stands yet, at what sets their number.
pub(super) fn report_set(cx: &Context<'_>, model: &Model) {
    let Some(mut judge) = Judge::of(cx, model) else { return };
    for sizes in sizes_set(cx).values() {
        judge.judge_sizes(sizes);
    }
}

/// Caller, callee, and how near the call stays: all that do not mind where they stand are alike.
type Way = (Option<ServiceId>, ServiceId, Balance);

fn way(model: &Model, from: ServiceId, call: &Call) -> Way {
    let balance = call.policy.balance;
    let balance = if balance.is_local() { balance } else { Balance::RoundRobin };
    (Some(from), model.endpoints[call.to].service, balance)
}

fn ways(model: &Model) -> BTreeSet<Way> {
    let destinations = model.workloads.iter().flat_map(|workload| &workload.mix);
    let by_users = destinations.map(|(_, to)| (None, model.endpoints[*to].service, Balance::RoundRobin));
    let calls = |endpoint: &'_ Endpoint| -> Vec<Way> {
        endpoint.calls().into_iter().map(|call| way(model, endpoint.service, call)).collect()
    };
    by_users.chain(model.endpoints.iter().flat_map(calls)).collect()
}

struct Judge<'a, 'n> {
    cx: &'a Context<'n>,
    model: &'a Model,
    rules: &'a Segmentation,
    known: BTreeMap<Way, Passage>,
}

impl<'a, 'n> Judge<'a, 'n> {
    fn of(cx: &'a Context<'n>, model: &'a Model) -> Option<Judge<'a, 'n>> {
        let rules = model.segmentation.as_ref().filter(|rules| rules.enforce == Enforce::Check)?;
        Some(Judge { cx, model, rules, known: BTreeMap::new() })
    }

    fn passage(&mut self, way: Way) -> Passage {
        let (from, to, balance) = way;
        *self.known.entry(way).or_insert_with(|| self.model.passage_balanced(balance, from, to))
    }

    fn judge(&mut self, way: Way, place: Place) {
        let passage = self.passage(way);
        if let Some(ends) = passage.forbidden {
            self.forbid(ends, passage.is_closed(), place);
        }
    }

    fn judge_sizes(&mut self, sizes: &BTreeMap<ServiceId, (u32, Place)>) {
        let services = &self.model.services;
        let zones = |(id, (to, _)): (&ServiceId, &(u32, Place))| {
            let most = services[*id].instances.len().max(*to as usize);
            let zones: BTreeSet<ZoneId> = services[*id].zones_of(most).into_iter().collect();
            (*id, zones.into_iter().collect())
        };
        let grown: BTreeMap<ServiceId, Vec<ZoneId>> = sizes.iter().map(zones).collect();
        let stands = |id| grown.get(&id).unwrap_or(&services[id].instances).clone();
        let joined = |end: &End| match end {
            End::Instance { service, zone, .. } if !services[*service].instances.contains(zone) => {
                sizes.get(service).map(|(_, place)| *place)
            }
            _ => None,
        };
        let is_new =
            |(from, to, _): &Way| from.is_some_and(|it| grown.contains_key(&it)) || grown.contains_key(to);
        for way in ways(self.model).into_iter().filter(is_new) {
            let (from, to, balance) = way;
            let passage = self.model.passage_standing(balance, from, to, stands);
            if let (None, Some(ends)) = (self.passage(way).forbidden, passage.forbidden)
                && let Some(place) = ends.iter().rev().find_map(joined)
            {
                self.forbid(ends, false, place);
            }
        }
    }

    fn forbid(&self, [caller, callee]: [End; 2], everywhere: bool, place: Place) {
        let [who, whom] = [caller, callee].map(|end| self.name(end, everywhere));
        let message = format!("{who} must not call {whom}");
        let diagnostic =
            Diagnostic::error(Code::Forbidden, place, message).label("the segmentation forbids this");
        let rule = self.rules.deciding_rule(caller, callee);
        self.cx.report(match rule {
            Some(rule) => match self.cx.places.borrow().rules.get(rule) {
                Some(place) => diagnostic.related(*place, "by this rule"),
                // It stands in no text that is read now.
                None => diagnostic,
            },
            None => diagnostic.hint("no rule allows it, and what no rule speaks of is forbidden"),
        });
    }

    fn name(&self, end: End, everywhere: bool) -> String {
        match end {
            End::Users => "users".to_owned(),
            End::Instance { service, .. } if everywhere => format!("`{}`", self.model.services[service].name),
            End::Instance { service, zone, .. } => {
                format!("`{}` in {}", self.model.services[service].name, self.zone(zone))
            }
        }
    }

    fn zone(&self, zone: ZoneId) -> String {
        let zone = &self.model.zones[zone];
        format!("{}/{}", self.model.regions[zone.region].name, zone.name)
    }
}

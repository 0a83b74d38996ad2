//! Calls that the segmentation forbids, where they stand.

use std::collections::BTreeMap;

use tarsier_model::{Balance, End, Enforce, Model, Passage, Segmentation, ServiceId, ZoneId};

use super::context::Context;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

/// All of them, unless they are to be refused when they are made.
pub(super) fn report(cx: &Context<'_>, model: &Model) {
    let Some(rules) = model.segmentation.as_ref().filter(|rules| rules.enforce == Enforce::Check) else {
        return;
    };
    let mut judge = Judge { cx, model, rules, known: BTreeMap::new() };
    let places = cx.places.borrow();
    for (workload, places) in model.workloads.iter().zip(&places.destinations) {
        for ((_, to), place) in workload.mix.iter().zip(places) {
            judge.judge(None, model.endpoints[*to].service, Balance::RoundRobin, *place);
        }
    }
    for (endpoint, places) in model.endpoints.iter().zip(&places.calls) {
        for (call, place) in endpoint.calls().into_iter().zip(places) {
            let to = model.endpoints[call.to].service;
            judge.judge(Some(endpoint.service), to, call.policy.balance, *place);
        }
    }
}

struct Judge<'a, 'n> {
    cx: &'a Context<'n>,
    model: &'a Model,
    rules: &'a Segmentation,
    /// By caller, callee, and how near the call stays.
    known: BTreeMap<(Option<ServiceId>, ServiceId, Balance), Passage>,
}

impl Judge<'_, '_> {
    fn judge(&mut self, from: Option<ServiceId>, to: ServiceId, balance: Balance, place: Place) {
        // All that do not mind where they stand are alike.
        let balance = if balance.is_local() { balance } else { Balance::RoundRobin };
        let known = self.known.entry((from, to, balance));
        let passage = *known.or_insert_with(|| self.model.passage_balanced(balance, from, to));
        let Some([caller, callee]) = passage.forbidden else { return };
        let everywhere = passage.is_closed();
        let [who, whom] = [caller, callee].map(|end| self.name(end, everywhere));
        let message = format!("{who} must not call {whom}");
        let diagnostic =
            Diagnostic::error(Code::Forbidden, place, message).label("the segmentation forbids this");
        let diagnostic = match self.rules.deciding_rule(caller, callee) {
            Some(rule) => diagnostic.related(self.cx.places.borrow().rules[rule], "by this rule"),
            None => diagnostic.hint("no rule allows it, and what no rule speaks of is forbidden"),
        };
        self.cx.report(diagnostic);
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

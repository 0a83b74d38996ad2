//! The chance that a request fares well, by the steps it takes: that it succeeds, or that it meets nothing slow.
//!
//! In series all must fare well, of a `parallel` step as many branches as it needs, of a choice the branch that chance
//! takes. Different visits fare independently of each other, given what is up.

use std::collections::BTreeSet;

use tarsier_model::{
    Branch, Call, Endpoint, EndpointId, Enforce, Model, Retry, ServiceId, Step, asked_of_replicas,
};
use tarsier_random::num;
use tarsier_units::IdVec;

use crate::copies::Up;

/// What is asked of every visit.
#[derive(Clone, Copy)]
pub(crate) enum Question<'a> {
    /// That it succeeds, with this known of the services.
    Success(&'a IdVec<ServiceId, Up>),
    /// That no leaf among those waited for is slow, when a visit of a leaf is not with this chance.
    Swiftness(f64),
}

/// The part of a model that a request to one endpoint can reach.
pub(crate) struct Realm<'m> {
    model: &'m Model,
    /// Callees before callers, as far as there are no cycles; the root last.
    order: Vec<EndpointId>,
    /// Calls between these are always refused.
    closed: BTreeSet<(ServiceId, ServiceId)>,
    has_cycles: bool,
}

/// Rounds after which what is left of a cycle, which ends with a chance, is nothing.
const MAX_ROUNDS: usize = 1_000;

impl<'m> Realm<'m> {
    pub(crate) fn of(model: &'m Model, root: EndpointId) -> Realm<'m> {
        let order = callees_first(model, root);
        let closed = closed_passages(model, &order);
        let has_cycles = goes_back(model, &order);
        Realm { model, order, closed, has_cycles }
    }

    pub(crate) fn model(&self) -> &'m Model {
        self.model
    }

    pub(crate) fn endpoints(&self) -> &[EndpointId] {
        &self.order
    }

    /// Whether a request can come back to an endpoint it has come by.
    pub(crate) fn has_cycles(&self) -> bool {
        self.has_cycles
    }

    /// The chance that a visit of the root fares well.
    pub(crate) fn chance(&self, question: Question<'_>) -> f64 {
        let mut chances: IdVec<EndpointId, f64> = self.model.endpoints.iter().map(|_| 0.0).collect();
        for _ in 0..MAX_ROUNDS {
            let mut moved = 0.0_f64;
            for &id in &self.order {
                let chance = self.visit(question, &chances, id);
                moved = moved.max((chance - chances[id]).abs());
                chances[id] = chance;
            }
            if moved < 1e-16 || !self.has_cycles {
                break;
            }
        }
        self.order.last().map_or(1.0, |root| chances[*root])
    }

    fn visit(&self, question: Question<'_>, chances: &IdVec<EndpointId, f64>, id: EndpointId) -> f64 {
        let endpoint = &self.model.endpoints[id];
        let own = match question {
            Question::Success(up) => up[endpoint.service].found(),
            Question::Swiftness(leaf) => {
                if is_leaf(endpoint) {
                    leaf
                } else {
                    1.0
                }
            }
        };
        own * Visit { realm: self, question, chances, service: endpoint.service }.steps(&endpoint.steps)
    }
}

/// It waits for nobody's answer.
pub(crate) fn is_leaf(endpoint: &Endpoint) -> bool {
    fn waits(steps: &[Step]) -> bool {
        steps.iter().any(|step| {
            matches!(step, Step::Call(_) | Step::Cache { .. }) || step.inner().into_iter().any(waits)
        })
    }
    !waits(&endpoint.steps)
}

struct Visit<'a, 'm> {
    realm: &'a Realm<'m>,
    question: Question<'a>,
    chances: &'a IdVec<EndpointId, f64>,
    service: ServiceId,
}

impl Visit<'_, '_> {
    fn steps(&self, steps: &[Step]) -> f64 {
        steps.iter().map(|step| self.step(step)).product()
    }

    fn step(&self, step: &Step) -> f64 {
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Publish(_) => 1.0,
            Step::Fail(share) => match self.question {
                Question::Success(_) => 1.0 - share,
                Question::Swiftness(_) => 1.0,
            },
            Step::Call(call) => self.call(call),
            Step::Parallel { branches, need } => self.parallel(branches, *need),
            Step::Choose(options) => options.iter().map(|(share, steps)| share * self.steps(steps)).sum(),
            Step::Maybe { share, steps } => (1.0 - share) + share * self.steps(steps),
            Step::Repeat { times, steps } => num::pow(self.steps(steps), f64::from(*times)),
            Step::Lock { steps, .. } | Step::Conflict { steps, .. } => self.steps(steps),
            Step::Cache { ask, hit, miss, .. } => {
                let asked = self.answer(ask);
                match self.question {
                    // A cache that does not answer has missed.
                    Question::Success(_) => asked * hit + (1.0 - asked * hit) * self.steps(miss),
                    Question::Swiftness(_) => asked * (hit + (1.0 - hit) * self.steps(miss)),
                }
            }
        }
    }

    fn call(&self, call: &Call) -> f64 {
        let answered = self.answer(call);
        match (self.question, &call.fallback) {
            (Question::Swiftness(_), _) => answered,
            (Question::Success(_), Some(instead)) => answered + (1.0 - answered) * self.steps(instead),
            (Question::Success(_), None) => {
                if call.optional {
                    1.0
                } else {
                    answered
                }
            }
        }
    }

    /// Of a call with all its attempts: what is down stays down, an error may not come again.
    fn answer(&self, call: &Call) -> f64 {
        let to = self.realm.model.endpoints[call.to].service;
        let once = self.chances[call.to];
        match self.question {
            Question::Swiftness(_) => once,
            Question::Success(_) if self.realm.closed.contains(&(self.service, to)) => 0.0,
            Question::Success(_) => with_retries(once, call.policy.retry.as_ref()),
        }
    }

    fn parallel(&self, branches: &[Branch], need: u32) -> f64 {
        if let (Question::Success(up), Some(call)) = (self.question, asked_of_replicas(branches)) {
            let model = self.realm.model;
            let service = &model.services[self.service];
            let access = service.replication.as_ref().and_then(|it| it.served_by(call.to));
            let needs = access.and_then(|access| model.needs_of(service, access));
            return needs.map_or(0.0, |needs| up[self.service].copies(needs, self.answer(call)));
        }
        at_least(need, branches.iter().map(|branch| (branch.times, self.steps(&branch.steps))))
    }
}

pub(crate) fn with_retries(once: f64, retry: Option<&Retry>) -> f64 {
    match retry.filter(|retry| retry.on.error).map_or(0, |retry| retry.attempts) {
        0 => once,
        more => 1.0 - num::pow(1.0 - once, 1.0 + f64::from(more)),
    }
}

/// The chance that of independent trials, so many each with a chance, at least `need` succeed.
pub(crate) fn at_least(need: u32, trials: impl Iterator<Item = (u32, f64)> + Clone) -> f64 {
    let n: u64 = trials.clone().map(|(times, _)| u64::from(times)).sum();
    let spare = usize::try_from(n.saturating_sub(u64::from(need))).expect("there are few branches");
    // By the number of failures, up to those that can be spared.
    let mut failures = vec![1.0];
    for (times, chance) in trials {
        failures = convolved(&failures, &binomial(times, 1.0 - chance), spare);
    }
    if n < u64::from(need) { 0.0 } else { failures.iter().sum::<f64>().min(1.0) }
}

fn convolved(a: &[f64], b: &[f64], most: usize) -> Vec<f64> {
    let mut sums = vec![0.0; (a.len() + b.len() - 1).min(most + 1)];
    for (i, x) in a.iter().enumerate() {
        for (y, sum) in b.iter().zip(&mut sums[i.min(most + 1)..]) {
            *sum += x * y;
        }
    }
    sums
}

/// The chances of 0, 1, … n hits. From the likeliest number outwards, so that nothing is lost however small the ends are:
/// `p(k + 1) / p(k) = (n - k) / (k + 1) * p / (1 - p)`.
pub(crate) fn binomial(n: u32, p: f64) -> Vec<f64> {
    let size = n as usize + 1;
    let mut chances = vec![0.0; size];
    let mode = ((f64::from(n) + 1.0) * p) as usize;
    let mode = mode.min(size - 1);
    chances[mode] = 1.0;
    let ratio = |k: usize| (size - 1 - k) as f64 / (k + 1) as f64 * (p / (1.0 - p));
    for k in mode..size - 1 {
        chances[k + 1] = chances[k] * ratio(k);
    }
    for k in (0..mode).rev() {
        chances[k] = chances[k + 1] / ratio(k);
    }
    let sum: f64 = chances.iter().sum();
    chances.iter_mut().for_each(|chance| *chance /= sum);
    chances
}

fn callees_first(model: &Model, root: EndpointId) -> Vec<EndpointId> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::from([root]);
    let calls = |id: EndpointId| model.endpoints[id].calls().iter().map(|call| call.to).collect::<Vec<_>>();
    let mut path = vec![(root, calls(root))];
    while let Some((id, left)) = path.last_mut() {
        match left.pop() {
            Some(next) if seen.insert(next) => path.push((next, calls(next))),
            Some(_) => {}
            None => {
                order.push(*id);
                path.pop();
            }
        }
    }
    order
}

/// Whether one of them calls one that stands after it, or itself.
fn goes_back(model: &Model, order: &[EndpointId]) -> bool {
    let mut seen = BTreeSet::new();
    order.iter().any(|id| {
        let goes_back = model.endpoints[*id].calls().iter().any(|call| !seen.contains(&call.to));
        seen.insert(*id);
        goes_back
    })
}

fn closed_passages(model: &Model, endpoints: &[EndpointId]) -> BTreeSet<(ServiceId, ServiceId)> {
    if model.segmentation.as_ref().is_none_or(|rules| rules.enforce != Enforce::Runtime) {
        return BTreeSet::new();
    }
    let pairs = endpoints.iter().flat_map(|id| {
        let Endpoint { service, .. } = model.endpoints[*id];
        model.endpoints[*id].calls().into_iter().map(move |call| (service, model.endpoints[call.to].service))
    });
    let pairs: BTreeSet<_> = pairs.collect();
    pairs.into_iter().filter(|(from, to)| model.passage(Some(*from), *to).is_closed()).collect()
}

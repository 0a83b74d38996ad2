//! How a caller's protection hangs in its calls: what keeps an attempt from being made, and who learns
//! what became of it. The rules themselves are in `policy`.

use std::collections::BTreeMap;

use tarsier_model::CallPolicy;
use tarsier_random::Stream;

use crate::circle::Circle;
use crate::client::Extra;
use crate::partition::{Partition, World};
use crate::plan::{NONE, Plan, Site};
use crate::policy::Change;
use crate::policy::breaker::Breaker;
use crate::policy::budget::{Attempt, Budget};
use crate::policy::connect::Connections;
use crate::policy::hedge::Hedge;
use crate::policy::outlier::Outlier;
use crate::policy::throttle::Throttle;
use crate::task::{BRANCH, DETACHED, Outcome, RETRIED, State, VISITOR};
use crate::timeline::{EventKind, Reason};

/// What a client keeps to protect itself and those it calls.
#[derive(Debug)]
pub(crate) struct Shield {
    budget: Option<Budget>,
    breaker: Option<Breaker>,
    throttle: Option<Throttle>,
    hedge: Option<Hedge>,
    pub(crate) outlier: Option<Outlier>,
    pub(crate) circle: Circle,
    pub(crate) connections: Option<Connections>,
}

/// Whether its connections carry many requests at a time.
fn shares(rules: &CallPolicy) -> bool {
    rules.connections.is_some_and(|connections| connections.requests_each != Some(1))
}

/// How an attempt ended that was sent to an instance, if it got that far.
#[derive(Clone, Copy)]
struct End {
    outcome: Outcome,
    sent: u64,
    now: u64,
    number: Option<usize>,
    /// The connection that it was sent over has broken.
    is_cut_off: bool,
}

impl Shield {
    pub(crate) fn new(rules: &CallPolicy, n_instances: usize, name: u64, now: u64) -> Shield {
        let budget = rules.retry.as_ref().and_then(|retry| retry.budget.as_ref());
        Shield {
            budget: budget.map(|rule| Budget::starting(rule, now)),
            breaker: rules.breaker.as_ref().map(Breaker::new),
            throttle: rules.throttle.as_ref().map(Throttle::new),
            hedge: rules.hedge.as_ref().map(Hedge::new),
            outlier: rules.outlier.as_ref().map(|rule| Outlier::new(rule, n_instances)),
            circle: Circle::new(Stream::named(name, &["subset"], &[]).next_u64()),
            connections: rules.connect.as_ref().map(|_| Connections::new(n_instances, shares(rules))),
        }
    }

    pub(crate) fn know_more(&mut self, n_instances: usize) {
        self.outlier.iter_mut().for_each(|outlier| outlier.know_more(n_instances));
        self.connections.iter_mut().for_each(|connections| connections.know_more(n_instances));
    }

    /// Other rules hold from now on. A new budget knows how many calls are under way, a new breaker nothing.
    fn renew(&mut self, rules: &CallPolicy, renewed: Renewed, now: u64, (in_flight, retries): (u32, u32)) {
        if renewed.budget {
            let rule = rules.retry.as_ref().and_then(|retry| retry.budget.as_ref());
            self.budget = rule.map(|rule| Budget::renewed(rule, now, in_flight, retries));
        }
        if renewed.breaker {
            self.breaker = rules.breaker.as_ref().map(Breaker::new);
            self.breaker.iter_mut().for_each(|breaker| breaker.restart(now));
        }
    }

    pub(crate) fn restart(&mut self, rules: &CallPolicy, now: u64) {
        let budget = rules.retry.as_ref().and_then(|retry| retry.budget.as_ref());
        self.budget = budget.map(|rule| Budget::starting(rule, now));
        if let Some(breaker) = &mut self.breaker {
            breaker.restart(now);
        }
        self.throttle = rules.throttle.as_ref().map(Throttle::new);
        self.hedge = rules.hedge.as_ref().map(Hedge::new);
        if let Some(outlier) = &mut self.outlier {
            outlier.restart();
        }
        self.circle.forget();
        if let Some(connections) = &mut self.connections {
            connections.close_all();
        }
    }
}

/// Which rules of a site are others from now on.
#[derive(Clone, Copy)]
pub(crate) struct Renewed {
    pub(crate) budget: bool,
    pub(crate) breaker: bool,
}

impl Renewed {
    pub(crate) fn any(self) -> bool {
        self.budget || self.breaker
    }
}

impl Partition {
    /// The clients of a site have rules, some of them new.
    pub(crate) fn renew_shields(&mut self, plan: &Plan, site_idx: u32, renewed: Renewed) {
        let site = &plan.sites[site_idx as usize];
        let rules = site.rules.as_ref().expect("who renews has rules");
        let n_instances = plan.services[site.service as usize].n_known as usize;
        let under_way = self.calls_under_way(site_idx);
        for at in 0..self.clients.len() {
            let client = self.clients[at];
            if client.site != site_idx {
                continue;
            }
            let name = self.name_of_client(site, client.origin);
            if client.extra == NONE {
                self.clients[at].extra = self.extras.len() as u32;
                self.extras.push(Extra::new(plan, site, name, self.now));
            }
            let extra = &mut self.extras[self.clients[at].extra as usize];
            let shield = (extra.shield)
                .get_or_insert_with(|| Box::new(Shield::new(rules, n_instances, name, self.now)));
            shield.renew(rules, renewed, self.now, under_way.get(&(at as u32)).copied().unwrap_or_default());
        }
    }

    /// By client of a site: how many calls have not ended, and how many of these are on a retry.
    fn calls_under_way(&self, site: u32) -> BTreeMap<u32, (u32, u32)> {
        let mut by_client: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        for (task, record) in self.tasks.iter() {
            let idle = matches!(record.state, State::Free | State::Thinking);
            if idle || record.has(BRANCH | DETACHED | VISITOR) || self.is_runner(record) {
                continue;
            }
            if self.clients[record.client as usize].site == site && !self.is_left_over(task) {
                let (calls, retries) = by_client.entry(record.client).or_default();
                *calls += 1;
                *retries += u32::from(self.is_retry(task));
            }
        }
        by_client
    }

    /// A call that does not simply go out.
    #[inline(never)]
    pub(crate) fn request_guarded(&mut self, world: World<'_>, site: &Site, task: u32) {
        if let Some(rules) = &site.rules {
            self.with_shield(task, |_, shield| shield.begin(rules));
        }
        if world.plan.carries {
            self.pack(site, task, self.tasks[task].parent);
        }
        if site.has_deadline {
            self.set_deadline(world, site, task);
        }
        self.try_guarded(world, site, task);
    }

    /// An attempt of such a call, unless its own client rejects it: then no message leaves, and it fails
    /// as if it had been refused.
    #[inline(never)]
    pub(crate) fn try_guarded(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.tasks[task].sent = self.now;
        if site.rules.as_ref().is_some_and(|rules| !self.is_let_through(world, rules, task)) {
            self.tally_of(site).rejected += 1;
            self.tasks[task].state = State::Rejected;
            return self.schedule(task, 0);
        }
        self.tally_of(site).attempts += 1;
        if site.hedges {
            return self.send_runner(world, site, task);
        }
        self.send_guarded(world, site, task);
    }

    /// What its own client did not let out fails.
    pub(crate) fn rejected(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(DETACHED) {
            return self.free(task);
        }
        self.failed(world, self.site_of(world, task), task, Outcome::Refused);
    }

    fn is_let_through(&mut self, world: World<'_>, rules: &CallPolicy, task: u32) -> bool {
        self.with_shield(task, |partition, shield| {
            let (client, now) = (partition.tasks[task].client, partition.now);
            if let (Some(throttle), Some(rule)) = (&mut shield.throttle, &rules.throttle) {
                let stream = &mut partition.draws_of_client(world, client).policy;
                let (lets_through, change) = throttle.lets_through(rule, now, stream);
                partition.tell(world.plan, client, change);
                if !lets_through {
                    return false;
                }
            }
            let (Some(breaker), Some(rule)) = (&mut shield.breaker, &rules.breaker) else { return true };
            let change = breaker.wake(rule, now);
            partition.tell(world.plan, client, change);
            breaker.lets_through(rule)
        })
    }

    /// An attempt has ended in this way.
    pub(crate) fn learn(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        let Some(rules) = &site.rules else { return };
        if self.is_left_over(task) {
            return;
        }
        let record = &self.tasks[task];
        let was_sent = record.instance != NONE && record.state != State::AwaitingConnection;
        let number = was_sent.then(|| world.plan.number_of[record.instance as usize] as usize);
        let is_cut_off =
            was_sent && world.view.break_of(record.instance).is_some_and(|broke| record.sent <= broke);
        let (client, sent) = (record.client, record.sent);
        let end = End { outcome, sent, now: self.now, number, is_cut_off };
        let attempt = self.attempt_of(self.call_of(site, task));
        self.with_shield(task, |partition, shield| {
            for change in shield.learn(rules, end) {
                partition.tell(world.plan, client, Some(change));
            }
            shield.settle(rules, outcome, attempt);
        });
    }

    /// Nobody will learn what becomes of an attempt.
    pub(crate) fn forget(&mut self, site: &Site, task: u32) {
        let sent = self.tasks[task].sent;
        if site.rules.is_some() && !self.is_left_over(task) {
            self.with_shield(task, |_, shield| {
                if let Some(breaker) = &mut shield.breaker {
                    breaker.forget(sent);
                }
            });
        }
    }

    /// How long to wait before a hedge, if that is known yet.
    pub(crate) fn hedge_delay(&mut self, site: &Site, call: u32) -> Option<u64> {
        let rule = site.rules.as_ref()?.hedge?;
        self.with_shield(call, |_, shield| shield.hedge.as_ref()?.delay(&rule))
    }

    pub(crate) fn observe_latency(&mut self, site: &Site, call: u32, nanos: u64) {
        if site.hedges && !self.is_left_over(call) {
            self.with_shield(call, |_, shield| {
                if let Some(hedge) = &mut shield.hedge {
                    hedge.observe(nanos);
                }
            });
        }
    }

    /// Whether a hedge may be made now; if so, it is.
    pub(crate) fn hedge_is_allowed(&mut self, world: World<'_>, site: &Site, call: u32) -> bool {
        let Some(rules) = &site.rules else { return false };
        let Some(rule) = &rules.hedge else { return false };
        let may = |shield: &mut Shield| shield.hedge.as_ref().is_some_and(|hedge| hedge.may(rule));
        if !self.with_shield(call, |_, shield| may(shield)) || !self.is_let_through(world, rules, call) {
            return false;
        }
        self.with_shield(call, |_, shield| shield.hedge.as_mut().expect("it has one").spend(rule));
        true
    }

    /// A call has failed for good.
    pub(crate) fn leave_shield(&mut self, site: &Site, task: u32) {
        if site.rules.is_some() && !self.is_left_over(task) {
            let was_retry = self.is_retry(task);
            self.with_shield(task, |_, shield| shield.end(was_retry));
        }
    }

    /// Whether the budget has another retry after this failure; if so, it is made.
    pub(crate) fn budget_allows(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        failure: Outcome,
    ) -> bool {
        let again = self.is_retry(task);
        self.with_shield(task, |partition, shield| {
            let rule = site.retry.as_ref().and_then(|retry| retry.budget.as_ref());
            let (Some(budget), Some(rule)) = (&mut shield.budget, rule) else { return true };
            let allowed = budget.allows(rule, partition.now, failure == Outcome::Timeout, again);
            if !allowed && budget.is_news(partition.now) {
                let change = (EventKind::BudgetExhausted, Reason::TooManyRetries);
                partition.tell(world.plan, partition.tasks[task].client, Some(change));
            }
            allowed
        })
    }

    pub(crate) fn is_retry(&self, task: u32) -> bool {
        self.tasks[task].has(RETRIED) && self.histories[task as usize].made > 1
    }

    fn attempt_of(&self, call: u32) -> Attempt {
        if self.is_retry(call) {
            Attempt::Retry { after_timeout: self.histories[call as usize].after_timeout }
        } else {
            Attempt::First
        }
    }

    /// The shield is out of its client's hands while it is used: nothing else may ask for it.
    pub(crate) fn with_shield<T>(
        &mut self,
        task: u32,
        act: impl FnOnce(&mut Partition, &mut Shield) -> T,
    ) -> T {
        let at = self.clients[self.tasks[task].client as usize].extra as usize;
        let mut shield = self.extras[at].shield.take().expect("a client with rules has a shield");
        let result = act(self, &mut shield);
        self.extras[at].shield = Some(shield);
        result
    }

    pub(crate) fn tell(&mut self, plan: &Plan, client: u32, change: Option<Change>) {
        if let Some((kind, reason)) = change {
            self.happened(self.client_subject(plan, client), kind, reason);
        }
    }
}

impl Shield {
    fn begin(&mut self, rules: &CallPolicy) {
        let rule = rules.retry.as_ref().and_then(|retry| retry.budget.as_ref());
        if let (Some(budget), Some(rule)) = (&mut self.budget, rule) {
            budget.begin(rule);
        }
        if let (Some(hedge), Some(rule)) = (&mut self.hedge, &rules.hedge) {
            hedge.begin(rule);
        }
    }

    fn learn(&mut self, rules: &CallPolicy, end: End) -> Vec<Change> {
        let failed = end.outcome != Outcome::Ok;
        let was_answered = matches!(end.outcome, Outcome::Ok | Outcome::Error);
        let mut changes = Vec::new();
        if let Some(throttle) = &mut self.throttle
            && was_answered
        {
            throttle.accepted(end.now);
        }
        if let (Some(breaker), Some(rule)) = (&mut self.breaker, &rules.breaker) {
            changes.extend(breaker.learn(rule, end.sent, end.now, failed));
        }
        let Some(number) = end.number else { return changes };
        if let Some(connections) = &mut self.connections {
            match end.outcome {
                Outcome::Unreachable => connections.close(number),
                Outcome::Timeout => {}
                _ if end.is_cut_off => {}
                _ => connections.answered(number, end.now),
            }
        }
        if let (Some(outlier), Some(rule)) = (&mut self.outlier, &rules.outlier) {
            let before = changes.len();
            outlier.check(rule, self.circle.n_known(), end.now, |change| changes.push(change));
            changes.extend(outlier.learn(rule, self.circle.n_known(), number, failed, end.now));
            if changes.len() > before {
                self.circle.forget();
            }
        }
        changes
    }

    /// What an attempt's end means for the budget; a call that was answered is over.
    fn settle(&mut self, rules: &CallPolicy, outcome: Outcome, attempt: Attempt) {
        let rule = rules.retry.as_ref().and_then(|retry| retry.budget.as_ref());
        let (Some(budget), Some(rule)) = (&mut self.budget, rule) else { return };
        if outcome == Outcome::Ok {
            budget.succeed(rule, attempt);
            budget.end(attempt != Attempt::First);
        } else {
            budget.fail(rule);
        }
    }

    fn end(&mut self, was_retry: bool) {
        if let Some(budget) = &mut self.budget {
            budget.end(was_retry);
        }
    }
}

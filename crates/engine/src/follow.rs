//! Traced requests are followed: their records get what they must know of the trace, and what has ended
//! becomes a span. Nothing here draws, schedules or counts; records that are not sampled never come here.

use tarsier_model::{ServiceId, WorkloadId, ZoneId};

use crate::account::Account;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, NONE, Site};
use crate::source::hash;
use crate::span::{Side, SpanEnd, SpanKind, TraceSpan};
use crate::task::{Outcome, SAMPLED, State, VISITOR};
use crate::trace::Trace;

impl From<Outcome> for SpanEnd {
    fn from(outcome: Outcome) -> SpanEnd {
        match outcome {
            Outcome::Ok | Outcome::Connected => SpanEnd::Ok,
            Outcome::Error => SpanEnd::Error,
            Outcome::Refused => SpanEnd::Refused,
            Outcome::Unreachable => SpanEnd::Unreachable,
            Outcome::Timeout => SpanEnd::Timeout,
        }
    }
}

/// What begins.
impl Partition {
    /// A user's request that may tell why requests are slow, or be traced.
    #[inline(never)]
    pub(crate) fn look_at(&mut self, world: World<'_>, local: u32, task: u32) {
        let source = &self.sources[local as usize];
        let is_counted = hash(source.sent) <= world.plan.workloads[source.workload as usize].counted_below;
        let asking = self.tracing.begin(source.trace_salt, source.sent, self.now);
        if is_counted || asking.is_some() {
            let trace = asking.map(|asking| Trace::asking(asking, is_counted));
            self.accounts.put(task, Account::new(self.now, trace));
        } else {
            self.tasks[task].flags &= !SAMPLED;
        }
    }

    #[inline(never)]
    pub(crate) fn look_at_call(&mut self, task: u32, parent: u32) {
        self.accounts.open_below(task, parent, self.now, |serving| Trace::asking(serving.asks(), false));
    }

    #[inline(never)]
    pub(crate) fn look_at_branch(&mut self, branch: u32, parent: u32) {
        let now = self.now;
        self.accounts.open_below(branch, parent, now, |serving| Trace::serving(serving.branch(now)));
    }

    /// An attempt with a record of its own: until now its call has waited in vain.
    pub(crate) fn look_at_runner(&mut self, runner: u32, call: u32) {
        let is_hedge = self.tasks[call].state == State::Racing;
        let account = self.accounts.get_mut(call).expect("a sampled record has an account");
        let asking = account.asking().map(|asking| asking.runner(is_hedge));
        let account = Account::new(account.mark, asking.map(|asking| Trace::asking(asking, false)));
        self.accounts.put(runner, account);
    }

    /// A message that nobody waits for, if its sender is traced. For whoever sends it, it ends at once.
    #[inline(never)]
    pub(crate) fn look_at_message(&mut self, world: World<'_>, site: &Site, task: u32, sender: u32) {
        let now = self.now;
        let account = self.accounts.get_mut(sender).expect("a sampled record has an account");
        let Some(sending) = account.serving() else { return };
        let (parent, serving) = (sending.id, sending.publishes());
        self.tracing.add(TraceSpan {
            trace: serving.trace,
            id: serving.parent,
            parent: Some(parent),
            kind: SpanKind::Producer,
            side: instance(world, self.tasks[sender].instance),
            peer: None,
            endpoint: site.to,
            attempt: 1,
            hedge: false,
            began_ns: now,
            ended_ns: now,
            end: SpanEnd::Ok,
            stretches: Vec::new(),
        });
        self.tasks[task].flags |= SAMPLED;
        self.accounts.put(task, Account::new(now, Some(Trace::serving(serving))));
    }
}

/// What travels.
impl Partition {
    /// The account goes with the message; the caller's half of the trace stays.
    pub(crate) fn send_account_abroad(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
    ) -> Option<Box<Account>> {
        let mut account = self.accounts.take(task)?;
        let Some(mut trace) = account.trace.take() else { return Some(account) };
        let expected = trace.asking.as_ref().and_then(|asking| asking.expected());
        let serving = trace.serving.take().or(expected).map(|mut serving| {
            if let Some(Side::Instance { .. }) = self.caller_side(world, site, task, NONE) {
                serving.caller = self.first_instance + self.clients[self.tasks[task].client as usize].origin;
            }
            serving
        });
        account.trace = serving.map(Trace::serving);
        if trace.asking.is_some() {
            self.tracing.at_home.insert(task, trace);
        }
        Some(account)
    }

    pub(crate) fn account_comes_home(&mut self, task: u32, mut account: Box<Account>) {
        account.trace = self.tracing.at_home.remove(task);
        self.accounts.put(task, account);
    }

    /// The caller gives an attempt up: its account, to go on with. What the callee knows of its own half
    /// stays with the attempt.
    pub(crate) fn split_account(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        end: SpanEnd,
    ) -> Box<Account> {
        let expected = self.accounts.get_mut(task).and_then(|account| account.asking()?.expected());
        self.attempt_ends(world, site, task, end);
        self.tasks[task].flags &= !SAMPLED;
        let Some(mut account) = self.accounts.take(task) else {
            // It is with the callee, in another partition: all of this attempt was in vain.
            return Account::new(self.first_sent(task), self.tracing.at_home.remove(task));
        };
        if let Some(outcome) = self.tasks[task].state.answer() {
            let mark = account.mark;
            self.end_stay(world, task, &mut account, mark, outcome.into());
        }
        let state = self.tasks[task].state;
        let serving = account.trace.as_mut().and_then(|trace| trace.serving.take()).or(expected);
        if let Some(serving) = serving.filter(|_| state == State::Outbound || state.is_served()) {
            self.tasks[task].flags |= SAMPLED;
            self.accounts.put(task, Account::new(account.mark, Some(Trace::serving(serving))));
        }
        account
    }
}

/// What ends.
impl Partition {
    /// The answer of an attempt has come.
    #[inline(never)]
    pub(crate) fn note_answer(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        // The callee was done when the account was last told.
        if let Some(mut account) = self.accounts.take_traced(task) {
            let mark = account.mark;
            self.end_stay(world, task, &mut account, mark, outcome.into());
            self.accounts.put(task, account);
        }
        self.note(site, task, Cause::Network);
        self.attempt_ends(world, site, task, outcome.into());
    }

    /// A stay on an instance ends now.
    #[inline(never)]
    pub(crate) fn stay_ends(&mut self, world: World<'_>, task: u32, end: SpanEnd) {
        if let Some(mut account) = self.accounts.take_traced(task) {
            self.end_stay(world, task, &mut account, self.now, end);
            self.accounts.put(task, account);
        }
    }

    fn end_stay(&mut self, world: World<'_>, task: u32, account: &mut Account, ended_ns: u64, end: SpanEnd) {
        let stay = account.trace.as_mut().and_then(|trace| trace.serving.take_if(|it| it.arrived.is_some()));
        let Some(mut stay) = stay.filter(|stay| !stay.is_branch) else { return };
        let site = self.site_of(world, task);
        let published = site.caller == Caller::Publisher;
        self.tracing.add(TraceSpan {
            trace: stay.trace,
            id: stay.id,
            parent: Some(stay.parent),
            kind: if published { SpanKind::Consumer } else { SpanKind::Server },
            side: instance(world, self.tasks[task].instance),
            peer: self.caller_side(world, site, task, stay.caller),
            endpoint: site.to,
            attempt: 1,
            hedge: false,
            began_ns: stay.arrived.expect("it has arrived"),
            ended_ns,
            end,
            stretches: stay.take_stretches(),
        });
    }

    /// An attempt ends for its caller.
    fn attempt_ends(&mut self, world: World<'_>, site: &Site, task: u32, end: SpanEnd) {
        let record = &self.tasks[task];
        let trace = match self.accounts.get_mut(task) {
            Some(account) => account.trace.as_mut(),
            None => self.tracing.at_home.get_mut(task),
        };
        let Some(asking) = trace.and_then(|trace| trace.asking.as_mut()) else { return };
        if asking.is_over {
            return;
        }
        let (trace, id, parent) = (asking.trace, asking.id(), asking.parent);
        let (attempt, hedge) = (asking.before + 1, asking.hedge);
        let stretches = asking.end_attempt();
        self.tracing.add(TraceSpan {
            trace,
            id,
            parent: Some(parent),
            kind: SpanKind::Client,
            side: self.caller_side(world, site, task, NONE).expect("a caller stands here"),
            peer: (record.instance != NONE).then(|| instance(world, record.instance)),
            endpoint: site.to,
            attempt,
            hedge,
            began_ns: record.sent,
            ended_ns: self.now,
            end,
            stretches,
        });
    }

    /// A request of a user has ended, with all its attempts.
    #[inline(never)]
    pub(crate) fn request_ends(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        let asking = self.accounts.get_mut(task).and_then(|account| account.asking());
        let Some(asking) = asking else { return };
        let (trace, id) = (asking.trace, asking.parent);
        self.tracing.add(TraceSpan {
            trace,
            id,
            parent: None,
            kind: SpanKind::Request,
            side: self.caller_side(world, site, task, NONE).expect("a user stands here"),
            peer: None,
            endpoint: site.to,
            attempt: 1,
            hedge: false,
            began_ns: self.first_sent(task),
            ended_ns: self.now,
            end: outcome.into(),
            stretches: Vec::new(),
        });
    }

    /// Who calls; an instance abroad is the one that came with the request.
    fn caller_side(&self, world: World<'_>, site: &Site, task: u32, abroad: u32) -> Option<Side> {
        let record = &self.tasks[task];
        let is_visitor = record.has(VISITOR);
        let origin = || self.clients[record.client as usize].origin;
        match site.caller {
            Caller::Users => {
                let zone = if is_visitor { record.lane_next } else { self.sources[origin() as usize].zone };
                Some(Side::Users { workload: WorkloadId(site.workload), zone: ZoneId(zone) })
            }
            _ if is_visitor => (abroad != NONE).then(|| instance(world, abroad)),
            _ => Some(instance(world, self.first_instance + origin())),
        }
    }
}

fn instance(world: World<'_>, instance: u32) -> Side {
    let (plan, at) = (world.plan, instance as usize);
    Side::Instance {
        service: ServiceId(plan.service_of[at]),
        number: plan.number_of[at],
        zone: ZoneId(plan.zone_of[at]),
    }
}

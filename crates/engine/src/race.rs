//! Hedged calls: attempts beside each other, of which the first answer counts.
//!
//! The call has a record that makes no attempt itself: each attempt is a runner, a record of its own whose
//! parent the call is. A runner that fails decides nothing while another runs; when the last has failed,
//! the call has, and is tried again or not. When one has won, the others are given up: they run on at their
//! callees unless these are told. When to hedge, and how often, is decided in `policy::hedge`.

use crate::alarm::Bell;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{NONE, Site};
use crate::retry::History;
use crate::task::{DETACHED, Outcome, SAMPLED, State, Task, VISITOR};

impl Partition {
    /// An attempt of a hedged call goes out: the first, a retry or a hedge.
    pub(crate) fn send_runner(&mut self, world: World<'_>, site: &Site, call: u32) {
        let record = &self.tasks[call];
        let (client, sampled) = (record.client, record.flags & SAMPLED);
        let runner = self.new_task(call, client, sampled);
        self.tasks[runner].sent = self.now;
        if world.plan.carries {
            self.carry(runner, self.luggage[call as usize]);
        }
        if sampled != 0 {
            // Whatever was waited for until now has not answered.
            self.look_at_runner(runner, call);
            self.note(site, runner, Cause::Timeout);
        }
        let record = &mut self.tasks[call];
        record.join = if record.state == State::Racing { record.join + 1 } else { 1 };
        record.state = State::Racing;
        self.plan_hedge(site, call);
        self.send_guarded(world, site, runner);
    }

    /// If nothing has come by then, another goes out.
    fn plan_hedge(&mut self, site: &Site, call: u32) {
        let most = site.rules.as_ref().and_then(|rules| rules.hedge).map_or(0, |rule| rule.most);
        if self.history_of(call).hedges >= most {
            return;
        }
        if let Some(delay) = self.hedge_delay(site, call) {
            let due = self.now.saturating_add(delay);
            // Alarms of earlier rounds are told by their time.
            self.tasks[call].arrived = due;
            self.set_alarm(call, due, Bell::Hedge);
        }
    }

    /// It is time for a hedge, if the call still waits.
    pub(crate) fn hedge(&mut self, world: World<'_>, call: u32) {
        let record = &self.tasks[call];
        if record.state != State::Racing || self.now < record.arrived || !self.is_awaited(call) {
            return;
        }
        let site = self.site_of(world, call);
        let history = self.history_of(call);
        // A client that stood still may be late.
        if self.now >= history.deadline || !self.hedge_is_allowed(world, site, call) {
            return;
        }
        self.remember(call, History { hedges: history.hedges + 1, ..history });
        let tally = self.tally_of(site);
        tally.hedges += 1;
        tally.attempts += 1;
        self.send_runner(world, site, call);
    }

    /// A runner is about to answer well: the others are given up, before it lets go of what they wait for.
    pub(crate) fn win(&mut self, world: World<'_>, site: &Site, runner: u32) {
        let call = self.tasks[runner].parent;
        self.observe_runner(site, runner);
        let others: Vec<u32> = self.children(call).into_iter().filter(|other| *other != runner).collect();
        self.stop_runners(world, site, others);
    }

    /// The runners of a race that is over.
    pub(crate) fn stop_runners(&mut self, world: World<'_>, site: &Site, runners: Vec<u32>) {
        let (waiting, sent): (Vec<u32>, Vec<u32>) =
            runners.into_iter().partition(|runner| self.tasks[*runner].state == State::AwaitingConnection);
        // Those first who would else get the connections that the others leave.
        for runner in waiting.into_iter().chain(sent) {
            self.observe_runner(site, runner);
            self.run_on_alone(runner);
            self.withdraw(world, site, runner);
        }
    }

    /// A runner was answered.
    pub(crate) fn runner_ends(&mut self, world: World<'_>, site: &Site, runner: u32, outcome: Outcome) {
        let call = self.tasks[runner].parent;
        self.tasks[call].instance = self.tasks[runner].instance;
        let account = self.accounts.take(runner);
        self.free(runner);
        if outcome != Outcome::Ok {
            self.tally_of(site).refused += u64::from(outcome == Outcome::Refused);
            return self.runner_fails(world, site, call, outcome);
        }
        if self.tasks[call].has(SAMPLED) {
            self.accounts.absorb(call, account, self.now);
        }
        self.succeeded(world, site, call);
    }

    /// The bound of a runner has fired.
    pub(crate) fn runner_gives_up(&mut self, world: World<'_>, site: &Site, runner: u32, failure: Outcome) {
        let call = self.tasks[runner].parent;
        self.tasks[call].instance = self.tasks[runner].instance;
        self.observe_runner(site, runner);
        if self.tasks[runner].has(SAMPLED) {
            self.split_account(world, site, runner, failure.into());
        }
        self.run_on_alone(runner);
        self.abandon(world, site, runner);
        self.runner_fails(world, site, call, failure);
    }

    /// One runner less; the call has failed if it was the last.
    pub(crate) fn runner_fails(&mut self, world: World<'_>, site: &Site, call: u32, outcome: Outcome) {
        let record = &mut self.tasks[call];
        record.join -= 1;
        if record.join > 0 {
            return;
        }
        if self.tasks[call].has(SAMPLED) {
            self.note(site, call, Cause::Timeout);
        }
        self.failed(world, site, call, outcome);
    }

    /// First attempts show how long answers take; one that is given up took longer than until now.
    fn observe_runner(&mut self, site: &Site, runner: u32) {
        let record = &self.tasks[runner];
        let (call, sent, state) = (record.parent, record.sent, record.state);
        if sent == self.tasks[call].sent && state != State::AwaitingConnection {
            let took = self.now - sent;
            self.observe_latency(site, call, took);
        }
    }

    /// It is none of the call's any more.
    fn run_on_alone(&mut self, runner: u32) {
        let record = &mut self.tasks[runner];
        if record.state != State::Remote {
            record.parent = NONE;
        }
    }

    /// Whether a record is one of the attempts of a call that has its own.
    pub(crate) fn is_runner(&self, record: &Task) -> bool {
        if record.parent == NONE || record.has(VISITOR) {
            return false;
        }
        let parent = &self.tasks[record.parent];
        parent.state == State::Racing && parent.epoch == record.parent_epoch
    }

    /// Whether a runner of the same call is at this instance.
    pub(crate) fn is_raced(&self, runner: u32, instance: u32) -> bool {
        let call = self.tasks[runner].parent;
        let is_there = |other: &u32| {
            let record = &self.tasks[*other];
            *other != runner && record.instance == instance && !record.has(DETACHED)
        };
        self.children(call).iter().any(is_there)
    }

    /// The record of the call that an attempt is made for.
    pub(crate) fn call_of(&self, site: &Site, attempt: u32) -> u32 {
        if site.hedges { self.tasks[attempt].parent } else { attempt }
    }
}

//! Trying again.

use tarsier_model::{Failures, Retry};

use crate::deadline::NEVER;
use crate::handshake::NO_BOUND;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, Site};
use crate::policy::backoff;
use crate::task::{DETACHED, Outcome, RETRIED, SAMPLED, State};

/// What a caller remembers of a call beside its record, which is about its latest attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) first_sent: u64,
    /// Attempts made so far.
    pub(crate) made: u32,
    /// Whether the latest was made because the one before it timed out.
    pub(crate) after_timeout: bool,
    /// The last backoff.
    pub(crate) backoff: u64,
    /// When the call ends, whatever comes.
    pub(crate) deadline: u64,
    /// Hedges made so far.
    pub(crate) hedges: u32,
    /// Until when the connection of this attempt must be there, if it is being set up.
    pub(crate) connect_by: u64,
}

impl History {
    /// Of a call whose first attempt is made.
    pub(crate) fn new(now: u64) -> History {
        History {
            first_sent: now,
            made: 1,
            after_timeout: false,
            backoff: 0,
            deadline: NEVER,
            hedges: 0,
            connect_by: NO_BOUND,
        }
    }
}

impl Partition {
    #[inline(never)]
    pub(crate) fn tries_again(&mut self, world: World<'_>, site: &Site, task: u32, failure: Outcome) -> bool {
        let Some(retry) = &site.retry else { return false };
        let history = self.history_of(task);
        let too_late = self.now >= history.deadline;
        if too_late
            || history.made > retry.attempts
            || !self.is_awaited(task)
            || !is_retried(retry.on, failure)
        {
            return false;
        }
        if retry.budget.is_some() && !self.budget_allows(world, site, task, failure) {
            return false;
        }
        self.tally_of(site).retries += 1;
        let delay = self.back_off(world, retry, task, history);
        let after_timeout = failure == Outcome::Timeout;
        self.remember(task, History { made: history.made + 1, after_timeout, backoff: delay, ..history });
        let record = &mut self.tasks[task];
        record.forget_service();
        record.state = State::BackingOff;
        self.schedule(task, delay.min(history.deadline - self.now));
        true
    }

    fn back_off(&mut self, world: World<'_>, retry: &Retry, task: u32, history: History) -> u64 {
        let Some(rule) = &retry.backoff else { return 0 };
        let stream = &mut self.draws_of_client(world, self.tasks[task].client).policy;
        backoff::delay(rule, retry.jitter, history.made - 1, history.backoff, stream)
    }

    pub(crate) fn history_of(&self, task: u32) -> History {
        let record = &self.tasks[task];
        if record.has(RETRIED) {
            return self.histories[task as usize];
        }
        History::new(record.sent)
    }

    pub(crate) fn remember(&mut self, task: u32, history: History) {
        let at = task as usize;
        if self.histories.len() <= at {
            self.histories.resize(at + 1, History::new(0));
        }
        self.histories[at] = history;
        self.tasks[task].flags |= RETRIED;
    }

    /// The backoff is over.
    pub(crate) fn try_again(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(DETACHED) {
            return self.free(task);
        }
        let site = self.site_of(world, task);
        if self.tasks[task].has(SAMPLED) {
            self.note(site, task, Cause::Backoff);
            self.accounts.try_again(task);
        }
        if site.caller == Caller::Service && !self.is_awaited(task) {
            // Its caller has died meanwhile.
            self.give_in(site, task);
            return self.free(task);
        }
        if self.now >= self.history_of(task).deadline {
            return self.fail_for_good(world, site, task, Outcome::Timeout);
        }
        if site.is_guarded {
            return self.try_guarded(world, site, task);
        }
        self.tally_of(site).attempts += 1;
        self.attempt_again(world, site, task);
    }
}

fn is_retried(on: Failures, failure: Outcome) -> bool {
    match failure {
        Outcome::Ok | Outcome::Connected => false,
        Outcome::Error => on.error,
        Outcome::Refused => on.refused,
        Outcome::Unreachable => on.unreachable,
        Outcome::Timeout => on.timeout,
    }
}

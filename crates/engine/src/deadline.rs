//! Deadlines: a bound over all attempts of a call, and what travels with a request.
//!
//! As in gRPC («Deadlines», its documentation): the deadline of a call is a point in time; its retries
//! and pauses end there. One that propagates travels with the request: the calls that it makes end no
//! later, whatever their own deadlines, and an instance drops work on it once it has passed, before and
//! between steps and when its turn comes in a queue. Its priority travels the same way (Beyer et al.,
//! Site Reliability Engineering, 2016, ch. 21: criticality propagates).

use tarsier_model::Priority;

use crate::alarm::Bell;
use crate::instance::CORE_LINE;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, NONE, Picks, Site};
use crate::replicas::Freight;
use crate::retry::History;
use crate::task::{Outcome, QUEUE_KNOWN, SAMPLED};

/// No deadline.
pub(crate) const NEVER: u64 = u64::MAX;

/// What travels with a request, in models where anything does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Luggage {
    /// When nobody waits for it any more.
    pub(crate) expires: u64,
    pub(crate) priority: Priority,
}

impl Default for Luggage {
    fn default() -> Luggage {
        Luggage { expires: NEVER, priority: Priority::Normal }
    }
}

/// What a request takes along to another partition.
#[derive(Clone, Copy)]
pub(crate) struct Parcel {
    pub(crate) luggage: Option<Luggage>,
    pub(crate) freight: Option<Freight>,
}

impl Partition {
    pub(crate) fn parcel(&self, world: World<'_>, site: &Site, task: u32) -> Option<Box<Parcel>> {
        let asks_replica = site.picks == Picks::Replica;
        (asks_replica || world.plan.carries).then(|| {
            let luggage = world.plan.carries.then(|| self.luggage[task as usize]);
            let freight = asks_replica.then(|| self.stores.freight_of(task));
            Box::new(Parcel { luggage, freight })
        })
    }

    /// What a request carries that was made on behalf of `from`: an instance's request, or nobody's.
    pub(crate) fn pack(&mut self, site: &Site, task: u32, from: u32) {
        let inherited = if from == NONE { Luggage::default() } else { self.luggage[from as usize] };
        let own = site.deadline.filter(|deadline| deadline.propagate);
        let expires = match own {
            Some(deadline) => inherited.expires.min(self.now.saturating_add(deadline.after.nanos())),
            // Who publishes does not wait.
            None if site.caller == Caller::Publisher => NEVER,
            None => inherited.expires,
        };
        self.carry(task, Luggage { expires, priority: site.priority.unwrap_or(inherited.priority) });
    }

    pub(crate) fn carry(&mut self, task: u32, luggage: Luggage) {
        let at = task as usize;
        if self.luggage.len() <= at {
            self.luggage.resize(at + 1, Luggage::default());
        }
        self.luggage[at] = luggage;
    }

    /// A call is made that has to end some time.
    pub(crate) fn set_deadline(&mut self, world: World<'_>, site: &Site, task: u32) {
        let own = site.deadline.map_or(NEVER, |deadline| self.now.saturating_add(deadline.after.nanos()));
        let carried = if world.plan.carries { self.luggage[task as usize].expires } else { NEVER };
        let deadline = own.min(carried);
        if deadline != NEVER {
            self.remember(task, History { deadline, ..History::new(self.now) });
        }
    }

    /// The bounds of an attempt that is made now: its own, or that of its call if that comes first.
    pub(crate) fn bound(&mut self, site: &Site, task: u32) {
        let deadline =
            if site.has_deadline { self.history_of(self.call_of(site, task)).deadline } else { NEVER };
        let timeout = self.timeout_of(site);
        if timeout.is_some_and(|timeout| self.now.saturating_add(timeout) <= deadline) {
            self.arm(site.lane, task);
        } else if deadline != NEVER {
            self.set_alarm(task, deadline, Bell::Deadline);
        }
    }

    /// Whether nobody waits any more for a request that is served here.
    pub(crate) fn is_expired(&self, task: u32) -> bool {
        self.luggage[task as usize].expires <= self.now
    }

    /// Who is next for a core. Those for whom nobody waits leave the line.
    #[inline(never)]
    pub(crate) fn next_for_core(&mut self, world: World<'_>, at: usize) -> Option<u32> {
        loop {
            let instance = &mut self.instances[at];
            let next = if instance.is(CORE_LINE) {
                self.pick_next(world, at)?
            } else {
                instance.for_core.leave(self.tasks.as_mut_slice())?
            };
            if !world.plan.expires || !self.is_expired(next) {
                return Some(next);
            }
            self.expire_in_line(world, at, next);
        }
    }

    /// It ends here and now. Whoever never had a core is none of those whose waiting counts.
    pub(crate) fn expire(&mut self, world: World<'_>, task: u32) {
        self.tasks[task].flags |= QUEUE_KNOWN;
        self.fails(world, task, Outcome::Timeout);
    }

    fn expire_in_line(&mut self, world: World<'_>, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        let record = &mut self.tasks[task];
        instance.waiting -= u32::from(instance.bounds_cores && !record.has(QUEUE_KNOWN));
        record.queued = record.queued.wrapping_add(self.now);
        let service = instance.service;
        self.services[service as usize].waiting.down(self.now);
        if self.tasks[task].has(SAMPLED) {
            self.accounts.note(task, (service, Cause::Core), self.now);
        }
        self.expire(world, task);
    }

    /// How important a request is: as its call says, otherwise as the request that makes the call.
    pub(crate) fn priority_of(&self, world: World<'_>, task: u32) -> Priority {
        if world.plan.carries { self.luggage[task as usize].priority } else { Priority::Normal }
    }
}

//! What only some instances have: rules for who is let in and who waits how long, and locks.
//!
//! The rules themselves are in `policy`; here they meet the requests of an instance. Whoever is let in
//! counts as present until it ends, in whatever way.

use std::collections::VecDeque;

use tarsier_model::{Order, Priority};
use tarsier_random::Stream;

use crate::instance::{CORE_LINE, DOOR, DRAGS, WORKER_LINE};
use crate::lock::Lock;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{NONE, ServicePlan, Site};
use crate::policy::codel::DelayControl;
use crate::policy::episode::Episode;
use crate::policy::limit::{Limiter, Sample};
use crate::policy::rate_limit::TokenBucket;
use crate::policy::shed;
use crate::task::{Outcome, SAMPLED};
use crate::timeline::{EventKind, Reason};

/// A limit is told of at most so often.
const TELL_EVERY_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) locks: Vec<Lock>,
    /// Requests on the instance, served and waiting, and by compartment.
    present: u32,
    by_compartment: Vec<u32>,
    limiter: Option<Limiter>,
    /// The limit last told of, and when.
    told_limit: (f64, u64),
    bucket: Option<TokenBucket>,
    delay: DelayControl,
    /// Who waits, the oldest first, where the newest may be served first: the instance's line then is only
    /// its head, the oldest.
    both_ends: VecDeque<u32>,
    /// Of refusing a class, and of dropping from the line.
    shedding: [Episode; 3],
    dropping: Episode,
}

impl Guard {
    fn new(plan: &ServicePlan, now: u64, stream: &mut Stream) -> Guard {
        let rules = &plan.rules;
        let limiter = rules.limit.as_ref().map(|limit| Limiter::new(limit, stream));
        Guard {
            locks: plan.locks.iter().map(|permits| Lock::new(*permits)).collect(),
            present: 0,
            by_compartment: vec![0; plan.compartments.len()],
            told_limit: (limiter.as_ref().map_or(0.0, |limiter| f64::from(limiter.limit())), now),
            limiter,
            bucket: rules.rate_limit.map(|limit| TokenBucket::new(limit, now)),
            delay: DelayControl::default(),
            both_ends: VecDeque::new(),
            shedding: Default::default(),
            dropping: Episode::default(),
        }
    }

    /// What identities are about.
    pub(crate) fn count(&self) -> Count {
        Count { present: self.present.into(), free: self.locks.iter().map(Lock::free).collect() }
    }

    /// How long work takes that begins now, all requests present being in its way but those that go at this
    /// very moment.
    pub(crate) fn dragged(&self, plan: &ServicePlan, nanos: u64, n_going: u32) -> u64 {
        // Branches that nobody waits for may go on when their request has ended.
        let others = f64::from(self.present.saturating_sub(1 + n_going));
        (nanos as f64 * (1.0 + plan.drag * others) + 0.5) as u64
    }

    /// Whether the rules let one more in; tokens go to whoever gets as far as the bucket.
    fn has_room(
        &mut self,
        plan: &ServicePlan,
        compartment: u32,
        priority: Priority,
        now: u64,
    ) -> Result<(), No> {
        let rules = &plan.rules;
        if let (Some(bucket), Some(limit)) = (&mut self.bucket, rules.rate_limit)
            && !bucket.admits(limit, now)
        {
            return Err(No::Refused);
        }
        if compartment != NONE {
            let at = compartment as usize;
            if self.by_compartment[at] >= plan.compartments[at] {
                return Err(No::Refused);
            }
        }
        let limit = self.limiter.as_ref().map(Limiter::limit);
        if limit.is_some_and(|limit| self.present >= limit) {
            return Err(No::Refused);
        }
        let capacity = limit.map_or(plan.places, f64::from);
        match rules.shed {
            Some(shares) if !shed::admits(shares, priority, self.present, capacity) => {
                Err(No::Shed { fullness: f64::from(self.present) / capacity })
            }
            _ => Ok(()),
        }
    }
}

/// Whom a guard has let in, and the free permits of its locks.
pub(crate) struct Count {
    pub(crate) present: i64,
    pub(crate) free: Vec<u32>,
}

/// Why somebody is not let in.
enum No {
    Refused,
    Shed { fullness: f64 },
}

/// What of an instance's rules concerns whom; see [`crate::instance::Instance::askew`].
pub(crate) fn concerns(plan: &ServicePlan) -> u8 {
    let rules = &plan.rules;
    let has_door = rules.limit.is_some() || rules.rate_limit.is_some() || rules.shed.is_some();
    let door = if has_door || !plan.compartments.is_empty() { DOOR } else { 0 };
    let has_line = rules.order == Order::Lifo || rules.codel.is_some();
    let line = match (has_line, plan.workers) {
        (false, _) => 0,
        (true, Some(_)) => WORKER_LINE,
        (true, None) => CORE_LINE,
    };
    let drags = if plan.drag > 0.0 { DOOR | DRAGS } else { 0 };
    door | line | drags
}

impl Partition {
    /// The index of a new instance's guard, if its service has one.
    pub(crate) fn add_guard(&mut self, plan: &ServicePlan, stream: &mut Stream) -> u32 {
        if concerns(plan) == 0 && plan.locks.is_empty() {
            return NONE;
        }
        self.guards.push(Guard::new(plan, self.now, stream));
        (self.guards.len() - 1) as u32
    }

    /// An instance has lost everybody who was on it, and what it had learnt.
    pub(crate) fn reset_guard(&mut self, world: World<'_>, at: usize) {
        let instance = &mut self.instances[at];
        if instance.guard != NONE {
            let plan = &world.plan.services[instance.service as usize];
            self.guards[instance.guard as usize] = Guard::new(plan, self.now, &mut instance.draws.policy);
        }
    }

    /// Whether a request at the door is let in; then it is counted.
    pub(crate) fn is_let_in(&mut self, world: World<'_>, site: &Site, at: usize, task: u32) -> bool {
        let plan = &world.plan.services[site.service as usize];
        let priority = self.priority_of(world, task);
        let guard = &mut self.guards[self.instances[at].guard as usize];
        let room = guard.has_room(plan, site.compartment, priority, self.now);
        if room.is_ok() {
            guard.present += 1;
            if site.compartment != NONE {
                guard.by_compartment[site.compartment as usize] += 1;
            }
            if plan.rules.limit.is_some() {
                let present = guard.present;
                let at = task as usize;
                self.met.resize(self.met.len().max(at + 1), 0);
                self.met[at] = present;
            }
        }
        if plan.rules.shed.is_some() {
            self.tell_of_shedding(world, at, priority, &room);
        }
        room.is_ok()
    }

    /// A request that was let in has ended; one that was refused after all counts as dropped. Nothing
    /// happens where everybody is let in.
    #[inline(never)]
    pub(crate) fn leaves_guard(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let site = self.site_of(world, task);
        let at = self.local(self.tasks[task].instance);
        let instance = &mut self.instances[at];
        if !instance.is(DOOR) {
            return;
        }
        let guard = &mut self.guards[instance.guard as usize];
        guard.present -= 1;
        if site.compartment != NONE {
            guard.by_compartment[site.compartment as usize] -= 1;
        }
        let rules = &world.plan.services[site.service as usize].rules;
        let (Some(limit), Some(limiter)) = (&rules.limit, &mut guard.limiter) else { return };
        // An error says nothing of how full it is.
        if matches!(outcome, Outcome::Ok | Outcome::Refused) {
            let sample = Sample {
                nanos: (self.now - self.tasks[task].arrived).max(1),
                present: self.met[task as usize],
                dropped: outcome == Outcome::Refused,
            };
            if let Some(seen) = limiter.observe(limit, sample, self.now, &mut instance.draws.policy) {
                self.tell_of_limit(world, at, seen);
            }
        }
    }

    /// Who of those who wait is next, now that there is a worker or a core for it.
    #[inline(never)]
    pub(crate) fn pick_next(&mut self, world: World<'_>, at: usize) -> Option<u32> {
        let service = self.instances[at].service;
        let rules = &world.plan.services[service as usize].rules;
        loop {
            let instance = &mut self.instances[at];
            let oldest = instance.ruled_line().first()?;
            let guard = &mut self.guards[instance.guard as usize];
            // Only the first wait is the queue's.
            let is_first = instance.counts(&self.tasks[oldest]);
            if let (Some(codel), true) = (rules.codel, is_first) {
                let waited = self.tasks[oldest].queued.wrapping_add(self.now);
                if guard.delay.drops(codel, self.now, waited, instance.waiting as usize - 1) {
                    self.take_from_line(at, rules.order, false);
                    self.drop_from_line(world, at, oldest);
                    continue;
                }
            }
            // With both, the newest goes first while waiting is too long: adaptive LIFO (Maurer: Fail at
            // Scale, ACM Queue 13(8), 2015).
            let newest = rules.codel.is_none() || guard.delay.is_above();
            if guard.dropping.is_over(self.now) {
                let subject = self.instance_subject(world.plan, at);
                self.happened(subject, EventKind::DroppingEnded, Reason::Recovered);
            }
            return self.take_from_line(at, rules.order, newest);
        }
    }

    /// Stands in the line of an instance whose rules are about it.
    #[inline(never)]
    pub(crate) fn join_line(&mut self, world: World<'_>, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        let rules = &world.plan.services[instance.service as usize].rules;
        let line = instance.ruled_line();
        if rules.order == Order::Fifo {
            return line.join(self.tasks.as_mut_slice(), task);
        }
        if line.is_empty() {
            line.head = task;
        }
        self.guards[instance.guard as usize].both_ends.push_back(task);
    }

    fn take_from_line(&mut self, at: usize, order: Order, newest: bool) -> Option<u32> {
        let instance = &mut self.instances[at];
        if order == Order::Fifo {
            return instance.ruled_line().leave(self.tasks.as_mut_slice());
        }
        let both_ends = &mut self.guards[instance.guard as usize].both_ends;
        let taken = if newest { both_ends.pop_back() } else { both_ends.pop_front() };
        instance.ruled_line().head = both_ends.front().copied().unwrap_or(NONE);
        taken
    }

    /// Somebody in such a line leaves it.
    pub(crate) fn leave_ruled_line(&mut self, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        let both_ends = &mut self.guards[instance.guard as usize].both_ends;
        match both_ends.iter().position(|other| *other == task) {
            Some(place) => {
                both_ends.remove(place);
                instance.ruled_line().head = both_ends.front().copied().unwrap_or(NONE);
            }
            None => instance.ruled_line().remove(self.tasks.as_mut_slice(), task),
        }
    }

    /// The oldest of a line is refused after all.
    fn drop_from_line(&mut self, world: World<'_>, at: usize, task: u32) {
        let instance = &mut self.instances[at];
        instance.waiting -= 1;
        let service = instance.service;
        let cause = if instance.askew & CORE_LINE != 0 { Cause::Core } else { Cause::Worker };
        let record = &mut self.tasks[task];
        record.queued = record.queued.wrapping_add(self.now);
        self.services[service as usize].waiting.down(self.now);
        if self.tasks[task].has(SAMPLED) {
            self.accounts.note(task, (service, cause), self.now);
        }
        if self.guards[self.instances[at].guard as usize].dropping.happens(self.now) {
            let subject = self.instance_subject(world.plan, at);
            self.happened(subject, EventKind::DroppingBegan, Reason::Waiting);
        }
        self.refused_inside(world, task);
    }

    fn tell_of_shedding(&mut self, world: World<'_>, at: usize, priority: Priority, room: &Result<(), No>) {
        let now = self.now;
        let episode = &mut self.guards[self.instances[at].guard as usize].shedding[priority as usize];
        let (kind, reason) = match room {
            Err(No::Shed { fullness }) if episode.happens(now) => {
                (EventKind::SheddingBegan { priority }, Reason::Fullness(*fullness))
            }
            Ok(()) if episode.is_over(now) => (EventKind::SheddingEnded { priority }, Reason::Recovered),
            _ => return,
        };
        self.happened(self.instance_subject(world.plan, at), kind, reason);
    }

    /// Tells of a limit that has moved by a third, and not too often.
    fn tell_of_limit(&mut self, world: World<'_>, at: usize, sample: Sample) {
        let guard = &mut self.guards[self.instances[at].guard as usize];
        let to = guard.limiter.as_ref().map_or(0.0, |limiter| f64::from(limiter.limit()));
        let (from, told) = guard.told_limit;
        if (to - from).abs() < from.max(1.0) / 3.0 || self.now - told < TELL_EVERY_NS {
            return;
        }
        guard.told_limit = (to, self.now);
        let reason = if sample.dropped { Reason::Waiting } else { Reason::Latency(sample.nanos) };
        self.happened(self.instance_subject(world.plan, at), EventKind::LimitChanged { from, to }, reason);
    }
}

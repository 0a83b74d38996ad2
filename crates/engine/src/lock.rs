//! Contention on an instance: `lock` (steps run while a permit is held) and `conflict` (steps run, and
//! count only if nobody else has committed meanwhile).

use crate::instance::Line;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{ContendOp, Op};
use crate::policy::backoff;
use crate::task::{Outcome, SAMPLED, State};

/// A lock of an instance, or what commits are made to.
#[derive(Debug)]
pub(crate) struct Lock {
    free: u32,
    line: Line,
    /// Counts commits.
    version: u64,
}

impl Lock {
    pub(crate) fn new(permits: u32) -> Lock {
        Lock { free: permits, line: Line::EMPTY, version: 0 }
    }

    pub(crate) fn free(&self) -> u32 {
        self.free
    }
}

/// An optimistic attempt of a record.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Try {
    version: u64,
    /// How often it has failed.
    failed: u32,
    /// How long it waited the last time.
    backoff: u64,
}

impl Partition {
    /// A step at a lock; whether the record goes on at once.
    #[inline(never)]
    pub(crate) fn contend(&mut self, world: World<'_>, task: u32, op: ContendOp) -> bool {
        match op {
            ContendOp::Acquire { lock } => return self.acquire(task, lock),
            ContendOp::Release { lock } => self.release(task, lock),
            ContendOp::BeginTries { conflict } => self.begin_tries(world, task, conflict),
            ContendOp::NoteVersion { conflict } => self.note_version(world, task, conflict),
            ContendOp::Commit { conflict } => return self.commit(world, task, conflict),
        }
        true
    }

    fn lock_of(&mut self, task: u32, lock: u32) -> &mut Lock {
        let guard = self.instance_of(task).guard;
        &mut self.guards[guard as usize].locks[lock as usize]
    }

    /// Takes a permit, or stands in line for one.
    fn acquire(&mut self, task: u32, lock: u32) -> bool {
        let guard = self.instance_of(task).guard;
        let lock = &mut self.guards[guard as usize].locks[lock as usize];
        let is_free = lock.free > 0;
        if is_free {
            lock.free -= 1;
        } else {
            lock.line.join(self.tasks.as_mut_slice(), task);
            self.tasks[task].state = State::AwaitingLock;
        }
        is_free
    }

    /// Gives a permit back, or to the first in line.
    fn release(&mut self, task: u32, lock: u32) {
        let (service, guard) = (self.instance_of(task).service, self.instance_of(task).guard);
        let lock = &mut self.guards[guard as usize].locks[lock as usize];
        let Some(next) = lock.line.leave(self.tasks.as_mut_slice()) else {
            lock.free += 1;
            return;
        };
        if self.tasks[next].has(SAMPLED) {
            self.accounts.note(next, (service, Cause::Lock), self.now);
        }
        let record = &mut self.tasks[next];
        record.pc += 1;
        record.state = State::Granted;
        self.ready.push_back(next);
    }

    /// Somebody who waits for a permit does not want it any more.
    pub(crate) fn leave_line_of_lock(&mut self, world: World<'_>, task: u32) {
        let Op::Contend(ContendOp::Acquire { lock }) = world.plan.ops[self.tasks[task].pc as usize] else {
            unreachable!("a record that waits for a lock stands at one")
        };
        let guard = self.instance_of(task).guard;
        self.guards[guard as usize].locks[lock as usize].line.remove(self.tasks.as_mut_slice(), task);
    }

    /// A record stops where it stands: what it holds is free for others.
    pub(crate) fn release_all(&mut self, world: World<'_>, task: u32) {
        for lock in world.plan.held_by(self.tasks[task].pc) {
            self.release(task, lock);
        }
    }

    /// An optimistic step begins.
    fn begin_tries(&mut self, world: World<'_>, task: u32, conflict: u32) {
        let depth = world.plan.conflicts[conflict as usize].depth as usize;
        if self.tries.len() <= task as usize {
            self.tries.resize(task as usize + 1, Vec::new());
        }
        // What earlier steps left there, or the record's earlier users, is forgotten.
        let tries = &mut self.tries[task as usize];
        tries.truncate(depth);
        tries.push(Try::default());
    }

    fn note_version(&mut self, world: World<'_>, task: u32, conflict: u32) {
        let plan = &world.plan.conflicts[conflict as usize];
        let version = self.lock_of(task, plan.lock).version;
        self.tries[task as usize][plan.depth as usize].version = version;
    }

    /// Commits if nobody else has since the version was noted; otherwise tries again or fails.
    fn commit(&mut self, world: World<'_>, task: u32, conflict: u32) -> bool {
        let plan = &world.plan.conflicts[conflict as usize];
        let noted = self.tries[task as usize][plan.depth as usize];
        let lock = self.lock_of(task, plan.lock);
        if lock.version == noted.version {
            lock.version += 1;
            return true;
        }
        let Some(retry) = plan.retry.as_ref().filter(|retry| noted.failed < retry.attempts) else {
            self.fails(world, task, Outcome::Error);
            return false;
        };
        let stream = &mut self.instance_of(task).draws.policy;
        let delay = match &retry.backoff {
            Some(rule) => backoff::delay(rule, retry.jitter, noted.failed, noted.backoff, stream),
            None => 0,
        };
        let again = &mut self.tries[task as usize][plan.depth as usize];
        (again.failed, again.backoff) = (noted.failed + 1, delay);
        let record = &mut self.tasks[task];
        record.pc = plan.start;
        record.state = State::Waiting;
        self.schedule(task, delay);
        false
    }
}

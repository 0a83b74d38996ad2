//! Alarms: an event for one record at one time, for what only few records need.
//!
//! An alarm is not called off: one that comes too late finds another record there, or one that is past
//! it. (A record's epoch would not tell: it changes while the record lives, when its branches are not
//! waited for any more.) Timeouts, which nearly everybody has, stand in `lanes`.

use crate::kernel::slab::Slot;
use crate::partition::{Partition, World};
use crate::task::{DETACHED, RETRIED, State};

/// What a record is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Bell {
    /// The bound of its attempt has come.
    #[default]
    Timeout,
    /// The bound of all attempts of its call has come.
    Deadline,
    /// Its connection should be there by now.
    Connect,
    /// Another attempt may go out beside those under way.
    Hedge,
    /// Nobody waits for it.
    Cancel,
    /// Of no record: it is time to see to hints.
    Handoff,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alarm {
    bell: Bell,
    /// While it is free, the next free one.
    task: u32,
    life: u32,
}

impl Slot for Alarm {
    fn next_free(&self) -> u32 {
        self.task
    }

    fn release(&mut self, next_free: u32) {
        self.task = next_free;
    }
}

impl Partition {
    pub(crate) fn set_alarm(&mut self, task: u32, time: u64, bell: Bell) {
        debug_assert!(time >= self.now, "alarms are for the future");
        let life = self.follow(task);
        let (at, alarm) = self.alarms.take();
        *alarm = Alarm { bell, task, life };
        self.schedule_alarm(at, time);
    }

    /// For what is no record, by its number.
    pub(crate) fn ring_later(&mut self, number: u32, time: u64, bell: Bell) {
        let (at, alarm) = self.alarms.take();
        *alarm = Alarm { bell, task: number, life: 0 };
        self.schedule_alarm(at, time);
    }

    /// From now on it is known when the record ends. Which life of this record it is.
    pub(crate) fn follow(&mut self, task: u32) -> u32 {
        if !self.tasks[task].has(RETRIED) {
            self.remember(task, self.history_of(task));
        }
        self.life_of(task)
    }

    /// How many records have ended here that were followed.
    pub(crate) fn life_of(&self, task: u32) -> u32 {
        self.lives.get(task as usize).copied().unwrap_or(0)
    }

    /// A record that may have been followed has ended.
    #[cold]
    #[inline(never)]
    pub(crate) fn life_ends(&mut self, task: u32) {
        let at = task as usize;
        self.lives.resize(self.lives.len().max(at + 1), 0);
        self.lives[at] = self.lives[at].wrapping_add(1);
    }

    pub(crate) fn alarm_fires(&mut self, world: World<'_>, at: u32) {
        let Alarm { bell, task, life } = self.alarms[at];
        self.alarms.give_back(at);
        if bell == Bell::Handoff {
            return self.hand_over(world, task);
        }
        if self.life_of(task) == life && (self.n_paused == 0 || !self.hold_back_bell(world, task, bell)) {
            self.ring(world, task, bell);
        }
    }

    pub(crate) fn ring(&mut self, world: World<'_>, task: u32, bell: Bell) {
        match bell {
            Bell::Timeout | Bell::Deadline if self.is_under_way(task) => self.give_up(world, task),
            Bell::Timeout | Bell::Deadline => {}
            Bell::Connect => self.connect_times_out(world, task),
            Bell::Hedge => self.hedge(world, task),
            Bell::Cancel => self.cancel(world, task),
            Bell::Handoff => unreachable!("hints belong to no record"),
        }
    }

    /// Whether somebody waits for an attempt that was made.
    pub(crate) fn is_under_way(&self, task: u32) -> bool {
        let record = &self.tasks[task];
        let pauses = matches!(record.state, State::BackingOff | State::Rejected | State::Thinking);
        !record.has(DETACHED) && !pauses
    }
}

//! Alarms: an event for one record at one time, for what only few records need.
//!
//! An alarm is not called off: it goes with the record's epoch, and one that comes too late finds
//! another epoch or a record that is past it. Timeouts, which nearly everybody has, stand in `lanes`.

use crate::kernel::slab::Slot;
use crate::partition::{Partition, World};
use crate::task::{DETACHED, State};

/// What a record is to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Bell {
    /// The bound of its attempt has come.
    #[default]
    Timeout,
    /// The bound of all attempts of its call has come.
    Deadline,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alarm {
    bell: Bell,
    /// While it is free, the next free one.
    task: u32,
    epoch: u32,
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
        let at = self.alarms.take();
        self.alarms[at] = Alarm { bell, task, epoch: self.tasks[task].epoch };
        self.schedule_alarm(at, time);
    }

    pub(crate) fn alarm_fires(&mut self, world: World<'_>, at: u32) {
        let Alarm { bell, task, epoch } = self.alarms[at];
        self.alarms.give_back(at);
        if self.tasks[task].epoch == epoch && (self.n_paused == 0 || !self.hold_back_bell(world, task, bell))
        {
            self.ring(world, task, bell);
        }
    }

    pub(crate) fn ring(&mut self, world: World<'_>, task: u32, bell: Bell) {
        match bell {
            Bell::Timeout => self.give_up(world, task),
            Bell::Deadline if self.is_under_way(task) => self.give_up(world, task),
            Bell::Deadline => {}
        }
    }

    /// Whether somebody waits for an attempt that was made.
    fn is_under_way(&self, task: u32) -> bool {
        let record = &self.tasks[task];
        let pauses = matches!(record.state, State::BackingOff | State::Rejected | State::Thinking);
        !record.has(DETACHED) && !pauses
    }
}

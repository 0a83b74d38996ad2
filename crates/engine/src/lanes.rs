//! Timeouts.
//!
//! Nearly every timeout is cancelled, so arming and cancelling cost a link and an unlink: all
//! attempts with the same bound stand in one lane in the order they were sent, which is the order
//! their bounds fire. Each lane has at most one event pending, for its first.

use crate::alarm::Bell;
use crate::partition::{Partition, World};
use crate::plan::{NONE, Site};
use crate::task::UNTIMED;

pub(crate) struct Lane {
    timeout: u64,
    head: u32,
    tail: u32,
    /// Whether its event is pending.
    awaits: bool,
}

impl Lane {
    pub(crate) fn new(timeout: u64) -> Lane {
        Lane { timeout, head: NONE, tail: NONE, awaits: false }
    }
}

impl Partition {
    /// Starts the bound of an attempt that is sent now.
    #[inline]
    pub(crate) fn arm(&mut self, lane_idx: u32, task: u32) {
        let lane = &mut self.lanes[lane_idx as usize];
        let last = std::mem::replace(&mut lane.tail, task);
        let record = &mut self.tasks[task];
        debug_assert_eq!(record.lane_prev, UNTIMED);
        record.lane_prev = last;
        record.lane_next = NONE;
        if last == NONE {
            lane.head = task
        } else {
            self.tasks[last].lane_next = task
        }
        let lane = &mut self.lanes[lane_idx as usize];
        if !lane.awaits {
            lane.awaits = true;
            let due = self.now + lane.timeout;
            self.schedule_lane(lane_idx, due);
        }
    }

    /// How long an attempt from a site may take.
    pub(crate) fn timeout_of(&self, site: &Site) -> Option<u64> {
        (site.lane != NONE).then(|| self.lanes[site.lane as usize].timeout)
    }

    /// Ends the bound of an attempt, if it has one.
    #[inline(always)]
    pub(crate) fn disarm(&mut self, lane: u32, task: u32) {
        if lane != NONE && self.tasks[task].lane_prev != UNTIMED {
            self.unlink(lane, task);
        }
    }

    #[inline]
    fn unlink(&mut self, lane: u32, task: u32) {
        let record = &mut self.tasks[task];
        let (before, after) = (record.lane_prev, record.lane_next);
        record.lane_prev = UNTIMED;
        let lane = &mut self.lanes[lane as usize];
        if before == NONE {
            lane.head = after
        } else {
            self.tasks[before].lane_next = after
        }
        if after == NONE { lane.tail = before } else { self.tasks[after].lane_prev = before }
    }

    /// Gives up all attempts whose bound has come, and waits for the next.
    pub(crate) fn lane_fires(&mut self, world: World<'_>, lane_idx: u32) {
        loop {
            let lane = &mut self.lanes[lane_idx as usize];
            if lane.head == NONE {
                lane.awaits = false;
                return;
            }
            let (task, due) = (lane.head, self.tasks[lane.head].sent + lane.timeout);
            if due > self.now {
                self.schedule_lane(lane_idx, due);
                return;
            }
            self.disarm(lane_idx, task);
            if self.n_paused == 0 || !self.hold_back_bell(world, task, Bell::Timeout) {
                self.give_up(world, task);
            }
        }
    }
}

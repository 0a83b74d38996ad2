//! Timeouts.
//!
//! Nearly every timeout is cancelled, so arming and cancelling cost a link and an unlink: all
//! attempts with the same bound stand in one lane in the order they were sent, which is the order
//! their bounds fire. Each lane has at most one event pending, for its first. Both ends of a lane name it, so an
//! attempt leaves the lane it is in, whatever bound its site has by then.

use crate::alarm::Bell;
use crate::partition::{Partition, World};
use crate::plan::{NONE, Site};
use crate::task::UNTIMED;

pub(crate) struct Lane {
    timeout: u64,
    head: u32,
    tail: u32,
    /// Whether its event is pending, or none ever will be.
    awaits: bool,
}

/// In place of a record: the end of the lane of this index.
const END: u32 = 1 << 31;

/// In place of a bound that was taken away: its lane never fires.
pub(crate) const NO_TIMEOUT: u64 = u64::MAX;

impl Lane {
    pub(crate) fn new(index: usize, timeout: u64) -> Lane {
        let end = END | index as u32;
        Lane { timeout, head: end, tail: end, awaits: timeout == NO_TIMEOUT }
    }
}

impl Partition {
    pub(crate) fn add_lane(&mut self, timeout: u64) {
        self.lanes.push(Lane::new(self.lanes.len(), timeout));
    }

    /// Starts the bound of an attempt that is sent now.
    #[inline]
    pub(crate) fn arm(&mut self, lane_idx: u32, task: u32) {
        let lane = &mut self.lanes[lane_idx as usize];
        let last = std::mem::replace(&mut lane.tail, task);
        let record = &mut self.tasks[task];
        debug_assert_eq!(record.lane_prev, UNTIMED);
        record.lane_prev = last;
        record.lane_next = END | lane_idx;
        if last & END != 0 {
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
        let timeout = (site.lane != NONE).then(|| self.lanes[site.lane as usize].timeout);
        timeout.filter(|timeout| *timeout != NO_TIMEOUT)
    }

    /// Ends the bound of an attempt, if it has one.
    #[inline(always)]
    pub(crate) fn disarm(&mut self, lane: u32, task: u32) {
        if lane != NONE && self.tasks[task].lane_prev != UNTIMED {
            self.unlink(task);
        }
    }

    #[inline]
    fn unlink(&mut self, task: u32) {
        let record = &mut self.tasks[task];
        let (before, after) = (record.lane_prev, record.lane_next);
        record.lane_prev = UNTIMED;
        if before & END != 0 {
            self.lanes[(before & !END) as usize].head = after
        } else {
            self.tasks[before].lane_next = after
        }
        if after & END != 0 {
            self.lanes[(after & !END) as usize].tail = before
        } else {
            self.tasks[after].lane_prev = before
        }
    }

    /// Gives up all attempts whose bound has come, and waits for the next.
    pub(crate) fn lane_fires(&mut self, world: World<'_>, lane_idx: u32) {
        loop {
            let lane = &mut self.lanes[lane_idx as usize];
            if lane.head & END != 0 {
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

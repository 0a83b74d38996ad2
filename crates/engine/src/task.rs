//! The record of a request in flight.
//!
//! One record serves both ends of a call within a partition: the caller's (who waits, since when,
//! until when) and the callee's (where it is served, how far it is). A branch of a parallel step is
//! a record too. 64 bytes, one cache line.

use crate::kernel::slab::Slot;
use crate::plan::NONE;

/// What a record is doing; with it an event knows what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum State {
    #[default]
    Free,
    /// A user between two requests.
    Thinking,
    /// Before another attempt.
    BackingOff,
    /// Rejected by its own client: it fails at once.
    Rejected,
    /// Waiting for a free connection.
    AwaitingConnection,
    /// A message on its way to the callee, to connect.
    Knocking,
    /// A message on its way to the callee.
    Outbound,
    /// Waiting for a worker.
    AwaitingWorker,
    /// A worker was given to it; it starts at once.
    Granted,
    /// Waiting for a core.
    AwaitingCore,
    /// Waiting for a permit of a lock.
    AwaitingLock,
    /// On a core.
    Working,
    /// On a shared processor.
    Sharing,
    /// In a wait step.
    Waiting,
    /// Waiting for answers of others.
    Blocked,
    // The answer is on its way to the caller: a state for each, so that telling states apart is one jump.
    InboundOk,
    InboundError,
    InboundRefused,
    InboundUnreachable,
    InboundTimeout,
    InboundConnected,
    /// The callee is in another partition; this is the caller's half.
    Remote,
    /// Nobody will ever answer.
    Lost,
    /// A hedged call whose attempts have records of their own.
    Racing,
    /// Nothing any more, but its event is still due.
    Ghost,
    /// The same; it was on a core when it stopped, at `arrived`.
    GhostAtWork,
}

impl State {
    #[inline(always)]
    pub(crate) fn inbound(outcome: Outcome) -> State {
        match outcome {
            Outcome::Ok => State::InboundOk,
            Outcome::Error => State::InboundError,
            Outcome::Refused => State::InboundRefused,
            Outcome::Unreachable => State::InboundUnreachable,
            Outcome::Timeout => State::InboundTimeout,
            Outcome::Connected => State::InboundConnected,
        }
    }

    /// Which answer is on its way to the caller.
    pub(crate) fn answer(self) -> Option<Outcome> {
        match self {
            State::InboundOk => Some(Outcome::Ok),
            State::InboundError => Some(Outcome::Error),
            State::InboundRefused => Some(Outcome::Refused),
            State::InboundUnreachable => Some(Outcome::Unreachable),
            State::InboundTimeout => Some(Outcome::Timeout),
            State::InboundConnected => Some(Outcome::Connected),
            _ => None,
        }
    }

    /// Whether a record waits for a worker or a core.
    pub(crate) fn is_in_line(self) -> bool {
        matches!(self, State::AwaitingWorker | State::AwaitingCore)
    }

    /// Whether a record is with an instance, and not on the wire or with its caller.
    pub(crate) fn is_served(self) -> bool {
        matches!(
            self,
            State::AwaitingWorker
                | State::Granted
                | State::AwaitingCore
                | State::AwaitingLock
                | State::Working
                | State::Sharing
                | State::Waiting
                | State::Blocked
        )
    }
}

/// How a call or a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Ok,
    Error,
    Refused,
    Unreachable,
    Timeout,
    /// No end: the way there is open.
    Connected,
}

/// The caller has given up: the callee goes on, nobody waits for it.
pub(crate) const DETACHED: u8 = 1;
/// A branch of a parallel step, not a request.
pub(crate) const BRANCH: u8 = 2;
/// Holds a worker.
pub(crate) const WORKER: u8 = 4;
/// Its waiting time has been recorded.
pub(crate) const QUEUE_KNOWN: u8 = 8;
/// Carries an account of its time.
pub(crate) const SAMPLED: u8 = 16;
/// A call that is a whole branch of a parallel step.
pub(crate) const JOINS: u8 = 32;
/// There is more to know of the call: see the partition's `histories`.
pub(crate) const RETRIED: u8 = 64;
/// The caller is in another partition; this is the callee's half.
pub(crate) const VISITOR: u8 = 128;

#[derive(Debug)]
pub(crate) struct Task {
    /// When this attempt was sent.
    pub(crate) sent: u64,
    /// When it arrived at the instance.
    pub(crate) arrived: u64,
    /// Time spent waiting so far: `- start` is added when a wait begins, `+ end` when it ends.
    pub(crate) queued: u64,
    /// The record that waits for this one, if its epoch still is `parent_epoch`.
    pub(crate) parent: u32,
    pub(crate) parent_epoch: u32,
    /// Changes whenever somebody who refers to this record must be ignored from then on.
    pub(crate) epoch: u32,
    /// Who calls: an instance at a call site, or a workload.
    pub(crate) client: u32,
    /// Where it is served.
    pub(crate) instance: u32,
    pub(crate) pc: u32,
    /// The next in a waiting line, or, while blocked on branches, how many of these may still fail.
    pub(crate) next: u32,
    /// Neighbours in the lane of its timeout. (A visitor has the caller's partition and zone here.)
    pub(crate) lane_prev: u32,
    pub(crate) lane_next: u32,
    /// How many branches must still end well.
    pub(crate) join: u16,
    pub(crate) state: State,
    pub(crate) flags: u8,
}

/// The record is in no lane.
pub(crate) const UNTIMED: u32 = u32::MAX - 1;

impl Default for Task {
    fn default() -> Self {
        Task {
            sent: 0,
            arrived: 0,
            queued: 0,
            parent: NONE,
            parent_epoch: 0,
            epoch: 0,
            client: NONE,
            instance: NONE,
            pc: NONE,
            next: NONE,
            lane_prev: UNTIMED,
            lane_next: NONE,
            join: 0,
            state: State::Free,
            flags: 0,
        }
    }
}

impl Task {
    /// It will be sent again, and has not waited there yet.
    pub(crate) fn forget_service(&mut self) {
        self.queued = 0;
        self.flags &= !QUEUE_KNOWN;
    }

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Slot for Task {
    #[inline]
    fn next_free(&self) -> u32 {
        self.next
    }

    #[inline]
    fn release(&mut self, next_free: u32) {
        self.epoch = self.epoch.wrapping_add(1);
        self.state = State::Free;
        self.next = next_free;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_task_is_one_cache_line() {
        assert_eq!(size_of::<super::Task>(), 64);
    }
}

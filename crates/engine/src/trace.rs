//! What the record of a traced request knows of its trace.
//!
//! It hangs in the record's account, travels with it, and is told whatever the account is told. A record
//! serves both ends of a call, so there are two halves: the caller's and the callee's. Between partitions
//! the caller's half stays at home. Ids follow from the request and the place in its tree, so they are
//! the same for every number of threads.

use tarsier_random::Stream;

use crate::kernel::table::Table;
use crate::outcome::Cause;
use crate::plan::NONE;
use crate::span::{Stretch, TraceSpan, Traces};

/// Of one partition.
#[derive(Default)]
pub(crate) struct Tracing {
    wanted: Traces,
    /// When counted time begins.
    origin: u64,
    /// Callers' halves while the callee is in another partition.
    pub(crate) at_home: Table<Box<Trace>>,
    ended: Vec<TraceSpan>,
}

impl Tracing {
    pub(crate) fn new(wanted: Traces, origin: u64) -> Tracing {
        Tracing { wanted, origin, ..Tracing::default() }
    }

    /// The trace of a user's request that is sent now, if it has one.
    pub(crate) fn begin(&self, salt: u64, number: u64, now: u64) -> Option<Asking> {
        let trace = (u128::from(id(salt, 2 * number)) << 64) | u128::from(id(salt, 2 * number + 1));
        let is_wanted = now >= self.origin
            && match &self.wanted {
                Traces::None => false,
                // Other bits than those that name the root.
                Traces::Share(share) => (trace >> 64) as u64 <= (share * u64::MAX as f64) as u64,
                Traces::These(traces) => traces.contains(&trace),
                Traces::Requests => true,
            };
        let root = (trace as u64).max(1);
        let is_shallow = self.wanted == Traces::Requests;
        is_wanted.then(|| Asking {
            trace,
            parent: root,
            salt: root,
            is_shallow,
            is_over: is_shallow,
            ..Asking::default()
        })
    }

    pub(crate) fn add(&mut self, mut span: TraceSpan) {
        span.began_ns -= self.origin;
        span.ended_ns -= self.origin;
        for stretch in &mut span.stretches {
            stretch.from_ns -= self.origin;
            stretch.to_ns -= self.origin;
        }
        // Branches ran beside each other.
        span.stretches.sort_by_key(|stretch| (stretch.from_ns, stretch.to_ns));
        self.ended.push(span);
    }

    pub(crate) fn take(&mut self) -> Vec<TraceSpan> {
        std::mem::take(&mut self.ended)
    }
}

/// In the account of a traced record.
#[derive(Debug)]
pub(crate) struct Trace {
    /// Whether the account is one of the sample that tells why requests are slow.
    pub(crate) is_counted: bool,
    pub(crate) asking: Option<Asking>,
    pub(crate) serving: Option<Serving>,
}

/// The caller's half.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    pub(crate) trace: u128,
    /// The span that asks.
    pub(crate) parent: u64,
    /// What the ids of attempts are drawn from.
    salt: u64,
    /// Attempts that have ended, or were sent beside this one.
    pub(crate) before: u32,
    pub(crate) hedge: bool,
    /// Nothing is wanted of what is below the request.
    is_shallow: bool,
    /// The attempt has ended for its caller.
    pub(crate) is_over: bool,
    stretches: Vec<Stretch>,
}

/// The callee's half.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) trace: u128,
    pub(crate) parent: u64,
    pub(crate) id: u64,
    /// What the ids of what it asks for are drawn from.
    salt: u64,
    n_asked: u64,
    /// The instance that called from abroad.
    pub(crate) caller: u32,
    /// `None` while it is on its way.
    pub(crate) arrived: Option<u64>,
    /// A branch of a parallel step has no span of its own.
    pub(crate) is_branch: bool,
    stretches: Vec<Stretch>,
}

impl Trace {
    pub(crate) fn asking(asking: Asking, is_counted: bool) -> Box<Trace> {
        Box::new(Trace { is_counted, asking: Some(asking), serving: None })
    }

    pub(crate) fn serving(serving: Serving) -> Box<Trace> {
        Box::new(Trace { is_counted: false, asking: None, serving: Some(serving) })
    }

    /// The request has reached its instance.
    pub(crate) fn arrive(&mut self, now: u64) {
        self.serving = self.serving.take().or_else(|| self.asking.as_ref()?.expected());
        if let Some(serving) = &mut self.serving {
            serving.arrived = Some(now);
        }
    }

    pub(crate) fn note(&mut self, cause: Cause, from: u64, to: u64) {
        let stretch = Stretch { cause, from_ns: from, to_ns: to };
        match (&mut self.serving, &mut self.asking) {
            _ if from == to => {}
            (Some(Serving { arrived: Some(_), stretches, .. }), _) => stretches.push(stretch),
            // Of the ways, backoffs and timeouts the spans themselves tell.
            (_, Some(asking)) if cause == Cause::Connection => asking.stretches.push(stretch),
            _ => {}
        }
    }
}

impl Asking {
    /// The span of the attempt.
    pub(crate) fn id(&self) -> u64 {
        id(self.salt, u64::from(self.before))
    }

    /// What the callee will know of the attempt.
    pub(crate) fn expected(&self) -> Option<Serving> {
        (!self.is_shallow).then(|| Serving::caused_by(self.trace, self.id()))
    }

    /// The next attempt is made.
    pub(crate) fn try_again(&mut self) {
        self.is_over = self.is_shallow;
    }

    /// Another attempt may follow.
    pub(crate) fn end_attempt(&mut self) -> Vec<Stretch> {
        self.before += 1;
        self.is_over = true;
        std::mem::take(&mut self.stretches)
    }

    /// An attempt with a record of its own.
    pub(crate) fn runner(&mut self, hedge: bool) -> Asking {
        let (is_over, stretches) = (self.is_shallow, Vec::new());
        let runner = Asking { hedge, is_over, stretches, ..self.clone() };
        self.before += 1;
        runner
    }
}

impl Serving {
    fn caused_by(trace: u128, parent: u64) -> Serving {
        let id = id(parent, 0);
        let (caller, stretches) = (NONE, Vec::new());
        Serving {
            trace,
            parent,
            id,
            salt: id,
            n_asked: 0,
            caller,
            arrived: None,
            is_branch: false,
            stretches,
        }
    }

    /// Something it asks for.
    pub(crate) fn asks(&mut self) -> Asking {
        self.n_asked += 1;
        let salt = id(self.salt, self.n_asked);
        Asking { trace: self.trace, parent: self.id, salt, ..Asking::default() }
    }

    /// A message it sends, and waits for no answer.
    pub(crate) fn publishes(&mut self) -> Serving {
        let asking = self.asks();
        Serving::caused_by(asking.trace, asking.id())
    }

    pub(crate) fn branch(&mut self, now: u64) -> Serving {
        let salt = self.asks().salt;
        let arrived = Some(now);
        Serving { id: self.id, salt, arrived, is_branch: true, ..Serving::caused_by(self.trace, self.parent) }
    }

    pub(crate) fn take_stretches(&mut self) -> Vec<Stretch> {
        std::mem::take(&mut self.stretches)
    }

    pub(crate) fn add_stretches(&mut self, stretches: Vec<Stretch>) {
        self.stretches.extend(stretches);
    }
}

/// The id of something by its number in what has this salt.
fn id(salt: u64, number: u64) -> u64 {
    const ODD: u64 = 0xd1b5_4a32_d192_ed03;
    Stream::from_state(salt ^ number.wrapping_add(1).wrapping_mul(ODD)).next_u64().max(1)
}

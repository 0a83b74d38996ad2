//! The record of what happened: faults, and what protections did about them.
//!
//! Each partition notes what happens in it, the control of the scenario what it does; each list is
//! bounded and keeps what came first. They are merged by time, then the control's before the
//! partitions' in order, then as noted: the same for every number of threads.

use tarsier_model::{EndpointId, Place, Priority, RegionId, ServiceId, WorkloadId, ZoneId};

use crate::partition::Partition;
use crate::plan::Plan;

/// Each list keeps at most so many, and so does what is merged of the partitions.
const MOST_EVENTS: usize = 10_000;

/// Something that happened to `subject`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Event {
    /// Nanoseconds since the end of the warm-up; what happened before it has a negative time.
    pub time_ns: i64,
    pub subject: EventSubject,
    pub kind: EventKind,
    pub reason: Reason,
}

/// What an event is about, in ids of the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventSubject {
    /// The whole architecture.
    Everything,
    Region(RegionId),
    Zone(ZoneId),
    Service(ServiceId),
    Instance {
        service: ServiceId,
        number: u32,
    },
    Workload(WorkloadId),
    /// What the instance of this number calls from one endpoint to another.
    Call {
        from: EndpointId,
        number: u32,
        to: EndpointId,
    },
    /// What the users of a workload in one place (a region, or a zone) ask of an endpoint.
    Users {
        workload: WorkloadId,
        number: u32,
        to: EndpointId,
    },
    /// Everything sent from one place to another.
    Link {
        from: Place,
        to: Place,
    },
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum EventKind {
    /// The fault of this number in the scenario begins, or strikes once more.
    FaultOn {
        happening: u32,
    },
    FaultOff {
        happening: u32,
    },
    BreakerOpened,
    BreakerHalfOpen,
    BreakerClosed,
    /// A caller sends no more to this instance of the service it calls.
    Ejected {
        number: u32,
    },
    /// It does again.
    Returned {
        number: u32,
    },
    /// So many instances are ejected that a caller sends to all of them again.
    PanicBegan,
    PanicEnded,
    /// A caller's retry budget is used up.
    BudgetExhausted,
    /// A caller rejects a share of its own requests.
    ThrottlingBegan,
    ThrottlingEnded,
    /// The limit of an instance moved.
    LimitChanged {
        from: f64,
        to: f64,
    },
    SheddingBegan {
        priority: Priority,
    },
    SheddingEnded {
        priority: Priority,
    },
    /// A queue drops what waits too long.
    DroppingBegan,
    DroppingEnded,
    /// Discovery no longer names an instance.
    Delisted,
    Listed,
    /// The first of so many calls from one service, or from users, to another was refused.
    Forbidden {
        calls: u64,
    },
}

/// Why something happened, as far as there is more to say than what did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Reason {
    /// The scenario says so.
    Scenario,
    /// Chance, as the scenario's chaos has it.
    Chaos,
    /// So many failures among so many calls in the window.
    Failures {
        failed: u32,
        calls: u32,
    },
    /// So many failures in a row.
    Consecutive(u32),
    /// A success rate below what the others do.
    SuccessRate {
        rate: f64,
        least: f64,
    },
    /// More retries were wanted than it allows.
    TooManyRetries,
    /// The time set for it is over.
    TimeOver,
    ProbesSucceeded,
    ProbeFailed,
    /// Fewer instances than this share are left.
    TooFewLeft(f64),
    /// Requests wait longer than they should.
    Waiting,
    /// This share of what an instance may hold is taken.
    Fullness(f64),
    /// Answers take so long, in nanoseconds.
    Latency(u64),
    /// There is room again.
    Recovered,
    /// No heartbeat for the time to live.
    NoHeartbeat,
    /// A heartbeat again.
    Heartbeat,
    /// So many failed health checks in a row.
    ChecksFailed(u32),
    ChecksPassed(u32),
    /// The instance is gone, or there again, and discovery was told.
    Announced,
    /// Its rules forbid it.
    Segmentation,
}

/// A bounded list of events.
#[derive(Default)]
pub(crate) struct Timeline {
    events: Vec<Noted>,
    dropped: u64,
}

/// An event at an absolute time.
type Noted = (u64, EventSubject, EventKind, Reason);

impl Timeline {
    #[cold]
    #[inline(never)]
    pub(crate) fn note(&mut self, now: u64, subject: EventSubject, kind: EventKind, reason: Reason) {
        if self.events.len() < MOST_EVENTS {
            self.events.push((now, subject, kind, reason));
        } else {
            self.dropped += 1;
        }
    }

    /// The events of the control and of the partitions, in order, and how many were dropped.
    pub(crate) fn merged<'a>(
        control: &Timeline,
        partitions: impl Iterator<Item = &'a Timeline>,
        warmup: u64,
    ) -> (Vec<Event>, u64) {
        let mut dropped = control.dropped;
        let mut events: Vec<Noted> = Vec::new();
        for list in partitions {
            events.extend(&list.events);
            dropped += list.dropped;
        }
        // Stable: what a partition noted at a time stays in its order.
        events.sort_by_key(|(time, ..)| *time);
        dropped += events.len().saturating_sub(MOST_EVENTS) as u64;
        events.truncate(MOST_EVENTS);
        let mut all = control.events.clone();
        all.extend(events);
        all.sort_by_key(|(time, ..)| *time);
        let event = |(time, subject, kind, reason)| Event {
            time_ns: i64::try_from(i128::from(time) - i128::from(warmup))
                .expect("a run ends before time does"),
            subject,
            kind,
            reason,
        };
        (all.into_iter().map(event).collect(), dropped)
    }
}

impl Partition {
    /// Notes an event; rare ones only.
    pub(crate) fn happened(&mut self, subject: EventSubject, kind: EventKind, reason: Reason) {
        self.timeline.note(self.now, subject, kind, reason);
    }

    /// A local instance, as the subject of an event.
    pub(crate) fn instance_subject(&self, plan: &Plan, at: usize) -> EventSubject {
        let instance = self.first_instance as usize + at;
        EventSubject::Instance {
            service: ServiceId(plan.service_of[instance]),
            number: plan.number_of[instance],
        }
    }

    /// A caller at its call site, as the subject of an event.
    pub(crate) fn client_subject(&self, plan: &Plan, client: u32) -> EventSubject {
        let client = &self.clients[client as usize];
        let site = &plan.sites[client.site as usize];
        match site.from {
            Some(from) => {
                let number = plan.number_of[(self.first_instance + client.origin) as usize];
                EventSubject::Call { from, number, to: site.to }
            }
            None => {
                let part = &plan.partitions[self.index as usize];
                let source = &plan.sources[part.sources[client.origin as usize] as usize];
                let (workload, number) = (WorkloadId(source.workload), source.number);
                EventSubject::Users { workload, number, to: site.to }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(timeline: &mut Timeline, time: u64, kind: EventKind) {
        timeline.note(time, EventSubject::Everything, kind, Reason::TimeOver);
    }

    #[test]
    fn what_happens_at_once_is_told_cause_first() {
        let [mut control, mut first, mut second] = [(); 3].map(|()| Timeline::default());
        note(&mut second, 5, EventKind::Delisted);
        note(&mut first, 7, EventKind::BreakerOpened);
        note(&mut first, 7, EventKind::BreakerHalfOpen);
        note(&mut second, 7, EventKind::BreakerClosed);
        note(&mut control, 7, EventKind::FaultOn { happening: 0 });
        let (events, dropped) = Timeline::merged(&control, [&first, &second].into_iter(), 6);
        let told: Vec<_> = events.iter().map(|event| (event.time_ns, event.kind)).collect();
        let expected = [
            (-1, EventKind::Delisted),
            (1, EventKind::FaultOn { happening: 0 }),
            (1, EventKind::BreakerOpened),
            (1, EventKind::BreakerHalfOpen),
            (1, EventKind::BreakerClosed),
        ];
        assert_eq!((told, dropped), (expected.to_vec(), 0));
    }

    #[test]
    fn the_first_are_kept_and_the_rest_is_counted() {
        let [mut first, mut second] = [(); 2].map(|()| Timeline::default());
        for time in 0..MOST_EVENTS as u64 + 5 {
            note(&mut first, 2 * time, EventKind::BreakerOpened);
            note(&mut second, 2 * time + 1, EventKind::BreakerClosed);
        }
        let (events, dropped) = Timeline::merged(&Timeline::default(), [&first, &second].into_iter(), 0);
        assert_eq!(events.len() as u64 + dropped, 2 * (MOST_EVENTS as u64 + 5));
        assert_eq!(events.last().map(|event| event.time_ns), Some(MOST_EVENTS as i64 - 1));
    }
}

//! What faults do while they last.

use tarsier_model::{ErrorKind, Happening, SealedModel, Trouble};
use tarsier_random::{Sampler, Stream};

use super::chaos::Unrest;
use super::settings::Set;
use super::targets::{About, Whom, about, matching};
use crate::instance::Health;
use crate::plan::Plan;
use crate::timeline::EventSubject;
use crate::view::{Disturbance, Harm, Matching};

pub(super) enum Effect {
    Health(Health),
    Pace {
        factor: f64,
        /// Reached step by step.
        leak: Option<Leak>,
    },
    /// Taken out while it is with the view.
    Message(Option<Disturbance>),
    Inject {
        share: f64,
        kind: ErrorKind,
    },
    Load {
        workload: Option<u32>,
        factor: f64,
    },
    Pin {
        service: u32,
        stream: Stream,
    },
    Flush {
        service: u32,
        /// How long it stays empty first.
        empty: u64,
        refill: u64,
    },
    Freeze {
        service: u32,
    },
    Unrest(Unrest),
    Set(Set),
}

#[derive(Clone, Copy)]
pub(super) struct Leak {
    pub(super) began: u64,
    pub(super) length: u64,
    pub(super) factor: f64,
}

/// Where no end is given, a leak has grown after an hour.
const LEAK_NS: u64 = 3_600 * 1_000_000_000;

impl Leak {
    pub(super) fn step_ns(self) -> u64 {
        (self.length / 20).clamp(1, 1_000_000_000)
    }

    pub(super) fn factor_at(self, now: u64) -> f64 {
        let share = (now - self.began) as f64 / self.length.max(1) as f64;
        1.0 + (self.factor - 1.0) * share.min(1.0)
    }
}

/// A happening of the scenario, or a part of one: restarts have two.
pub(super) struct Fault {
    pub(super) effect: Effect,
    pub(super) happening: u32,
    pub(super) whom: Whom,
    /// These instances, in order, once it has begun.
    pub(super) struck: Vec<u32>,
    pub(super) about: About,
    /// What that is, once it has begun.
    pub(super) subjects: Vec<EventSubject>,
    /// Whether its begin is noted, and whether its end.
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    pub(super) begins: u64,
    pub(super) ends: Option<u64>,
    pub(super) active: bool,
}

/// The faults of a happening.
pub(super) fn faults(
    model: &SealedModel,
    plan: &Plan,
    (happening, number): (&Happening, u32),
    (seed, replication): (u64, u64),
    warmup: u64,
) -> Vec<Fault> {
    let names = [u64::from(number), replication];
    let stream = |purpose: &str| Stream::named(seed, &["scenario", purpose], &names);
    let begins = warmup + happening.at.nanos();
    let ends = happening.lasts.map(|lasts| begins + lasts.nanos());
    let trouble = &happening.trouble;
    let fault = |effect, begins, ends| Fault {
        effect,
        happening: number,
        whom: Whom::of(trouble, stream("targets")),
        struck: Vec::new(),
        about: about(model, trouble),
        subjects: Vec::new(),
        is_first: true,
        is_last: true,
        begins,
        ends,
        active: false,
    };
    match trouble {
        Trouble::Restart { down, cold, .. } => {
            let up = begins + down.nanos();
            let away = fault(Effect::Health(Health::Down), begins, Some(up));
            let Some((lasts, factor)) = *cold else { return vec![away] };
            let slow = fault(Effect::Pace { factor, leak: None }, up, Some(up + lasts.nanos()));
            vec![Fault { is_last: false, ..away }, Fault { is_first: false, whom: Whom::AsBefore, ..slow }]
        }
        Trouble::Flush { service, refill } => {
            let empty = happening.lasts.map_or(0, |lasts| lasts.nanos());
            let effect = Effect::Flush { service: service.0, empty, refill: refill.nanos() };
            vec![fault(effect, begins, Some(begins + empty + refill.nanos()))]
        }
        Trouble::Chaos(chaos) => {
            vec![fault(Effect::Unrest(Unrest::new(chaos, stream("chaos"), warmup)), begins, ends)]
        }
        Trouble::Leak { factor, .. } => {
            let length = happening.lasts.map_or(LEAK_NS, |lasts| lasts.nanos());
            let leak = Some(Leak { began: begins, length, factor: *factor });
            vec![fault(Effect::Pace { factor: 1.0, leak }, begins, ends)]
        }
        _ => vec![fault(effect(model, plan, trouble, stream("pin")), begins, ends)],
    }
}

fn effect(model: &SealedModel, plan: &Plan, trouble: &Trouble, stream: Stream) -> Effect {
    let message = |matching, harm| Effect::Message(Some(Disturbance { matching, harm }));
    match trouble {
        Trouble::Kill { silent: true, .. } => Effect::Health(Health::BlackHole),
        Trouble::Kill { silent: false, .. }
        | Trouble::LoseZone(_)
        | Trouble::LoseRegion(_)
        | Trouble::LoseService(_) => Effect::Health(Health::Down),
        Trouble::Pause { .. } => Effect::Health(Health::Paused),
        Trouble::Stall { .. } => Effect::Health(Health::Stalled),
        Trouble::Slow { factor, .. } => Effect::Pace { factor: *factor, leak: None },
        Trouble::Error { share, kind, .. } => Effect::Inject { share: *share, kind: *kind },
        Trouble::Delay { calls, add, factor } => {
            let add = add.as_ref().map(Sampler::new);
            message(matching(model, plan, calls), Harm::Delay { add, factor: *factor })
        }
        Trouble::Loss { calls, share } => message(matching(model, plan, calls), Harm::Loss(*share)),
        Trouble::Partition { from, to, both } => {
            message(Matching::Link { from: *from, to: *to, both: *both }, Harm::Cut)
        }
        Trouble::Pin(service) => Effect::Pin { service: service.0, stream },
        Trouble::Freeze(service) => Effect::Freeze { service: service.0 },
        Trouble::Load { workload, factor } => {
            Effect::Load { workload: workload.map(|id| id.0), factor: *factor }
        }
        Trouble::Set(setting) => Effect::Set(Set::new(model, plan, setting)),
        Trouble::Restart { .. } | Trouble::Flush { .. } | Trouble::Chaos(_) | Trouble::Leak { .. } => {
            unreachable!("these have a time course of their own")
        }
    }
}

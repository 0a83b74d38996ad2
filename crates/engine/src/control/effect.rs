//! What faults do while they last.

use tarsier_model::{ErrorKind, Happening, SealedModel, Trouble};
use tarsier_random::{Sampler, Stream};

use super::chaos::Unrest;
use super::settings::Set;
use super::targets::{choose, instances_in, matching, subjects};
use crate::instance::Health;
use crate::plan::Plan;
use crate::timeline::EventSubject;
use crate::view::{Disturbance, Harm, Matching};

pub(super) enum Effect {
    Health {
        instances: Vec<u32>,
        to: Health,
    },
    Pace {
        /// In order.
        instances: Vec<u32>,
        factor: f64,
        /// Reached step by step.
        leak: Option<Leak>,
    },
    /// Taken out while it is with the view.
    Message(Option<Disturbance>),
    Inject {
        instances: Vec<u32>,
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
    /// Whose begin is noted with these, and whose end.
    pub(super) subjects: Vec<EventSubject>,
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
    let struck = struck(plan, trouble, &mut stream("targets"));
    let subjects = subjects(model, plan, trouble, &struck);
    let fault = |effect, begins, ends| Fault {
        effect,
        happening: number,
        subjects: subjects.clone(),
        is_first: true,
        is_last: true,
        begins,
        ends,
        active: false,
    };
    match trouble {
        Trouble::Restart { down, cold, .. } => {
            let up = begins + down.nanos();
            let away = Effect::Health { instances: struck.clone(), to: Health::Down };
            let Some((lasts, factor)) = *cold else { return vec![fault(away, begins, Some(up))] };
            let slow = Effect::Pace { instances: struck, factor, leak: None };
            vec![
                Fault { is_last: false, ..fault(away, begins, Some(up)) },
                Fault { is_first: false, ..fault(slow, up, Some(up + lasts.nanos())) },
            ]
        }
        Trouble::Flush { service, refill } => {
            let empty = happening.lasts.map_or(0, |lasts| lasts.nanos());
            let effect = Effect::Flush { service: service.0, empty, refill: refill.nanos() };
            vec![fault(effect, begins, Some(begins + empty + refill.nanos()))]
        }
        Trouble::Chaos(chaos) => {
            vec![fault(Effect::Unrest(Unrest::new(plan, chaos, stream("chaos"), warmup)), begins, ends)]
        }
        Trouble::Leak { factor, .. } => {
            let length = happening.lasts.map_or(LEAK_NS, |lasts| lasts.nanos());
            let leak = Some(Leak { began: begins, length, factor: *factor });
            vec![fault(Effect::Pace { instances: struck, factor: 1.0, leak }, begins, ends)]
        }
        _ => vec![fault(effect(model, plan, trouble, struck, stream("pin")), begins, ends)],
    }
}

/// The instances that a fault of instances, or of calls to them, strikes.
fn struck(plan: &Plan, trouble: &Trouble, stream: &mut Stream) -> Vec<u32> {
    match trouble {
        Trouble::LoseZone(zone) => instances_in(plan, |it| plan.zone_of[it as usize] == zone.0),
        Trouble::LoseRegion(region) => {
            instances_in(plan, |it| plan.region_of[plan.zone_of[it as usize] as usize] == region.0)
        }
        _ => trouble.target().map_or_else(Vec::new, |target| choose(plan, target, stream)),
    }
}

fn effect(
    model: &SealedModel,
    plan: &Plan,
    trouble: &Trouble,
    instances: Vec<u32>,
    stream: Stream,
) -> Effect {
    let message = |matching, harm| Effect::Message(Some(Disturbance { matching, harm }));
    match trouble {
        Trouble::Kill { silent: true, .. } => Effect::Health { instances, to: Health::BlackHole },
        Trouble::Kill { silent: false, .. }
        | Trouble::LoseZone(_)
        | Trouble::LoseRegion(_)
        | Trouble::LoseService(_) => Effect::Health { instances, to: Health::Down },
        Trouble::Pause { .. } => Effect::Health { instances, to: Health::Paused },
        Trouble::Stall { .. } => Effect::Health { instances, to: Health::Stalled },
        Trouble::Slow { factor, .. } => Effect::Pace { instances, factor: *factor, leak: None },
        Trouble::Error { share, kind, .. } => Effect::Inject { instances, share: *share, kind: *kind },
        Trouble::Delay { calls, add, factor } => {
            let add = add.as_ref().map(Sampler::new);
            message(matching(model, plan, calls, instances), Harm::Delay { add, factor: *factor })
        }
        Trouble::Loss { calls, share } => {
            message(matching(model, plan, calls, instances), Harm::Loss(*share))
        }
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

//! How little it takes: the shortest and the weakest form of a trigger that still tips the system, and the load below
//! which none does.

use std::collections::BTreeMap;

use tarsier_model::{Demand, Happening, Model, Scenario, SealedModel, ServiceId, Target, Trouble};
use tarsier_report::{Edge, Smallest, VerdictKind};
use tarsier_units::Span;

use super::Bench;
use crate::search::{edge, load_per_s, loaded};

/// Each size is tried so often at least: near the edge chance decides.
const RUNS: u64 = 5;
/// nothing longer than this many times.
const LONGEST: f64 = 16.0;
/// Nearer to what the architecture can do at all it tips by itself.
const BUSIEST: f64 = 0.95;
/// Where arithmetic says that it holds it is tried at this share of that.
const BELOW_SAFE: f64 = 0.9;

/// `None` if stopped.
pub(super) fn search(
    bench: &Bench<'_>,
    model: &SealedModel,
    scenario: &Scenario,
    reps: u64,
) -> Option<Smallest> {
    let runs = reps.max(RUNS);
    let tips = |model: &SealedModel, scenario: &Scenario| {
        let poll = bench.poll(model, scenario, runs)?;
        Some(poll.of(VerdictKind::Metastable) * 2 > runs)
    };
    let whole = tips(model, scenario)?;
    let start = Edge { holds: (!whole).then_some(1.0), tips: whole.then_some(1.0) };
    let length = edge(start, LONGEST, |share| tips(model, &shortened(scenario, share)))?;
    let strength = match weakened(scenario, model, 1.0) {
        None => None,
        Some(_) => Some(edge(start, 1.0, |share| {
            tips(model, &weakened(scenario, model, share).expect("it was so a moment ago"))
        })?),
    };
    let longest = scenario.happenings.iter().filter_map(|it| it.lasts).max().unwrap_or(Span::ZERO);
    let weakest = strength.and_then(|edge: Edge| weakened(scenario, model, edge.tips?));
    let troubles = |scenario: Scenario| scenario.happenings.into_iter().map(|it| it.trouble).collect();
    Some(Smallest {
        runs,
        length,
        length_s: longest.as_secs_f64(),
        strength,
        weakest: weakest.map(troubles).unwrap_or_default(),
        load: load(model, start, |share| tips(&loaded(model, share), scenario))?,
        load_per_s: load_per_s(model),
        safe: Bounds::of(model).safe,
    })
}

/// Where it turns as the load grows. Just above what is safe storms take for ever to die down: it is tried a little
/// below, and if it holds there as it must, nothing else below is.
fn load(model: &Model, start: Edge, tips: impl Fn(f64) -> Option<bool>) -> Option<Edge> {
    let bounds = Bounds::of(model);
    let safe = bounds.safe.filter(|safe| *safe < 1.0 && start.tips.is_some());
    let start = match safe {
        Some(safe) if !tips(safe * BELOW_SAFE)? => Edge { holds: Some(safe), ..start },
        _ => start,
    };
    edge(start, (BUSIEST * bounds.capacity).min(LONGEST), tips)
}

/// What arithmetic says of the load, as shares of what the file asks for.
pub(super) struct Bounds {
    /// So much can be served as long as nothing fails.
    capacity: f64,
    /// Below this every queue drains, however often everything is tried again (after Huang et al., Metastable Failures in
    /// the Wild, OSDI 2022, theorem 2). Where users wait for answers before they ask again there is no such bound.
    pub(super) safe: Option<f64>,
}

impl Bounds {
    pub(super) fn of(model: &Model) -> Bounds {
        let examination = tarsier_check::examine(model);
        let capacity = examination.load.limit.map_or(f64::INFINITY, |limit| limit.factor);
        let storms = examination.storms.iter().map(tarsier_check::Storm::safe_share);
        let safe = storms.fold(capacity, f64::min);
        let is_open = model.workloads.iter().all(|it| matches!(it.demand, Demand::Open { .. }));
        Bounds { capacity, safe: (is_open && safe.is_finite()).then_some(safe) }
    }
}

/// Every happening with this share of its length.
fn shortened(scenario: &Scenario, share: f64) -> Scenario {
    let happening =
        |it: &Happening| Happening { lasts: it.lasts.map(|lasts| lasts_of(lasts, share)), ..it.clone() };
    Scenario { happenings: scenario.happenings.iter().map(happening).collect(), ..scenario.clone() }
}

fn lasts_of(lasts: Span, share: f64) -> Span {
    Span::from_secs_f64(lasts.as_secs_f64() * share)
}

/// Every happening with this share of its strength; `None` if none has any.
fn weakened(scenario: &Scenario, model: &Model, share: f64) -> Option<Scenario> {
    let mut weaker = scenario.clone();
    let fleet = Fleet { model, most: scenario.most_instances() };
    let changed = weaker.happenings.iter_mut().map(|it| weaken(&mut it.trouble, &fleet, share));
    changed.fold(false, |any, one| any | one).then_some(weaker)
}

/// Whether there was anything to weaken.
fn weaken(trouble: &mut Trouble, fleet: &Fleet<'_>, share: f64) -> bool {
    match trouble {
        Trouble::Slow { factor, .. } | Trouble::Leak { factor, .. } | Trouble::Load { factor, .. } => {
            *factor = 1.0 + share * (*factor - 1.0);
        }
        Trouble::Delay { add, factor, .. } => {
            *add = add.as_ref().map(|law| law.scaled(share));
            *factor = 1.0 + share * (*factor - 1.0);
        }
        Trouble::Loss { share: lost, .. } => *lost *= share,
        Trouble::Error { share: failing, .. } => *failing *= share,
        Trouble::Chaos(chaos) => chaos.per_second *= share,
        Trouble::Kill { target, .. }
        | Trouble::Pause { target }
        | Trouble::Stall { target }
        | Trouble::LoseService(target)
        | Trouble::Restart { target, .. } => return fleet.narrow(target, share),
        Trouble::Partition { .. }
        | Trouble::Pin(_)
        | Trouble::Flush { .. }
        | Trouble::Freeze(_)
        | Trouble::LoseZone(_)
        | Trouble::LoseRegion(_)
        | Trouble::Set(_) => return false,
    }
    true
}

/// How many instances there are, and in a scenario that sets it how many at most.
struct Fleet<'a> {
    model: &'a Model,
    most: BTreeMap<ServiceId, u32>,
}

impl Fleet<'_> {
    /// This share of the instances meant, rounded up; of one there is no less.
    fn narrow(&self, target: &mut Target, share: f64) -> bool {
        let service = &self.model.services[target.service];
        let set = self.most.get(&target.service).map(|most| *most as usize);
        let zones = service.zones_of(service.instances.len().max(set.unwrap_or(0)));
        let there = zones.iter().filter(|zone| target.zone.is_none_or(|only| **zone == only)).count();
        let meant = [
            target.share.map(|of| (of * there as f64 - 1e-9).ceil() as usize),
            target.count.map(|count| count as usize),
        ];
        let meant = meant.into_iter().flatten().fold(there, usize::min);
        if share < 1.0 {
            // How many there will be then nobody knows where it is set.
            (target.share, target.count) = match (set, target.count) {
                (Some(_), None) => (Some(target.share.unwrap_or(1.0) * share), None),
                _ => (None, Some((meant as f64 * share - 1e-9).ceil() as u32)),
            };
        }
        meant > 1
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Service, ZoneId};

    use super::*;

    #[test]
    fn a_share_of_the_instances_is_rounded_up() {
        let mut model = Model::empty();
        model.services.push(Service { instances: vec![ZoneId(0); 10], ..Service::named("s") });
        let all = Target::all(ServiceId(0));
        let fleet = Fleet { model: &model, most: BTreeMap::new() };
        let narrowed = |target: &Target, share| {
            let mut target = *target;
            (fleet.narrow(&mut target, share), target.count)
        };
        assert_eq!(narrowed(&all, 0.25), (true, Some(3)));
        assert_eq!(narrowed(&all, 1.0), (true, None), "as it is it stays");
        assert_eq!(narrowed(&Target { share: Some(0.4), ..all }, 0.5), (true, Some(2)));
        assert_eq!(narrowed(&Target { count: Some(1), ..all }, 0.5), (false, Some(1)));
    }

    /// One in the file, twelve in the scenario.
    #[test]
    fn of_those_that_are_set_there_are_shares() {
        let mut model = Model::empty();
        model.services.push(Service { instances: vec![ZoneId(0)], ..Service::named("s") });
        let fleet = Fleet { model: &model, most: BTreeMap::from([(ServiceId(0), 12)]) };
        let narrowed = |target: &Target, share| {
            let mut target = *target;
            assert!(fleet.narrow(&mut target, share), "there is less of twelve");
            (target.share, target.count)
        };
        let all = Target::all(ServiceId(0));
        assert_eq!(narrowed(&all, 1.0), (None, None));
        assert_eq!(narrowed(&all, 0.25), (Some(0.25), None));
        assert_eq!(narrowed(&Target { share: Some(0.5), ..all }, 0.5), (Some(0.25), None));
        assert_eq!(narrowed(&Target { count: Some(9), ..all }, 0.5), (None, Some(5)));
    }
}

//! A store that keeps several copies of each key.

use std::collections::BTreeSet;
use std::fmt;

use tarsier_units::{Id, Span};

use crate::{Balance, Branch, Call, CallPolicy, EndpointId, Model, RegionId, Service, Step, ZoneId};

/// How a service spreads copies over its instances, and who waits for which of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Replication {
    /// Copies of a key in each region where the service stands.
    pub factor: u32,
    pub keys: u32,
    /// The exponent of Zipf's law: key `k` (from 1) is asked for in proportion to `k^-skew`.
    pub skew: f64,
    /// Whether a read goes to all replicas that may answer it, or only to as many as it needs, the nearest.
    pub asks_all: bool,
    /// The chance that what a read found out of date is written anew.
    pub repair: f64,
    /// How many hints a second a coordinator replays to each replica that is back; `None` keeps no hints.
    pub hints: Option<f64>,
    pub accesses: Vec<Access>,
}

/// An endpoint that users of the store call, and what it has replicas do.
#[derive(Clone, PartialEq, Debug)]
pub struct Access {
    pub kind: AccessKind,
    pub level: Level,
    pub coordinator: EndpointId,
    pub replica: EndpointId,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessKind {
    Read,
    Write,
}

/// How many replicas must have answered before the coordinator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    One,
    LocalOne,
    Quorum,
    LocalQuorum,
    All,
    /// So many, anywhere.
    Count(u32),
}

/// How many answers count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needs {
    pub answers: u32,
    /// Of how many.
    pub of: u32,
    /// Only answers from the coordinator's region count.
    pub local: bool,
}

/// As the language writes it.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::One => f.write_str("one"),
            Level::LocalOne => f.write_str("local-one"),
            Level::Quorum => f.write_str("quorum"),
            Level::LocalQuorum => f.write_str("local-quorum"),
            Level::All => f.write_str("all"),
            Level::Count(count) => count.fmt(f),
        }
    }
}

impl Level {
    pub fn needs(self, factor: u32, n_regions: u32) -> Needs {
        let all = factor * n_regions;
        let (answers, local) = match self {
            Level::One => (1, false),
            Level::LocalOne => (1, true),
            Level::Quorum => (all / 2 + 1, false),
            Level::LocalQuorum => (factor / 2 + 1, true),
            Level::All => (all, false),
            Level::Count(count) => (count, false),
        };
        Needs { answers, of: if local { factor } else { all }, local }
    }
}

/// What a coordinator has every replica do, if this is what the branches are.
pub fn asked_of_replicas(branches: &[Branch]) -> Option<&Call> {
    let [Branch { steps, .. }] = branches else { return None };
    match &steps[..] {
        [Step::Call(call)] if call.policy.balance == Balance::Replicas => Some(call),
        _ => None,
    }
}

impl Replication {
    pub fn needs(&self, level: Level, n_regions: u32) -> Needs {
        level.needs(self.factor, n_regions)
    }

    /// What a coordinator does: it asks the replicas that may answer for the level, and goes on when as many as it
    /// needs have; a write goes to all others beside them.
    pub fn coordinate(
        &self,
        kind: AccessKind,
        needs: Needs,
        n_regions: u32,
        replica: EndpointId,
        timeout: Span,
    ) -> Vec<Step> {
        let policy =
            CallPolicy { timeout: Some(timeout), balance: Balance::Replicas, ..CallPolicy::default() };
        let call = Call {
            to: replica,
            policy: Box::new(policy),
            optional: false,
            fallback: None,
            request_bytes: 0,
            response_bytes: 0,
        };
        let writes = kind == AccessKind::Write;
        let asked = if writes || self.asks_all { needs.of } else { needs.answers };
        // A store that has nowhere to stand is told of elsewhere.
        let others = if writes { (self.factor * n_regions).saturating_sub(needs.of) } else { 0 };
        let beside =
            (others > 0).then(|| Step::Repeat { times: others, steps: vec![Step::Publish(call.clone())] });
        let branches = vec![Branch { times: asked, steps: vec![Step::Call(call)] }];
        [Step::Parallel { branches, need: needs.answers }].into_iter().chain(beside).collect()
    }

    /// The access that an endpoint coordinates.
    pub fn coordinated_by(&self, endpoint: EndpointId) -> Option<&Access> {
        self.accesses.iter().find(|access| access.coordinator == endpoint)
    }

    /// The access whose replicas an endpoint is.
    pub fn served_by(&self, endpoint: EndpointId) -> Option<&Access> {
        self.accesses.iter().find(|access| access.replica == endpoint)
    }
}

impl Model {
    /// The regions where a service stands.
    pub fn regions_of(&self, service: &Service) -> BTreeSet<RegionId> {
        service.instances.iter().map(|zone| self.zones[*zone].region).collect()
    }

    /// `us-east-1/a`: several regions may have a zone `a`.
    pub fn zone_label(&self, zone: ZoneId) -> String {
        let zone = &self.zones[zone];
        format!("{}/{}", self.regions[zone.region].name, zone.name)
    }

    /// What an endpoint coordinates, with the replication that says how.
    pub fn coordinated_by(&self, endpoint: EndpointId) -> Option<(&Replication, &Access)> {
        let service = &self.services[self.endpoints[endpoint].service];
        let replication = service.replication.as_ref()?;
        Some((replication, replication.coordinated_by(endpoint)?))
    }

    /// How many answers an access needs.
    pub fn needs_of(&self, service: &Service, access: &Access) -> Option<Needs> {
        let n_regions = u32::try_from(self.regions_of(service).len()).ok()?;
        service.replication.as_ref().map(|replication| replication.needs(access.level, n_regions))
    }

    /// Coordinators ask the replicas that there are now: the regions of stores have changed.
    pub(crate) fn coordinate_anew(&mut self) {
        for service in self.services.iter() {
            let Some(replication) = &service.replication else { continue };
            for access in &replication.accesses {
                let needs = self.needs_of(service, access).expect("it is replicated");
                let n_regions = self.regions_of(service).len() as u32;
                let endpoint = &self.endpoints[access.coordinator];
                let timeout = endpoint.calls().first().and_then(|call| call.policy.timeout);
                let timeout = timeout.expect("coordinators do not wait for ever");
                let mut steps = endpoint.steps.clone();
                steps.retain(|step| matches!(step, Step::Work(_)));
                steps.extend(replication.coordinate(access.kind, needs, n_regions, access.replica, timeout));
                self.endpoints[access.coordinator].steps = steps;
            }
        }
    }

    /// How many instances of a service stand in a region.
    pub fn instances_in(&self, service: &Service, region: RegionId) -> usize {
        service.instances.iter().filter(|zone| self.zones[**zone].region.index() == region.index()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Endpoint, Region, ServiceId, Zone, ZoneId};

    #[test]
    fn levels_need_what_cassandra_says() {
        let needs = |level: Level, regions| {
            let Needs { answers, of, local } = level.needs(3, regions);
            (answers, of, local)
        };
        assert_eq!(needs(Level::Quorum, 1), (2, 3, false));
        assert_eq!(needs(Level::Quorum, 2), (4, 6, false));
        assert_eq!(needs(Level::LocalQuorum, 2), (2, 3, true));
        assert_eq!(needs(Level::All, 2), (6, 6, false));
        assert_eq!(needs(Level::LocalOne, 3), (1, 3, true));
        assert_eq!(needs(Level::Count(2), 1), (2, 3, false));
    }

    /// In three zones, three copies; endpoint 0 writes locally, 1 is its replica's.
    fn store() -> Model {
        let replication = Replication {
            factor: 3,
            keys: 1,
            skew: 0.0,
            asks_all: false,
            repair: 1.0,
            hints: None,
            accesses: Vec::new(),
        };
        let (kind, level) = (AccessKind::Write, Level::LocalQuorum);
        let [coordinator, replica] = [0, 1].map(EndpointId);
        let needs = replication.needs(level, 1);
        let steps = replication.coordinate(kind, needs, 1, replica, Span::from_secs(1));
        let access = Access { kind, level, coordinator, replica };
        let mut model = Model::empty();
        model.regions.push(Region { name: "r".to_owned() });
        let zone = |name: &str| Zone { name: name.to_owned(), region: RegionId(0) };
        model.zones = ["a", "b", "c"].map(zone).into_iter().collect();
        let endpoint = |steps| Endpoint { service: ServiceId(0), name: None, steps };
        model.endpoints = [endpoint(steps), endpoint(Vec::new())].into_iter().collect();
        model.services.push(Service {
            instances: [0, 1, 2, 0, 1, 2].map(ZoneId).into(),
            endpoints: 0..2,
            replication: Some(Replication { accesses: vec![access], ..replication }),
            ..Service::named("store")
        });
        model
    }

    #[test]
    fn more_regions_have_more_copies() {
        let writes = |model: &Model| model.calls_per_visit()[EndpointId(0)].clone();
        assert_eq!(writes(&store()), [(EndpointId(1), 3.0)]);
        let repeated = store().repeated(&["s", "t"]);
        assert_eq!(writes(&repeated), [(EndpointId(1), 9.0)]);
        assert!(repeated.seal().is_ok());
    }

    #[test]
    fn no_copy_is_scaled_away() {
        let small = store().scaled(1);
        assert_eq!(small.services[ServiceId(0)].instances.len(), 3);
        assert!(small.seal().is_ok());
        let mut too_small = store();
        too_small.services[ServiceId(0)].instances.truncate(2);
        assert!(too_small.seal().is_err());
    }
}

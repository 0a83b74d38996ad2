//! Replicated stores: which instances keep a key, and what a coordinator asks of them.
//!
//! Each region has a ring of tokens, many for each instance, as Cassandra's virtual nodes. The replicas
//! of a key are the first instances on the ring from the key's own token on, each in a zone of its own
//! as long as there are such (Cassandra's `NetworkTopologyStrategy`, where racks are zones). So they are
//! a pure function of the key and the instances; who is down keeps its place.

use tarsier_model::{AccessKind, EndpointId, Needs, Replication, SealedModel, Service, ServiceId};
use tarsier_random::{Stream, num};
use tarsier_units::Id;

use super::{NONE, Plan};

/// Tokens of an instance, as many as a node of Cassandra has before 4.0 (`num_tokens`).
const TOKENS_EACH: usize = 256;
/// Of all instances of a region together.
const MOST_TOKENS: usize = 1 << 20;

pub(crate) struct StorePlan {
    pub(crate) service: u32,
    keys: Keys,
    factor: usize,
    rings: Vec<Ring>,
    pub(crate) asks_all: bool,
    pub(crate) repair: f64,
    /// Between two hints that are replayed to the same replica; `None` keeps none.
    pub(crate) hint_gap_ns: Option<u64>,
    /// The site by which repairs and hints are written; [`NONE`] if nobody writes.
    pub(crate) write_site: u32,
}

/// What a coordinator does for one endpoint.
pub(crate) struct AccessPlan {
    pub(crate) store: u32,
    pub(crate) endpoint: EndpointId,
    pub(crate) writes: bool,
    pub(crate) needs: Needs,
    pub(crate) site: u32,
}

impl AccessPlan {
    /// Of the endpoint that is being compiled, whose replicas are called from this site.
    pub(crate) fn new(model: &SealedModel, endpoint: EndpointId, site: u32) -> AccessPlan {
        let service = &model.services[model.endpoints[endpoint].service];
        let (_, access) = model.coordinated_by(endpoint).expect("only coordinators call replicas");
        let before = model.services.as_slice()[..model.endpoints[endpoint].service.index()].iter();
        AccessPlan {
            store: before.filter(|service| service.replication.is_some()).count() as u32,
            endpoint,
            writes: access.kind == AccessKind::Write,
            needs: model.needs_of(service, access).expect("it is a replicated store"),
            site,
        }
    }
}

pub(crate) fn stores(model: &SealedModel, plan: &Plan) -> Vec<StorePlan> {
    let replicated = model.services.entries().filter_map(|(id, service)| {
        service.replication.as_ref().map(|replication| (id, service, replication))
    });
    (replicated.enumerate())
        .map(|(at, (id, service, replication))| {
            let writes = plan.accesses.iter().find(|access| access.store == at as u32 && access.writes);
            StorePlan {
                service: id.0,
                keys: Keys::new(replication),
                factor: replication.factor as usize,
                rings: rings(model, plan, id, service),
                asks_all: replication.asks_all,
                repair: replication.repair,
                hint_gap_ns: replication.hints.map(|rate| (1e9 / rate) as u64),
                write_site: writes.map_or(NONE, |access| access.site),
            }
        })
        .collect()
}

fn rings(model: &SealedModel, plan: &Plan, id: ServiceId, service: &Service) -> Vec<Ring> {
    let regions = model.regions_of(service);
    let instances = |region: u32| {
        let here = plan.instances().filter(move |instance| {
            let at = *instance as usize;
            plan.service_of[at] == id.0 && plan.region_of[plan.zone_of[at] as usize] == region
        });
        here.collect::<Vec<u32>>()
    };
    regions.into_iter().map(|region| Ring::new(plan, &service.name, &instances(region.0))).collect()
}

impl StorePlan {
    #[inline]
    pub(crate) fn draw_key(&self, stream: &mut Stream) -> u32 {
        self.keys.draw(stream)
    }

    /// All replicas of a key, those near the coordinator first: itself, its zone, its region, others.
    pub(crate) fn replicas(&self, plan: &Plan, key: u32, coordinator: u32, found: &mut Vec<u32>) {
        found.clear();
        let token = Stream::from_state(u64::from(key)).next_u64();
        for ring in &self.rings {
            ring.walk(plan, token, self.factor, found);
        }
        let zone = |instance: u32| plan.zone_of[instance as usize];
        let region = |instance: u32| plan.region_of[zone(instance) as usize];
        found.sort_by_key(|replica| match *replica {
            it if it == coordinator => 0,
            it if zone(it) == zone(coordinator) => 1,
            it if region(it) == region(coordinator) => 2,
            _ => 3,
        });
    }
}

/// The tokens of one region's instances.
struct Ring {
    tokens: Vec<(u64, u32)>,
    n_zones: usize,
}

impl Ring {
    fn new(plan: &Plan, name: &str, instances: &[u32]) -> Ring {
        let each = TOKENS_EACH.min(MOST_TOKENS / instances.len()).max(1);
        let mut tokens: Vec<(u64, u32)> = Vec::with_capacity(each * instances.len());
        for &instance in instances {
            let number = u64::from(plan.number_of[instance as usize]);
            let mut stream = Stream::named(0, &["ring", name], &[number]);
            tokens.extend((0..each).map(|_| (stream.next_u64(), instance)));
        }
        tokens.sort_unstable();
        let mut zones: Vec<u32> = instances.iter().map(|at| plan.zone_of[*at as usize]).collect();
        zones.sort_unstable();
        zones.dedup();
        Ring { tokens, n_zones: zones.len() }
    }

    /// Adds so many replicas: from the token on, zones that have none yet first.
    fn walk(&self, plan: &Plan, token: u64, factor: usize, found: &mut Vec<u32>) {
        let first = found.len();
        let start = self.tokens.partition_point(|(other, _)| *other < token);
        let mut passed_over = Vec::new();
        let mut n_zones = 0;
        for (_, instance) in self.tokens[start..].iter().chain(&self.tokens[..start]) {
            if found.len() == first + factor {
                return;
            }
            if found[first..].contains(instance) || passed_over.contains(instance) {
                continue;
            }
            let zone = plan.zone_of[*instance as usize];
            let is_new = found[first..].iter().all(|other| plan.zone_of[*other as usize] != zone);
            if is_new || n_zones == self.n_zones {
                found.push(*instance);
            } else {
                passed_over.push(*instance);
            }
            n_zones += usize::from(is_new);
            if n_zones == self.n_zones {
                let room = first + factor - found.len();
                found.extend(passed_over.drain(..room.min(passed_over.len())));
                passed_over.clear();
            }
        }
    }
}

/// Which key a request is for.
enum Keys {
    Even(u32),
    /// Cumulative chances, by Zipf's law.
    Skewed(Vec<f64>),
}

impl Keys {
    fn new(replication: &Replication) -> Keys {
        if replication.skew == 0.0 {
            return Keys::Even(replication.keys);
        }
        let mut sum = 0.0;
        let weights = (1..=replication.keys).map(|rank| num::pow(f64::from(rank), -replication.skew));
        let mut sums: Vec<f64> = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        sums.iter_mut().for_each(|part| *part /= sum);
        Keys::Skewed(sums)
    }

    fn draw(&self, stream: &mut Stream) -> u32 {
        match self {
            Keys::Even(keys) => stream.below(*keys),
            Keys::Skewed(sums) => {
                let draw = stream.unit();
                (sums.partition_point(|sum| *sum <= draw) as u32).min(sums.len() as u32 - 1)
            }
        }
    }
}

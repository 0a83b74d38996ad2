//! A model compiled for running: dense tables. Only what a scenario sets changes during a run, at rest.
//!
//! Services, endpoints and call sites are indices; the steps of all endpoints are one flat program.
//! Instances are numbered so that those of a partition stand next to each other, with room for more behind them.

mod compartments;
mod partitioning;
mod program;
mod rates;
mod stores;
mod walls;
mod wires;

use std::collections::BTreeMap;
use std::ops::Range;

use tarsier_model::{
    Balance, CallPolicy, Deadline, Demand, EndpointId, Priority, Protection, Retry, Scheduling, SealedModel,
    ServiceId,
};
use tarsier_random::{Law, Sampler};
use tarsier_units::Id;

use crate::task::Outcome;

pub(crate) use partitioning::Room;
pub(crate) use program::{Branching, Conflict, ContendOp, Hold, Op, Start};
pub(crate) use rates::RateCurve;
pub(crate) use stores::{AccessPlan, StorePlan};
pub(crate) use walls::Wall;
pub(crate) use wires::{FIRST_RETRANSMISSION_NS, Wires};

/// «No index.»
pub(crate) const NONE: u32 = u32::MAX;

pub(crate) struct Plan {
    pub(crate) ops: Vec<Op>,
    pub(crate) laws: Vec<Sampler>,
    pub(crate) branchings: Vec<Branching>,
    pub(crate) holds: Vec<Hold>,
    /// By instruction: the innermost lock held there, an index into `holds`.
    pub(crate) held_at: Vec<u32>,
    pub(crate) conflicts: Vec<Conflict>,
    /// Cumulative shares and where each option starts.
    pub(crate) options: Vec<(f64, u32)>,
    /// The share of hits of each cache step, and the service it asks.
    pub(crate) caches: Vec<(f64, u32)>,
    /// Where each endpoint's program starts.
    pub(crate) entries: Vec<u32>,
    pub(crate) sites: Vec<Site>,
    pub(crate) walls: Vec<Wall>,
    pub(crate) stores: Vec<StorePlan>,
    pub(crate) accesses: Vec<AccessPlan>,
    /// From whom to whom each entry of the calls' statistics is.
    pub(crate) calls: Vec<(EndpointId, EndpointId)>,
    /// How many ways those workloads have together that go several.
    pub(crate) n_ways: u32,
    pub(crate) services: Vec<ServicePlan>,
    /// By instance; [`NONE`] where there is room for one.
    pub(crate) zone_of: Vec<u32>,
    pub(crate) service_of: Vec<u32>,
    /// The instance's number within its service, which names its streams.
    pub(crate) number_of: Vec<u32>,
    /// By zone.
    pub(crate) region_of: Vec<u32>,
    pub(crate) partition_of_zone: Vec<u32>,
    pub(crate) partitions: Vec<PartitionPlan>,
    pub(crate) workloads: Vec<WorkloadPlan>,
    pub(crate) sources: Vec<SourcePlan>,
    /// The distinct timeouts.
    pub(crate) timeouts: Vec<u64>,
    pub(crate) wires: Wires,
    /// No message between partitions takes less, in nanoseconds.
    pub(crate) look_ahead: u64,
    /// Whether anything travels with requests, and whether that may be a deadline.
    pub(crate) carries: bool,
    pub(crate) expires: bool,
    /// Whether anybody must know which records were made for which.
    pub(crate) keeps_kin: bool,
    /// Whether a request needs a key to be hashed by.
    pub(crate) hashes: bool,
    pub(crate) n_zones: u32,
    pub(crate) n_regions: u32,
}

pub(crate) struct ServicePlan {
    pub(crate) cores: u32,
    pub(crate) workers: Option<u32>,
    /// Workers are limited, and were all the time.
    pub(crate) has_seats: bool,
    /// How many may wait on an instance.
    pub(crate) queue: u32,
    pub(crate) shares_processor: bool,
    /// Work takes this many times what its law says.
    pub(crate) pace: f64,
    /// And this share longer for each other request that is there.
    pub(crate) drag: f64,
    /// Its call sites.
    pub(crate) sites: Range<u32>,
    /// How many instances it is to have now, and how many there ever were: these have lower numbers.
    pub(crate) n_instances: u32,
    pub(crate) n_known: u32,
    pub(crate) rules: Protection,
    /// How many an instance holds at most, served and waiting.
    pub(crate) places: f64,
    /// How many each compartment holds.
    pub(crate) compartments: Vec<u32>,
    /// The permits of each of its locks.
    pub(crate) locks: Vec<u32>,
    /// Whether some site must not call it.
    pub(crate) is_walled: bool,
}

impl ServicePlan {
    /// The workers of an instance, all of them free.
    pub(crate) fn seats(&self) -> i32 {
        self.workers.map_or(i32::MAX, |workers| workers.min(i32::MAX as u32) as i32)
    }

    /// How many an instance holds at most: workers (or cores, where workers are unlimited) and the queue in front of them.
    pub(crate) fn count_places(&mut self) {
        let served = f64::from(self.workers.unwrap_or(self.cores));
        let is_unlimited = self.queue == u32::MAX;
        self.places = if is_unlimited { f64::INFINITY } else { served + f64::from(self.queue) };
    }
}

/// Who makes the call of a site.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// An instance, waiting for the answer.
    Service,
    /// An instance, not waiting.
    Publisher,
    /// The users of a workload.
    Users,
}

/// From which instances one is picked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picks {
    /// Where users of the place enter.
    Entrance,
    /// All that an instance knows of.
    Any,
    /// Those of the caller's own circle.
    Circle,
    /// The replica that the coordinator has chosen.
    Replica,
}

/// A place from which calls are made: one call step, or one destination of a workload.
pub(crate) struct Site {
    pub(crate) caller: Caller,
    pub(crate) entry: u32,
    pub(crate) service: u32,
    /// Index of the statistics: those of the workloads come first, then those of the calls, then those of the ways
    /// of each workload that goes several; what is in its own is their sum.
    pub(crate) tally: u32,
    /// The workload whose users call, if it is users.
    pub(crate) workload: u32,
    /// Index of the lane of its timeout.
    pub(crate) lane: u32,
    pub(crate) balance: Balance,
    pub(crate) retry: Option<Retry>,
    /// Requests in flight at once over its pool of connections.
    pub(crate) pool: Option<u64>,
    /// Whether its clients keep more state than a cursor.
    pub(crate) has_extra: bool,
    /// Whether a good answer concerns its caller alone.
    pub(crate) ends_simply: bool,
    /// The whole policy, where it says more about a call than everybody does.
    pub(crate) rules: Option<Box<CallPolicy>>,
    /// Whether a request may not simply go out: there are rules, or connections are few.
    pub(crate) is_guarded: bool,
    /// Whether callees learn that nobody waits any more.
    pub(crate) cancel: bool,
    /// Whether attempts have records of their own beside that of their call.
    pub(crate) hedges: bool,
    pub(crate) deadline: Option<Deadline>,
    /// Whether its calls may have to end at some time: it says so, or deadlines propagate.
    pub(crate) has_deadline: bool,
    pub(crate) picks: Picks,
    /// Whether the client minds which instance was picked: it counts, connects first, or had better go elsewhere.
    pub(crate) minds_instance: bool,
    /// Whether an attempt may have to go farther than its caller mostly does, because another has failed near by.
    pub(crate) goes_farther: bool,
    /// Whether its state counts outstanding requests by instance.
    pub(crate) tracks: bool,
    /// How long it takes to connect, if that is a time.
    pub(crate) connect_law: u32,
    /// Of its requests; `None` inherits.
    pub(crate) priority: Option<Priority>,
    /// Which compartment of the callee's instances its requests are in, or none.
    pub(crate) compartment: u32,
    /// Index of the wall between its callers and the callee, or none.
    pub(crate) wall: u32,
    pub(crate) request_ns: u64,
    pub(crate) response_ns: u64,
    pub(crate) optional: bool,
    /// Number among the sites of the service that calls.
    pub(crate) number: u32,
    /// Whether its users think after an answer and ask again.
    pub(crate) thinks: bool,
    pub(crate) from: Option<EndpointId>,
    pub(crate) to: EndpointId,
}

impl Site {
    /// Sees whether attempts may have to go farther. Once some may have, their answers may come from there.
    pub(crate) fn look_farther(&mut self) {
        let goes_elsewhere = self.hedges || self.retry.as_ref().is_some_and(|retry| retry.elsewhere);
        let stays_near = self.caller == Caller::Users || self.balance.is_local();
        let has_subset = self.rules.as_ref().is_some_and(|rules| rules.subset.is_some());
        self.goes_farther |= goes_elsewhere && stays_near && !has_subset;
        self.minds_instance |= self.goes_farther;
    }

    /// Whether an answer that takes no time lets nobody else in.
    #[inline]
    pub(crate) fn answers_at_once(&self) -> bool {
        self.caller == Caller::Users && !self.has_extra
    }

    /// How long what an answer contains takes on the wire: only a good one contains anything.
    #[inline(always)]
    pub(crate) fn content_of(&self, outcome: Outcome) -> u64 {
        if outcome == Outcome::Ok { self.response_ns } else { 0 }
    }

    /// Whose account the time on the way is put down to: the service called, or the users' own.
    #[inline]
    pub(crate) fn payer(&self) -> u32 {
        if self.caller == Caller::Users { NONE } else { self.service }
    }
}

pub(crate) struct PartitionPlan {
    pub(crate) instances: Range<u32>,
    /// Instances may be added up to this one.
    pub(crate) room_end: u32,
    /// So many places that is from the start.
    room: u32,
    pub(crate) sources: Vec<u32>,
}

/// One workload's users in one region (or zone).
pub(crate) struct SourcePlan {
    pub(crate) workload: u32,
    pub(crate) zone: u32,
    /// Number among the sources of its workload, which names its streams.
    pub(crate) number: u32,
}

/// What all sources of a workload have in common.
pub(crate) struct WorkloadPlan {
    pub(crate) first_site: u32,
    pub(crate) n_sources: u32,
    /// Cumulative shares of the destinations.
    pub(crate) mix: Vec<f64>,
    pub(crate) kind: SourceKind,
    /// Requests whose hash is no higher tell why requests are slow.
    pub(crate) counted_below: u64,
    /// Requests whose hash is no higher are looked at: because of that, or they may be traced.
    pub(crate) looked_at_below: u64,
}

pub(crate) enum SourceKind {
    /// The curve is a source's share of the rate.
    Open {
        curve: RateCurve,
        gaps: Sampler,
        /// Among so many sources the arrivals of one clock are dealt out in turn; each of one has a clock of its own.
        turns: u32,
    },
    /// `users` of all sources together; the curve is a factor.
    Closed { users: u64, think: Sampler, steps: RateCurve },
}

impl Plan {
    pub(crate) fn new(model: &SealedModel, warmup_ns: u64, duration_ns: u64, room: &Room) -> Plan {
        let mut program = program::Compiler::new(model);
        let entries = program.compile_endpoints();
        let layout = partitioning::lay_out(model, room);
        let workload_sites = program.compile_workloads();
        let mut plan = Plan {
            entries,
            services: services(model, &program),
            ops: program.ops,
            laws: program.laws,
            branchings: program.branchings,
            holds: program.holds,
            held_at: program.held_at,
            conflicts: program.conflicts,
            options: program.options,
            caches: program.caches,
            sites: program.sites,
            walls: Vec::new(),
            stores: Vec::new(),
            accesses: program.accesses,
            calls: program.calls,
            n_ways: program.n_ways,
            zone_of: layout.zone_of,
            service_of: layout.service_of,
            number_of: layout.number_of,
            region_of: model.zones.iter().map(|zone| zone.region.0).collect(),
            partition_of_zone: layout.partition_of_zone,
            partitions: layout.partitions,
            workloads: Vec::new(),
            sources: Vec::new(),
            timeouts: program.timeouts,
            wires: Wires::new(&model.network, layout.look_ahead),
            look_ahead: layout.look_ahead,
            carries: program.carries,
            expires: program.expires,
            keeps_kin: any_policy(model, |policy| policy.cancel || policy.hedge.is_some()),
            hashes: false,
            n_zones: model.zones.len() as u32,
            n_regions: model.regions.len() as u32,
        };
        for site in &mut plan.sites {
            site.entry = plan.entries[site.to.index()];
        }
        for service in &plan.services {
            let sites = &mut plan.sites[service.sites.start as usize..service.sites.end as usize];
            sites.iter_mut().zip(0..).for_each(|(site, number)| site.number = number);
        }
        plan.services.iter_mut().for_each(ServicePlan::count_places);
        compartments::divide(model, &mut plan.services, &mut plan.sites);
        plan.stores = stores::stores(model, &plan);
        plan.walls = walls::raise(model, &mut plan.services, &mut plan.sites);
        plan.hashes = plan.sites.iter().any(|site| site.balance == Balance::Hash);
        plan.add_sources(model, &workload_sites, warmup_ns, duration_ns);
        plan
    }

    fn add_sources(&mut self, model: &SealedModel, first_sites: &[u32], warmup_ns: u64, duration_ns: u64) {
        for (id, workload) in model.workloads.entries() {
            let zones = partitioning::zones_of_users(model, workload);
            let counted_below = counted_below(&workload.demand, warmup_ns + duration_ns);
            self.workloads.push(WorkloadPlan {
                first_site: first_sites[id.index()],
                n_sources: zones.len() as u32,
                mix: cumulative(workload.mix.iter().map(|(share, _)| *share)),
                kind: source_kind(&workload.demand, zones.len() as u32, warmup_ns),
                counted_below,
                looked_at_below: counted_below,
            });
            self.sources.reserve_exact(zones.len());
            for (number, zone) in zones.iter().enumerate() {
                let partition = self.partition_of_zone[*zone as usize] as usize;
                self.partitions[partition].sources.push(self.sources.len() as u32);
                self.sources.push(SourcePlan { workload: id.0, zone: *zone, number: number as u32 });
            }
        }
    }

    /// Every request may be traced.
    pub(crate) fn look_at_all(&mut self) {
        self.workloads.iter_mut().for_each(|workload| workload.looked_at_below = u64::MAX);
    }

    /// Where the statistics of a workload's destinations are, in the order of its mix: in its own, if there is but one.
    pub(crate) fn ways_of(&self, workload: usize) -> Range<usize> {
        let WorkloadPlan { first_site, mix, .. } = &self.workloads[workload];
        let first = self.sites[*first_site as usize].tally as usize;
        first..first + mix.len()
    }

    /// The service that calls from a site; [`NONE`] for users.
    pub(crate) fn service_calling(&self, site: u32) -> u32 {
        let service = self.services.partition_point(|service| service.sites.end <= site);
        if service < self.services.len() { service as u32 } else { NONE }
    }

    /// The locks held by a record that stands at this instruction, the innermost first.
    pub(crate) fn held_by(&self, pc: u32) -> impl Iterator<Item = u32> + '_ {
        let hold = |index: u32| self.holds.get(index as usize);
        let innermost = self.held_at.get(pc as usize).and_then(|index| hold(*index));
        std::iter::successors(innermost, move |held| hold(held.outer)).map(|held| held.lock)
    }

    /// All instances there ever were, partition by partition.
    pub(crate) fn instances(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.partitions.iter().flat_map(|partition| partition.instances.clone())
    }

    /// Those of a service, by their numbers.
    pub(crate) fn instances_of(&self, service: u32) -> Vec<u32> {
        let is_its = |instance: &u32| self.service_of[*instance as usize] == service;
        let mut instances: Vec<u32> = self.instances().filter(is_its).collect();
        instances.sort_unstable_by_key(|instance| self.number_of[*instance as usize]);
        instances
    }

    /// Whether its service is to have as many: of too many the last ones go.
    pub(crate) fn is_wanted(&self, instance: u32) -> bool {
        let at = instance as usize;
        self.number_of[at] < self.services[self.service_of[at] as usize].n_instances
    }

    /// Whether there are places for all that is needed.
    pub(crate) fn has(&self, needed: &Room) -> bool {
        let fits = |(at, part): (usize, &PartitionPlan)| {
            needed.in_partition(at, &self.partition_of_zone) <= part.room
        };
        self.partitions.iter().enumerate().all(fits)
    }

    /// The service's next instance stands here from now on.
    pub(crate) fn add_instance(&mut self, service: u32, zone: u32) -> u32 {
        let partition = &mut self.partitions[self.partition_of_zone[zone as usize] as usize];
        let instance = partition.instances.end;
        assert!(instance < partition.room_end, "room was asked for before");
        partition.instances.end += 1;
        let number = &mut self.services[service as usize].n_known;
        let at = instance as usize;
        (self.service_of[at], self.zone_of[at], self.number_of[at]) = (service, zone, *number);
        *number += 1;
        instance
    }

    #[inline]
    pub(crate) fn partition_of(&self, instance: u32) -> u32 {
        self.partition_of_zone[self.zone_of[instance as usize] as usize]
    }
}

fn services(model: &SealedModel, program: &program::Compiler<'_>) -> Vec<ServicePlan> {
    (model.services.entries())
        .map(|(id, service)| ServicePlan {
            cores: service.cores,
            workers: service.workers,
            has_seats: service.workers.is_some(),
            queue: service.queue.unwrap_or(u32::MAX),
            shares_processor: service.scheduling == Scheduling::ProcessorSharing,
            pace: 1.0 / service.speed,
            drag: service.drag,
            sites: program.sites_of(id),
            n_instances: service.instances.len() as u32,
            n_known: service.instances.len() as u32,
            rules: service.protection.clone(),
            places: f64::INFINITY,
            compartments: Vec::new(),
            locks: service.locks.iter().map(|lock| lock.permits).collect(),
            is_walled: false,
        })
        .collect()
}

pub(crate) fn cumulative(shares: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = shares
        .map(|share| {
            sum += share;
            sum
        })
        .collect();
    // Rounding must not leave a gap below one.
    if let Some(last) = sums.last_mut() {
        *last = f64::INFINITY;
    }
    sums
}

fn source_kind(demand: &Demand, n_sources: u32, warmup_ns: u64) -> SourceKind {
    match demand {
        Demand::Open { rate, arrivals, steps } => {
            let gaps = match arrivals {
                tarsier_model::Arrivals::Poisson => Sampler::new(&Law::Exp { mean: 1.0 }),
                tarsier_model::Arrivals::Regular => Sampler::new(&Law::Constant(1.0)),
                tarsier_model::Arrivals::Law(law) => Sampler::new(law),
            };
            // Many Poisson processes are one; of no other is that so.
            let turns = if *arrivals == tarsier_model::Arrivals::Poisson { 1 } else { n_sources };
            let curve = RateCurve::new(rate, steps, 1.0 / f64::from(n_sources), warmup_ns);
            SourceKind::Open { curve, gaps, turns }
        }
        Demand::Closed { users, think, steps } => SourceKind::Closed {
            users: *users,
            think: Sampler::new(think),
            steps: RateCurve::new(&[(tarsier_units::Span::ZERO, 1.0)], steps, 1.0, warmup_ns),
        },
    }
}

/// About this many requests of a workload carry an account of their time.
const SAMPLE: f64 = 25_000.0;

/// The highest hash of a request that tells why.
fn counted_below(demand: &Demand, run_ns: u64) -> u64 {
    let expected = demand.most_per_s() * run_ns as f64 / 1e9;
    // The cast takes what is too large for the largest there is: every request.
    (u64::MAX as f64 * (SAMPLE / expected)) as u64
}

/// Whether a policy protects the client or those it calls, by what the client has seen.
pub(crate) fn protects(policy: &CallPolicy) -> bool {
    let has_budget = policy.retry.as_ref().is_some_and(|retry| retry.budget.is_some());
    let watches = policy.breaker.is_some() || policy.throttle.is_some() || policy.outlier.is_some();
    has_budget || watches || policy.hedge.is_some() || policy.connect.is_some() || policy.subset.is_some()
}

/// Whether any call of the model, or any user, has such a policy.
pub(crate) fn any_policy(model: &SealedModel, holds: impl Fn(&CallPolicy) -> bool) -> bool {
    let mut calls = model.endpoints.iter().flat_map(|endpoint| endpoint.calls());
    calls.any(|call| holds(&call.policy)) || model.workloads.iter().any(|workload| holds(&workload.policy))
}

/// Whether what is left of its deadline travels with the request.
pub(crate) fn propagates(policy: &CallPolicy) -> bool {
    policy.deadline.is_some_and(|deadline| deadline.propagate)
}

/// The statistics entry of each pair of endpoints.
#[derive(Default)]
pub(crate) struct CallIndex {
    by_pair: BTreeMap<(EndpointId, EndpointId), u32>,
}

impl CallIndex {
    pub(crate) fn of(
        &mut self,
        pair: (EndpointId, EndpointId),
        calls: &mut Vec<(EndpointId, EndpointId)>,
    ) -> u32 {
        *self.by_pair.entry(pair).or_insert_with(|| {
            calls.push(pair);
            (calls.len() - 1) as u32
        })
    }
}

pub(crate) fn service_index(id: ServiceId) -> u32 {
    id.0
}

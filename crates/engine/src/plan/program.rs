//! Steps to a flat program.

use std::ops::Range;

use tarsier_model::{
    AccessKind, Balance, Call, CallPolicy, Connect, ConnectCost, Demand, EndpointId, Retry, SealedModel,
    ServiceId, Step, asked_of_replicas,
};
use tarsier_random::{Law, Sampler};
use tarsier_units::Id;

use super::{
    AccessPlan, CallIndex, Caller, NONE, Picks, Site, any_policy, cumulative, propagates, protects,
    service_index,
};

/// One instruction of an endpoint's program.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Op {
    /// CPU time on a core.
    Work {
        law: u32,
    },
    /// Time passing.
    Wait {
        law: u32,
    },
    /// Sends and waits for the answer; on failure goes on at `on_fail`, or fails if that is [`NONE`].
    Call {
        site: u32,
        on_fail: u32,
    },
    /// Sends and goes on.
    Publish {
        site: u32,
    },
    Parallel {
        branching: u32,
    },
    /// Goes on at one of the options `first..`, by chance.
    Choose {
        first: u32,
    },
    /// With chance `share` goes on at `to`.
    Skip {
        share: f64,
        to: u32,
    },
    /// The same for a cache, whose share of hits faults may lower.
    Hit {
        cache: u32,
        to: u32,
    },
    Jump {
        to: u32,
    },
    Fail {
        share: f64,
    },
    Contend(ContendOp),
    /// A coordinator asks replicas, and goes on when enough have answered.
    Replicate {
        access: u32,
    },
    /// A replica writes its copy, or reads it.
    Copy {
        writes: bool,
    },
    /// The endpoint fails here if nobody waits for it any more.
    Expire,
    /// The endpoint has ended well.
    Return,
    /// A branch has ended well.
    EndBranch,
}

/// What is done at locks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum ContendOp {
    /// Goes on once it holds a permit of this lock of the instance.
    Acquire {
        lock: u32,
    },
    Release {
        lock: u32,
    },
    /// An optimistic step; what it begins with each time follows.
    BeginTries {
        conflict: u32,
    },
    NoteVersion {
        conflict: u32,
    },
    /// Goes on, or back to the beginning, or fails.
    Commit {
        conflict: u32,
    },
}

/// The branches of a parallel step.
pub(crate) struct Branching {
    /// How often, and what.
    pub(crate) branches: Vec<(u32, Start)>,
    pub(crate) need: u16,
    /// How many branches may fail.
    pub(crate) spare: u16,
    pub(crate) next: u32,
}

/// A lock held, and what else is.
#[derive(Clone, Copy)]
pub(crate) struct Hold {
    pub(crate) lock: u32,
    /// Index of the next lock outwards that the same record holds.
    pub(crate) outer: u32,
}

/// An optimistic step.
pub(crate) struct Conflict {
    pub(crate) lock: u32,
    /// Within how many others of the same record it stands.
    pub(crate) depth: u32,
    pub(crate) start: u32,
    pub(crate) retry: Option<Retry>,
}

#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// A branch that is one call needs no strand of its own.
    Call {
        site: u32,
    },
    Strand {
        pc: u32,
    },
}

/// What a record that stands at an instruction is in the middle of.
#[derive(Clone, Copy)]
struct Scope {
    hold: u32,
    depth: u32,
}

impl Scope {
    const NOTHING: Scope = Scope { hold: NONE, depth: 0 };
}

pub(crate) struct Compiler<'a> {
    model: &'a SealedModel,
    pub(crate) ops: Vec<Op>,
    pub(crate) laws: Vec<Sampler>,
    pub(crate) branchings: Vec<Branching>,
    pub(crate) options: Vec<(f64, u32)>,
    pub(crate) caches: Vec<(f64, u32)>,
    pub(crate) sites: Vec<Site>,
    pub(crate) calls: Vec<(EndpointId, EndpointId)>,
    pub(crate) timeouts: Vec<u64>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) held_at: Vec<u32>,
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) accesses: Vec<AccessPlan>,
    /// What is held where the next instruction goes.
    scope: Scope,
    call_index: CallIndex,
    pub(crate) n_ways: u32,
    site_ranges: Vec<Range<u32>>,
    endpoint: EndpointId,
    /// Whether anything travels with requests, and whether that may be a deadline.
    pub(crate) carries: bool,
    pub(crate) expires: bool,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(model: &'a SealedModel) -> Self {
        Compiler {
            model,
            ops: Vec::new(),
            laws: Vec::new(),
            branchings: Vec::new(),
            options: Vec::new(),
            caches: Vec::new(),
            sites: Vec::new(),
            calls: Vec::new(),
            timeouts: Vec::new(),
            holds: Vec::new(),
            held_at: Vec::new(),
            conflicts: Vec::new(),
            accesses: Vec::new(),
            scope: Scope::NOTHING,
            call_index: CallIndex::default(),
            n_ways: 0,
            site_ranges: Vec::new(),
            endpoint: EndpointId(0),
            carries: any_policy(model, |policy| policy.priority.is_some() || propagates(policy)),
            expires: any_policy(model, propagates),
        }
    }

    /// The call sites of a service stand next to each other, as its endpoints do.
    pub(crate) fn sites_of(&self, service: ServiceId) -> Range<u32> {
        self.site_ranges[service.index()].clone()
    }

    pub(crate) fn compile_endpoints(&mut self) -> Vec<u32> {
        let mut entries = vec![NONE; self.model.endpoints.len()];
        for service in self.model.services.iter() {
            let first_site = self.sites.len() as u32;
            for id in service.endpoint_ids() {
                entries[id.index()] = self.here();
                self.endpoint = id;
                let steps = &self.model.endpoints[id].steps;
                self.steps(steps);
                let replication = service.replication.as_ref();
                if let Some(access) = replication.and_then(|replication| replication.served_by(id)) {
                    self.ops.push(Op::Copy { writes: access.kind == AccessKind::Write });
                }
                self.ops.push(Op::Return);
            }
            self.site_ranges.push(first_site..self.sites.len() as u32);
        }
        self.held_at.resize(self.ops.len(), NONE);
        entries
    }

    /// A site for each destination of each workload; the first of each. All calls are known by now.
    pub(crate) fn compile_workloads(&mut self) -> Vec<u32> {
        let mut firsts = Vec::new();
        for (id, workload) in self.model.workloads.entries() {
            firsts.push(self.sites.len() as u32);
            for (_, to) in &workload.mix {
                let tally = if workload.mix.len() == 1 { id.0 } else { self.next_way() };
                let site = self.site(Caller::Users, *to, &workload.policy, [0, 0], tally);
                let site = &mut self.sites[site as usize];
                site.workload = id.0;
                site.thinks = matches!(workload.demand, Demand::Closed { .. });
            }
        }
        firsts
    }

    /// Where the statistics of the next of several ways of a workload are.
    fn next_way(&mut self) -> u32 {
        self.n_ways += 1;
        (self.model.workloads.len() + self.calls.len()) as u32 + self.n_ways - 1
    }

    fn here(&self) -> u32 {
        self.ops.len() as u32
    }

    fn law(&mut self, law: &Law) -> u32 {
        self.laws.push(Sampler::new(law));
        (self.laws.len() - 1) as u32
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        if self.expires {
            self.ops.push(Op::Expire);
        }
        match step {
            Step::Lock { lock, steps } => self.lock(*lock, steps),
            Step::Conflict { lock, steps, retry } => self.conflict(*lock, steps, retry.as_ref()),
            Step::Work(law) => {
                let law = self.law(law);
                self.ops.push(Op::Work { law });
            }
            Step::Wait(law) => {
                let law = self.law(law);
                self.ops.push(Op::Wait { law });
            }
            Step::Call(call) => self.call(call),
            // Replicas that nobody waits for are asked with the others.
            Step::Publish(call) if call.policy.balance == Balance::Replicas => {}
            Step::Publish(call) => {
                let site = self.call_site(Caller::Publisher, call);
                self.ops.push(Op::Publish { site });
            }
            Step::Parallel { branches, .. } if asked_of_replicas(branches).is_some() => {
                asked_of_replicas(branches).into_iter().for_each(|call| self.replicate(call));
            }
            Step::Parallel { branches, need } => {
                let branches: Vec<_> = branches.iter().map(|b| (b.times, b.steps.as_slice())).collect();
                self.parallel(&branches, *need);
            }
            Step::Choose(options) => self.choose(options),
            Step::Maybe { share, steps } => {
                let skip = self.hole();
                self.steps(steps);
                self.ops[skip] = Op::Skip { share: 1.0 - share, to: self.here() };
            }
            Step::Repeat { times, steps } => (0..*times).for_each(|_| self.steps(steps)),
            Step::Cache { ask, hit, miss, fill } => self.cache(ask, *hit, miss, fill.as_ref()),
            Step::Fail(share) => self.ops.push(Op::Fail { share: *share }),
        }
    }

    /// A place for an instruction that is not known yet.
    fn hole(&mut self) -> usize {
        self.ops.push(Op::Return);
        self.ops.len() - 1
    }

    fn call(&mut self, call: &Call) {
        let site = self.call_site(Caller::Service, call);
        let at = self.hole();
        let mut on_fail = if call.optional { self.here() } else { NONE };
        if let Some(fallback) = &call.fallback {
            let jump = self.hole();
            on_fail = self.here();
            self.steps(fallback);
            self.ops[jump] = Op::Jump { to: self.here() };
        }
        self.ops[at] = Op::Call { site, on_fail };
    }

    /// What follows is within another scope than what was before; gives the scope left.
    fn enter(&mut self, scope: Scope) -> Scope {
        self.held_at.resize(self.ops.len(), self.scope.hold);
        std::mem::replace(&mut self.scope, scope)
    }

    fn lock(&mut self, lock: u32, steps: &[Step]) {
        self.ops.push(Op::Contend(ContendOp::Acquire { lock }));
        let hold = self.holds.len() as u32;
        self.holds.push(Hold { lock, outer: self.scope.hold });
        let outside = self.enter(Scope { hold, ..self.scope });
        self.steps(steps);
        self.ops.push(Op::Contend(ContendOp::Release { lock }));
        self.enter(outside);
    }

    fn conflict(&mut self, lock: u32, steps: &[Step], retry: Option<&Retry>) {
        let conflict = self.conflicts.len() as u32;
        let (start, depth) = (self.here(), self.scope.depth);
        self.conflicts.push(Conflict { lock, depth, start, retry: retry.cloned() });
        self.ops.push(Op::Contend(ContendOp::BeginTries { conflict }));
        self.ops.push(Op::Contend(ContendOp::NoteVersion { conflict }));
        self.scope.depth += 1;
        self.steps(steps);
        self.scope.depth -= 1;
        self.ops.push(Op::Contend(ContendOp::Commit { conflict }));
    }

    fn cache(&mut self, ask: &Call, hit: f64, miss: &[Step], fill: Option<&Call>) {
        let site = self.call_site(Caller::Service, ask);
        let at = self.hole();
        let skip = self.hole();
        // A cache that does not answer has missed.
        self.ops[at] = Op::Call { site, on_fail: self.here() };
        self.steps(miss);
        if let Some(fill) = fill {
            let site = self.call_site(Caller::Publisher, fill);
            self.ops.push(Op::Publish { site });
        }
        let service = service_index(self.model.endpoints[ask.to].service);
        self.caches.push((hit, service));
        self.ops[skip] = Op::Hit { cache: (self.caches.len() - 1) as u32, to: self.here() };
    }

    fn choose(&mut self, options: &[(f64, Vec<Step>)]) {
        let first = self.options.len() as u32;
        self.ops.push(Op::Choose { first });
        let sums = cumulative(options.iter().map(|(share, _)| *share));
        self.options.extend(sums.into_iter().map(|sum| (sum, NONE)));
        let mut jumps = Vec::new();
        for (at, (_, steps)) in options.iter().enumerate() {
            self.options[first as usize + at].1 = self.here();
            self.steps(steps);
            jumps.push(self.hole());
        }
        for jump in jumps {
            self.ops[jump] = Op::Jump { to: self.here() };
        }
    }

    fn parallel(&mut self, branches: &[(u32, &[Step])], need: u32) {
        let branching = self.branchings.len();
        self.branchings.push(Branching { branches: Vec::new(), need: 0, spare: 0, next: NONE });
        self.ops.push(Op::Parallel { branching: branching as u32 });
        let jump = self.hole();
        let mut starts = Vec::new();
        for (times, steps) in branches {
            let start = match steps {
                [Step::Call(call)] if call.fallback.is_none() => {
                    Start::Call { site: self.call_site(Caller::Service, call) }
                }
                _ => {
                    let pc = self.here();
                    // A branch is a record of its own: it does not hold what surrounds the step.
                    let outside = self.enter(Scope::NOTHING);
                    self.steps(steps);
                    self.ops.push(Op::EndBranch);
                    self.enter(outside);
                    Start::Strand { pc }
                }
            };
            starts.push((*times, start));
        }
        let next = self.here();
        self.ops[jump] = Op::Jump { to: next };
        let n_branches: u32 = branches.iter().map(|(times, _)| times).sum();
        let narrow = |n: u32| u16::try_from(n).expect("a parallel step has fewer than 65,536 branches");
        self.branchings[branching] =
            Branching { branches: starts, need: narrow(need), spare: narrow(n_branches - need), next };
    }

    fn replicate(&mut self, call: &Call) {
        let site = self.call_site(Caller::Service, call);
        let access = self.accesses.len() as u32;
        self.accesses.push(AccessPlan::new(self.model, self.endpoint, site));
        self.ops.push(Op::Replicate { access });
    }

    fn call_site(&mut self, caller: Caller, call: &Call) -> u32 {
        let pair = (self.endpoint, call.to);
        let tally = self.model.workloads.len() as u32 + self.call_index.of(pair, &mut self.calls);
        let site = self.site(caller, call.to, &call.policy, [call.request_bytes, call.response_bytes], tally);
        self.sites[site as usize].optional = call.optional;
        self.sites[site as usize].from = Some(self.endpoint);
        site
    }

    fn site(
        &mut self,
        caller: Caller,
        to: EndpointId,
        policy: &CallPolicy,
        bytes: [u64; 2],
        tally: u32,
    ) -> u32 {
        // Nobody waits for a published message: no bound, no retry, no connection held.
        let waits = caller != Caller::Publisher;
        let bandwidth = self.model.network.bandwidth;
        let transfer = |bytes: u64| bandwidth.map_or(0, |rate| (bytes as f64 / rate * 1e9).round() as u64);
        let lane = match policy.timeout {
            Some(timeout) if waits => self.lane(timeout.nanos()),
            _ => NONE,
        };
        let retry = policy.retry.clone().filter(|_| waits);
        let pool = (policy.connections.filter(|_| waits))
            .and_then(|pool| pool.requests_each.map(|each| u64::from(pool.max) * u64::from(each)));
        let tracks = policy.balance.is_by_load() && waits;
        let has_deadline = waits && (policy.deadline.is_some() || self.expires);
        let rules = rules_of(policy, waits);
        let connect = policy.connect.as_ref().filter(|_| waits);
        let connect_law = match connect.map(|connect| &connect.cost) {
            Some(ConnectCost::Time(law)) => self.law(law),
            _ => NONE,
        };
        let is_free = |connect: &&Connect| connect.cost == ConnectCost::RoundTrips(0);
        let hedges = policy.hedge.is_some() && waits;
        let has_extra = tracks || pool.is_some() || rules.is_some();
        let by_replicas = policy.balance == Balance::Replicas;
        let mut site = Site {
            caller,
            entry: NONE,
            service: service_index(self.model.endpoints[to].service),
            tally,
            lane,
            balance: balance_of(policy, waits),
            has_extra,
            ends_simply: !has_extra && !by_replicas,
            is_guarded: waits && (pool.is_some() || rules.is_some() || has_deadline || self.carries),
            cancel: policy.cancel && waits,
            hedges,
            deadline: policy.deadline.filter(|_| waits),
            has_deadline,
            rules,
            picks: picks_of(caller, policy),
            minds_instance: tracks || connect.is_some_and(|connect| !is_free(&connect)),
            goes_farther: false,
            connect_law,
            tracks,
            retry,
            pool,
            request_ns: transfer(bytes[0]),
            response_ns: transfer(bytes[1]),
            optional: false,
            number: 0,
            workload: NONE,
            thinks: false,
            priority: policy.priority,
            compartment: NONE,
            wall: NONE,
            from: None,
            to,
        };
        site.look_farther();
        self.sites.push(site);
        (self.sites.len() - 1) as u32
    }

    fn lane(&mut self, timeout: u64) -> u32 {
        let known = self.timeouts.iter().position(|known| *known == timeout);
        known.unwrap_or_else(|| {
            self.timeouts.push(timeout);
            self.timeouts.len() - 1
        }) as u32
    }
}

/// Among which instances a caller chooses.
fn picks_of(caller: Caller, policy: &CallPolicy) -> Picks {
    let minds_outliers = caller != Caller::Publisher && policy.outlier.is_some();
    match caller {
        _ if policy.balance == Balance::Replicas => Picks::Replica,
        _ if policy.subset.is_some() || minds_outliers => Picks::Circle,
        Caller::Users => Picks::Entrance,
        _ => Picks::Any,
    }
}

/// Who waits for no answer knows of no load: to choose by load is then to choose at random.
fn balance_of(policy: &CallPolicy, waits: bool) -> Balance {
    if policy.balance.is_by_load() && !waits { Balance::Random } else { policy.balance }
}

/// What of a policy says more about a call than everybody does. Who publishes learns nothing, but may know only some of
/// the instances.
fn rules_of(policy: &CallPolicy, waits: bool) -> Option<Box<CallPolicy>> {
    let rules = match policy.subset {
        _ if waits => protects(policy).then(|| policy.clone()),
        subset => subset.map(|_| CallPolicy { subset, ..CallPolicy::default() }),
    };
    rules.map(Box::new)
}

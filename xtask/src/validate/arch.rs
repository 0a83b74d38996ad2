//! Small architectures in few words: one zone, no network latency, one endpoint a service, endpoint `n` that of
//! service `n`. Modifiers change what was added last. Times are in milliseconds, rates per second.

use tarsier_model::{
    Access, AccessKind, Arrivals, Backoff, Balance, Branch, Bucket, Budget, Call, CallPolicy, Chaos,
    ChaosScale, Demand, Endpoint, EndpointId, Failures, Happening, Hedge, HedgeDelay, Jitter, Level, Lock,
    Model, Priority, Protection, Region, RegionId, Replication, Retry, Scenario, Scheduling, SealedModel,
    Service, ServiceId, Step, Target, Trouble, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::{IdVec, Span};

const NANOS_PER_MS: f64 = 1e6;

pub fn constant(ms: f64) -> Law {
    Law::Constant(ms * NANOS_PER_MS)
}

pub fn normal(mean: f64, sd: f64) -> Law {
    Law::Normal { mean: mean * NANOS_PER_MS, sd: sd * NANOS_PER_MS }
}

pub fn exp(mean: f64) -> Law {
    Law::Exp { mean: mean * NANOS_PER_MS }
}

pub fn erlang(k: u32, mean: f64) -> Law {
    Law::Erlang { k, mean: mean * NANOS_PER_MS }
}

/// By mean and coefficient of variation.
pub fn lognormal(mean: f64, cv: f64) -> Law {
    Law::lognormal_mean_cv(mean * NANOS_PER_MS, cv).expect("a mean and a variation above zero")
}

/// By median and the standard deviation of the logarithm.
pub fn lognormal_median(median: f64, sigma: f64) -> Law {
    Law::Lognormal { mu: tarsier_random::num::ln(median * NANOS_PER_MS), sigma }
}

/// Two phases with balanced means, by the square of the coefficient of variation.
pub fn hyperexp(mean: f64, cv2: f64) -> Law {
    Law::hyperexp_mean_cv(mean * NANOS_PER_MS, cv2.sqrt()).expect("a variation of at least one")
}

pub fn uniform(low: f64, high: f64) -> Law {
    Law::Uniform { low: low * NANOS_PER_MS, high: high * NANOS_PER_MS }
}

/// By the smallest value, the exponent of the tail, and the largest value.
pub fn pareto(min: f64, alpha: f64, max: f64) -> Law {
    Law::Pareto { min: min * NANOS_PER_MS, alpha, max: max * NANOS_PER_MS }
}

pub fn mix(parts: Vec<(f64, Law)>) -> Law {
    Law::Mix(parts)
}

pub fn work(law: Law) -> Step {
    Step::Work(law)
}

pub fn wait(law: Law) -> Step {
    Step::Wait(law)
}

pub fn call(to: u32) -> Step {
    Step::Call(plain_call(to))
}

/// A call, and another one if it fails.
pub fn call_or(to: u32, otherwise: u32) -> Step {
    Step::Call(Call { fallback: Some(vec![call(otherwise)]), ..plain_call(to) })
}

/// A call tried once more beside the first attempt, if that has not answered by then.
pub fn call_hedged(to: u32, after: Span) -> Step {
    let mut call = plain_call(to);
    call.policy.hedge = Some(Hedge { after: HedgeDelay::Fixed(after), budget: None, most: 1 });
    Step::Call(call)
}

pub fn call_with(to: u32, policy: CallPolicy) -> Step {
    let mut call = plain_call(to);
    *call.policy = policy;
    Step::Call(call)
}

/// A call tried `retries` times more, at once, whatever the failure.
pub fn call_retrying(to: u32, retries: u32) -> Step {
    let mut call = plain_call(to);
    call.policy.retry = (retries > 0).then(|| at_once(retries));
    Step::Call(call)
}

/// A call tried until it succeeds, after waiting so.
pub fn call_backing_off(to: u32, backoff: Option<Backoff>, jitter: Jitter) -> Step {
    let mut call = plain_call(to);
    call.policy.retry = Some(Retry { backoff, jitter, ..at_once(u32::MAX) });
    Step::Call(call)
}

pub fn maybe(share: f64, steps: impl Into<Vec<Step>>) -> Step {
    Step::Maybe { share, steps: steps.into() }
}

pub fn choose(options: Vec<(f64, Vec<Step>)>) -> Step {
    Step::Choose(options)
}

/// All of them at once, each a branch.
pub fn parallel(steps: impl IntoIterator<Item = Step>) -> Step {
    branches(steps.into_iter().map(|step| Branch { times: 1, steps: vec![step] }).collect())
}

/// `times` of the same at once.
pub fn parallel_times(times: u32, step: Step) -> Step {
    branches(vec![Branch { times, steps: vec![step] }])
}

/// All of them at once, each a branch; goes on when so many have ended.
pub fn quorum(need: u32, steps: impl IntoIterator<Item = Step>) -> Step {
    match parallel(steps) {
        Step::Parallel { branches, .. } => Step::Parallel { branches, need },
        _ => unreachable!("it is a parallel step"),
    }
}

/// Holds a permit of the service's first lock.
pub fn locked(step: Step) -> Step {
    Step::Lock { lock: 0, steps: vec![step] }
}

/// Again at once until nobody else has committed meanwhile.
pub fn committed(step: Step) -> Step {
    Step::Conflict { lock: 0, steps: vec![step], retry: Some(at_once(u32::MAX)) }
}

fn branches(branches: Vec<Branch>) -> Step {
    let need = branches.iter().map(|branch| branch.times).sum();
    Step::Parallel { branches, need }
}

fn plain_call(to: u32) -> Call {
    Call {
        to: EndpointId(to),
        policy: Box::default(),
        optional: false,
        fallback: None,
        request_bytes: 0,
        response_bytes: 0,
    }
}

/// So many retries at once, whatever the failure.
pub fn at_once(attempts: u32) -> Retry {
    Retry { attempts, on: Failures::ALL, backoff: None, jitter: Jitter::None, budget: None, elsewhere: false }
}

/// An architecture being written down.
#[derive(Clone)]
pub struct Arch {
    model: Model,
}

pub fn arch() -> Arch {
    Arch {
        model: Model {
            name: "validation".into(),
            regions: IdVec::from(vec![Region { name: "r".into() }]),
            zones: IdVec::from(vec![Zone { name: "a".into(), region: RegionId(0) }]),
            ..Model::empty()
        },
    }
}

/// One station with this work and Poisson arrivals: the model of half the cases.
pub fn station(law: Law, per_second: f64) -> Arch {
    arch().service([work(law)]).rate(per_second, 0)
}

impl Arch {
    pub fn service(mut self, steps: impl Into<Vec<Step>>) -> Arch {
        let id = self.model.services.len() as u32;
        self.model.services.push(Service {
            instances: vec![ZoneId(0)],
            endpoints: id..id + 1,
            ..Service::named(&format!("s{id}"))
        });
        self.model.endpoints.push(Endpoint { service: ServiceId(id), name: None, steps: steps.into() });
        self
    }

    /// Another endpoint of the last service.
    pub fn endpoint(mut self, steps: impl Into<Vec<Step>>) -> Arch {
        let id = self.model.services.ids().next_back().expect("a service was added");
        let endpoints = &mut self.model.services[id].endpoints;
        let name = |endpoint: u32| Some(format!("e{endpoint}"));
        self.model.endpoints[EndpointId(endpoints.start)].name = name(endpoints.start);
        self.model.endpoints.push(Endpoint { service: id, name: name(endpoints.end), steps: steps.into() });
        endpoints.end += 1;
        self
    }

    fn last_service(mut self, change: impl FnOnce(&mut Service)) -> Arch {
        let id = self.model.services.ids().next_back().expect("a service was added");
        change(&mut self.model.services[id]);
        self
    }

    pub fn instances(self, n: usize) -> Arch {
        self.last_service(|service| service.instances = vec![ZoneId(0); n])
    }

    pub fn cores(self, n: u32) -> Arch {
        self.last_service(|service| service.cores = n)
    }

    pub fn workers(self, n: u32) -> Arch {
        self.last_service(|service| service.workers = Some(n))
    }

    pub fn queue(self, n: u32) -> Arch {
        self.last_service(|service| service.queue = Some(n))
    }

    pub fn processor_sharing(self) -> Arch {
        self.last_service(|service| service.scheduling = Scheduling::ProcessorSharing)
    }

    /// The last service's steps end with these, which fail if another request has committed meanwhile.
    pub fn conflict(mut self, steps: impl Into<Vec<Step>>) -> Arch {
        let id = self.model.endpoints.ids().next_back().expect("a service was added");
        self.model.endpoints[id].steps.push(Step::Conflict { lock: 0, steps: steps.into(), retry: None });
        self.last_service(|service| service.locks.push(Lock { name: "version".into(), permits: 1 }))
    }

    /// Each other request on an instance of the last service makes work that begins take this share longer.
    pub fn drag(self, share: f64) -> Arch {
        self.last_service(|service| service.drag = share)
    }

    /// What protects the last service.
    pub fn protected(self, change: impl FnOnce(&mut Protection)) -> Arch {
        self.last_service(|service| change(&mut service.protection))
    }

    /// Another lock of the last service.
    pub fn lock(self, permits: u32) -> Arch {
        self.last_service(|service| service.locks.push(Lock { name: "lock".into(), permits }))
    }

    /// A store whose replicas do this to read and to write, with as many instances as copies: endpoint 0 reads, 1 writes.
    pub fn replicated(
        mut self,
        [read, write]: [Level; 2],
        mut replication: Replication,
        steps: [Vec<Step>; 2],
    ) -> Arch {
        let mut endpoints = Vec::new();
        for (number, (kind, level)) in
            [(AccessKind::Read, read), (AccessKind::Write, write)].into_iter().enumerate()
        {
            let [coordinator, replica] = [number as u32, number as u32 + 2].map(EndpointId);
            let needs = replication.needs(level, 1);
            endpoints.push(replication.coordinate(kind, needs, 1, replica, Span::from_secs(3_600)));
            replication.accesses.push(Access { kind, level, coordinator, replica });
        }
        self.model.services.push(Service {
            instances: vec![ZoneId(0); replication.factor as usize],
            endpoints: 0..4,
            replication: Some(replication),
            ..Service::named("store")
        });
        for (number, steps) in endpoints.into_iter().chain(steps).enumerate() {
            let name = Some(format!("e{number}"));
            self.model.endpoints.push(Endpoint { service: ServiceId(0), name, steps });
        }
        self
    }

    /// How long messages between instances take, also of one to itself.
    pub fn all_hops(mut self, law: Law) -> Arch {
        self.model.network.same_host.latency = Some(law.clone());
        self.hops(law)
    }

    /// How long messages between instances take.
    pub fn hops(mut self, law: Law) -> Arch {
        self.model.network.same_zone.latency = Some(law);
        self
    }

    /// How long messages between users and instances take.
    pub fn users_hop(mut self, law: Law) -> Arch {
        self.model.network.users.latency = Some(law);
        self
    }

    pub fn rate(self, per_second: f64, to: u32) -> Arch {
        let rate = vec![(Span::ZERO, per_second)];
        self.workload(Demand::Open { rate, arrivals: Arrivals::Poisson, steps: Vec::new() }, to)
    }

    /// A closed population.
    pub fn users(self, users: u64, think: Law, to: u32) -> Arch {
        self.workload(Demand::Closed { users, think, steps: Vec::new() }, to)
    }

    fn workload(mut self, demand: Demand, to: u32) -> Arch {
        let name = format!("w{}", self.model.workloads.len());
        let mix = vec![(1.0, EndpointId(to))];
        let policy = CallPolicy::default();
        self.model.workloads.push(Workload { name, demand, mix, from: vec![RegionId(0)], policy });
        self
    }

    fn last_workload(mut self, change: impl FnOnce(&mut Workload)) -> Arch {
        let id = self.model.workloads.ids().next_back().expect("a workload was added");
        change(&mut self.model.workloads[id]);
        self
    }

    /// Constant gaps.
    pub fn regular(self) -> Arch {
        self.last_workload(|workload| {
            if let Demand::Open { arrivals, .. } = &mut workload.demand {
                *arrivals = Arrivals::Regular;
            }
        })
    }

    /// So many a second at these seconds, and linear in between.
    pub fn ramp(self, points: &[(u64, f64)]) -> Arch {
        let points =
            points.iter().map(|(second, per_second)| (Span::from_secs(*second), *per_second)).collect();
        self.last_workload(|workload| {
            if let Demand::Open { rate, .. } = &mut workload.demand {
                *rate = points;
            }
        })
    }

    /// No more arrivals after this second.
    pub fn until(self, second: u64) -> Arch {
        self.until_ns(second * 1_000_000_000)
    }

    /// The same, in nanoseconds.
    pub fn until_ns(self, nanos: u64) -> Arch {
        self.last_workload(|workload| {
            if let Demand::Open { rate, .. } = &mut workload.demand {
                let (_, per_second) = rate[0];
                let last = Span::from_nanos(nanos);
                rate.extend([(last, per_second), (Span::from_nanos(last.nanos() + 1), 0.0)]);
            }
        })
    }

    pub fn balance(self, balance: Balance) -> Arch {
        self.last_workload(|workload| workload.policy.balance = balance)
    }

    pub fn priority(self, priority: Priority) -> Arch {
        self.last_workload(|workload| workload.policy.priority = Some(priority))
    }

    pub fn timeout(self, ms: u64) -> Arch {
        self.last_workload(|workload| workload.policy.timeout = Some(Span::from_millis(ms)))
    }

    /// Whatever else users do about their requests.
    pub fn policy(self, change: impl FnOnce(&mut CallPolicy)) -> Arch {
        self.last_workload(|workload| change(&mut workload.policy))
    }

    /// The users' own retries, at once; none for zero.
    pub fn retries(self, n: u32) -> Arch {
        self.last_workload(|workload| workload.policy.retry = (n > 0).then(|| at_once(n)))
    }

    /// The users wait between their attempts.
    pub fn backoff(self, backoff: Backoff, jitter: Jitter) -> Arch {
        self.last_workload(|workload| {
            let retry = workload.policy.retry.as_mut().expect("a backoff is between attempts");
            (retry.backoff, retry.jitter) = (Some(backoff), jitter);
        })
    }

    /// The users' retries are at most this share of their requests.
    pub fn budget(self, share: f64) -> Arch {
        self.last_workload(|workload| {
            let retry = workload.policy.retry.as_mut().expect("a budget limits retries");
            retry.budget = Some(Budget::Bucket(Bucket::share(share)));
        })
    }

    /// The first service makes no progress for a while; the case runs with this.
    pub fn pause(self, at_s: u64, lasts_ms: u64) -> Arch {
        let target = Target::all(ServiceId(0));
        let trouble = Trouble::Pause { target };
        self.happening(Span::from_secs(at_s), Some(Span::from_millis(lasts_ms)), trouble)
    }

    /// The load is `factor` times as high for a while; the case runs with this.
    pub fn spike(self, at_s: u64, lasts_s: u64, factor: f64) -> Arch {
        let trouble = Trouble::Load { workload: None, factor };
        self.happening(Span::from_secs(at_s), Some(Span::from_secs(lasts_s)), trouble)
    }

    /// The last service is up for an exponential time, then down for `down_ms`, so that it is up for this share of
    /// all time; the case runs with this.
    pub fn availability(self, share: f64, down_ms: u64) -> Arch {
        let arch = self.last_service(|service| service.availability = Some(share));
        let id = arch.model.services.ids().next_back().expect("a service was added");
        let down = Span::from_millis(down_ms);
        let chaos = Chaos {
            scale: ChaosScale::Instance,
            per_second: (1.0 - share) / share / down.as_secs_f64(),
            down,
            services: vec![id],
            hours: None,
        };
        arch.happening(Span::ZERO, None, Trouble::Chaos(chaos))
    }

    fn happening(mut self, at: Span, lasts: Option<Span>, trouble: Trouble) -> Arch {
        if self.model.scenarios.is_empty() {
            self.model.scenarios.push(Scenario { name: "faults".into(), happenings: Vec::new() });
        }
        self.model.scenarios[0].happenings.push(Happening { at, lasts, trouble });
        self
    }

    pub fn seal(self) -> SealedModel {
        self.model.seal().expect("the case's model is sound")
    }
}

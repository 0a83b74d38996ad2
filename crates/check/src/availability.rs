//! How many requests succeed when instances are up for a share of the time, each on its own.
//!
//! A service is up while one of its instances is, `1 - (1 - a)^n` of the time: callers find those that are. Zones failing as a
//! whole, too little capacity on the instances left and the time until callers notice are left out.
//!
//! A replicated store answers while as many copies of the key are up as the level needs; whoever has one can coordinate.
//! A local level needs them in one region, the others are of no help.
//!
//! A service that a request needs in several places is up or down for all of them. So the sum goes over what can be up
//! (Birnbaum's pivotal decomposition): `P = p P(it is up) + (1 - p) P(it is down)` for each of these, and the rest are
//! independent. Of a store it goes over how many instances are up; which these are is left to chance.

use std::cell::Cell;
use std::collections::BTreeMap;

use tarsier_model::{Branch, EndpointId, Model, Retry, ServiceId, Step, WorkloadId};
use tarsier_units::IdVec;

use crate::chance::{Question, Realm, with_retries};
use crate::copies::Up;

/// Visits of endpoints to work out, about a second; beyond, services that are shared count as independent.
const MOST_EFFORT: usize = 10_000_000;

/// What the users of a workload who send to an endpoint can expect.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Availability {
    pub workload: WorkloadId,
    pub to: EndpointId,
    /// The share of its requests that succeed.
    pub share: f64,
    /// Whether everything that is shared was taken into account.
    pub exact: bool,
}

/// One for each destination of each workload; none if no service says how often its instances are up.
pub(crate) fn availabilities(model: &Model) -> Vec<Availability> {
    if model.services.iter().all(|service| service.availability.is_none()) {
        return Vec::new();
    }
    let up: IdVec<ServiceId, Up> = model.services.iter().map(Up::of).collect();
    let left = Cell::new(MOST_EFFORT);
    let mut found = Vec::new();
    for (id, workload) in model.workloads.entries() {
        for (_, to) in workload.mix.iter().filter(|(share, _)| *share > 0.0) {
            let sum = Sum::new(model, *to, workload.policy.retry.as_ref(), &left);
            let share = sum.total(&up);
            let exact = left.get() > 0 && sum.knows_all_copies();
            found.push(Availability { workload: id, to: *to, share, exact });
        }
    }
    found
}

/// The sum over what can be up, for requests to one endpoint.
struct Sum<'m, 'l> {
    realm: Realm<'m>,
    retry: Option<&'m Retry>,
    /// Services in more than one place.
    shared: Vec<ServiceId>,
    left: &'l Cell<usize>,
}

impl<'m, 'l> Sum<'m, 'l> {
    fn new(model: &'m Model, to: EndpointId, retry: Option<&'m Retry>, left: &'l Cell<usize>) -> Sum<'m, 'l> {
        let first = if retry.is_some() { SEVERAL } else { 1 };
        let realm = Realm::of(model, to);
        let shared = shared(model, &realm, first);
        Sum { realm, retry, shared, left }
    }

    /// Where several keys of a store are asked for, each on instances of its own, the sum is not over which are up.
    fn knows_all_copies(&self) -> bool {
        let model = self.realm.model();
        self.shared.iter().all(|service| {
            let service = &model.services[*service];
            let copies =
                service.replication.as_ref().map(|it| it.factor as usize * model.regions_of(service).len());
            service.availability.is_none() || copies.is_none_or(|copies| copies == service.instances.len())
        })
    }

    fn total(&self, up: &IdVec<ServiceId, Up>) -> f64 {
        let uncertain = |service: &ServiceId| up[*service].is_uncertain();
        let mut shared: Vec<ServiceId> = self.shared.iter().copied().filter(uncertain).collect();
        let mut up = up.clone();
        let needed = self.take_out_needed(&mut up, &mut shared);
        needed * self.pivot(&mut up, &shared)
    }

    /// What every request needs is a factor; the rest is looked at with it up.
    fn take_out_needed(&self, up: &mut IdVec<ServiceId, Up>, shared: &mut Vec<ServiceId>) -> f64 {
        let mut factor = 1.0;
        shared.retain(|service| {
            let Up::Found(chance) = up[*service] else { return true };
            let mut others_up: IdVec<ServiceId, Up> = up.iter().map(|up| up.at_best()).collect();
            others_up[*service] = Up::Found(0.0);
            let is_needed = self.chance(&others_up) == Some(0.0);
            if is_needed {
                factor *= chance;
                up[*service] = Up::Found(1.0);
            }
            !is_needed
        });
        factor
    }

    fn pivot(&self, up: &mut IdVec<ServiceId, Up>, shared: &[ServiceId]) -> f64 {
        let Some((service, rest)) = shared.split_first() else {
            return self.chance(up).unwrap_or_else(|| self.independent(up));
        };
        if self.left.get() == 0 {
            return self.independent(up);
        }
        let before = up[*service];
        let mut sum = 0.0;
        for (chance, state) in before.outcomes() {
            up[*service] = state;
            sum += chance * self.pivot(up, rest);
        }
        up[*service] = before;
        sum
    }

    /// `None` when that would be too much work.
    fn chance(&self, up: &IdVec<ServiceId, Up>) -> Option<f64> {
        let left = self.left.get().saturating_sub(self.realm.endpoints().len());
        self.left.set(left);
        (left > 0).then(|| self.independent(up))
    }

    fn independent(&self, up: &IdVec<ServiceId, Up>) -> f64 {
        with_retries(self.realm.chance(Question::Success(up)), self.retry)
    }
}

/// «Several»: more are not told apart.
const SEVERAL: u32 = 2;

/// The services that a request comes by in several places, on which its fate depends.
fn shared(model: &Model, realm: &Realm<'_>, first: u32) -> Vec<ServiceId> {
    let order = realm.endpoints();
    let mut visits: IdVec<EndpointId, u32> = model.endpoints.iter().map(|_| 0).collect();
    // Callers first, so that all who call an endpoint have been looked at before it.
    if let Some(root) = order.last() {
        visits[*root] = first;
    }
    for id in order.iter().rev() {
        let times = if realm.has_cycles() { SEVERAL } else { visits[*id] };
        count(&model.endpoints[*id].steps, times, &mut visits);
    }
    let mut by_service: BTreeMap<ServiceId, u32> = BTreeMap::new();
    for id in order.iter().filter(|id| !is_replica(model, **id)) {
        let several = if realm.has_cycles() { SEVERAL } else { visits[*id] };
        *by_service.entry(model.endpoints[*id].service).or_default() += several;
    }
    by_service.into_iter().filter(|(_, visits)| *visits >= SEVERAL).map(|(service, _)| service).collect()
}

/// Copies count with the coordinator that asks for them.
fn is_replica(model: &Model, endpoint: EndpointId) -> bool {
    let store = model.services[model.endpoints[endpoint].service].replication.as_ref();
    store.is_some_and(|store| store.served_by(endpoint).is_some())
}

fn count(steps: &[Step], times: u32, visits: &mut IdVec<EndpointId, u32>) {
    if times == 0 {
        return;
    }
    for step in steps {
        match step {
            Step::Call(call) if call.optional && call.fallback.is_none() => {}
            Step::Call(call) | Step::Cache { ask: call, .. } => {
                let is_retried = call.policy.retry.as_ref().is_some_and(|retry| retry.attempts > 0);
                let known = visits[call.to].saturating_add(if is_retried { SEVERAL } else { times });
                visits[call.to] = known.min(SEVERAL);
            }
            _ => {}
        }
        match step {
            Step::Parallel { branches, .. } => {
                let each = |branch: &Branch| times.saturating_mul(branch.times);
                branches.iter().for_each(|branch| count(&branch.steps, each(branch), visits));
            }
            Step::Repeat { times: more, steps } => count(steps, times.saturating_mul(*more), visits),
            _ => step.inner().into_iter().for_each(|inner| count(inner, times, visits)),
        }
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{AccessKind, Call, CallPolicy, Endpoint, Failures, Jitter, Level, Service};
    use tarsier_random::Stream;

    use super::*;
    use crate::fixture::{call, call_step, model, random_model, store};

    /// `web` does `steps`; each other service has so many instances of that availability and does nothing.
    fn star(steps: Vec<Step>, services: &[(usize, f64)]) -> Model {
        let names: Vec<String> = (0..services.len()).map(|n| format!("s{n}")).collect();
        let mut all = vec![("web", steps)];
        all.extend(names.iter().map(|name| (name.as_str(), Vec::new())));
        let mut model = model(1.0, &all);
        for (service, (n_instances, each)) in model.services.iter_mut().skip(1).zip(services) {
            service.instances = vec![service.instances[0]; *n_instances];
            service.availability = Some(*each);
        }
        model
    }

    #[track_caller]
    fn check(model: &Model, expected: f64) {
        let found = availabilities(model);
        assert!(found[0].exact);
        assert!((found[0].share - expected).abs() < 1e-12, "{found:?} is not {expected}");
    }

    fn each_once(n: u32) -> Vec<Step> {
        (1..=n).map(call_step).collect()
    }

    fn quorum(n: u32, need: u32) -> Vec<Step> {
        let branches = (1..=n).map(|to| Branch { times: 1, steps: vec![call_step(to)] }).collect();
        vec![Step::Parallel { branches, need }]
    }

    #[test]
    fn published_values_come_out() {
        // One before two: 0.9999 (1 - 0.01²).
        check(&star(each_once(2), &[(1, 0.9999), (2, 0.99)]), 0.999_800_01);
        // One before ten times three: 0.9999 (0.9998³)^10.
        let mut chain = vec![(1, 0.9998); 31];
        chain[0].1 = 0.9999;
        check(&star(each_once(31), &chain), 0.993_917_965_827_049);
        check(&star(each_once(30), &[(1, 0.9999); 30]), 0.997_004_345_942_737);
        check(&star(quorum(3, 2), &[(1, 0.99); 3]), 0.999_702);
        check(&star(quorum(5, 3), &[(1, 0.99); 5]), 0.999_990_149_4);
        // Mean time between failures 1000 h, to repair 10 h.
        let each = 1000.0 / 1010.0;
        check(&star(each_once(1), &[(1, each)]), 0.990_099_009_900_990_1);
        check(&star(each_once(1), &[(2, each)]), 0.999_901_970_395_059_3);
    }

    #[test]
    fn what_is_shared_counts_once() {
        check(&star(vec![call_step(1), call_step(1)], &[(1, 0.9)]), 0.9);
        check(&star(vec![Step::Repeat { times: 10, steps: each_once(2) }], &[(1, 0.9), (1, 0.8)]), 0.72);
        // Either of two that both need the third: 0.9 (1 - 0.2²).
        let mut model = star(quorum(2, 1), &[(1, 0.8), (1, 0.8), (1, 0.9)]);
        for to in [1, 2] {
            model.endpoints[EndpointId(to)].steps = vec![call_step(3)];
        }
        check(&model, 0.9 * 0.96);
    }

    #[test]
    fn who_can_do_without_is_not_hurt() {
        let optional = Step::Call(Call { optional: true, ..call(1) });
        check(&star(vec![optional, Step::Publish(call(1))], &[(1, 0.5)]), 1.0);
        let with_fallback = Step::Call(Call { fallback: Some(vec![call_step(2)]), ..call(1) });
        check(&star(vec![with_fallback], &[(1, 0.9), (1, 0.8)]), 0.98);
        let cache = Step::Cache { ask: call(1), hit: 0.75, miss: vec![call_step(2)], fill: None };
        check(&star(vec![cache], &[(1, 0.9), (1, 0.8)]), 0.675 + 0.325 * 0.8);
    }

    /// Six instances with three copies of each key, each up for 0.9 of the time.
    fn store_of(level: Level, n_regions: u32) -> Model {
        let mut store = store(&[(AccessKind::Read, level)], n_regions);
        store.services[ServiceId(0)].availability = Some(0.9);
        store
    }

    #[test]
    fn levels_need_so_many_copies() {
        check(&store_of(Level::One, 1), 0.999);
        check(&store_of(Level::Quorum, 1), 0.972);
        check(&store_of(Level::All, 1), 0.729);
        // Of six copies four, and in one's own region two of three.
        check(&store_of(Level::Quorum, 2), 0.984_15);
        check(&store_of(Level::LocalQuorum, 2), 0.972);
    }

    /// Who asks twice asks for two keys. On three instances both have the same copies; on six, how many are up decides:
    /// the square of the chance to have two of three copies among them.
    #[test]
    fn keys_of_a_store_share_its_instances() {
        let twice = |n_instances: usize| {
            let mut model = store_of(Level::Quorum, 1);
            model.services[ServiceId(0)].instances.truncate(n_instances);
            let asks =
                Endpoint { service: ServiceId(1), name: None, steps: vec![call_step(0), call_step(0)] };
            let to = model.endpoints.push(asks);
            model.services.push(Service { endpoints: to.0..to.0 + 1, ..Service::named("web") });
            model.workloads[WorkloadId(0)].mix = vec![(1.0, to)];
            model
        };
        check(&twice(3), 0.972);
        let found = availabilities(&twice(6))[0];
        // By the number that is up, from 2 to 6: C(6, k) 0.9^k 0.1^(6 - k) and 4/20, 10/20, 16/20, 1, 1 squared.
        let ways = [(15.0, 2, 0.2_f64), (20.0, 3, 0.5), (15.0, 4, 0.8), (6.0, 5, 1.0), (1.0, 6, 1.0)];
        let expected: f64 =
            ways.iter().map(|(n, up, both)| n * 0.9_f64.powi(*up) * 0.1_f64.powi(6 - up) * both * both).sum();
        assert!((found.share - expected).abs() < 1e-12 && !found.exact, "{found:?} is not {expected}");
    }

    /// A retry helps against errors that come and go, not against what is down.
    #[test]
    fn retries_help_against_what_passes() {
        let retry = Retry {
            attempts: 2,
            on: Failures::ALL,
            backoff: None,
            jitter: Jitter::None,
            budget: None,
            elsewhere: false,
        };
        let policy = CallPolicy { retry: Some(retry), ..CallPolicy::default() };
        let call = Step::Call(Call { policy: Box::new(policy), ..call(1) });
        let mut model = star(vec![call], &[(1, 0.9)]);
        model.endpoints[EndpointId(1)].steps = vec![Step::Fail(0.1)];
        check(&model, 0.9 * (1.0 - 0.001));
    }

    /// The oracle draws what is up and then follows a request step by step.
    #[test]
    fn random_models_fail_as_often_as_computed() {
        const N: u32 = 20_000;
        let mut n_uncertain = 0;
        for seed in 0..60 {
            let mut stream = Stream::named(seed, &["availability"], &[]);
            let mut model = Model::clone(&random_model(&mut stream));
            for service in model.services.iter_mut() {
                service.availability = Some([0.5, 0.8, 0.9, 1.0][stream.below(4) as usize]);
            }
            for found in availabilities(&model) {
                let n_good = (0..N).filter(|_| one_request_succeeds(&model, found.to, &mut stream)).count();
                let share = n_good as f64 / f64::from(N);
                let deviation = (found.share * (1.0 - found.share) / f64::from(N)).sqrt();
                // 4.5 standard errors, about 300 times: one false alarm in a thousand seeds of this test.
                let message = format!("seed {seed}: {found:?}, counted {share} in {model:#?}");
                assert!((share - found.share).abs() <= 4.5 * deviation + 1e-9, "{message}");
                n_uncertain += usize::from(deviation > 0.0);
            }
        }
        assert!(n_uncertain > 150, "only {n_uncertain} endpoints of uncertain availability");
    }

    fn one_request_succeeds(model: &Model, to: EndpointId, stream: &mut Stream) -> bool {
        let is_up = |service: &Service| {
            let each = service.availability.expect("every service says");
            (0..service.instances.len()).fold(false, |up, _| stream.chance(each) || up)
        };
        let up: Vec<bool> = model.services.iter().map(is_up).collect();
        visit_succeeds(model, to, &up, stream)
    }

    fn visit_succeeds(model: &Model, to: EndpointId, up: &[bool], stream: &mut Stream) -> bool {
        let endpoint = &model.endpoints[to];
        up[endpoint.service.0 as usize] && all_succeed(model, &endpoint.steps, up, stream)
    }

    fn all_succeed(model: &Model, steps: &[Step], up: &[bool], stream: &mut Stream) -> bool {
        steps.iter().all(|step| match step {
            Step::Fail(share) => !stream.chance(*share),
            Step::Call(Call { to, optional, fallback, .. }) => {
                let answered = visit_succeeds(model, *to, up, stream);
                match fallback {
                    Some(instead) => answered || all_succeed(model, instead, up, stream),
                    None => answered || *optional,
                }
            }
            Step::Parallel { branches, need } => {
                let all = branches.iter().flat_map(|branch| vec![&branch.steps; branch.times as usize]);
                all.filter(|steps| all_succeed(model, steps, up, stream)).count() >= *need as usize
            }
            Step::Choose(options) => {
                let at = stream.unit();
                let mut sum = 0.0;
                let chosen = options.iter().find(|(share, _)| {
                    sum += share;
                    at < sum
                });
                chosen.is_none_or(|(_, steps)| all_succeed(model, steps, up, stream))
            }
            Step::Maybe { share, steps } => !stream.chance(*share) || all_succeed(model, steps, up, stream),
            Step::Repeat { times, steps } => (0..*times).all(|_| all_succeed(model, steps, up, stream)),
            Step::Cache { ask, hit, miss, .. } => {
                let hits = visit_succeeds(model, ask.to, up, stream) && stream.chance(*hit);
                hits || all_succeed(model, miss, up, stream)
            }
            _ => true,
        })
    }
}

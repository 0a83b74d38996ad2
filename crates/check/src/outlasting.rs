//! How many times the work that is asked for can go on being done, in vain, once all that began it is over.
//!
//! Work is in vain only if somebody gives up and tries again. Where nobody on the way to a service has a bound, its queue
//! shrinks. Where all who give up say so (`cancel`), only the work is lost that was cut off: a service that cannot keep up
//! works first come first served on those who have waited the longest, or on all at once, and as many are begun as come. So
//! what is left of their patience when work on them begins settles where the work until it is cut off, E[min(work, left)],
//! is what cores have for each; and those succeed whose work takes no longer than that, less the way there and back that
//! an answer and the word to stop are apart. Exponential work that is cut off loses nothing; work that always takes the same
//! is then all in vain, and cancelling has helped nobody. That is the limit of many cores; a few do better.

use tarsier_model::{EndpointId, Model, Service, Step};
use tarsier_random::{Law, num};
use tarsier_units::IdVec;

use crate::links::Link;

pub(crate) struct GivingUp<'a, 'm> {
    model: &'m Model,
    links: &'a [Link<'m>],
    /// Who is asked by somebody that may give up, or is on the way from there.
    is_given_up: IdVec<EndpointId, bool>,
    /// Who waits for nobody.
    is_leaf: IdVec<EndpointId, bool>,
}

impl<'a, 'm> GivingUp<'a, 'm> {
    pub(crate) fn new(model: &'m Model, links: &'a [Link<'m>]) -> GivingUp<'a, 'm> {
        let is_given_up = downward(model, links, gives_up, |link| link.is_waited_for());
        let mut is_leaf: IdVec<EndpointId, bool> = model.endpoints.iter().map(|_| true).collect();
        for from in links.iter().filter(|link| link.is_waited_for()).filter_map(|link| link.from) {
            is_leaf[from] = false;
        }
        GivingUp { model, links, is_given_up, is_leaf }
    }

    /// Attempts of a call that are all given up: as many as its deadline leaves time for, if no failure comes sooner.
    pub(crate) fn attempts(&self, link: &Link<'_>) -> f64 {
        let all = 1.0 + link.extra_attempts();
        match (link.policy.deadline, link.policy.timeout) {
            (Some(_), _) if !self.is_leaf[link.to] || link.policy.hedge.is_some() => all,
            (Some(deadline), Some(timeout)) => {
                all.min((deadline.after.as_secs_f64() / timeout.as_secs_f64()).ceil().max(1.0))
            }
            (Some(_), None) => 1.0,
            (None, _) => all,
        }
    }

    /// Given so many attempts a request, how many times its work may go on being done.
    pub(crate) fn work_done(&self, service: &Service, attempts: f64) -> f64 {
        if !service.endpoint_ids().any(|endpoint| self.is_given_up[endpoint]) {
            return 1.0;
        }
        self.cancelled(service).and_then(|work| outlasting(attempts, &work)).unwrap_or(attempts)
    }

    /// The work of a service that is nothing else, and hears of all who give up.
    fn cancelled(&self, service: &Service) -> Option<Cut<'m>> {
        let mut endpoints = service.endpoint_ids();
        let (endpoint, None) = (endpoints.next()?, endpoints.next()) else { return None };
        let [Step::Work(work)] = self.model.endpoints[endpoint].steps.as_slice() else { return None };
        let is_heard = |link: &Link<'_>| {
            link.policy.cancel
                && link.policy.hedge.is_none()
                && link.from.is_none_or(|from| !self.is_given_up[from])
        };
        let mut callers = self.links.iter().filter(|link| link.to == endpoint);
        let round_trip_ns = 2.0 * longest_hop_ns(self.model) * service.speed;
        callers.all(is_heard).then_some(Cut { work, round_trip_ns })
    }
}

fn gives_up(link: &Link<'_>) -> bool {
    let policy = link.policy;
    link.is_waited_for() && (policy.timeout.is_some() || policy.deadline.is_some() || policy.hedge.is_some())
}

/// The endpoints below certain links, as far as others lead on.
pub(crate) fn downward(
    model: &Model,
    links: &[Link<'_>],
    begins: impl Fn(&Link<'_>) -> bool,
    leads_on: impl Fn(&Link<'_>) -> bool,
) -> IdVec<EndpointId, bool> {
    let mut reached: IdVec<EndpointId, bool> = model.endpoints.iter().map(|_| false).collect();
    loop {
        let mut is_settled = true;
        // Callers mostly stand above their callees in a file, so that one round and one to see so do it.
        for link in links.iter().filter(|link| link.calls_per_s > 0.0) {
            let comes = begins(link) || (leads_on(link) && link.from.is_some_and(|from| reached[from]));
            if comes && !std::mem::replace(&mut reached[link.to], true) {
                is_settled = false;
            }
        }
        if is_settled {
            return reached;
        }
    }
}

/// The longest way of a message anywhere, on average.
fn longest_hop_ns(model: &Model) -> f64 {
    let network = &model.network;
    let hops = [
        (true, &network.users),
        (true, &network.same_host),
        (true, &network.same_zone),
        (model.zones.len() > model.regions.len(), &network.cross_zone),
        (model.regions.len() > 1, &network.cross_region),
    ];
    let there = hops.into_iter().filter(|(is_there, _)| *is_there).map(|(_, link)| link);
    let all = there.chain(network.pairs.iter().map(|pair| &pair.link));
    let mean_ns = |law: &Law| law.mean().unwrap_or(f64::INFINITY);
    all.filter_map(|link| link.latency.as_ref()).map(mean_ns).fold(0.0, f64::max)
}

/// Work that is cut off, at a core of speed 1.
struct Cut<'m> {
    work: &'m Law,
    round_trip_ns: f64,
}

/// Means of the work to which what is left of the patience is followed, and steps to each.
const MEANS: u32 = 16;
const STEPS: u32 = 64;

/// The most work for one request over all that may be left of its patience.
fn outlasting(attempts: f64, cut: &Cut<'_>) -> Option<f64> {
    let step = cut.work.mean()? / f64::from(STEPS);
    // Just before, so that what takes exactly so long is not done.
    let done_by = |time: f64| cut.work.cdf(time * (1.0 - 1e-9));
    let (mut busy, mut most) = (0.0, 1.0_f64);
    let mut before = 1.0;
    for n in 1..=MEANS * STEPS {
        let left = f64::from(n) * step;
        let after = 1.0 - done_by(left)?;
        busy += (before + after) / 2.0 / f64::from(STEPS);
        before = after;
        let succeeds = done_by(left - cut.round_trip_ns)?;
        most = most.max(attempts_until(succeeds, attempts) * busy);
    }
    Some(most.min(attempts))
}

/// So many attempts are made, at most, if each succeeds with this chance.
fn attempts_until(chance: f64, most: f64) -> f64 {
    if chance > 0.0 { (1.0 - num::pow(1.0 - chance, most)) / chance } else { most }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work_done(attempts: f64, work: &Law, round_trip_ns: f64) -> f64 {
        outlasting(attempts, &Cut { work, round_trip_ns }).expect("a law whose distribution is known")
    }

    #[test]
    fn exponential_work_loses_nothing_and_constant_work_everything() {
        let (exponential, constant) = (Law::Exp { mean: 1e6 }, Law::Constant(1e6));
        for attempts in [1.1, 2.0, 4.0, 11.0] {
            assert!((work_done(attempts, &exponential, 0.0) - 1.0).abs() < 1e-3, "{attempts}");
            assert!((work_done(attempts, &constant, 0.0) - attempts).abs() < 1e-6, "{attempts}");
        }
    }

    /// What varies less than the exponential lies between, and more of it is lost the longer the way.
    #[test]
    fn the_rest_lies_between() {
        let erlang = |k| Law::Erlang { k, mean: 1e6 };
        let of = |work: &Law| work_done(4.0, work, 0.0);
        assert!(1.05 < of(&erlang(2)) && of(&erlang(2)) < of(&erlang(8)) && of(&erlang(8)) < 3.9);
        let hyperexponential = Law::HyperExp { share: 0.9, mean1: 0.5e6, mean2: 5.5e6 };
        assert!((of(&hyperexponential) - 1.0).abs() < 1e-3);
        let far = |round_trip_ns| work_done(4.0, &Law::Exp { mean: 1e6 }, round_trip_ns);
        assert!(far(0.1e6) > 1.03 && far(1e6) > far(0.1e6) && far(1e9) > 3.999);
    }
}

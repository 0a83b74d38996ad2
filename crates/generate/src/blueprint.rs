//! An architecture before it is written: what the shapes have in common, and no more than they need.

/// Calls go only to services further down the list, or to later endpoints of the same.
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) regions: Vec<Region>,
    /// Lines of `network`, if the usual one will not do.
    pub(crate) network: Vec<String>,
    pub(crate) services: Vec<Service>,
    /// Where users enter, with shares that sum to one.
    pub(crate) mix: Vec<(f64, To)>,
    /// Callers stay in their zone, and instances are counted by zone.
    pub(crate) by_zone: bool,
}

impl Blueprint {
    pub(crate) fn n_zones(&self) -> usize {
        self.regions.iter().map(|region| region.zones as usize).sum()
    }

    /// Each service has at least this many instances.
    pub(crate) fn least_instances(&self) -> u64 {
        if self.by_zone { self.n_zones() as u64 } else { 1 }
    }

    /// Visits of each endpoint of each service that one request of a user causes on average.
    pub(crate) fn visits(&self) -> Vec<Vec<f64>> {
        let mut visits: Vec<Vec<f64>> =
            self.services.iter().map(|service| vec![0.0; service.endpoints.len()]).collect();
        self.mix.iter().for_each(|(share, to)| visits[to.service][to.endpoint] += share);
        for (number, service) in self.services.iter().enumerate() {
            for (at, endpoint) in service.endpoints.iter().enumerate() {
                let own = visits[number][at];
                for (times, to) in endpoint.steps.iter().flat_map(Step::calls) {
                    assert!((to.service, to.endpoint) > (number, at), "calls go down");
                    visits[to.service][to.endpoint] += own * times;
                }
            }
        }
        visits
    }

    /// The work of each service for one request of a user, in seconds of its cores.
    pub(crate) fn demands_s(&self) -> Vec<f64> {
        let of = |(service, visits): (&Service, Vec<f64>)| -> f64 {
            let work_s = service.endpoints.iter().zip(visits).map(|(endpoint, n)| n * endpoint.work_s());
            work_s.sum::<f64>() / f64::from(service.cores)
        };
        self.services.iter().zip(self.visits()).map(of).collect()
    }
}

pub(crate) struct Region {
    pub(crate) name: String,
    pub(crate) zones: u32,
}

pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Whoever reads it wants to know.
    pub(crate) comment: &'static str,
    pub(crate) cores: u32,
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Service {
    /// With one endpoint, which needs no name.
    pub(crate) fn new(name: String, kind: &'static str, steps: Vec<Step>) -> Service {
        let endpoints = vec![Endpoint { name: "", steps }];
        Service { name, kind, comment: "", cores: 1, endpoints }
    }
}

pub(crate) struct Endpoint {
    /// Empty if it is the only one.
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
}

impl Endpoint {
    fn work_s(&self) -> f64 {
        let of = |step: &Step| if let Step::Work { mean_s, .. } = step { *mean_s } else { 0.0 };
        self.steps.iter().map(of).sum()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct To {
    pub(crate) service: usize,
    pub(crate) endpoint: usize,
}

impl To {
    /// The only endpoint of a service.
    pub(crate) fn service(service: usize) -> To {
        To { service, endpoint: 0 }
    }
}

pub(crate) enum Step {
    /// Exponential without `cv`.
    Work {
        mean_s: f64,
        cv: Option<f64>,
    },
    Call(To),
    /// None of these works itself.
    Parallel(Vec<Step>),
    /// One of these by chance; shares sum to one.
    Choose(Vec<(f64, To)>),
    Maybe(f64, To),
    Cache {
        ask: To,
        hit: f64,
        miss: To,
    },
    /// Three at once, and on after two.
    Quorum(To),
}

impl Step {
    /// Which calls it makes, and how many on average.
    pub(crate) fn calls(&self) -> Vec<(f64, To)> {
        match self {
            Step::Work { .. } => Vec::new(),
            Step::Call(to) => vec![(1.0, *to)],
            Step::Parallel(branches) => branches.iter().flat_map(Step::calls).collect(),
            Step::Choose(options) => options.clone(),
            Step::Maybe(share, to) => vec![(*share, *to)],
            // A miss is written back.
            Step::Cache { ask, hit, miss } => vec![(2.0 - hit, *ask), (1.0 - hit, *miss)],
            Step::Quorum(to) => vec![(3.0, *to)],
        }
    }
}

/// Parts of a whole in thousandths of a percent, as they are written.
pub(crate) fn shares(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    let (mut passed, mut given) = (0.0, 0.0);
    let part = |weight: &f64| {
        passed += weight / sum * 1e5;
        let before = std::mem::replace(&mut given, passed.round());
        (given - before) / 1e5
    };
    weights.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_short_and_a_whole() {
        assert_eq!(shares(&[1.0, 1.0, 1.0]), [0.33333, 0.33334, 0.33333]);
        let many = shares(&[1.0; 3_000]);
        assert!((many.iter().sum::<f64>() - 1.0).abs() < 1e-9 && many.iter().all(|share| *share > 0.0));
    }
}

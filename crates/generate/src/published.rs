//! What has been published of real call graphs, as laws to draw from.

use tarsier_random::num;

/// Statistics of a call graph.
pub(crate) struct Statistics {
    pub(crate) of: &'static str,
    /// The share of services that users call, and that of those that call nobody.
    pub(crate) entries: f64,
    pub(crate) leaves: f64,
    /// Services called by a service that calls any.
    pub(crate) fan_out: Quantiles,
    /// How often services are called by others, as a weight.
    pub(crate) popularity: Quantiles,
    /// The share of a service's calls that go to leaves; `None` if they are called like others.
    pub(crate) to_leaves: Option<f64>,
    /// Calls that a service makes at once, at most.
    pub(crate) at_once: usize,
    /// Instances of a service, if more than their mean is known; they are divided by what makes them as many as wanted.
    pub(crate) instances: Option<Quantiles>,
    /// If nobody says how many are wanted.
    pub(crate) instances_mean: f64,
}

/// A law by some of its quantiles; between them the logarithm of the value goes straight.
pub(crate) struct Quantiles(pub(crate) &'static [(f64, f64)]);

impl Quantiles {
    pub(crate) fn at(&self, share: f64) -> f64 {
        let after =
            self.0.iter().position(|(quantile, _)| *quantile >= share).unwrap_or(self.0.len() - 1).max(1);
        let ((low, a), (high, b)) = (self.0[after - 1], self.0[after]);
        let part = ((share - low) / (high - low)).clamp(0.0, 1.0);
        a * num::exp(part * num::ln(b / a))
    }
}

/// Published: Luo et al., «Characterizing microservice dependency and performance: Alibaba trace analysis», SoCC 2021: fan-out of
/// mean 3.78 and median 3, a third of 4 and more, 77% of callees are leaves, and services that 16 and more call take most
/// calls. Shares of entries and leaves, and 27.5 instances of a service: re-analysis of 67,760 services, arXiv 2504.13141.
pub(crate) const ALIBABA: Statistics = Statistics {
    of: "Alibaba",
    entries: 0.13,
    leaves: 0.39,
    // Median and the third of 4 and more; the other points are ours, laid so that the mean comes out as published.
    fan_out: Quantiles(&[(0.0, 0.7), (0.17, 1.5), (0.5, 3.0), (0.67, 3.5), (0.95, 9.0), (1.0, 20.0)]),
    // Ours: that few take most is published, not how popularity is spread.
    popularity: Quantiles(&[(0.0, 1.0), (0.8, 2.0), (0.95, 30.0), (1.0, 3_000.0)]),
    // Ours: more than the 77% that are wanted, because those between need callers too.
    to_leaves: Some(0.88),
    // Ours.
    at_once: usize::MAX,
    instances: None,
    instances_mean: 27.5,
};

/// Published: Huye, Shkuro and Sambasivan, «Lifting the veil on Meta's microservice architecture», USENIX ATC 2023, the released
/// data of 7,483 services: quantiles of fan-out 4, 23, 257, 5,865 (50%, 90%, 99%, most), of fan-in 1, 19, 206, 14,084,
/// of instances 8, 650, 31,566, 557,156. How many of the services that one calls a request needs is not published.
pub(crate) const META: Statistics = Statistics {
    of: "Meta",
    // Ours, both.
    entries: 0.25,
    leaves: 0.15,
    // All but the first point.
    fan_out: Quantiles(&[(0.0, 0.8), (0.5, 4.0), (0.9, 23.0), (0.99, 257.0), (1.0, 5_865.0)]),
    // Ours: weights with which fan-in comes out nearly as published.
    popularity: Quantiles(&[(0.0, 0.01), (0.5, 0.1), (0.9, 5.0), (0.99, 400.0), (1.0, 28_000.0)]),
    to_leaves: None,
    // Ours.
    at_once: 2,
    // All but the first point.
    instances: Some(Quantiles(&[(0.0, 1.0), (0.5, 8.0), (0.9, 650.0), (0.99, 31_566.0), (1.0, 557_156.0)])),
    // Ours: hundreds, as there are, would not fit anywhere.
    instances_mean: 20.0,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_met_and_joined() {
        let law = &META.instances.as_ref().expect("it is known");
        assert_eq!([0.0, 0.5, 1.0].map(|share| law.at(share).round()), [1.0, 8.0, 557_156.0]);
        assert!((law.at(0.7) / (8.0_f64 * 650.0).sqrt() - 1.0).abs() < 1e-9);
    }
}

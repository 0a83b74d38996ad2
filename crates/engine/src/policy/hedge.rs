//! Hedged requests: a second attempt beside one that takes long; the first answer counts.
//!
//! Dean and Barroso, The Tail at Scale (2013): after a delay, such as the 95th percentile of what is
//! expected, which bounds the extra load by 5%. As in Finagle's backup requests the percentile is the
//! client's own, of first attempts; one that was given up counts with the time until then, which is
//! longer than the delay and so on the right side of it. A budget bounds hedges by a share of requests.

use tarsier_model::{Hedge as Rule, HedgeDelay};

use super::quantile::Quantile;

/// Of the budget so much may be saved up, in hedges.
const MOST_SAVED: f64 = 10.0;

#[derive(Clone, Debug)]
pub(crate) struct Hedge {
    latencies: Option<Quantile>,
    /// What the budget allows, in hedges.
    saved: f64,
}

impl Hedge {
    pub(crate) fn new(rule: &Rule) -> Hedge {
        let latencies = match rule.after {
            HedgeDelay::Fixed(_) => None,
            HedgeDelay::Quantile(q) => Some(Quantile::new(q)),
        };
        Hedge { latencies, saved: 0.0 }
    }

    /// A request is made for the first time.
    pub(crate) fn begin(&mut self, rule: &Rule) {
        let share = rule.budget.unwrap_or(0.0);
        self.saved = (self.saved + share).min(MOST_SAVED);
    }

    /// How long to wait for an attempt before another goes out beside it, if it is known.
    pub(crate) fn delay(&self, rule: &Rule) -> Option<u64> {
        match rule.after {
            HedgeDelay::Fixed(span) => Some(span.nanos()),
            HedgeDelay::Quantile(_) => self.latencies.as_ref()?.value(),
        }
    }

    /// Whether the budget has a hedge.
    pub(crate) fn may(&self, rule: &Rule) -> bool {
        // A little slack: twenty deposits of 5% make one hedge in spite of rounding.
        rule.budget.is_none() || self.saved >= 1.0 - 1e-9
    }

    /// A hedge is made.
    pub(crate) fn spend(&mut self, rule: &Rule) {
        if rule.budget.is_some() {
            self.saved -= 1.0;
        }
    }

    /// A first attempt was answered, or given up, after so long.
    pub(crate) fn observe(&mut self, nanos: u64) {
        if let Some(latencies) = &mut self.latencies {
            latencies.observe(nanos);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_random::Stream;
    use tarsier_units::Span;

    fn rule(after: HedgeDelay, budget: Option<f64>) -> Rule {
        Rule { after, budget, most: 1 }
    }

    #[test]
    fn the_budget_is_a_share_of_requests() {
        let rule = rule(HedgeDelay::Fixed(Span::from_millis(50)), Some(0.05));
        let mut hedge = Hedge::new(&rule);
        let allows = |hedge: &mut Hedge| {
            let may = hedge.may(&rule);
            (0..u32::from(may)).for_each(|_| hedge.spend(&rule));
            may
        };
        let hedges = (0..1_000).filter(|_| {
            hedge.begin(&rule);
            allows(&mut hedge)
        });
        assert_eq!(hedges.count(), 50);
        (0..1_000).for_each(|_| hedge.begin(&rule));
        assert_eq!((0..100).filter(|_| allows(&mut hedge)).count(), 10);
    }

    /// Exponential latencies: whoever waits for its own 95th percentile sends 5% more, though it never
    /// sees the whole latency of those it gave up. (A little more than that: when the estimate is low,
    /// some of these look shorter than the percentile.)
    #[test]
    fn the_own_quantile_bounds_the_extra_load() {
        let rule = rule(HedgeDelay::Quantile(0.95), None);
        let mut hedge = Hedge::new(&rule);
        let mut stream = Stream::named(1, &["hedge"], &[]);
        let (requests, mut hedges) = (2_000_000, 0);
        for _ in 0..requests {
            let [first, second] = [(); 2].map(|()| (stream.exp1() * 1e7) as u64);
            match hedge.delay(&rule) {
                Some(delay) if first > delay => {
                    hedges += 1;
                    hedge.observe(first.min(delay + second));
                }
                _ => hedge.observe(first),
            }
        }
        let extra = f64::from(hedges) / f64::from(requests);
        assert!((0.0495..0.052).contains(&extra), "{extra}");
    }
}

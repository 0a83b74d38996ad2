//! Whether what was promised was kept.
//!
//! A metric without samples has no value, and an objective without a value does not hold: what was
//! never put to the test was not kept. Errors of a service include what it refused, because its
//! callers see both as failures.

use tarsier_engine::Outcome;
use tarsier_model::{Metric, Model, Relation, Slo, Subject};
use tarsier_stats::Recorder;
use tarsier_units::Id;

use crate::{counted_s, ratio};

/// One objective and what the run made of it.
#[derive(Clone, PartialEq, Debug)]
pub struct SloVerdict {
    /// As the file has it.
    pub text: String,
    pub metric: Metric,
    /// In the unit of the metric: seconds, a share, or requests per second.
    pub value: Option<f64>,
    pub holds: bool,
}

/// A verdict on each objective of the model, in its order.
pub fn verdicts(model: &Model, outcome: &Outcome) -> Vec<SloVerdict> {
    model.slos.iter().map(|slo| verdict(slo, outcome)).collect()
}

fn verdict(slo: &Slo, outcome: &Outcome) -> SloVerdict {
    let value = Measured::of(slo.subject, outcome).value(slo.metric, counted_s(outcome));
    let holds = value.is_some_and(|value| holds(value, slo.relation, slo.bound));
    SloVerdict { text: slo.text.clone(), metric: slo.metric, value, holds }
}

fn holds(value: f64, relation: Relation, bound: f64) -> bool {
    match relation {
        Relation::Less => value < bound,
        Relation::LessOrEqual => value <= bound,
        Relation::Greater => value > bound,
        Relation::GreaterOrEqual => value >= bound,
    }
}

/// What objectives ask of workloads and services alike.
struct Measured<'a> {
    completed: u64,
    failed: u64,
    latency: &'a Recorder,
    utilization: Option<f64>,
}

impl<'a> Measured<'a> {
    fn of(subject: Subject, outcome: &'a Outcome) -> Self {
        match subject {
            Subject::Workload(id) => {
                let it = &outcome.workloads[id.index()];
                let (completed, failed) = (it.completed, it.errors);
                Measured { completed, failed, latency: &it.latency, utilization: None }
            }
            Subject::Service(id) => {
                let it = &outcome.services[id.index()];
                let (completed, failed) = (it.completed, it.errors + it.refused);
                Measured { completed, failed, latency: &it.latency, utilization: Some(it.utilization) }
            }
        }
    }

    fn value(&self, metric: Metric, counted_s: f64) -> Option<f64> {
        let seconds = |nanos: f64| nanos / 1e9;
        match metric {
            Metric::LatencyMean => self.latency.summary().mean.map(seconds),
            Metric::LatencyMax => self.latency.summary().max.map(seconds),
            Metric::LatencyQuantile(q) => self.latency.total().quantile(q).map(seconds),
            Metric::ErrorShare => ratio(self.failed, self.completed + self.failed),
            Metric::Availability => ratio(self.completed, self.completed + self.failed),
            Metric::Throughput => (counted_s > 0.0).then(|| self.completed as f64 / counted_s),
            Metric::Utilization => self.utilization,
        }
    }
}

#[cfg(test)]
mod tests {
    use tarsier_engine::WorkloadOutcome;
    use tarsier_model::{ServiceId, WorkloadId};

    use super::*;
    use crate::text::fixture;

    fn check(subject: Subject, metric: Metric, relation: Relation, bound: f64) -> (Option<f64>, bool) {
        let slo = Slo { text: String::new(), subject, metric, relation, bound };
        let verdict = verdict(&slo, &fixture::outcome());
        (verdict.value, verdict.holds)
    }

    #[test]
    fn each_metric_is_measured_in_its_unit() {
        let users = Subject::Workload(WorkloadId(0));
        assert_eq!(check(users, Metric::ErrorShare, Relation::Less, 0.01), (Some(0.01), false));
        assert_eq!(check(users, Metric::ErrorShare, Relation::LessOrEqual, 0.01), (Some(0.01), true));
        assert_eq!(check(users, Metric::Availability, Relation::Greater, 0.98), (Some(0.99), true));
        assert_eq!(check(users, Metric::Throughput, Relation::GreaterOrEqual, 99.0), (Some(99.0), true));
        assert_eq!(check(users, Metric::LatencyMax, Relation::Less, 0.198), (Some(0.198), false));
        let (p50, holds) = check(users, Metric::LatencyQuantile(0.5), Relation::Less, 0.1);
        assert!(holds && p50.is_some_and(|p50| (p50 / 0.099 - 1.0).abs() < 0.005), "{p50:?}");
        let db = Subject::Service(ServiceId(1));
        assert_eq!(check(db, Metric::Utilization, Relation::Less, 0.9), (Some(0.95), false));
    }

    #[test]
    fn nothing_measured_is_nothing_kept() {
        let mut outcome = fixture::outcome();
        outcome.workloads[0] = WorkloadOutcome::default();
        for verdict in verdicts(&fixture::model(), &outcome) {
            assert_eq!((verdict.value, verdict.holds), (None, false), "{}", verdict.text);
        }
    }

    #[test]
    fn what_a_service_refuses_counts_against_it() {
        let mut outcome = fixture::outcome();
        outcome.services[1].refused = 1000;
        let slo = Slo {
            text: String::new(),
            subject: Subject::Service(ServiceId(1)),
            metric: Metric::Availability,
            relation: Relation::Greater,
            bound: 0.9,
        };
        assert_eq!(verdict(&slo, &outcome).value, Some(0.495));
    }
}

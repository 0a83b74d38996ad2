//! The state of a run as monitoring sees it: counters since its start, gauges and quantiles of its last second.

mod otlp;
mod prometheus;

use tarsier_engine::{SecondRow, SeriesSubject};
use tarsier_model::{EndpointId, Model};

/// Takes rows as they come; tells all of it at any time.
pub struct Meters {
    architecture: Labels,
    workloads: Vec<State>,
    services: Vec<State>,
    calls: Vec<State>,
    /// Counted seconds that are over.
    seconds: u64,
}

type Labels = Vec<(&'static str, String)>;

/// Of a workload, a service or a call.
#[derive(Default)]
struct State {
    labels: Labels,
    requests: u64,
    completed: u64,
    errors: u64,
    refused: u64,
    attempts: u64,
    timeouts: u64,
    latency_sum_s: f64,
    /// Of the last second.
    p50_s: Option<f64>,
    p99_s: Option<f64>,
    utilization: Option<f64>,
    queue_length: Option<f64>,
    instances: Option<u64>,
}

/// All points of one name.
struct Family<'a> {
    /// Parts of its name: formats join them in their own way.
    kind: &'static str,
    name: &'static str,
    help: &'static str,
    points: Points<'a>,
}

enum Points<'a> {
    Counters(Vec<(&'a Labels, u64)>),
    Gauges(Vec<(&'a Labels, f64)>),
    Summaries(Vec<Summary<'a>>),
}

struct Summary<'a> {
    labels: &'a Labels,
    sum: f64,
    count: u64,
    /// Quantile and value.
    quantiles: Vec<(f64, f64)>,
}

type Counter = (&'static str, &'static str, fn(&State) -> u64);
type Gauge = (&'static str, &'static str, fn(&State) -> Option<f64>);

const OF_ALL: [Counter; 4] = [
    ("requests", "Requests sent, or arrived at a service.", |it| it.requests),
    ("completed", "Requests answered well and in time.", |it| it.completed),
    ("errors", "Requests that failed.", |it| it.errors),
    ("refused", "Attempts, or requests at a service, turned away at once.", |it| it.refused),
];
const OF_CLIENTS: [Counter; 2] = [
    ("attempts", "Requests, retries and hedges.", |it| it.attempts),
    ("timeouts", "Attempts given up on.", |it| it.timeouts),
];
const OF_SERVICES: [Gauge; 3] = [
    ("utilization", "Busy cores of all cores, in the last second.", |it| it.utilization),
    ("queue_length", "Requests waiting, mean of the last second.", |it| it.queue_length),
    ("instances", "Instances that are there.", |it| it.instances.map(|n| n as f64)),
];

impl Meters {
    /// `calls` in the order of the outcome.
    pub fn new(model: &Model, calls: &[(EndpointId, EndpointId)]) -> Self {
        let state = |labels| State { labels, ..State::default() };
        let call = |(from, to): &(EndpointId, EndpointId)| {
            state(vec![("caller", model.endpoint_label(*from)), ("callee", model.endpoint_label(*to))])
        };
        Meters {
            architecture: vec![("architecture", model.name.clone())],
            workloads: model.workloads.iter().map(|it| state(vec![("workload", it.name.clone())])).collect(),
            services: model.services.iter().map(|it| state(vec![("service", it.name.clone())])).collect(),
            calls: calls.iter().map(call).collect(),
            seconds: 0,
        }
    }

    pub fn row(&mut self, row: &SecondRow) {
        let state = match row.subject {
            SeriesSubject::Workload(index) => &mut self.workloads[index],
            SeriesSubject::Service(index) => &mut self.services[index],
            SeriesSubject::Call(index) => &mut self.calls[index],
        };
        state.add(row);
        self.seconds = row.second + 1;
    }

    fn families(&self) -> Vec<Family<'_>> {
        let seconds = Points::Counters(vec![(&self.architecture, self.seconds)]);
        let help = "Counted seconds of simulated time that are over.";
        let mut families = vec![Family { kind: "simulated", name: "seconds", help, points: seconds }];
        for (kind, states) in
            [("workload", &self.workloads), ("service", &self.services), ("call", &self.calls)]
        {
            let is_service = kind == "service";
            let counters = OF_ALL.iter().chain(if is_service { &[] } else { &OF_CLIENTS[..] });
            for (name, help, count) in counters {
                let points = states.iter().map(|it| (&it.labels, count(it))).collect();
                families.push(Family { kind, name, help, points: Points::Counters(points) });
            }
            for (name, help, value) in if is_service { &OF_SERVICES[..] } else { &[] } {
                let points = states.iter().filter_map(|it| Some((&it.labels, value(it)?))).collect();
                families.push(Family { kind, name, help, points: Points::Gauges(points) });
            }
            let points = Points::Summaries(states.iter().map(State::latency).collect());
            let help = "Of completed requests; quantiles are those of the last second.";
            families.push(Family { kind, name: "latency_seconds", help, points });
        }
        families
    }
}

impl State {
    fn add(&mut self, row: &SecondRow) {
        self.requests += row.requests;
        self.completed += row.completed;
        self.errors += row.errors;
        self.refused += row.refused;
        self.attempts += row.attempts.unwrap_or(0);
        self.timeouts += row.timeouts.unwrap_or(0);
        self.latency_sum_s += row.latency_mean_s.map_or(0.0, |mean| mean * row.completed as f64);
        (self.p50_s, self.p99_s) = (row.latency_p50_s, row.latency_p99_s);
        (self.utilization, self.queue_length) = (row.utilization, row.queue_length);
        self.instances = row.instances;
    }

    fn latency(&self) -> Summary<'_> {
        let quantiles = [(0.5, self.p50_s), (0.99, self.p99_s)];
        Summary {
            labels: &self.labels,
            sum: self.latency_sum_s,
            count: self.completed,
            quantiles: quantiles.into_iter().filter_map(|(share, value)| Some((share, value?))).collect(),
        }
    }
}

#[cfg(test)]
mod fixture {
    use super::*;

    /// Two seconds of a workload, a service that calls it, and the call.
    pub(super) fn meters() -> Meters {
        let state = |key, name: &str| State { labels: vec![(key, name.to_owned())], ..State::default() };
        let mut meters = Meters {
            architecture: vec![("architecture", "pair".to_owned())],
            workloads: vec![state("workload", "us\"ers")],
            services: vec![state("service", "web"), state("service", "db")],
            calls: vec![State {
                labels: vec![("caller", "web/home".to_owned()), ("callee", "db".to_owned())],
                ..State::default()
            }],
            seconds: 0,
        };
        for second in 0..2 {
            for subject in [SeriesSubject::Workload(0), SeriesSubject::Service(1), SeriesSubject::Call(0)] {
                meters.row(&row(second, subject));
            }
        }
        meters
    }

    fn row(second: u64, subject: SeriesSubject) -> SecondRow {
        SecondRow {
            requests: 3,
            completed: 2,
            errors: 1,
            attempts: Some(4),
            timeouts: Some(1),
            latency_mean_s: Some(0.25),
            latency_p99_s: Some(0.5),
            utilization: Some(0.75),
            queue_length: Some(1.5),
            instances: Some(2),
            ..SecondRow::nothing(second, subject)
        }
    }
}

//! The state of a run as Prometheus scrapes it: the text exposition format, version 0.0.4.
//!
//! Counters add up what the rows of a run tell second by second; gauges and quantiles are those of its last second.

use std::fmt::Write;

use tarsier_engine::{SecondRow, SeriesSubject};
use tarsier_model::{EndpointId, Model};

/// A summary takes sums and counts for ever, and what the last second had.
#[derive(Clone, Default)]
struct State {
    /// Quoted labels: `workload="shoppers"`.
    labels: String,
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

/// Takes rows as they come; tells all of it at any time.
pub struct Exposition {
    architecture: String,
    workloads: Vec<State>,
    services: Vec<State>,
    calls: Vec<State>,
    /// Counted seconds that are over.
    seconds: u64,
}

type Number = fn(&State) -> Option<f64>;

/// Name, type, help and value of what all kinds of things have.
const COUNTERS: [(&str, &str, Number); 4] = [
    ("requests_total", "Requests sent, or arrived at a service.", |it| Some(it.requests as f64)),
    ("completed_total", "Requests answered well and in time.", |it| Some(it.completed as f64)),
    ("errors_total", "Requests that failed.", |it| Some(it.errors as f64)),
    ("refused_total", "Attempts, or requests at a service, turned away at once.", |it| {
        Some(it.refused as f64)
    }),
];
const OF_CLIENTS: [(&str, &str, Number); 2] = [
    ("attempts_total", "Requests, retries and hedges.", |it| Some(it.attempts as f64)),
    ("timeouts_total", "Attempts given up on.", |it| Some(it.timeouts as f64)),
];
const OF_SERVICES: [(&str, &str, Number); 3] = [
    ("utilization", "Busy cores of all cores, in the last second.", |it| it.utilization),
    ("queue_length", "Requests waiting, mean of the last second.", |it| it.queue_length),
    ("instances", "Instances that are there.", |it| it.instances.map(|n| n as f64)),
];

impl Exposition {
    /// `calls` in the order of the outcome.
    pub fn new(model: &Model, calls: &[(EndpointId, EndpointId)]) -> Self {
        let state = |labels: String| State { labels, ..State::default() };
        let call = |(from, to): &(EndpointId, EndpointId)| {
            let (from, to) = (model.endpoint_label(*from), model.endpoint_label(*to));
            state(format!("{},{}", label("caller", &from), label("callee", &to)))
        };
        Exposition {
            architecture: label("architecture", &model.name),
            workloads: model.workloads.iter().map(|it| state(label("workload", &it.name))).collect(),
            services: model.services.iter().map(|it| state(label("service", &it.name))).collect(),
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
        state.requests += row.requests;
        state.completed += row.completed;
        state.errors += row.errors;
        state.refused += row.refused;
        state.attempts += row.attempts.unwrap_or(0);
        state.timeouts += row.timeouts.unwrap_or(0);
        state.latency_sum_s += row.latency_mean_s.map_or(0.0, |mean| mean * row.completed as f64);
        (state.p50_s, state.p99_s) = (row.latency_p50_s, row.latency_p99_s);
        (state.utilization, state.queue_length) = (row.utilization, row.queue_length);
        state.instances = row.instances;
        self.seconds = row.second + 1;
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        let name = "tarsier_simulated_seconds_total";
        header(&mut text, name, "counter", "Counted seconds of simulated time that are over.");
        sample(&mut text, name, &self.architecture, self.seconds as f64);
        let kinds = [("workload", &self.workloads), ("service", &self.services), ("call", &self.calls)];
        for (kind, states) in kinds {
            if states.is_empty() {
                continue;
            }
            families(&mut text, kind, "counter", &COUNTERS, states);
            if kind == "service" {
                families(&mut text, kind, "gauge", &OF_SERVICES, states);
            } else {
                families(&mut text, kind, "counter", &OF_CLIENTS, states);
            }
            summary(&mut text, kind, states);
        }
        text
    }
}

fn families(text: &mut String, kind: &str, sort: &str, members: &[(&str, &str, Number)], states: &[State]) {
    for (member, help, number) in members {
        let name = format!("tarsier_{kind}_{member}");
        header(text, &name, sort, help);
        for state in states {
            if let Some(value) = number(state) {
                sample(text, &name, &state.labels, value);
            }
        }
    }
}

fn summary(text: &mut String, kind: &str, states: &[State]) {
    let name = format!("tarsier_{kind}_latency_seconds");
    header(text, &name, "summary", "Of completed requests; quantiles are those of the last second.");
    for state in states {
        for (quantile, value) in [("0.5", state.p50_s), ("0.99", state.p99_s)] {
            if let Some(value) = value {
                sample(text, &name, &format!("{},quantile=\"{quantile}\"", state.labels), value);
            }
        }
        sample(text, &format!("{name}_sum"), &state.labels, state.latency_sum_s);
        sample(text, &format!("{name}_count"), &state.labels, state.completed as f64);
    }
}

fn header(text: &mut String, name: &str, sort: &str, help: &str) {
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {sort}").expect("a string takes it");
}

fn sample(text: &mut String, name: &str, labels: &str, value: f64) {
    writeln!(text, "{name}{{{labels}}} {value}").expect("a string takes it");
}

/// Backslashes, quotes and line ends are escaped, as the format wants them.
fn label(key: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{key}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    fn row(second: u64, subject: SeriesSubject) -> SecondRow {
        SecondRow {
            second,
            subject,
            requests: 3,
            completed: 2,
            errors: 1,
            refused: 0,
            attempts: Some(4),
            timeouts: Some(1),
            rejected: Some(0),
            latency_mean_s: Some(0.25),
            latency_p50_s: None,
            latency_p99_s: Some(0.5),
            unused: Some(0),
            utilization: Some(0.75),
            queue_length: Some(1.5),
            instances: Some(2),
        }
    }

    #[test]
    fn counters_add_up_and_gauges_are_the_latest() {
        let model = fixture::model();
        let mut exposition = Exposition::new(&model, &[(EndpointId(0), EndpointId(1))]);
        for second in 0..2 {
            exposition.row(&row(second, SeriesSubject::Workload(0)));
            exposition.row(&row(second, SeriesSubject::Service(1)));
            exposition.row(&row(second, SeriesSubject::Call(0)));
        }
        let text = exposition.text();
        for line in [
            "tarsier_simulated_seconds_total{architecture=\"pair\"} 2",
            "tarsier_workload_requests_total{workload=\"users\"} 6",
            "tarsier_workload_timeouts_total{workload=\"users\"} 2",
            "tarsier_workload_latency_seconds_sum{workload=\"users\"} 1",
            "tarsier_workload_latency_seconds_count{workload=\"users\"} 4",
            "tarsier_workload_latency_seconds{workload=\"users\",quantile=\"0.99\"} 0.5",
            "tarsier_service_utilization{service=\"db\"} 0.75",
            "tarsier_call_attempts_total{caller=\"web/home\",callee=\"db\"} 8",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("quantile=\"0.5\""), "there was none in the last second");
        assert!(!text.contains("tarsier_service_utilization{service=\"web\"}"), "not known yet");
    }

    #[test]
    fn names_are_escaped() {
        assert_eq!(label("service", "a\\b\"c\nd"), "service=\"a\\\\b\\\"c\\nd\"");
    }
}

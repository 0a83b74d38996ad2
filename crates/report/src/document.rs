//! The result as one JSON document. Its keys are a promise: they may grow in number, none changes.
//!
//! Durations are seconds. Nothing in it depends on the number of threads, and only `wall_s` on
//! the machine.

use serde_json::{Map, Value, json};
use tarsier_engine::{CallOutcome, Cause, ServiceOutcome, Why, WhyPart, WorkloadOutcome};
use tarsier_model::Model;
use tarsier_stats::{Interval, Recorder};
use tarsier_units::Id;

use crate::{Report, call_label, faults, slo, stores, timeline, verdict};

/// The document, with a line end.
pub fn json(report: &Report<'_>) -> String {
    let text = serde_json::to_string_pretty(&document(report)).expect("a document of strings and numbers");
    text + "\n"
}

fn document(report: &Report<'_>) -> Value {
    let outcome = report.outcome;
    json!({
        "architecture": report.model.name,
        "tarsier": env!("CARGO_PKG_VERSION"),
        "seed": outcome.seed,
        "reps": report.reps,
        "scenario": report.scenario.map(|it| it.name.as_str()),
        "simulated_s": report.counted_each_s(),
        "warmup_s": seconds(outcome.warmup_ns as f64),
        "warmup": report.warmup,
        "stopped_early": outcome.stopped_early,
        "stopped_because": outcome.stopped_because.map(crate::why_stopped),
        "wall_s": report.wall_s,
        "events": outcome.events,
        "partitions": outcome.partitions,
        "fingerprint": format!("{:016x}", outcome.fingerprint),
        "workloads": workloads(report),
        "services": services(report),
        "calls": calls(report),
        "stores": stores::value(report),
        "slo": verdicts(report),
        "faults": faults::value(report),
        "timeline": timeline::value(report),
        "verdict": report.verdict.map(|verdict| verdict::value(report.model, verdict)),
    })
}

fn workloads(report: &Report<'_>) -> Map<String, Value> {
    let named = report.model.workloads.iter().zip(&report.outcome.workloads);
    named.map(|(workload, found)| (workload.name.clone(), workload_value(found, report))).collect()
}

fn workload_value(found: &WorkloadOutcome, report: &Report<'_>) -> Value {
    let counted_s = report.counted_s();
    let throughput = (counted_s > 0.0).then(|| found.completed as f64 / counted_s);
    json!({
        "requests": found.requests,
        "attempts": found.attempts,
        "retries": found.retries,
        "hedges": found.hedges,
        "rejected": found.rejected,
        "timeouts": found.timeouts,
        "completed": found.completed,
        "errors": found.errors,
        "in_flight_start": found.in_flight_start,
        "in_flight_end": found.in_flight_end,
        "throughput_per_s": throughput,
        "latency_s": durations(&found.latency),
        "why": why(&found.why, report),
        "why_failed": why(&found.why_failed, report),
    })
}

fn services(report: &Report<'_>) -> Map<String, Value> {
    let named = report.model.services.iter().zip(&report.outcome.services);
    named.map(|(service, found)| (service.name.clone(), service_value(found))).collect()
}

fn service_value(found: &ServiceOutcome) -> Value {
    json!({
        "instances": found.instances,
        "arrivals": found.arrivals,
        "completed": found.completed,
        "errors": found.errors,
        "refused": found.refused,
        "cancelled": found.cancelled,
        "unused": found.unused,
        "in_flight_start": found.in_flight_start,
        "in_flight_end": found.in_flight_end,
        "utilization": found.utilization,
        "workers_busy": found.workers_busy,
        "queue_s": durations(&found.queue),
        "present_mean": found.present_mean,
        "queue_length_mean": found.queue_length_mean,
        "latency_s": durations(&found.latency),
    })
}

fn calls(report: &Report<'_>) -> Map<String, Value> {
    let label = |call: &CallOutcome| call_label(report.model, call.from, call.to);
    report.outcome.calls.iter().map(|call| (label(call), call_value(call))).collect()
}

fn call_value(found: &CallOutcome) -> Value {
    json!({
        "requests": found.requests,
        "attempts": found.attempts,
        "retries": found.retries,
        "hedges": found.hedges,
        "rejected": found.rejected,
        "timeouts": found.timeouts,
        "completed": found.completed,
        "errors": found.errors,
        "refused": found.refused,
        "in_flight_start": found.in_flight_start,
        "in_flight_end": found.in_flight_end,
        "latency_s": durations(&found.latency),
    })
}

fn verdicts(report: &Report<'_>) -> Vec<Value> {
    slo::verdicts(report.model, report.outcome)
        .into_iter()
        .map(|verdict| json!({ "text": verdict.text, "value": verdict.value, "holds": verdict.holds }))
        .collect()
}

/// A recorder's figures, null where there are no samples.
pub(crate) fn durations(recorder: &Recorder) -> Value {
    let summary = recorder.summary();
    let value = |nanos: Option<f64>| nanos.map(seconds);
    let interval = |it: Option<Interval>| it.map(|it| [seconds(it.low), seconds(it.high)]);
    json!({
        "mean": value(summary.mean),
        "p50": value(summary.p50),
        "p90": value(summary.p90),
        "p95": value(summary.p95),
        "p99": value(summary.p99),
        "p999": value(summary.p999),
        "max": value(summary.max),
        "ci95": {
            "mean": interval(summary.ci95.mean),
            "p50": interval(summary.ci95.p50),
            "p99": interval(summary.ci95.p99),
        },
    })
}

fn why(why: &Why, report: &Report<'_>) -> Value {
    let behind = crate::culprit::behind_waits(why, report.model, report.outcome);
    let parts_of = |why: &Why| parts(why, report.model);
    json!({
        "sampled": why.sampled,
        "sampled_tail": why.sampled_tail,
        "parts": parts_of(why),
        "behind_waits": behind.as_ref().map(parts_of),
    })
}

pub(crate) fn parts(why: &Why, model: &Model) -> Vec<Value> {
    why.parts.iter().map(|it| part(it, model)).collect()
}

pub(crate) fn part(part: &WhyPart, model: &Model) -> Value {
    json!({
        "service": part.service.map(|id| model.services.as_slice()[id.index()].name.clone()),
        "cause": cause_key(part.cause),
        "mean_s": seconds(part.mean_ns),
        "tail_s": seconds(part.tail_ns),
    })
}

pub fn cause_key(cause: Cause) -> &'static str {
    match cause {
        Cause::Network => "network",
        Cause::Worker => "worker",
        Cause::Core => "core",
        Cause::Lock => "lock",
        Cause::Connection => "connection",
        Cause::Work => "work",
        Cause::Wait => "wait",
        Cause::Timeout => "timeout",
        Cause::Backoff => "backoff",
    }
}

fn seconds(nanos: f64) -> f64 {
    nanos / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    fn has(value: &Value, promised: &str) {
        let keys = keys(value);
        for key in promised.split_whitespace() {
            assert!(keys.contains(&key), "{key} in {keys:?}");
        }
    }

    #[test]
    fn every_promised_key_is_there() {
        let (model, outcome) = (fixture::model(), fixture::outcome());
        let document = document(&fixture::report(&model, &outcome));
        has(&document, "architecture seed simulated_s warmup_s wall_s events workloads services calls slo");
        let users = &document["workloads"]["users"];
        has(
            users,
            "requests attempts retries hedges rejected timeouts completed errors in_flight_start in_flight_end",
        );
        has(users, "throughput_per_s latency_s");
        has(&users["latency_s"], "mean p50 p90 p95 p99 p999 max ci95");
        has(&users["latency_s"]["ci95"], "mean p50 p99");
        let db = &document["services"]["db"];
        has(db, "instances arrivals completed errors refused utilization workers_busy queue_s");
        has(db, "queue_length_mean latency_s");
        let call = &document["calls"]["web/home -> db"];
        has(call, "requests attempts retries hedges rejected timeouts errors refused latency_s");
        assert_eq!(
            document["slo"][1],
            json!({ "text": "users errors < 0.1%", "value": 0.01, "holds": false })
        );
        assert_eq!(users["throughput_per_s"], 99.0);
        assert_eq!(db["workers_busy"], Value::Null);
    }

    #[test]
    fn numbers_read_back_as_they_were() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.services[0].utilization = 0.1 + 0.2;
        let text = json(&fixture::report(&model, &outcome));
        let document: Value = serde_json::from_str(&text).expect("the document is JSON");
        assert_eq!(document["services"]["web"]["utilization"].as_f64(), Some(0.1 + 0.2));
        assert_eq!(document["simulated_s"].as_f64(), Some(10.0));
    }

    #[test]
    fn replications_are_summed_and_averaged() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.simulated_ns *= 2;
        let report = Report { reps: 2, ..fixture::report(&model, &outcome) };
        let document = document(&report);
        assert_eq!(document["simulated_s"], 10.0);
        assert_eq!(document["workloads"]["users"]["throughput_per_s"], 49.5);
    }

    #[test]
    fn without_samples_there_are_nulls() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.workloads[0] = WorkloadOutcome::default();
        outcome.simulated_ns = 0;
        let document = document(&fixture::report(&model, &outcome));
        let users = &document["workloads"]["users"];
        assert_eq!(users["latency_s"]["p99"], Value::Null);
        assert_eq!(users["latency_s"]["ci95"]["mean"], Value::Null);
        assert_eq!(users["throughput_per_s"], Value::Null);
        assert_eq!(document["slo"][0]["holds"], false);
    }
}

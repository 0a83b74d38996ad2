//! What is said of a run while somebody looks on.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tarsier_engine::{Cause, Event, EventKind, Outcome, Why, WhyPart, WorkloadOutcome};
use tarsier_model::{EndpointId, Metric, Model, Scenario, ServiceId, Slo, Subject, WorkloadId};
use tarsier_units::{Id, Span};

use crate::slo::{self, SloVerdict};
use crate::{counted_s, culprit, document, words};

/// Below this share of its cores or workers a service is not called hot.
const HOT: f64 = 0.7;

/// An event as the timeline has it: `kind`, `subject` and a `text` that says more.
pub fn event(model: &Model, scenario: Option<&Scenario>, event: &Event) -> Value {
    json!({
        "at_s": event.time_ns as f64 / 1e9,
        "kind": words::key(event.kind),
        "subject": words::subject(model, event.subject),
        "text": match event.kind {
            // How many it will be is known at the end only.
            EventKind::Forbidden { .. } => words::why(event.reason),
            _ => words::reason(model, scenario, event),
        },
    })
}

/// What made the time of each workload until `now`, whose fault it is, which service looks busiest, and the objectives.
pub fn why(model: &Model, now: Span, outcome: &Outcome) -> Value {
    let named = model.workloads.iter().zip(&outcome.workloads);
    let workloads = named.map(|(workload, found)| {
        let behind = culprit::behind_waits(&found.why, model, outcome);
        // What belongs to no service is the users' own.
        let parts = |why: &Why| {
            let mut parts = document::parts(why, model);
            parts
                .iter_mut()
                .filter(|it| it["service"].is_null())
                .for_each(|it| it["service"] = workload.name.clone().into());
            parts
        };
        json!({
            "name": workload.name,
            "sampled": found.why.sampled,
            "parts": parts(&found.why),
            "behind_waits": behind.map(|why| parts(&why)),
            "failed": parts(&found.why_failed),
        })
    });
    let name = |id: ServiceId| model.services[id].name.as_str();
    let to_s = now.as_secs_f64();
    json!({
        "from_s": (to_s - counted_s(outcome)).max(0.0),
        "to_s": to_s,
        "workloads": workloads.collect::<Vec<_>>(),
        "culprit": culprit(model, outcome).map(name),
        "hot": hot(outcome).map(name),
        "slo": objectives(model, outcome),
    })
}

fn objectives(model: &Model, outcome: &Outcome) -> Value {
    let told = |(slo, it): (&Slo, &SloVerdict)| {
        json!({
            "text": it.text,
            "unit": unit(it.metric),
            "value": it.value,
            // What was not put to the test yet is not broken.
            "holds": it.value.map(|_| it.holds),
            "because": because(slo, model, outcome),
        })
    };
    model.slos.iter().zip(&slo::verdicts(model, outcome)).map(told).collect()
}

/// Where most of the time goes of the requests that an objective is about: of the slowest, or of those that failed, unless
/// they failed at once.
fn because(slo: &Slo, model: &Model, outcome: &Outcome) -> Option<Value> {
    let Subject::Workload(id) = slo.subject else { return None };
    let found = &outcome.workloads[id.index()];
    let why = match slo.metric {
        Metric::LatencyMean | Metric::LatencyMax | Metric::LatencyQuantile(_) => &found.why,
        Metric::ErrorShare | Metric::Availability if failed_waiting(found) => &found.why_failed,
        Metric::ErrorShare | Metric::Availability => {
            let name = &model.services[where_calls_fail(model, outcome, &[id])?].name;
            return Some(json!({ "service": name, "cause": "failing", "mean_s": 0.0, "tail_s": 0.0 }));
        }
        Metric::Throughput | Metric::Utilization => return None,
    };
    let services = handed_on(why, model, outcome).into_iter().filter(|part| part.service.is_some());
    let most = services.max_by(|a, b| a.tail_ns.total_cmp(&b.tail_ns));
    most.map(|part| document::part(&part, model))
}

/// Whether requests failed because somebody waited too long, and not because they were turned away: then most of their time
/// is that of waiting.
fn failed_waiting(found: &WorkloadOutcome) -> bool {
    let time = |is_meant: fn(&WhyPart) -> bool| -> f64 {
        found.why_failed.parts.iter().filter(|part| is_meant(part)).map(|part| part.mean_ns).sum()
    };
    let waited = time(|part| {
        matches!(part.cause, Cause::Worker | Cause::Core | Cause::Lock | Cause::Connection | Cause::Timeout)
    });
    waited > 0.5 * time(|_| true)
}

/// The service that calls fail at, and not because its own calls did, of those that these users lead to. How the failures
/// of users who go several ways are divided is not known here: by their shares.
fn where_calls_fail(model: &Model, outcome: &Outcome, users: &[WorkloadId]) -> Option<ServiceId> {
    let of = |endpoint: EndpointId| model.endpoints[endpoint].service.index();
    let reached =
        model.reached(users.iter().flat_map(|id| model.workloads[*id].mix.iter().map(|(_, to)| *to)));
    let mut failed = vec![0.0; model.services.len()];
    for id in users {
        let errors = outcome.workloads[id.index()].errors as f64;
        model.workloads[*id].mix.iter().for_each(|(share, to)| failed[of(*to)] += share * errors);
    }
    for call in outcome.calls.iter().filter(|call| reached[call.from.index()]) {
        failed[of(call.to)] += call.errors as f64;
        failed[of(call.from)] -= call.errors as f64;
    }
    let most = failed.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    most.filter(|(_, failed)| *failed > 0.0).map(|(at, _)| ServiceId::from_index(at))
}

/// Of an objective's value.
fn unit(metric: Metric) -> &'static str {
    match metric {
        Metric::LatencyMean | Metric::LatencyMax | Metric::LatencyQuantile(_) => "s",
        Metric::ErrorShare | Metric::Availability | Metric::Utilization => "share",
        Metric::Throughput => "1/s",
    }
}

/// From this share of failed requests on the culprit is who makes them fail, not who is slow.
const MANY_FAIL: f64 = 0.1;

/// Which service most of the tail comes from, once waits for workers and attempts given up have been handed on to what
/// was behind them; each workload counts by its requests.
fn culprit(model: &Model, outcome: &Outcome) -> Option<ServiceId> {
    let fail = |id: &WorkloadId| {
        let found = &outcome.workloads[id.index()];
        let many = found.errors as f64 > MANY_FAIL * (found.completed + found.errors) as f64;
        many && !failed_waiting(found)
    };
    let failing: Vec<WorkloadId> = model.workloads.ids().filter(fail).collect();
    if !failing.is_empty() {
        return where_calls_fail(model, outcome, &failing);
    }
    let mut blamed: BTreeMap<ServiceId, f64> = BTreeMap::new();
    for found in &outcome.workloads {
        for (why, n) in [(&found.why, found.completed), (&found.why_failed, found.errors)] {
            for part in handed_on(why, model, outcome) {
                if let Some(service) = part.service {
                    *blamed.entry(service).or_default() += part.tail_ns * n as f64;
                }
            }
        }
    }
    blamed.into_iter().filter(|(_, ns)| *ns > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
}

fn handed_on(why: &Why, model: &Model, outcome: &Outcome) -> Vec<WhyPart> {
    let is_wait = |part: &WhyPart| matches!(part.cause, Cause::Worker | Cause::Timeout);
    let mut parts = why.parts.clone();
    if let Some(behind) = culprit::behind_waits(why, model, outcome) {
        parts.retain(|part| !is_wait(part));
        parts.extend(behind.parts);
    }
    parts
}

/// The service whose cores or workers are busiest.
fn hot(outcome: &Outcome) -> Option<ServiceId> {
    let busy = outcome.services.iter().map(|it| it.utilization.max(it.workers_busy.unwrap_or(0.0)));
    let busiest = busy.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    busiest.filter(|(_, busy)| *busy >= HOT).map(|(at, _)| ServiceId::from_index(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[test]
    fn the_culprit_is_behind_the_waits_and_the_hot_one_is_busy() {
        let (model, outcome) = (fixture::model(), fixture::outcome());
        let why = why(&model, Span::from_secs(100), &outcome);
        assert_eq!(why["hot"], "db", "{why}");
        assert_eq!(why["culprit"], "db", "{why}");
        assert_eq!(
            (&why["slo"][1]["holds"], &why["slo"][1]["unit"]),
            (&json!(false), &json!("share")),
            "{why}"
        );
        let because = &why["slo"][0]["because"];
        assert_eq!((&because["service"], &because["cause"]), (&json!("db"), &json!("core")), "{why}");
        assert_eq!(why["to_s"], 100.0);
        assert_eq!(why["workloads"][0]["name"], "users");
    }

    /// Where requests are turned away at once, no time tells who is to blame.
    #[test]
    fn who_turns_requests_away_is_the_culprit() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        (outcome.workloads[0].errors, outcome.calls[0].errors) = (500, 480);
        let told = |outcome: &Outcome| why(&model, Span::from_secs(100), outcome);
        let failing = told(&outcome);
        assert_eq!(failing["culprit"], "db", "{failing}");
        let because = &failing["slo"][1]["because"];
        assert_eq!((&because["service"], &because["cause"]), (&json!("db"), &json!("failing")));
        outcome.calls[0].errors = 20;
        assert_eq!(told(&outcome)["culprit"], "web", "the calls of web succeed");
    }

    /// Who is busiest need not be what requests wait for.
    #[test]
    fn the_hot_one_need_not_be_the_culprit() {
        let (model, mut outcome) = (fixture::model(), fixture::outcome());
        outcome.services[0].utilization = 0.99;
        let why = why(&model, Span::from_secs(100), &outcome);
        assert_eq!((&why["hot"], &why["culprit"]), (&json!("web"), &json!("db")), "{why}");
    }

    #[test]
    fn what_was_not_put_to_the_test_is_not_broken() {
        let mut outcome = fixture::outcome();
        outcome.workloads.iter_mut().for_each(|found| *found = tarsier_engine::WorkloadOutcome::default());
        let why = why(&fixture::model(), Span::from_secs(1), &outcome);
        assert_eq!((&why["slo"][0]["value"], &why["slo"][0]["holds"]), (&json!(null), &json!(null)));
    }

    #[test]
    fn events_are_told_as_the_timeline_has_them() {
        let (model, outcome, scenario) = (fixture::model(), fixture::eventful(), fixture::scenario());
        let told = event(&model, Some(&scenario), &outcome.timeline[0]);
        assert_eq!(told, json!({ "at_s": 3.0, "kind": "fault-on", "subject": "db", "text": "kill 1 of db" }));
    }
}

//! What a file says of a call shows in the counts of the run, wherever the call stands.

use serde_json::Value;

use crate::support::tarsier_reading;

/// Where a call can stand: the steps of `web`, with `POLICY` where its options are; none for the users themselves.
const WAITING: [(&str, Option<&str>); 12] = [
    ("a call", Some("{ call: db POLICY }")),
    ("with a fallback", Some("{ call: db, fallback: [ { wait: 1ms } ] POLICY }")),
    ("in a fallback", Some("{ call: bad, fallback: [ { call: db POLICY } ] }")),
    ("a branch", Some("{ parallel: [ { call: db POLICY }, { wait: 1ms } ] }")),
    ("in a branch", Some("{ parallel: [ [ { wait: 10us }, { call: db POLICY } ], { wait: 1ms } ] }")),
    (
        "one of two that ends the step",
        Some("{ parallel: [ { call: db POLICY }, { wait: 50ms } ], need: any }"),
    ),
    ("under a lock", Some("{ lock: l, permits: 100, do: [ { call: db POLICY } ] }")),
    ("by choice", Some("{ choose: { 30%: [], 70%: [ { call: db POLICY } ] } }")),
    ("repeated", Some("{ repeat: 2, do: [ { call: db POLICY } ] }")),
    ("the asking of a cache", Some("{ cache: { in: db, hit: 100%, fill: false POLICY } }")),
    ("by default", Some("{ call: db }")),
    ("users", None),
];

/// Where nobody waits for an answer.
const SENDING: [(&str, Option<&str>); 2] = [
    ("published", Some("{ publish: db POLICY }")),
    ("the filling of a cache", Some("{ cache: { in: db, hit: 0%, miss: [] POLICY } }")),
];

/// Options, what `db` is like, and a count of the call, or else of `db`, that must be at least this share of the requests.
const POLICIES: [(&str, &str, &str, f64); 12] = [
    ("timeout: 5ms", "do: [ { wait: 20ms } ]", "timeouts", 0.9),
    ("deadline: 5ms", "do: [ { wait: 20ms } ]", "timeouts", 0.9),
    ("timeout: 5ms, cancel: true", "do: [ { wait: 20ms } ]", "cancelled", 0.7),
    (
        "timeout: 5ms, retry: { attempts: 2, on: timeout, backoff: 3ms }",
        "do: [ { wait: 20ms } ]",
        "retries",
        1.8,
    ),
    ("retry: 2", "do: [ { fail: 50% } ]", "retries", 0.6),
    ("hedge: 1ms", "do: [ { wait: exp(5ms) } ]", "hedges", 0.7),
    ("hedge: p50", "do: [ { wait: exp(5ms) } ]", "hedges", 0.3),
    ("breaker: { consecutive: 3, open: 1s }", "do: [ { fail: 100% } ]", "rejected", 0.9),
    ("throttle: 1.5", "rate-limit: 10/s, do: [ { wait: 1ms } ]", "rejected", 0.3),
    ("connect: { cost: 10ms, keep: 1ms, timeout: 5ms }", "do: []", "errors", 0.9),
    (
        "priority: sheddable",
        "workers: 1, queue: 4, shed: { sheddable: 0% }, do: [ { wait: 5ms } ]",
        "refused",
        0.9,
    ),
    ("subset: 1", "limit: 1, do: [ { wait: 20ms } ]", "refused", 0.75),
];

#[test]
fn a_policy_holds_wherever_the_call_stands() {
    all_hold(&WAITING, &POLICIES);
}

#[test]
fn what_is_published_has_a_priority_and_a_subset() {
    all_hold(&SENDING, &POLICIES[10..]);
}

#[track_caller]
fn all_hold(places: &[(&str, Option<&str>)], policies: &[(&str, &str, &str, f64)]) {
    let mut missing = Vec::new();
    for (place, steps) in places {
        for is_far in [false, true] {
            let holds = |policy| shortfall(&model(place, *steps, is_far, policy), place, is_far, policy);
            missing.extend(policies.iter().filter_map(holds));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// `db` near its callers, or in a region of its own and so in another partition.
fn model(
    place: &str,
    steps: Option<&str>,
    is_far: bool,
    (options, db, ..): &(&str, &str, &str, f64),
) -> String {
    let (here, there) = if is_far { ("regions: east,", "regions: west,") } else { ("", "") };
    let defaults = if place == "by default" { options } else { "" };
    let (web, to, of_users) = match steps {
        Some(steps) => (steps.replace("POLICY", &format!(", {options}")), "web", ""),
        None => ("{ wait: 1ms }".to_owned(), "db", *options),
    };
    format!(
        "regions: {{ east: {{ zones: [a] }}, west: {{ zones: [a] }} }}
network: {{ same-zone: 10us, cross-zone: 10us, cross-region: 1ms }}
defaults: {{ call: {{ {defaults} }} }}
services:
  web: {{ {here} do: [ {web} ] }}
  bad: {{ {here} do: [ {{ fail: 100% }} ] }}
  db: {{ {there} instances: 4, {db} }}
workload:
  w: {{ rate: 300/s, from: east, to: {to}, {of_users} }}
"
    )
}

fn shortfall(text: &str, place: &str, is_far: bool, policy: &(&str, &str, &str, f64)) -> Option<String> {
    let (options, _, count, share) = *policy;
    let ran = tarsier_reading(text, &["run", "-", "--for", "2s", "--warmup", "0s", "--json"]);
    assert!([0, 3].contains(&ran.code), "{text}\n{}", ran.stderr);
    let document = ran.json();
    let call = if place == "users" { &document["workloads"]["w"] } else { &document["calls"]["web -> db"] };
    let number = |of: &Value| of[count].as_f64();
    let found = number(call).or(number(&document["services"]["db"])).expect("it is counted");
    let requests = call["requests"].as_f64().expect("requests are counted");
    let where_to = if is_far { ", to another region" } else { "" };
    (found < share * requests)
        .then(|| format!("`{options}`, {place}{where_to}: {found} {count} of {requests} requests"))
}

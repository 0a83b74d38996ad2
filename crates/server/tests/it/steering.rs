//! Runs: paced, paused, stepped, restarted, gone back in, branched, meddled with.

use std::time::Instant;

use serde_json::{Value, json};

use crate::client::{Served, frame, lab, run_path};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn control(lab: &Served, run: &str, what: &Value) -> Value {
    lab.post(&format!("{run}/control"), what).is(200).json()
}

#[test]
fn a_paced_run_is_not_ahead_of_the_clock() {
    let lab = lab();
    let begun = Instant::now();
    let run = lab.start(&json!({ "name": "pair", "pace": 10 }));
    let now = lab.until(&run, |run| number(&run["time_s"]) > 5.0);
    let most = 10.0 * begun.elapsed().as_secs_f64() + 1.0;
    assert!(number(&now["time_s"]) <= most, "{now}, when no more than {most} s could be over");
    let slow = control(&lab, &run, &json!({ "pace": 0.1 }));
    assert_eq!(slow["pace"], 0.1);
    let fast = control(&lab, &run, &json!({ "pace": 0 }));
    assert_eq!((&fast["pace"], &fast["state"]), (&json!(0.0), &json!("running")));
    lab.until(&run, |run| run["state"] == "ended");
}

#[test]
fn a_paused_run_stands_still_and_steps() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 0, "paused": true }));
    assert_eq!(lab.value(&run)["time_s"], 0.0);
    for steps in 1..=3 {
        control(&lab, &run, &json!({ "step_s": 2.5 }));
        let now = lab.until(&run, |run| run["state"] == "paused");
        assert_eq!(now["time_s"], 2.5 * f64::from(steps));
    }
    let went_on = control(&lab, &run, &json!({ "paused": false }));
    assert_eq!(went_on["state"], "running");
}

fn fingerprint(lab: &Served, run: &str) -> Value {
    lab.value(&format!("{run}/result"))["fingerprint"].clone()
}

#[test]
fn a_restarted_run_is_the_same_or_that_of_another_seed() {
    let lab = lab();
    let run = lab.finished(&json!({}));
    let first = fingerprint(&lab, &run);
    let restarted = |seed: Value| {
        let now = lab.post(&format!("{run}/restart"), &seed).is(200).json();
        assert_eq!(run_path(&now), run);
        lab.until(&run, |run| run["state"] == "ended");
        fingerprint(&lab, &run)
    };
    assert_eq!(restarted(json!({})), first);
    assert_ne!(restarted(json!({ "seed": 7 })), first);
    assert_eq!(restarted(json!({ "seed": 1 })), first);
}

#[test]
fn a_restart_forgets_what_was_done_by_hand_and_keeps_the_scenario() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "scenario": "slow", "paused": true }));
    lab.post(&format!("{run}/happenings"), &json!({ "kill": { "service": "web", "count": 1 } })).is(201);
    let listed = |run: &str| lab.value(&format!("{run}/scenario"))["happenings"].clone();
    assert_eq!(listed(&run).as_array().map(Vec::len), Some(2));
    lab.post(&format!("{run}/restart"), &json!({})).is(200);
    assert_eq!(listed(&run), json!(["{ at: 2s, for: 3s, slow: { service: db, factor: 2 } }"]));
}

/// Every second can be looked at, and says what was sent when it was over.
#[test]
fn a_run_is_rewound() {
    let lab = lab();
    let run = lab.finished(&json!({}));
    let series = lab.value(&format!("{run}/series?of=users"));
    for second in [1, 7, 30] {
        let seen = frame(&lab.get(&format!("{run}/frame?at={second}")).is(200).body);
        assert!(seen.is_second && seen.is_whole && seen.time_s == f64::from(second), "{seen:?}");
        assert_eq!(f64::from(seen.node[0]), number(&series["rate"][second as usize - 1]));
    }
    let last = frame(&lab.get(&format!("{run}/frame?at=1e9")).is(200).body);
    assert_eq!(last.time_s, 30.0);
}

#[test]
fn a_branch_comes_from_there_and_goes_its_own_way() {
    let lab = lab();
    let run = lab.finished(&json!({ "done": ["{ at: 5s, slow: { service: db, factor: 1.5 } }"] }));
    let branch = lab.post(&format!("{run}/branch"), &json!({ "at_s": 10, "paused": true })).is(201).json();
    let path = run_path(&branch);
    assert_eq!(
        (run_path(&json!({ "id": branch["parent"] })), &branch["branched_at_s"]),
        (run.clone(), &json!(10.0))
    );
    lab.until(&path, |run| run["state"] == "paused" && run["time_s"] == 10.0);
    let seconds = |run: &str| {
        let mut series = lab.value(&format!("{run}/series?of=users"));
        let column = |name: &str| series[name].as_array().expect("a column")[..10].to_vec();
        let both = [column("rate"), column("p99_s")];
        series["rate"].take();
        both
    };
    assert_eq!(seconds(&path), seconds(&run));
    lab.post(&format!("{path}/happenings"), &json!({ "slow": { "service": "db", "factor": 2 } })).is(201);
    control(&lab, &path, &json!({ "paused": false }));
    lab.until(&path, |run| run["state"] == "ended");
    assert_ne!(fingerprint(&lab, &path), fingerprint(&lab, &run));
    let unchanged = run_path(&lab.post(&format!("{run}/branch"), &json!({ "at_s": 10 })).is(201).json());
    lab.until(&unchanged, |run| run["state"] == "ended");
    assert_eq!(fingerprint(&lab, &unchanged), fingerprint(&lab, &run), "nothing was changed");
}

/// The file and the command that a run gives: a run of that text and its scenario `live` is the same.
#[test]
fn what_was_done_by_hand_is_in_the_file() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 0, "for_s": 20, "paused": true }));
    let done = [
        json!({ "kill": { "service": "web", "count": 1 }, "for": "5s" }),
        json!({ "slow": { "service": "db", "factor": 2 } }),
        json!({ "load": { "factor": 1.5 }, "for": "3s" }),
        json!({ "set": { "call": "web -> db", "timeout": "4ms", "retry": { "attempts": 2, "budget": "10%" } } }),
        json!({ "set": { "service": "db", "workers": 1, "queue": 5 }, "for": "5s" }),
    ];
    for happening in &done {
        control(&lab, &run, &json!({ "step_s": 2.3 }));
        lab.until(&run, |run| run["state"] == "paused");
        lab.post(&format!("{run}/happenings"), happening).is(201);
    }
    control(&lab, &run, &json!({ "step_s": 1 }));
    lab.until(&run, |run| run["state"] == "paused");
    let ended = lab.ask("DELETE", &format!("{run}/happenings/1"), &lab.host(), b"").is(200).json();
    assert_eq!(ended["text"], "{ at: 4.6s, slow: { service: db, factor: 2 }, for: 7.9s }");
    control(&lab, &run, &json!({ "paused": false }));
    lab.until(&run, |run| run["state"] == "ended");
    let text = lab.get(&format!("{run}/file")).is(200).text();
    let again = lab.finished(&json!({ "name": null, "text": text, "scenario": "live", "for_s": 20 }));
    let result = |run: &str| {
        let mut result = lab.value(&format!("{run}/result"));
        result["wall_s"].take();
        result
    };
    assert_eq!(result(&again), result(&run));
    let command = lab.value(&format!("{run}/scenario"))["command"].clone();
    assert_eq!(command, "tarsier run pair.yaml --scenario live --warmup 0s --seed 1 --for 20s");
}

/// A bound is set on calls that had none, by half of what most of them take, and taken away again.
#[test]
fn what_is_set_holds_from_then_on() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 0, "for_s": 30, "paused": true }));
    let step = || {
        control(&lab, &run, &json!({ "step_s": 10 }));
        lab.until(&run, |run| run["state"] == "paused" || run["state"] == "ended");
    };
    let set = |what: Value| lab.post(&format!("{run}/happenings"), &json!({ "set": what }));
    step();
    let mistake = |what| set(what).is(422).json()["diagnostics"][0]["message"].clone();
    assert_eq!(mistake(json!({ "call": "web -> db" })), "nothing is set");
    let both = mistake(json!({ "service": "db", "timeout": "1ms" }));
    assert_eq!(both, "what is set cannot have both `service` and `timeout`");
    let idle = set(json!({ "call": "db -> web", "timeout": "1ms" })).is(201).json();
    assert_eq!(idle["diagnostics"].as_array().map(Vec::len), Some(1), "nobody makes the call");
    let bound = set(json!({ "call": "web -> db", "timeout": "1ms" })).is(201).json();
    assert_eq!(bound["text"], "{ at: 10s, set: { call: web -> db, timeout: 1ms } }");
    step();
    lab.ask("DELETE", &format!("{run}/happenings/{}", bound["id"]), &lab.host(), b"").is(200);
    step();
    let timeouts = lab.value(&format!("{run}/series?of=web-%3Edb"))["timeouts"].clone();
    let timeouts: Vec<f64> = timeouts.as_array().expect("a column").iter().map(number).collect();
    assert_eq!(timeouts.len(), 30);
    let most = |seconds: std::ops::Range<usize>| timeouts[seconds].iter().copied().fold(0.0, f64::max);
    assert_eq!((most(0..10), most(21..30)), (0.0, 0.0));
    assert!(timeouts[10..20].iter().all(|each| *each > 50.0), "{timeouts:?}");
}

/// Three instances more for ten seconds, and then one.
#[test]
fn instances_join_and_go() {
    let lab = lab();
    let run = lab.start(&json!({ "name": "pair", "pace": 0, "for_s": 50, "paused": true }));
    let step_for = |step_s: f64| {
        control(&lab, &run, &json!({ "step_s": step_s }));
        lab.until(&run, |run| run["state"] == "paused" || run["state"] == "ended");
    };
    let step = || step_for(10.0);
    let set = |instances: u32| {
        let set = json!({ "service": "web", "instances": instances });
        lab.post(&format!("{run}/happenings"), &json!({ "set": set }))
    };
    let there = || {
        let told = lab.value(&format!("{run}/services/web"));
        told["instances"].as_array().map(Vec::len)
    };
    let before = there().expect("a list") as u32;
    step();
    set(1_000_000).is(409).says("so many instances more cannot join");
    let more = set(before + 3).is(201).json();
    step();
    let some = json!({ "pause": { "service": "web", "instances": before + 3 }, "for": "1ms" });
    let warned = lab.post(&format!("{run}/happenings"), &some).is(201).json()["diagnostics"].clone();
    assert_eq!(warned, json!([]), "so many are there");
    assert_eq!(there(), Some(before as usize + 3));
    lab.ask("DELETE", &format!("{run}/happenings/{}", more["id"]), &lab.host(), b"").is(200);
    step();
    let mistaken = set(7).is(201).json();
    lab.ask("DELETE", &format!("{run}/happenings/{}", mistaken["id"]), &lab.host(), b"").is(200);
    set(1).is(201);
    let texts = lab.value(&format!("{run}/scenario"))["happenings"].to_string();
    assert!(texts.contains("instances: 1 ") && !texts.contains("instances: 7"), "{texts}");
    step_for(0.5);
    let told = lab.value(&format!("{run}/services/web"))["instances"].clone();
    let leave = |it: &&Value| it["health"] == "leaving";
    let leaving = told.as_array().expect("a list").iter().filter(leave).count();
    assert_eq!(leaving, before as usize - 1);
    step_for(9.5);
    assert_eq!(there(), Some(1));
    step();
    let series = lab.value(&format!("{run}/series?of=web"));
    for column in ["up", "wanted"] {
        let all: Vec<f64> = series[column].as_array().expect("a column").iter().map(number).collect();
        for (seconds, expected) in [(0..10, before), (11..20, before + 3), (22..30, before), (32..50, 1)] {
            assert!(all[seconds].iter().all(|it| *it == f64::from(expected)), "{column}: {all:?}");
        }
    }
    assert_eq!(lab.value(&format!("{run}/result"))["services"]["web"]["errors"], 0, "none was lost");
}

#[test]
fn runs_end_one_by_one_and_make_room() {
    let lab = lab();
    let runs: Vec<String> = (0..8).map(|_| lab.start(&json!({ "name": "pair", "paused": true }))).collect();
    lab.post("/api/runs", &json!({ "name": "pair" })).is(409).says("there are 8 runs already");
    lab.ask("DELETE", &runs[3], &lab.host(), b"").is(204);
    lab.get(&runs[3]).is(404);
    lab.start(&json!({ "name": "pair", "paused": true }));
    assert_eq!(lab.value("/api/runs").as_array().map(Vec::len), Some(8));
}

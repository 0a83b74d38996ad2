//! `tarsier run`: the document, the files, the exit codes, and that threads change nothing.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{PAIR, Ran, TARSIER, file, folder, tarsier, tarsier_reading};

fn run(name: &str, text: &str, options: &[&str]) -> Ran {
    let path = file(name, text);
    tarsier(&[&["run", &path, "--for", "5s", "--warmup", "1s"], options].concat())
}

#[track_caller]
fn has(value: &Value, promised: &str) {
    for key in promised.split_whitespace() {
        assert!(value.as_object().is_some_and(|object| object.contains_key(key)), "{key} in {value:#}");
    }
}

/// The document without what may differ.
fn same(ran: &Ran) -> String {
    let lines = ran.stdout.lines().filter(|line| !line.trim_start().starts_with("\"wall_s\""));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_document_holds_what_was_promised() {
    let ran = run("document", PAIR, &["--json", "--seed", "7"]).ends_with(0);
    let document = ran.json();
    has(&document, "architecture seed simulated_s warmup_s wall_s events workloads services calls slo");
    assert_eq!((&document["architecture"], &document["seed"]), (&"pair".into(), &7.into()));
    assert_eq!((&document["simulated_s"], &document["warmup_s"]), (&5.0.into(), &1.0.into()));
    let users = &document["workloads"]["users"];
    has(users, "requests attempts retries timeouts completed errors in_flight_start in_flight_end");
    has(users, "throughput_per_s latency_s");
    has(&users["latency_s"], "mean p50 p90 p95 p99 p999 max ci95");
    has(&users["latency_s"]["ci95"], "mean p50 p99");
    let web = &document["services"]["web"];
    has(web, "instances arrivals completed errors refused utilization workers_busy queue_s");
    has(web, "queue_length_mean latency_s");
    has(&document["calls"]["web/home -> db"], "requests attempts retries timeouts errors refused latency_s");
    let slo = &document["slo"][0];
    assert_eq!((&slo["text"], &slo["holds"]), (&"users p99 < 1s".into(), &true.into()));
    assert!(slo["value"].as_f64().is_some_and(|value| value > 0.0 && value < 1.0));
}

#[test]
fn intervals_hold_their_values() {
    let document = run("intervals", PAIR, &["--json", "--for", "5m"]).ends_with(0).json();
    let latency = &document["workloads"]["users"]["latency_s"];
    for figure in ["mean", "p50", "p99"] {
        let ends: Vec<f64> =
            latency["ci95"][figure].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let value = latency[figure].as_f64().expect("there are samples");
        assert!(ends.len() == 2 && ends[0] <= value && value <= ends[1], "{figure}: {value} in {ends:?}");
    }
}

#[test]
fn the_accounts_of_the_document_balance() {
    let document = run("accounts", PAIR, &["--json"]).ends_with(0).json();
    let users = &document["workloads"]["users"];
    let count = |key: &str| users[key].as_u64().expect("a count");
    assert_eq!(
        count("in_flight_start") + count("requests"),
        count("completed") + count("errors") + count("in_flight_end")
    );
    assert_eq!(users["throughput_per_s"].as_f64(), Some(count("completed") as f64 / 5.0));
}

#[test]
fn the_text_is_readable_and_plain_when_piped() {
    let ran = run("text", PAIR, &[]).ends_with(0);
    for words in ["pair · A web tier", "workload", "users", "db", "✓ kept", "latency of users", "fingerprint"]
    {
        ran.shows(words);
    }
    assert!(!ran.stdout.contains('\x1b'), "no colours in a pipe");
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 100), "{}", ran.stdout);
    assert_eq!(ran.stderr, "", "no progress bar without a terminal");
}

#[test]
fn threads_change_nothing() {
    for options in [&["--json", "--threads", "1"][..], &["--json", "--reps", "3", "--threads", "1"]] {
        let alone = run("threads", PAIR, options).ends_with(0);
        let mut options = options.to_vec();
        *options.last_mut().expect("options") = "2";
        assert_eq!(same(&alone), same(&run("threads", PAIR, &options).ends_with(0)));
    }
}

#[test]
fn seeds_change_everything_but_repeat_themselves() {
    let with = |seed| run("seeds", PAIR, &["--json", "--seed", seed]).ends_with(0);
    assert_eq!(same(&with("3")), same(&with("3")));
    assert_ne!(with("3").json()["fingerprint"], with("4").json()["fingerprint"]);
}

#[test]
fn replications_are_summed() {
    let one = run("reps", PAIR, &["--json"]).ends_with(0).json();
    let four = run("reps", PAIR, &["--json", "--reps", "4"]).ends_with(0).json();
    assert_eq!((&four["reps"], &four["simulated_s"]), (&4.into(), &one["simulated_s"]));
    let requests = |document: &Value| document["workloads"]["users"]["requests"].as_f64().expect("a count");
    assert!((requests(&four) / requests(&one) - 4.0).abs() < 0.5);
    let throughput = four["workloads"]["users"]["throughput_per_s"].as_f64().expect("a rate");
    assert!((throughput - 200.0).abs() < 20.0, "{throughput}");
    assert!(four["workloads"]["users"]["latency_s"]["ci95"]["mean"].is_array());
}

#[test]
fn exit_codes() {
    run("kept", PAIR, &[]).ends_with(0);
    let missed = PAIR.replace("p99 < 1s", "p99 < 1us");
    run("missed", &missed, &[]).ends_with(1).shows("✗ missed");
    run("missed_json", &missed, &["--json"]).ends_with(1);
    let ran = run("outage", PAIR, &["--scenario", "outage", "--warmup", "0s"]).ends_with(3);
    ran.says("no request was completed");
}

#[test]
fn scenarios_are_named_in_the_result() {
    let ran = run("spike", PAIR, &["--json", "--scenario", "spike"]).ends_with(0);
    assert_eq!(ran.json()["scenario"], "spike");
    let plain = run("spike", PAIR, &["--json"]).ends_with(0);
    assert_eq!(plain.json()["scenario"], Value::Null);
    assert_ne!(ran.json()["fingerprint"], plain.json()["fingerprint"]);
}

/// A server of 100/s, users who wait a second and try again; longer than that second it must not stand still.
const STORM: &str = "
architecture: storm
network: none
services:
  db: { do: [ { work: 10ms } ] }
workload:
  users: { rate: 70/s, to: db, timeout: 1s, retry: { attempts: 3 } }
scenarios:
  outage:
    - { at: 2s, for: 10s, pause: { service: db } }
  hiccup:
    - { at: 2s, for: 200ms, pause: { service: db } }
";

#[test]
fn a_verdict_is_in_the_document_and_in_the_exit_code() {
    let verdict = |scenario: &str, code: i32| {
        let options = ["--json", "--for", "15s", "--scenario", scenario, "--verdict"];
        run(scenario, STORM, &options).ends_with(code).json()["verdict"].clone()
    };
    let storm = verdict("outage", 1);
    has(&storm, "kind runs trigger_begins_s trigger_ends_s watched_s recovered_after_s workloads attempts");
    assert_eq!((&storm["kind"], &storm["runs"]["metastable"]), (&"metastable".into(), &1.into()));
    assert_eq!(storm["trigger_ends_s"], 12.0);
    assert!(storm["watched_s"].as_f64() > Some(15.0), "longer than asked for");
    assert!(storm["attempts"][0]["per_request"]["run"].as_f64() > Some(3.5), "{storm:#}");
    assert_eq!(verdict("hiccup", 0)["smallest"], Value::Null);
    let plain = run("no_verdict", STORM, &["--json", "--scenario", "hiccup"]).ends_with(0).json();
    assert_eq!(plain["verdict"], Value::Null);
}

#[test]
fn automatic_warmup_says_which() {
    let document = run("auto", PAIR, &["--json", "--warmup", "auto"]).ends_with(0).json();
    assert!(document["warmup"].as_str().is_some_and(|text| text.contains("MSER")), "{}", document["warmup"]);
}

#[test]
fn standard_input_is_a_file_too() {
    let ran = tarsier_reading(PAIR, &["run", "-", "--for", "1s", "--warmup", "0s", "--json"]).ends_with(0);
    assert_eq!(ran.json()["architecture"], "pair");
}

#[test]
fn out_writes_the_document_the_series_and_the_histograms() {
    let out = folder("out");
    let ran = run("out_file", PAIR, &["--json", "--out", out.to_str().expect("UTF-8")]).ends_with(0);
    let read = |name: &str| fs::read_to_string(out.join(name)).expect("it was written");
    assert_eq!(read("result.json"), ran.stdout);
    check_series(&read("series.csv"), &ran.json());
    for name in
        ["workload.users.latency", "service.db.queue", "service.web.latency", "call.web_home--db.latency"]
    {
        let text = read(&format!("histograms/{name}.hgrm"));
        assert!(text.contains("1/(1-Percentile)") && text.contains("#[Max"), "{name}:\n{text}");
    }
}

/// One row a second for each metric of each thing, and requests that add up to those of the document.
#[track_caller]
fn check_series(csv: &str, document: &Value) {
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("time_s,kind,name,metric,value"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 5));
    let metrics = |kind: &str| -> BTreeSet<&str> {
        rows.iter().filter(|row| row[1] == kind).map(|row| row[3]).collect()
    };
    let common = "requests_per_s completed_per_s errors_per_s latency_mean_s latency_p50_s latency_p99_s";
    let of_calls = BTreeSet::from_iter(common.split(' ').chain(["attempts_per_s"]));
    assert_eq!(metrics("workload"), of_calls);
    assert_eq!(metrics("call"), of_calls);
    let more = ["utilization", "queue_length", "instances"];
    assert_eq!(metrics("service"), BTreeSet::from_iter(common.split(' ').chain(more)));

    let requests: Vec<(&str, f64)> = rows
        .iter()
        .filter(|row| (row[1], row[2], row[3]) == ("workload", "users", "requests_per_s"))
        .map(|row| (row[0], row[4].parse().expect("a number")))
        .collect();
    let seconds: Vec<&str> = requests.iter().map(|(second, _)| *second).collect();
    assert_eq!(seconds, ["0", "1", "2", "3", "4"]);
    let sum: f64 = requests.iter().map(|(_, per_s)| per_s).sum();
    assert_eq!(Some(sum), document["workloads"]["users"]["requests"].as_f64());
    assert!(rows.iter().any(|row| row[1] == "call" && row[2] == "web/home -> db"));
}

/// Ctrl-C ends the run; what was measured is shown, and marked.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_keeps_what_was_measured() {
    let out = folder("interrupt_out");
    for options in [&[][..], &["--out", out.to_str().expect("UTF-8")]] {
        interrupt(options);
    }
    let result = fs::read_to_string(out.join("result.json")).expect("it was written");
    assert!(result.contains("\"stopped_early\": true"));
}

#[cfg(target_os = "linux")]
fn interrupt(options: &[&str]) {
    let path = file("interrupt", PAIR);
    let mut command = Command::new(TARSIER);
    command.args(["run", &path, "--for", "700d", "--warmup", "0s", "--json"]).args(options);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let id = child.id().to_string();
    until(&mut child, |_| hears_interrupts(&id));
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("there is kill").success());
    until(&mut child, |child| child.try_wait().expect("it is our child").is_some());
    let output = child.wait_with_output().expect("it has ended");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["stopped_early"], true);
    assert!(document["workloads"]["users"]["completed"].as_u64() > Some(0));
    assert!(document["simulated_s"].as_f64() < Some(700.0 * 86_400.0));
}

/// Whether the process has a handler for SIGINT (bit 1 of the signals caught).
#[cfg(target_os = "linux")]
fn hears_interrupts(id: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).is_ok_and(|caught| caught & 0b10 != 0)
}

/// Waits for the child, but not for ever.
#[cfg(target_os = "linux")]
fn until(child: &mut Child, mut is_so: impl FnMut(&mut Child) -> bool) {
    let begun = Instant::now();
    while !is_so(child) {
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().expect("it is our child");
            panic!("the child takes too long");
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_begins_after_the_end_is_said() {
    let late = PAIR.replace(
        "- { at: 1s, for: 1s, load",
        "- { at: 5s, load: { factor: 3 } }\n    - { at: 1s, for: 1s, load",
    );
    let ran = run("late", &late, &["--scenario", "spike"]);
    ran.says("happening 1 of the scenario begins at 5s, but the run ends at 5s").says("--for");
    assert!(!ran.stderr.contains("happening 2"), "{}", ran.stderr);
    assert!(!run("in time", PAIR, &["--scenario", "spike"]).stderr.contains("happening"));
}

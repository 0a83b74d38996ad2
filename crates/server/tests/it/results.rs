//! What is to be had of a run: its report, and what another one does differently.

use serde_json::{Value, json};

use crate::client::lab;

#[test]
fn a_report_is_one_file_that_needs_no_other() {
    let lab = lab();
    let run = lab.finished(&json!({ "done": ["{ at: 5s, for: 5s, slow: { service: db, factor: 3 } }"] }));
    let answer = lab.get(&format!("{run}/report")).is(200);
    assert!(answer.head.contains("content-type: text/html") && answer.head.contains("default-src 'none'"));
    let page = answer.text();
    for outside in ["<script", "<link", "src=", "href=", "url(", "@import", "http:", "https:"] {
        assert!(!page.contains(outside), "{outside} would be fetched or run");
    }
    let parts =
        ["Objectives", "Requests", "Second by second", "Histograms", "What was done", "What happened"];
    for part in parts.into_iter().chain(["&lt;fast&gt;", "slow: { service: db", "@media print"]) {
        assert!(page.contains(part), "{part}");
    }
    for tag in ["table", "section", "figure", "svg", "figcaption", "ol", "td", "tr"] {
        let [opened, closed] = [format!("<{tag}"), format!("</{tag}>")].map(|it| page.matches(&it).count());
        assert!(opened == closed && opened > 0, "{tag}: {opened} and {closed}");
    }
    assert!(!page.contains("d=\"\""), "every line has its numbers");
    let requests = lab.value(&format!("{run}/result"))["workloads"]["users"]["requests"].as_u64();
    assert!(page.contains(&format!(">{}</td>", requests.expect("a count"))), "the numbers are the result's");
}

/// Of the users of the first run, one number of the comparison.
fn of_users(compared: &Value, metric: &str) -> Value {
    let metrics = compared["workloads"][0]["metrics"].as_array().expect("a list");
    metrics
        .iter()
        .find(|it| it["metric"] == metric)
        .unwrap_or_else(|| panic!("{metric} in {compared}"))
        .clone()
}

#[test]
fn runs_are_compared_with_the_same_random_numbers() {
    let lab = lab();
    let plain = lab.finished(&json!({ "for_s": 60 }));
    let [same, slow, other] = [
        json!({ "for_s": 60 }),
        json!({ "for_s": 60, "done": ["{ at: 0s, slow: { service: db, factor: 2 } }"] }),
        json!({ "for_s": 60, "seed": 2 }),
    ]
    .map(|more| {
        let run = lab.finished(&more);
        let ids = [&plain, &run].map(|path| path.rsplit('/').next().expect("an id").to_owned());
        lab.value(&format!("/api/compare?a={}&b={}", ids[0], ids[1]))
    });
    assert_eq!(same["seconds"], 60.0);
    for metric in ["rate_per_s", "p50_s", "p99_s", "p999_s"] {
        assert_eq!(of_users(&same, metric)["ci95"], json!([0.0, 0.0]), "{metric}");
    }
    // The same users come; only how long they wait differs.
    assert_eq!(of_users(&slow, "rate_per_s")["ci95"], json!([0.0, 0.0]));
    let waited = of_users(&slow, "p50_s");
    assert!(waited["ci95"][0].as_f64().expect("a bound") > 0.0005, "a millisecond and more: {waited}");
    assert_eq!((&other["same_seed"], &slow["same_seed"]), (&json!(false), &json!(true)));
    assert_ne!(of_users(&other, "rate_per_s")["difference"], 0.0);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let lab = lab();
    let run = lab.finished(&json!({}));
    let id = run.rsplit('/').next().expect("an id");
    lab.get(&format!("/api/compare?a={id}")).is(400).says("`?b=` is missing");
    lab.get(&format!("/api/compare?a={id}&b=99")).is(404).says("there is no run `99`");
    lab.get(&format!("/api/compare?a={id}&b={id}&c=1")).is(400).says("`c` means nothing here");
}

/// As `set` would say it.
#[test]
fn the_topology_says_what_the_file_does() {
    let text = "
services:
  web: { workers: 8, queue: 20, endpoints: {
    home: [ { call: db, timeout: 50ms, retry: { attempts: 3, budget: 20% } }, publish: log ],
    list: [ { call: db, timeout: 50ms, breaker: { failures: 50% } } ] } }
  db: { do: [ work: 1ms ] }
  log: { do: [ work: 1ms ] }
workload:
  people: { rate: 1/s, mix: { web/home: 50%, web/list: 50% }, timeout: 2s, retry: 1 }
  robots: { rate: 1/s, to: db }
";
    let lab = lab();
    let run = lab.start(&json!({ "text": text }));
    let topology = lab.value(&format!("{run}/topology"));
    let said = |of: &str, keys: &[&str]| -> Vec<Vec<Value>> {
        let all = topology[of].as_array().expect("a list").iter();
        all.map(|it| keys.iter().map(|key| it[*key].clone()).collect()).collect()
    };
    let policy = ["timeout", "retry", "breaker"];
    let [people, robots] = [json!(["2s", "1", "none"]), json!(["none", "none", "none"])];
    let [differs, message] = [json!(["50ms", null, null]), json!([null, null, null])];
    assert_eq!(json!(said("edges", &policy)), json!([people, robots, differs, message]));
    assert_eq!(json!(said("nodes", &policy)[..2]), json!([people, robots]));
    let capacity = json!([[null, null], [null, null], [8, 20], [null, null], [null, null]]);
    assert_eq!(json!(said("nodes", &["workers", "queue"])), capacity);
}

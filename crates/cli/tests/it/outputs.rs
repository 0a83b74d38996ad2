//! What `--write` writes beside the result.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::{PAIR, Ran, file, folder, tarsier};

fn write(name: &str, options: &[&str]) -> (Ran, String) {
    let path = file(&format!("outputs-{name}"), PAIR);
    let out = folder(&format!("outputs-{name}.out")).display().to_string();
    let arguments = ["run", &path, "--for", "5s", "--warmup", "1s", "--out", &out, "--write"];
    (tarsier(&[&arguments[..], options].concat()), out)
}

fn text(out: &str, name: &str) -> String {
    fs::read_to_string(format!("{out}/{name}")).unwrap_or_else(|error| panic!("{out}/{name}: {error}"))
}

fn zipkin(out: &str) -> Vec<Value> {
    serde_json::from_str(&text(out, "traces.zipkin.json")).expect("a list of spans")
}

/// Spans with the service of their resource.
fn otlp(out: &str) -> Vec<(String, Value)> {
    let mut spans = Vec::new();
    for line in text(out, "traces.otlp.jsonl").lines() {
        let document: Value = serde_json::from_str(line).expect("a document a line");
        let mut seen = BTreeSet::new();
        for resource in document["resourceSpans"].as_array().expect("resources") {
            let attributes = resource["resource"]["attributes"].as_array().expect("attributes");
            assert!(seen.insert(attributes[1].to_string()), "a resource for each instance");
            let service = attributes[0]["value"]["stringValue"].as_str().expect("a name").to_owned();
            let of_one = resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
            spans.extend(of_one.into_iter().map(|span| (service.clone(), span)));
        }
    }
    spans
}

#[test]
fn both_formats_tell_the_same_spans() {
    let (ran, out) = write("both", &["zipkin,otlp", "--traces", "20%"]);
    ran.ends_with(0);
    let zipkin: BTreeMap<String, Value> =
        zipkin(&out).into_iter().map(|span| (span["id"].to_string(), span)).collect();
    let otlp = otlp(&out);
    // 1,000 requests, a fifth of them, 5 spans each: five standard deviations are 350.
    assert!((650..1_350).contains(&otlp.len()), "{}", otlp.len());
    assert_eq!(otlp.len(), zipkin.len());
    for (service, span) in otlp {
        let other = &zipkin[&span["spanId"].to_string()];
        assert_eq!(span["traceId"], other["traceId"]);
        assert_eq!(span["traceId"].as_str().map(str::len), Some(32));
        assert_eq!(span.get("parentSpanId"), other.get("parentId"));
        assert_eq!(service, other["localEndpoint"]["serviceName"]);
        let nanos: u64 = span["startTimeUnixNano"].as_str().and_then(|it| it.parse().ok()).expect("a time");
        assert_eq!(Some(nanos / 1_000), other["timestamp"].as_u64());
        let count = |value: Option<&Value>| value.and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(count(span.get("events")), count(other.get("annotations")));
    }
}

#[test]
fn the_slowest_are_so_many_and_the_same_again() {
    let (ran, out) = write("slowest", &["zipkin", "--traces", "slowest:3", "--threads", "1"]);
    ran.ends_with(0);
    let roots: Vec<u64> = zipkin(&out)
        .iter()
        .filter(|span| span.get("parentId").is_none())
        .map(|span| span["duration"].as_u64().expect("a duration"))
        .collect();
    assert_eq!(roots.len(), 3);
    let first = text(&out, "traces.zipkin.json");
    let (again, out) = write("slowest", &["zipkin", "--traces", "slowest:3", "--threads", "2"]);
    again.ends_with(0);
    assert!(first == text(&out, "traces.zipkin.json"), "another run wrote something else");
}

#[test]
fn a_sample_that_nobody_wants_is_a_mistake() {
    let path = file("outputs-unwanted", PAIR);
    tarsier(&["run", &path, "--traces", "1%"])
        .ends_with(2)
        .says("nobody wants to know")
        .says("--write zipkin");
    tarsier(&["run", &path, "--write", "zipkin"]).ends_with(2).says("--out <DIR>");
    let (ran, _) = write("unknown", &["jaeger"]);
    ran.ends_with(2).says("possible values");
    for wrong in ["slowest:0", "slowest:x", "200%", "1kg", "0%", "0"] {
        let (ran, _) = write("wrong", &["zipkin", "--traces", wrong]);
        ran.ends_with(2).says("--traces");
    }
    for wants_all in ["vizceral", "guesstimate"] {
        let (ran, _) = write("wants-all", &[wants_all, "--traces", "slowest:3"]);
        ran.ends_with(2).says(&format!("`--write {wants_all}` wants a share of the requests"));
    }
}

#[test]
fn graphs_go_where_they_are_wanted() {
    let path = file("outputs-graph", PAIR);
    let to = folder("outputs-graph.out").join("pair.gexf").display().to_string();
    tarsier(&["export", "gexf", &path, "--out", &to]).ends_with(0);
    let written = fs::read_to_string(&to).expect("it was written");
    assert_eq!(tarsier(&["export", "gexf", &path]).ends_with(0).stdout, written);
    assert!(!written.contains("<spell"), "nothing was run");
    tarsier(&["export", "dot", &path, "--out", "/no/such/folder/x"]).ends_with(2).says("cannot write");
    tarsier(&["export", "visio", &path]).ends_with(2).says("possible values");
    let timed = ["--scenario", "zone-loss"];
    tarsier(&[&["export", "dot", "shop"][..], &timed].concat()).ends_with(2).says("export gexf or spigo");
    tarsier(&["export", "gexf", "shop", "--scenario", "zone-los"]).ends_with(2).says("`zone-loss`");
    let gexf = ["export", "gexf", "shop", "--scenario", "zone-loss", "--for"];
    tarsier(&[&gexf[..], &["900d"]].concat()).ends_with(2).says("at most 800 days");
    tarsier(&[&gexf[..], &["30s"]].concat()).ends_with(0).says("begins at 30s, but the run ends at 30s");
    let lost = tarsier(&[&["export", "spigo", "shop", "--for", "40s"][..], &timed].concat()).ends_with(0);
    let graph: Value = serde_json::from_str(&lost.stdout).expect("a document");
    let entries = graph["graph"].as_array().expect("entries");
    let gone: Vec<&Value> = entries.iter().filter(|entry| entry.get("done").is_some()).collect();
    assert!(!gone.is_empty() && gone.iter().all(|it| it["timestamp"] == "2026-01-01T00:00:30.000000000Z"));
}

/// Every attempt of users and of services is in one frame, and what fails is danger.
#[test]
fn traffic_is_what_was_counted() {
    let (ran, out) = write("traffic", &["vizceral", "--traces", "100%", "--warmup", "0s", "--json"]);
    let result = ran.ends_with(0).json();
    let frames: Vec<Value> = text(&out, "vizceral.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a frame a line"))
        .collect();
    assert_eq!(frames.len(), 5, "one a second");
    let total = |source: &str, target: &str, connections: &Value| -> f64 {
        let all = connections.as_array().expect("connections").iter();
        let between = all.filter(|it| it["source"] == source && it["target"] == target);
        let metrics = between.flat_map(|it| it["metrics"].as_object().expect("metrics").values());
        metrics.map(|volume| volume.as_f64().expect("a volume")).sum()
    };
    let sum = |view: &dyn Fn(&Value) -> f64| -> f64 { frames.iter().map(view).sum() };
    let users = &result["workloads"]["users"];
    let answered = users["completed"].as_f64().zip(users["errors"].as_f64()).map(|(good, bad)| good + bad);
    let region = |frame: &Value| frame["nodes"][1]["connections"].clone();
    assert_eq!(frames[0]["nodes"][1]["name"], "us-east-1");
    assert_eq!(Some(sum(&|frame| total("INTERNET", "us-east-1", &frame["connections"]))), answered);
    assert_eq!(Some(sum(&|frame| total("INTERNET", "web", &region(frame)))), answered);
    let calls = &result["calls"]["web/home -> db"];
    let ended = calls["attempts"].as_f64().zip(calls["in_flight_end"].as_f64()).map(|(all, left)| all - left);
    assert_eq!(Some(sum(&|frame| total("web", "db", &region(frame)))), ended);
}

/// Of few requests all stays are in the sheet: its sums are what the users waited, its samples what was measured.
#[test]
fn a_sheet_adds_up() {
    let (ran, out) =
        write("sheet", &["guesstimate", "--traces", "100%", "--warmup", "0s", "--for", "2s", "--json"]);
    let result = ran.ends_with(0).json();
    let sheet: Value = serde_json::from_str(&text(&out, "guesstimate.json")).expect("a document");
    let graph = &sheet["space"]["graph"];
    let named = |part: &str, at: usize, key: &str| graph[part][at][key].as_str().expect("a text").to_owned();
    let names = [0, 1, 2, 3].map(|at| named("metrics", at, "name"));
    assert_eq!(names, ["web/home itself", "web/home", "db itself", "users"]);
    let sums = [1, 3].map(|at| named("guesstimates", at, "expression"));
    assert_eq!(sums, ["=${metric:AA} + ${metric:AB}", "=${metric:AC}"]);
    let ids = [0, 1, 2, 3].map(|at| named("guesstimates", at, "metric"));
    assert_eq!(ids, ["AA", "AC", "AB", "AE"]);

    let samples = |at: usize| -> Vec<f64> {
        let data = graph["guesstimates"][at]["data"].as_array().expect("samples");
        let mut samples: Vec<f64> = data.iter().map(|it| it.as_u64().expect("whole") as f64 / 1e9).collect();
        samples.sort_by(f64::total_cmp);
        samples
    };
    let mean = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len() as f64;
    let [web, db] = [0, 2].map(samples);
    assert!(
        (300..500).contains(&db.len()) && web.len().abs_diff(db.len()) <= 5,
        "{} {}",
        web.len(),
        db.len()
    );
    let near = |found: f64, pointer: &str, within: f64| {
        let measured = result.pointer(pointer).and_then(Value::as_f64).expect("it was measured");
        assert!((found / measured - 1.0).abs() < within, "{pointer}: {found} is not {measured}");
    };
    // Requests of the last moment are in the one and not in the other: at most one or two of 400.
    near(mean(&web) + mean(&db), "/workloads/users/latency_s/mean", 0.02);
    near(mean(&db), "/services/db/latency_s/mean", 0.02);
    near(db[db.len() / 2], "/services/db/latency_s/p50", 0.05);
    near(db[db.len() - 1], "/services/db/latency_s/max", 0.02);
}

/// What is in the table is compared with the CSV in DuckDB, by `cargo xtask nightly outputs`.
#[test]
fn columns_are_written_by_builds_that_can() {
    let (ran, out) = write("columns", &["parquet"]);
    if cfg!(feature = "parquet") {
        ran.ends_with(0);
        let table = fs::read(format!("{out}/series.parquet")).expect("it is there");
        assert!(table.starts_with(b"PAR1") && table.ends_with(b"PAR1"));
    } else {
        ran.ends_with(2).says("cargo build --release --features parquet");
    }
}

const GROWING: &str = "\
architecture: growing
network: none
regions: { r1: { zones: [a] }, r2: { zones: [b] } }
services:
  web: { instances: 2, workers: 64, do: [ { call: db } ] }
  db: { do: [ { work: exp(1ms) } ] }
workload:
  users: { rate: 200/s, to: web }
scenarios:
  grow:
    - { at: 1s, set: { service: web, instances: 4 } }
    - { at: 2s, for: 2s, set: { service: db, instances: 2 } }
    - { at: 9s, set: { service: db, instances: 3 } }
";

/// Each has its own address, those of the file the first ones; and stands where it stands.
#[test]
fn instances_that_join_are_in_what_is_written() {
    let path = file("outputs-growing", GROWING);
    let out = folder("outputs-growing.out").display().to_string();
    let formats = "zipkin,otlp,vizceral";
    let run = ["run", &path, "--for", "5s", "--warmup", "0s", "--scenario", "grow", "--traces", "100%"];
    tarsier(&[&run[..], &["--out", &out, "--write", formats]].concat()).ends_with(0);
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for span in zipkin(&out).iter().filter(|span| span["kind"] == "SERVER") {
        let (tags, at) = (&span["tags"], &span["localEndpoint"]["ipv4"]);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let place = format!("{} {} {}", text(at), text(&tags["region"]), text(&tags["zone"]));
        seen.entry(text(&tags["instance"])).or_default().insert(place);
    }
    let expected = [
        ("db#0", "10.0.0.3 r1 a"),
        ("db#1", "10.0.0.5 r2 b"),
        ("web#0", "10.0.0.1 r1 a"),
        ("web#1", "10.0.0.2 r2 b"),
        ("web#2", "10.0.0.4 r1 a"),
        ("web#3", "10.0.0.6 r2 b"),
    ];
    let expected = expected.map(|(name, place)| (name.to_owned(), BTreeSet::from([place.to_owned()])));
    assert_eq!(seen, BTreeMap::from(expected));
    let asked_in_r2 = |frame: &str| {
        let frame: Value = serde_json::from_str(frame).expect("a frame");
        let links = frame["nodes"][2]["connections"].as_array().expect("connections").clone();
        links.iter().any(|link| link["source"] == "web" && link["target"] == "db")
    };
    let frames = text(&out, "vizceral.jsonl");
    let asked: Vec<bool> = frames.lines().map(asked_in_r2).collect();
    assert_eq!(asked, [false, false, true, true, false], "`db#1` stands there for two seconds");
}

#[test]
fn instances_that_join_are_in_graphs_from_then_on() {
    let path = file("outputs-growing-graph", GROWING);
    let timed = ["--scenario", "grow", "--for", "6s"];
    let gexf = tarsier(&[&["export", "gexf", &path][..], &timed].concat()).ends_with(0).stdout;
    let spells = |name: &str| {
        let node = gexf.lines().find(|line| line.contains(&format!("node id=\"{name}\"")))?;
        node.split_once("<spells>").map(|(_, spells)| spells.replace("</spells></node>", ""))
    };
    let spell = |from, to| Some(format!("<spell start=\"{from}\" end=\"{to}\"/>"));
    assert_eq!(["web#0", "web#1", "db#0"].map(spells), [spell(0, 6), spell(0, 6), spell(0, 6)]);
    assert_eq!(["web#2", "web#3"].map(spells), [spell(1, 6), spell(1, 6)]);
    assert!(["db#2", "web#4"].map(spells) == [None, None], "it was not there as long as anybody looked");
    assert_eq!(spells("db#1"), spell(2, 5), "it leaves for a second");
    assert_eq!(gexf.matches("<edge ").count(), 4 * 2);
    let spigo = tarsier(&[&["export", "spigo", &path][..], &timed].concat()).ends_with(0).stdout;
    let graph: Value = serde_json::from_str(&spigo).expect("a document");
    let entries = graph["graph"].as_array().expect("entries").iter();
    let born = |entry: &&Value| entry["timestamp"].as_str().is_some_and(|time| time.contains(":01.0"));
    let born: Vec<&Value> = entries.filter(born).filter(|entry| entry.get("node").is_some()).collect();
    assert_eq!(born.len(), 2, "{born:?}");
}

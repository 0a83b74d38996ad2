//! Everything under `architectures/` runs, with each of its scenarios.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{architectures, tarsier};

/// Requests, latencies and objectives of every entry are those in `tests/golden/NAME.txt`, whose first line is the
/// command. `TARSIER_ACCEPT=1 cargo test -p tarsier-cli catalogue` writes them anew.
#[test]
fn every_architecture_runs_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let accept = std::env::var_os("TARSIER_ACCEPT").is_some();
    let mut different = Vec::new();
    for name in entries() {
        let path = folder.join(format!("{name}.txt"));
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let default = format!("tarsier run {name} --for 5s --warmup 2s");
        let actual = summary(expected.lines().next().unwrap_or(&default));
        if accept {
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("there is room");
            fs::write(&path, actual).expect("there is room");
        } else if actual != expected {
            different.push(format!("{name} was\n{expected}\nand is\n{actual}"));
        }
    }
    assert!(different.is_empty(), "TARSIER_ACCEPT=1 writes them anew\n{}", different.join("\n"));
}

/// What is left of a run, rounded to what a reader can compare. All is well in it: every entry keeps its objectives as
/// long as nothing happens to it.
fn summary(command: &str) -> String {
    let arguments: Vec<&str> = command.split(' ').skip(1).chain(["--json"]).collect();
    let ran = tarsier(&arguments).ends_with(0);
    assert_eq!(ran.stderr, "", "{command} warns of nothing");
    let document = ran.json();
    let mut text = format!("{command}\n");
    for (workload, found) in document["workloads"].as_object().expect("workloads") {
        assert!(found["completed"].as_u64() > Some(0), "{workload} of {command} completes requests");
        let [p50, p99] = ["p50", "p99"].map(|it| rounded_ms(&found["latency_s"][it]));
        let (completed, errors) = (&found["completed"], &found["errors"]);
        writeln!(text, "{workload}: {completed} completed, {errors} errors, p50 {p50} ms, p99 {p99} ms")
            .expect("a string takes it");
    }
    let objectives = document["slo"].as_array().expect("objectives");
    assert!(!objectives.is_empty(), "{command} promises something");
    for objective in objectives {
        assert_eq!(objective["holds"], true, "{objective} of {command}");
        writeln!(text, "kept: {}", objective["text"].as_str().expect("a text")).expect("a string takes it");
    }
    text
}

/// To two digits.
fn rounded_ms(seconds: &Value) -> f64 {
    let ms = seconds.as_f64().expect("a number") * 1e3;
    format!("{ms:.1e}").parse().expect("what was written can be read")
}

/// Some lessons need longer until a request is answered, and miss objectives; their tests run them as their pages do.
fn entries() -> Vec<String> {
    architectures().into_iter().filter(|name| !name.starts_with("lessons/")).collect()
}

#[test]
fn the_guide_names_every_architecture() {
    let guide = include_str!("../../../../docs/guide/catalogue.md");
    for name in entries() {
        let row = format!("| [{name}](../../architectures/{name}.yaml) | ");
        assert!(guide.contains(&row), "docs/guide/catalogue.md has no row `{row}…`");
    }
}

#[test]
fn every_architecture_says_what_it_is_and_whose() {
    for name in entries() {
        let text = tarsier(&["show", &name]).ends_with(0).stdout;
        assert!(text.contains("\ndescription: "), "{name}");
        // The first is the language on one page.
        assert!(name == "shop" || text.contains("\n# source: "), "{name}");
    }
}

#[test]
fn every_architecture_is_checked() {
    // Lessons are about mistakes, and `check` finds these; so it does in the first steps of the migration.
    for name in entries() {
        let ran = tarsier(&["check", &name]).ends_with(0);
        assert_eq!(ran.stderr, "", "{name} has no warnings");
        assert!(ran.stdout.contains("first, at "), "{name}:\n{}", ran.stdout);
        let is_well =
            !["migration/0-lamp", "migration/1-memcache", "migration/2-web-proxy"].contains(&&name[..]);
        assert!(!is_well || !ran.stdout.lines().any(|line| line.starts_with('!')), "{name}:\n{}", ran.stdout);
    }
}

#[test]
fn every_scenario_runs() {
    for name in architectures() {
        let text = tarsier(&["show", &name]).ends_with(0).stdout;
        for scenario in scenarios(&text) {
            let options = ["--for", "1s", "--warmup", "1s", "--scenario", &scenario, "--json"];
            let ran = tarsier(&[&["run", &name], &options[..]].concat());
            assert!(ran.code <= 1, "{scenario} of {name}:\n{}", ran.stderr);
        }
    }
}

/// The keys two spaces deep under `scenarios:`.
fn scenarios(text: &str) -> Vec<String> {
    let below = text.lines().skip_while(|line| !line.starts_with("scenarios:")).skip(1);
    let inside = below.take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let key = |line: &str| {
        let (name, _) = line.strip_prefix("  ")?.split_once(':')?;
        (!name.starts_with([' ', '#', '-'])).then(|| name.to_owned())
    };
    inside.filter_map(key).collect()
}

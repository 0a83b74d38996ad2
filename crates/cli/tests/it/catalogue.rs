//! Everything under `architectures/` runs, with each of its scenarios.

use crate::support::{architectures, tarsier};

/// An objective may be missed by design; everything else must be well.
#[test]
fn every_architecture_runs_and_completes_requests() {
    // Some lessons need longer until a request is answered; their tests run them as their pages do.
    for name in architectures().iter().filter(|name| !name.starts_with("lessons/")) {
        let ran = tarsier(&["run", name, "--for", "2s", "--warmup", "1s", "--json"]);
        assert!(matches!(ran.code, 0 | 1), "{name} ended with {}:\n{}", ran.code, ran.stderr);
        assert_eq!(ran.stderr, "", "{name} runs without a warning");
        let document = ran.json();
        for (workload, found) in document["workloads"].as_object().expect("workloads") {
            assert!(found["completed"].as_u64() > Some(0), "{workload} of {name} completes requests");
        }
        assert!(document["warmup"].is_string());
    }
}

#[test]
fn every_architecture_is_checked() {
    // Lessons are about mistakes, and `check` finds these.
    for name in architectures().iter().filter(|name| !name.starts_with("lessons/")) {
        let ran = tarsier(&["check", name]).ends_with(0);
        assert_eq!(ran.stderr, "", "{name} has no warnings");
        assert!(ran.stdout.contains("first, at "), "{name}:\n{}", ran.stdout);
        assert!(!ran.stdout.lines().any(|line| line.starts_with('!')), "{name}:\n{}", ran.stdout);
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
        let rest = line.strip_prefix("  ")?;
        let name = rest.trim_end().strip_suffix(':')?;
        (!name.starts_with([' ', '#', '-'])).then(|| name.to_owned())
    };
    inside.filter_map(key).collect()
}

//! What users get wrong, and what they are told: always exit code 2, and nothing on standard output.

use std::fs;

use crate::support::{PAIR, Ran, file, folder, tarsier, tarsier_reading};

#[track_caller]
fn wrong(args: &[&str]) -> Ran {
    let ran = tarsier(args).ends_with(2);
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

#[test]
fn arguments() {
    wrong(&["run"]).says("FILE|NAME");
    wrong(&["chekc", "shop"]).says("'check'");
    wrong(&["run", "shop", "--for", "10"]).says("the unit is missing");
    wrong(&["run", "shop", "--for", "0s"]).says("more than no time");
    wrong(&["run", "shop", "--for", "5sec"]).says("`sec` is not a unit");
    wrong(&["run", "shop", "--for", "3000d"]).says("at most 800 days");
    wrong(&["run", "shop", "--warmup", "-1s"]).says("this is negative");
    wrong(&["run", "shop", "--warmup", "never"]).says("500ms, 60s or 5m");
    wrong(&["run", "shop", "--reps", "0"]);
    wrong(&["run", "shop", "--threads", "0"]);
    for url in ["otlp=http://127.0.0.1:4318/v1/traces", "zipkin=http://127.0.0.1:9411/api/v2/spans/"] {
        wrong(&["run", "shop", "--send", url]).says("leave out the path");
    }
    for seed in ["x", "-1", "1.5"] {
        wrong(&["run", "shop", "--seed", seed]).says("a seed is a whole number from 0");
    }
    wrong(&["run", "shop", "--seeed", "7"]).says("--seed");
    wrong(&["run", "shop", "--verdict"]).says("--scenario");
    wrong(&["run", "shop", "--smallest"]).says("--verdict");
}

#[test]
fn names() {
    wrong(&["run", "shpo"]).says("no file and no architecture called `shpo`").says("did you mean `shop`");
    wrong(&["run", "no/such/file.yaml"]).says("no file and no architecture called `no/such/file.yaml`");
    wrong(&["show", "migration"]).says("several architectures").says("such as `migration/0-lamp`");
    wrong(&["run", "lessons"]).says("several architectures").says("such as `lessons/backoff`");
    wrong(&["check", env!("CARGO_MANIFEST_DIR")]).says("is a folder");
    let path = file("scenario", PAIR);
    wrong(&["run", &path, "--scenario", "spkie"])
        .says("no scenario called `spkie`")
        .says("did you mean `spike`?");
    wrong(&["run", &path, "--scenario", "zebra"]).says("there are: spike, outage");
    wrong(&["run", &path, "--scenario", "outage", "--verdict", "--smallest"])
        .says("outage never ends")
        .says("give each of its happenings a `for`");
}

#[test]
fn files() {
    let typo = PAIR.replace("workers:", "wokers:");
    let ran = wrong(&["check", &file("typo", &typo)]);
    ran.says("wokers").says("workers").says("architecture.yaml:7:5");
    wrong(&["run", &file("empty", "")]);
    let ran = tarsier_reading("services: [", &["run", "-", "--json"]).ends_with(2);
    assert_eq!(ran.stdout, "");
    ran.says("<stdin>");
}

#[test]
fn places_that_cannot_be_written() {
    let folder = folder("unwritable");
    let taken = folder.join("taken");
    fs::write(&taken, "a file").expect("there is room");
    let path = taken.to_str().expect("UTF-8");
    wrong(&["run", "shop", "--for", "100d", "--out", path]).says("cannot write").says(path);
    fs::create_dir_all(folder.join("result.json")).expect("there is room");
    let path = folder.to_str().expect("UTF-8");
    wrong(&["run", "shop", "--for", "100d", "--out", path]).says("result.json");
}

//! Everything that does not run anything.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{PAIR, TARSIER, architectures, file, tarsier, tarsier_reading};

#[test]
fn help_names_the_commands_the_examples_and_the_exit_codes() {
    let ran = tarsier(&["--help"]).ends_with(0);
    for words in
        ["run", "check", "schema", "list", "show", "Examples:", "Exit codes:", "3  no request was completed"]
    {
        ran.shows(words);
    }
    let ran = tarsier(&["run", "--help"]).ends_with(0);
    for option in ["--json", "--out", "--seed", "--for", "--warmup", "--reps", "--threads", "--scenario"] {
        ran.shows(option);
    }
}

#[test]
fn the_catalogue_is_listed_and_shown() {
    let list = tarsier(&["list"]).ends_with(0);
    for name in architectures() {
        let line = list.stdout.lines().find(|line| line.starts_with(&format!("{name} ")));
        assert!(
            line.is_some_and(|line| line.len() > name.len() + 10),
            "{name} with a description:\n{}",
            list.stdout
        );
    }
    let shown = tarsier(&["show", "shop"]).ends_with(0);
    assert_eq!(shown.stdout, include_str!("../../../../architectures/shop.yaml"));
    tarsier(&["show", "shpo"]).ends_with(2).says("did you mean `shop`");
}

#[test]
fn the_schema_is_json() {
    let schema = tarsier(&["schema"]).ends_with(0).json();
    assert!(schema["properties"]["services"].is_object());
}

#[test]
fn check_draws_the_calls_and_predicts_the_load() {
    let ran = tarsier(&["check", &file("check", PAIR)]).ends_with(0);
    let expected = "pair: 2 services, 2 instances, 1 workload, 2 scenarios, 2 objectives

users  200/s
└─ web/home
   └─ db  (timeout 1s, 1 retry)

service  instances  cores  requests/s  cores busy  workers busy
db               1      1         200         40%             -
web              1      2         200         10%        0.938%

retries  offered  if all fails  capacity  safe below
db         200/s         400/s     500/s       250/s

! web has one instance, and every request of users needs it  (line 5)
! db has one instance, and every request of users needs it  (line 14)
db runs out of cores first, at 2.5 times this load, retries not counted
below 1.25 times this load nothing can tip: db could serve every attempt if all of them failed
";
    assert_eq!(ran.stdout, expected);
    assert_eq!(ran.stderr, "");
}

#[test]
fn check_reads_standard_input() {
    tarsier_reading(PAIR, &["check", "-"]).ends_with(0).shows("pair: 2 services");
}

#[test]
fn check_finds_what_cannot_keep_up() {
    let overloaded = PAIR.replace("200/s", "600/s");
    let ran = tarsier(&["check", &file("check_overload", &overloaded)]).ends_with(0);
    ran.shows("! db cannot keep up: it is asked for 120% of its cores  (line 14)");
}

/// Whatever the language can say can be checked, as text and as a document.
#[test]
fn every_valid_file_is_checked() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/valid");
    let files = fs::read_dir(corpus).expect("the corpus is there");
    let files = files.map(|file| file.expect("it is there").path());
    let mut n_files = 0;
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "yaml")) {
        let path = path.to_string_lossy();
        let ran = tarsier(&["check", &path]);
        if ran.stderr.contains("not supported yet") {
            continue;
        }
        assert!(ran.code <= 1 && ran.stdout.contains(" workload"), "{path}: {}", ran.stderr);
        let document = tarsier(&["check", &path, "--json"]).stdout;
        serde_json::from_str::<serde_json::Value>(&document).expect("one document");
        n_files += 1;
    }
    assert!(n_files > 10, "only {n_files} files");
}

/// The document says what the text says, with the places of what is doubtful.
#[test]
fn check_writes_json() {
    let overloaded = PAIR.replace("200/s", "600/s");
    let ran = tarsier(&["check", &file("check_json", &overloaded), "--json"]).ends_with(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(document["services"]["db"]["cores_busy"], 1.2);
    assert_eq!(document["services"]["db"]["retries"]["safe_below_per_s"], 250.0);
    let kinds: Vec<&str> = document["warnings"]
        .as_array()
        .expect("a list of warnings")
        .iter()
        .map(|warning| warning["kind"].as_str().expect("warnings have a kind"))
        .collect();
    assert_eq!(kinds, ["overload", "single-point", "single-point"]);
    assert_eq!(
        (&document["warnings"][0]["line"], &document["warnings"][0]["column"]),
        (&14.into(), &3.into())
    );
}

/// Standard output that nobody reads is no reason to panic.
#[test]
fn a_closed_pipe_is_no_failure() {
    let mut command = Command::new(TARSIER);
    let mut child =
        command.arg("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

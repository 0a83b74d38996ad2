//! Generated architectures are files like any other.

use crate::support::{tarsier, tarsier_reading};

#[test]
fn what_is_generated_runs() {
    for shape in ["netflixoss", "hierarchy", "alibaba", "meta"] {
        let size = ["--services", "30", "--rate", "100/s", "--seed", "7"];
        let made = tarsier(&[&["generate", shape], &size[..]].concat()).ends_with(0);
        assert_eq!(made.stderr, "");
        made.shows(&format!("# tarsier generate {shape} --services 30 --rate 100/s --seed 7\n"));
        let checked = tarsier_reading(&made.stdout, &["check", "-"]).ends_with(0);
        assert_eq!(checked.stderr, "", "{shape}");
        let ran = tarsier_reading(&made.stdout, &["run", "-", "--for", "5s", "--json"]).ends_with(0);
        assert!(ran.json()["workloads"]["users"]["completed"].as_u64() > Some(300), "{shape}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_limit() {
    let refused = |options: &[&str], words: &str| {
        tarsier(&[&["generate"], options].concat()).ends_with(2).says(words);
    };
    refused(&["alibaba", "--services", "0"], "0 is not in 1..=5000");
    refused(&["meta", "--instances", "1000000000"], "1000000000 is not in 1..=2000000");
    refused(
        &["meta", "--services", "50", "--instances", "10"],
        "each of 50 services needs one, so at least 50",
    );
    refused(&["hierarchy", "--zones", "0"], "0 is not in 1..=20");
    refused(&["netflixoss", "--rate", "many"], "a rate is written like 500/s");
    refused(&["netflixoss", "--rate", "0/s"], "more than 0/s");
    refused(&["pyramid"], "unrecognized subcommand");
}

//! Completion and hover, in whole texts and in broken ones. A `|` is where they are asked for.

use std::time::{Duration, Instant};

use tarsier_language::{Completion, complete, hover};

use crate::catalogue::catalogue;
use crate::golden::files;

const SHOP: &str = "\
regions: { eu: { zones: [x, y] }, us: }
services:
  web:
    instances: 6
    cores: 2
    endpoints:
      home: [ work: 1ms, call: catalog ]
      search: [ work: 2ms ]
  catalog: { kind: store, do: [ work: exp(5ms) ] }
workload:
  shoppers: { rate: 10/s, mix: { web/home: 90%, web/search: 10% } }
";

/// The labels, and the part of the text that they would replace.
fn asked(text: &str) -> (Vec<String>, String) {
    let offset = text.find('|').expect("it says where");
    let text = text.replacen('|', "", 1);
    let completions = complete(&text, offset);
    let labels = completions.options.into_iter().map(|option| option.label).collect();
    (labels, text[completions.from..offset].to_owned())
}

/// All of these are offered, and none of those, instead of what was typed.
#[track_caller]
fn check(addition: &str, offered: &[&str], others: &[&str], typed: &str) {
    let (labels, replaced) = asked(&format!("{SHOP}{addition}"));
    for label in offered {
        assert!(labels.iter().any(|it| it == label), "`{label}` is not among {labels:?}");
    }
    for label in others {
        assert!(labels.iter().all(|it| it != label), "`{label}` is among {labels:?}");
    }
    assert_eq!(replaced, typed);
}

#[test]
fn keys_fit_where_they_stand() {
    check("|", &["scenarios", "slo", "segmentation"], &["services", "workload", "do", "platforms"], "");
    check("sce|", &["scenarios"], &["services"], "sce");
    check("network:\n  |", &["same-zone", "loss"], &["services"], "");
    check("network:\n  sa|", &["same-zone"], &[], "sa");
    check("network:\n  users: 1ms\n  sa|\n  loss: 1%\n", &["same-zone"], &["users", "loss"], "sa");
    check("network: { users: 1ms, sa| }", &["same-zone"], &["users"], "sa");
    check("defaults:\n  call:\n    |", &["timeout", "retry", "balance"], &["do"], "");
    check("defaults: { call: { retry: { |", &["attempts", "backoff", "budget"], &["timeout"], "");
    check("defaults: { call: { retry: { attempts: 2, backoff: { |", &["base", "factor"], &["attempts"], "");
}

#[test]
fn steps_are_told_by_their_verbs() {
    let verbs = ["work", "wait", "call", "parallel", "cache"];
    let more = |addition: &str| SHOP.replacen("workload:", &format!("{addition}\nworkload:"), 1);
    for text in [
        "  more: { do: [ |",
        "  more: { do: [ work: 1ms, |",
        "  more:\n    do:\n      - |",
        "  more:\n    do:\n      - work: 1ms\n      - c|",
    ] {
        let (labels, _) = asked(&more(text));
        assert!(verbs.iter().all(|verb| labels.iter().any(|it| it == verb)), "{text}: {labels:?}");
        assert!(labels.iter().all(|it| it != "timeout"), "{text}: {labels:?}");
    }
    for text in ["  more: { do: [ { call: web/home, |", "  more:\n    do:\n      - call: web/home\n        |"]
    {
        let (labels, _) = asked(&more(text));
        assert!(labels.iter().any(|it| it == "timeout"), "{text}: {labels:?}");
        assert!(labels.iter().all(|it| it != "work" && it != "call"), "{text}: {labels:?}");
    }
}

#[test]
fn names_are_offered_where_they_are_expected() {
    check(
        "scenarios:\n  a:\n    - { at: 1s, kill: { service: |",
        &["web", "catalog"],
        &["shoppers", "web/home"],
        "",
    );
    check("scenarios:\n  a:\n    - at: 1s\n      kill: { service: w| }", &["web"], &[], "w");
    check("scenarios: { a: [ { at: 1s, load: { workload: |", &["shoppers"], &["web"], "");
    check("scenarios: { a: [ { at: 1s, lose: { zone: |", &["eu/x", "eu/y", "us/a"], &["eu", "eu/a"], "");
    check("scenarios: { a: [ { at: 1s, lose: { region: |", &["eu", "us"], &["eu/x"], "");
    check(
        "scenarios: { a: [ { at: 1s, partition: [eu/x, |",
        &["eu/y", "us", "users", "web"],
        &["shoppers"],
        "",
    );
    check("scenarios: { a: [ { at: 1s, set: { service: |", &["web", "catalog"], &["shoppers"], "");
    check("scenarios: { a: [ { at: 1s, set: { call: web -> c|", &["catalog", "web/home"], &["web"], "c");
    check("scenarios: { a: [ { at: 1s, set: { workload: |", &["shoppers"], &["web"], "");
    check(
        "scenarios: { a: [ { at: 1s, set: { call: web -> catalog, |",
        &["timeout", "retry", "breaker"],
        &["cores"],
        "",
    );
    check("scenarios: { a: [ { at: 1s, delay: { call: web -> c|", &["catalog", "web/home"], &["web"], "c");
    let (labels, typed) = asked(&SHOP.replace("call: catalog", "call: web/|"));
    assert_eq!(
        (labels, typed),
        (vec!["web/home".into(), "web/search".into(), "catalog".into()], "web/".into())
    );
    let (labels, _) = asked(&SHOP.replace("web/search: 10%", "|"));
    assert_eq!(labels, ["web/search", "catalog"].map(str::to_owned));
    check("slo:\n  - sh|", &["shoppers", "web"], &["p99"], "sh");
    check("slo:\n  - shoppers e|", &["errors"], &["web"], "e");
}

#[test]
fn words_and_distributions_are_offered() {
    check("defaults: { call: { balance: |", &["round-robin", "p2c"], &["store"], "");
    check("defaults:\n  call:\n    balance: ro|", &["round-robin"], &[], "ro");
    check("defaults: { service: { kind: |", &["gateway", "store"], &[], "");
    let store = SHOP.replacen("kind: store", "replication: { write: |", 1);
    assert!(asked(&store).0.iter().any(|level| level == "quorum"));
    check("network:\n  users: |", &["exp(5ms)", "uniform(1ms, 3ms)"], &[], "");
    check("scenarios: { a: { at: 1s, kill: { silent: |", &["true", "false"], &[], "");
    let apply = |text: &str| {
        let options = complete(text, text.len()).options;
        let uniform = |option: &Completion| option.label == "uniform(1ms, 3ms)";
        options.into_iter().find(uniform).map(|option| option.apply)
    };
    assert_eq!(apply("network:\n  users: ").as_deref(), Some("uniform(1ms, 3ms)"));
    assert_eq!(
        apply("network: { users: ").as_deref(),
        Some("\"uniform(1ms, 3ms)\""),
        "its comma would cut it"
    );
}

/// One of the troubles is enough.
#[test]
fn a_happening_has_one_trouble() {
    check("scenarios:\n  a:\n    - { |", &["at", "for", "kill", "chaos"], &["deploy"], "");
    check("scenarios:\n  a:\n    - { kill: { service: web }, |", &["at", "for"], &["kill", "chaos"], "");
    check("scenarios:\n  a:\n    - at: 1s\n      kill: { |", &["service", "count", "zone"], &["kill"], "");
}

/// What was not closed above does not spoil what is below.
#[test]
fn a_broken_line_breaks_no_other() {
    check(
        "scenarios:\n  a:\n    - { at: 1s, kill: { service:\n  b:\n    - { at: 1s, pause: { service: |",
        &["web"],
        &[],
        "",
    );
    check("network: { users: [\nscenarios:\n  a:\n    - { at: 1s, |", &["kill"], &["users"], "");
    let broken = SHOP.replacen("call: catalog ]", "call: |", 1);
    assert_eq!(asked(&broken).0, ["web/home", "web/search", "catalog"].map(str::to_owned));
}

#[track_caller]
fn meaning(text: &str) -> Option<String> {
    let offset = text.find('|').expect("it says where");
    let text = text.replacen('|', "", 1);
    hover(&text, offset).map(|hover| {
        assert!((hover.from..=hover.to).contains(&offset));
        format!("{}: {}", &text[hover.from..hover.to], hover.text)
    })
}

#[test]
fn keys_words_and_names_are_explained() {
    let at = |from: &str, to: &str| meaning(&SHOP.replacen(from, to, 1)).unwrap_or_default();
    assert!(at("instances:", "inst|ances:").starts_with("instances: `instances` of a service: how many"));
    assert!(at("instances:", "inst|ances:").ends_with("Default: 1"));
    assert_eq!(at("kind: store", "kind: st|ore"), "store: `store`: a database or a disk");
    assert_eq!(at("exp(", "e|xp("), "exp: `exp(5ms)`: exponential with this mean");
    let catalog = "catalog: `catalog`, a service (line 9): kind store";
    assert_eq!(at("call: catalog", "call: cat|alog"), catalog);
    assert_eq!(at("  catalog:", "  |catalog:"), catalog);
    let web = "web: `web`, a service (line 3): instances 6, cores 2; endpoints home, search";
    assert_eq!(at("  web:", "  web|:"), web);
    assert_eq!(at("web/home: 90%", "web|/home: 90%"), "web/home: `web/home`, an endpoint (line 7)");
    assert_eq!(meaning("|"), None);
    assert_eq!(meaning("# comm|ent\n"), None);
    let slo = format!("{SHOP}slo: [ shop|pers p99 < 1s ]");
    assert_eq!(meaning(&slo).as_deref(), Some("shoppers: `shoppers`, a workload (line 11): rate 10/s"));
}

/// Every prefix and every place of every file: it never panics, and says nothing of what is not there.
#[test]
fn any_place_of_any_text_may_be_asked_for() {
    let mut texts: Vec<String> = catalogue().into_iter().map(|(_, text)| text).collect();
    for folder in ["corpus/invalid", "corpus/valid"] {
        let read = |path| std::fs::read(path).expect("it can be read");
        texts.extend(
            files(folder, ".yaml").into_iter().map(|path| String::from_utf8_lossy(&read(path)).into_owned()),
        );
    }
    for (number, text) in texts.iter().enumerate() {
        let step = 1 + text.len() / 60;
        for offset in (number % step..=text.len() + 2).step_by(step) {
            let cut = &text[..text.floor_char_boundary(offset.min(text.len()))];
            for text in [text.as_str(), cut] {
                let completions = complete(text, offset);
                assert!(
                    completions.from <= offset.min(text.len()) && text.is_char_boundary(completions.from)
                );
                if let Some(hover) = hover(text, offset) {
                    assert!(text.get(hover.from..hover.to).is_some() && !hover.text.is_empty());
                }
            }
        }
    }
}

/// Truncated at every byte.
#[test]
fn one_file_is_asked_everywhere() {
    let text =
        std::fs::read_to_string(crate::golden::repository().join("architectures/lessons/retry-storm.yaml"))
            .expect("it is there");
    for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
        complete(&text[..offset], offset);
        hover(&text[..offset], offset);
        complete(&text, offset);
    }
}

/// Brackets, quotes and dashes in any order.
#[test]
fn noise_is_read_too() {
    let mut draw = tarsier_random::Stream::named(1, &["noise"], &[]);
    let pieces = [
        "{", "}", "[", "]", ":", ": ", ",", "- ", "\n", "  ", "\"", "'", "#", " #", "&a ", "*a", "!t ", "|",
        ">", "services", "web", "do", "call", "ä", "\r\n", "\t", "---\n", "<<", "%",
    ];
    for _ in 0..3_000 {
        let text: String =
            (0..draw.below(40)).map(|_| pieces[draw.below(pieces.len() as u32) as usize]).collect();
        for offset in 0..=text.len() {
            complete(&text, offset);
            hover(&text, offset);
        }
    }
}

/// In a build for tests, on a busy machine, it takes far longer than in the product.
#[test]
fn it_is_fast_enough_to_type_along() {
    let services: String = (0..2_000)
        .map(|n| format!("  s{n}: {{ instances: 3, do: [ work: 1ms, call: s{} ] }}\n", n + 1))
        .collect();
    let text = format!("services:\n{services}workload:\n  w: {{ rate: 1/s, to: ");
    let start = Instant::now();
    let options = complete(&text, text.len()).options;
    assert_eq!(options.len(), 2_000);
    assert!(hover(&text, text.len() / 2).is_some());
    assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
}

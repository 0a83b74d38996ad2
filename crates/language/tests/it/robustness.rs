//! Whatever the bytes are, loading them ends soon, panics never, and points inside the file.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tarsier_language::limits::{MAX_DEPTH, MAX_DIAGNOSTICS, MAX_FILE_BYTES};
use tarsier_language::{Code, Loaded, load_with, render};

use crate::golden::files;

/// Far more than any of these takes, and far less than forever, also on a busy machine.
const SOON: Duration = Duration::from_secs(60);

#[track_caller]
fn check(source: &[u8]) -> Loaded {
    let start = Instant::now();
    let loaded = load_with("test.yaml", source, &|_| Err("there is no folder".to_owned()));
    assert!(start.elapsed() < SOON, "loading took {:?}", start.elapsed());
    assert!(loaded.diagnostics.len() <= 2 * MAX_DIAGNOSTICS, "diagnostics are bounded");
    for diagnostic in &loaded.diagnostics {
        let places = diagnostic.related.iter().map(|(place, _)| *place).chain([diagnostic.place]);
        for place in places {
            assert!(place.start <= place.end && place.end <= source.len(), "{place:?} is inside the file");
        }
    }
    render(&loaded.diagnostics, "test.yaml", source, false);
    loaded
}

#[track_caller]
fn check_code(source: &[u8], code: Code) {
    let loaded = check(source);
    let found: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.id()).collect();
    assert!(found.contains(&code.id()), "{} is among {found:?}", code.id());
}

#[test]
fn a_large_file_is_refused_at_once() {
    let source = vec![b'a'; 100 << 20];
    let start = Instant::now();
    check_code(&source, Code::TooLarge);
    assert!(start.elapsed() < Duration::from_secs(5), "nothing of it is read");
    check(&vec![b'#'; MAX_FILE_BYTES]);
}

#[test]
fn nesting_has_a_limit() {
    for opening in ["[", "{a: ", "- ", "a:\n ", "? ", "[a, ", "- - a: ", "[{a: "] {
        for n in [MAX_DEPTH, 1_000, 100_000] {
            check(opening.repeat(n).as_bytes());
        }
    }
    check_code("[".repeat(100_000).as_bytes(), Code::TooDeep);
    check_code("- ".repeat(100_000).as_bytes(), Code::TooDeep);
    let steps =
        format!("services:\n  web:\n    do: {}{}\n", "{ maybe: 10%, do: ".repeat(1_000), "}".repeat(1_000));
    check_code(steps.as_bytes(), Code::TooDeep);
}

#[test]
fn aliases_are_counted_as_what_they_stand_for() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{aliases}]").expect("strings take text");
    }
    check_code(bomb.as_bytes(), Code::TooMuch);
    // Long texts, and anchors around anchors, count too.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000));
    check_code(long.as_bytes(), Code::TooMuch);
    let nested: String = (0..60).map(|level| format!("&b{level} [")).collect();
    check_code(format!("a: {nested}{}{}", "x, ".repeat(100_000), "]".repeat(60)).as_bytes(), Code::TooMuch);
}

#[test]
fn doubts_do_not_hide_mistakes() {
    let idle: String = (0..2 * MAX_DIAGNOSTICS).map(|at| format!("  idle{at}: {{ do: [] }}\n")).collect();
    let source = format!(
        "services:\n{idle}  web: {{ do: [ {{ call: web }} ] }}\nworkload:\n  w: {{ rate: 1/s, to: web }}\n"
    );
    check_code(source.as_bytes(), Code::EndlessRecursion);
}

#[test]
fn anchors_and_merges_work() {
    let source = "\
architecture: anchors
services:
  web: &base { instances: 2, cores: 4, do: &steps [ { work: 1ms } ] }
  users: { <<: *base, cores: 1 }
  orders: { instances: 3, do: *steps }
workload:
  w: { rate: 1/s, mix: { web: 50%, users: 25%, orders: 25% } }
";
    let model = check(source.as_bytes()).model.expect("anchors are fine");
    let users = model.service_named("users").map(|id| &model.services[id]).expect("it is there");
    assert_eq!((users.instances.len(), users.cores), (2, 1));
}

#[test]
fn the_same_file_loads_in_every_dress() {
    let path = crate::golden::repository().join("architectures/shop.yaml");
    let plain = std::fs::read_to_string(path).expect("the catalogue has a shop");
    let expected = check(plain.as_bytes()).model.expect("it loads");
    let carriage_returns = plain.replace('\n', "\r\n");
    let marked = format!("\u{feff}{plain}");
    let documents = format!("---\n{plain}...\n");
    for dressed in [carriage_returns, marked, documents] {
        assert_eq!(check(dressed.as_bytes()).model.as_ref(), Some(&expected));
    }
}

#[test]
fn json_is_yaml() {
    let source = r#"{"architecture": "json", "services": {"web": {"cores": 2, "speed": 1.5, "do": [
        {"work": "mix(90%: exp(1ms), 10%: exp(20ms))"}, {"call": "users", "optional": true, "timeout": null}]},
        "users": {"do": []}}, "workload": {"w": {"rate": "5/s", "to": "web"}}}"#;
    let loaded = check(source.as_bytes());
    // A null is nothing rather than a timeout.
    assert_eq!(loaded.diagnostics.len(), 1);
    let loaded = check(source.replace(", \"timeout\": null", "").as_bytes());
    assert!(loaded.model.is_some(), "{:?}", loaded.diagnostics);
}

#[test]
fn places_are_right_after_letters_of_several_bytes() {
    let source = "architecture: »käse«\r\nservices:\r\n  wéb: { coers: 2, do: [] }\r\n";
    let loaded = check(source.as_bytes());
    let place = loaded.diagnostics[0].place;
    assert_eq!(&source[place.start..place.end], "coers");
    assert_eq!(place.line_column(source.as_bytes()), (3, 10));
}

#[test]
fn what_could_take_long_does_not() {
    let n = 10_000;
    let mut services = String::from("services:\n");
    for at in 0..n {
        writeln!(services, "  s{at}: {{ do: [ {{ call: s{} }}, {{ call: nobody{at} }} ] }}", (at + 1) % n)
            .expect("strings take text");
    }
    check(services.as_bytes());
    // A ring of calls, and one that is whole.
    let ring = services.replace(", { call: nobody", " ] } # ");
    check_code(ring.as_bytes(), Code::EndlessRecursion);
    // Every call copies the default fallback.
    let steps = "{ call: web }, ".repeat(3_000);
    let fallbacks = format!(
        "defaults: {{ call: {{ fallback: [ {} ] }} }}\nservices:\n  web: {{ endpoints: {{ a: [], b: [ {} ] }} }}\n",
        "{ work: 1ms }, ".repeat(3_000),
        steps.replace("web", "web/a"),
    );
    check_code(fallbacks.as_bytes(), Code::TooManySteps);
    // Pieces that look like cut values, and merges.
    check(format!("{{{}}}", "a: (, ".repeat(100_000)).as_bytes());
    check(format!("{{{}}}", "<<: {a: 1}, ".repeat(50_000)).as_bytes());
    let many_keys: String = (0..50_000).map(|at| format!("zebra{at}: 1\n")).collect();
    check(many_keys.as_bytes());
    check(format!("services: {{ web: {{ do: [ {{ work: \"{}\" }} ] }} }}", "(".repeat(1 << 20)).as_bytes());
    check(
        format!("services: {{ web: {{ do: [ {{ work: \"{}1ms\" }} ] }} }}", "1ms+".repeat(1 << 18))
            .as_bytes(),
    );
}

#[test]
fn much_protection_does_not_take_long_either() {
    let n = 5_000;
    let names: Vec<String> = (0..n).map(|at| format!("s{at}")).collect();
    let mut source = String::from("services:\n");
    for name in &names {
        let call = "{ call: hub, preset: finagle, hedge: p95 }";
        writeln!(
            source,
            "  {name}: {{ do: [ {call}, {{ lock: {name}, do: [ {{ lock: hub, do: [] }} ] }} ] }}"
        )
        .expect("strings take text");
    }
    let bulkheads: Vec<String> = names.iter().map(|name| format!("{name}: 5")).collect();
    writeln!(source, "  hub: {{ bulkheads: {{ {} }}, do: [] }}", bulkheads.join(", "))
        .expect("strings take text");
    let all = names.join(", ");
    let ways = "kind service -> anyone, ".repeat(900);
    writeln!(source, "segmentation:\n  groups: {{ all: [ {all} ], again: [ {all} ] }}")
        .expect("strings take text");
    writeln!(source, "  rules: [ {{ allow: [ {ways} ] }} ]\n  independent: [ {all} ]")
        .expect("strings take text");
    assert!(check(source.as_bytes()).model.is_some(), "nothing of this is wrong");
    // The limits on what is held against each other.
    let chain = format!("  rules: [ {{ allow: {}s1 }} ]", "s0 -> ".repeat(100_000));
    check_code(
        format!("services: {{ s0: {{ do: [] }} }}\nsegmentation:\n{chain}\n").as_bytes(),
        Code::OutOfRange,
    );
    let groups: String = names.iter().map(|name| format!("    g{name}: kind service\n")).collect();
    check_code(
        format!("services: {{ s0: {{ do: [] }} }}\nsegmentation:\n  groups:\n{groups}").as_bytes(),
        Code::OutOfRange,
    );
}

/// A small generator of numbers, enough to be different every time and the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n.max(1)
    }
}

const PIECES: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b", ",
    b"- ",
    b"\n",
    b"\n  ",
    b"\t",
    b"\"",
    b"'",
    b"#",
    b"&a ",
    b"*a",
    b"<<: *a",
    b"\xff",
    b"\xc3\xa9",
    b"exp(",
    b")",
    b"-1",
    b"1e999s",
    b"!!x ",
    b"---\n",
];

fn mutated(source: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = source.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(12)).min(bytes.len());
        let piece = PIECES[numbers.below(PIECES.len())];
        match numbers.below(4) {
            0 => drop(bytes.splice(at..at, piece.iter().copied())),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..end, piece.iter().copied())),
            _ => {
                let copied = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
        }
    }
    bytes
}

#[test]
fn mutated_files_never_panic() {
    let mut sources = Vec::new();
    for folder in ["corpus/valid", "corpus/invalid", "architectures"] {
        for path in files(folder, ".yaml") {
            sources.push(std::fs::read(path).expect("the file can be read"));
        }
    }
    let mut numbers = Numbers(7);
    for round in 0..3_000 {
        let source = &sources[round % sources.len()];
        if source.len() < 20_000 {
            check(&mutated(source, &mut numbers));
        }
    }
}

#[test]
fn earlier_finds_stay_fixed() {
    for path in files("corpus/regressions", "") {
        check(&std::fs::read(path).expect("the file can be read"));
    }
}

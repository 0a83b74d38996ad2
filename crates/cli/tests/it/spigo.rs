//! Files of Spigo on the command line; and architectures made larger.

use std::fs;
use std::path::Path;

use crate::support::{PAIR, Ran, file, tarsier, tarsier_reading};

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/spigo").join(name);
    path.canonicalize().expect("it is in the corpus").to_string_lossy().into_owned()
}

#[track_caller]
fn sizes(ran: &Ran) -> [u64; 3] {
    let document = ran.json();
    ["services", "instances", "edges"].map(|key| document[key].as_u64().expect("a number"))
}

#[test]
fn what_import_prints_is_what_runs() {
    let options = ["--regions", "3", "--scale", "200%"];
    let everything = sample("everything_arch.json");
    let import = tarsier(&[&["import", "spigo", everything.as_str()][..], &options].concat()).ends_with(0);
    let own = file("everything_imported", &import.stdout);
    let short = ["--for", "5s", "--warmup", "1s", "--json"];
    let from_text = tarsier(&[&["run", own.as_str()][..], &short].concat()).ends_with(0).json();
    let direct = tarsier(&[&["run", everything.as_str()][..], &short, &options].concat()).ends_with(0).json();
    assert_eq!(from_text["fingerprint"], direct["fingerprint"]);
    let clients = &direct["workloads"]["clients"];
    assert!(clients["completed"].as_u64() > Some(490) && clients["errors"] == 0, "{clients}");
    assert_eq!(tarsier(&[&["show", everything.as_str()][..], &options].concat()).stdout, import.stdout);
}

#[test]
fn a_file_is_known_by_what_is_in_it() {
    let text = fs::read_to_string(sample("everything_arch.json")).expect("it can be read");
    tarsier_reading(&text, &["run", "-", "--for", "2s", "--warmup", "0s"])
        .ends_with(0)
        .shows("everything · A service of each package");
    tarsier_reading(&text, &["check", "-"]).ends_with(0).shows("everything: 16 services");
    let drawn = tarsier(&["show", &sample("drawn.json"), "--json"]).ends_with(0);
    assert_eq!(sizes(&drawn), [3, 4, 4]);
}

/// In two regions there are instances that stand in other zones than ours would.
#[test]
fn what_is_exported_is_what_is_counted() {
    for options in [&[][..], &["--regions", "2", "--scale", "150%"]] {
        let everything = sample("everything_arch.json");
        let given =
            |command: &[&str]| tarsier(&[command, &[everything.as_str()], options].concat()).ends_with(0);
        let [_, instances, edges] =
            sizes(&tarsier(&[&["show", &everything, "--json"], options].concat()).ends_with(0));
        for (format, node, edge) in
            [("graphml", "<node ", "<edge "), ("gexf", "<node ", "<edge "), ("spigo", "\"node\"", "\"edge\"")]
        {
            let text = given(&["export", format]).stdout;
            let found = [node, edge].map(|mark| text.matches(mark).count() as u64);
            assert_eq!(found, [instances, edges], "{format} {options:?}");
        }
    }
}

/// By Spigo's own rule and by hand, from ring to www: 6·5 + 2·1 + 3·2 + 3·4 + 3·18 + 3·2 + 6·6 + 6·2 + 3·4 + 3 + 1. In
/// three regions all but the first, the fifth and the last are three times as many: 18·17 and 9·30, for the ring is
/// known everywhere, and 3.
#[test]
fn services_instances_and_edges_are_counted() {
    let count = |options: &[&str]| {
        sizes(
            &tarsier(&[&["show", &sample("everything_arch.json"), "--json"], options].concat()).ends_with(0),
        )
    };
    assert_eq!(count(&[]), [16, 48, 174]);
    assert_eq!(
        count(&["--regions", "3"]),
        [16, 142, 306 + 3 * (2 + 6 + 12 + 6 + 36 + 12 + 12 + 3) + 9 * 30 + 3]
    );
}

#[test]
fn traps_are_told_and_mistakes_end_it() {
    let trapped = sample("traps_arch.json");
    let ran = tarsier(&["run", &trapped, "--for", "2s", "--warmup", "0s"]).ends_with(0);
    ran.says("warning[T061]").says("traps_arch.json:6:91");
    for command in [&["run"][..], &["check"], &["show"], &["import", "spigo"]] {
        let ran = tarsier(&[command, &[&sample("mistakes_arch.json")]].concat()).ends_with(2);
        ran.says("unknown package `stoer`")
            .says("did you mean `store`?")
            .says("there are two services `web`");
        assert_eq!(ran.stdout, "");
    }
    tarsier(&["import", "spigo", "shop"]).ends_with(2).says("`shop.yaml` is not a file of Spigo");
    tarsier(&["import", "spigo", &sample("truncated_arch.json")]).ends_with(2).says("a quote is opened here");
}

/// Two services in one zone each, one calling the other: one edge, and with two instances each in each of three
/// regions all six know all six.
#[test]
fn own_architectures_are_made_larger() {
    let pair = file("larger", PAIR);
    assert_eq!(sizes(&tarsier(&["show", &pair, "--json"]).ends_with(0)), [2, 2, 1]);
    let larger = ["--scale", "250%", "--regions", "3"];
    assert_eq!(
        sizes(&tarsier(&[&["show", pair.as_str(), "--json"][..], &larger].concat()).ends_with(0)),
        [2, 12, 36]
    );
    let run = tarsier(&[&["run", pair.as_str(), "--json", "--for", "5s"][..], &larger].concat())
        .ends_with(0)
        .json();
    assert_eq!(run["services"]["db"]["instances"], 6);
}

#[test]
fn sizes_that_make_no_sense_are_refused() {
    let pair = file("sizes", PAIR);
    for wrong in
        [["--scale", "0%"], ["--scale", "50"], ["--scale", "-5%"], ["--regions", "0"], ["--regions", "7"]]
    {
        tarsier(&["run", &pair, wrong[0], wrong[1]]).ends_with(2).says(wrong[0]);
    }
    let many = PAIR.replace("cores: 2", "instances: 1500000");
    tarsier(&["show", &file("many", &many), "--json", "--scale", "200%"])
        .ends_with(2)
        .says("more than 2000000");
    let grown = "outage:\n    - { at: 0s, set: { service: web, instances: 1500000 } }";
    let grown = file("many-set", &PAIR.replace("outage:", grown));
    tarsier(&["show", &grown, "--json"]).ends_with(0);
    tarsier(&["show", &grown, "--json", "--scale", "200%"]).ends_with(2).says("more than 2000000");
    tarsier(&["show", &pair, "--scale", "200%"]).ends_with(2).says("add `--json`");
    let two = format!("regions: {{ a: , b: }}\n{PAIR}");
    tarsier(&["run", &file("two_regions", &two), "--regions", "2"]).ends_with(2).says("2 regions of its own");
}

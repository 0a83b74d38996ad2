//! The real files of Spigo, from the folder that `TARSIER_SAMPLES` names: as many instances and edges as Spigo made of
//! them (its repository, commit 168b963, by its own output), and answers, where five of the files had none.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use tarsier_engine::{RunConfig, run};
use tarsier_interop::spigo::{Options, Translation, import, recognise};
use tarsier_interop::{Graph, GraphFormat, export};
use tarsier_language::load;
use tarsier_units::Span;

use crate::page::page_says;

/// File, services, instances and edges in one region, and in six.
const ARCHITECTURES: [(&str, usize, [u64; 2], [u64; 2]); 15] = [
    ("aws_ac_ra_web", 8, [25, 47], [145, 282]),
    ("cassandra", 6, [32, 121], [187, 2886]),
    ("composeV2", 10, [16, 37], [86, 222]),
    ("container", 7, [22, 51], [127, 306]),
    ("edge", 83, [83, 152], [493, 912]),
    ("lamp", 5, [23, 73], [133, 438]),
    ("netflix", 21, [98, 371], [578, 7086]),
    ("netflixoss", 8, [65, 259], [385, 3714]),
    ("riak", 15, [51, 165], [291, 3150]),
    ("simpleV2", 6, [10, 11], [55, 66]),
    ("storage", 5, [6, 5], [31, 30]),
    ("test", 6, [19, 24], [109, 144]),
    ("testyaml", 3, [9, 18], [54, 108]),
    ("yogi", 13, [34, 166], [199, 3156]),
    ("yow", 13, [34, 166], [199, 3156]),
];

/// Steps of the migration, as graphs: services, instances, edges.
const MIGRATION: [(usize, [u64; 2]); 10] = [
    (4, [13, 30]),
    (5, [14, 39]),
    (6, [23, 66]),
    (7, [31, 87]),
    (8, [40, 132]),
    (9, [52, 336]),
    (8, [50, 322]),
    (8, [99, 644]),
    (8, [99, 1076]),
    (8, [148, 2262]),
];

const BEGIN: &str =
    "<!-- The files: made by `UPDATE_EXPECT=1 TARSIER_SAMPLES=… cargo test -p tarsier-interop`. -->\n";
const END: &str = "<!-- Here they end, too. -->\n";

/// A file of this name in a folder or below it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the samples' folder is readable");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    paths
        .into_iter()
        .find_map(|path| if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) })
}

struct Samples(PathBuf);

impl Samples {
    fn there() -> Option<Samples> {
        let folder = std::env::var_os("TARSIER_SAMPLES").map(PathBuf::from);
        let found = folder.filter(|folder| find(folder, "lamp_arch.json").is_some());
        if found.is_none() {
            println!("skipped: TARSIER_SAMPLES names no folder with files of Spigo");
        }
        found.map(Samples)
    }

    #[track_caller]
    fn import(&self, name: &str, options: Options) -> Translation {
        let path = find(&self.0, name).unwrap_or_else(|| panic!("there is no {name}"));
        let source = std::fs::read(path).expect("a sample is readable");
        assert!(recognise(&source), "{name}");
        let imported = import(name, &source, &options);
        imported.architecture.unwrap_or_else(|| panic!("{name}: {:?}", imported.diagnostics))
    }
}

const AS_IT_IS: Options = Options { scale: 100, regions: 1 };

fn counts(translation: &Translation) -> [u64; 2] {
    let services = translation.origin.sizes();
    [services.iter().map(|size| size.instances).sum(), services.iter().map(|size| size.edges).sum()]
}

/// Requests sent and completed in five simulated seconds after one to warm up.
fn answers(name: &str, translation: &Translation) -> (u64, u64) {
    let model = load(name, translation.text.as_bytes()).model.expect("what a file becomes can run");
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration: Span::from_secs(5),
        warmup: Span::from_secs(1),
        scenario: None,
        threads: 1,
        series: false,
    };
    let outcome = run(&model, &config, &mut ());
    let clients = &outcome.workloads[0];
    assert_eq!(clients.errors, 0, "{name}");
    (clients.requests, clients.completed)
}

#[test]
fn all_files_match_and_answer() {
    let Some(samples) = Samples::there() else { return };
    let mut table = String::from(
        "| file | services | instances, edges: Spigo | ours | in six regions: Spigo | ours | requests in 5 s | answered |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (name, n_services, one, six) in ARCHITECTURES {
        let file = format!("{name}_arch.json");
        let translation = samples.import(&file, AS_IT_IS);
        let wide = samples.import(&file, Options { regions: 6, ..AS_IT_IS });
        let row = [one, counts(&translation), six, counts(&wide)];
        assert_eq!(
            (translation.origin.sizes().len(), row[0], row[2]),
            (n_services, row[1], row[3]),
            "{name}"
        );
        let (sent, completed) = answers(name, &translation);
        assert!(completed >= 490, "{name}: {completed} of {sent}");
        assert!(answers(name, &wide).1 >= 490, "{name} in six regions");
        let [a, b, c, d] = row.map(|[nodes, edges]| format!("{nodes}, {edges}"));
        let _ = writeln!(table, "| `{file}` | {n_services} | {a} | {b} | {c} | {d} | {sent} | {completed} |");
    }
    for (step, (n_services, expected)) in MIGRATION.into_iter().enumerate() {
        let file = format!("migration_step{step}.json");
        let translation = samples.import(&file, AS_IT_IS);
        let ours = counts(&translation);
        assert_eq!((translation.origin.sizes().len(), ours), (n_services, expected), "step {step}");
        let (sent, completed) = answers(&file, &translation);
        assert!(completed >= 490, "step {step}: {completed} of {sent}");
        let [a, b] = [expected, ours].map(|[nodes, edges]| format!("{nodes}, {edges}"));
        let _ = writeln!(
            table,
            "| migration, step {step} | {n_services} | {a} | {b} | | | {sent} | {completed} |"
        );
    }
    page_says(BEGIN, &table, END);
}

/// Graphs that Spigo drew: what becomes of them is exported as the same nodes with their packages, and the same edges.
#[test]
fn graphs_are_exported_as_spigo_drew_them() {
    let Some(samples) = Samples::there() else { return };
    let steps = (0..MIGRATION.len()).map(|step| format!("migration_step{step}.json"));
    for name in steps.chain(["lamp_graph.json".to_owned(), "netflixoss_graph.json".to_owned()]) {
        let translation = samples.import(&name, AS_IT_IS);
        let model = load(&name, translation.text.as_bytes()).model.expect("what a file becomes can run");
        let mut ours = Vec::new();
        let graph = Graph::drawn(&model, &translation.origin);
        export(GraphFormat::Spigo, &graph, None, &mut ours).expect("memory takes it");
        let path = find(&samples.0, &name).expect("it was there");
        let theirs = std::fs::read(path).expect("a sample is readable");
        let [ours, theirs] = [ours, theirs].map(|bytes| nodes_and_edges(&bytes));
        assert!(ours == theirs, "{name}: {:?}", ours.symmetric_difference(&theirs).collect::<Vec<_>>());
    }
}

/// `node zoneA.php00 karyon` and `edge` with both ends; without the name of the architecture, which is the file's.
fn nodes_and_edges(source: &[u8]) -> BTreeSet<String> {
    let document: serde_json::Value = serde_json::from_slice(source).expect("it is JSON");
    let bare = |entry: &serde_json::Value, key: &str| {
        let name = entry[key].as_str().expect("a name");
        name.split_once('.').expect("the architecture is its first part").1.to_owned()
    };
    let entries = document["graph"].as_array().expect("a list").iter();
    let told = entries.filter_map(|entry| {
        if entry.get("node").is_some() {
            return Some(format!("node {} {}", bare(entry, "node"), entry["package"]));
        }
        entry.get("edge").map(|_| format!("edge {} {}", bare(entry, "source"), bare(entry, "target")))
    });
    told.collect()
}

/// Graphs that Spigo's author drew in 2016: the same instances by name, the same edges, or there would be a warning.
#[test]
fn graphs_are_drawn_again_edge_by_edge() {
    let Some(samples) = Samples::there() else { return };
    let steps = (0..MIGRATION.len()).map(|step| format!("migration_step{step}.json"));
    for name in steps.chain(["lamp_graph.json".to_owned(), "netflixoss_graph.json".to_owned()]) {
        let path = find(&samples.0, &name).unwrap_or_else(|| panic!("there is no {name}"));
        let imported = import(&name, &std::fs::read(path).expect("a sample is readable"), &AS_IT_IS);
        assert!(imported.diagnostics.is_empty(), "{name}: {:?}", imported.diagnostics);
    }
    let [lamp, netflixoss] = ["lamp", "netflixoss"].map(|name| {
        let [drawn, made] =
            ["graph", "arch"].map(|kind| samples.import(&format!("{name}_{kind}.json"), AS_IT_IS));
        (counts(&drawn), counts(&made))
    });
    assert_eq!((lamp.0, netflixoss.0), (lamp.1, netflixoss.1));
}

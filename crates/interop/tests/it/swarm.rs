//! Architectures drawn from a seed, biased to odd names and numbers: what is not refused runs as large as Spigo made it.

use tarsier_interop::Graph;
use tarsier_interop::spigo::{Options, import};
use tarsier_language::{Severity, load, render};
use tarsier_random::Stream;

const NAMES: [&str; 16] = [
    "web",
    "db",
    "null",
    "true",
    "~",
    "1",
    "-x",
    "#c",
    "a:b",
    "a'b",
    "users",
    "ünïcøde",
    "x{y}",
    "[z]",
    "&anchor",
    "%25",
];
const PACKAGES: [&str; 13] = [
    "denominator",
    "elb",
    "zuul",
    "karyon",
    "monolith",
    "staash",
    "store",
    "cache",
    "volume",
    "priamCassandra",
    "riak",
    "eureka",
    "pirate",
];

/// Dependencies lead to services before it in the file, and now and then to itself.
fn draw(stream: &mut Stream) -> String {
    let n = 1 + stream.below(8) as usize;
    let mut known = Vec::new();
    let services: Vec<String> = (0..n)
        .map(|at| {
            let name = NAMES[(at * 2 + stream.below(2) as usize) % NAMES.len()];
            let n_others = stream.below(at as u32 + 1);
            let mut dependencies: Vec<&str> = (0..n_others).map(|_| known[stream.below(at as u32) as usize]).collect();
            if stream.chance(0.3) {
                dependencies.push(name);
            }
            if stream.chance(0.2) {
                dependencies.push("eureka");
            }
            known.push(name);
            let package = PACKAGES[stream.below(13) as usize];
            let (count, regions) = (stream.below(8), stream.below(3));
            format!(
                r#"{{"name": "{name}", "package": "{package}", "count": {count}, "regions": {regions}, "dependencies": {dependencies:?}}}"#
            )
        })
        .collect();
    format!(r#"{{"arch": "swarm", "victim": "", "services": [{}]}}"#, services.join(","))
}

#[test]
fn what_is_not_refused_runs() {
    let mut stream = Stream::from_state(7);
    let mut n_runs = 0;
    for _ in 0..600 {
        let source = draw(&mut stream);
        let options = Options { scale: 1 + stream.below(300), regions: 1 + stream.below(3) };
        let imported = import("swarm.json", source.as_bytes(), &options);
        let Some(translation) = imported.architecture else {
            assert!(imported.diagnostics.iter().any(|it| it.severity == Severity::Error), "{source}");
            continue;
        };
        let loaded = load("swarm", translation.text.as_bytes());
        let said = || render(&loaded.diagnostics, "swarm", translation.text.as_bytes(), false);
        let model = loaded.model.as_ref().unwrap_or_else(|| panic!("{source}\n{}", said()));
        let ours: Vec<(&str, u64)> =
            model.services.iter().rev().map(|it| (it.name.as_str(), it.instances.len() as u64)).collect();
        let sizes = translation.origin.sizes();
        let spigos: Vec<(&str, u64)> = sizes.iter().map(|it| (it.service.as_str(), it.instances)).collect();
        assert_eq!(ours, spigos, "{source}");
        let mut drawn = Graph::drawn(model, &translation.origin).sizes();
        drawn.reverse();
        assert_eq!(drawn, sizes, "{source}");
        n_runs += 1;
    }
    assert!(n_runs > 60, "only {n_runs} were not refused");
}

//! What the services of each package do with a request, as lines of the language.

use super::architecture::{Architecture, Dependency};
use super::package::{PACKAGES, Role};
use super::write::target;

/// Lines of YAML, indented among themselves.
type Lines = Vec<String>;

/// Share of the reads that a cache answers.
const HIT: &str = "90%";
/// Share of the reads of data access layers that find nothing where they look first, and go on.
const NOT_THERE: &str = "10%";
/// Share of what a pirate hears that it tells on.
const GOSSIP: &str = "50%";
/// Copies of everything in a cluster.
const REPLICAS: u64 = 3;

/// The endpoints of a service: every one can be read from and written to.
pub(super) fn endpoints(architecture: &Architecture, at: usize) -> Vec<(&'static str, Lines)> {
    let service = &architecture.services[at];
    let own = |steps: &[&str]| -> Lines { steps.iter().map(|step| format!("- {step}")).collect() };
    let [mut get, mut put] = [own(service.package.get), own(service.package.put)];
    let mut inner = Vec::new();
    match service.package.role {
        Role::Forwards => {
            get.extend(one_of(architecture, at, "get"));
            put.extend(one_of(architecture, at, "put"));
        }
        Role::AccessesData => {
            get.extend(first_of(&sources(architecture, at), architecture));
            put.extend(to_each(architecture, at));
        }
        Role::Stores => {
            if let Some(copies) = copies(architecture, at) {
                inner.push(("copy", put.clone()));
                put.extend(copies);
            }
        }
        Role::Replicates => {
            get.extend(quorum(architecture, at, "replica"));
            put.extend(quorum(architecture, at, "commit"));
            put.extend(abroad(architecture, at));
            inner.push(("replica", own(REPLICA)));
            inner.push(("commit", own(COMMIT)));
        }
        Role::Gossips => {
            let gossip = gossip(architecture, at);
            get.extend(gossip.clone());
            put.extend(gossip);
        }
    }
    [("get", get), ("put", put)].into_iter().chain(inner).collect()
}

/// A node of a cluster reads: three tenths are not in memory.
const REPLICA: &[&str] = &["work: gamma(mean=2.5ms, cv=1)", "{ maybe: 30%, do: [ { wait: exp(3ms) } ] }"];
/// It writes, to memory and to a log.
const COMMIT: &[&str] = &["work: exp(1ms)"];

/// One of the dependencies, by chance, weighed by their instances: Spigo chose among instances.
fn one_of(architecture: &Architecture, at: usize, verb: &str) -> Lines {
    let service = &architecture.services[at];
    let near = match service.package.is_zone_local {
        true => ", balance: zone-aware",
        // One for all the world belongs to no region.
        false if service.is_global() && architecture.n_regions > 1 => ", balance: round-robin",
        false => "",
    };
    weighed(architecture, &architecture.called_by(at), &|name| format!("call: {}{near}", target(name, verb)))
}

fn weighed(architecture: &Architecture, among: &[Dependency], step: &dyn Fn(&str) -> String) -> Lines {
    let services: Vec<_> = among.iter().map(|dependency| &architecture.services[dependency.on]).collect();
    if let [only] = services[..] {
        return vec![format!("- {{ {} }}", step(&only.name))];
    }
    let shares = shares(&services.iter().map(|service| service.per_region()).collect::<Vec<_>>());
    let branch = |(name, share)| format!("    - {{ share: {share}, do: [ {{ {} }} ] }}", step(name));
    let branches: Lines =
        services.iter().map(|service| service.name.as_str()).zip(shares).map(branch).collect();
    if branches.is_empty() { branches } else { [vec!["- choose:".to_owned()], branches].concat() }
}

/// Parts of a whole, as percentages that sum to 100.
fn shares(weights: &[u64]) -> Vec<String> {
    const WHOLE: u128 = 1_000_000;
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let mut before = 0;
    let mut given = 0;
    let part = |weight: &u64| {
        // Rounding the sums and not the parts leaves nothing over.
        before += u128::from(*weight);
        let until = before * WHOLE / sum;
        let part = until - given;
        given = until;
        let text = format!("{}.{:04}", part / 10_000, part % 10_000);
        format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
    };
    weights.iter().map(part).collect()
}

/// What a data access layer depends on, in the order in which it looks.
fn sources(architecture: &Architecture, at: usize) -> Vec<Vec<Dependency>> {
    let rank = |dependency: &Dependency| match architecture.services[dependency.on].package.name {
        "cache" => 0,
        "volume" => 1,
        "priamCassandra" | "riak" => 2,
        "store" => 3,
        "staash" => 4,
        _ => 5,
    };
    let called = architecture.called_by(at);
    let of_rank = |wanted| called.iter().filter(|it| rank(it) == wanted).copied().collect::<Vec<_>>();
    (0..=5).map(of_rank).filter(|rank| !rank.is_empty()).collect()
}

/// Asks the first; where it is not, the next.
fn first_of(sources: &[Vec<Dependency>], architecture: &Architecture) -> Lines {
    let Some((first, rest)) = sources.split_first() else { return Vec::new() };
    let next = first_of(rest, architecture);
    let caches = &architecture.services[first[0].on];
    if let ("cache", [_], false) = (caches.package.name, &first[..], next.is_empty()) {
        let head = [
            "- cache:",
            &format!("    in: {}", target(&caches.name, "get")),
            &format!("    hit: {HIT}"),
            "    miss:",
        ];
        return head.map(str::to_owned).into_iter().chain(indented(&next, 6)).collect();
    }
    let mut lines = weighed(architecture, first, &|name| format!("call: {}", target(name, "get")));
    if !next.is_empty() {
        lines.extend([
            format!("- maybe: {NOT_THERE}                     # it is not there"),
            "  do:".to_owned(),
        ]);
        lines.extend(indented(&next, 4));
    }
    lines
}

fn indented(lines: &[String], by: usize) -> Lines {
    lines.iter().map(|line| format!("{:by$}{line}", "")).collect()
}

/// A write goes to everything there is.
fn to_each(architecture: &Architecture, at: usize) -> Lines {
    let called = architecture.called_by(at);
    let call = |dependency: &Dependency| {
        format!("- call: {}", target(&architecture.services[dependency.on].name, "put"))
    };
    let calls: Lines = called.iter().map(call).collect();
    if calls.len() < 2 { calls } else { [vec!["- parallel:".to_owned()], indented(&calls, 4)].concat() }
}

/// A store that names itself sends what is written to all the others it knows.
fn copies(architecture: &Architecture, at: usize) -> Option<Lines> {
    let service = &architecture.services[at];
    let known = if service.is_everywhere { service.n_instances() } else { service.per_region() };
    let others = known - 1;
    (architecture.depends_on_itself(at) && others > 0).then(|| {
        let copy = format!("publish: {}", target(&service.name, "copy"));
        vec![format!("{}     # a copy to each of the others", repeated(others, &copy))]
    })
}

/// The replicas of a region that must answer; a node that knows no others answers alone.
fn quorum(architecture: &Architecture, at: usize, endpoint: &str) -> Lines {
    let service = &architecture.services[at];
    let n = if architecture.depends_on_itself(at) { service.per_region().min(REPLICAS) } else { 1 };
    let call = format!("call: {}", target(&service.name, endpoint));
    if n == 1 {
        return vec![format!("- {{ {call} }}")];
    }
    vec![format!("- parallel: {{ times: {n}, do: [ {{ {call} }} ] }}"), format!("  need: {}", n / 2 + 1)]
}

/// A cluster that is known everywhere sends a copy to each other region, and waits for none.
fn abroad(architecture: &Architecture, at: usize) -> Lines {
    let service = &architecture.services[at];
    let others = service.regions.saturating_sub(1);
    if !service.is_everywhere || !architecture.depends_on_itself(at) || others == 0 {
        return Vec::new();
    }
    let copy = format!("publish: {}, balance: round-robin", target(&service.name, "commit"));
    vec![format!("{}     # as many copies as there are other regions", repeated(others, &copy))]
}

fn repeated(times: u64, step: &str) -> String {
    if times == 1 {
        format!("- {{ {step} }}")
    } else {
        format!("- {{ repeat: {times}, do: [ {{ {step} }} ] }}")
    }
}

fn gossip(architecture: &Architecture, at: usize) -> Lines {
    let buddies = &architecture.services[at].dependencies;
    let tell = weighed(architecture, buddies, &|name| format!("publish: {}", target(name, "put")));
    if tell.is_empty() {
        return tell;
    }
    [vec![format!("- maybe: {GOSSIP}"), "  do:".to_owned()], indented(&tell, 4)].concat()
}

/// What each package is and does, as a table for the guide.
pub fn reference() -> String {
    let mut table = String::from(
        "| package | is | `kind` | `cores` | a read | a write | and then |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for package in PACKAGES {
        let cores = package.cores.map_or(String::new(), |cores| cores.to_string());
        let [get, put] = [package.get, package.put].map(in_code);
        table.push_str(&format!(
            "| `{}` | {} | {} | {cores} | {get} | {put} | {} |\n",
            package.name,
            package.meaning,
            package.kind,
            then(package.role),
        ));
    }
    table
}

fn in_code(steps: &[&str]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
    steps.join(", ")
}

fn then(role: Role) -> String {
    match role {
        Role::Forwards => "calls one of its dependencies, by chance, weighed by their instances".to_owned(),
        Role::AccessesData => format!(
            "reads from the first there is of caches (hit {HIT}), volumes, Cassandra and riak, stores, other data access \
             layers, anything else, and with {NOT_THERE} also from the next; writes to all of them"
        ),
        Role::Stores => {
            "a cluster sends a copy of a write to each of its others, and waits for none".to_owned()
        }
        Role::Replicates => format!(
            "a cluster asks {REPLICAS} replicas ({}; for a write {}) and goes on after a majority; one that names `eureka` \
             sends a copy to each other region, and waits for none",
            in_code(REPLICA),
            in_code(COMMIT),
        ),
        Role::Gossips => format!("tells a buddy, with {GOSSIP}, and waits for nobody"),
    }
}

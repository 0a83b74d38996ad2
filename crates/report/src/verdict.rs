//! What became of an architecture when something happened to it, beside its twin to which nothing did: as data, and
//! in the document.

use serde_json::{Map, Value, json};
use tarsier_model::{Model, Trouble};

use crate::{SloVerdict, words};

/// How it ended, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum VerdictKind {
    /// Users did not notice.
    Holds,
    /// As good as the twin again.
    Recovered,
    /// The twin completes too few requests to compare with.
    Unclear,
    /// Not yet as good as the twin, but on the way.
    Recovering,
    /// Worse than the twin: while the trigger lasts, or after it in latency alone.
    Degraded,
    /// The trigger has ended long ago, and goodput stays below the twin's.
    Metastable,
}

/// A scenario's verdict. Figures are of the first replication that ended worst; those `at the end` are means over the
/// last third of the time watched after the trigger.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    pub kind: VerdictKind,
    /// How many replications ended how, the best first.
    pub runs: Vec<(VerdictKind, u64)>,
    /// When the first happening begins and the last ends, from the end of the warm-up; `None` if one never does.
    pub trigger_s: (f64, Option<f64>),
    /// How long both were watched, from the end of the warm-up.
    pub watched_s: f64,
    /// From the end of the trigger until it was as good as its twin for good.
    pub recovered_after_s: Option<f64>,
    /// How long what waits will take to drain at the pace of the end.
    pub drains_in_s: Option<f64>,
    pub workloads: Vec<Goodput>,
    pub edges: Vec<Attempts>,
    pub services: Vec<Work>,
    /// The objectives with the trigger, and without.
    pub slos: Vec<[SloVerdict; 2]>,
    pub smallest: Option<Smallest>,
}

/// A figure with the trigger and without.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Beside {
    pub run: f64,
    pub twin: f64,
}

/// What users got.
#[derive(Clone, PartialEq, Debug)]
pub struct Goodput {
    pub workload: String,
    /// At the end.
    pub completed_per_s: Beside,
    /// At the end, the mean over seconds; `None` where nothing was completed.
    pub p99_s: [Option<f64>; 2],
    /// Requests completed by the twin and not by the run, over all the time watched.
    pub lost: i64,
}

/// Attempts from one place to another, at the end.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempts {
    /// `web/home -> db`, or the workload.
    pub label: String,
    pub per_s: Beside,
    pub per_request: Beside,
    /// The shares of the attempts that timed out, were refused, or failed otherwise.
    pub timeouts: Beside,
    pub refused: Beside,
    pub failed: Beside,
    /// The share of what was to be attempted that the caller itself rejected.
    pub rejected: Beside,
}

/// What a service was asked, at the end.
#[derive(Clone, PartialEq, Debug)]
pub struct Work {
    pub service: String,
    pub per_s: Beside,
    /// Arrivals for each request of the users.
    pub per_request: Beside,
    /// The share of what it does that serves no user: its answer, or that of a caller on the way, is not waited for.
    pub unproductive: Beside,
    pub utilization: Beside,
}

/// How little it takes.
#[derive(Clone, PartialEq, Debug)]
pub struct Smallest {
    /// Runs of each size tried; it tips when most of them end metastable.
    pub runs: u64,
    /// Searched: every `for` of the scenario, as a share of what it says.
    pub length: Edge,
    /// The length of the longest happening, in seconds.
    pub length_s: f64,
    /// Searched at full length: how strong the happenings are, as a share of what they say; `None` if there is nothing
    /// to weaken.
    pub strength: Option<Edge>,
    /// The happenings at the least strength that tips it.
    pub weakest: Vec<Trouble>,
    /// Searched with the whole scenario: the load, as a share of what the file says.
    pub load: Edge,
    /// What all open workloads ask for together.
    pub load_per_s: f64,
    /// Below this share of the load no trigger tips it, by arithmetic; `None` where there is no such bound.
    pub safe: Option<f64>,
}

/// Where it turns: the largest size tried at which it did not tip, the smallest at which it did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Edge {
    pub holds: Option<f64>,
    pub tips: Option<f64>,
}

impl VerdictKind {
    /// In words, also as the document has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            VerdictKind::Holds => "holds",
            VerdictKind::Recovered => "recovered",
            VerdictKind::Unclear => "unclear",
            VerdictKind::Recovering => "recovering",
            VerdictKind::Degraded => "degraded",
            VerdictKind::Metastable => "metastable",
        }
    }
}

pub(crate) fn value(model: &Model, verdict: &Verdict) -> Value {
    let runs = verdict.runs.iter().map(|(kind, n)| (kind.word().to_owned(), Value::from(*n)));
    json!({
        "kind": verdict.kind.word(),
        "runs": runs.collect::<Map<_, _>>(),
        "trigger_begins_s": verdict.trigger_s.0,
        "trigger_ends_s": verdict.trigger_s.1,
        "watched_s": verdict.watched_s,
        "recovered_after_s": verdict.recovered_after_s,
        "drains_in_s": verdict.drains_in_s,
        "workloads": named(&verdict.workloads, |it| (&it.workload, goodput(it))),
        "attempts": verdict.edges.iter().map(attempts).collect::<Vec<_>>(),
        "services": named(&verdict.services, |it| (&it.service, work(it))),
        "slo": verdict.slos.iter().map(|[run, twin]| slo(run, twin)).collect::<Vec<_>>(),
        "smallest": verdict.smallest.as_ref().map(|it| smallest(model, it)),
    })
}

fn named<T>(list: &[T], of: impl Fn(&T) -> (&String, Value)) -> Map<String, Value> {
    list.iter().map(of).map(|(name, value)| (name.clone(), value)).collect()
}

fn goodput(it: &Goodput) -> Value {
    json!({
        "completed_per_s": beside(it.completed_per_s),
        "p99_s": { "run": it.p99_s[0], "twin": it.p99_s[1] },
        "lost": it.lost,
    })
}

fn attempts(it: &Attempts) -> Value {
    json!({
        "call": it.label,
        "per_s": beside(it.per_s),
        "per_request": beside(it.per_request),
        "timeouts": beside(it.timeouts),
        "refused": beside(it.refused),
        "failed": beside(it.failed),
        "rejected": beside(it.rejected),
    })
}

fn work(it: &Work) -> Value {
    json!({
        "per_s": beside(it.per_s),
        "per_request": beside(it.per_request),
        "unproductive": beside(it.unproductive),
        "utilization": beside(it.utilization),
    })
}

fn slo(run: &SloVerdict, twin: &SloVerdict) -> Value {
    let of = |it: &SloVerdict| json!({ "value": it.value, "holds": it.holds });
    json!({ "text": run.text, "run": of(run), "twin": of(twin) })
}

fn smallest(model: &Model, it: &Smallest) -> Value {
    let times = |edge: Edge, by: f64| json!({ "holds": edge.holds.map(|it| it * by), "tips": edge.tips.map(|it| it * by) });
    json!({
        "runs": it.runs,
        "length": times(it.length, 1.0),
        "length_s": times(it.length, it.length_s),
        "strength": it.strength.map(|edge| times(edge, 1.0)),
        "weakest": it.weakest.iter().map(|trouble| words::trouble(model, trouble)).collect::<Vec<_>>(),
        "load": times(it.load, 1.0),
        "load_per_s": times(it.load, it.load_per_s),
        "safe_load": it.safe,
        "safe_load_per_s": it.safe.map(|share| share * it.load_per_s),
    })
}

fn beside(it: Beside) -> Value {
    json!({ "run": it.run, "twin": it.twin })
}

//! Where the time of requests goes, as a sheet of Guesstimate (<https://github.com/getguesstimate/guesstimate-app>): a cell
//! with samples of what each endpoint takes itself, cells that add these up along the calls, and one for each workload.
//!
//! Times are whole nanoseconds, as Spigo writes them and its reader wants them.

use std::io::{self, Write};

use serde_json::{Value, json};
use tarsier_engine::{SpanEnd, SpanKind, TraceSpan};
use tarsier_model::{Call, EndpointId, SealedModel, Step};
use tarsier_random::Stream;
use tarsier_units::Id;

/// Samples of a cell at most.
const SAMPLES: usize = 500;

/// A file with one document, written in the end.
pub struct GuesstimateWriter<'m, W> {
    out: W,
    model: &'m SealedModel,
    stream: Stream,
    /// By endpoint.
    own: Vec<Samples>,
}

/// So many of all that were seen, each as likely as any other (Vitter: Random sampling with a reservoir, 1985, R).
#[derive(Clone, Default)]
struct Samples {
    kept: Vec<u64>,
    seen: u32,
}

impl Samples {
    fn add(&mut self, value: u64, stream: &mut Stream) {
        self.seen = self.seen.saturating_add(1);
        if self.kept.len() < SAMPLES {
            self.kept.push(value);
        } else if let Some(place) = self.kept.get_mut(stream.below(self.seen) as usize) {
            *place = value;
        }
    }
}

impl<'m, W: Write> GuesstimateWriter<'m, W> {
    pub fn new(out: W, model: &'m SealedModel, seed: u64) -> Self {
        let own = vec![Samples::default(); model.endpoints.len()];
        GuesstimateWriter { out, model, stream: Stream::named(seed, &["guesstimate"], &[]), own }
    }

    pub fn span(&mut self, span: &TraceSpan) {
        let is_stay = matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
        if is_stay && span.end == SpanEnd::Ok {
            self.own[span.endpoint.index()].add(own_ns(span), &mut self.stream);
        }
    }

    pub fn finish(mut self) -> io::Result<()> {
        let sheet = sheet(self.model, &self.own);
        writeln!(self.out, "{sheet}")?;
        self.out.flush()
    }
}

/// How long it waited or worked there itself; what it did at once counts once.
fn own_ns(span: &TraceSpan) -> u64 {
    let mut until = 0;
    let mut own = 0;
    for stretch in &span.stretches {
        own += stretch.to_ns.saturating_sub(stretch.from_ns.max(until));
        until = until.max(stretch.to_ns);
    }
    own
}

/// Own times are in the first column, with their calls in the second, workloads in the third.
fn sheet(model: &SealedModel, own: &[Samples]) -> Value {
    let mut metrics = Vec::new();
    let mut guesstimates = Vec::new();
    let mut add = |id: &str, name: String, [row, column]: [usize; 2], content: Content<'_>| {
        let location = json!({ "row": row + 1, "column": column });
        metrics.push(json!({ "id": id, "readableId": id, "name": name, "location": location }));
        guesstimates.push(content.guesstimate(id));
    };
    let sums = Sums { model };
    for (row, endpoint) in model.endpoints.ids().enumerate() {
        let name = model.endpoint_label(endpoint);
        add(&sums.own(endpoint), format!("{name} itself"), [row, 1], Content::of(&own[row]));
        if let Some(calls) = sums.calls(endpoint) {
            let sum = format!("={} + {calls}", cell(&sums.own(endpoint)));
            add(&sums.whole(endpoint), name, [row, 2], Content::Sum(sum));
        }
    }
    for (row, workload) in model.workloads.iter().enumerate() {
        let id = letters(2 * model.endpoints.len() + row);
        let parts = workload.mix.iter().map(|(share, to)| scaled(share, cell(&sums.whole(*to))));
        let sum = format!("={}", parts.collect::<Vec<_>>().join(" + "));
        add(&id, workload.name.clone(), [row, 3], Content::Sum(sum));
    }
    json!({ "space": {
        "name": model.name,
        "description": "Nanoseconds of a request, simulated by Tarsier",
        "is_private": "true",
        "graph": { "metrics": metrics, "guesstimates": guesstimates },
    } })
}

enum Content<'a> {
    Samples(&'a [u64]),
    /// Nothing was seen there.
    Nothing,
    Sum(String),
}

impl Content<'_> {
    fn of(samples: &Samples) -> Content<'_> {
        if samples.kept.is_empty() { Content::Nothing } else { Content::Samples(&samples.kept) }
    }

    /// What became `expression` was `input` once; readers of both take the one that is not empty.
    fn guesstimate(&self, metric: &str) -> Value {
        let (kind, expression) = match self {
            Content::Samples(_) => ("DATA", ""),
            Content::Nothing => ("POINT", "0"),
            Content::Sum(sum) => ("FUNCTION", sum.as_str()),
        };
        let mut content =
            json!({ "metric": metric, "input": "", "expression": expression, "guesstimateType": kind });
        if let Content::Samples(samples) = self {
            content["data"] = json!(samples);
        }
        content
    }
}

/// What is added up in which cell.
struct Sums<'m> {
    model: &'m SealedModel,
}

impl Sums<'_> {
    fn own(&self, endpoint: EndpointId) -> String {
        letters(endpoint.index())
    }

    /// The cell of an endpoint with all that it waits for.
    fn whole(&self, endpoint: EndpointId) -> String {
        match self.calls(endpoint) {
            Some(_) => letters(self.model.endpoints.len() + endpoint.index()),
            None => self.own(endpoint),
        }
    }

    /// What an endpoint waits for, unless that is nothing.
    fn calls(&self, endpoint: EndpointId) -> Option<String> {
        self.steps(endpoint, &self.model.endpoints[endpoint].steps)
    }

    fn steps(&self, from: EndpointId, steps: &[Step]) -> Option<String> {
        let terms: Vec<String> = steps.iter().filter_map(|step| self.step(from, step)).collect();
        (!terms.is_empty()).then(|| terms.join(" + "))
    }

    fn step(&self, from: EndpointId, step: &Step) -> Option<String> {
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Publish(_) | Step::Fail(_) => None,
            Step::Call(call) => Some(self.call(from, call)),
            Step::Parallel { branches, need } => {
                let sums: Vec<_> = branches.iter().map(|branch| self.steps(from, &branch.steps)).collect();
                slowest_or_first(&sums, *need)
            }
            Step::Choose(choices) => {
                let part = |(share, steps): &(f64, Vec<Step>)| Some(scaled(share, self.steps(from, steps)?));
                let parts: Vec<String> = choices.iter().filter_map(part).collect();
                (!parts.is_empty()).then(|| parts.join(" + "))
            }
            Step::Maybe { share, steps } => Some(scaled(share, self.steps(from, steps)?)),
            Step::Repeat { times, steps } => Some(scaled(&f64::from(*times), self.steps(from, steps)?)),
            Step::Cache { ask, hit, miss, .. } => {
                let ask = self.call(from, ask);
                let miss = self.steps(from, miss);
                Some(miss.map_or_else(|| ask.clone(), |miss| format!("{ask} + (1 - {hit}) * ({miss})")))
            }
            Step::Lock { steps, .. } | Step::Conflict { steps, .. } => self.steps(from, steps),
        }
    }

    /// No cell may depend on itself: of what calls back only its own time is taken.
    fn call(&self, from: EndpointId, call: &Call) -> String {
        let calls_back = self.model.reached([call.to])[from.index()];
        cell(&if calls_back { self.own(call.to) } else { self.whole(call.to) })
    }
}

/// Of parallel branches: of those that call nobody the calls take nothing.
fn slowest_or_first(branches: &[Option<String>], need: u32) -> Option<String> {
    match branches {
        [only] => only.clone(),
        _ if branches.iter().all(Option::is_none) => None,
        _ => {
            let sums: Vec<&str> = branches.iter().map(|sum| sum.as_deref().unwrap_or("0")).collect();
            Some(format!("{}({})", if need == 1 { "min" } else { "max" }, sums.join(", ")))
        }
    }
}

fn scaled(factor: &f64, sum: String) -> String {
    if *factor == 1.0 { sum } else { format!("{factor} * ({sum})") }
}

fn cell(id: &str) -> String {
    format!("${{metric:{id}}}")
}

/// AA, AB, … ZZ, BAA: names of cells that people can read.
fn letters(mut n: usize) -> String {
    let mut letters = Vec::new();
    while n > 0 || letters.len() < 2 {
        letters.push(char::from(b'A' + (n % 26) as u8));
        n /= 26;
    }
    letters.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use tarsier_engine::{Cause, Stretch};

    use super::*;

    fn sheet_of(file: &str) -> Value {
        let model = tarsier_language::load("sheet.yaml", file.as_bytes()).model.expect("a good file");
        let own = vec![Samples { kept: vec![7], seen: 1 }; model.endpoints.len()];
        sheet(&model, &own)["space"]["graph"].clone()
    }

    /// Sums by the names of their cells.
    fn sums(graph: &Value) -> Vec<(String, String)> {
        let cells = |part: &str| graph[part].as_array().expect("cells").clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let named = cells("metrics").into_iter().zip(cells("guesstimates"));
        named
            .filter(|(_, guess)| guess["guesstimateType"] == "FUNCTION")
            .map(|(metric, guess)| (text(&metric["name"]), text(&guess["expression"])))
            .collect()
    }

    #[test]
    fn sums_follow_the_steps() {
        let graph = sheet_of(
            "architecture: all\nservices:\n  a:\n    do:\n      - work: 1ms\n      - cache: { in: b, hit: 90%, miss: [ { call: c } ] }\n      \
             - parallel: [ { call: b }, { call: c } ]\n      - { maybe: 25%, do: [ { call: b } ] }\n      \
             - { repeat: 3, do: [ { call: c } ] }\n  b: { do: [ { work: 1ms } ] }\n  \
             c: { do: [ { call: b }, { work: 1ms } ] }\nworkload:\n  users: { rate: 1/s, mix: { a: 30%, b: 70% } }\n",
        );
        let [a, b, c] = ["${metric:AA}", "${metric:AB}", "${metric:AC}"];
        let [a_whole, c_whole, wait] = ["${metric:AD}", "${metric:AF}", "(1 - 0.9)"];
        let of_a = format!(
            "={a} + {b} + {wait} * ({c_whole}) + max({b}, {c_whole}) + 0.25 * ({b}) + 3 * ({c_whole})"
        );
        let expected = [
            ("a", of_a),
            ("c", format!("={c} + {b}")),
            ("users", format!("=0.3 * ({a_whole}) + 0.7 * ({b})")),
        ];
        assert_eq!(sums(&graph), expected.map(|(name, sum)| (name.to_owned(), sum)));
    }

    #[test]
    fn what_calls_back_is_no_circle() {
        let graph = sheet_of(
            "architecture: ring\nservices:\n  a: { do: [ { work: 1ms }, { call: b } ] }\n  \
             b: { do: [ { maybe: 10%, do: [ { call: a } ] }, { work: 1ms } ] }\nworkload:\n  \
             users: { rate: 1/s, to: a }\n",
        );
        let [a, b] = ["${metric:AA}", "${metric:AB}"];
        let expected = [
            ("a", format!("={a} + {b}")),
            ("b", format!("={b} + 0.1 * ({a})")),
            ("users", "=${metric:AC}".to_owned()),
        ];
        assert_eq!(sums(&graph), expected.map(|(name, sum)| (name.to_owned(), sum)));
    }

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..20_000).map(letters).collect();
        assert_eq!(names.len(), 20_000);
        assert_eq!([0, 1, 26, 675, 676].map(letters), ["AA", "AB", "BA", "ZZ", "BAA"]);
    }

    #[test]
    fn what_is_done_at_once_counts_once() {
        let stretch = |from_ns, to_ns| Stretch { cause: Cause::Work, from_ns, to_ns };
        let stretches = vec![stretch(10, 20), stretch(12, 15), stretch(18, 30), stretch(40, 45)];
        assert_eq!(own_ns(&span(stretches)), 25);
        assert_eq!(own_ns(&span(Vec::new())), 0);
    }

    fn span(stretches: Vec<Stretch>) -> TraceSpan {
        let side = tarsier_engine::Side::Instance {
            service: tarsier_model::ServiceId(0),
            number: 0,
            zone: tarsier_model::ZoneId(0),
        };
        TraceSpan {
            trace: 1,
            id: 1,
            parent: None,
            kind: SpanKind::Server,
            side,
            peer: None,
            endpoint: EndpointId(0),
            attempt: 1,
            hedge: false,
            began_ns: 0,
            ended_ns: 50,
            end: SpanEnd::Ok,
            stretches,
        }
    }

    /// Each of 2,000 values is kept with chance 1/4: of each half 250 ± 10, so ± 60 is six standard deviations.
    #[test]
    fn samples_are_of_all_that_was_seen() {
        let mut stream = Stream::named(1, &["test"], &[]);
        let mut samples = Samples::default();
        (0..2_000).for_each(|value| samples.add(value, &mut stream));
        assert_eq!(samples.kept.len(), SAMPLES);
        let early = samples.kept.iter().filter(|&&value| value < 1_000).count();
        assert!((190..=310).contains(&early), "{early}");
    }
}

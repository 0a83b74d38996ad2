//! Who calls whom, drawn as a tree. What an endpoint calls is drawn once and then only pointed to, so the drawing grows
//! with the calls there are in the file, never with the calls of a request.

use std::collections::BTreeSet;

use tarsier_model::{EndpointId, Model};

use crate::edges::{Edge, edges};
use crate::text::{percent, rate};

/// Deeper calls are cut off.
const MAX_DEPTH: usize = 24;
/// Calls drawn of one endpoint.
const MAX_CHILDREN: usize = 24;
/// Lines of the whole drawing.
const MAX_LINES: usize = 400;

/// A tree for each workload, from what its users call. `rates` are those of the workloads.
pub(crate) fn draw(model: &Model, rates: &[f64]) -> String {
    let mut drawing =
        Drawing { model, text: String::new(), n_lines: 0, drawn: BTreeSet::new(), above: Vec::new() };
    for (workload, per_s) in model.workloads.iter().zip(rates) {
        drawing.line(&format!("{}  {}", workload.name, rate(*per_s)));
        let roots: Vec<Child<'_>> = workload
            .mix
            .iter()
            .map(|(share, to)| Child { to: *to, chance: *share, times: 1, edge: None })
            .collect();
        drawing.children(&roots, "");
    }
    if drawing.n_lines > MAX_LINES {
        let left_out = drawing.n_lines - MAX_LINES;
        drawing.text.push_str(&format!("… {left_out} more lines\n"));
    }
    drawing.text
}

/// A line to draw: who is called, how often, and by which step.
#[derive(Clone, Copy)]
struct Child<'a> {
    to: EndpointId,
    chance: f64,
    times: u64,
    edge: Option<Edge<'a>>,
}

struct Drawing<'a> {
    model: &'a Model,
    text: String,
    n_lines: usize,
    /// Whose calls have been drawn.
    drawn: BTreeSet<EndpointId>,
    /// Whose calls are being drawn, from the root down.
    above: Vec<EndpointId>,
}

impl<'a> Drawing<'a> {
    /// Counts every line, keeps the first ones.
    fn line(&mut self, line: &str) {
        self.n_lines += 1;
        if self.n_lines <= MAX_LINES {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }

    fn children(&mut self, children: &[Child<'a>], indent: &str) {
        let shown = if children.len() <= MAX_CHILDREN { children.len() } else { MAX_CHILDREN - 1 };
        for (n, child) in children[..shown].iter().enumerate() {
            let is_last = n + 1 == children.len();
            let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.child(child, &format!("{indent}{branch}"), &format!("{indent}{below}"));
        }
        if shown < children.len() {
            self.line(&format!("{indent}└─ … {} more calls", children.len() - shown));
        }
    }

    fn child(&mut self, child: &Child<'a>, start: &str, indent: &str) {
        let calls = self.calls_of(child.to);
        let note = if calls.is_empty() {
            ""
        } else if self.above.contains(&child.to) {
            "  (calls itself: as above)"
        } else if self.drawn.contains(&child.to) {
            "  (as above)"
        } else if self.above.len() >= MAX_DEPTH {
            "  (deeper calls are not drawn)"
        } else {
            self.line(&format!("{start}{}", self.label(child)));
            self.above.push(child.to);
            self.drawn.insert(child.to);
            self.children(&calls, indent);
            self.above.pop();
            return;
        };
        self.line(&format!("{start}{}{note}", self.label(child)));
    }

    fn calls_of(&self, endpoint: EndpointId) -> Vec<Child<'a>> {
        edges(&self.model.endpoints[endpoint].steps)
            .into_iter()
            .map(|edge| Child { to: edge.call.to, chance: edge.chance, times: edge.times, edge: Some(edge) })
            .collect()
    }

    /// `10% 3 × catalog/list  (timeout 200ms)`.
    fn label(&self, child: &Child<'_>) -> String {
        let mut label = String::new();
        if child.chance < 1.0 {
            label.push_str(&format!("{} ", percent(child.chance)));
        }
        if child.times > 1 {
            label.push_str(&format!("{} × ", child.times));
        }
        label.push_str(&self.model.endpoint_label(child.to));
        let words = child.edge.map(|edge| edge.to_string()).unwrap_or_default();
        if !words.is_empty() {
            label.push_str(&format!("  ({words})"));
        }
        label
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Branch, Step};

    use super::*;
    use crate::fixture::{call, call_step, model, work_ms};

    #[track_caller]
    fn check(services: &[(&str, Vec<Step>)], expected: &str) {
        assert_eq!(draw(&model(100.0, services), &[100.0]), expected);
    }

    #[test]
    fn calls_are_drawn_in_the_order_of_the_steps() {
        let miss = vec![call_step(3)];
        let home = vec![
            Step::Cache { ask: call(2), hit: 0.75, miss, fill: Some(call(2)) },
            Step::Parallel { branches: vec![Branch { times: 3, steps: vec![call_step(1)] }], need: 3 },
            Step::Publish(call(3)),
        ];
        check(
            &[
                ("web", home),
                ("users", vec![call_step(3)]),
                ("memcache", vec![work_ms(1.0)]),
                ("mysql", vec![work_ms(1.0)]),
            ],
            "users  100/s
└─ web
   ├─ memcache  (cache)
   ├─ 25% mysql
   ├─ 25% memcache  (cache fill, not waited for)
   ├─ 3 × users  (in parallel)
   │  └─ mysql
   └─ mysql  (not waited for)
",
        );
    }

    #[test]
    fn what_was_drawn_is_pointed_to() {
        let twice = |to| vec![call_step(to), call_step(to)];
        check(
            &[("a", twice(1)), ("b", twice(2)), ("c", Vec::new())],
            "users  100/s
└─ a
   ├─ b
   │  ├─ c
   │  └─ c
   └─ b  (as above)
",
        );
    }

    #[test]
    fn a_service_that_calls_itself_ends() {
        let again = Step::Maybe { share: 0.5, steps: vec![call_step(0)] };
        check(&[("a", vec![again])], "users  100/s\n└─ a\n   └─ 50% a  (calls itself: as above)\n");
    }

    /// Each of 30 levels calls the next twice: a billion calls a request, 60 in the file.
    #[test]
    fn deep_and_wide_graphs_are_cut() {
        let names: Vec<String> = (0..30).map(|n| format!("s{n}")).collect();
        let services: Vec<(&str, Vec<Step>)> = (0..30)
            .map(|n| (names[n].as_str(), if n < 29 { vec![call_step(n as u32 + 1); 2] } else { Vec::new() }))
            .collect();
        let text = draw(&model(1.0, &services), &[1.0]);
        assert!(text.contains("(deeper calls are not drawn)"), "{text}");
        assert!(text.lines().count() < 60, "{text}");

        let text = draw(&model(1.0, &[("hub", vec![call_step(1); 1000]), ("leaf", Vec::new())]), &[1.0]);
        assert!(text.contains("… 977 more calls"), "{text}");
    }
}

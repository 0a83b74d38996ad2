//! The calls of an endpoint, with the chance and the number of each.

use std::fmt;

use tarsier_model::{Call, Step};

/// One place in an endpoint's steps from which a call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge<'a> {
    pub(crate) call: &'a Call,
    /// That a visit comes by here at all.
    pub(crate) chance: f64,
    /// How many times it then does so.
    pub(crate) times: u64,
    pub(crate) manner: Manner,
    /// Whether it has siblings at the same time.
    pub(crate) in_parallel: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    Call,
    Publish,
    /// Asks a cache.
    Ask,
    /// Writes back to a cache.
    Fill,
    /// Only when another call has failed.
    Fallback,
}

impl Edge<'_> {
    /// Mean calls a visit, as far as nothing fails.
    pub(crate) fn weight(&self) -> f64 {
        if self.manner == Manner::Fallback { 0.0 } else { self.chance * self.times as f64 }
    }
}

/// In the order of the steps.
pub(crate) fn edges(steps: &[Step]) -> Vec<Edge<'_>> {
    let mut edges = Vec::new();
    let start = Context { chance: 1.0, times: 1, in_parallel: false, is_fallback: false };
    collect(steps, start, &mut edges);
    edges
}

#[derive(Clone, Copy)]
struct Context {
    chance: f64,
    times: u64,
    in_parallel: bool,
    is_fallback: bool,
}

impl Context {
    fn edge<'a>(&self, call: &'a Call, manner: Manner) -> Edge<'a> {
        let manner = if self.is_fallback { Manner::Fallback } else { manner };
        Edge { call, chance: self.chance, times: self.times, manner, in_parallel: self.in_parallel }
    }

    fn with_chance(self, share: f64) -> Self {
        Context { chance: self.chance * share, ..self }
    }

    fn with_times(self, times: u32) -> Self {
        Context { times: self.times.saturating_mul(u64::from(times)), ..self }
    }
}

fn collect<'a>(steps: &'a [Step], here: Context, edges: &mut Vec<Edge<'a>>) {
    for step in steps {
        match step {
            Step::Work(_) | Step::Wait(_) | Step::Fail(_) => {}
            Step::Call(call) => {
                edges.push(here.edge(call, Manner::Call));
                if let Some(fallback) = &call.fallback {
                    collect(fallback, Context { is_fallback: true, ..here }, edges);
                }
            }
            Step::Publish(call) => edges.push(here.edge(call, Manner::Publish)),
            Step::Parallel { branches, .. } => {
                for branch in branches {
                    let inside = Context { in_parallel: true, ..here.with_times(branch.times) };
                    collect(&branch.steps, inside, edges);
                }
            }
            Step::Choose(options) => {
                options.iter().for_each(|(share, steps)| collect(steps, here.with_chance(*share), edges));
            }
            Step::Maybe { share, steps } => collect(steps, here.with_chance(*share), edges),
            Step::Repeat { times, steps } => collect(steps, here.with_times(*times), edges),
            Step::Lock { steps, .. } | Step::Conflict { steps, .. } => collect(steps, here, edges),
            Step::Cache { ask, hit, miss, fill } => {
                edges.push(here.edge(ask, Manner::Ask));
                let missed = here.with_chance(1.0 - hit);
                collect(miss, missed, edges);
                edges.extend(fill.iter().map(|fill| missed.edge(fill, Manner::Fill)));
            }
        }
    }
}

/// `in parallel, timeout 200ms, 1 retry`; nothing for a plain call.
impl fmt::Display for Edge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        match self.manner {
            Manner::Call => {}
            Manner::Publish => words.push("not waited for".to_owned()),
            Manner::Ask => words.push("cache".to_owned()),
            Manner::Fill => words.push("cache fill, not waited for".to_owned()),
            Manner::Fallback => words.push("fallback".to_owned()),
        }
        if self.in_parallel {
            words.push("in parallel".to_owned());
        }
        let policy = &self.call.policy;
        words.extend(policy.timeout.map(|timeout| format!("timeout {timeout}")));
        words.extend(policy.retry.as_ref().map(|retry| match retry.attempts {
            1 => "1 retry".to_owned(),
            n => format!("{n} retries"),
        }));
        words.extend(policy.deadline.map(|deadline| format!("deadline {}", deadline.after)));
        let protections = [
            (policy.hedge.is_some(), "hedged"),
            (policy.breaker.is_some(), "breaker"),
            (policy.throttle.is_some(), "throttle"),
        ];
        words.extend(protections.into_iter().filter(|(has, _)| *has).map(|(_, word)| word.to_owned()));
        if self.call.optional {
            words.push("optional".to_owned());
        }
        f.write_str(&words.join(", "))
    }
}

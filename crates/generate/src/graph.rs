//! Call graphs after published statistics: services in layers, each calling some of the layers below.

use std::ops::Range;

use tarsier_random::{Stream, num};

use crate::blueprint::{Blueprint, Service, Step, To, shares};
use crate::published::{ALIBABA, META, Quantiles, Statistics};
use crate::size::{BUSY, Made, by_work, can_place, fitting_speed, readable, shared_out};
use crate::{MOST_INSTANCES, Order, Refusal, Shape, place};

/// One that users call, one in between, one that calls nobody.
const LEAST_SERVICES: u32 = 3;
/// Between users' services and leaves: what bounds the depth of a request.
const LAYERS: usize = 8;
/// No service calls more than this share of all: who calls thousands does so among tens of thousands.
const MOST_CALLED: f64 = 0.1;
/// Of a visit, on average.
const WORK_S: f64 = 10e-3;
/// The standard deviation of the logarithm of a service's work.
const SPREAD: f64 = 0.8;
/// Services that hardly anybody calls have few instances, not endless work.
const MOST_WORK_S: f64 = 20.0 * WORK_S;

pub(crate) fn made(order: &Order) -> Result<Made, Refusal> {
    if order.services < LEAST_SERVICES {
        return Err(Refusal::TooFewServices { asked: order.services, least: LEAST_SERVICES });
    }
    let (name, statistics) = match order.shape {
        Shape::Alibaba => ("alibaba", &ALIBABA),
        _ => ("meta", &META),
    };
    let graph = Graph::drawn(statistics, order.services as usize, &|purpose| {
        Stream::named(order.seed, &["generate", name, purpose], &[])
    });
    let mut stream = Stream::named(order.seed, &["generate", name, "services"], &[]);
    let blueprint = blueprint(name, &graph, statistics, &mut stream);
    let usual = (statistics.instances_mean * f64::from(order.services)).min(f64::from(MOST_INSTANCES)) as u32;
    match &statistics.instances {
        None => by_work(blueprint, order, usual),
        Some(law) => by_law(blueprint, law, order, usual, &mut stream),
    }
}

/// Who calls whom.
struct Graph {
    /// Of each service, in this order; users' are in the first, leaves in the last.
    layer: Vec<usize>,
    callees: Vec<Vec<usize>>,
}

impl Graph {
    fn drawn(statistics: &Statistics, n: usize, stream: &dyn Fn(&str) -> Stream) -> Graph {
        let layer = layers(statistics, n);
        let first_leaf = layer.partition_point(|it| *it <= LAYERS);
        let mut fan = stream("fan-out");
        let most = (n as f64 * MOST_CALLED).max(1.0);
        let fan_out = |_| statistics.fan_out.at(fan.unit()).min(most).round() as usize;
        let fan_out: Vec<usize> = (0..first_leaf).map(fan_out).collect();
        let mut graph = Graph { layer, callees: vec![Vec::new(); n] };
        graph.call_everybody(&fan_out, &mut stream("callers"));
        graph.call_more(statistics, &fan_out, stream);
        graph.callees.iter_mut().for_each(|callees| callees.sort_unstable());
        graph
    }

    /// Where what stands below a service begins.
    fn below(&self, at: usize) -> usize {
        self.layer.partition_point(|layer| *layer <= self.layer[at])
    }

    /// Somebody above calls each service, most likely who is to call many.
    fn call_everybody(&mut self, fan_out: &[usize], stream: &mut Stream) {
        let mut left = fan_out.to_vec();
        let first = self.below(0);
        for at in first..self.layer.len() {
            let above = &left[..self.layer.partition_point(|layer| *layer < self.layer[at])];
            let mut which = stream.below(above.iter().sum::<usize>() as u32) as usize;
            let caller = above.iter().position(|left| {
                let is_it = which < *left;
                which = which.saturating_sub(*left);
                is_it
            });
            let caller = caller.unwrap_or_else(|| stream.below(above.len() as u32) as usize);
            left[caller] = left[caller].saturating_sub(1);
            self.callees[caller].push(at);
        }
    }

    /// Who is to call more calls whom many call.
    fn call_more(&mut self, statistics: &Statistics, fan_out: &[usize], stream: &dyn Fn(&str) -> Stream) {
        let (first_leaf, n) = (fan_out.len(), self.layer.len());
        let mut popularity = stream("popularity");
        let weights: Vec<f64> = (0..n).map(|_| statistics.popularity.at(popularity.unit())).collect();
        let mut calls = stream("callees");
        for (from, fan_out) in fan_out.iter().enumerate() {
            let (below, own) = (self.below(from), &self.callees[from]);
            let left = fan_out.saturating_sub(own.len());
            let pick = |from: Range<usize>, n, calls: &mut Stream| {
                picked(&weights, from.filter(|at| !own.contains(at)), n, calls)
            };
            let more = match statistics.to_leaves {
                None => pick(below..n, left, &mut calls),
                Some(share) => {
                    let wanted = (0..*fan_out).filter(|_| calls.chance(share)).count();
                    let n_leaves = wanted.saturating_sub(own.iter().filter(|to| **to >= first_leaf).count());
                    let others = pick(below..first_leaf, left.saturating_sub(n_leaves), &mut calls);
                    let n_leaves = left - others.len();
                    [others, pick(first_leaf..n, n_leaves, &mut calls)].concat()
                }
            };
            self.callees[from].extend(more);
        }
    }
}

fn layers(statistics: &Statistics, n: usize) -> Vec<usize> {
    let share = |share: f64| ((share * n as f64).round() as usize).max(1);
    let (entries, leaves) = (share(statistics.entries), share(statistics.leaves));
    let between = n.saturating_sub(entries + leaves).max(1);
    let layer = |at: usize| match at {
        at if at < entries => 0,
        at if at < entries + between => 1 + (at - entries) * LAYERS / between,
        _ => LAYERS + 1,
    };
    (0..n).map(layer).collect()
}

/// Some different ones, the more popular the likelier: the first to ring, each at its rate.
fn picked(weights: &[f64], from: impl Iterator<Item = usize>, n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut rings: Vec<(f64, usize)> = from.map(|at| (stream.exp1() / weights[at], at)).collect();
    let n = n.min(rings.len());
    if n < rings.len() {
        rings.select_nth_unstable_by(n, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        rings.truncate(n);
    }
    rings.into_iter().map(|(_, at)| at).collect()
}

fn blueprint(name: &str, graph: &Graph, statistics: &Statistics, stream: &mut Stream) -> Blueprint {
    let n_entries = graph.layer.partition_point(|layer| *layer == 0);
    let services = (0..graph.layer.len()).map(|at| service(graph, statistics, at, stream)).collect();
    // Entries by rank, the first asked for most: Zipf's law.
    let weights: Vec<f64> = (1..=n_entries).map(|rank| 1.0 / rank as f64).collect();
    let entries = (0..n_entries).map(To::service);
    Blueprint {
        name: name.to_owned(),
        description: format!(
            "{} services, who call each other as published of {}",
            graph.layer.len(),
            statistics.of
        ),
        regions: place::regions(1, 3),
        network: Vec::new(),
        services,
        mix: shares(&weights).into_iter().zip(entries).collect(),
        by_zone: false,
    }
}

fn service(graph: &Graph, statistics: &Statistics, at: usize, stream: &mut Stream) -> Service {
    let layer = graph.layer[at];
    let (kind, word) = match layer {
        0 => ("gateway", "entry"),
        layer if layer <= LAYERS => ("service", "logic"),
        _ if stream.chance(0.5) => ("store", "store"),
        _ => ("cache", "cache"),
    };
    let mean_s = WORK_S * num::exp(SPREAD * stream.normal() - SPREAD * SPREAD / 2.0);
    let mut steps = vec![Step::Work { mean_s, cv: None }];
    steps.extend(calls(&graph.callees[at], statistics.at_once));
    let width = graph.layer.len().to_string().len();
    Service::new(format!("{word}-{at:0width$}"), kind, steps)
}

/// Calls all at once, or, if there are too many, one of each of several parts.
fn calls(callees: &[usize], at_once: usize) -> Option<Step> {
    let mut hands = vec![Vec::new(); at_once.min(callees.len())];
    let n = hands.len();
    callees.iter().enumerate().for_each(|(at, to)| hands[at % n].push(To::service(*to)));
    let one_of = |hand: Vec<To>| match hand[..] {
        [to] => Step::Call(to),
        _ => Step::Choose(shares(&vec![1.0; hand.len()]).into_iter().zip(hand).collect()),
    };
    match n {
        0 => None,
        1 => hands.pop().map(one_of),
        _ => Some(Step::Parallel(hands.into_iter().map(one_of).collect())),
    }
}

/// Gives services instances after a law, the most to those with the most to do, and to each so much work that they are
/// busy with it.
fn by_law(
    mut blueprint: Blueprint,
    law: &Quantiles,
    order: &Order,
    usual: u32,
    stream: &mut Stream,
) -> Result<Made, Refusal> {
    let visits: Vec<f64> = blueprint.visits().into_iter().map(|of| of.iter().sum()).collect();
    let all: f64 = visits.iter().sum();
    let total = match (order.instances, order.rate_per_s) {
        (Some(asked), _) => f64::from(asked),
        (None, None) => f64::from(usual),
        (None, Some(rate)) => (rate * all * WORK_S / BUSY).ceil().max(visits.len() as f64),
    };
    if total > f64::from(MOST_INSTANCES) {
        return Err(Refusal::TooManyInstances { needed: total });
    }
    can_place(total as u32, &blueprint)?;
    let mut drawn: Vec<f64> = visits.iter().map(|_| law.at(stream.unit())).collect();
    drawn.sort_by(|a, b| b.total_cmp(a));
    let mut by_visits: Vec<usize> = (0..visits.len()).collect();
    by_visits.sort_by(|a, b| visits[*b].total_cmp(&visits[*a]).then(a.cmp(b)));
    let mut instances = vec![0; visits.len()];
    for (at, n) in by_visits.into_iter().zip(shared_out(&drawn, total as u64)) {
        instances[at] = n;
    }
    let usual_per_s = readable(BUSY * total / (all * WORK_S));
    for (at, service) in blueprint.services.iter_mut().enumerate() {
        let work_s = BUSY * instances[at] as f64 / (usual_per_s * visits[at]);
        service.endpoints[0].steps[0] = Step::Work { mean_s: work_s.min(MOST_WORK_S), cv: None };
    }
    let rate_per_s = order.rate_per_s.unwrap_or(usual_per_s);
    let is_sized = order.instances.is_none() || order.rate_per_s.is_none();
    let speed = if is_sized { 1.0 } else { fitting_speed(&instances, rate_per_s, usual_per_s)? };
    Ok(Made { blueprint, instances, rate_per_s, speed })
}

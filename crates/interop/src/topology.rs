//! An architecture as it is drawn: users and services, who talks to whom, and where each stands.

use std::collections::BTreeMap;

use tarsier_layout::Layout;
use tarsier_model::{CallPolicy, EndpointId, Model, SealedModel, WorkloadId};
use tarsier_units::Id;

use crate::graph::each_call;

/// Nodes are numbered: workloads first, then services, both in the order of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Topology {
    /// By node.
    pub layout: Layout,
    /// Each pair of nodes once, in order; who calls itself has an edge to itself.
    pub edges: Vec<Edge>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// Nodes.
    pub from: usize,
    pub to: usize,
    pub carries: Carries,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Carries {
    /// From users: which share of their requests goes to which endpoint.
    Mix { of: WorkloadId, shares: Vec<(EndpointId, f64)> },
    /// Distinct pairs of endpoints, in order; `awaited` if some wait for an answer.
    Calls { pairs: Vec<(EndpointId, EndpointId)>, awaited: bool },
}

impl Topology {
    pub fn of(model: &SealedModel) -> Topology {
        let n_users = model.workloads.len();
        let edges: Vec<Edge> = from_users(model).into_iter().chain(between_services(model)).collect();
        let pairs: Vec<_> = edges.iter().map(|edge| (edge.from as u32, edge.to as u32)).collect();
        let layout = tarsier_layout::layout(n_users + model.services.len(), n_users, &pairs);
        Topology { layout, edges }
    }

    /// By edge, what those do about their calls who wait for an answer.
    pub fn policies<'m>(&self, model: &'m Model) -> Vec<Vec<&'m CallPolicy>> {
        let n_users = model.workloads.len();
        let of_users = |edge: &Edge| match &edge.carries {
            Carries::Mix { of, .. } => vec![&model.workloads[*of].policy],
            Carries::Calls { .. } => Vec::new(),
        };
        let mut policies: Vec<_> = self.edges.iter().map(of_users).collect();
        let ends = self.edges.iter().map(|edge| [edge.from, edge.to]);
        let edges: BTreeMap<[usize; 2], usize> = ends.zip(0..).collect();
        for endpoint in model.endpoints.iter() {
            each_call(&endpoint.steps, &mut |call, waits| {
                let services = [endpoint.service, model.endpoints[call.to].service];
                let at = edges[&services.map(|service| n_users + service.index())];
                policies[at].extend(waits.then_some(&*call.policy));
            });
        }
        policies
    }
}

impl Edge {
    /// `web/home -> catalog/list`, for each pair that it stands for.
    pub fn labels(&self, model: &Model) -> Vec<String> {
        let label = |endpoint: &EndpointId| model.endpoint_label(*endpoint);
        match &self.carries {
            Carries::Mix { of, shares } => {
                let users = &model.workloads[*of].name;
                shares.iter().map(|(to, _)| format!("{users} -> {}", label(to))).collect()
            }
            Carries::Calls { pairs, .. } => {
                pairs.iter().map(|(from, to)| format!("{} -> {}", label(from), label(to))).collect()
            }
        }
    }
}

fn from_users(model: &Model) -> Vec<Edge> {
    let n_users = model.workloads.len();
    let mut edges = Vec::new();
    for (of, workload) in model.workloads.entries() {
        let mut targets: BTreeMap<usize, BTreeMap<EndpointId, f64>> = BTreeMap::new();
        for (share, endpoint) in &workload.mix {
            let to = n_users + model.endpoints[*endpoint].service.index();
            *targets.entry(to).or_default().entry(*endpoint).or_default() += share;
        }
        edges.extend(targets.into_iter().map(|(to, shares)| {
            let carries = Carries::Mix { of, shares: shares.into_iter().collect() };
            Edge { from: of.index(), to, carries }
        }));
    }
    edges
}

fn between_services(model: &Model) -> Vec<Edge> {
    let n_users = model.workloads.len();
    let mut calls: BTreeMap<[usize; 2], BTreeMap<(EndpointId, EndpointId), bool>> = BTreeMap::new();
    for (from, endpoint) in model.endpoints.entries() {
        each_call(&endpoint.steps, &mut |call, waits| {
            let services = [endpoint.service, model.endpoints[call.to].service];
            let pairs = calls.entry(services.map(|service| n_users + service.index())).or_default();
            *pairs.entry((from, call.to)).or_default() |= waits;
        });
    }
    let edge = |([from, to], pairs): ([usize; 2], BTreeMap<_, bool>)| {
        let awaited = pairs.values().any(|waits| *waits);
        Edge { from, to, carries: Carries::Calls { pairs: pairs.into_keys().collect(), awaited } }
    };
    calls.into_iter().map(edge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
architecture: a
services:
  web: { endpoints: { home: [work: 1ms, call: db/get, call: db/get, call: web/help], help: [call: db/put] } }
  db: { endpoints: { get: [work: 1ms], put: [publish: log] } }
  log: { do: [work: 1ms] }
workload:
  people: { rate: 1/s, mix: { web/home: 75%, db/get: 20%, web/help: 5% } }
  robots: { rate: 1/s, to: web/home }
";

    fn model() -> SealedModel {
        let loaded = tarsier_language::load("a", TEXT.as_bytes());
        loaded.model.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
    }

    #[test]
    fn calls_are_gathered_by_service() {
        let model = model();
        let topology = Topology::of(&model);
        let edges: Vec<_> = (topology.edges.iter())
            .map(|edge| (edge.from, edge.to, edge.labels(&model).join(", ")))
            .collect();
        let expected = [
            (0, 2, "people -> web/home, people -> web/help"),
            (0, 3, "people -> db/get"),
            (1, 2, "robots -> web/home"),
            (2, 2, "web/home -> web/help"),
            (2, 3, "web/home -> db/get, web/help -> db/put"),
            (3, 4, "db/put -> log"),
        ];
        assert_eq!(edges, expected.map(|(from, to, calls)| (from, to, calls.to_owned())));
        let layers: Vec<_> = topology.layout.spots.iter().map(|spot| spot.layer).collect();
        assert_eq!(layers, [0, 0, 1, 2, 3]);
    }

    #[test]
    fn users_go_by_their_shares_and_messages_wait_for_nobody() {
        let topology = Topology::of(&model());
        let Carries::Mix { shares, .. } = &topology.edges[0].carries else { panic!("they are users") };
        assert_eq!(shares.iter().map(|(_, share)| *share).collect::<Vec<_>>(), [0.75, 0.05]);
        let Carries::Calls { awaited, .. } = topology.edges[5].carries else { panic!("it is a service") };
        assert!(!awaited);
    }
}

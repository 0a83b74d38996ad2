//! Where everything stands, what is connected, and which counts belong to which node and edge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use tarsier_interop::topology::{self, Carries};
use tarsier_language::policy;
use tarsier_model::{CallPolicy, Kind, Model, SealedModel, Service, Workload};
use tarsier_units::Id;

use crate::session::totals::Count;

/// Workloads come first among the nodes, then services.
pub(crate) struct Topology {
    pub(crate) value: Value,
    pub(crate) n_workloads: usize,
    /// Of nodes and edges, as they are called in requests.
    names: Vec<String>,
    edges: Vec<Edge>,
    /// Of each workload the edges of its destinations.
    of_users: Vec<Vec<usize>>,
    /// The edge of each call of an outcome.
    of_call: Vec<usize>,
    /// Which calls are the first of their edges.
    is_first_call: Vec<bool>,
    cores: Vec<f64>,
}

/// From which node to which.
type Edge = (usize, usize);

/// A row of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Row {
    Node(usize),
    Edge(usize),
}

impl Topology {
    pub(crate) fn of(model: &SealedModel) -> Topology {
        let found = topology::Topology::of(model);
        let value = value(model, &found);
        let n_workloads = model.workloads.len();
        let edges: Vec<Edge> = found.edges.iter().map(|edge| (edge.from, edge.to)).collect();
        let at: BTreeMap<Edge, usize> = edges.iter().copied().zip(0..).collect();
        let node_of = |endpoint| n_workloads + model.endpoints[endpoint].service.index();
        let of_users = (model.workloads.entries())
            .map(|(id, workload)| {
                workload.mix.iter().map(|(_, to)| at[&(id.index(), node_of(*to))]).collect()
            })
            .collect();
        let calls = tarsier_lab::calls(model).into_iter();
        let of_call: Vec<usize> = calls.map(|(from, to)| at[&(node_of(from), node_of(to))]).collect();
        let mut seen = BTreeSet::new();
        let is_first_call = of_call.iter().map(|edge| seen.insert(*edge)).collect();
        let workloads = model.workloads.iter().map(|it| it.name.clone());
        Topology {
            value,
            n_workloads,
            names: workloads.chain(model.services.iter().map(|it| it.name.clone())).collect(),
            edges,
            of_users,
            of_call,
            is_first_call,
            cores: model.services.iter().map(|service| f64::from(service.cores)).collect(),
        }
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn n_edges(&self) -> usize {
        self.edges.len()
    }

    pub(crate) fn node_of_service(&self, at: usize) -> usize {
        self.n_workloads + at
    }

    pub(crate) fn edge_of_call(&self, at: usize) -> usize {
        self.of_call[at]
    }

    pub(crate) fn is_first_call(&self, at: usize) -> bool {
        self.is_first_call[at]
    }

    /// The edges of a workload's destinations, in the order of its mix.
    pub(crate) fn edges_of_users(&self, at: usize) -> &[usize] {
        &self.of_users[at]
    }

    /// `web`, or `web->db`; a service before users of the same name.
    pub(crate) fn row(&self, name: &str) -> Option<Row> {
        let node = |name: &str| self.names.iter().rposition(|it| it == name.trim());
        if let Some(at) = node(name) {
            return Some(Row::Node(at));
        }
        let (from, to) = name.split_once("->")?;
        // Users and a service may have the same name, but only one of them has such an edge to another.
        let is_named = |edge: &Edge| self.names[edge.0] == from.trim() && self.names[edge.1] == to.trim();
        self.edges.iter().position(is_named).map(Row::Edge)
    }

    /// Counts of the destinations of all workloads, and of all calls, to those of edges.
    pub(crate) fn edges(
        &self,
        destinations: impl Iterator<Item = Count>,
        calls: impl Iterator<Item = Count>,
    ) -> Vec<Count> {
        let mut edges = vec![Count::default(); self.edges.len()];
        let of_users = destinations.zip(self.of_users.iter().flatten());
        for (count, at) in of_users.chain(calls.zip(&self.of_call)) {
            edges[*at].add(&count);
        }
        edges
    }

    pub(crate) fn cores(&self, service: usize) -> f64 {
        self.cores[service]
    }
}

fn value(model: &Model, found: &topology::Topology) -> Value {
    let regions = model.regions.entries().map(|(id, region)| {
        let zones = model.zones.entries().filter(|(_, zone)| zone.region == id).map(|(id, _)| id.index());
        json!({ "name": region.name, "zones": zones.collect::<Vec<_>>() })
    });
    let zones = model.zones.iter().map(|it| json!({ "name": it.name, "region": it.region.index() }));
    let own = model.workloads.iter().map(users).chain(model.services.iter().map(service));
    let nodes = own.zip(&found.layout.spots).map(|(mut node, spot)| {
        node.extend([
            ("layer".to_owned(), spot.layer.into()),
            ("x".to_owned(), spot.x.into()),
            ("y".to_owned(), spot.y.into()),
        ]);
        Value::Object(node)
    });
    let edges = found.edges.iter().zip(found.policies(model)).map(|(edge, policies)| {
        let awaited = !matches!(edge.carries, Carries::Calls { awaited: false, .. });
        let ends =
            json!({ "from": edge.from, "to": edge.to, "calls": edge.labels(model), "awaited": awaited });
        with_policy(ends, &policies)
    });
    json!({
        "name": model.name,
        "regions": regions.collect::<Vec<_>>(),
        "zones": zones.collect::<Vec<_>>(),
        "nodes": nodes.collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "width": found.layout.width,
        "height": found.layout.height,
    })
}

fn users(workload: &Workload) -> Map<String, Value> {
    let node = json!({ "kind": "users", "name": workload.name, "instances": 0, "zones": [], "cores": null,
        "workers": null, "queue": null, "store": false });
    with_policy(node, &[&workload.policy])
}

/// As a file would say it; null where not all do the same.
fn with_policy(of: Value, policies: &[&CallPolicy]) -> Map<String, Value> {
    let mut of = object(of);
    of.extend([
        ("timeout".to_owned(), common(policies, |it| &it.timeout, |it| policy::timeout(*it)).into()),
        ("retry".to_owned(), common(policies, |it| &it.retry, |it| policy::retry(it.as_ref())).into()),
        ("breaker".to_owned(), common(policies, |it| &it.breaker, |it| policy::breaker(it.as_ref())).into()),
    ]);
    of
}

fn common<T: PartialEq>(
    policies: &[&CallPolicy],
    part: impl Fn(&CallPolicy) -> &T,
    text: impl Fn(&T) -> String,
) -> Option<String> {
    let (first, others) = policies.split_first()?;
    others.iter().all(|other| part(other) == part(first)).then(|| text(part(first)))
}

fn service(service: &Service) -> Map<String, Value> {
    let mut zones: BTreeMap<usize, usize> = BTreeMap::new();
    service.instances.iter().for_each(|zone| *zones.entry(zone.index()).or_default() += 1);
    object(json!({
        "kind": "service",
        "name": service.name,
        "instances": service.instances.len(),
        "zones": zones.into_iter().collect::<Vec<_>>(),
        "cores": service.cores,
        "workers": service.workers,
        "queue": service.queue,
        "store": matches!(service.kind, Kind::Store | Kind::ReplicatedStore | Kind::Cache),
        "role": service.kind.name(),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it is written as one"),
    }
}

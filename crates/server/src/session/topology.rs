//! Where everything stands, and what is connected.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tarsier_model::{EndpointId, Model, ServiceId};
use tarsier_units::Id;

/// Workloads come first among the nodes, then services; edges in the order of who calls, then whom.
pub(crate) struct Topology {
    pub(crate) value: Value,
    pub(crate) n_workloads: usize,
    edges: BTreeMap<(usize, usize), Vec<String>>,
    n_nodes: usize,
    /// The edge of each call of an outcome.
    pub(crate) of_call: Vec<usize>,
    /// The edges of each workload, and which share of its requests goes there.
    pub(crate) of_workload: Vec<Vec<(usize, f64)>>,
}

impl Topology {
    pub(crate) fn of(model: &tarsier_model::SealedModel) -> Topology {
        let n_workloads = model.workloads.len();
        let node = |service: ServiceId| n_workloads + service.index();
        let to_node = |to: EndpointId| node(model.endpoints[to].service);
        let mut edges: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
        for (id, workload) in model.workloads.entries() {
            for (_, to) in &workload.mix {
                let label = format!("{} -> {}", workload.name, model.endpoint_label(*to));
                edges.entry((id.index(), to_node(*to))).or_default().push(label);
            }
        }
        let calls = tarsier_lab::calls(model);
        for (from, to) in &calls {
            let label = format!("{} -> {}", model.endpoint_label(*from), model.endpoint_label(*to));
            edges.entry((to_node(*from), to_node(*to))).or_default().push(label);
        }
        let place = |pair: (usize, usize)| edges.keys().position(|it| *it == pair).expect("it is one");
        let of_call = calls.iter().map(|(from, to)| place((to_node(*from), to_node(*to)))).collect();
        let of_workload = model.workloads.entries().map(|(id, workload)| {
            workload.mix.iter().map(|(share, to)| (place((id.index(), to_node(*to))), *share)).collect()
        });
        let of_workload = of_workload.collect();
        let n_nodes = n_workloads + model.services.len();
        let layers = layers(n_nodes, n_workloads, &edges);
        let value = value(model, &edges, &layers);
        Topology { value, n_workloads, edges, n_nodes, of_call, of_workload }
    }

    pub(crate) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    pub(crate) fn n_edges(&self) -> usize {
        self.edges.len()
    }
}

/// How many calls away from the users each node is at least.
fn layers(n_nodes: usize, n_workloads: usize, edges: &BTreeMap<(usize, usize), Vec<String>>) -> Vec<usize> {
    let mut layers: Vec<Option<usize>> = (0..n_nodes).map(|at| (at < n_workloads).then_some(0)).collect();
    for layer in 0..n_nodes {
        let mut any = false;
        for (from, to) in edges.keys() {
            if layers[*from] == Some(layer) && layers[*to].is_none() {
                layers[*to] = Some(layer + 1);
                any = true;
            }
        }
        if !any {
            break;
        }
    }
    layers.into_iter().map(|layer| layer.unwrap_or(1)).collect()
}

fn value(model: &Model, edges: &BTreeMap<(usize, usize), Vec<String>>, layers: &[usize]) -> Value {
    let regions = model.regions.entries().map(|(id, region)| {
        let zones = model.zones.entries().filter(|(_, zone)| zone.region == id).map(|(id, _)| id.index());
        json!({ "name": region.name, "zones": zones.collect::<Vec<_>>() })
    });
    let zones = model.zones.iter().map(|it| json!({ "name": it.name, "region": it.region.index() }));
    let mut in_layer: BTreeMap<usize, usize> = BTreeMap::new();
    let mut place = |at: usize| {
        let y = in_layer.entry(layers[at]).or_default();
        *y += 1;
        (layers[at] as f64 * 2.0, *y as f64 - 1.0)
    };
    let mut nodes: Vec<Value> = Vec::new();
    for workload in model.workloads.iter() {
        let (x, y) = place(nodes.len());
        nodes.push(json!({ "kind": "users", "name": workload.name, "instances": 0, "zones": [],
            "layer": 0, "x": x, "y": y, "cores": null, "workers": null, "store": false, "about": {} }));
    }
    for service in model.services.iter() {
        let (x, y) = place(nodes.len());
        let mut zones: BTreeMap<usize, usize> = BTreeMap::new();
        service.instances.iter().for_each(|zone| *zones.entry(zone.index()).or_default() += 1);
        nodes.push(json!({ "kind": "service", "name": service.name, "instances": service.instances.len(),
            "zones": zones.into_iter().collect::<Vec<_>>(), "layer": layers[nodes.len()], "x": x, "y": y,
            "cores": service.cores, "workers": service.workers, "store": false, "about": {} }));
    }
    let width = layers.iter().max().copied().unwrap_or(0) as f64 * 2.0;
    let height = in_layer.values().max().copied().unwrap_or(1) as f64 - 1.0;
    let edges = edges.iter().map(|((from, to), calls)| json!({ "from": from, "to": to, "calls": calls }));
    json!({ "name": model.name, "regions": regions.collect::<Vec<_>>(), "zones": zones.collect::<Vec<_>>(),
        "nodes": nodes, "edges": edges.collect::<Vec<_>>(), "width": width, "height": height })
}

//! How large an architecture is, service by service.

use serde_json::{Map, Value, json};
use tarsier_units::Id;

use crate::graph::Graph;

/// Of one service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Size {
    pub service: String,
    pub instances: u64,
    /// From its instances to others.
    pub edges: u64,
}

impl Graph<'_> {
    /// Of each service, in the order of the file.
    pub fn sizes(&self) -> Vec<Size> {
        let mut edges = vec![0; self.model.services.len()];
        self.calls.iter().for_each(|calls| edges[calls.from.index()] += self.n_edges_of(calls));
        let services = self.model.services.iter().zip(edges);
        services
            .map(|(service, edges)| Size {
                service: service.name.clone(),
                instances: service.instances.len() as u64,
                edges,
            })
            .collect()
    }
}

/// As a document, with a line end.
pub fn sizes_json(architecture: &str, sizes: &[Size]) -> String {
    let row =
        |size: &Size| (size.service.clone(), json!({ "instances": size.instances, "edges": size.edges }));
    let document = json!({
        "architecture": architecture,
        "services": sizes.len(),
        "instances": sizes.iter().map(|size| size.instances).sum::<u64>(),
        "edges": sizes.iter().map(|size| size.edges).sum::<u64>(),
        "by_service": Value::Object(sizes.iter().map(row).collect::<Map<_, _>>()),
    });
    serde_json::to_string_pretty(&document).expect("a document of strings and numbers") + "\n"
}

//! The way back: where the parts of a model stand in the file.

use tarsier_model::{EndpointId, ServiceId, WorkloadId};
use tarsier_units::Id;

use crate::place::Place;

/// Of a model that was loaded; asking for a part it does not have is a bug.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub(crate) services: Vec<Place>,
    pub(crate) endpoints: Vec<Place>,
    pub(crate) workloads: Vec<Place>,
    /// Of each endpoint, in the order of [`tarsier_model::Endpoint::calls`].
    pub(crate) calls: Vec<Vec<Place>>,
    /// Of each workload, in the order of its mix.
    pub(crate) destinations: Vec<Vec<Place>>,
    /// The rules of the segmentation.
    pub(crate) rules: Vec<Place>,
}

impl Places {
    pub fn service(&self, id: ServiceId) -> Place {
        self.services[id.index()]
    }

    pub fn endpoint(&self, id: EndpointId) -> Place {
        self.endpoints[id.index()]
    }

    pub fn workload(&self, id: WorkloadId) -> Place {
        self.workloads[id.index()]
    }

    /// The `number`-th call of an endpoint, as [`tarsier_model::Endpoint::calls`] has them.
    pub fn call(&self, from: EndpointId, number: usize) -> Place {
        self.calls[from.index()][number]
    }

    /// The `number`-th entry of a workload's mix.
    pub fn destination(&self, from: WorkloadId, number: usize) -> Place {
        self.destinations[from.index()][number]
    }

    /// The `number`-th rule of the segmentation.
    pub fn rule(&self, number: usize) -> Place {
        self.rules[number]
    }

    pub(crate) fn begin_endpoint(&mut self) {
        self.calls.push(Vec::new());
    }

    /// A call of the endpoint that was begun last. Steps of `defaults` belong to none.
    pub(crate) fn add_call(&mut self, place: Place) {
        if let Some(calls) = self.calls.last_mut() {
            calls.push(place);
        }
    }
}

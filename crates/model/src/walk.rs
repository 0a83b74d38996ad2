//! Going through the steps of an endpoint.

use tarsier_units::Id;

use crate::{Call, Endpoint, EndpointId, Model, Step};

impl Model {
    /// For each endpoint, whether calls lead to it from these, or it is one of them.
    pub fn reached(&self, from: impl IntoIterator<Item = EndpointId>) -> Vec<bool> {
        let mut reached = vec![false; self.endpoints.len()];
        let mut open: Vec<EndpointId> = from.into_iter().collect();
        while let Some(endpoint) = open.pop() {
            if !std::mem::replace(&mut reached[endpoint.index()], true) {
                open.extend(self.endpoints[endpoint].calls().iter().map(|call| call.to));
            }
        }
        reached
    }
}

impl Endpoint {
    /// Every call that the steps can make, in their order: a call before its fallback; a cache's question before what is
    /// done on a miss, and that before the fill.
    pub fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        collect_calls(&self.steps, &mut calls);
        calls
    }

    /// Whether some step needs a core.
    pub fn works(&self) -> bool {
        works(&self.steps)
    }

    /// Whether some step waits for an answer of that endpoint.
    pub fn waits_for(&self, to: EndpointId) -> bool {
        waits_for(&self.steps, to)
    }
}

fn works(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::Work(_)) || step.inner().into_iter().any(works))
}

fn waits_for(steps: &[Step], to: EndpointId) -> bool {
    steps.iter().any(|step| {
        let here = matches!(step, Step::Call(call) | Step::Cache { ask: call, .. } if call.to == to);
        here || step.inner().into_iter().any(|inner| waits_for(inner, to))
    })
}

fn collect_calls<'a>(steps: &'a [Step], calls: &mut Vec<&'a Call>) {
    for step in steps {
        match step {
            Step::Call(call) | Step::Publish(call) | Step::Cache { ask: call, .. } => calls.push(call),
            _ => {}
        }
        step.inner().into_iter().for_each(|inner| collect_calls(inner, calls));
        if let Step::Cache { fill: Some(fill), .. } = step {
            calls.push(fill);
        }
    }
}

impl Step {
    /// The lists of steps inside a step.
    pub fn inner(&self) -> Vec<&[Step]> {
        match self {
            Step::Work(_) | Step::Wait(_) | Step::Fail(_) | Step::Publish(_) => Vec::new(),
            Step::Call(call) => call.fallback.iter().map(Vec::as_slice).collect(),
            Step::Parallel { branches, .. } => {
                branches.iter().map(|branch| branch.steps.as_slice()).collect()
            }
            Step::Choose(options) => options.iter().map(|(_, steps)| steps.as_slice()).collect(),
            Step::Maybe { steps, .. }
            | Step::Repeat { steps, .. }
            | Step::Lock { steps, .. }
            | Step::Conflict { steps, .. } => vec![steps],
            Step::Cache { miss, .. } => vec![miss],
        }
    }
}

//! What only some instances have: locks.

use crate::lock::Lock;
use crate::partition::{Partition, World};
use crate::plan::{NONE, ServicePlan};

#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) locks: Vec<Lock>,
}

impl Guard {
    fn new(plan: &ServicePlan) -> Guard {
        Guard { locks: plan.locks.iter().map(|permits| Lock::new(*permits)).collect() }
    }
}

impl Partition {
    /// The index of a new instance's guard, if its service has one.
    pub(crate) fn add_guard(&mut self, plan: &ServicePlan) -> u32 {
        if plan.locks.is_empty() {
            return NONE;
        }
        self.guards.push(Guard::new(plan));
        (self.guards.len() - 1) as u32
    }

    /// An instance has lost everybody who was on it, and what it had learnt.
    pub(crate) fn reset_guard(&mut self, world: World<'_>, at: usize) {
        let instance = &self.instances[at];
        if instance.guard != NONE {
            let plan = &world.plan.services[instance.service as usize];
            self.guards[instance.guard as usize] = Guard::new(plan);
        }
    }
}

//! How important a request is: as its call says, otherwise as the request that makes the call.

use tarsier_model::Priority;

use crate::partition::{Partition, World};

impl Partition {
    pub(crate) fn priority_of(&self, world: World<'_>, task: u32) -> Priority {
        self.site_of(world, task).priority.unwrap_or_default()
    }
}

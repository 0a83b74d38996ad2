//! Every stay of a request on an instance, one by one, for who asks: to compare with another simulator customer by
//! customer. Off unless a [`Watch`](crate::Watch) wants it; then memory grows with requests between two boundaries.

use crate::config::Visit;
use crate::outcome::VisitEnd;
use crate::partition::{Partition, World};

/// Of one partition.
#[derive(Default)]
pub(crate) struct Visits {
    /// What the steps drew so far, by the record of the request.
    demand: Vec<u64>,
    ended: Vec<Visit>,
}

impl Visits {
    /// Records are used again: what was drawn for an earlier request is forgotten.
    #[cold]
    pub(crate) fn begin(&mut self, task: u32) {
        self.demand.resize(self.demand.len().max(task as usize + 1), 0);
        self.demand[task as usize] = 0;
    }

    /// A branch of a parallel step has a record of its own, which nobody asks about.
    #[cold]
    pub(crate) fn draw(&mut self, task: u32, nanos: u64) {
        if let Some(demand) = self.demand.get_mut(task as usize) {
            *demand += nanos;
        }
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Visit> + '_ {
        self.ended.drain(..)
    }
}

impl Partition {
    #[cold]
    pub(crate) fn visit_ends(&mut self, world: World<'_>, task: u32, end: VisitEnd) {
        let Some(visits) = &mut self.visits else { return };
        let record = &self.tasks[task];
        visits.ended.push(Visit {
            service: world.plan.service_of[record.instance as usize] as usize,
            instance: world.plan.number_of[record.instance as usize],
            arrived_ns: record.arrived,
            queue_ns: record.queued,
            demand_ns: visits.demand[task as usize],
            left_ns: self.now,
            end,
        });
    }
}

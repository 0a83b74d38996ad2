//! Where the segmentation refuses a call: whom it stops, and how often.

use tarsier_model::Place;

use crate::partition::{Partition, World};
use crate::plan::{Caller, NONE, Plan, Site};
use crate::task::VISITOR;
use crate::timeline::{EventKind, EventSubject, Reason, Timeline};

/// What a wall has stopped.
#[derive(Clone, Copy, Default)]
pub(crate) struct Refusals {
    first: u64,
    calls: u64,
}

impl Partition {
    /// Whether the segmentation refuses this call; then it is counted.
    pub(crate) fn is_walled_off(&mut self, world: World<'_>, site: &Site, task: u32) -> bool {
        let Some(wall) = world.plan.walls.get(site.wall as usize) else { return false };
        let record = &self.tasks[task];
        let from = match site.caller {
            Caller::Users => NONE,
            _ if record.has(VISITOR) => record.lane_next,
            _ => self.zone_of_client(world, record.client),
        };
        let stops = wall.stops(from, world.plan.zone_of[record.instance as usize]);
        if stops {
            self.refusals.resize(world.plan.walls.len(), Refusals::default());
            let here = &mut self.refusals[site.wall as usize];
            if here.calls == 0 {
                here.first = self.now;
            }
            here.calls += 1;
        }
        stops
    }
}

/// One event for each wall that has stopped somebody, when it first did.
pub(crate) fn told<'a>(plan: &Plan, partitions: impl Iterator<Item = &'a Partition> + Clone) -> Timeline {
    let mut timeline = Timeline::default();
    for (number, wall) in plan.walls.iter().enumerate() {
        let here = partitions.clone().filter_map(|partition| partition.refusals.get(number));
        let here = here.filter(|it| it.calls > 0);
        let calls = here.clone().map(|it| it.calls).sum();
        if let Some(first) = here.map(|it| it.first).min() {
            let from = wall.from.map_or(Place::Users, Place::Service);
            let subject = EventSubject::Link { from, to: Place::Service(wall.to) };
            timeline.note(first, subject, EventKind::Forbidden { calls }, Reason::Segmentation);
        }
    }
    timeline
}

//! Messages that faults of the network strike: lost for good, sent again, or late.
//!
//! All of this is off the hot path; what it draws, it draws from a stream of its own, so that a fault
//! shifts no other's numbers.

use crate::balance::sent_again;
use crate::partition::{Partition, World};
use crate::plan::{Caller, Plan, Site};
use crate::task::VISITOR;
use crate::view::{End, Harm, Message};

impl Partition {
    /// How long a request takes that would take `delay`, if it arrives at all.
    #[cold]
    pub(crate) fn disturbed_request(
        &mut self,
        world: World<'_>,
        client: u32,
        instance: u32,
        delay: u64,
    ) -> Option<u64> {
        let site = self.clients[client as usize].site;
        let caller =
            End { service: world.plan.service_calling(site), zone: self.zone_of_client(world, client) };
        let to = end_of(world.plan, instance);
        self.disturbed(world, Message { site, callee: instance, from: caller, to }, delay)
    }

    /// The same for an answer.
    #[cold]
    pub(crate) fn disturbed_answer(&mut self, world: World<'_>, task: u32, delay: u64) -> Option<u64> {
        let record = &self.tasks[task];
        let callee = record.instance;
        let (site, zone) = if record.has(VISITOR) {
            (record.client, record.lane_next)
        } else {
            (self.clients[record.client as usize].site, self.zone_of_client(world, record.client))
        };
        let caller = End { service: world.plan.service_calling(site), zone };
        let from = end_of(world.plan, callee);
        self.disturbed(world, Message { site, callee, from, to: caller }, delay)
    }

    fn disturbed(&mut self, world: World<'_>, message: Message, mut delay: u64) -> Option<u64> {
        for (_, disturbance) in &world.view.disturbances {
            if !disturbance.matching.strikes(world.plan, message) {
                continue;
            }
            match &disturbance.harm {
                Harm::Cut => return None,
                Harm::Loss(share) => delay += sent_again(&mut self.mishaps, *share),
                Harm::Delay { add, factor } => {
                    // Never shorter: other partitions count on the least a message takes.
                    delay = delay.max((delay as f64 * factor).round() as u64);
                    delay += add.as_ref().map_or(0, |law| law.sample_nanos(&mut self.mishaps)) / 2;
                }
            }
        }
        Some(delay)
    }

    /// A request is lost on its way.
    #[cold]
    pub(crate) fn vanish(&mut self, world: World<'_>, site: &Site, task: u32) {
        if site.caller == Caller::Publisher {
            let now = self.now;
            self.tally_of(site).fails(now);
        }
        self.lose(world, task);
    }
}

fn end_of(plan: &Plan, instance: u32) -> End {
    let at = instance as usize;
    End { service: plan.service_of[at], zone: plan.zone_of[at] }
}

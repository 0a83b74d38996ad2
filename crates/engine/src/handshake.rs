//! Connection set-up: before the first request to an instance a message goes there and back.
//!
//! Whoever is there answers it, even if it does nothing else: a paused or stalled instance, a full queue. One
//! that is gone refuses it, which is «unreachable»; a black hole never answers, and the client gives the
//! set-up up after a bound of its own, with the same result. The request's own bound counts from the start.
//! One round trip is real; what the set-up costs beyond it (more of them for TLS, or a time) delays it on
//! the way there. What is kept is in `policy::connect`.

use tarsier_model::{Connect, ConnectCost};

use crate::alarm::Bell;
use crate::balance::is_far;
use crate::client::{Sender, Trip};
use crate::instance::Health;
use crate::outcome::Cause;
use crate::partition::{Partition, World};
use crate::plan::{Caller, Site};
use crate::retry::History;
use crate::task::{DETACHED, Outcome, SAMPLED, State};

/// No set-up is under way.
pub(crate) const NO_BOUND: u64 = u64::MAX;

/// The client's side.
impl Partition {
    /// An instance was chosen for an attempt. Whether it must be connected to first; then that has begun.
    #[cold]
    #[inline(never)]
    pub(crate) fn has_to_connect(&mut self, world: World<'_>, site: &Site, task: u32, instance: u32) -> bool {
        self.tasks[task].instance = instance;
        let number = world.plan.number_of[instance as usize] as usize;
        let now = self.now;
        // What an earlier attempt had begun is over.
        if self.history_of(task).connect_by != NO_BOUND {
            self.remember(task, History { connect_by: NO_BOUND, ..self.history_of(task) });
        }
        if site.tracks {
            self.extra_of(task).outstanding[number] += 1;
        }
        let Some(rule) = site.rules.as_ref().and_then(|rules| rules.connect.as_ref()) else { return false };
        let broke = world.view.break_of(instance);
        let is_connected = |shield: &mut crate::shield::Shield| {
            shield.connections.as_mut().is_some_and(|connections| connections.has(rule, number, broke, now))
        };
        if self.with_shield(task, |_, shield| is_connected(shield)) {
            return false;
        }
        self.knock(world, site, task, rule);
        true
    }

    fn knock(&mut self, world: World<'_>, site: &Site, task: u32, rule: &Connect) {
        if let Some(timeout) = rule.timeout {
            let due = self.now.saturating_add(timeout.nanos());
            self.remember(task, History { connect_by: due, ..self.history_of(task) });
            self.set_alarm(task, due, Bell::Connect);
        }
        let delay = self.way_to_connect(world, site, task, &rule.cost);
        let (client, instance) = (self.tasks[task].client, self.tasks[task].instance);
        let delay = if world.view.disturbances.is_empty() {
            Some(delay)
        } else {
            self.disturbed_request(world, client, instance, delay)
        };
        let Some(delay) = delay else { return self.lose(world, task) };
        self.tasks[task].state = State::Knocking;
        if world.plan.partition_of(instance) == self.index {
            self.schedule(task, delay);
        } else {
            self.send_abroad(world, site, task, delay);
        }
    }

    /// The way there, and what the set-up costs beyond one round trip.
    fn way_to_connect(&mut self, world: World<'_>, site: &Site, task: u32, cost: &ConnectCost) -> u64 {
        let way = self.way_of_word(world, site, task);
        match cost {
            ConnectCost::RoundTrips(n) => {
                (1..*n).fold(way, |sum, _| sum + 2 * self.way_of_word(world, site, task))
            }
            ConnectCost::Time(_) => {
                let client = self.tasks[task].client;
                let stream = &mut self.draws_of_client(world, client).network;
                let time = world.plan.laws[site.connect_law as usize].sample_nanos(stream);
                way.max(time.saturating_sub(way))
            }
        }
    }

    /// The connection is there: the request goes over it.
    pub(crate) fn connected(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(DETACHED) {
            return self.free(task);
        }
        let site = self.site_of(world, task);
        if self.tasks[task].has(SAMPLED) {
            self.note(site, task, Cause::Connection);
        }
        self.remember(task, History { connect_by: NO_BOUND, ..self.history_of(task) });
        if !self.is_awaited(self.call_of(site, task)) {
            // The caller has died meanwhile: nobody is there to send anything.
            return self.answered(world, site, task, Outcome::Unreachable);
        }
        let (client, instance) = (self.tasks[task].client, self.tasks[task].instance);
        let (number, now) = (world.plan.number_of[instance as usize] as usize, self.now);
        self.with_shield(task, |_, shield| {
            shield.connections.iter_mut().for_each(|connections| connections.open(number, now));
        });
        let zone = self.zone_of_client(world, client);
        let far =
            site.caller == Caller::Users && is_far(world, site, zone, world.plan.zone_of[instance as usize]);
        let origin = self.clients[client as usize].origin;
        let sender = Sender { caller: site.caller, client, origin };
        self.set_out(world, site, task, Trip { sender, instance, far });
    }

    /// A set-up takes too long, if it is still the same.
    pub(crate) fn connect_times_out(&mut self, world: World<'_>, task: u32) {
        let due = self.history_of(task).connect_by;
        if due != NO_BOUND && self.now >= due && self.is_under_way(task) {
            self.give_up_as(world, task, Outcome::Unreachable);
        }
    }
}

/// The callee's side.
impl Partition {
    /// Somebody wants to connect.
    pub(crate) fn is_knocked_at(&mut self, world: World<'_>, task: u32) {
        match self.instances[self.local(self.tasks[task].instance)].health {
            Health::BlackHole => self.lose(world, task),
            Health::Down => self.reply(world, task, Outcome::Unreachable),
            _ => self.answer_knock(world, task),
        }
    }

    fn answer_knock(&mut self, world: World<'_>, task: u32) {
        if self.tasks[task].has(DETACHED) {
            return self.free(task);
        }
        let site = self.site_of(world, task);
        let delay = self.way_home(world, site, task, 0);
        let delay = if world.view.disturbances.is_empty() {
            Some(delay)
        } else {
            self.disturbed_answer(world, task, delay)
        };
        match delay {
            None => self.lose(world, task),
            Some(delay) => self.send_home(task, site, delay, Outcome::Connected),
        }
    }
}

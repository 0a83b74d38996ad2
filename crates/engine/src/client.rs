//! The caller's side: send, wait, give up, try again.
//!
//! Policies are those of the language's «Call policy», kept per calling instance and call site, as a
//! client library does.

use crate::account::Account;
use crate::instance::Line;
use crate::outcome::Cause;
use crate::partition::{Body, Message, Partition, World};
use crate::plan::{Caller, NONE, Picks, Plan, Site};
use crate::shield::Shield;
use crate::task::{DETACHED, JOINS, Outcome, RETRIED, SAMPLED, State};

/// One caller at one call site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) site: u32,
    /// The calling instance, or the source of users.
    pub(crate) origin: u32,
    /// Where round-robin stands.
    pub(crate) cursor: u32,
    pub(crate) extra: u32,
}

/// Who sends: a client and its origin.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    /// What its site says. Where users send that is known without a look, and what only services do is left out.
    pub(crate) caller: Caller,
    pub(crate) client: u32,
    pub(crate) origin: u32,
}

/// From whom to whom an attempt goes.
#[derive(Clone, Copy)]
pub(crate) struct Trip {
    pub(crate) sender: Sender,
    pub(crate) instance: u32,
    /// Users leave their zone or region for it.
    pub(crate) far: bool,
}

/// What only some clients keep.
#[derive(Debug)]
pub(crate) struct Extra {
    /// Requests without an answer, by the number of the instance.
    pub(crate) outstanding: Vec<u32>,
    /// Moving averages of answer times, by the number of the instance: (nanoseconds, as of).
    pub(crate) averages: Vec<(f64, u64)>,
    /// Requests that hold a place on a connection.
    in_use: u64,
    for_connection: Line,
    /// When the process of this client last died: what was sent until then is no longer its own.
    died: Option<u64>,
    /// Of the few who protect themselves.
    pub(crate) shield: Option<Box<Shield>>,
}

impl Extra {
    /// `name` is a number that is this client's.
    pub(crate) fn new(plan: &Plan, site: &Site, name: u64, now: u64) -> Extra {
        let n_instances = plan.services[site.service as usize].n_known as usize;
        let n = if site.tracks { n_instances } else { 0 };
        let averages = if site.balance == tarsier_model::Balance::Ewma { n } else { 0 };
        Extra {
            outstanding: vec![0; n],
            averages: vec![(0.0, 0); averages],
            in_use: 0,
            for_connection: Line::EMPTY,
            died: None,
            shield: site.rules.as_ref().map(|rules| Box::new(Shield::new(rules, n_instances, name, now))),
        }
    }

    /// The service called has more instances than it had.
    pub(crate) fn know_more(&mut self, n_instances: usize) {
        if !self.outstanding.is_empty() {
            self.outstanding.resize(n_instances, 0);
        }
        if !self.averages.is_empty() {
            self.averages.resize(n_instances, (0.0, 0));
        }
        self.shield.iter_mut().for_each(|shield| shield.know_more(n_instances));
    }

    /// The process that makes the calls dies: the next one knows nothing of it.
    pub(crate) fn die(&mut self, site: &Site, now: u64) {
        self.outstanding.fill(0);
        self.averages.fill((0.0, 0));
        self.in_use = 0;
        self.for_connection = Line::EMPTY;
        self.died = Some(now);
        if let (Some(shield), Some(rules)) = (&mut self.shield, &site.rules) {
            shield.restart(rules, now);
        }
    }

    /// Whether the process that sent an attempt at that time is dead.
    #[inline(always)]
    fn died_since(&self, sent: u64) -> bool {
        self.died.is_some_and(|died| sent <= died)
    }
}

impl Partition {
    /// The instance that runs `parent` calls from a site of its program.
    pub(crate) fn call(&mut self, world: World<'_>, site_idx: u32, parent: u32, joins: bool) {
        let site = &world.plan.sites[site_idx as usize];
        let sender = self.sender_at(site, parent);
        let sampled = self.tasks[parent].flags & SAMPLED;
        let task = self.new_task(parent, sender.client, sampled | if joins { JOINS } else { 0 });
        if sampled != 0 {
            self.look_at_call(task, parent);
        }
        self.request(world, site, task, sender);
    }

    /// The client at a site of the instance that runs `parent`.
    #[inline(always)]
    pub(crate) fn sender_at(&self, site: &Site, parent: u32) -> Sender {
        let origin = self.local(self.tasks[parent].instance);
        let client = self.instances[origin].clients + site.number;
        Sender { caller: site.caller, client, origin: origin as u32 }
    }

    fn sender_of(&self, site: &Site, task: u32) -> Sender {
        let client = self.tasks[task].client;
        Sender { caller: site.caller, client, origin: self.clients[client as usize].origin }
    }

    /// Sends and forgets.
    #[inline(never)]
    pub(crate) fn publish(&mut self, world: World<'_>, site_idx: u32, sender: u32) {
        let site = &world.plan.sites[site_idx as usize];
        let publisher = self.sender_at(site, sender);
        let task = self.new_task(NONE, publisher.client, 0);
        self.set_key(task, self.key_of(sender));
        if self.tasks[sender].has(SAMPLED) {
            self.look_at_message(world, site, task, sender);
        }
        if world.plan.carries {
            self.pack(site, task, sender);
        }
        self.request(world, site, task, publisher);
    }

    /// A new request of a client, not yet sent.
    #[inline(always)]
    pub(crate) fn request(&mut self, world: World<'_>, site: &Site, task: u32, sender: Sender) {
        let now = self.now;
        let tally = self.tally_of(site);
        tally.begins(now);
        if site.is_guarded {
            return self.request_guarded(world, site, task);
        }
        tally.attempts += 1;
        self.attempt(world, site, task, sender);
    }

    pub(crate) fn extra_of(&mut self, task: u32) -> &mut Extra {
        let client = &self.clients[self.tasks[task].client as usize];
        &mut self.extras[client.extra as usize]
    }

    /// Whether the process that made a call has died since: whatever becomes of it, the next one does not mind.
    #[inline(always)]
    pub(crate) fn is_left_over(&self, task: u32) -> bool {
        let record = &self.tasks[task];
        let extra = self.clients[record.client as usize].extra;
        extra != NONE && self.extras[extra as usize].died_since(record.sent)
    }

    /// Sends what was made just now; the bound counts from now.
    #[inline(always)]
    fn attempt(&mut self, world: World<'_>, site: &Site, task: u32, sender: Sender) {
        if site.lane != NONE {
            self.arm(site.lane, task);
        }
        self.depart(world, site, task, sender);
    }

    /// The same once more.
    pub(crate) fn attempt_again(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.tasks[task].sent = self.now;
        self.attempt(world, site, task, self.sender_of(site, task));
    }

    /// Sends, once there is a connection.
    pub(crate) fn send_guarded(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.bound(site, task);
        if let Some(most) = site.pool {
            let extra = self.extra_of(task);
            if extra.in_use >= most {
                let mut line = extra.for_connection;
                line.join(self.tasks.as_mut_slice(), task);
                self.tasks[task].state = State::AwaitingConnection;
                self.extra_of(task).for_connection = line;
                return;
            }
            extra.in_use += 1;
        }
        self.depart(world, site, task, self.sender_of(site, task));
    }

    /// Picks an instance and puts the message on the wire.
    #[inline(always)]
    fn depart(&mut self, world: World<'_>, site: &Site, task: u32, sender: Sender) {
        let picked = match site.picks {
            Picks::Entrance => self.enter(world, site, task, sender),
            Picks::Any => self.pick(world, site, task, sender).map(|instance| (instance, false)),
            Picks::Circle => self.pick_from_circle(world, site, task),
            Picks::Replica => Some((self.tasks[task].instance, false)),
        };
        let Some((mut instance, mut far)) = picked else { return self.find_no_instance(task) };
        if site.minds_instance {
            if site.goes_farther {
                (instance, far) = self.look_farther(world, site, task, (instance, far));
            }
            if self.has_to_connect(world, site, task, instance) {
                return;
            }
        }
        self.set_out(world, site, task, Trip { sender, instance, far });
    }

    /// The message of an attempt goes out.
    #[inline(always)]
    pub(crate) fn set_out(&mut self, world: World<'_>, site: &Site, task: u32, trip: Trip) {
        let Trip { sender, instance, far } = trip;
        let mut delay = match sender.caller {
            Caller::Users => site.request_ns + self.way_from_users(world, sender.origin, instance, far),
            _ => {
                let same_host = self.first_instance + sender.origin == instance;
                let content = if same_host { 0 } else { site.request_ns };
                content + self.way_there(world, sender.origin, instance)
            }
        };
        let record = &mut self.tasks[task];
        record.instance = instance;
        record.state = State::Outbound;
        if !world.view.disturbances.is_empty() {
            match self.disturbed_request(world, sender.client, instance, delay) {
                Some(longer) => delay = longer,
                None => return self.vanish(world, site, task),
            }
        }
        if world.plan.partitions.len() > 1 && world.plan.partition_of(instance) != self.index {
            return self.send_abroad(world, site, task, delay);
        }
        // Users stand at the top: to let their request in at once does not nest any deeper.
        if delay == 0 && sender.caller == Caller::Users && self.n_paused == 0 {
            return self.arrive(world, site, task);
        }
        self.schedule(task, delay);
    }

    /// The attempt fails at once.
    #[cold]
    fn find_no_instance(&mut self, task: u32) {
        let record = &mut self.tasks[task];
        record.state = State::inbound(Outcome::Unreachable);
        record.instance = NONE;
        self.schedule(task, 0);
    }

    #[inline(never)]
    pub(crate) fn send_abroad(&mut self, world: World<'_>, site: &Site, task: u32, delay: u64) {
        let record = &mut self.tasks[task];
        let (client, instance) = (record.client, record.instance);
        let knocks = record.state == State::Knocking;
        record.state = State::Remote;
        record.arrived = self.now + delay;
        let body = Body::Request {
            instance,
            site: self.clients[client as usize].site,
            caller: task,
            caller_epoch: self.tasks[task].epoch,
            caller_zone: self.zone_of_client(world, client),
            key: self.key_of(task),
            knocks,
            parcel: self.parcel(world, site, task),
        };
        let account = self.send_account_abroad(world, site, task);
        let message = Message { time: self.now + delay, from: self.index, body, account };
        self.send_out(world.plan.partition_of(instance), message);
        if site.caller == Caller::Publisher {
            self.free(task);
        }
    }

    /// The answer has come; whether anybody still waits for it?
    #[inline(always)]
    pub(crate) fn answer_comes(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        if self.tasks[task].has(DETACHED) {
            let service = self.site_of(world, task).service;
            self.is_in_vain(service, outcome);
            return self.free(task);
        }
        self.answered(world, self.site_of(world, task), task, outcome);
    }

    /// The same, and it is not a good one.
    #[inline(never)]
    pub(crate) fn failure_comes(&mut self, world: World<'_>, task: u32, state: State) {
        let Some(outcome) = state.answer() else {
            unreachable!("no event is due for a record that is {state:?}")
        };
        self.answer_comes(world, task, outcome);
    }

    /// An answer that nobody waits for any more.
    #[inline(never)]
    pub(crate) fn is_in_vain(&mut self, service: u32, outcome: Outcome) {
        let was_served = matches!(outcome, Outcome::Ok | Outcome::Error);
        self.services[service as usize].unused += u64::from(was_served);
    }

    /// The caller has the answer, whatever it is.
    #[inline(always)]
    pub(crate) fn answered(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        if outcome == Outcome::Ok && site.ends_simply && self.is_plain(task) {
            self.answered_well(world, site, task)
        } else {
            self.answered_by_rules(world, site, task, outcome)
        }
    }

    /// The answer is good, and nobody but the caller wants to know of it.
    #[inline(always)]
    fn answered_well(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.disarm(site.lane, task);
        let record = &self.tasks[task];
        let waiting = (record.parent, record.parent_epoch, record.has(JOINS));
        let latency = self.now - record.sent;
        self.count_success(site, latency);
        if site.thinks {
            return self.user_thinks(world, task);
        }
        self.tasks.give_back(task);
        if site.caller != Caller::Users {
            self.parent_hears(world, site, waiting, Outcome::Ok, None);
        }
    }

    /// The same with all that may be known of a call, or for more than one who wants to know.
    #[inline(never)]
    fn answered_by_rules(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        self.disarm(site.lane, task);
        if self.tasks[task].has(SAMPLED) {
            self.note_answer(world, site, task, outcome);
        }
        if site.has_extra {
            if site.hedges && outcome == Outcome::Ok {
                self.win(world, site, task);
            }
            self.learn(world, site, task, outcome);
            self.let_go(world, site, task);
            if site.hedges {
                return self.runner_ends(world, site, task, outcome);
            }
        }
        match outcome {
            Outcome::Ok => self.succeeded(world, site, task),
            failure => {
                self.tally_of(site).refused += u64::from(failure == Outcome::Refused);
                self.failed(world, site, task, failure);
            }
        }
    }

    /// The bound of an attempt has fired: nobody waits for it from now on.
    pub(crate) fn give_up(&mut self, world: World<'_>, task: u32) {
        let site = self.site_of(world, task);
        self.tally_of(site).timeouts += 1;
        self.give_up_as(world, task, Outcome::Timeout);
    }

    /// An attempt is given up, for this failure.
    pub(crate) fn give_up_as(&mut self, world: World<'_>, task: u32, failure: Outcome) {
        let site = self.site_of(world, task);
        self.disarm(site.lane, task);
        let state = self.tasks[task].state;
        if site.has_extra {
            self.learn(world, site, task, failure);
            if state != State::AwaitingConnection {
                self.let_go(world, site, task);
            }
            if site.hedges {
                return self.runner_gives_up(world, site, task, failure);
            }
        }
        // What the caller knows goes on in a record of its own; the callee keeps this one.
        let (parent, client, flags) = {
            let record = &self.tasks[task];
            (record.parent, record.client, record.flags & (SAMPLED | JOINS | RETRIED))
        };
        let heir = self.new_task(NONE, client, flags);
        self.tasks[heir].parent = parent;
        self.tasks[heir].parent_epoch = self.tasks[task].parent_epoch;
        self.tasks[heir].sent = self.tasks[task].sent;
        self.tasks[heir].instance = self.tasks[task].instance;
        self.set_key(heir, self.key_of(task));
        if flags & RETRIED != 0 {
            let history = self.histories[task as usize];
            self.remember(heir, history);
        }
        if world.plan.carries {
            self.carry(heir, self.luggage[task as usize]);
        }
        if flags & SAMPLED != 0 {
            let account = self.split_account(world, site, task, failure.into());
            self.accounts.put(heir, account);
            // Time since the last note was spent waiting in vain.
            self.note(site, heir, Cause::Timeout);
        }
        if site.picks == Picks::Replica {
            self.share_freight(task, heir);
        }
        if self.keeps_kin {
            self.inherit_home(task, heir);
        }
        self.abandon(world, site, task);
        self.failed(world, site, heir, failure);
    }

    /// The attempt no longer counts as outstanding, and its place on a connection is free.
    #[inline(always)]
    pub(crate) fn let_go(&mut self, world: World<'_>, site: &Site, task: u32) {
        let (instance, sent, now) = (self.tasks[task].instance, self.tasks[task].sent, self.now);
        let extra = self.extra_of(task);
        if extra.died_since(sent) {
            return;
        }
        if site.tracks && instance != NONE {
            let number = world.plan.number_of[instance as usize] as usize;
            extra.outstanding[number] -= 1;
            if !extra.averages.is_empty() {
                crate::balance::observe(&mut extra.averages[number], now - sent, now);
            }
        }
        if site.pool.is_some() {
            self.pass_connection_on(world, site, task);
        }
    }

    #[inline(never)]
    fn pass_connection_on(&mut self, world: World<'_>, site: &Site, task: u32) {
        loop {
            let mut line = self.extra_of(task).for_connection;
            let Some(next) = line.leave(self.tasks.as_mut_slice()) else { break };
            self.extra_of(task).for_connection = line;
            if self.tasks[next].has(DETACHED) {
                self.free(next);
                continue;
            }
            if self.tasks[next].has(SAMPLED) {
                self.note(site, next, Cause::Connection);
            }
            self.depart(world, site, next, self.sender_of(site, next));
            return;
        }
        let extra = self.extra_of(task);
        extra.for_connection = Line::EMPTY;
        extra.in_use -= 1;
    }

    #[inline(always)]
    fn count_success(&mut self, site: &Site, latency: u64) {
        let book = &mut self.calls[site.tally as usize];
        book.tally.succeeds(self.now);
        book.latency.record(latency);
    }

    pub(crate) fn succeeded(&mut self, world: World<'_>, site: &Site, task: u32) {
        self.count_success(site, self.now - self.first_sent(task));
        self.call_is_over(world, site, task, Outcome::Ok);
    }

    /// An attempt has failed: another one, or the call has failed.
    pub(crate) fn failed(&mut self, world: World<'_>, site: &Site, task: u32, failure: Outcome) {
        if !self.tries_again(world, site, task, failure) {
            self.fail_for_good(world, site, task, failure);
        }
    }

    pub(crate) fn fail_for_good(&mut self, world: World<'_>, site: &Site, task: u32, failure: Outcome) {
        self.give_in(site, task);
        self.call_is_over(world, site, task, failure);
    }

    /// A call has ended, and was counted.
    fn call_is_over(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        if site.caller != Caller::Users {
            return self.tell_parent(world, site, task, outcome);
        }
        if self.tasks[task].has(SAMPLED) {
            self.close_account(world, site, task, outcome);
        }
        self.user_is_done(world, site, task);
    }

    #[inline(never)]
    fn close_account(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        self.request_ends(world, site, task, outcome);
        let latency = self.now - self.first_sent(task);
        let is_answered = outcome == Outcome::Ok;
        self.accounts.close(task, latency, is_answered, &mut self.causes[site.workload as usize]);
        self.tasks[task].flags &= !SAMPLED;
    }

    /// A call has failed for good.
    pub(crate) fn give_in(&mut self, site: &Site, task: u32) {
        let now = self.now;
        self.tally_of(site).fails(now);
        if site.rules.is_some() {
            self.leave_shield(site, task);
        }
    }

    /// Whether somebody waits for a record (a user always does).
    pub(crate) fn is_awaited(&self, task: u32) -> bool {
        let record = &self.tasks[task];
        record.parent == NONE || self.tasks[record.parent].epoch == record.parent_epoch
    }

    /// A call has ended: its parent goes on, if it still waits for it.
    fn tell_parent(&mut self, world: World<'_>, site: &Site, task: u32, outcome: Outcome) {
        let account = if self.tasks[task].has(SAMPLED) { self.accounts.take(task) } else { None };
        let record = &self.tasks[task];
        let waiting = (record.parent, record.parent_epoch, record.has(JOINS));
        if record.has(JOINS) && site.picks == Picks::Replica {
            self.replica_answers(world, task, outcome);
        }
        self.free(task);
        self.parent_hears(world, site, waiting, outcome, account);
    }

    /// Who waits goes on, if it is still in that epoch: to it the call was a step, or joins as a branch.
    #[inline(always)]
    fn parent_hears(
        &mut self,
        world: World<'_>,
        site: &Site,
        (parent, epoch, joins): (u32, u32, bool),
        outcome: Outcome,
        account: Option<Box<Account>>,
    ) {
        if parent == NONE || self.tasks[parent].epoch != epoch {
            // What a replica does is not in vain because others were faster.
            if site.picks != Picks::Replica {
                self.is_in_vain(site.service, outcome);
            }
            return;
        }
        if joins {
            let outcome = if site.optional { Outcome::Ok } else { outcome };
            self.branch_ended(world, parent, outcome, account);
        } else {
            if self.tasks[parent].has(SAMPLED) {
                self.accounts.absorb(parent, account, self.now);
            }
            self.call_ended(world, parent, outcome);
        }
    }

    /// The time since the last note of a sampled record was spent on the way between its ends.
    #[inline(always)]
    pub(crate) fn note(&mut self, site: &Site, task: u32, cause: Cause) {
        self.accounts.note(task, (site.payer(), cause), self.now);
    }
}

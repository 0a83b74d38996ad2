//! A group of zones and everything in them: the unit that runs on its own between two exchanges.
//!
//! What happens is spread over the files beside this one: `source` (users send), `client` (a call is
//! made, answered, retried, given up), `balance` (which instance), `serve` (an instance takes a
//! request, queues it, works, replies), `strand` (the steps), `processor` (a shared one), `fault`.

use std::collections::{BTreeMap, VecDeque};

use tarsier_model::SealedModel;
use tarsier_random::Stream;

use crate::account::{Accounts, Causes};
use crate::alarm::Alarm;
use crate::border::Refusals;
use crate::client::{Client, Extra};
use crate::config::InstanceChange;
use crate::deadline::{Luggage, Parcel};
use crate::fault::Injection;
use crate::guard::Guard;
use crate::instance::{Draws, EXPIRES, Health, Instance, Line, WALL};
use crate::kernel::EventQueue;
use crate::kernel::slab::Slab;
use crate::kin::Kin;
use crate::lanes::Lane;
use crate::lock::Try;
use crate::outcome::Stopped;
use crate::plan::{Caller, NONE, Plan, Site};
use crate::processor::Processor;
use crate::replicas::Shelf;
use crate::retry::History;
use crate::source::Source;
use crate::tally::{Books, CallBook, CallTally, ServiceTally};
use crate::task::{Outcome, RETRIED, SAMPLED, State, Task, VISITOR};
use crate::timeline::Timeline;
use crate::view::View;

/// What a partition may look at but not change.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) view: &'a View,
}

/// What crosses from one partition to another.
pub(crate) struct Message {
    pub(crate) time: u64,
    pub(crate) from: u32,
    pub(crate) body: Body,
    pub(crate) account: Option<Box<crate::account::Account>>,
}

pub(crate) enum Body {
    Request {
        instance: u32,
        site: u32,
        caller: u32,
        caller_epoch: u32,
        caller_zone: u32,
        key: u32,
        /// It asks only to be connected.
        knocks: bool,
        parcel: Option<Box<Parcel>>,
    },
    /// Nobody waits for the answer any more.
    Cancel { caller: u32, caller_epoch: u32 },
    Answer {
        caller: u32,
        caller_epoch: u32,
        service: u32,
        outcome: Outcome,
        /// What a replica found.
        version: u64,
    },
}

/// What an event is about: the upper three bits of its payload.
mod kind {
    pub(super) const SHIFT: u32 = 29;
    pub(super) const TASK: u32 = 0;
    pub(super) const SOURCE: u32 = 1;
    pub(super) const LANE: u32 = 2;
    pub(super) const PROCESSOR: u32 = 3;
    pub(super) const ALARM: u32 = 4;
    pub(super) const INDEX: u32 = (1 << SHIFT) - 1;
}

/// What the event of a source carries.
#[inline(always)]
pub(crate) fn source_event(source: u32) -> u32 {
    (kind::SOURCE << kind::SHIFT) | source
}

/// A partition of its own cache lines, fetched in pairs: neighbours run on other cores.
#[repr(align(128))]
pub(crate) struct Partition {
    pub(crate) index: u32,
    pub(crate) first_instance: u32,
    pub(crate) now: u64,
    pub(crate) queue: EventQueue,
    /// Records to go on with at this very moment, in order.
    pub(crate) ready: VecDeque<u32>,
    pub(crate) tasks: Slab<Task>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) clients: Vec<Client>,
    pub(crate) extras: Vec<Extra>,
    pub(crate) sources: Vec<Source>,
    pub(crate) processors: Vec<Processor>,
    pub(crate) guards: Vec<Guard>,
    /// How many were on the instance when a record arrived, where limits want to know.
    pub(crate) met: Vec<u32>,
    /// By each wall; empty as long as none has stopped anybody.
    pub(crate) refusals: Vec<Refusals>,
    /// Of records at optimistic steps, one within the other.
    pub(crate) tries: Vec<Vec<Try>>,
    // The books of the thread that runs this partition, while it does.
    pub(crate) services: Vec<ServiceTally>,
    pub(crate) calls: Vec<CallBook>,
    pub(crate) causes: Vec<Causes>,
    /// Of records marked [`RETRIED`].
    pub(crate) histories: Vec<History>,
    /// What travels with requests, by record, if anything does.
    pub(crate) luggage: Vec<Luggage>,
    pub(crate) stores: Shelf,
    pub(crate) alarms: Slab<Alarm>,
    /// How many followed records have ended, by place.
    pub(crate) lives: Vec<u32>,
    /// Who asked for what, by record, if anybody must know.
    pub(crate) keeps_kin: bool,
    /// Of records below this nothing more is to be known when they begin.
    plain_below: u32,
    pub(crate) kin: Vec<Kin>,
    /// By record, if anybody hashes: the key of the user's request that it belongs to.
    keys: Option<Vec<u32>>,
    /// Records of requests from abroad, by partition, record and epoch of their callers.
    pub(crate) guests: BTreeMap<(u32, u32, u32), u32>,
    pub(crate) accounts: Accounts,
    /// If somebody wants to see them.
    pub(crate) visits: Option<Box<crate::visits::Visits>>,
    pub(crate) tracing: crate::trace::Tracing,
    /// Instances that went or came back since somebody was last told; times are those of the run.
    pub(crate) changes: Vec<InstanceChange>,
    /// Events held back while their instance is paused.
    pub(crate) held: Vec<crate::fault::Held>,
    /// How many instances here are paused.
    pub(crate) n_paused: u32,
    pub(crate) injections: Vec<Injection>,
    pub(crate) timeline: Timeline,
    /// What disturbed messages draw from.
    pub(crate) mishaps: Stream,
    pub(crate) outbox: Vec<(u32, Message)>,
    /// When the earliest message of the outbox arrives.
    pub(crate) outbox_first: u64,
    pub(crate) events: u64,
    /// When so many events have been, the loop has a break; at once if there is trouble.
    break_at: u64,
    /// Steps at one moment, and which that was.
    steps_at_once: u32,
    steps_allowed: u32,
    stands_since: u64,
    /// Why this cannot go on.
    pub(crate) trouble: Option<Stopped>,
    pub(crate) fingerprint: u64,
}

/// 2^32 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4): multiples are far apart.
const SCATTER: u32 = 0x9e37_79b1;

impl Partition {
    pub(crate) fn new(plan: &Plan, names: &Names<'_>, index: u32) -> Partition {
        let part = &plan.partitions[index as usize];
        let mut partition = Partition {
            index,
            first_instance: part.instances.start,
            now: 0,
            queue: EventQueue::new(),
            ready: VecDeque::new(),
            tasks: Slab::new(),
            lanes: plan
                .timeouts
                .iter()
                .enumerate()
                .map(|(index, timeout)| Lane::new(index, *timeout))
                .collect(),
            instances: Vec::with_capacity(part.instances.len()),
            clients: Vec::new(),
            extras: Vec::new(),
            sources: Vec::with_capacity(part.sources.len()),
            processors: Vec::new(),
            guards: Vec::new(),
            met: Vec::new(),
            refusals: Vec::new(),
            tries: Vec::new(),
            services: Vec::new(),
            calls: Vec::new(),
            causes: Vec::new(),
            histories: Vec::new(),
            luggage: Vec::new(),
            stores: Shelf::new(plan, part.instances.len()),
            alarms: Slab::new(),
            lives: Vec::new(),
            keeps_kin: plan.keeps_kin,
            plain_below: if plan.keeps_kin || plan.hashes { 0 } else { MOST_RECORDS },
            keys: plan.hashes.then(Vec::new),
            kin: Vec::new(),
            guests: BTreeMap::new(),
            accounts: Accounts::default(),
            visits: None,
            tracing: crate::trace::Tracing::default(),
            changes: Vec::new(),
            held: Vec::new(),
            n_paused: 0,
            injections: Vec::new(),
            timeline: Timeline::default(),
            mishaps: Stream::named(
                names.seed,
                &["partition", "mishaps"],
                &[u64::from(index), names.replication],
            ),
            outbox: Vec::new(),
            outbox_first: u64::MAX,
            events: 0,
            break_at: 0,
            steps_at_once: 0,
            steps_allowed: STEPS_PER_PULSE,
            stands_since: 0,
            trouble: None,
            fingerprint: 0,
        };
        part.instances.clone().for_each(|instance| {
            partition.add_instance(plan, names, instance, Health::Up);
        });
        part.sources.iter().for_each(|source| partition.add_source(plan, names, *source));
        partition.clients.shrink_to_fit();
        partition
    }

    /// The next one here.
    pub(crate) fn add_instance(&mut self, plan: &Plan, names: &Names<'_>, instance: u32, health: Health) {
        let at = instance as usize;
        let service = plan.service_of[at];
        let part = &plan.services[service as usize];
        let local = self.instances.len() as u32;
        let number = plan.number_of[at];
        let processor = if part.shares_processor {
            self.processors.push(Processor::new(local));
            (self.processors.len() - 1) as u32
        } else {
            NONE
        };
        let name = names.services[service as usize];
        let mut draws = Draws::named(names.seed, "instance", name, [number.into(), names.replication]);
        let guard = self.add_guard(part, &mut draws.policy);
        self.instances.push(Instance {
            draws,
            pace: part.pace,
            service,
            cores_free: part.cores,
            workers_free: part.seats(),
            for_core: Line::EMPTY,
            for_worker: Line::EMPTY,
            waiting: 0,
            clients: self.clients.len() as u32,
            processor,
            guard,
            health,
            askew: crate::guard::concerns(part)
                | if plan.expires { EXPIRES } else { 0 }
                | if part.is_walled { WALL } else { 0 },
            bounds_cores: part.workers.is_none(),
        });
        // Callers start at different instances, or all would send to the same one at once. Where they see only those
        // around them, their own numbers are those of every third zone or so: scattered, they are all kinds.
        part.sites.clone().for_each(|site| {
            let is_local = plan.sites[site as usize].balance.is_local();
            self.add_client(plan, site, local, if is_local { number.wrapping_mul(SCATTER) } else { number });
        });
    }

    pub(crate) fn add_client(&mut self, plan: &Plan, site: u32, origin: u32, cursor: u32) {
        let part = &plan.sites[site as usize];
        let extra = if part.has_extra {
            let name = self.name_of_client(part, origin);
            self.extras.push(Extra::new(plan, part, name, self.now));
            (self.extras.len() - 1) as u32
        } else {
            NONE
        };
        self.clients.push(Client { site, origin, cursor, extra });
    }

    /// A service has more instances than its clients knew of.
    pub(crate) fn know_more(&mut self, plan: &Plan, service: u32) {
        let n_known = plan.services[service as usize].n_known as usize;
        for client in self.clients.iter().filter(|client| client.extra != NONE) {
            if plan.sites[client.site as usize].service == service {
                self.extras[client.extra as usize].know_more(n_known);
            }
        }
    }

    /// A number that is a client's own.
    pub(crate) fn name_of_client(&self, site: &Site, origin: u32) -> u64 {
        let mut policy = match site.caller {
            Caller::Users => self.sources[origin as usize].draws.policy,
            _ => self.instances[origin as usize].draws.policy,
        };
        policy.next_u64()
    }

    /// Changes the books.
    pub(crate) fn swap_books(&mut self, books: &mut Books) {
        std::mem::swap(&mut self.services, &mut books.services);
        std::mem::swap(&mut self.calls, &mut books.calls);
        std::mem::swap(&mut self.causes, &mut books.causes);
    }

    /// Everything before `limit`, or the next `budget` events of it; whether that was everything.
    pub(crate) fn run_until(&mut self, world: World<'_>, limit: u64, budget: u64) -> bool {
        self.break_at = self.events.saturating_add(budget);
        if self.stands_since != self.now {
            self.steps_allowed = STEPS_PER_PULSE;
        }
        loop {
            while let Some(task) = self.ready.pop_front() {
                if self.stands_still() {
                    self.ready.push_front(task);
                    return false;
                }
                self.go_on(world, task);
            }
            if self.events >= self.break_at {
                return false;
            }
            let Some((time, payload)) = self.queue.pop_before(limit) else { return true };
            debug_assert!(time >= self.now, "time goes forward");
            self.now = time;
            self.events += 1;
            let fold = self.fingerprint ^ time.wrapping_add(u64::from(payload) << 32);
            self.fingerprint = fold.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
            let index = payload & kind::INDEX;
            match payload >> kind::SHIFT {
                kind::TASK => self.go_on(world, index),
                kind::SOURCE => self.source_fires(world, index),
                kind::LANE => self.lane_fires(world, index),
                rare => self.rare_fires(world, rare, index),
            }
        }
    }

    /// An event of a kind that most models do not have: kept apart, the others are told at once.
    #[inline(never)]
    fn rare_fires(&mut self, world: World<'_>, kind: u32, index: u32) {
        if kind == kind::PROCESSOR {
            self.processor_fires(world, index);
        } else {
            self.alarm_fires(world, index);
        }
    }

    /// Counts a step that takes no time; whether there were so many of these that it goes no further for now.
    #[inline]
    fn stands_still(&mut self) -> bool {
        self.steps_at_once = if self.stands_since == self.now { self.steps_at_once + 1 } else { 1 };
        self.stands_since = self.now;
        self.steps_at_once > self.steps_allowed && self.pauses()
    }

    /// After many steps that took no time: whoever looks on may want it to end, and takes the spans.
    #[cold]
    fn pauses(&mut self) -> bool {
        if self.steps_at_once > MOST_STEPS_AT_ONCE {
            self.stop(Stopped::TimeStandsStill);
            return true;
        }
        self.steps_allowed = self.steps_at_once + STEPS_PER_PULSE;
        let in_window = self.break_at == u64::MAX;
        if in_window {
            // Nobody can look in the middle of one, and a loop has more spans than can be held.
            self.tracing.take();
        }
        !in_window
    }

    #[cold]
    fn stop(&mut self, because: Stopped) {
        self.trouble = Some(because);
        self.break_at = 0;
    }

    /// When the next thing happens here, or arrives elsewhere from here.
    pub(crate) fn next_time(&mut self) -> u64 {
        if self.ready.is_empty() { self.queue.next_time().min(self.outbox_first) } else { self.now }
    }

    /// The event of a record: what it was waiting for has come.
    #[inline(always)]
    fn go_on(&mut self, world: World<'_>, task: u32) {
        if self.n_paused > 0 && self.hold_back(world, task) {
            return;
        }
        match self.tasks[task].state {
            State::Outbound => self.arrive(world, self.site_of(world, task), task),
            State::Working => self.work_ends(world, task),
            State::Waiting => self.wait_ends(world, task),
            State::Knocking => self.is_knocked_at(world, task),
            State::InboundOk => self.answer_comes(world, task, Outcome::Ok),
            State::InboundConnected => self.connected(world, task),
            State::Granted => self.proceed(world, task),
            State::Thinking => self.user_sends(world, task),
            State::BackingOff => self.try_again(world, task),
            State::Rejected => self.rejected(world, task),
            State::Ghost | State::GhostAtWork => self.ghost_goes(task),
            other => self.failure_comes(world, task, other),
        }
    }

    #[inline(always)]
    pub(crate) fn schedule(&mut self, task: u32, delay: u64) {
        if delay == 0 {
            self.ready.push_back(task);
        } else {
            self.queue.push(self.now + delay, task);
        }
    }

    pub(crate) fn schedule_lane(&mut self, lane: u32, time: u64) {
        self.queue.push(time, (kind::LANE << kind::SHIFT) | lane);
    }

    pub(crate) fn schedule_processor(&mut self, processor: u32, time: u64) {
        self.queue.push(time, (kind::PROCESSOR << kind::SHIFT) | processor);
    }

    pub(crate) fn schedule_alarm(&mut self, alarm: u32, time: u64) {
        self.queue.push(time, (kind::ALARM << kind::SHIFT) | alarm);
    }

    /// The record an event's payload is about, if it is about one.
    pub(crate) fn task_of_event(payload: u32) -> Option<u32> {
        (payload >> kind::SHIFT == kind::TASK).then_some(payload & kind::INDEX)
    }

    /// A fresh record; everything that has a meaning at once is set.
    #[inline(always)]
    pub(crate) fn new_task(&mut self, parent: u32, client: u32, flags: u8) -> u32 {
        let now = self.now;
        let parent_epoch = if parent == NONE { 0 } else { self.tasks[parent].epoch };
        let (at, task) = self.tasks.take();
        task.sent = now;
        task.parent = parent;
        task.parent_epoch = parent_epoch;
        task.client = client;
        task.instance = NONE;
        task.flags = flags;
        task.queued = 0;
        task.lane_prev = crate::task::UNTIMED;
        if at >= self.plain_below {
            self.begin_unlike_others(at, parent);
        }
        at
    }

    /// There are too many records, or each must be known.
    #[inline(never)]
    fn begin_unlike_others(&mut self, task: u32, parent: u32) {
        if task >= MOST_RECORDS {
            self.stop(Stopped::TooManyInFlight);
        }
        if self.keeps_kin {
            self.be_born(task, parent);
        }
        let key = if parent == NONE { 0 } else { self.key_of(parent) };
        self.set_key(task, key);
    }

    pub(crate) fn set_key(&mut self, task: u32, key: u32) {
        let Some(keys) = &mut self.keys else { return };
        let at = task as usize;
        if at >= keys.len() {
            keys.resize(at + 1, 0);
        }
        keys[at] = key;
    }

    pub(crate) fn key_of(&self, task: u32) -> u32 {
        self.keys.as_ref().map_or(0, |keys| keys[task as usize])
    }

    #[inline(always)]
    pub(crate) fn free(&mut self, task: u32) {
        if !self.is_plain(task) {
            self.clear_up(task);
        }
        self.tasks.give_back(task);
    }

    /// Whether its record is all that is known of a request.
    #[inline(always)]
    pub(crate) fn is_plain(&self, task: u32) -> bool {
        (self.tasks[task].flags & (SAMPLED | RETRIED)) | u8::from(self.keeps_kin) == 0
    }

    #[inline(never)]
    fn clear_up(&mut self, task: u32) {
        if self.tasks[task].has(SAMPLED) {
            self.accounts.drop_of(task);
            self.tracing.at_home.remove(task);
        }
        if self.tasks[task].has(RETRIED) {
            self.life_ends(task);
        }
        if self.keeps_kin {
            self.die(task);
        }
    }

    #[inline]
    pub(crate) fn local(&self, instance: u32) -> usize {
        (instance - self.first_instance) as usize
    }

    /// The instance a record is served on.
    #[inline]
    pub(crate) fn instance_of(&mut self, task: u32) -> &mut Instance {
        let at = self.local(self.tasks[task].instance);
        &mut self.instances[at]
    }

    /// The call site a record comes from.
    #[inline(always)]
    pub(crate) fn site_of<'a>(&self, world: World<'a>, task: u32) -> &'a Site {
        let record = &self.tasks[task];
        let site =
            if record.has(VISITOR) { record.client } else { self.clients[record.client as usize].site };
        &world.plan.sites[site as usize]
    }

    #[inline(always)]
    pub(crate) fn tally_of(&mut self, site: &Site) -> &mut CallTally {
        &mut self.calls[site.tally as usize].tally
    }

    /// The zone of who calls.
    #[inline]
    pub(crate) fn zone_of_client(&self, world: World<'_>, client: u32) -> u32 {
        let client = &self.clients[client as usize];
        match world.plan.sites[client.site as usize].caller {
            Caller::Users => self.sources[client.origin as usize].zone,
            _ => world.plan.zone_of[(self.first_instance + client.origin) as usize],
        }
    }

    /// The streams of who calls.
    #[inline]
    pub(crate) fn draws_of_client(&mut self, world: World<'_>, client: u32) -> &mut Draws {
        let client = &self.clients[client as usize];
        match world.plan.sites[client.site as usize].caller {
            Caller::Users => &mut self.sources[client.origin as usize].draws,
            _ => &mut self.instances[client.origin as usize].draws,
        }
    }

    /// When the first attempt of a call was sent.
    #[inline(always)]
    pub(crate) fn first_sent(&self, task: u32) -> u64 {
        let record = &self.tasks[task];
        if record.has(RETRIED) { self.histories[task as usize].first_sent } else { record.sent }
    }

    pub(crate) fn send_out(&mut self, to: u32, message: Message) {
        self.outbox_first = self.outbox_first.min(message.time);
        self.outbox.push((to, message));
    }

    /// Takes in what the others sent; the order does not depend on who sent first.
    pub(crate) fn receive(&mut self, messages: &mut Vec<Message>) {
        // Stable: messages of one sender and time stay in their order.
        messages.sort_by_key(|message| (message.time, message.from));
        for message in messages.drain(..) {
            assert!(message.time >= self.now, "messages come from the future");
            match message.body {
                Body::Request { instance, site, caller, caller_epoch, caller_zone, key, knocks, parcel } => {
                    let task = self.new_task(NONE, site, VISITOR);
                    let record = &mut self.tasks[task];
                    record.parent = caller;
                    record.parent_epoch = caller_epoch;
                    record.instance = instance;
                    record.lane_prev = message.from;
                    record.lane_next = caller_zone;
                    record.state = if knocks { State::Knocking } else { State::Outbound };
                    if let Some(parcel) = parcel {
                        parcel.luggage.into_iter().for_each(|luggage| self.carry(task, luggage));
                        parcel.freight.into_iter().for_each(|freight| self.stores.load(task, freight));
                    }
                    if let Some(account) = message.account {
                        self.tasks[task].flags |= SAMPLED;
                        self.accounts.put(task, account);
                    }
                    self.set_key(task, key);
                    if self.keeps_kin {
                        self.guest_arrives(task);
                    }
                    self.queue.push(message.time, task);
                }
                Body::Cancel { caller, caller_epoch } => {
                    self.cancel_guest(message.from, caller, caller_epoch, message.time);
                }
                Body::Answer { caller, caller_epoch, service, outcome, version } => {
                    if self.tasks[caller].epoch != caller_epoch {
                        self.is_in_vain(service, outcome);
                        continue;
                    }
                    self.tasks[caller].state = State::inbound(outcome);
                    if version > 0 {
                        self.stores.unload(caller, version);
                    }
                    if let Some(account) = message.account {
                        self.account_comes_home(caller, account);
                    }
                    self.queue.push(message.time, caller);
                }
            }
        }
    }
}

/// Steps without time passing, after which whoever looks on is asked whether to go on.
const STEPS_PER_PULSE: u32 = 1 << 18;
/// So many steps without time passing are a loop without an end, not a crowd.
const MOST_STEPS_AT_ONCE: u32 = 50_000_000;
/// Requests and branches in flight in a partition: 4 GiB of records. What is under way between two
/// looks at the watch still fits the index of an event.
const MOST_RECORDS: u32 = 1 << 26;

/// What names streams.
pub(crate) struct Names<'a> {
    pub(crate) seed: u64,
    pub(crate) replication: u64,
    pub(crate) services: Vec<&'a str>,
    pub(crate) workloads: Vec<&'a str>,
}

impl Names<'_> {
    pub(crate) fn new(model: &SealedModel, seed: u64, replication: u64) -> Names<'_> {
        Names {
            seed,
            replication,
            services: model.services.iter().map(|service| service.name.as_str()).collect(),
            workloads: model.workloads.iter().map(|workload| workload.name.as_str()).collect(),
        }
    }
}

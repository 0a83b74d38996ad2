//! Replicated stores: the coordinator's side and the replica's.
//!
//! An instance that takes a request for an endpoint of a replicated store coordinates it. It draws the
//! key, asks the replicas, and goes on when as many have answered as the level needs: the join of a
//! `parallel` step with `need`. Writes go to all replicas whatever the level; those that are known to be
//! away, and those that do not answer, get a hint (`handoff`). The last write wins: a version is the time
//! at which its write was issued, and a replica keeps the newest that it has seen of each key. A read gives
//! the newest version among the answers that it waited for, and when all have come, those that were older
//! get it written anew (read repair).
//!
//! Versions travel with messages, so partitions need nothing of each other. What was acknowledged and what
//! was read is noted, and compared at the next boundary (`consistency`): it changes nothing here.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use crate::client::Sender;
use crate::consistency::{Note, StoreCounts};
use crate::handoff::Handoffs;
use crate::instance::Health;
use crate::kernel::slab::{Slab, Slot};
use crate::partition::{Partition, World};
use crate::plan::{AccessPlan, NONE, Plan, Site};
use crate::task::{JOINS, Outcome, SAMPLED, State};
use crate::view::Targets;

/// What travels with a request to a replica, and back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Freight {
    pub(crate) key: u32,
    pub(crate) purpose: Purpose,
    /// There: what is to be written. Back: what was found.
    pub(crate) version: u64,
}

/// Why a replica is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Purpose {
    /// For this session.
    Access(u32),
    Hint,
    #[default]
    Repair,
}

/// A read or a write, from when replicas are asked until the last has answered or was given up.
#[derive(Debug, Default)]
struct Session {
    access: u32,
    key: u32,
    began: u64,
    /// Of a write: its own. Of a read: the newest among the answers that it waited for.
    version: u64,
    /// How many replicas have not answered.
    left: u32,
    /// Enough have.
    is_over: bool,
    /// Of a read: who had what.
    answers: Vec<(u32, u64)>,
    next: u32,
}

impl Slot for Session {
    fn next_free(&self) -> u32 {
        self.next
    }

    fn release(&mut self, next_free: u32) {
        self.next = next_free;
    }
}

/// What a coordinator asks a replica, for a record that waits for the answer or for nobody.
struct Question {
    parent: u32,
    sender: Sender,
    target: u32,
    freight: Freight,
}

/// [`Stores`], in models that have any: the others carry no more than a pointer.
pub(crate) struct Shelf(Option<Box<Stores>>);

impl Shelf {
    pub(crate) fn new(plan: &Plan, n_instances: usize) -> Shelf {
        Shelf((!plan.stores.is_empty()).then(|| Box::new(Stores::new(plan, n_instances))))
    }
}

impl Deref for Shelf {
    type Target = Stores;
    fn deref(&self) -> &Stores {
        self.0.as_deref().expect("a model with a replicated store")
    }
}

impl DerefMut for Shelf {
    fn deref_mut(&mut self) -> &mut Stores {
        self.0.as_deref_mut().expect("a model with a replicated store")
    }
}

/// What a partition knows of replicated stores.
pub(crate) struct Stores {
    /// By record, of those that ask a replica.
    freight: Vec<Freight>,
    sessions: Slab<Session>,
    /// The newest version of each key, by local instance.
    copies: Vec<BTreeMap<u32, u64>>,
    pub(crate) handoffs: Handoffs,
    pub(crate) notes: Vec<Note>,
    /// By store.
    pub(crate) counts: Vec<StoreCounts>,
    /// The replicas of the key at hand, and those of them that are away.
    replicas: Vec<u32>,
    away: Vec<u32>,
}

impl Stores {
    fn new(plan: &Plan, n_instances: usize) -> Stores {
        Stores {
            freight: Vec::new(),
            sessions: Slab::new(),
            copies: vec![BTreeMap::new(); n_instances],
            handoffs: Handoffs::default(),
            notes: Vec::new(),
            counts: vec![StoreCounts::default(); plan.stores.len()],
            replicas: Vec::new(),
            away: Vec::new(),
        }
    }

    pub(crate) fn load(&mut self, task: u32, freight: Freight) {
        let at = task as usize;
        if self.freight.len() <= at {
            self.freight.resize(at + 1, Freight::default());
        }
        self.freight[at] = freight;
    }

    pub(crate) fn freight_of(&self, task: u32) -> Freight {
        self.freight[task as usize]
    }

    /// An answer has come from another partition.
    pub(crate) fn unload(&mut self, task: u32, version: u64) {
        self.freight[task as usize].version = version;
    }
}

impl Partition {
    /// A coordinator asks the replicas of a key.
    #[inline(never)]
    pub(crate) fn replicate(&mut self, world: World<'_>, task: u32, number: u32) {
        let access = &world.plan.accesses[number as usize];
        let store = &world.plan.stores[access.store as usize];
        let coordinator = self.tasks[task].instance;
        let key = store.draw_key(&mut self.instance_of(task).draws.choice);
        let mut replicas = std::mem::take(&mut self.stores.replicas);
        let mut away = std::mem::take(&mut self.stores.away);
        store.replicas(world.plan, key, coordinator, &mut replicas);
        self.set_aside(world, access, task, &mut replicas, &mut away);
        let counting = counting(world.plan, access, coordinator, &replicas);
        if counting < access.needs.answers {
            self.stores.note(self.now, number, Event::Unavailable);
            self.fails(world, task, Outcome::Error);
        } else {
            if !access.writes {
                let asked = if store.asks_all { counting } else { access.needs.answers };
                replicas.truncate(asked as usize);
            }
            let session = self.open_session(number, access, key, replicas.len() as u32);
            self.ask_replicas(world, task, session, counting, &replicas);
            if access.writes {
                let at = self.local(coordinator);
                away.iter().for_each(|target| self.keep_hint(world, at, *target, key, self.now));
            }
        }
        (self.stores.replicas, self.stores.away) = (replicas, away);
    }

    /// Those that discovery does not name are not asked.
    fn set_aside(
        &self,
        world: World<'_>,
        access: &AccessPlan,
        task: u32,
        replicas: &mut Vec<u32>,
        away: &mut Vec<u32>,
    ) {
        away.clear();
        let service = world.plan.stores[access.store as usize].service;
        if !world.view.has_changed() && world.view.late_of(service).is_none() {
            return;
        }
        let site = &world.plan.sites[access.site as usize];
        let listed = self.believed(world, site, self.sender_at(site, task).client).unwrap_or(&world.view.now);
        replicas.retain(|replica| {
            let is_there = names(world.plan, listed, *replica);
            away.extend((!is_there).then_some(*replica));
            is_there
        });
    }

    fn open_session(&mut self, number: u32, access: &AccessPlan, key: u32, n_asked: u32) -> u32 {
        let now = self.now;
        let (at, session) = self.stores.sessions.take();
        session.access = number;
        session.key = key;
        session.began = now;
        session.version = if access.writes { now } else { 0 };
        session.left = n_asked;
        session.is_over = false;
        session.answers.clear();
        at
    }

    /// The first `counting` may answer for the level; nobody waits for the others.
    fn ask_replicas(&mut self, world: World<'_>, task: u32, session: u32, counting: u32, replicas: &[u32]) {
        let Session { access, key, version, .. } = self.stores.sessions[session];
        let access = &world.plan.accesses[access as usize];
        let site = &world.plan.sites[access.site as usize];
        let sender = self.sender_at(site, task);
        let counting = counting.min(replicas.len() as u32);
        let record = &mut self.tasks[task];
        record.state = State::Blocked;
        record.join = access.needs.answers as u16;
        record.next = counting - access.needs.answers;
        let freight = Freight { key, purpose: Purpose::Access(session), version };
        for (rank, target) in replicas.iter().enumerate() {
            let parent = if rank < counting as usize { task } else { NONE };
            self.ask_replica(world, site, Question { parent, sender, target: *target, freight });
        }
    }

    fn ask_replica(&mut self, world: World<'_>, site: &Site, question: Question) {
        let Question { parent, sender, target, freight } = question;
        let sampled = if parent == NONE { 0 } else { self.tasks[parent].flags & SAMPLED };
        let task = self.new_task(parent, sender.client, JOINS | sampled);
        if sampled != 0 {
            self.look_at_call(task, parent);
        }
        self.stores.load(task, freight);
        self.tasks[task].instance = target;
        self.request(world, site, task, sender);
    }

    /// A coordinator (a local instance) writes to a replica without waiting.
    pub(crate) fn write_anew(&mut self, world: World<'_>, coordinator: usize, target: u32, freight: Freight) {
        let service = self.instances[coordinator].service;
        let Some(store) = world.plan.stores.iter().find(|store| store.service == service) else { return };
        if let Some(site) = world.plan.sites.get(store.write_site as usize) {
            let client = self.instances[coordinator].clients + site.number;
            let sender = Sender { caller: site.caller, client, origin: coordinator as u32 };
            self.ask_replica(world, site, Question { parent: NONE, sender, target, freight });
        }
    }

    /// A replica has done its work for a request: it takes what is newer, or says what it has.
    pub(crate) fn touch_copy(&mut self, task: u32, writes: bool) {
        let at = self.local(self.tasks[task].instance);
        let Stores { freight, copies, .. } = &mut *self.stores;
        let freight = &mut freight[task as usize];
        if writes {
            let version = copies[at].entry(freight.key).or_default();
            *version = freight.version.max(*version);
        } else {
            freight.version = copies[at].get(&freight.key).copied().unwrap_or(0);
        }
    }

    /// The caller gives up, the replica goes on: both know what it is about.
    pub(crate) fn share_freight(&mut self, task: u32, heir: u32) {
        let freight = self.stores.freight_of(task);
        self.stores.load(heir, freight);
    }

    /// A replica has answered, or was given up.
    #[inline(never)]
    pub(crate) fn replica_answers(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let Freight { key, purpose, version } = self.stores.freight_of(task);
        let (client, target) = (self.tasks[task].client, self.tasks[task].instance);
        let coordinator = self.clients[client as usize].origin as usize;
        match purpose {
            Purpose::Repair => {}
            Purpose::Hint => self.hint_answered(world, coordinator, target, (key, version), outcome),
            Purpose::Access(session) => {
                let writes = world.plan.accesses[self.stores.sessions[session].access as usize].writes;
                if outcome == Outcome::Ok {
                    self.session_hears(task, session, (!writes).then_some((target, version)));
                } else if writes {
                    self.keep_hint(world, coordinator, target, key, version);
                }
                self.stores.sessions[session].left -= 1;
                if self.stores.sessions[session].left == 0 {
                    self.close_session(world, coordinator, session);
                }
            }
        }
    }

    /// If this is the answer that was still needed, it is acknowledged here and now.
    fn session_hears(&mut self, task: u32, at: u32, found: Option<(u32, u64)>) {
        let record = &self.tasks[task];
        let is_last = record.parent != NONE && {
            let waiting = &self.tasks[record.parent];
            waiting.epoch == record.parent_epoch && waiting.join == 1
        };
        let session = &mut self.stores.sessions[at];
        session.answers.extend(found);
        if session.is_over {
            return;
        }
        session.version = found.map_or(session.version, |(_, version)| session.version.max(version));
        if is_last {
            session.is_over = true;
            let Session { access, key, began, version, .. } = *session;
            self.stores.note(self.now, access, Event::Done { key, began, version });
        }
    }

    /// All have answered: those that had something older get the newest.
    fn close_session(&mut self, world: World<'_>, coordinator: usize, at: u32) {
        let session = &mut self.stores.sessions[at];
        let (key, answers) = (session.key, std::mem::take(&mut session.answers));
        let store = world.plan.accesses[session.access as usize].store as usize;
        self.stores.sessions.give_back(at);
        let newest = answers.iter().map(|(_, version)| *version).max().unwrap_or(0);
        let is_up = !matches!(self.instances[coordinator].health, Health::Down | Health::BlackHole);
        let differs = answers.iter().any(|(_, version)| *version < newest);
        let plan = &world.plan.stores[store];
        if is_up && differs && self.instances[coordinator].draws.policy.chance(plan.repair) {
            for (target, _) in answers.iter().filter(|(_, version)| *version < newest) {
                self.stores.counts[store].repairs += u64::from(plan.write_site != NONE);
                let freight = Freight { key, purpose: Purpose::Repair, version: newest };
                self.write_anew(world, coordinator, *target, freight);
            }
        }
        // Its room is for the next.
        self.stores.sessions[at].answers = answers;
    }
}

/// How many of the replicas may answer for the level. Those near the coordinator come first.
fn counting(plan: &Plan, access: &AccessPlan, coordinator: u32, replicas: &[u32]) -> u32 {
    let region = |instance: u32| plan.region_of[plan.zone_of[instance as usize] as usize];
    let counts = |replica: &&u32| !access.needs.local || region(**replica) == region(coordinator);
    replicas.iter().take_while(counts).count() as u32
}

/// Whether discovery names an instance.
pub(crate) fn names(plan: &Plan, listed: &Targets, instance: u32) -> bool {
    let at = instance as usize;
    let there = listed.in_zone(plan.service_of[at], plan.zone_of[at]);
    there.binary_search_by_key(&plan.number_of[at], |other| plan.number_of[*other as usize]).is_ok()
}

/// How a read or a write ended.
pub(crate) enum Event {
    Done { key: u32, began: u64, version: u64 },
    Unavailable,
}

impl Stores {
    fn note(&mut self, now: u64, access: u32, event: Event) {
        self.notes.push(Note { at: now, access, event });
    }
}

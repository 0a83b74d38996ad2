//! Users: open arrivals, and closed loops of thinking and asking.

use tarsier_random::{Sampler, Stream};

use crate::client::Sender;
use crate::instance::Draws;
use crate::kernel::EventQueue;
use crate::kernel::queue::END_OF_TIME;
use crate::partition::{Names, Partition, World, source_event};
use crate::plan::{Caller, NONE, Plan, RateCurve, Site, SourceKind, WorkloadPlan};
use crate::task::{DETACHED, RETRIED, SAMPLED, State, Task};

/// The instances that users may choose from: `view.now`'s from `start` to `end`.
#[derive(Clone, Copy)]
pub(crate) struct Entrance {
    pub(crate) version: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The instance, if there is but one.
    pub(crate) only: u32,
    /// Not around them: all there was is gone.
    pub(crate) far: bool,
}

/// The users of a workload in one place.
pub(crate) struct Source {
    pub(crate) workload: u32,
    pub(crate) zone: u32,
    pub(crate) draws: Draws,
    gaps: Stream,
    pub(crate) first_client: u32,
    /// Where the users of each destination enter, as of a version of the view.
    pub(crate) entrances: Vec<Entrance>,
    pace: Pace,
    /// When the next arrival is due; another event is stale.
    next_at: u64,
    /// In mean gaps, what was left until then when the load last changed.
    left: f64,
    pub(crate) sent: u64,
    /// What the traces of its requests are named by.
    pub(crate) trace_salt: u64,
    /// Number among the sources of its workload.
    number: u32,
    /// Of a closed workload.
    crowd: Option<Box<Crowd>>,
}

enum Pace {
    /// Nanoseconds between arrivals on average, while the rate is constant.
    Gap(f64),
    /// What a scenario multiplies the load with.
    Times(f64),
}

/// The users of a closed workload, and how many there are meant to be.
struct Crowd {
    users: u64,
    wanted: u64,
    /// Their keys: each keeps its own.
    keys: Stream,
}

impl Pace {
    fn of(curve: &RateCurve, factor: f64) -> Pace {
        match curve.steady_gap() {
            Some(gap) if factor == 1.0 => Pace::Gap(gap),
            _ => Pace::Times(factor),
        }
    }

    fn factor(&self) -> f64 {
        match self {
            Pace::Gap(_) => 1.0,
            Pace::Times(factor) => *factor,
        }
    }
}

/// What of so many this one of so many sources has.
fn dealt(all: u64, number: u32, n_sources: u32) -> u64 {
    let (number, n) = (u64::from(number), u64::from(n_sources));
    all / n + u64::from(number < all % n)
}

impl Source {
    /// When the rate will have passed `amount`, of which a mean gap is one.
    #[inline(always)]
    fn when_passed(&self, curve: &RateCurve, now: u64, amount: f64) -> u64 {
        match self.pace {
            Pace::Gap(gap) => now.saturating_add((amount * gap + 0.5) as i64 as u64),
            Pace::Times(factor) if factor <= 0.0 => u64::MAX,
            Pace::Times(factor) => curve.after(now, amount / factor).unwrap_or(u64::MAX),
        }
    }

    fn crowd(&mut self) -> &mut Crowd {
        self.crowd.as_mut().expect("a closed workload has users")
    }

    #[inline(always)]
    fn plan_arrival_after(
        &mut self,
        curve: &RateCurve,
        now: u64,
        amount: f64,
        (queue, local): (&mut EventQueue, u32),
    ) {
        self.next_at = self.when_passed(curve, now, amount);
        if self.next_at < END_OF_TIME {
            queue.push(self.next_at, source_event(local));
        }
    }

    /// The time of so many gaps, in mean gaps of this source: one of its own, or a round of the clock.
    #[inline(always)]
    fn gaps_until(&mut self, n: u32, gaps: &Sampler, turns: u32) -> f64 {
        if turns == 1 {
            return gaps.sample(&mut self.gaps);
        }
        (0..n).map(|_| gaps.sample(&mut self.gaps)).sum::<f64>() / f64::from(turns)
    }

    /// To which of the workload's destinations the next request goes, and [`SAMPLED`] if it carries an account.
    #[inline(always)]
    fn next_request(&mut self, workload: &WorkloadPlan) -> (u32, u8) {
        let which = if workload.mix.len() == 1 {
            0
        } else {
            let draw = self.draws.choice.unit();
            workload.mix.iter().position(|sum| draw < *sum).expect("shares sum to one") as u32
        };
        self.sent += 1;
        (which, if hash(self.sent) <= workload.looked_at_below { SAMPLED } else { 0 })
    }
}

impl Partition {
    pub(crate) fn add_source(&mut self, plan: &Plan, names: &Names<'_>, source: u32) {
        let part = &plan.sources[source as usize];
        let workload = &plan.workloads[part.workload as usize];
        let name = names.workloads[part.workload as usize];
        let numbers = [u64::from(part.number), names.replication];
        let first_client = self.clients.len() as u32;
        let local = self.sources.len() as u32;
        let stream = |purpose: &str, number: u32| {
            Stream::named(names.seed, &["users", name, purpose], &[number.into(), names.replication])
        };
        let (pace, clock, crowd) = match &workload.kind {
            SourceKind::Open { curve, turns, .. } => {
                (Pace::of(curve, 1.0), if *turns > 1 { 0 } else { part.number }, None)
            }
            SourceKind::Closed { .. } => {
                let crowd = Crowd { users: 0, wanted: 0, keys: stream("keys", part.number) };
                (Pace::Times(1.0), part.number, Some(Box::new(crowd)))
            }
        };
        let unknown = Entrance { version: u32::MAX, start: 0, end: 0, only: NONE, far: false };
        self.sources.push(Source {
            workload: part.workload,
            zone: part.zone,
            draws: Draws::named(names.seed, "users", name, numbers),
            gaps: stream("gaps", clock),
            first_client,
            entrances: vec![unknown; workload.mix.len()],
            pace,
            next_at: 0,
            left: 0.0,
            sent: 0,
            trace_salt: stream("traces", part.number).next_u64(),
            number: part.number,
            crowd,
        });
        for n in 0..workload.mix.len() as u32 {
            self.add_client(plan, workload.first_site + n, local, 0);
        }
        match &workload.kind {
            SourceKind::Open { curve, gaps, turns } => self.plan_arrival((curve, gaps, *turns), local),
            SourceKind::Closed { .. } => self.source_fires_for_users(plan, local),
        }
    }

    /// The first arrival: where a clock is dealt out, the first source has the first turn.
    fn plan_arrival(&mut self, (curve, gaps, turns): (&RateCurve, &Sampler, u32), local: u32) {
        let source = &mut self.sources[local as usize];
        let first = if turns > 1 { source.number + 1 } else { 1 };
        source.left = source.gaps_until(first, gaps, turns);
        source.plan_arrival_after(curve, self.now, source.left, (&mut self.queue, local));
    }

    /// An arrival is due, or (closed) the number of users changes.
    #[inline(always)]
    pub(crate) fn source_fires(&mut self, world: World<'_>, local: u32) {
        let source = &mut self.sources[local as usize];
        if source.next_at != self.now {
            return;
        }
        let workload = &world.plan.workloads[source.workload as usize];
        match &workload.kind {
            SourceKind::Closed { .. } => self.source_fires_for_users(world.plan, local),
            SourceKind::Open { curve, gaps, turns } => {
                let amount = source.gaps_until(*turns, gaps, *turns);
                source.plan_arrival_after(curve, self.now, amount, (&mut self.queue, local));
                let key = if world.plan.hashes { source.draws.choice.next_u64() as u32 } else { 0 };
                let (which, sampled) = source.next_request(workload);
                let sender =
                    Sender { caller: Caller::Users, client: source.first_client + which, origin: local };
                let task = self.new_task(NONE, sender.client, sampled);
                if world.plan.hashes {
                    self.set_key(task, key);
                }
                self.user_request(world, (workload, which), task, sender, sampled);
            }
        }
    }

    /// A request of a user, to one of the workload's destinations.
    #[inline(always)]
    fn user_request(
        &mut self,
        world: World<'_>,
        (workload, which): (&WorkloadPlan, u32),
        task: u32,
        sender: Sender,
        sampled: u8,
    ) {
        if sampled != 0 {
            self.look_at(world, sender.origin, task);
        }
        let site = &world.plan.sites[(workload.first_site + which) as usize];
        self.request(world, site, task, sender);
    }

    /// A user of a closed workload has thought.
    pub(crate) fn user_sends(&mut self, world: World<'_>, task: u32) {
        let local = self.clients[self.tasks[task].client as usize].origin;
        let source = &mut self.sources[local as usize];
        let workload = &world.plan.workloads[source.workload as usize];
        let (which, sampled) = source.next_request(workload);
        let sender = Sender { caller: Caller::Users, client: source.first_client + which, origin: local };
        let record = &mut self.tasks[task];
        record.sent = self.now;
        record.client = sender.client;
        record.flags |= sampled;
        self.user_request(world, (workload, which), task, sender, sampled);
    }

    /// The user has an answer, or none: thinks, or leaves.
    #[inline(always)]
    pub(crate) fn user_is_done(&mut self, world: World<'_>, site: &Site, task: u32) {
        if site.thinks { self.user_thinks(world, task) } else { self.free(task) }
    }

    #[inline(never)]
    pub(crate) fn user_thinks(&mut self, world: World<'_>, task: u32) {
        let client = self.tasks[task].client;
        let local = self.clients[client as usize].origin;
        let source = &self.sources[local as usize];
        let SourceKind::Closed { think, .. } = &world.plan.workloads[source.workload as usize].kind else {
            unreachable!("only users of a closed workload think")
        };
        let crowd = self.sources[local as usize].crowd();
        if crowd.users > crowd.wanted {
            crowd.users -= 1;
            return self.free(task);
        }
        if self.tasks[task].has(SAMPLED) {
            self.accounts.drop_of(task);
        }
        if self.tasks[task].has(RETRIED) {
            self.life_ends(task);
        }
        let pause = think.sample_nanos(&mut self.sources[local as usize].draws.work);
        let record = &mut self.tasks[task];
        debug_assert!(!record.has(DETACHED));
        record.forget_service();
        record.flags &= !(SAMPLED | RETRIED);
        record.epoch = record.epoch.wrapping_add(1);
        record.state = State::Thinking;
        self.schedule(task, pause);
    }

    fn wanted_users(&self, plan: &Plan, local: u32) -> u64 {
        let source = &self.sources[local as usize];
        let workload = &plan.workloads[source.workload as usize];
        let SourceKind::Closed { users, steps, .. } = &workload.kind else {
            unreachable!("only a closed source has users")
        };
        // The curve of a closed source is a factor; it is kept per nanosecond.
        let all = (*users as f64 * steps.rate(self.now) * 1e9 * source.pace.factor()).round() as u64;
        dealt(all, source.number, workload.n_sources)
    }

    /// The number of users changes: those that are missing come, and think first; of those that are too many
    /// some leave at once. Waits for the next change.
    fn source_fires_for_users(&mut self, plan: &Plan, local: u32) {
        let wanted = self.wanted_users(plan, local);
        let source = &mut self.sources[local as usize];
        source.crowd().wanted = wanted;
        let workload = &plan.workloads[source.workload as usize];
        let SourceKind::Closed { think, steps, .. } = &workload.kind else {
            unreachable!("only a closed source has users")
        };
        source.next_at = steps.next_change(self.now).unwrap_or(u64::MAX);
        if source.next_at != u64::MAX {
            self.queue.push(source.next_at, source_event(local));
        }
        let users = source.crowd().users;
        if users > wanted {
            return self.some_leave(workload, local);
        }
        for _ in users..wanted {
            self.user_comes(think, local);
        }
    }

    fn user_comes(&mut self, think: &Sampler, local: u32) {
        let source = &mut self.sources[local as usize];
        let crowd = source.crowd();
        crowd.users += 1;
        let key = crowd.keys.next_u64() as u32;
        let pause = think.sample_nanos(&mut source.draws.work);
        let task = self.new_task(NONE, self.sources[local as usize].first_client, 0);
        self.set_key(task, key);
        self.tasks[task].state = State::Thinking;
        self.schedule(task, pause);
    }

    /// Of the users that are too many, as large a share leaves while thinking as thinks; the others do with
    /// their answers.
    fn some_leave(&mut self, workload: &WorkloadPlan, local: u32) {
        let source = &self.sources[local as usize];
        let clients = source.first_client..source.first_client + workload.mix.len() as u32;
        let thinks = |record: &Task| record.state == State::Thinking && clients.contains(&record.client);
        let mut thinking: Vec<u32> =
            self.tasks.iter().filter(|(_, record)| thinks(record)).map(|(task, _)| task).collect();
        let crowd = self.sources[local as usize].crowd();
        let share = thinking.len() as f64 / crowd.users as f64;
        let n_leaving = ((crowd.users - crowd.wanted) as f64 * share).round() as usize;
        thinking.truncate(n_leaving);
        let mut leaves = vec![false; thinking.last().map_or(0, |last| *last as usize + 1)];
        thinking.iter().for_each(|task| leaves[*task as usize] = true);
        let stays = |task: u32| !leaves.get(task as usize).is_some_and(|leaves| *leaves);
        self.queue.rewrite(|time, payload| Self::task_of_event(payload).is_none_or(stays).then_some(time));
        self.ready.retain(|task| stays(*task));
        thinking.into_iter().for_each(|task| self.free(task));
        self.sources[local as usize].crowd().users -= n_leaving as u64;
    }

    /// A scenario multiplies the load from now on.
    pub(crate) fn set_load(&mut self, world: World<'_>, local: u32, factor: f64) {
        let now = self.now;
        let source = &mut self.sources[local as usize];
        let before = source.pace.factor();
        match &world.plan.workloads[source.workload as usize].kind {
            SourceKind::Closed { .. } => {
                source.pace = Pace::Times(factor);
                self.source_fires_for_users(world.plan, local);
            }
            SourceKind::Open { curve, .. } => {
                source.pace = Pace::of(curve, factor);
                // What is left of the current gap goes on at the new rate.
                if source.next_at != u64::MAX {
                    source.left = curve.amount(now, source.next_at) * before;
                }
                source.plan_arrival_after(curve, now, source.left, (&mut self.queue, local));
            }
        }
    }
}

/// One request in so many is looked at, spread by this: no draw is spent on it.
#[inline(always)]
pub(crate) fn hash(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

//! The steps of an endpoint, one after the other and side by side.

use crate::account::Account;
use crate::partition::{Partition, World};
use crate::plan::{Op, Start};
use crate::task::{BRANCH, Outcome, QUEUE_KNOWN, SAMPLED, State};

impl Partition {
    /// Goes on with the steps of a record until it has to wait or ends.
    #[inline(always)]
    pub(crate) fn proceed(&mut self, world: World<'_>, task: u32) {
        let next = self.place_of(task).proceed(world, task);
        self.do_next(world, task, next);
    }

    #[inline(never)]
    pub(crate) fn step_on(&mut self, world: World<'_>, task: u32) {
        loop {
            let pc = self.tasks[task].pc;
            match world.plan.ops[pc as usize] {
                Op::Work { law } => {
                    let next = self.place_of(task).begin_or_wait(world, law, task);
                    return self.do_next(world, task, next);
                }
                Op::Wait { law } => return self.wait(world, law, task),
                Op::Call { site, .. } => {
                    self.tasks[task].state = State::Blocked;
                    return self.call(world, site, task, false);
                }
                Op::Publish { site } => self.publish(world, site, task),
                Op::Parallel { branching } => return self.fork(world, task, branching),
                Op::Choose { first } => {
                    let draw = self.instance_of(task).draws.choice.unit();
                    let options = &world.plan.options[first as usize..];
                    let (_, start) = options.iter().find(|(sum, _)| draw < *sum).expect("shares sum to one");
                    self.tasks[task].pc = *start;
                    continue;
                }
                Op::Skip { share, to } => {
                    if self.instance_of(task).draws.choice.chance(share) {
                        self.tasks[task].pc = to;
                        continue;
                    }
                }
                Op::Hit { cache, to } => {
                    let (mut share, service) = world.plan.caches[cache as usize];
                    if !world.view.flushed.is_empty() {
                        share *= world.view.warmth(service, self.now);
                    }
                    if self.instance_of(task).draws.choice.chance(share) {
                        self.tasks[task].pc = to;
                        continue;
                    }
                }
                Op::Jump { to } => {
                    self.tasks[task].pc = to;
                    continue;
                }
                Op::Fail { share } => {
                    if self.instance_of(task).draws.choice.chance(share) {
                        return self.fails(world, task, Outcome::Error);
                    }
                }
                Op::Contend(op) => {
                    if !self.contend(world, task, op) {
                        return;
                    }
                }
                Op::Expire => {
                    if self.is_expired(task) {
                        return self.expire(world, task);
                    }
                }
                Op::Replicate { access } => return self.replicate(world, task, access),
                Op::Copy { writes } => self.touch_copy(task, writes),
                Op::Return => return self.ends(world, task, Outcome::Ok),
                Op::EndBranch => return self.branch_returns(world, task, Outcome::Ok),
            }
            self.tasks[task].pc = pc + 1;
        }
    }

    #[inline(always)]
    fn wait(&mut self, world: World<'_>, law: u32, task: u32) {
        let stream = &mut self.instance_of(task).draws.work;
        let nanos = world.plan.laws[law as usize].sample_nanos(stream);
        self.tasks[task].state = State::Waiting;
        if let Some(visits) = &mut self.visits {
            visits.draw(task, nanos);
        }
        self.schedule(task, nanos);
    }

    /// A step has failed, and with it the endpoint or the branch.
    pub(crate) fn fails(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        self.release_all(world, task);
        if self.tasks[task].has(BRANCH) {
            self.branch_returns(world, task, outcome);
        } else {
            // In whatever way a step failed, the answer is an error.
            self.ends(world, task, Outcome::Error);
        }
    }

    /// The call that a record waited for has ended.
    pub(crate) fn call_ended(&mut self, world: World<'_>, task: u32, outcome: Outcome) {
        let pc = self.tasks[task].pc;
        let Op::Call { on_fail, .. } = world.plan.ops[pc as usize] else {
            unreachable!("a record that waits for a call stands at one")
        };
        if outcome == Outcome::Ok {
            self.tasks[task].pc = pc + 1;
        } else if on_fail != crate::plan::NONE {
            self.tasks[task].pc = on_fail;
        } else {
            return self.fails(world, task, outcome);
        }
        self.proceed(world, task);
    }

    /// Starts the branches of a parallel step.
    fn fork(&mut self, world: World<'_>, task: u32, branching: u32) {
        let branching = &world.plan.branchings[branching as usize];
        let record = &mut self.tasks[task];
        record.state = State::Blocked;
        record.join = branching.need;
        record.next = u32::from(branching.spare);
        let (sampled, instance) = (record.flags & SAMPLED, record.instance);
        for (times, start) in &branching.branches {
            for _ in 0..*times {
                match start {
                    Start::Call { site } => self.call(world, *site, task, true),
                    Start::Strand { pc } => self.start_branch(task, instance, *pc, sampled),
                }
            }
        }
    }

    fn start_branch(&mut self, parent: u32, instance: u32, pc: u32, sampled: u8) {
        // A branch's own waiting is not the request's waiting for its first core.
        let branch = self.new_task(parent, crate::plan::NONE, BRANCH | QUEUE_KNOWN | sampled);
        let record = &mut self.tasks[branch];
        record.instance = instance;
        record.pc = pc;
        record.state = State::Granted;
        if sampled != 0 {
            self.look_at_branch(branch, parent);
        }
        if let Some(luggage) = self.luggage.get(parent as usize) {
            self.carry(branch, *luggage);
        }
        self.ready.push_back(branch);
    }

    fn branch_returns(&mut self, world: World<'_>, branch: u32, outcome: Outcome) {
        let account = if self.tasks[branch].has(SAMPLED) { self.accounts.take(branch) } else { None };
        let record = &self.tasks[branch];
        let (parent, epoch) = (record.parent, record.parent_epoch);
        self.free(branch);
        if self.tasks[parent].epoch == epoch {
            let account = account.map(|account| self.accounts.tell_of_branch(parent, account));
            self.branch_ended(world, parent, outcome, account);
        }
    }

    /// One of the branches that a record waits for has ended.
    pub(crate) fn branch_ended(
        &mut self,
        world: World<'_>,
        task: u32,
        outcome: Outcome,
        account: Option<Box<Account>>,
    ) {
        let record = &mut self.tasks[task];
        if outcome == Outcome::Ok {
            record.join -= 1;
            if record.join > 0 {
                return;
            }
        } else if record.next > 0 {
            record.next -= 1;
            return;
        }
        // What is still running is not waited for any more.
        record.epoch = record.epoch.wrapping_add(1);
        if self.keeps_kin {
            self.call_off_calls_of(world, task);
        }
        if self.tasks[task].has(SAMPLED) {
            self.accounts.absorb(task, account, self.now);
        }
        if outcome == Outcome::Ok {
            let pc = self.tasks[task].pc;
            self.tasks[task].pc = match world.plan.ops[pc as usize] {
                Op::Parallel { branching } => world.plan.branchings[branching as usize].next,
                Op::Replicate { .. } => pc + 1,
                _ => unreachable!("a record that waits for branches stands at a parallel step"),
            };
            self.proceed(world, task);
        } else {
            self.fails(world, task, outcome);
        }
    }
}

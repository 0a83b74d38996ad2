//! Where the time of sampled requests goes.
//!
//! Each record of a sampled request carries an account: time by service and cause since the record
//! began. When a record ends and with it what its parent was waiting for, the parent takes the
//! account over; an answer that decided nothing is dropped. So the account of a request is the time
//! along its critical path, and sums to its latency exactly.

use std::collections::BTreeMap;

use tarsier_model::ServiceId;

use crate::kernel::table::Table;
use crate::outcome::{Cause, Why, WhyPart};
use crate::plan::NONE;
use crate::trace::{Asking, Serving, Trace};

/// A service ([`NONE`] for the users) and a cause.
pub(crate) type Part = (u32, Cause);

#[derive(Debug)]
pub(crate) struct Account {
    /// Everything before is accounted for.
    pub(crate) mark: u64,
    parts: Vec<(Part, u64)>,
    /// Of a traced request.
    pub(crate) trace: Option<Box<Trace>>,
}

impl Account {
    pub(crate) fn new(mark: u64, trace: Option<Box<Trace>>) -> Box<Account> {
        Box::new(Account { mark, parts: Vec::new(), trace })
    }

    pub(crate) fn asking(&mut self) -> Option<&mut Asking> {
        self.trace.as_mut()?.asking.as_mut()
    }

    pub(crate) fn serving(&mut self) -> Option<&mut Serving> {
        self.trace.as_mut()?.serving.as_mut()
    }

    fn add(&mut self, part: Part, nanos: u64) {
        if nanos == 0 {
            return;
        }
        let searched = self.parts.len().saturating_sub(MOST_SEARCHED);
        match self.parts[searched..].iter_mut().find(|(known, _)| *known == part) {
            Some((_, sum)) => *sum += nanos,
            None => self.push(part, nanos),
        }
    }

    /// A part may stand in a long account more than once; equal ones are put together before it grows.
    fn push(&mut self, part: Part, nanos: u64) {
        if self.parts.len() == self.parts.capacity() && self.parts.len() > MOST_SEARCHED {
            self.parts.sort_unstable_by_key(|(part, _)| *part);
            self.parts.dedup_by(|(part, nanos), (known, sum)| {
                let is_known = part == known;
                *sum += if is_known { *nanos } else { 0 };
                is_known
            });
            self.parts.reserve(self.parts.len());
        }
        self.parts.push((part, nanos));
    }

    /// Takes over what the other tells: the shorter of the two is added to the longer.
    fn take_over(&mut self, other: &mut Account) {
        if other.parts.len() > self.parts.len() {
            std::mem::swap(&mut self.parts, &mut other.parts);
        }
        other.parts.iter().for_each(|(part, nanos)| self.add(*part, *nanos));
    }
}

/// So many of the latest parts of an account are searched for one like the next: a request through a
/// long chain of services has tens of thousands.
const MOST_SEARCHED: usize = 32;

/// Requests of a workload whose latencies are about the same, together.
#[derive(Clone, Default)]
struct Class {
    requests: u64,
    parts: BTreeMap<Part, u128>,
}

/// By class of latency.
type Classes = BTreeMap<u32, Class>;

/// What is known of a workload's requests that have ended.
#[derive(Clone, Default)]
pub(crate) struct Causes {
    answered: Classes,
    failed: Classes,
}

/// Of the records of sampled requests: most records have none, but with a wide fan-out nearly all do.
#[derive(Default)]
pub(crate) struct Accounts {
    by_task: Table<Box<Account>>,
}

/// Eight classes an octave.
fn class_of(latency: u64) -> u32 {
    let octave = latency.max(8).ilog2();
    octave * 8 + ((latency >> (octave - 3)) & 7) as u32
}

impl Accounts {
    /// Of a record that is made for another; traced if that is.
    pub(crate) fn open_below(
        &mut self,
        task: u32,
        parent: u32,
        now: u64,
        trace: impl FnOnce(&mut Serving) -> Box<Trace>,
    ) {
        let trace = self.get_mut(parent).and_then(|account| account.serving()).map(trace);
        self.put(task, Account::new(now, trace));
    }

    /// The account of a traced record.
    pub(crate) fn take_traced(&mut self, task: u32) -> Option<Box<Account>> {
        self.get_mut(task)?.trace.as_ref()?;
        self.take(task)
    }

    pub(crate) fn get_mut(&mut self, task: u32) -> Option<&mut Account> {
        self.by_task.get_mut(task).map(|account| &mut **account)
    }

    pub(crate) fn put(&mut self, task: u32, account: Box<Account>) {
        self.by_task.insert(task, account);
    }

    pub(crate) fn take(&mut self, task: u32) -> Option<Box<Account>> {
        self.by_task.remove(task)
    }

    pub(crate) fn drop_of(&mut self, task: u32) {
        self.take(task);
    }

    /// The time since the last note was `part`.
    #[inline(never)]
    pub(crate) fn note(&mut self, task: u32, part: Part, now: u64) {
        let account = self.by_task.get_mut(task).expect("a sampled record has an account");
        account.add(part, now - account.mark);
        if let Some(trace) = &mut account.trace {
            trace.note(part.1, account.mark, now);
        }
        account.mark = now;
    }

    /// The same for a request that reaches its instance.
    #[inline(never)]
    pub(crate) fn note_arrival(&mut self, task: u32, part: Part, now: u64) {
        self.note(task, part, now);
        if let Some(trace) = self.get_mut(task).and_then(|account| account.trace.as_mut()) {
            trace.arrive(now);
        }
    }

    /// `task` was waiting for what this account tells of.
    pub(crate) fn absorb(&mut self, task: u32, other: Option<Box<Account>>, now: u64) {
        let Some(account) = self.by_task.get_mut(task) else { return };
        let mut other = other.expect("what a sampled record waits for is sampled");
        account.take_over(&mut other);
        account.mark = now;
    }

    /// A branch of a record has ended: of the record's span it was a part.
    pub(crate) fn tell_of_branch(&mut self, task: u32, mut branch: Box<Account>) -> Box<Account> {
        let parent = self.get_mut(task).and_then(|account| account.serving());
        if let (Some(parent), Some(branch)) = (parent, branch.serving()) {
            parent.add_stretches(branch.take_stretches());
        }
        branch
    }

    /// Another attempt is made.
    pub(crate) fn try_again(&mut self, task: u32) {
        if let Some(asking) = self.get_mut(task).and_then(|account| account.asking()) {
            asking.try_again();
        }
    }

    /// A request has ended.
    pub(crate) fn close(&mut self, task: u32, latency: u64, is_answered: bool, causes: &mut Causes) {
        let account = self.take(task).expect("a sampled request has an account");
        let sum: u64 = account.parts.iter().map(|(_, nanos)| nanos).sum();
        assert_eq!(sum, latency, "the account of a request sums to its latency");
        if account.trace.is_some_and(|trace| !trace.is_counted) {
            return;
        }
        let classes = if is_answered { &mut causes.answered } else { &mut causes.failed };
        let class = classes.entry(class_of(latency)).or_default();
        class.requests += 1;
        for (part, nanos) in account.parts {
            *class.parts.entry(part).or_default() += u128::from(nanos);
        }
    }
}

impl Causes {
    /// Takes over everything that the other holds.
    pub(crate) fn take_over(&mut self, other: &mut Causes) {
        take_over(&mut self.answered, &mut other.answered);
        take_over(&mut self.failed, &mut other.failed);
    }

    /// Forgets what ended so far: the warm-up is over.
    pub(crate) fn forget(&mut self) {
        *self = Causes::default();
    }

    /// What is known only since it was as `earlier` has it.
    pub(crate) fn since(&self, earlier: &Causes) -> Causes {
        Causes {
            answered: without(&self.answered, &earlier.answered),
            failed: without(&self.failed, &earlier.failed),
        }
    }

    pub(crate) fn why(&self) -> Why {
        summarise(&self.answered)
    }

    pub(crate) fn why_failed(&self) -> Why {
        summarise(&self.failed)
    }
}

fn take_over(mine: &mut Classes, theirs: &mut Classes) {
    for (at, class) in std::mem::take(theirs) {
        let sum = mine.entry(at).or_default();
        sum.requests += class.requests;
        for (part, nanos) in class.parts {
            *sum.parts.entry(part).or_default() += nanos;
        }
    }
}

fn without(classes: &Classes, earlier: &Classes) -> Classes {
    let mut rest = classes.clone();
    for (at, class) in earlier {
        let left = rest.get_mut(at).expect("classes only grow");
        left.requests -= class.requests;
        for (part, nanos) in &class.parts {
            *left.parts.get_mut(part).expect("classes only grow") -= nanos;
        }
    }
    rest.retain(|_, class| class.requests > 0);
    rest
}

fn summarise(classes: &Classes) -> Why {
    let sampled: u64 = classes.values().map(|class| class.requests).sum();
    // The tail: the slowest classes that together hold at least a percent.
    let mut sampled_tail = 0;
    let mut tail_from = u32::MAX;
    for (at, class) in classes.iter().rev() {
        if sampled_tail * 100 >= sampled {
            break;
        }
        sampled_tail += class.requests;
        tail_from = *at;
    }
    let mut sums: BTreeMap<Part, (u128, u128)> = BTreeMap::new();
    for (at, class) in classes {
        for (part, nanos) in &class.parts {
            let (all, tail) = sums.entry(*part).or_default();
            *all += nanos;
            *tail += if *at >= tail_from { *nanos } else { 0 };
        }
    }
    let parts = sums.into_iter().map(|((service, cause), (all, tail))| WhyPart {
        service: (service != NONE).then_some(ServiceId(service)),
        cause,
        mean_ns: all as f64 / sampled as f64,
        tail_ns: tail as f64 / sampled_tail as f64,
    });
    Why { sampled, sampled_tail, parts: parts.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the account says it, part by part.
    fn sums(account: &Account) -> BTreeMap<Part, u64> {
        let mut sums = BTreeMap::new();
        account.parts.iter().for_each(|(part, nanos)| *sums.entry(*part).or_default() += nanos);
        sums
    }

    #[test]
    fn a_long_account_loses_nothing_and_stays_as_long_as_it_has_parts() {
        let services = 10 * MOST_SEARCHED as u32;
        let mut account = Account::new(0, None);
        for round in 0..100 {
            let mut other = Account::new(0, None);
            (0..services).for_each(|service| other.add((service, Cause::Work), u64::from(service + round)));
            account.take_over(&mut other);
        }
        let expected = |service: u32| (0..100).map(|round| u64::from(service + round)).sum::<u64>();
        let expected: BTreeMap<Part, u64> =
            (0..services).map(|service| ((service, Cause::Work), expected(service))).collect();
        assert_eq!(sums(&account), expected);
        assert!(account.parts.len() <= 4 * services as usize, "{} parts", account.parts.len());
    }
}

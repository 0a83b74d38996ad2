//! Accounts that must balance at the end of every run, in release builds too.
//!
//! Each law compares two numbers that were kept apart: counters against the records that are still
//! there, time integrals against sums over requests. They hold exactly, from the start of the run
//! to its end, warm-up included; under processor sharing the utilisation law holds up to rounding.

use std::ops::DerefMut;

use crate::guard::Count;
use crate::instance::DOOR;
use crate::ledger::counts;
use crate::partition::{Body, Partition};
use crate::plan::{Caller, NONE, Plan};
use crate::task::{BRANCH, DETACHED, State, VISITOR};
use crate::windows::Windows;

pub(crate) fn check(
    now: u64,
    plan: &Plan,
    windows: &Windows,
    partitions: &mut [impl DerefMut<Target = Partition>],
) {
    flows_balance(now, plan, windows, partitions);
    little_holds(now, partitions);
    work_is_done(now, plan, partitions);
    guards_count_right(plan, partitions);
}

/// requests = completed + errors + in flight, per workload and call;
/// arrivals = completed + errors + refused + killed + cancelled + present, per service.
fn flows_balance(now: u64, plan: &Plan, windows: &Windows, partitions: &[impl DerefMut<Target = Partition>]) {
    let (calls, services) = counts(now, &partitions[0]);
    let mut in_flight = vec![0; calls.len()];
    let mut count = |site: u32, published: bool| {
        let site = &plan.sites[site as usize];
        let counts = u64::from(site.caller != Caller::Publisher || published);
        in_flight[site.tally as usize] += counts;
        // A workload that goes several ways has what is on them.
        if site.workload != NONE && site.workload != site.tally {
            in_flight[site.workload as usize] += counts;
        }
    };
    for partition in partitions {
        for (_, record) in partition.tasks.iter() {
            let idle = matches!(record.state, State::Free | State::Thinking);
            if idle || record.has(BRANCH) || record.has(DETACHED) || partition.is_runner(record) {
                continue;
            }
            // A message counts until it has arrived, wherever it is going.
            let travels = matches!(record.state, State::Outbound | State::AwaitingConnection)
                || record.state.answer().is_some();
            if record.has(VISITOR) {
                if plan.sites[record.client as usize].caller == Caller::Publisher {
                    count(record.client, travels);
                }
            } else {
                count(partition.clients[record.client as usize].site, travels);
            }
        }
    }
    windows.count_on_the_way(|message| {
        if let Body::Request { site, .. } = message.body
            && plan.sites[site as usize].caller == Caller::Publisher
        {
            count(site, true);
        }
    });
    for (at, (counts, in_flight)) in calls.iter().zip(in_flight).enumerate() {
        let (what, at) = match at.checked_sub(plan.workloads.len()) {
            None => ("workload", at),
            Some(call) => ("call", call),
        };
        assert_eq!(
            counts.in_flight(),
            in_flight,
            "flow of {what} {at}: sent = completed + failed + in flight"
        );
        let wanted = counts.requests + counts.retries + counts.hedges;
        // A retry that waits out its backoff has not been sent.
        assert!(
            counts.attempts + counts.rejected <= wanted,
            "attempts of {what} {at} are requests, retries and hedges"
        );
    }
    for (at, counts) in services.iter().enumerate() {
        let ended = counts.completed + counts.errors + counts.refused + counts.killed + counts.cancelled;
        assert_eq!(
            counts.arrivals,
            ended + counts.present,
            "flow of service {at}: arrivals = ended + present"
        );
        assert!(counts.unused <= ended - counts.refused, "only answers of service {at} are in vain");
    }
}

/// The integral of the number present is the sum of the times spent there (Little's law).
fn little_holds(now: u64, partitions: &[impl DerefMut<Target = Partition>]) {
    let tallies = &partitions[0].services;
    let mut times: Vec<u128> = tallies.iter().map(|tally| tally.residence).collect();
    let mut present = vec![0_u64; times.len()];
    for partition in partitions {
        for (_, record) in partition.tasks.iter() {
            if record.state.is_served() && !record.has(BRANCH) {
                let service = partition.instances[partition.local(record.instance)].service as usize;
                times[service] += u128::from(now - record.arrived);
                present[service] += 1;
            }
        }
    }
    for (at, tally) in tallies.iter().enumerate() {
        assert_eq!(tally.present.count, present[at], "requests present at service {at}");
        assert_eq!(tally.present.integral(now), times[at], "Little's law at service {at}");
    }
}

/// Busy time is the work begun less what is left of it (the utilisation law).
fn work_is_done(now: u64, plan: &Plan, partitions: &mut [impl DerefMut<Target = Partition>]) {
    let mut left = vec![0_u128; plan.services.len()];
    let mut shared = vec![0.0; plan.services.len()];
    for partition in partitions.iter_mut() {
        add_work_left(now, partition, &mut left);
        partition.add_work_left_on_processors(now, plan, &mut shared);
    }
    for (at, tally) in partitions[0].services.iter().enumerate() {
        let (busy, work) = (tally.busy.integral(now), tally.work - left[at]);
        if plan.services[at].shares_processor {
            let (busy, work) = (busy as f64, work as f64 - shared[at]);
            let jobs = tally.arrivals as f64;
            assert!(
                (busy - work).abs() <= 1e-6 * work + 10.0 * (jobs + 1.0),
                "utilisation law at service {at}: {busy} and {work}"
            );
        } else {
            assert_eq!(busy, work, "utilisation law at service {at}");
        }
    }
}

/// Work begun and not yet done, by service; what is on shared processors apart.
fn add_work_left(now: u64, partition: &mut Partition, left: &mut [u128]) {
    for (time, payload) in partition.queue.pending() {
        let Some(task) = Partition::task_of_event(payload) else { continue };
        let record = &partition.tasks[task];
        if record.state == State::Working {
            let service = partition.instances[partition.local(record.instance)].service as usize;
            left[service] += u128::from(time - now);
        }
        if record.state == State::GhostAtWork {
            let service = partition.instances[partition.local(record.instance)].service as usize;
            left[service] += u128::from(time - record.arrived);
        }
    }
    for (instance, task, time) in partition.held_work() {
        if partition.tasks[task].state == State::Working {
            left[partition.instances[instance].service as usize] += u128::from(time);
        }
    }
}

/// Guards count those who are there, and every permit is held or free.
fn guards_count_right(plan: &Plan, partitions: &[impl DerefMut<Target = Partition>]) {
    for partition in partitions.iter().filter(|partition| !partition.guards.is_empty()) {
        let mut counts: Vec<Count> = partition.guards.iter().map(|guard| guard.count()).collect();
        for (_, record) in partition.tasks.iter().filter(|(_, record)| record.state.is_served()) {
            let instance = &partition.instances[partition.local(record.instance)];
            let Some(count) = counts.get_mut(instance.guard as usize) else { continue };
            count.present -= i64::from(instance.is(DOOR) && !record.has(BRANCH));
            for lock in plan.held_by(record.pc) {
                count.free[lock as usize] += 1;
            }
        }
        for instance in &partition.instances {
            let Some(count) = counts.get(instance.guard as usize) else { continue };
            let service = &plan.services[instance.service as usize];
            assert_eq!(count.present, 0, "requests that a guard of service {} let in", instance.service);
            assert_eq!(count.free, service.locks, "permits at service {}: held + free", instance.service);
        }
    }
}

//! What a scenario sets: capacities of services, and what callers do about calls.
//!
//! What holds is what the file says, and over it what each setting that is on says, the latest begun last. So it
//! does not matter in which order they end, and a setting that says what holds anyway changes nothing at all.

use std::collections::BTreeMap;

use tarsier_model::{Breaker, CallPolicy, Party, PolicyChange, Retry, SealedModel, Setting};
use tarsier_units::Id;

use super::{Stage, for_each_partition};
use crate::lanes::NO_TIMEOUT;
use crate::partition::{Partition, World};
use crate::plan::{Caller, Picks, Plan, Site};
use crate::shield::Renewed;

#[derive(Default)]
pub(super) struct Settings {
    /// By number of their faults, as they began.
    on: Vec<(usize, Set)>,
    /// As the file says, of what was ever set.
    capacities: BTreeMap<u32, Capacity>,
    policies: BTreeMap<u32, Policy>,
}

/// A setting, and where it holds.
#[derive(Clone)]
pub(super) enum Set {
    Service { service: u32, instances: Option<u32>, workers: Option<Option<u32>>, queue: Option<Option<u32>> },
    Calls { sites: Vec<u32>, policy: Box<PolicyChange> },
}

#[derive(Clone, Copy)]
struct Capacity {
    instances: u32,
    workers: Option<u32>,
    queue: u32,
}

#[derive(Clone)]
struct Policy {
    timeout: Option<u64>,
    retry: Option<Retry>,
    breaker: Option<Breaker>,
}

impl Set {
    pub(super) fn new(model: &SealedModel, plan: &Plan, setting: &Setting) -> Set {
        let is_of = |caller, asks: &dyn Fn(&Site) -> bool| -> Vec<u32> {
            let asks = |site: &&u32| {
                let site = &plan.sites[**site as usize];
                site.caller == caller && site.picks != Picks::Replica && asks(site)
            };
            (0..plan.sites.len() as u32).filter(|site| asks(&site)).collect()
        };
        match setting {
            &Setting::Service { service, instances, workers, queue } => {
                Set::Service { service: service.0, instances, workers, queue }
            }
            Setting::Calls { from, to, endpoint, policy } => {
                let is_from = |site: &Site| match *from {
                    Party::Service(service) => {
                        site.from.is_some_and(|it| model.endpoints[it].service == service)
                    }
                    Party::Endpoint(wanted) => site.from == Some(wanted),
                };
                let is_to = |site: &Site| site.service == to.0 && endpoint.is_none_or(|only| site.to == only);
                let sites = is_of(Caller::Service, &|site| is_from(site) && is_to(site));
                Set::Calls { sites, policy: Box::new(policy.clone()) }
            }
            Setting::Users { workload, policy } => {
                let sites = is_of(Caller::Users, &|site| site.workload as usize == workload.index());
                Set::Calls { sites, policy: Box::new(policy.clone()) }
            }
        }
    }
}

impl Settings {
    /// If a service is to have so many instances now, this is left to do.
    pub(super) fn change(
        &mut self,
        number: usize,
        set: &Set,
        begins: bool,
        stage: &mut Stage<'_, '_>,
    ) -> Option<(u32, u32)> {
        if begins {
            self.on.push((number, set.clone()));
        } else {
            self.on.retain(|(known, _)| *known != number);
        }
        match set {
            Set::Service { service, .. } => Some((*service, self.set_capacity(*service, stage))),
            Set::Calls { sites, .. } => {
                sites.iter().for_each(|site| self.set_policy(*site, stage));
                None
            }
        }
    }

    /// What instances have is set; how many there are to be is told.
    fn set_capacity(&mut self, service: u32, stage: &mut Stage<'_, '_>) -> u32 {
        let plan = &mut stage.plan.services[service as usize];
        let said = Capacity { instances: plan.n_instances, workers: plan.workers, queue: plan.queue };
        let mut now = *self.capacities.entry(service).or_insert(said);
        for (_, set) in &self.on {
            if let Set::Service { service: of, instances, workers, queue } = set
                && *of == service
            {
                now.instances = instances.unwrap_or(now.instances);
                now.workers = workers.unwrap_or(now.workers);
                now.queue = queue.map_or(now.queue, |queue| queue.unwrap_or(u32::MAX));
            }
        }
        let before = plan.seats();
        (plan.workers, plan.queue) = (now.workers, now.queue);
        plan.has_seats &= now.workers.is_some();
        plan.count_places();
        let more = plan.seats() - before;
        if more != 0 {
            let plan = &*stage.plan;
            let world = World { plan, view: stage.view };
            for_each_partition(stage.partitions, &plan.instances_of(service), |partition, here| {
                partition.set_workers(world, here, said.workers, more);
            });
        }
        now.instances
    }

    fn set_policy(&mut self, number: u32, stage: &mut Stage<'_, '_>) {
        let site = &stage.plan.sites[number as usize];
        let before = Policy {
            timeout: stage.plan.timeouts.get(site.lane as usize).copied().filter(|it| *it != NO_TIMEOUT),
            retry: site.retry.clone(),
            breaker: site.rules.as_ref().and_then(|rules| rules.breaker),
        };
        let mut now = self.policies.entry(number).or_insert_with(|| before.clone()).clone();
        for (_, set) in &self.on {
            if let Set::Calls { sites, policy } = set
                && sites.binary_search(&number).is_ok()
            {
                now.take_over(policy);
            }
        }
        if now.timeout != before.timeout {
            let lane = lane(now.timeout, stage);
            stage.plan.sites[number as usize].lane = lane;
        }
        let budget = |policy: &Policy| policy.retry.as_ref().and_then(|retry| retry.budget);
        let renewed =
            Renewed { budget: budget(&now) != budget(&before), breaker: now.breaker != before.breaker };
        let site = &mut stage.plan.sites[number as usize];
        site.retry.clone_from(&now.retry);
        site.look_farther();
        if site.rules.is_some() || renewed.any() {
            site.keep_rules(now.retry, now.breaker);
        }
        if renewed.any() {
            let plan = &*stage.plan;
            stage.partitions.iter_mut().for_each(|partition| partition.renew_shields(plan, number, renewed));
        }
    }
}

impl Policy {
    fn take_over(&mut self, change: &PolicyChange) {
        if let Some(timeout) = change.timeout {
            self.timeout = timeout.map(|timeout| timeout.nanos());
        }
        if let Some(retry) = &change.retry {
            self.retry.clone_from(retry);
        }
        if let Some(breaker) = change.breaker {
            self.breaker = breaker;
        }
    }
}

/// The lane of a bound. Who had one before has one still: attempts under way stand in it.
fn lane(timeout: Option<u64>, stage: &mut Stage<'_, '_>) -> u32 {
    let timeout = timeout.unwrap_or(NO_TIMEOUT);
    if let Some(known) = stage.plan.timeouts.iter().position(|known| *known == timeout) {
        return known as u32;
    }
    stage.plan.timeouts.push(timeout);
    stage.partitions.iter_mut().for_each(|partition| partition.add_lane(timeout));
    (stage.plan.timeouts.len() - 1) as u32
}

impl Site {
    /// From now on its clients have a shield, whatever is in it.
    fn keep_rules(&mut self, retry: Option<Retry>, breaker: Option<Breaker>) {
        let rules = self.rules.get_or_insert_with(|| Box::new(CallPolicy::default()));
        (rules.retry, rules.breaker) = (retry, breaker);
        (self.has_extra, self.ends_simply, self.is_guarded) = (true, false, true);
    }
}

impl Partition {
    /// So many more workers, or fewer: those who serve now end what they serve.
    fn set_workers(&mut self, world: World<'_>, here: &[usize], before: Option<u32>, more: i32) {
        let service = self.instances[here[0]].service as usize;
        let workers = world.plan.services[service].workers;
        let n_up = here.iter().filter(|at| !self.instances[**at].health.is_gone()).count() as u64;
        let seats = &mut self.services[service].seats;
        seats.down_by(self.now, n_up * u64::from(before.unwrap_or(0)));
        seats.up_by(self.now, n_up * u64::from(workers.unwrap_or(0)));
        for at in here {
            let instance = &mut self.instances[*at];
            instance.workers_free = instance.workers_free.saturating_add(more);
            instance.bounds_cores = workers.is_none();
        }
        if before.is_none() != workers.is_none() {
            self.count_waiting(here);
        }
        here.iter().for_each(|at| self.hand_out_workers(world, *at));
    }

    /// Who waits for a first core counts in the queue's bound from now on, or does not any more.
    fn count_waiting(&mut self, here: &[usize]) {
        here.iter().for_each(|at| self.instances[*at].waiting = 0);
        for (_, record) in self.tasks.iter().filter(|(_, record)| record.state.is_in_line()) {
            let at = self.local(record.instance);
            let instance = &mut self.instances[at];
            instance.waiting += u32::from(here.contains(&at) && instance.counts(record));
        }
    }
}

//! Which instance a request goes to.
//!
//! A client knows the instances that discovery names and its own requests, nothing of a server.
//! Power of two choices: Mitzenmacher 2001, both drawn independently. Moving averages: Finagle's peak
//! EWMA (`PeakEwma.scala`, `P2CPick.scala`: of two different ones drawn the one with the higher average × (outstanding + 1) loses; whatever an attempt ends with,
//! it tells how long it took; who has not told anything is asked once). Hash: Lamping and Veach's
//! jump hash (2014), which moves few keys when the number of instances changes.

use tarsier_model::{Balance, Retry};
use tarsier_random::Stream;

use crate::client::{Client, Extra, Sender};
use crate::partition::{Partition, World};
use crate::plan::{Caller, FIRST_RETRANSMISSION_NS, NONE, Site};
use crate::source::Entrance;
use crate::view::{Callers, Targets};

/// Averages forget with this time constant, as Finagle's do.
const DECAY_NS: f64 = 10e9;
/// What an instance counts as that was asked and has not told anything yet: 39 hours, as Finagle's do.
const UNTOLD_NS: f64 = (i64::MAX >> 16) as f64;

impl Partition {
    /// The instance that an instance calls.
    #[inline(always)]
    pub(crate) fn pick(&mut self, world: World<'_>, site: &Site, task: u32, sender: Sender) -> Option<u32> {
        let targets = if site.balance.is_local() {
            let zone = world.plan.zone_of[(self.first_instance + sender.origin) as usize];
            nearest(&world.view.now, world, site, zone)
        } else {
            world.view.now.all(site.service)
        };
        match targets {
            [] => self.pick_late(world, site, task, sender.client),
            [only] => Some(*only),
            several => Some(self.choose(world, site, task, several)),
        }
    }

    /// There is nobody, or not everybody knows yet who there is.
    #[cold]
    fn pick_late(&mut self, world: World<'_>, site: &Site, task: u32, client_idx: u32) -> Option<u32> {
        let believed = self.believed(world, site, client_idx)?;
        let targets = if site.balance.is_local() {
            nearest(believed, world, site, self.zone_of_client(world, client_idx))
        } else {
            believed.all(site.service)
        };
        self.one_of(world, site, task, targets)
    }

    /// The same for users.
    #[cold]
    fn enter_late(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        client_idx: u32,
    ) -> Option<(u32, bool)> {
        let believed = self.believed(world, site, client_idx)?;
        let (targets, far) = entrances(world, believed, site, self.zone_of_client(world, client_idx));
        Some((self.one_of(world, site, task, targets)?, far))
    }

    pub(crate) fn one_of(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        targets: &[u32],
    ) -> Option<u32> {
        match targets {
            [] => None,
            [only] => Some(*only),
            several => Some(self.choose(world, site, task, several)),
        }
    }

    /// What a caller believes of the service it calls, if it may be late.
    pub(crate) fn believed<'a>(&self, world: World<'a>, site: &Site, client: u32) -> Option<&'a Targets> {
        let late = world.view.late_of(site.service)?;
        Some(late.believed(self.phase_of(world, client), self.now))
    }

    /// At which share of a period a caller asks for news.
    fn phase_of(&self, world: World<'_>, client: u32) -> u64 {
        let client = &self.clients[client as usize];
        let callers = &world.view.callers;
        match world.plan.sites[client.site as usize].caller {
            Caller::Users => {
                let source = world.plan.partitions[self.index as usize].sources[client.origin as usize];
                let source = &world.plan.sources[source as usize];
                Callers::phase(callers.workloads[source.workload as usize], source.number)
            }
            _ => {
                let instance = (self.first_instance + client.origin) as usize;
                let service = world.plan.service_of[instance] as usize;
                Callers::phase(callers.services[service], world.plan.number_of[instance])
            }
        }
    }

    /// The instance that users call, and whether they had to go to another zone or region than theirs.
    /// Where they may enter is looked up once for each version of the view.
    #[inline(always)]
    pub(crate) fn enter(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        sender: Sender,
    ) -> Option<(u32, bool)> {
        let source = &mut self.sources[sender.origin as usize];
        let known = &mut source.entrances[(sender.client - source.first_client) as usize];
        if known.version != world.view.version {
            *known = look_up(world, site, source.zone);
        }
        let Entrance { start, end, only, far, .. } = *known;
        if only != NONE {
            return Some((only, far));
        }
        match world.view.now.range(start, end) {
            [] => self.enter_late(world, site, task, sender.client),
            several => Some((self.choose(world, site, task, several), far)),
        }
    }

    #[inline(never)]
    fn choose(&mut self, world: World<'_>, site: &Site, task: u32, targets: &[u32]) -> u32 {
        let client_idx = self.tasks[task].client;
        let key = if site.balance == Balance::Hash { u64::from(self.key_of(task)) } else { 0 };
        let mut picked = self.choose_once(world, site, client_idx, key, targets);
        if self.avoids(site, task, picked) {
            picked = self.choose_once(world, site, client_idx, key, targets);
        }
        if self.avoids(site, task, picked) {
            let at = targets.iter().position(|target| *target == picked).expect("it was picked from these");
            let others = targets[at + 1..].iter().chain(&targets[..at]);
            let other = others.copied().find(|target| !self.avoids(site, task, *target));
            picked = other.unwrap_or(picked);
        }
        picked
    }

    /// If all near by are to be avoided, an attempt goes farther: within the region, or else anywhere.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_farther(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
        near: (u32, bool),
    ) -> (u32, bool) {
        if !self.avoids(site, task, near.0) {
            return near;
        }
        let client = self.tasks[task].client;
        let zone = self.zone_of_client(world, client);
        let known = self.believed(world, site, client).unwrap_or(&world.view.now);
        let region = known.in_region(site.service, world.plan.region_of[zone as usize]);
        for tier in [region, known.all(site.service)] {
            let others: Vec<u32> =
                tier.iter().copied().filter(|other| !self.avoids(site, task, *other)).collect();
            if others.is_empty() {
                continue;
            }
            // Whose turn it is near by says nothing here: who stands in turn is taken by chance.
            let takes_turns = site.balance == Balance::RoundRobin || site.balance.is_local();
            let other = if takes_turns {
                others[self.draws_of_client(world, client).policy.below(others.len() as u32) as usize]
            } else {
                self.choose(world, site, task, &others)
            };
            let there = world.plan.zone_of[other as usize];
            return (other, site.caller == Caller::Users && is_far(world, site, zone, there));
        }
        near
    }

    /// Whether an attempt had better go elsewhere: the last one failed there, or another is there now.
    #[inline]
    fn avoids(&self, site: &Site, attempt: u32, target: u32) -> bool {
        let call = self.call_of(site, attempt);
        let failed =
            |retry: &Retry| retry.elsewhere && self.is_retry(call) && self.tasks[call].instance == target;
        site.retry.as_ref().is_some_and(failed) || (site.hedges && self.is_raced(attempt, target))
    }

    #[inline]
    fn choose_once(
        &mut self,
        world: World<'_>,
        site: &Site,
        client_idx: u32,
        key: u64,
        targets: &[u32],
    ) -> u32 {
        if site.balance == Balance::RoundRobin || site.balance.is_local() {
            return next_in_turn(&mut self.clients[client_idx as usize], targets);
        }
        if site.balance == Balance::Hash {
            return targets[jump_hash(key, targets.len() as u32) as usize];
        }
        let client = self.clients[client_idx as usize];
        let stream = match site.caller {
            Caller::Users => &mut self.sources[client.origin as usize].draws.policy,
            _ => &mut self.instances[client.origin as usize].draws.policy,
        };
        if site.balance == Balance::Random {
            return target_of(stream, targets);
        }
        let extra = &self.extras[client.extra as usize];
        let number = |target: u32| world.plan.number_of[target as usize] as usize;
        match site.balance {
            Balance::LeastRequests => {
                least_requests(targets, |target| extra.outstanding[number(target)], stream)
            }
            Balance::PowerOfTwo => {
                let pair = (target_of(stream, targets), target_of(stream, targets));
                better_of_two(pair, |target| f64::from(extra.outstanding[number(target)]))
            }
            _ => better_of_two(two_of(targets, stream), |target| cost(extra, number(target), self.now)),
        }
    }

    /// How long a message without content takes from an instance to another.
    #[inline(always)]
    pub(crate) fn way_there(&mut self, world: World<'_>, origin: u32, instance: u32) -> u64 {
        let caller = self.first_instance + origin;
        let [from, to] = [caller, instance].map(|at| world.plan.zone_of[at as usize]);
        let stream = &mut self.instances[origin as usize].draws.network;
        hop(world, stream, from, to, caller == instance)
    }

    /// The same from the users of a source.
    #[inline(always)]
    pub(crate) fn way_from_users(&mut self, world: World<'_>, origin: u32, instance: u32, far: bool) -> u64 {
        // Mostly it takes no time, and the source need not be looked up.
        if world.plan.wires.users.is_none() && !far {
            return 0;
        }
        let source = &mut self.sources[origin as usize];
        let mut delay = users_hop(world, &mut source.draws.network);
        if far {
            let to = world.plan.zone_of[instance as usize];
            delay += hop(world, &mut source.draws.network, source.zone, to, false);
        }
        delay
    }
}

#[cold]
fn look_up(world: World<'_>, site: &Site, zone: u32) -> Entrance {
    let (targets, far) = entrances(world, &world.view.now, site, zone);
    let (start, end) = world.view.now.range_of(targets);
    let only = if let [only] = targets { *only } else { NONE };
    Entrance { version: world.view.version, start, end, only, far }
}

/// Where users of a zone may enter: around them if the service stands there, or ever stood, otherwise
/// anywhere. When all around them is gone they go far.
#[inline]
pub(crate) fn entrances<'a>(world: World<'_>, now: &'a Targets, site: &Site, zone: u32) -> (&'a [u32], bool) {
    let (home, service) = (world.view.home(), site.service);
    let region = world.plan.region_of[zone as usize];
    let around = if site.balance == Balance::ZoneAware && !home.in_zone(service, zone).is_empty() {
        now.in_zone(service, zone)
    } else if !home.in_region(service, region).is_empty() {
        now.in_region(service, region)
    } else {
        now.all(service)
    };
    if around.is_empty() { (closest(now, world, service, zone), true) } else { (around, false) }
}

/// Whether users of zone `home` can only have come to `here` because all around them was gone.
pub(crate) fn is_far(world: World<'_>, site: &Site, home: u32, here: u32) -> bool {
    let (targets, service) = (world.view.home(), site.service);
    let [a, b] = [home, here].map(|zone| world.plan.region_of[zone as usize]);
    if site.balance == Balance::ZoneAware && !targets.in_zone(service, home).is_empty() {
        home != here
    } else {
        a != b && !targets.in_region(service, a).is_empty()
    }
}

/// What a caller that stays near chooses from.
pub(crate) fn nearest<'a>(targets: &'a Targets, world: World<'_>, site: &Site, zone: u32) -> &'a [u32] {
    if site.balance == Balance::ZoneAware {
        return closest(targets, world, site.service, zone);
    }
    let around = targets.in_region(site.service, world.plan.region_of[zone as usize]);
    if around.is_empty() { targets.all(site.service) } else { around }
}

/// The instances in the zone, or else in the region, or else all.
fn closest<'a>(targets: &'a Targets, world: World<'_>, service: u32, zone: u32) -> &'a [u32] {
    let here = targets.in_zone(service, zone);
    if !here.is_empty() {
        return here;
    }
    let around = targets.in_region(service, world.plan.region_of[zone as usize]);
    if around.is_empty() { targets.all(service) } else { around }
}

#[inline]
fn next_in_turn(client: &mut Client, targets: &[u32]) -> u32 {
    let mut at = client.cursor as usize;
    if at >= targets.len() {
        at %= targets.len();
    }
    client.cursor = at as u32 + 1;
    targets[at]
}

/// The fewest outstanding; among equals any, so that many callers do not all take the first.
fn least_requests(targets: &[u32], outstanding: impl Fn(u32) -> u32, stream: &mut Stream) -> u32 {
    let least = targets.iter().map(|target| outstanding(*target)).min().expect("there are targets");
    let equals = targets.iter().filter(|target| outstanding(**target) == least).count() as u32;
    let which = stream.below(equals) as usize;
    *targets.iter().filter(|target| outstanding(**target) == least).nth(which).expect("one of the equals")
}

fn target_of(stream: &mut Stream, targets: &[u32]) -> u32 {
    targets[stream.below(targets.len() as u32) as usize]
}

/// Two different ones.
fn two_of(targets: &[u32], stream: &mut Stream) -> (u32, u32) {
    let n = targets.len() as u32;
    let first = stream.below(n);
    let second = (first + 1 + stream.below(n - 1)) % n;
    (targets[first as usize], targets[second as usize])
}

fn better_of_two((a, b): (u32, u32), cost: impl Fn(u32) -> f64) -> u32 {
    if cost(b) < cost(a) { b } else { a }
}

fn cost(extra: &Extra, number: usize, now: u64) -> f64 {
    let (average, as_of) = extra.averages[number];
    let outstanding = f64::from(extra.outstanding[number]);
    if average == 0.0 && outstanding > 0.0 {
        UNTOLD_NS + outstanding
    } else {
        average * weight(as_of, now) * (outstanding + 1.0)
    }
}

/// How much of an average is left after a time in which nothing was heard.
fn weight(as_of: u64, now: u64) -> f64 {
    tarsier_random::num::exp(-((now - as_of) as f64) / DECAY_NS)
}

/// An attempt has ended after `took`: slower ones count at once, faster ones bit by bit.
pub(crate) fn observe(average: &mut (f64, u64), took: u64, now: u64) {
    let took = took as f64;
    let weight = weight(average.1, now);
    average.0 = if took > average.0 { took } else { average.0 * weight + took * (1.0 - weight) };
    average.1 = now;
}

fn jump_hash(mut key: u64, buckets: u32) -> u32 {
    let (mut bucket, mut next) = (0_i64, 0_i64);
    while next < i64::from(buckets) {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = ((bucket + 1) as f64 * ((1_u64 << 31) as f64 / ((key >> 33) + 1) as f64)) as i64;
    }
    bucket as u32
}

/// One way between users and their first service.
#[inline(always)]
pub(crate) fn users_hop(world: World<'_>, stream: &mut Stream) -> u64 {
    match &world.plan.wires.users {
        Some(law) => law.sample_nanos(stream),
        None => 0,
    }
}

/// One way between two zones, lost segments sent again.
#[inline]
pub(crate) fn hop(world: World<'_>, stream: &mut Stream, from: u32, to: u32, same_host: bool) -> u64 {
    let wires = &world.plan.wires;
    let law = if same_host {
        wires.same_host.as_ref()
    } else if from == to {
        wires.same_zone.as_ref()
    } else {
        let [a, b] = [from, to].map(|zone| world.plan.region_of[zone as usize]);
        if a == b { wires.cross_zone.as_ref() } else { wires.between_regions(a, b) }
    };
    let mut delay = law.map_or(0, |law| law.sample_nanos(stream));
    if wires.loss > 0.0 && !same_host {
        delay += sent_again(stream, wires.loss);
    }
    delay
}

/// How much longer a message takes of which this share is lost each time it is sent.
pub(crate) fn sent_again(stream: &mut Stream, loss: f64) -> u64 {
    let (mut delay, mut timeout) = (0, FIRST_RETRANSMISSION_NS);
    // Linux gives a connection up after 15 retransmissions; by then nobody waits.
    for _ in 0..15 {
        if !stream.chance(loss) {
            break;
        }
        delay += timeout;
        timeout *= 2;
    }
    delay
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jump_hash_moves_only_to_the_new_bucket() {
        let mut moved = 0;
        for key in 0..10_000_u64 {
            let key = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let (ten, eleven) = (jump_hash(key, 10), jump_hash(key, 11));
            assert!(ten == eleven || eleven == 10);
            moved += u32::from(ten != eleven);
        }
        // One key in eleven: 909 ± 4 standard deviations.
        assert!((794..1_025).contains(&moved), "{moved}");
    }

    #[test]
    fn averages_rise_at_once_and_fall_slowly() {
        let mut average = (0.0, 0);
        observe(&mut average, 1_000, 1_000_000);
        assert_eq!(average.0, 1_000.0);
        observe(&mut average, 100, 1_000_000 + DECAY_NS as u64);
        assert!((average.0 - (1_000.0 * (-1.0_f64).exp() + 100.0 * (1.0 - (-1.0_f64).exp()))).abs() < 1e-6);
    }
}

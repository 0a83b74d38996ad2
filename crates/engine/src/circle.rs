//! Callers that choose from fewer instances than discovery names: a subset of their own, without those they
//! have ejected. The rules are in `policy::subset` and `policy::outlier`.

use tarsier_model::CallPolicy;

use crate::balance::{entrances, nearest};
use crate::partition::{Partition, World};
use crate::plan::{Caller, Site};
use crate::policy::{Change, subset};
use crate::timeline::{EventKind, Reason};

/// Whom a client chooses from, as long as discovery and the client's own verdicts stay the same.
#[derive(Debug, Default)]
pub(crate) struct Circle {
    instances: Vec<u32>,
    /// The list that discovery had, by version, place and length; and which instances were known of it.
    based_on: Option<(u32, usize, usize)>,
    n_known: usize,
    /// Too many are ejected: all are chosen from.
    panics: bool,
    /// What the client's rank of instances is drawn from.
    salt: u64,
}

impl Circle {
    pub(crate) fn new(salt: u64) -> Circle {
        Circle { salt, ..Circle::default() }
    }

    /// The client has changed its mind about an instance.
    pub(crate) fn forget(&mut self) {
        self.based_on = None;
    }

    pub(crate) fn n_known(&self) -> usize {
        self.n_known
    }
}

impl Partition {
    /// The instance that such a caller calls, and whether users had to go far for it.
    #[cold]
    #[inline(never)]
    pub(crate) fn pick_from_circle(
        &mut self,
        world: World<'_>,
        site: &Site,
        task: u32,
    ) -> Option<(u32, bool)> {
        let client = self.tasks[task].client;
        let (targets, far) = self.named_by_discovery(world, site, client);
        self.draw_circle(world, site, task, targets);
        let circle = self.with_shield(task, |_, shield| std::mem::take(&mut shield.circle.instances));
        let picked = self.one_of(world, site, task, &circle);
        self.with_shield(task, |_, shield| shield.circle.instances = circle);
        Some((picked?, far))
    }

    /// What a caller would choose from without rules of its own.
    fn named_by_discovery<'a>(&self, world: World<'a>, site: &Site, client: u32) -> (&'a [u32], bool) {
        let zone = self.zone_of_client(world, client);
        let named_by = |list: &'a crate::view::Targets| match site.caller {
            Caller::Users => entrances(world, list, site, zone),
            _ if site.balance.is_local() => (nearest(list, world, site, zone), false),
            _ => (list.all(site.service), false),
        };
        let (targets, far) = named_by(&world.view.now);
        match self.believed(world, site, client) {
            Some(believed) if targets.is_empty() => named_by(believed),
            _ => (targets, far),
        }
    }

    /// Brings the circle up to date.
    fn draw_circle(&mut self, world: World<'_>, site: &Site, task: u32, targets: &[u32]) {
        let Some(rules) = &site.rules else { return };
        let client = self.tasks[task].client;
        let numbers = &world.plan.number_of;
        let key = (world.view.version, targets.as_ptr().addr(), targets.len());
        self.with_shield(task, |partition, shield| {
            let mut changes = Vec::new();
            if let (Some(outlier), Some(rule)) = (&mut shield.outlier, &rules.outlier) {
                outlier.check(rule, shield.circle.n_known, partition.now, |change| changes.push(change));
            }
            if shield.circle.based_on != Some(key) || !changes.is_empty() {
                let number = |instance: u32| numbers[instance as usize];
                changes.extend(shield.redraw(rules, targets, number));
                shield.circle.based_on = Some(key);
            }
            changes.into_iter().for_each(|change| partition.tell(world.plan, client, Some(change)));
        });
    }
}

impl crate::shield::Shield {
    fn redraw(&mut self, rules: &CallPolicy, targets: &[u32], number: impl Fn(u32) -> u32) -> Option<Change> {
        let circle = &mut self.circle;
        circle.instances = match rules.subset {
            Some(most) => subset::choose(circle.salt, most, targets, &number),
            None => targets.to_vec(),
        };
        circle.n_known = circle.instances.len();
        let (Some(outlier), Some(rule)) = (&self.outlier, &rules.outlier) else { return None };
        let fit = |instance: &&u32| !outlier.is_ejected(number(**instance) as usize);
        let left: Vec<u32> = circle.instances.iter().filter(fit).copied().collect();
        let panics = (left.len() as f64) < rule.panic * circle.n_known as f64;
        if !panics {
            circle.instances = left;
        }
        let changed = std::mem::replace(&mut circle.panics, panics) != panics;
        let kind = if panics { EventKind::PanicBegan } else { EventKind::PanicEnded };
        changed.then_some((kind, Reason::TooFewLeft(rule.panic)))
    }
}

//! Calls that the segmentation forbids and a run refuses, at the callee's door.

use std::collections::BTreeMap;

use tarsier_model::{End, Enforce, SealedModel, ServiceId, Verdict};
use tarsier_units::Id;

use super::{NONE, ServicePlan, Site};

/// Between a caller (`None` for users) and a service.
pub(crate) struct Wall {
    pub(crate) from: Option<ServiceId>,
    pub(crate) to: ServiceId,
    /// From zones ([`NONE`] for users, who stand in none) to zones, in order, if not everywhere.
    gapped: Option<Vec<(u32, u32)>>,
}

impl Wall {
    pub(crate) fn stops(&self, from: u32, to: u32) -> bool {
        self.gapped.as_ref().is_none_or(|pairs| pairs.binary_search(&(from, to)).is_ok())
    }
}

/// Tells each site its wall and each service whether it has any.
pub(super) fn raise(model: &SealedModel, services: &mut [ServicePlan], sites: &mut [Site]) -> Vec<Wall> {
    let mut walls = Vec::new();
    let mut known: BTreeMap<(Option<ServiceId>, ServiceId), u32> = BTreeMap::new();
    if model.segmentation.as_ref().is_none_or(|rules| rules.enforce != Enforce::Runtime) {
        return walls;
    }
    for site in sites {
        let from = site.from.map(|from| model.endpoints[from].service);
        let to = model.endpoints[site.to].service;
        site.wall = *known.entry((from, to)).or_insert_with(|| match wall(model, from, to) {
            Some(wall) => {
                walls.push(wall);
                (walls.len() - 1) as u32
            }
            None => NONE,
        });
        services[to.index()].is_walled |= site.wall != NONE;
    }
    walls
}

fn wall(model: &SealedModel, from: Option<ServiceId>, to: ServiceId) -> Option<Wall> {
    // Instances may join where nobody stands yet.
    let (denied, allowed): (Vec<_>, Vec<_>) = (model.possible_crossings(from, to))
        .partition(|[from, to]| model.verdict(*from, *to) == Verdict::Deny);
    if denied.is_empty() {
        return None;
    }
    if allowed.is_empty() {
        return Some(Wall { from, to, gapped: None });
    }
    let zone = |end: End| match end {
        End::Users => NONE,
        End::Instance { zone, .. } => zone.0,
    };
    let mut pairs: Vec<(u32, u32)> = denied.into_iter().map(|[from, to]| (zone(from), zone(to))).collect();
    pairs.sort_unstable();
    Some(Wall { from, to, gapped: Some(pairs) })
}

//! Replicated stores level by level: how many copies must answer, how often they can, and whether reads see all writes.

use tarsier_model::{Access, AccessKind, EndpointId, Level, Model, Needs, Service};

use crate::copies::Up;
use crate::finding::{At, Finding, FindingKind};

/// What an endpoint of a replicated store asks of the copies of a key.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StoreAccess {
    pub endpoint: EndpointId,
    pub kind: AccessKind,
    pub level: Level,
    pub needs: Needs,
    /// The share of the time in which enough copies are up; known if it is known how often instances are.
    pub available: Option<f64>,
}

impl StoreAccess {
    pub(crate) fn verb(&self) -> &'static str {
        match self.kind {
            AccessKind::Read => "read",
            AccessKind::Write => "write",
        }
    }

    /// `2 of 3`.
    pub(crate) fn answers(&self) -> String {
        let Needs { answers, of, local } = self.needs;
        format!("{answers} of {of}{}", if local { " nearby" } else { "" })
    }
}

pub(crate) fn store_accesses(model: &Model) -> Vec<StoreAccess> {
    model.services.iter().flat_map(|service| accesses_of(model, service)).collect()
}

fn accesses_of(model: &Model, service: &Service) -> Vec<StoreAccess> {
    let described = |access: &Access| {
        let needs = model.needs_of(service, access)?;
        Some(StoreAccess {
            endpoint: access.coordinator,
            kind: access.kind,
            level: access.level,
            needs,
            available: service.availability.map(|_| Up::of(service).copies(needs, 1.0)),
        })
    };
    service.replication.iter().flat_map(|store| &store.accesses).filter_map(described).collect()
}

/// Reads that may miss a write that has been acknowledged, because they need not ask any copy that has it.
pub(crate) fn stale_reads(model: &Model) -> Vec<Finding> {
    let stores = model.services.iter().map(|service| accesses_of(model, service));
    stores.flat_map(|accesses| stale_reads_of(model, &accesses)).collect()
}

fn stale_reads_of(model: &Model, accesses: &[StoreAccess]) -> Vec<Finding> {
    let of = |kind: AccessKind| accesses.iter().filter(move |access| access.kind == kind);
    let missed = |read: &StoreAccess| {
        // The write that is the likeliest to be missed.
        let mut misses =
            of(AccessKind::Write).filter_map(|write| Some((write, may_miss(model, read, write)?)));
        let (write, why) = misses.next()?;
        let [reads, writes] = [read, write].map(|access| model.endpoint_label(access.endpoint));
        let message = format!(
            "{reads} may miss what {writes} has written: {} ({}) and {} ({}) {why}",
            read.level,
            read.answers(),
            write.level,
            write.answers(),
        );
        let at = At::Call { from: read.endpoint, number: 0 };
        Some(Finding { kind: FindingKind::StaleReads, at, message })
    };
    of(AccessKind::Read).filter_map(missed).collect()
}

/// Quorums that need not overlap: R + W is not above the number of copies they are taken from. Answers to a level that is
/// not local may come from other regions first.
fn may_miss(model: &Model, read: &StoreAccess, write: &StoreAccess) -> Option<&'static str> {
    let both_local = read.needs.local && write.needs.local;
    let of = read.needs.of.max(write.needs.of);
    let n_regions = model.regions_of(&model.services[model.endpoints[read.endpoint].service]).len();
    if read.needs.answers + write.needs.answers <= of {
        Some("need not have a copy in common")
    } else if both_local && n_regions > 1 {
        Some("have a copy in common only within a region")
    } else {
        None
    }
}

/// Levels that say no more than others, because there is one region.
pub(crate) fn local_levels(model: &Model) -> Vec<Finding> {
    model.services.iter().filter_map(|service| local_level(model, service)).collect()
}

fn local_level(model: &Model, service: &Service) -> Option<Finding> {
    let regions = model.regions_of(service);
    let region = regions.first().filter(|_| regions.len() == 1)?;
    let mut accesses = service.replication.iter().flat_map(|store| &store.accesses);
    let access = accesses.find(|access| access.level == Level::LocalQuorum)?;
    let (label, region) = (model.endpoint_label(access.coordinator), &model.regions[*region].name);
    let message = format!("{label}: local-quorum is quorum while {} stands only in {region}", service.name);
    let at = At::Call { from: access.coordinator, number: 0 };
    Some(Finding { kind: FindingKind::LocalLevel, at, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{messages, store};

    fn stale(read: Level, write: Level, n_regions: u32) -> bool {
        let store = store(&[(AccessKind::Read, read), (AccessKind::Write, write)], n_regions);
        !messages(&store, FindingKind::StaleReads).is_empty()
    }

    /// Every choice of copies that may answer is tried: those of the read against those of the write, wherever their
    /// coordinators stand.
    #[test]
    fn levels_miss_writes_exactly_if_some_choice_of_copies_does() {
        use Level::{All, Count, LocalOne, LocalQuorum, One, Quorum};
        for n_regions in 1..=2 {
            for read in [One, LocalOne, Quorum, LocalQuorum, All, Count(2)] {
                for write in [One, LocalOne, Quorum, LocalQuorum, All, Count(2)] {
                    let expected = may_be_apart(&choices(read, n_regions), &choices(write, n_regions));
                    assert_eq!(stale(read, write, n_regions), expected, "{read} {write} {n_regions}");
                }
            }
        }
    }

    /// Sets of copies, as bits, that may be the ones that answer; three bits a region.
    fn choices(level: Level, n_regions: u32) -> Vec<u32> {
        let needs = level.needs(3, n_regions);
        let reach: Vec<u32> =
            if needs.local { (0..n_regions).map(|n| 0b111 << (3 * n)).collect() } else { vec![!0] };
        let sets = (0..1u32 << (3 * n_regions)).filter(|set| set.count_ones() == needs.answers);
        sets.filter(|set| reach.iter().any(|reach| set & !reach == 0)).collect()
    }

    fn may_be_apart(reads: &[u32], writes: &[u32]) -> bool {
        reads.iter().any(|read| writes.iter().any(|write| read & write == 0))
    }

    #[test]
    fn local_is_said_once_and_only_of_one_region() {
        let both = [(AccessKind::Read, Level::LocalQuorum), (AccessKind::Write, Level::LocalQuorum)];
        let expected = ["store/e0: local-quorum is quorum while store stands only in r0"];
        assert_eq!(messages(&store(&both, 1), FindingKind::LocalLevel), expected);
        assert!(messages(&store(&both, 2), FindingKind::LocalLevel).is_empty());
        let quorum = [(AccessKind::Read, Level::Quorum)];
        assert!(messages(&store(&quorum, 1), FindingKind::LocalLevel).is_empty());
    }
}

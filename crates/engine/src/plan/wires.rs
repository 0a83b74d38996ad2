//! The network's laws, ready to be drawn from.

use tarsier_model::{Link, Network};
use tarsier_random::Sampler;

use super::partitioning::floor_ns;

/// TCP sends a lost segment again after 200 ms at first (Linux' `TCP_RTO_MIN`), doubling each time (RFC 6298).
pub(crate) const FIRST_RETRANSMISSION_NS: u64 = 200_000_000;

pub(crate) struct Wires {
    pub(crate) users: Option<Sampler>,
    pub(crate) same_host: Option<Sampler>,
    pub(crate) same_zone: Option<Sampler>,
    pub(crate) cross_zone: Option<Sampler>,
    cross_region: Option<Sampler>,
    /// Sorted by the pair, the lower region first.
    pairs: Vec<((u32, u32), Option<Sampler>)>,
    pub(crate) loss: f64,
}

impl Wires {
    /// Links that may lead from one partition to another never take less than `look_ahead`. The
    /// look-ahead is the least floor of these, so a link with a lower one leads to no other partition.
    pub(crate) fn new(network: &Network, look_ahead: u64) -> Wires {
        let sampler = |link: &Link| link.latency.as_ref().map(Sampler::new);
        let floored = |link: &Link| {
            link.latency.as_ref().map(|law| {
                let stays_inside = look_ahead == u64::MAX || floor_ns(link) < look_ahead;
                if stays_inside { Sampler::new(law) } else { Sampler::with_floor(law, look_ahead as f64) }
            })
        };
        let mut pairs: Vec<_> = (network.pairs.iter())
            .map(|pair| {
                let [a, b] = pair.regions.map(|region| region.0);
                ((a.min(b), a.max(b)), floored(&pair.link))
            })
            .collect();
        pairs.sort_by_key(|(regions, _)| *regions);
        Wires {
            users: sampler(&network.users),
            same_host: sampler(&network.same_host),
            same_zone: sampler(&network.same_zone),
            cross_zone: floored(&network.cross_zone),
            cross_region: floored(&network.cross_region),
            pairs,
            loss: network.loss,
        }
    }

    pub(crate) fn between_regions(&self, a: u32, b: u32) -> Option<&Sampler> {
        let regions = (a.min(b), a.max(b));
        match self.pairs.binary_search_by_key(&regions, |(regions, _)| *regions) {
            Ok(at) => self.pairs[at].1.as_ref(),
            Err(_) => self.cross_region.as_ref(),
        }
    }
}

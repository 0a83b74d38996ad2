//! The network between instances.

use tarsier_random::Law;

use crate::RegionId;

/// One-way latency by locality. `None` in place of a law means the hop takes no time.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    /// From users to the first service and back.
    pub users: Link,
    pub same_host: Link,
    pub same_zone: Link,
    pub cross_zone: Link,
    pub cross_region: Link,
    /// Laws of particular pairs of regions, both ways; they go before `cross_region`.
    pub pairs: Vec<RegionPair>,
    /// Bytes per second of a message on any hop but `same_host`; infinite if absent.
    pub bandwidth: Option<f64>,
    /// Share of messages lost on any hop but `same_host`; a lost message is sent again after the
    /// retransmission timeout of TCP.
    pub loss: f64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    pub latency: Option<Law>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct RegionPair {
    pub regions: [RegionId; 2],
    pub link: Link,
}

impl Network {
    /// Every hop takes no time.
    pub fn none() -> Self {
        let no_time = Link { latency: None };
        Network {
            users: no_time.clone(),
            same_host: no_time.clone(),
            same_zone: no_time.clone(),
            cross_zone: no_time.clone(),
            cross_region: no_time,
            pairs: Vec::new(),
            bandwidth: None,
            loss: 0.0,
        }
    }

    /// A public cloud as measured between virtual machines: about 0.1 ms within a zone, 0.5 ms
    /// between zones, 35 ms between regions, one way, over a fixed floor with an exponential tail.
    pub fn cloud() -> Self {
        let link = |floor: f64, mean_above: f64| Link {
            latency: Some(Law::Sum(vec![Law::Constant(floor), Law::Exp { mean: mean_above }])),
        };
        Network {
            users: Link { latency: None },
            same_host: link(10e3, 5e3),
            same_zone: link(75e3, 25e3),
            cross_zone: link(400e3, 100e3),
            cross_region: link(34e6, 1e6),
            pairs: Vec::new(),
            bandwidth: None,
            loss: 0.0,
        }
    }
}

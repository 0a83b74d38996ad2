//! Architectures of a chosen size and shape, written in the language: the same order gives the same bytes.
//!
//! A shape makes a [`Blueprint`](blueprint::Blueprint), arithmetic sizes it so that its load is stable, and it is
//! written down. Calls go only to what stands further down, so no request goes round for ever. Why it is done so
//! stands in `docs/decisions/0010-generate.md`.

mod blueprint;
mod graph;
mod layered;
mod place;
mod published;
mod size;
mod write;

use std::fmt;

/// What is wanted. What is `None` is worked out from the rest.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    pub shape: Shape,
    pub services: u32,
    pub instances: Option<u32>,
    pub rate_per_s: Option<f64>,
    pub seed: u64,
    /// The command that asks for it, for the file's first line.
    pub command: String,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Shape {
    /// An edge, pages, lookups with a data access layer, a cache and a Cassandra cluster each.
    NetflixOss { regions: u32, zones: u32 },
    /// The same on several continents, with several versions of its services.
    Hierarchy { continents: Option<u32>, regions: Option<u32>, zones: Option<u32> },
    /// A call graph after the statistics that Alibaba published.
    Alibaba,
    /// A call graph after the statistics that Meta published.
    Meta,
}

pub const MOST_SERVICES: u32 = 5_000;
/// What the language takes.
pub const MOST_INSTANCES: u32 = 2_000_000;
pub const MOST_RATE_PER_S: f64 = 1e9;
pub const MOST_CONTINENTS: u32 = 5;
pub const MOST_REGIONS: u32 = 20;
pub const MOST_ZONES: u32 = 20;

/// Why there is no such architecture.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    TooFewServices {
        asked: u32,
        least: u32,
    },
    TooManyServices {
        asked: u32,
    },
    /// There must be one of each service, in each zone where callers stay in theirs.
    TooFewInstances {
        asked: u32,
        least: u64,
        services: usize,
        zones: usize,
    },
    TooManyInstances {
        needed: f64,
    },
    /// Cores would have to be this much faster than usual, or slower.
    Misfit {
        instances: u64,
        rate_per_s: f64,
        usual_per_s: f64,
    },
    NoRate {
        asked: f64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooFewServices { asked, least } => {
                write!(f, "{asked} services are too few: this shape has at least {least}")
            }
            Refusal::TooManyServices { asked } => {
                write!(f, "{asked} services are too many: at most {MOST_SERVICES}")
            }
            Refusal::TooFewInstances { asked, least, services, zones: 1 } => write!(
                f,
                "{asked} instances are too few: each of {services} services needs one, so at least {least}"
            ),
            Refusal::TooFewInstances { asked, least, services, zones } => write!(
                f,
                "{asked} instances are too few: each of {services} services needs one in each of {zones} zones, so \
                 at least {least}"
            ),
            Refusal::TooManyInstances { needed } => {
                write!(f, "this takes {needed:.0} instances: at most {MOST_INSTANCES}")
            }
            Refusal::Misfit { instances, rate_per_s, usual_per_s } => write!(
                f,
                "{instances} instances and {rate_per_s}/s do not fit together: they are made for about \
                 {usual_per_s:.0}/s, and at most a hundred times more or less"
            ),
            Refusal::NoRate { asked } => {
                write!(f, "no rate is {asked}/s: more than 0/s and at most {MOST_RATE_PER_S:.0}/s")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// The text of an architecture file.
pub fn generate(order: &Order) -> Result<String, Refusal> {
    if order.services > MOST_SERVICES {
        return Err(Refusal::TooManyServices { asked: order.services });
    }
    if let Some(asked) = order.rate_per_s.filter(|rate| !(*rate > 0.0 && *rate <= MOST_RATE_PER_S)) {
        return Err(Refusal::NoRate { asked });
    }
    let made = match order.shape {
        Shape::NetflixOss { .. } | Shape::Hierarchy { .. } => layered::made(order)?,
        Shape::Alibaba | Shape::Meta => graph::made(order)?,
    };
    Ok(write::text(order, &made))
}

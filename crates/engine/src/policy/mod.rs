//! What protects callers and callees: one file for each rule, which says where the rule comes from.
//!
//! Each is plain data with its behaviour: it gets the time and, if it needs one, a stream, and knows
//! nothing of partitions.

pub(crate) mod aimd;
pub(crate) mod backoff;
pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod codel;
pub(crate) mod connect;
pub(crate) mod episode;
pub(crate) mod gradient;
pub(crate) mod hedge;
pub(crate) mod limit;
pub(crate) mod outlier;
pub(crate) mod quantile;
pub(crate) mod rate_limit;
pub(crate) mod rolling;
pub(crate) mod shed;
pub(crate) mod subset;
pub(crate) mod throttle;
pub(crate) mod vegas;
pub(crate) mod window;

/// What a policy did that is worth noting, and why.
pub(crate) type Change = (crate::timeline::EventKind, crate::timeline::Reason);

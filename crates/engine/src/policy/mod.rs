//! What protects callers and callees: one file for each rule, which says where the rule comes from.
//!
//! Each is plain data with its behaviour: it gets the time and, if it needs one, a stream, and knows
//! nothing of partitions.

#![cfg_attr(not(test), expect(dead_code, reason = "plugged in next"))]

pub(crate) mod aimd;
pub(crate) mod codel;
pub(crate) mod gradient;
#[cfg_attr(test, expect(dead_code, reason = "plugged in next"))]
pub(crate) mod limit;
pub(crate) mod rate_limit;
pub(crate) mod shed;
pub(crate) mod vegas;

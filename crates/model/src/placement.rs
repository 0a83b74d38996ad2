//! Where instances stand.

use crate::RegionId;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    pub name: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    pub name: String,
    pub region: RegionId,
}

//! Who may talk to whom, and what must not fail together.

use crate::{RegionId, ServiceId, ZoneId};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Segmentation {
    pub groups: Vec<Group>,
    /// The first that matches decides.
    pub rules: Vec<Rule>,
    /// What holds where no rule matches.
    pub default: Verdict,
    pub enforce: Enforce,
    /// Services of each list must not be taken down together by any single failure.
    pub independent: Vec<Vec<ServiceId>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    pub name: String,
    pub members: Vec<Member>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Member {
    Users,
    Service(ServiceId),
    Zone(ZoneId),
    Region(RegionId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Indices into `groups`; `None` is everybody.
    pub from: Option<u32>,
    pub to: Option<u32>,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    #[default]
    Allow,
    Deny,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Enforce {
    /// A forbidden call is an error of the file.
    #[default]
    Check,
    /// A forbidden call is refused when it is made.
    Runtime,
}

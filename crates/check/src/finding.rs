//! What is doubtful in a model, and where.

use tarsier_model::{EndpointId, ServiceId, WorkloadId};

/// Something that will not work as it stands, or that works until something fails.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    pub kind: FindingKind,
    pub at: At,
    /// A sentence without a full stop, with the numbers.
    pub message: String,
}

/// The part of a model that a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum At {
    Service(ServiceId),
    /// The call of that number, as [`tarsier_model::Endpoint::calls`] has them.
    Call {
        from: EndpointId,
        number: usize,
    },
    /// An entry of a workload's mix.
    Destination {
        workload: WorkloadId,
        number: usize,
    },
    /// A rule of the segmentation.
    Rule(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FindingKind {
    Overload,
    PoolTooSmall,
    HopelessTimeout,
    ImpatientTimeout,
    Amplification,
    UnguardedRetry,
    CanTip,
    SinglePoint,
    NotIndependent,
    RefusedCall,
    UselessRule,
    StaleReads,
    LocalLevel,
}

impl FindingKind {
    /// What may well be meant so: a price that was chosen, not a fault.
    pub(crate) fn is_choice(self) -> bool {
        matches!(self, FindingKind::StaleReads | FindingKind::LocalLevel)
    }

    /// As it is called in JSON and in the guide.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Overload => "overload",
            FindingKind::PoolTooSmall => "pool-too-small",
            FindingKind::HopelessTimeout => "hopeless-timeout",
            FindingKind::ImpatientTimeout => "impatient-timeout",
            FindingKind::Amplification => "amplification",
            FindingKind::UnguardedRetry => "unguarded-retry",
            FindingKind::CanTip => "can-tip",
            FindingKind::SinglePoint => "single-point",
            FindingKind::NotIndependent => "not-independent",
            FindingKind::StaleReads => "stale-reads",
            FindingKind::LocalLevel => "local-level",
            FindingKind::RefusedCall => "refused-call",
            FindingKind::UselessRule => "useless-rule",
        }
    }
}

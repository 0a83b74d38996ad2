//! The simulator: a sealed [`Model`](tarsier_model::Model) and a seed in, an [`Outcome`] out.
//!
//! No files, wall clocks, environment, serde, async or logging here or below.

mod account;
mod aftermath;
mod alarm;
mod balance;
mod border;
mod cancel;
mod circle;
mod client;
mod config;
mod consistency;
mod control;
mod deadline;
mod disturbed;
mod fault;
mod follow;
mod guard;
mod handoff;
mod handshake;
mod identities;
mod instance;
pub mod kernel;
mod kin;
mod lanes;
mod ledger;
mod lock;
mod outcome;
mod partition;
mod place;
mod plan;
mod policy;
mod processor;
mod race;
mod replicas;
mod retry;
mod run;
mod serve;
mod shield;
mod source;
mod span;
mod standing;
mod strand;
mod tally;
mod task;
mod timeline;
mod trace;
mod view;
mod visits;
mod windows;

pub use config::{InstanceChange, Pulse, RunConfig, Verdict, Visit, Watch};
pub use instance::Health;
pub use ledger::ServiceCounts;
pub use outcome::{
    AccessOutcome, CallOutcome, Cause, FaultOutcome, Outcome, SecondRow, SeriesSubject, ServiceOutcome,
    Stopped, StoreOutcome, VisitEnd, Why, WhyPart, WorkloadOutcome,
};
pub use run::{ROOM_BY_HAND, run};
pub use span::{Side, SpanEnd, SpanKind, Stretch, TraceSpan, Traces};
pub use standing::{Ended, InstanceState, Standing, Unfit};
pub use tally::CallTally;
pub use timeline::{Event, EventKind, EventSubject, Reason};

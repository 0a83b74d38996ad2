//! What can be said of a Model without running it: who calls whom and who may, how busy each service will be, what a single
//! failure takes down, how many requests succeed, and which settings will not work together.
//!
//! Load and times are arithmetic on means. Queueing is what a run is for.

mod availability;
mod chance;
mod copies;
mod crossing;
mod edges;
mod examination;
mod fanout;
mod finding;
#[cfg(test)]
mod fixture;
mod independence;
mod json;
mod links;
mod load;
mod outlasting;
mod patience;
mod sections;
mod settings;
mod standing;
mod stores;
mod storm;
mod text;
mod tree;
mod unloaded;

pub use availability::Availability;
pub use crossing::Crossing;
pub use examination::{Examination, examine};
pub use fanout::FanOut;
pub use finding::{At, Finding, FindingKind};
pub use independence::{Independence, Resilience, Shared, SinglePoint};
pub use json::json;
pub use load::{Limit, Load, ServiceLoad};
pub use standing::Part;
pub use stores::StoreAccess;
pub use storm::Storm;
pub use text::{Lines, text};

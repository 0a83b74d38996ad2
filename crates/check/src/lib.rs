//! What can be said of a Model without running it: who calls whom, how busy each service will be at the load
//! offered, which one saturates first, and which timeouts cannot be met.
//!
//! Everything here is arithmetic on means. Queueing, retries and failures are what a run is for.

mod availability;
mod chance;
mod edges;
mod fanout;
#[cfg(test)]
mod fixture;
mod independence;
mod load;
mod standing;
mod text;
mod tree;
mod unloaded;

pub use availability::{Availability, availabilities};
pub use fanout::{FanOut, fan_outs};
pub use independence::{Independence, Resilience, Shared, SinglePoint, resilience};
pub use load::{Limit, Load, ServiceLoad, offered};
pub use standing::Part;
pub use text::text;
pub use tree::draw;
pub use unloaded::{HopelessTimeout, hopeless_timeouts};

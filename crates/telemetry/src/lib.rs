//! Sends what a run tells to a collector over HTTP: batch by batch, with back-pressure, and with an account of what
//! became of each item.
//!
//! Knows nothing of runs and formats: it is handed texts.

mod delivery;
mod sender;

pub use delivery::can_be_sent_to;
pub use sender::{Batch, Delivered, Sender};

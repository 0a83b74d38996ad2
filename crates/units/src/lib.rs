//! Time, rate, size, share and typed ids: the words every other crate speaks.
//!
//! Time is integer nanoseconds. Text is read by one parser ([`parse`]) and printed by the `Display`
//! of each type; reading what was printed gives the same value back.

mod ids;
pub mod parse;
mod quantity;

pub use ids::{Id, IdVec};
pub use parse::UnitError;
pub use quantity::{Bytes, NANOS_PER_SECOND, Rate, Share, Span};

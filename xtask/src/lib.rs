//! Chores of the repository that its tests use too.

mod coverage;
pub mod differential;
pub mod nightly;
mod soak;
pub mod tidy;
pub mod validate;

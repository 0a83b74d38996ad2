//! Chores of the repository that its tests use too.

pub mod bench;
mod coverage;
pub mod differential;
pub mod nightly;
mod outputs;
pub mod served;
mod servers;
mod soak;
pub mod tidy;
mod tools;
pub mod validate;

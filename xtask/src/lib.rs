//! Chores of the repository that its tests use too.

pub mod differential;
pub mod tidy;
pub mod validate;

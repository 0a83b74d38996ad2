//! Help for whoever writes a file: completion and hover, from the tables of keys.

mod complete;
mod hover;
mod names;
mod outline;
mod shape;

pub use complete::{Completion, Completions, complete};
pub use hover::{Hover, hover};

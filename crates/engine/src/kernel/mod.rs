//! Clock, event queue and timer lanes: knows nothing of services.

pub(crate) mod heap;
pub(crate) mod ladder;
pub(crate) mod queue;
pub(crate) mod slab;
pub(crate) mod table;

pub use queue::EventQueue;

//! The engine against theory and against itself.

mod choices;
mod contention;
mod deadlines;
mod destinations;
mod discovery;
mod faults;
mod fleet;
mod guards;
mod hedges;
mod policies;
mod processes;
mod protection;
mod queueing;
mod replicas;
mod sameness;
mod segmentation;
mod settings;
mod steered;
mod support;
mod traces;
mod troubles;
mod users;
mod visits;

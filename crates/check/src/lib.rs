//! What can be said of a Model without running it.

//! Histograms, intervals and warm-up detection.
//!
//! A [`Recorder`] takes one value at a time at next to no cost; at the end of each batch of
//! simulated time it closes a batch, from which the intervals come.


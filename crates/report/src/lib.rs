//! Outcomes as JSON, tables, CSV and histograms.

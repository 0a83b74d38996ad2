//! Files of Spigo: the corpus, counts by hand, and real files where there are some.

mod corpus;
mod counts;
#[path = "../../../language/tests/it/golden.rs"]
mod golden;
mod page;
mod samples;
mod swarm;

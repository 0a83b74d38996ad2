//! Files of Spigo: the corpus, counts by hand, and real files where there are some; pictures of the catalogue.

#[path = "../../../language/tests/it/catalogue.rs"]
mod catalogue;
mod corpus;
mod counts;
#[path = "../../../language/tests/it/golden.rs"]
mod golden;
mod page;
mod picture;
mod samples;
mod swarm;

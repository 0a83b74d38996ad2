//! Tests of the language as its users meet it: files in, models or diagnostics out.

mod assist;
mod catalogue;
mod corpus;
mod dump;
mod edit;
mod golden;
mod places;
mod reference;
mod robustness;
mod schema;

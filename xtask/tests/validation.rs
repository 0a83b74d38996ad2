//! The fast subset of the validation table, with fixed seeds: `cargo xtask validate` runs all of it.

use xtask::validate::measure::{Effort, Row};
use xtask::validate::run;

#[test]
fn what_is_known_is_found() {
    let table = run(Effort::Quick, "");
    assert!(table.rows().count() > 30, "the fast subset is no token");
    let failures: Vec<&Row> = table.failures().collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

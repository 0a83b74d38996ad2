//! The tables of the guide's page on Spigo.

use crate::golden::repository;

const PAGE: &str = "docs/guide/spigo.md";
const BEGIN: &str = "<!-- The packages: made by `UPDATE_EXPECT=1 cargo test -p tarsier-interop`. -->\n";
const END: &str = "<!-- Here they end. -->\n";

#[test]
fn the_packages_are_documented() {
    page_says(BEGIN, &tarsier_interop::spigo::reference(), END);
}

/// Between two marks of the page stands this table.
#[track_caller]
pub(crate) fn page_says(begin: &str, table: &str, end: &str) {
    let path = repository().join(PAGE);
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(begin).expect("the table begins");
    let (old, after) = rest.split_once(end).expect("the table ends");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{before}{begin}\n{table}\n{end}{after}")).expect("it can be written");
    } else {
        assert_eq!(old.trim(), table.trim(), "{PAGE} says otherwise; UPDATE_EXPECT=1 writes it anew");
    }
}

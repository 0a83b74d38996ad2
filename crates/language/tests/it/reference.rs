//! The reference pages are as the language is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tarsier_language::{Code, load, load_with, reference, render};

use crate::golden::{assert_no_failures, check, files, repository};

fn page(name: &str) -> std::path::PathBuf {
    repository().join("docs/reference").join(name)
}

#[test]
fn the_reference_is_what_the_tables_say() {
    assert_no_failures(&check(&page("language.md"), &reference()).into_iter().collect::<Vec<_>>());
}

#[test]
fn every_example_of_the_reference_loads() {
    let text = reference();
    let blocks: Vec<&str> =
        text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5, "there are examples");
    for block in blocks {
        let loaded = load("example.yaml", block.as_bytes());
        let shown = render(&loaded.diagnostics, "example.yaml", block.as_bytes(), false);
        assert!(loaded.diagnostics.is_empty(), "{shown}\n{block}");
    }
}

/// Every code with its meaning and, from the corpus, what it looks like.
fn diagnostics_page() -> String {
    let mut text = String::from(
        "# Diagnostics\n\nWhat `tarsier` says about a file, by code. All mistakes of a file come at once, in its order. \
         An error keeps the file from running, a warning does not.\n\nThis page is made by the tests, with \
         examples from `corpus/invalid`.\n",
    );
    let examples = examples();
    for code in Code::ALL {
        writeln!(text, "\n## {}: {}\n\n{}", code.id(), code.title(), code.explanation())
            .expect("strings take text");
        if let Some(example) = examples.get(code) {
            write!(text, "\n```text\n{}\n```\n", example.trim_end()).expect("strings take text");
        }
    }
    text
}

fn no_files(_: &str) -> Result<Vec<u8>, String> {
    Err("this architecture has no folder to read files from".to_owned())
}

/// The shortest thing the corpus says with each code.
fn examples() -> BTreeMap<Code, String> {
    let mut examples: BTreeMap<Code, String> = BTreeMap::new();
    for path in files("corpus/invalid", ".yaml") {
        let source = std::fs::read(&path).expect("the file can be read");
        for diagnostic in load_with("example.yaml", &source, &no_files).diagnostics {
            let code = diagnostic.code;
            let shown = render(&[diagnostic], "example.yaml", &source, false);
            // One that points at the source shows more than one that cannot.
            let worth = |text: &String| (text.contains('^'), usize::MAX - text.len());
            let best = examples.entry(code).or_insert_with(|| shown.clone());
            if worth(&shown) > worth(best) {
                *best = shown;
            }
        }
    }
    examples
}

#[test]
fn every_code_has_its_entry() {
    let failures: Vec<String> = check(&page("diagnostics.md"), &diagnostics_page()).into_iter().collect();
    assert_no_failures(&failures);
}

#[test]
fn codes_are_unique_and_in_order() {
    let ids: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

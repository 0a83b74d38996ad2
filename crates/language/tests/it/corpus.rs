//! The corpus: input files, and the model or the diagnostics expected of each.

use std::path::Path;

use tarsier_language::{Code, Loaded, load_with, render};

use crate::dump::dump;
use crate::golden::{assert_no_failures, check, files};

/// These have no file: one would be too large, of the other there is none.
const WITHOUT_A_FILE: [Code; 2] = [Code::TooLarge, Code::Unsound];

fn load_file(path: &Path) -> (String, Vec<u8>, Loaded) {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    let source = std::fs::read(path).expect("the file can be read");
    let folder = path.parent().expect("a file has a folder");
    let loaded = load_with(&name, &source, &|beside| {
        std::fs::read(folder.join(beside)).map_err(|_| "there is no such file".to_owned())
    });
    (name, source, loaded)
}

fn rendered(path: &Path) -> (String, Loaded) {
    let (name, source, loaded) = load_file(path);
    (render(&loaded.diagnostics, &name, &source, false), loaded)
}

#[test]
fn invalid_files_get_their_diagnostics() {
    let mut failures = Vec::new();
    for path in files("corpus/invalid", ".yaml") {
        let (text, loaded) = rendered(&path);
        assert!(!loaded.diagnostics.is_empty(), "{} has a diagnostic", path.display());
        failures.extend(check(&path.with_extension("err"), &text));
    }
    assert_no_failures(&failures);
}

#[test]
fn valid_files_get_their_models() {
    let mut failures = Vec::new();
    for path in files("corpus/valid", ".yaml") {
        let (text, loaded) = rendered(&path);
        let Some(model) = loaded.model.filter(|_| loaded.diagnostics.is_empty()) else {
            failures.push(format!("{} is not clean:\n{text}", path.display()));
            continue;
        };
        failures.extend(check(&path.with_extension("out"), &dump(&model)));
    }
    assert_no_failures(&failures);
}

#[test]
fn the_catalogue_is_clean() {
    for path in files("architectures", ".yaml") {
        let (text, loaded) = rendered(&path);
        assert!(loaded.model.is_some(), "{text}");
        assert!(loaded.diagnostics.is_empty(), "{text}");
    }
}

/// Those of foreign files are in corpora of their own.
#[test]
fn every_code_has_a_file() {
    let expected = ["corpus/invalid", "corpus/spigo"].map(|folder| files(folder, ".err"));
    let texts: String = expected
        .iter()
        .flatten()
        .map(|path| std::fs::read_to_string(path).expect("it can be read"))
        .collect();
    let is_missing =
        |code: &&Code| !WITHOUT_A_FILE.contains(code) && !texts.contains(&format!("[{}]: ", code.id()));
    let missing: Vec<&str> = Code::ALL.iter().filter(is_missing).map(|code| code.id()).collect();
    assert!(missing.is_empty(), "no file of the corpus has {missing:?}");
}

#[test]
fn five_mistakes_are_five_diagnostics() {
    let path = crate::golden::repository().join("corpus/invalid/five-mistakes.yaml");
    assert_eq!(load_file(&path).2.diagnostics.len(), 5);
}

#[test]
fn messages_are_fragments() {
    for path in files("corpus/invalid", ".yaml") {
        for diagnostic in load_file(&path).2.diagnostics {
            for text in [&diagnostic.message, &diagnostic.label] {
                assert!(!text.ends_with('.'), "no full stop: {text}");
                assert!(
                    !text.starts_with(|c: char| c.is_ascii_uppercase()) || text.starts_with("YAML"),
                    "{text}"
                );
            }
        }
    }
}

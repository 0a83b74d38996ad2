//! The whole repository keeps the house rules.

use std::path::{Path, PathBuf};

use xtask::tidy;
use xtask::validate::root;

const SOURCES: [&str; 2] = ["crates", "xtask"];
const TEXTS: [&str; 9] =
    ["crates", "xtask", "docs", "architectures", "python", "validation", "scripts", ".ci", "fuzz"];
const TEXT_ENDINGS: [&str; 9] = ["rs", "md", "toml", "yaml", "yml", "json", "py", "sh", "run"];

#[test]
fn crates_stand_on_their_floors() {
    let mut faults = Vec::new();
    for folder in entries(&root().join("crates")) {
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        faults.extend(tidy::manifest(&name, &read(&folder.join("Cargo.toml"))));
    }
    none(&faults);
}

#[test]
fn sources_are_tidy() {
    let rust =
        SOURCES.iter().flat_map(|folder| files(&root().join(folder))).filter(|path| ending(path) == "rs");
    let faults: Vec<String> = rust.flat_map(|path| tidy::source(&from_root(&path), &read(&path))).collect();
    none(&faults);
}

#[test]
fn texts_name_no_machine() {
    let below = TEXTS.iter().flat_map(|folder| files(&root().join(folder)));
    let top = entries(&root()).into_iter().filter(|path| path.is_file());
    let texts = below.chain(top).filter(|path| TEXT_ENDINGS.contains(&ending(path).as_str()));
    let faults: Vec<String> = texts.flat_map(|path| tidy::text(&from_root(&path), &read(&path))).collect();
    none(&faults);
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// In order, and without what is built or fetched.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> =
        read.map(|entry| entry.expect("the repository is readable").path()).collect();
    paths.retain(|path| {
        !["target", ".git", "node_modules", "__pycache__"].iter().any(|name| path.ends_with(name))
    });
    paths.sort();
    paths
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder)
        .into_iter()
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

/// The part after the last point; the whole name of a file without one.
fn ending(path: &Path) -> String {
    path.extension().or(path.file_name()).unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("it is in the repository").to_string_lossy().replace('\\', "/")
}

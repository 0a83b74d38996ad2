//! Expected texts in files; `UPDATE_EXPECT=1` rewrites them, and a person reads the difference.

use std::path::{Path, PathBuf};

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a text with what is expected of it; the answer is what is wrong, if something is.
pub(crate) fn check(path: &Path, actual: &str) -> Option<String> {
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, actual).expect("expectations can be written");
        return None;
    }
    let first = expected.lines().zip(actual.lines()).position(|(one, other)| one != other);
    let line = first.unwrap_or(expected.lines().count().min(actual.lines().count()));
    let of = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    Some(format!(
        "{} differs in line {}\n  expected: {}\n  actual:   {}\n  (UPDATE_EXPECT=1 rewrites it)",
        path.display(),
        line + 1,
        of(&expected),
        of(actual),
    ))
}

/// All files of a folder with this ending, in order.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(repository().join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("its entries can be read").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    assert!(!files.is_empty(), "there are files in {folder}");
    files
}

#[track_caller]
pub(crate) fn assert_no_failures(failures: &[String]) {
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

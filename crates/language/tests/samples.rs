//! Real files of other tools, from the folder that `TARSIER_SAMPLES` names: none of them is an
//! architecture of ours, so each must be refused with a diagnostic that renders, and nothing may panic.

use std::fs;
use std::path::{Path, PathBuf};

use tarsier_language::{load, render};

/// Text files below a folder that look like YAML or JSON.
fn samples(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the samples' folder is readable") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            samples(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json") {
            found.push(path);
        }
    }
}

#[test]
fn files_of_other_tools_are_refused_with_reasons() {
    let Some(folder) = std::env::var_os("TARSIER_SAMPLES") else {
        println!("skipped: TARSIER_SAMPLES is not set");
        return;
    };
    let mut files = Vec::new();
    samples(Path::new(&folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "TARSIER_SAMPLES names a folder without samples");
    for path in &files {
        let source = fs::read(path).expect("a sample is readable");
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let loaded = load(&name, &source);
        assert!(loaded.model.is_none(), "{} is no architecture", path.display());
        assert!(loaded.has_errors(), "{} is refused without a reason", path.display());
        let text = render(&loaded.diagnostics, &name, &source, false);
        assert!(text.contains("error["), "{}: {text}", path.display());
    }
    println!("{} files of other tools were refused with reasons", files.len());
}

//! The README's architecture loads, runs as it says, and keeps its objectives.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{TARSIER, folder};

/// The lines of the first block of this kind.
fn block<'a>(page: &'a str, kind: &str) -> &'a str {
    let start = page.split_once(&format!("```{kind}\n")).expect("the page has such a block").1;
    start.split_once("```").expect("the block ends").0
}

#[test]
fn the_first_architecture_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let folder = folder("readme");
    fs::write(folder.join("shop.yaml"), block(&readme, "yaml")).expect("the folder is ours");
    let commands: Vec<&str> =
        (readme.lines()).filter_map(|line| line.strip_prefix("$ tarsier ")?.split(" # ").next()).collect();
    assert!(commands.len() >= 4, "the README shows how to use the file");
    for command in commands {
        let output = Command::new(TARSIER)
            .args(command.split_whitespace())
            .current_dir(&folder)
            .output()
            .expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "tarsier {command}: {stderr}");
        assert!(!output.stdout.is_empty(), "tarsier {command} says nothing");
    }
}

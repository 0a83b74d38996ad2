//! `cargo xtask nightly`: what takes minutes. Coverage of intervals, memory over time, then the whole validation.
//!
//! `nightly coverage` and `nightly soak` do one of them only.

use std::fs;

use crate::validate::root;
use crate::{coverage, soak, validate};

pub fn main(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        [] => {
            let done =
                [report("validation/coverage.md", coverage::measure), report("docs/soak.md", soak::measure)];
            let done = done.into_iter().chain([validate::main(&["--check"])]);
            done.collect::<Vec<_>>().into_iter().collect()
        }
        ["coverage"] => report("validation/coverage.md", coverage::measure),
        ["soak"] => report("docs/soak.md", soak::measure),
        _ => Err("nightly takes nothing, `coverage` or `soak`".into()),
    }
}

/// Writes what was measured, good or not.
fn report(path: &str, measure: fn() -> (String, bool)) -> Result<(), String> {
    let (text, good) = measure();
    print!("{text}");
    let file = root().join(path);
    let folder = file.parent().expect("it is in a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&file, text));
    written.map_err(|error| format!("cannot write {path}: {error}"))?;
    if good { Ok(()) } else { Err(format!("{path}: not as it should be")) }
}

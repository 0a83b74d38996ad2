//! `cargo xtask nightly`: what takes minutes. Coverage of intervals, memory over time, fuzzing, other simulators
//! beside ours, real collectors, the tools that our files are for, then the whole validation. `nightly NAME…` does only those named.

use std::fs;
use std::process::Command;

use crate::validate::root;
use crate::{bench, coverage, outputs, servers, soak, validate};

type Part = (&'static str, fn() -> Result<(), String>);

const PARTS: [Part; 7] = [
    ("coverage", || report("validation/coverage.md", coverage::measure)),
    ("soak", || report("docs/soak.md", soak::measure)),
    ("fuzz", fuzz),
    ("peers", || {
        bench::peers::main();
        Ok(())
    }),
    ("servers", servers::main),
    ("outputs", outputs::main),
    ("validate", || validate::main(&["--check"])),
];

/// All of them, whatever became of the ones before.
pub fn main(arguments: &[&str]) -> Result<(), String> {
    let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = arguments.iter().find(|name| !names.contains(name)) {
        return Err(format!("`{unknown}` is no part of nightly; there are: {}", names.join(", ")));
    }
    let is_asked = |name: &str| arguments.is_empty() || arguments.contains(&name);
    let mut failed = Vec::new();
    for (name, part) in PARTS.into_iter().filter(|(name, _)| is_asked(name)) {
        println!("\n== {name}");
        failed.extend(part().err().map(|error| format!("{name}: {error}")));
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
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

/// How long each target is fed.
const SECONDS_OF_FUZZING: u32 = 300;

/// A target, and folders with what it begins from.
const TARGETS: [(&str, &[&str]); 2] =
    [("load", &["corpus/valid", "corpus/invalid", "architectures"]), ("spigo", &["corpus/spigo"])];

fn fuzz() -> Result<(), String> {
    TARGETS.iter().try_for_each(|(target, seeds)| feed(target, seeds))
}

/// Needs a nightly compiler and cargo-fuzz; see `fuzz/README.md`.
fn feed(target: &str, seeds: &[&str]) -> Result<(), String> {
    let found = format!("fuzz/corpus/{target}");
    fs::create_dir_all(root().join(&found)).map_err(|error| format!("cannot make {found}: {error}"))?;
    let mut command = Command::new("cargo");
    // This program was started by another cargo, whose compiler is not the one wanted here.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("CARGO_TARGET_DIR");
    command.current_dir(root()).args(["+nightly", "fuzz", "run", target, &found]).args(seeds);
    command.args(["--", &format!("-max_total_time={SECONDS_OF_FUZZING}"), "-dict=fuzz/load.dict"]);
    let status = command.status().map_err(|error| format!("cannot start cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{target} ended with {status}; see fuzz/README.md")) }
}

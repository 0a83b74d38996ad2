//! Chores of the repository: `cargo xtask COMMAND`.

use std::alloc::System;
use std::path::Path;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use xtask::bench;

/// `bench memory` asks it.
#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["differential", directory] => exit_on_error(xtask::differential::main(directory)),
        ["nightly", ref options @ ..] => exit_on_error(xtask::nightly::main(options)),
        ["served", tarsier, seconds] => exit_on_error(served(tarsier, seconds)),
        ["validate", ref options @ ..] => exit_on_error(xtask::validate::main(options)),
        ["bench"] => bench::main(None),
        ["bench", "one", name, size] => bench::one(name, size.parse().expect("a size in thousands")),
        ["bench", "large", users, threads] => {
            bench::large::one(users, threads.parse().expect("a number of threads"));
        }
        ["bench", "layout"] => bench::layout::main(),
        ["bench", "--peers"] => bench::peers::main(),
        ["bench", only] => bench::main(Some(only)),
        _ => {
            eprintln!(
                "usage: cargo xtask validate | nightly | differential DIR | served TARSIER SECONDS | bench [w1 | w2 | zones | memory | w3 | others | large | layout | spans | threads | counts | --peers]"
            );
            std::process::exit(2);
        }
    }
}

/// The last part of `nightly soak` by itself, shorter.
fn served(tarsier: &str, seconds: &str) -> Result<(), String> {
    let seconds = seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?;
    let (text, flat) = xtask::served::measure(Path::new(tarsier), Duration::from_secs(seconds))?;
    print!("{text}");
    if flat { Ok(()) } else { Err("memory grows".to_owned()) }
}

fn exit_on_error(result: Result<(), String>) {
    if let Err(message) = result {
        eprintln!("{message}");
        std::process::exit(1);
    }
}

//! `cargo xtask bench --peers`: W1 and W2 on other simulators and on ours, in the same run.
//!
//! The Rust ones are a workspace of their own, `peers/`, so that nothing else depends on them; SimPy runs
//! in a virtual environment below the target folder. What cannot run is skipped, with the reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Row, models, product, w1_bare, w2_bare};

/// The version against which the scripts are written.
const SIMPY: &str = "simpy==4.1.2";

/// Everything runs this often, in turn, and three times each: what disturbs one disturbs all, and the
/// fastest run counts.
const ROUNDS: usize = 2;

/// Customers a second of CPU time on one engine, as far as they were measured.
struct Engine {
    name: String,
    w1: Option<f64>,
    w2: Option<f64>,
}

fn row(name: &str, [w1, w2, w1_ratio, w2_ratio]: [&str; 4]) {
    println!("| {name:<25} | {w1:>17} | {w2:>16} | {w1_ratio:>17} | {w2_ratio:>17} |");
}

impl Engine {
    fn print(&self, ours: &Engine) {
        let mega = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{:.4}", rate / 1e6));
        let ratio = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => format!("{:.2}", ours / theirs),
            _ => "-".to_owned(),
        };
        let [w1, w2] = [mega(self.w1), mega(self.w2)];
        row(&self.name, [&w1, &w2, &ratio(ours.w1, self.w1), &ratio(ours.w2, self.w2)]);
    }
}

pub fn main() {
    let mut engines = Vec::new();
    let mut skipped = Vec::new();
    for _ in 0..ROUNDS {
        add_ours(&mut engines, "Tarsier", &product("w1", &models::w1(), 5_000.0, None));
        add_ours(&mut engines, "Tarsier", &product("w2", &models::w2(1, 0.0), 80.0, None));
        add_ours(&mut engines, "our loops without a model", &Row { name: "w1", ..w1_bare() });
        add_ours(&mut engines, "our loops without a model", &Row { name: "w2", ..w2_bare() });
        skipped.clear();
        for (name, lines) in [("simcore, nexosim", rust_peers()), ("SimPy", simpy())] {
            match lines {
                Ok(lines) => lines.lines().for_each(|line| add_theirs(&mut engines, line)),
                Err(reason) => skipped.push(format!("{name}: skipped: {reason}")),
            }
        }
    }
    println!();
    row("engine", ["W1, M customers/s", "W2, M requests/s", "W1, ours ÷ theirs", "W2, ours ÷ theirs"]);
    println!("|---|---:|---:|---:|---:|");
    engines.iter().for_each(|engine| engine.print(&engines[0]));
    skipped.iter().for_each(|line| println!("{line}"));
}

fn add_ours(engines: &mut Vec<Engine>, name: &str, row: &Row) {
    println!("{name} {} {} {:.4} {}", row.name, row.requests, row.seconds, row.note);
    add(engines, name, row.name, row.requests as f64 / row.seconds);
}

/// The line reads `name workload customers seconds-of-CPU mean`.
fn add_theirs(engines: &mut Vec<Engine>, line: &str) {
    println!("{line}");
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [name, workload, customers, seconds, _] = fields[..] else { return };
    if let (Ok(customers), Ok(seconds)) = (customers.parse::<f64>(), seconds.parse::<f64>()) {
        add(engines, &name.replace('-', " "), workload, customers / seconds);
    }
}

/// Keeps the best rate of this engine on this workload.
fn add(engines: &mut Vec<Engine>, name: &str, workload: &str, rate: f64) {
    let at = engines.iter().position(|engine| engine.name == name).unwrap_or_else(|| {
        engines.push(Engine { name: name.to_owned(), w1: None, w2: None });
        engines.len() - 1
    });
    let best = if workload == "w1" { &mut engines[at].w1 } else { &mut engines[at].w2 };
    *best = Some(best.map_or(rate, |best| best.max(rate)));
}

fn rust_peers() -> Result<String, String> {
    let target = target()?;
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--release", "--locked", "--manifest-path"]);
    output(build.arg(folder().join("Cargo.toml")).arg("--target-dir").arg(&target))?;
    output(&mut Command::new(target.join("release/tarsier-peers")))
}

fn simpy() -> Result<String, String> {
    let venv = target()?.join("venv");
    let python = venv.join("bin/python3");
    if output(Command::new(&python).args(["-c", "import simpy"])).is_err() {
        output(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        output(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            SIMPY,
        ]))?;
    }
    output(Command::new(&python).arg(folder().join("simpy_peer.py")))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("peers")
}

/// Below the workspace's target folder, where this program lies in `release/`.
fn target() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(program.ancestors().nth(2).ok_or("no target folder")?.join("peers"))
}

/// What the command prints, or the last line of its complaint.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| format!("{name}: {}", output.status), str::to_owned))
}

//! `cargo xtask nightly servers`: telemetry of a run, sent to real collectors. Needs Python, Java and Maven.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::validate::root;

const ZIPKIN: &str = "io.zipkin:zipkin-server:3.5.1:jar:exec";

pub(crate) fn main() -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    run(Command::new(cargo).args(["build", "--release", "--package", "tarsier-cli"]).current_dir(root()))?;
    let target = target()?;
    let tarsier = target.join("release/tarsier");
    let tools = target.join("servers");
    let scripts = root().join("python/telemetry");

    let python = tools.join("venv/bin/python3");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(tools.join("venv")))?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run(install.arg(scripts.join("servers.txt")))?;
    run(Command::new(&python).arg(scripts.join("collector.py")).arg(&tarsier))?;

    let mut download = Command::new("mvn");
    download.args(["--quiet", "dependency:copy", &format!("-Dartifact={ZIPKIN}")]);
    run(download.arg(format!("-DoutputDirectory={}", tools.display())).current_dir(&tools))?;
    run(Command::new(&python).arg(scripts.join("zipkin.py")).arg(&tarsier).arg(jar_in(&tools)?))
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_owned();
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", name.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

/// Where this program lies, in `release/` or `debug/`.
fn target() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(program.ancestors().nth(2).ok_or("no target folder")?.to_path_buf())
}

fn jar_in(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_jar = |path: &PathBuf| path.extension().is_some_and(|it| it == "jar");
    paths.find(is_jar).ok_or_else(|| "Maven left no jar".to_owned())
}

//! What nightly needs of other languages' tools: each is installed by its own package manager, into the target folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::validate::root;

/// The program as users get it.
pub(crate) fn tarsier(features: &[&str]) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--release", "--package", "tarsier-cli"]).current_dir(root());
    run(build.args(features.iter().map(|feature| format!("--features={feature}"))))?;
    Ok(target()?.join("release/tarsier"))
}

/// A folder of that name for what is installed.
pub(crate) fn folder(name: &str) -> Result<PathBuf, String> {
    let folder = target()?.join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// A Python with the packages of a file.
pub(crate) fn python(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let python = folder.join("venv/bin/python3");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    run(install.arg(requirements))?;
    Ok(python)
}

/// Installs Debian packages unless all of the programs are there.
pub(crate) fn programs(programs: &[&str], packages: &[&str]) -> Result<(), String> {
    let is_there = |program: &&str| {
        let found = Command::new("which").arg(program).stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    if programs.iter().all(is_there) {
        return Ok(());
    }
    run(Command::new("apt-get").args(["update", "-qq"]).stdout(Stdio::null()))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages);
    run(install.stdout(Stdio::null()))
}

/// One that Maven has, alone: all it needs is in it.
pub(crate) fn jar(folder: &Path, artifact: &str) -> Result<PathBuf, String> {
    let mut download = Command::new("mvn");
    download.args(["--quiet", "dependency:copy", &format!("-Dartifact={artifact}")]);
    run(download.arg(format!("-DoutputDirectory={}", folder.display())).current_dir(folder))?;
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_jar = |path: &PathBuf| path.extension().is_some_and(|it| it == "jar");
    paths.find(is_jar).ok_or_else(|| "Maven left no jar".to_owned())
}

/// A program with arguments of all kinds.
pub(crate) fn call(program: impl AsRef<OsStr>, arguments: &[&dyn AsRef<OsStr>]) -> Result<(), String> {
    run(Command::new(program).args(arguments.iter().map(|argument| argument.as_ref())))
}

pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_owned();
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", name.display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}")) }
}

/// Where this program lies, in `release/` or `debug/`.
fn target() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(program.ancestors().nth(2).ok_or("no target folder")?.to_path_buf())
}

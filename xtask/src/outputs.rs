//! `cargo xtask nightly outputs`: files for other tools, read by these tools. Vizceral's own component in Chromium,
//! Neo4j itself, Gephi, and DuckDB. Needs Python, Node, Java and Maven; Chromium is Debian's.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::tools::{call, folder, jar, programs, python, run, tarsier};
use crate::validate::root;

const GEPHI: &str = "org.gephi:gephi-toolkit:0.10.1:jar:all";

pub(crate) fn main() -> Result<(), String> {
    let tarsier = tarsier(&["parquet"])?;
    let tools = folder("outputs")?;
    let scripts = root().join("python/outputs");
    let python = python(&tools, &scripts.join("nightly.txt"))?;
    call(python, &[&scripts.join("columns.py"), &tarsier])?;
    vizceral(&tarsier, &tools)?;
    neo4j(&tarsier, &tools)?;
    let gephi = root().join("python/gephi/check.py");
    call("python3", &[&gephi, &tarsier, &jar(&tools, GEPHI)?])
}

fn vizceral(tarsier: &Path, tools: &Path) -> Result<(), String> {
    let scripts = root().join("python/vizceral");
    programs(&["chromium"], &["chromium", "fonts-dejavu-core"])?;
    let copied = fs::copy(scripts.join("package.json"), tools.join("package.json"));
    copied.map_err(|error| format!("{}: {error}", tools.display()))?;
    let mut install = Command::new("npm");
    run(install.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(tools))?;
    call("python3", &[&scripts.join("check.py"), &tarsier, &tools])
}

fn neo4j(tarsier: &Path, tools: &Path) -> Result<(), String> {
    let scripts = root().join("python/neo4j");
    let class_path = tools.join("neo4j.txt");
    let mut resolve = Command::new("mvn");
    resolve.args(["--quiet", "dependency:build-classpath", "--file"]).arg(scripts.join("pom.xml"));
    run(resolve.arg(format!("-Dmdep.outputFile={}", class_path.display())))?;
    let jars =
        fs::read_to_string(&class_path).map_err(|error| format!("{}: {error}", class_path.display()))?;
    call("python3", &[&scripts.join("check.py"), &tarsier, &jars.trim()])
}

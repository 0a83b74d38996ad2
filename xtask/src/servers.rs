//! `cargo xtask nightly servers`: telemetry of a run, sent to real collectors, looked at by real monitoring and loaded from
//! files. Needs Python, Java, Maven and Go; Prometheus and VictoriaMetrics are Debian's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{call, folder, jar, programs, python, run, tarsier};
use crate::validate::root;

const ZIPKIN: &str = "io.zipkin:zipkin-server:3.5.1:jar:exec";
const JAEGER: &str = "github.com/jaegertracing/jaeger/cmd/all-in-one";
/// The last version whose modules Go's checksum database vouches for.
const JAEGER_VERSION: &str = "v1.62.0";

pub(crate) fn main() -> Result<(), String> {
    let tarsier = tarsier(&[])?;
    let tools = folder("servers")?;
    let scripts = root().join("python/telemetry");
    let python = python(&tools, &scripts.join("servers.txt"))?;
    call(&python, &[&scripts.join("collector.py"), &tarsier])?;
    call(&python, &[&scripts.join("zipkin.py"), &tarsier, &jar(&tools, ZIPKIN)?])?;
    call(&python, &[&scripts.join("jaeger.py"), &tarsier, &jaeger(&tools)?])?;
    programs(&["prometheus", "victoria-metrics"], &["prometheus", "victoria-metrics"])?;
    call(&python, &[&scripts.join("metrics.py"), &tarsier])
}

/// Built in a module of its own, as its own cannot be installed.
fn jaeger(tools: &Path) -> Result<PathBuf, String> {
    let module = tools.join("jaeger-build");
    fs::create_dir_all(&module).map_err(|error| format!("{}: {error}", module.display()))?;
    let go = |arguments: &[&str]| run(Command::new("go").args(arguments).current_dir(&module));
    if !module.join("go.mod").exists() {
        go(&["mod", "init", "jaeger-build"])?;
    }
    go(&["get", &format!("{JAEGER}@{JAEGER_VERSION}")])?;
    go(&["build", "-mod=mod", "-o", "jaeger", JAEGER])?;
    Ok(module.join("jaeger"))
}

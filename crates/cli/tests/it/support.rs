//! Runs the binary.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, thread};

use serde_json::Value;

pub(crate) const TARSIER: &str = env!("CARGO_BIN_EXE_tarsier");

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Fails with everything there is to know.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("one JSON document and nothing else")
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Ran {
        assert!(self.stderr.contains(words), "{words} in:\n{}", self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn shows(&self, words: &str) -> &Ran {
        assert!(self.stdout.contains(words), "{words} in:\n{}", self.stdout);
        self
    }
}

pub(crate) fn tarsier(args: &[&str]) -> Ran {
    Ran::of(Command::new(TARSIER).args(args).stdin(Stdio::null()).output().expect("the binary is there"))
}

/// With `input` on standard input.
pub(crate) fn tarsier_reading(input: &str, args: &[&str]) -> Ran {
    let mut command = Command::new(TARSIER);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary is there");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    // Whether it is read to the end is the reader's business.
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    writer.join().expect("writing does not panic");
    ran
}

/// A folder of this test's own, empty.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
    fs::create_dir_all(&folder).expect("there is room");
    folder
}

/// A file in the folder of this test.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = folder(name).join("architecture.yaml");
    fs::write(&path, text).expect("there is room");
    path.to_str().expect("UTF-8").to_owned()
}

/// The names of the files under `architectures/`.
pub(crate) fn architectures() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../architectures");
    let mut names = Vec::new();
    collect_names(&root, "", &mut names);
    names.sort();
    assert!(!names.is_empty());
    names
}

fn collect_names(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("there is a catalogue") {
        let path = entry.expect("it can be listed").path();
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            collect_names(&path, &format!("{prefix}{stem}/"), names);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            names.push(format!("{prefix}{stem}"));
        }
    }
}

/// Two services, one workload, objectives that hold.
pub(crate) const PAIR: &str = "\
architecture: pair
description: A web tier and its database
network: none
services:
  web:
    cores: 2
    workers: 64
    endpoints:
      home:
        - work: exp(1ms)
        - call: db
          timeout: 1s
          retry: { attempts: 1 }
  db: { do: [ { work: exp(2ms) } ] }
workload:
  users: { rate: 200/s, to: web/home }
slo:
  - users p99 < 1s
  - users errors < 0.1%
scenarios:
  spike:
    - { at: 1s, for: 1s, load: { factor: 2 } }
  outage:
    - { at: 0s, lose: { service: db } }
";

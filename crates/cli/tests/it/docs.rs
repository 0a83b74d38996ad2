//! The transcripts of the documentation are true: every `console` block of the guide and the reference of this command
//! is run, and its output is what stands there.
//!
//! A `yaml` block that begins with `# NAME.yaml` is a file for the commands below it, and so is a block `json NAME.json`. In an output, a line with `…` in
//! place of something, and any order of things that is left out by a line `…`, stands for what differs from run to run.
//! `TARSIER_ACCEPT=1 cargo test -p tarsier-cli docs` writes the outputs anew, lines with `…` excepted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{TARSIER, folder};

/// Those that belong to this command; other pages have tests of their own.
/// So do all lessons.
const PAGES: &[&str] = &[
    "docs/guide/run.md",
    "docs/guide/result.md",
    "docs/guide/verdict.md",
    "docs/guide/check.md",
    "docs/guide/outputs.md",
    "docs/guide/migration.md",
    "docs/guide/spigo.md",
    "docs/guide/catalogue.md",
    "docs/reference/cli.md",
];

#[test]
fn transcripts_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let lessons = fs::read_dir(root.join("docs/lessons")).expect("there are lessons");
    let mut pages: Vec<String> = lessons
        .map(|entry| format!("docs/lessons/{}", entry.expect("it can be listed").file_name().display()))
        .collect();
    pages.sort();
    pages.extend(PAGES.iter().map(|page| (*page).to_owned()));
    for page in pages {
        let path = root.join(&page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let folder = folder(&format!("docs_{}", page.replace('/', "_")));
        let actual = replayed(&text, &folder);
        if std::env::var_os("TARSIER_ACCEPT").is_some() {
            fs::write(&path, actual).expect("the page can be written");
        } else {
            assert_eq!(text, actual, "{page} differs; TARSIER_ACCEPT=1 writes it anew");
        }
    }
}

/// The page with every output as it is now.
fn replayed(page: &str, folder: &Path) -> String {
    let mut text = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let block = |lines: &mut dyn Iterator<Item = &'_ str>| -> Vec<String> {
            lines.take_while(|line| !line.starts_with("```")).map(str::to_owned).collect()
        };
        if let Some(name) = line.strip_prefix("```json ") {
            let block = block(&mut lines);
            fs::write(folder.join(name), block.join("\n") + "\n").expect("there is room");
            push_block(&mut text, &block);
        } else if line == "```yaml" {
            let block = block(&mut lines);
            store(&block, folder);
            push_block(&mut text, &block);
        } else if line == "```console" {
            let block = block(&mut lines);
            push_block(&mut text, &transcript(&block, folder));
        }
    }
    text
}

fn push_block(text: &mut String, lines: &[String]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("```\n");
}

/// Keeps a file for the commands below.
fn store(block: &[String], folder: &Path) {
    if let Some(name) =
        block.first().and_then(|line| line.strip_prefix("# ")).filter(|it| it.ends_with(".yaml"))
    {
        fs::write(folder.join(name), block.join("\n") + "\n").expect("there is room");
    }
}

/// Runs each line that begins with `$ `; what follows it is its output.
fn transcript(block: &[String], folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = block;
    while let Some((command, below)) = rest.split_first() {
        let shell = command.strip_prefix("$ ").unwrap_or_else(|| panic!("a command, not: {command}"));
        let end = below.iter().position(|line| line.starts_with("$ ")).unwrap_or(below.len());
        let (expected, next) = below.split_at(end);
        lines.push(command.clone());
        lines.extend(merged(expected, &output(shell, folder)));
        rest = next;
    }
    lines
}

fn output(shell: &str, folder: &Path) -> Vec<String> {
    let programs = PathBuf::from(TARSIER).parent().expect("the binary is in a folder").to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {shell}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .expect("there is a shell");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The actual output, in which a line that fits one of the page with `…` stays as it is there.
fn merged(expected: &[String], actual: &[String]) -> Vec<String> {
    if let Some(cut) = expected.iter().position(|line| line == "…") {
        // The rest is left out, up to the last lines that stand after the cut.
        let after = &expected[cut + 1..];
        let start = actual.len().saturating_sub(after.len()).max(cut.min(actual.len()));
        let head = merged(&expected[..cut], &actual[..cut.min(actual.len())]);
        return [head, vec!["…".to_owned()], merged(after, &actual[start..])].concat();
    }
    let kept = |line: &String| expected.iter().find(|pattern| fits(pattern, line)).unwrap_or(line).clone();
    actual.iter().map(kept).collect()
}

/// Whether the parts between the `…` of a pattern follow each other in a line.
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut has_gap = false;
    for part in parts {
        has_gap = true;
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        if part.is_empty() {
            rest = "";
        }
    }
    has_gap && rest.is_empty() || pattern == line
}

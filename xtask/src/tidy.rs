//! The house rules that no compiler checks: who may use whom, what the engine must not know, and how large things
//! may grow.
//!
//! Rules look at text as rustfmt leaves it, which is enough: a line that starts a function is ended by the first
//! brace that stands below it. There is no list of exceptions.

const MOST_LINES_OF_FILE: usize = 900;
const MOST_LINES_OF_FUNCTION: usize = 70;

/// A crate uses only crates on floors below its own. See ARCHITECTURE.md.
const FLOORS: [(&str, u8); 15] = [
    ("units", 0),
    ("random", 0),
    ("layout", 0),
    ("model", 1),
    ("stats", 1),
    ("engine", 2),
    ("language", 3),
    ("generate", 3),
    ("interop", 3),
    ("report", 3),
    ("check", 3),
    ("lab", 4),
    ("cli", 5),
    ("server", 5),
    ("telemetry", 5),
];

/// On one floor, but one below the other: random names streams by what units calls things; the binary starts servers
/// and senders; what interop finds in a foreign file it says as language does.
const STEPS: [(&str, &str); 4] =
    [("random", "units"), ("cli", "server"), ("cli", "telemetry"), ("interop", "language")];

/// Crates beside the house, which use what they like and which no crate of it may ship with.
const ASIDE: [&str; 2] = ["testkit", "py"];

/// Up to here nothing knows files, clocks, the environment, or an order that differs from run to run.
const HIGHEST_PURE_FLOOR: u8 = 2;
const IMPURE: [&str; 6] = ["std::fs", "std::env", "std::time", "HashMap", "HashSet", "println!"];

/// Spelled in two halves, or this file would break its own rule.
const UNFINISHED: [&str; 4] =
    [concat!("FIX", "ME"), concat!("to", "do!("), concat!("#[ig", "nore"), concat!("#[al", "low(")];
const MACHINES: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "target")];

/// What is wrong with the manifest of the crate in `crates/NAME`.
pub fn manifest(name: &str, text: &str) -> Vec<String> {
    if ASIDE.contains(&name) {
        return Vec::new();
    }
    let Some(own) = floor(name) else {
        return vec![format!("crates/{name} stands on no floor")];
    };
    let section = text.split("\n[").find(|section| section.starts_with("dependencies]")).unwrap_or("");
    let uses = section.lines().filter_map(|line| line.strip_prefix("tarsier-"));
    let uses = uses.map(|rest| rest.split(['.', ' ', '=']).next().unwrap_or(rest));
    uses.filter(|other| !STEPS.contains(&(name, other)) && floor(other).is_none_or(|other| other >= own))
        .map(|other| format!("{name} uses {other}, which is not below it"))
        .collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

/// What is wrong with a Rust file, given its path from the repository's folder.
pub fn source(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!("{path} does not say at its top what it is"));
    }
    let n_lines = text.lines().count();
    if n_lines > MOST_LINES_OF_FILE {
        faults.push(format!("{path} has {n_lines} lines"));
    }
    let long = functions(text).into_iter().filter(|it| it.n_lines > MOST_LINES_OF_FUNCTION);
    faults.extend(long.map(|it| format!("{path}:{} is a function of {} lines", it.line, it.n_lines)));
    faults.extend(found(path, text, &UNFINISHED));
    if is_pure(path) {
        faults.extend(found(path, text, &IMPURE));
    }
    faults
}

/// What is wrong with any text of the repository.
pub fn text(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let named = lines
        .filter_map(|(index, line)| MACHINES.iter().find(|it| line.contains(**it)).map(|it| (index, it)));
    named
        .map(|(index, machine)| format!("{path}:{} names `{machine}`, a place on one machine", index + 1))
        .collect()
}

fn is_pure(path: &str) -> bool {
    let Some((name, rest)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    rest.starts_with("src/") && floor(name).is_some_and(|floor| floor <= HIGHEST_PURE_FLOOR)
}

/// Comments may speak of what code must not use.
fn found(path: &str, text: &str, words: &[&str]) -> Vec<String> {
    let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let hits = code.flat_map(|(index, line)| {
        words.iter().filter(|word| line.contains(**word)).map(move |it| (index, it))
    });
    hits.map(|(index, word)| format!("{path}:{} contains `{word}`", index + 1)).collect()
}

struct Function {
    line: usize,
    n_lines: usize,
}

fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| starts_function(line));
    starts
        .filter_map(|(start, line)| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let ends = |line: &&str| line.strip_prefix(indent) == Some("}");
            let length = if line.ends_with('}') { 0 } else { lines[start..].iter().position(ends)? };
            Some(Function { line: start + 1, n_lines: length + 1 })
        })
        .collect()
}

fn starts_function(line: &str) -> bool {
    let words = line.split_whitespace().take_while(|word| !word.contains("fn(")).collect::<Vec<_>>();
    let before = words.iter().position(|word| *word == "fn").map(|at| &words[..at]);
    let is_qualifier = |word: &&str| matches!(*word, "const" | "async" | "unsafe") || word.starts_with("pub");
    before.is_some_and(|before| before.iter().all(is_qualifier)) && !line.ends_with(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_uses_what_is_below_it() {
        let engine = "[package]\n\n[dependencies]\nlibm.workspace = true\ntarsier-model.workspace = true\n";
        assert_eq!(manifest("engine", engine), Vec::<String>::new());
        assert_eq!(manifest("random", "x\n[dependencies]\ntarsier-units.workspace = true\n").len(), 0);
        let upward = format!("{engine}tarsier-report = {{ path = \"../report\" }}\n");
        assert_eq!(manifest("engine", &upward), ["engine uses report, which is not below it"]);
        assert_eq!(manifest("stats", engine).len(), 1, "a neighbour is not below");
        assert_eq!(manifest("engine", "x\n[dependencies]\ntarsier-testkit.workspace = true\n").len(), 1);
        assert_eq!(manifest("attic", ""), ["crates/attic stands on no floor"]);
    }

    #[test]
    fn tests_may_use_anything() {
        let text = "[dependencies]\n\n[dev-dependencies]\ntarsier-lab.workspace = true\n";
        assert_eq!(manifest("engine", text), Vec::<String>::new());
    }

    #[test]
    fn files_say_what_they_are_and_stay_small() {
        assert_eq!(source("a.rs", "//! A file.\n"), Vec::<String>::new());
        assert_eq!(source("a.rs", "use b;\n"), ["a.rs does not say at its top what it is"]);
        let long = format!("//! A file.\n{}", "\n".repeat(MOST_LINES_OF_FILE));
        assert_eq!(source("a.rs", &long), ["a.rs has 901 lines"]);
    }

    #[test]
    fn functions_stay_small() {
        let with_body = |n: usize| {
            format!(
                "//! A.\nimpl A {{\n    pub(crate) fn a(b: u8) {{\n{}    }}\n}}\n",
                "        b;\n".repeat(n)
            )
        };
        assert_eq!(source("a.rs", &with_body(68)), Vec::<String>::new());
        assert_eq!(source("a.rs", &with_body(69)), ["a.rs:3 is a function of 71 lines"]);
        let short = "//! A.\nfn a() {}\ntype B = fn(u8);\ntrait C {\n    fn d();\n}\n";
        assert_eq!(source("a.rs", short), Vec::<String>::new());
    }

    #[test]
    fn the_engine_knows_no_files() {
        for word in IMPURE {
            let text = format!("//! A file.\nuse {word};\n// {word} in words\n");
            assert_eq!(
                source("crates/engine/src/a.rs", &text),
                [format!("crates/engine/src/a.rs:2 contains `{word}`")]
            );
            assert_eq!(source("crates/cli/src/a.rs", &text), Vec::<String>::new());
            assert_eq!(source("crates/engine/tests/it/a.rs", &text), Vec::<String>::new());
        }
    }

    #[test]
    fn nothing_is_left_unfinished() {
        for word in UNFINISHED {
            assert_eq!(
                source("a.rs", &format!("//! A file.\n  {word}\n")),
                [format!("a.rs:2 contains `{word}`")]
            );
        }
    }

    #[test]
    fn no_machine_is_named() {
        for place in MACHINES {
            assert_eq!(text("a.md", &format!("see {place}x")).len(), 1);
        }
        assert_eq!(text("a.md", "workload, root, /tmp"), Vec::<String>::new());
    }
}

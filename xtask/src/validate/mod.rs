//! `cargo xtask validate`: runs every case whose answer is known and writes `docs/validation.md`.
//!
//! `--quick` runs the fast subset and `--only ID` the cases whose id starts so; both print instead of writing.
//! `--check` fails if a row does.

pub mod arch;
pub mod case;
mod cases;
pub mod measure;
mod page;
pub mod read;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use cases::Section;
use measure::{Effort, Row, Verdict};

/// From this and its id comes the seed of a case: with one seed for all, the services of all cases would draw the
/// same numbers, and the rows would say the same thing many times.
pub const SEED: u64 = 20;

/// The rows of a section, in the order of its cases.
pub struct Chapter {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// What came out of all cases.
pub struct Table {
    pub chapters: Vec<Chapter>,
    /// Requests simulated, over all runs.
    pub requests: u64,
}

impl Table {
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.chapters.iter().flat_map(|chapter| &chapter.rows)
    }

    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows().filter(|row| row.verdict == Verdict::Fails)
    }
}

pub fn main(arguments: &[&str]) -> Result<(), String> {
    let (mut check, mut effort, mut only) = (false, Effort::Full, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--check" => check = true,
            "--quick" => effort = Effort::Quick,
            "--only" => only = Some(*words.next().ok_or("--only needs the start of an id")?),
            other => return Err(format!("validate does not know `{other}`: --check, --quick, --only ID")),
        }
    }
    let table = run(effort, only.unwrap_or(""));
    if effort == Effort::Full && only.is_none() {
        write(&table)?;
    } else {
        println!("{}", page::rows(&table));
    }
    println!("{}", page::summary(&table));
    let failures: Vec<&Row> = table.failures().collect();
    for row in &failures {
        println!("fails: {} {} — {}", row.id, row.what, page::figures(row));
    }
    if check && !failures.is_empty() { Err("the table is not green".into()) } else { Ok(()) }
}

/// Measures the cases whose id starts like this, on all cores.
pub fn run(effort: Effort, only: &str) -> Table {
    let sections: Vec<Section> = cases::sections();
    let jobs = sections
        .iter()
        .enumerate()
        .flat_map(|(section, it)| it.cases.iter().map(move |case| (section, case)));
    let wanted = jobs
        .filter(|(_, case)| case.id.starts_with(only))
        .filter(|(_, case)| effort == Effort::Full || case.quick.is_some())
        .collect::<Vec<_>>();
    let next = Mutex::new(wanted.iter().enumerate());
    let done = Mutex::new(Vec::new());
    let requests = AtomicU64::new(0);
    let work = || {
        loop {
            let job = next.lock().expect("no one panics holding it").next();
            let Some((index, (section, case))) = job else { return };
            let (rows, n_requests) = measure::measure(case, effort, seed_of(&case.id));
            requests.fetch_add(n_requests, Ordering::Relaxed);
            done.lock().expect("no one panics holding it").push((index, *section, rows));
        }
    };
    let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..n_threads).for_each(|_| drop(scope.spawn(work))));
    let mut done = done.into_inner().expect("no one panicked");
    done.sort_by_key(|(index, ..)| *index);
    let mut chapters: Vec<Chapter> =
        sections.iter().map(|section| Chapter { title: section.title, rows: Vec::new() }).collect();
    done.into_iter().for_each(|(_, section, rows)| chapters[section].rows.extend(rows));
    Table { chapters, requests: requests.into_inner() }
}

/// FNV-1a over the id.
fn seed_of(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325 ^ SEED, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn write(table: &Table) -> Result<(), String> {
    let root = root();
    let coverage = std::fs::read_to_string(root.join("validation/coverage.md")).ok();
    let path = root.join("docs/validation.md");
    let text = page::page(table, coverage.as_deref());
    std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository").to_path_buf()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::cases::sections;

    #[test]
    fn cases_draw_their_own_numbers() {
        assert_ne!(super::seed_of("P8-40"), super::seed_of("P8-60"));
    }

    #[test]
    fn ids_are_unique_and_cases_check_something() {
        let mut seen = BTreeSet::new();
        for case in sections().iter().flat_map(|section| &section.cases) {
            assert!(seen.insert(case.id.clone()), "two cases are called {}", case.id);
            assert!(!case.models.is_empty() && !case.checks.is_empty(), "{} checks nothing", case.id);
        }
    }
}

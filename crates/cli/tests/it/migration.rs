//! What each step of the migration is said to buy is found by running it.

use serde_json::Value;

use crate::support::tarsier;

struct Story {
    steps: Vec<Value>,
}

impl Story {
    fn run() -> Story {
        let ran = tarsier(&["run", "migration", "--json", "--seed", "3"]).ends_with(0);
        assert_eq!(ran.stderr, "");
        Story { steps: ran.json()["steps"].as_array().expect("a list").clone() }
    }

    fn figure(&self, step: usize, path: &str) -> f64 {
        self.steps[step]
            .pointer(path)
            .and_then(Value::as_f64)
            .unwrap_or_else(|| panic!("{path} of step {step}"))
    }

    fn knee(&self, step: usize) -> f64 {
        self.figure(step, "/knee_per_s/holds")
    }

    fn p99_s(&self, step: usize) -> f64 {
        self.figure(step, "/latency_s/p99")
    }

    fn mean_s(&self, step: usize) -> f64 {
        self.figure(step, "/latency_s/mean")
    }

    fn without_zone(&self, step: usize) -> f64 {
        self.figure(step, "/success_without/zone")
    }

    fn without_region(&self, step: usize) -> f64 {
        self.figure(step, "/success_without/region")
    }
}

/// The bounds are wide beside what differs from seed to seed: shares are of 5,000 requests, the knee is known to a tenth.
#[test]
fn every_step_buys_what_it_is_said_to() {
    let story = Story::run();
    assert_eq!(story.steps.len(), 10);
    are_as_many_as_spigos(&story);
    for step in 0..10 {
        assert_eq!(story.figure(step, "/success"), 1.0, "all is well in step {step} while nothing is lost");
    }
    // A cache takes four of five questions off the database, which was what ran out first.
    assert_eq!(story.steps[0]["busiest"]["service"], "rds-mysql");
    assert!(story.knee(1) > 1.6 * story.knee(0));
    assert!(story.p99_s(1) < story.p99_s(0));
    // A proxy is one hop more.
    assert!(story.mean_s(2) > story.mean_s(1));
    // A cache in every zone answers what the database in a lost one cannot; before, all was lost with that zone.
    assert!((0..3).all(|step| story.without_zone(step) < 0.02));
    assert!(story.without_zone(3) > 0.5 && story.without_zone(3) < 0.8);
    assert!(story.knee(3) > 1.3 * story.knee(2));
    assert!(story.knee(4) > 1.3 * story.knee(3));
    // The more is in Cassandra the less stands in one place only.
    assert!(story.without_zone(5) > story.without_zone(4) + 0.1);
    assert!((6..10).all(|step| story.without_zone(step) > 0.99));
    // One region is one region.
    assert!((0..7).all(|step| story.without_region(step) < 0.02));
    // Half of the data are over there: to fetch them takes time, and some cannot be fetched when there is no there.
    assert!(story.knee(7) > 1.6 * story.knee(6));
    assert!(story.mean_s(7) > story.mean_s(6) + 0.01 && story.p99_s(7) > story.p99_s(6) + 0.05);
    assert!(story.without_region(7) > 0.7 && story.without_region(7) < 0.95);
    assert!((8..10).all(|step| story.without_region(step) > 0.99));
    assert!(story.p99_s(8) < story.p99_s(7) - 0.03);
    // Users near their servers.
    assert!(story.mean_s(9) < 0.5 * story.mean_s(8) && story.p99_s(9) < 0.5 * story.p99_s(8));
}

/// Those of Spigo (13, 14, 23, 31, 40, 52, 50, 99, 99, 148) less its name service, with a load balancer in every zone
/// and a database without its idle standby.
fn are_as_many_as_spigos(story: &Story) {
    let spigo = [13, 14, 23, 31, 40, 52, 50, 99, 99, 148];
    for (step, spigo) in spigo.into_iter().enumerate() {
        let regions = [1, 2, 3][usize::from(step >= 7) + usize::from(step >= 9)];
        let standby = u64::from(step < 6);
        let expected = spigo - 1 + 2 * regions - standby;
        assert_eq!(story.steps[step]["instances"].as_u64(), Some(expected), "step {step}");
    }
}

#[test]
fn one_step_is_an_architecture_like_any_other() {
    let quick = ["--for", "2s", "--warmup", "1s", "--json"];
    let step = tarsier(&[&["run", "migration", "--step", "6"], &quick[..]].concat()).ends_with(0).json();
    let named = tarsier(&[&["run", "migration/6-no-mysql"], &quick[..]].concat()).ends_with(0).json();
    assert_eq!(step["architecture"], "6-no-mysql");
    assert_eq!(step["workloads"], named["workloads"]);
}

#[test]
fn what_goes_nowhere_is_refused() {
    let refused = |options: &[&str], words: &str| {
        tarsier(&[&["run"], options].concat()).ends_with(2).says(words);
    };
    refused(&["migration", "--step", "10"], "the migration has the steps 0 to 9");
    refused(&["shop", "--step", "1"], "only `migration` has steps");
    refused(&["migration", "--for", "5s"], "only --seed, --threads and --json go with them");
    refused(&["migration", "--reps", "3"], "name a step for anything else");
}

/// What is wrong with the first steps is seen without running them.
#[test]
fn check_finds_what_there_is_only_one_of() {
    let found = |step: &str| {
        let checked = tarsier(&["check", step]).ends_with(0);
        checked.stdout.lines().filter(|line| line.starts_with('!')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(found("migration/0-lamp")[0].contains("rds-mysql has one instance"));
    assert!(found("migration/1-memcache")[0].contains("memcache stands only in zone us-east-1/a"));
    assert!(found("migration/9-three-regions").is_empty());
}

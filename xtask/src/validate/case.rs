//! What a case is: models, how long they run, and what is read off the runs and compared with what is known.

use std::fmt;

use super::arch::Arch;
use super::read::Run;

/// One case: a few models and the figures checked on them.
pub struct Case {
    pub id: String,
    pub what: String,
    /// Who says what is expected.
    pub source: &'static str,
    pub models: Vec<Model>,
    /// Counted seconds, over all replications together.
    pub seconds: f64,
    /// Seconds before them, in each replication.
    pub warmup: f64,
    /// The share of `seconds` that the fast subset runs, if it runs this case at all.
    pub quick: Option<f64>,
    /// Independent runs, from which the intervals come.
    pub replications: usize,
    pub judged: Option<Judged>,
    pub checks: Vec<Check>,
}

/// What is said of each run beside its twin without the scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    Verdict,
    /// And how little it takes.
    Smallest,
}

/// A case's models are built when it runs: a thousand instances are not kept for nothing.
pub type Model = Box<dyn Fn() -> Arch + Send + Sync>;

/// Reads one figure off one replication: a run of each model, in the case's order.
pub type Read = Box<dyn Fn(&[Run]) -> f64 + Send + Sync>;

pub struct Check {
    pub what: String,
    pub expected: Expected,
    pub read: Read,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Expected {
    /// This value, give or take a tolerance; what the statistics leave open is granted on top.
    Near(f64, Tolerance),
    /// This value, in every replication.
    Exactly(f64),
    /// In every replication.
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Tolerance {
    Percent(f64),
    Absolute(f64),
}

impl Tolerance {
    /// In the unit of what is expected.
    pub fn around(self, expected: f64) -> f64 {
        match self {
            Tolerance::Percent(percent) => expected.abs() * percent / 100.0,
            Tolerance::Absolute(bound) => bound,
        }
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tolerance::Percent(percent) => write!(f, "±{percent}%"),
            Tolerance::Absolute(bound) => write!(f, "±{bound}"),
        }
    }
}

/// So many percent of what is expected.
pub fn percent(percent: f64) -> Tolerance {
    Tolerance::Percent(percent)
}

/// So much, in the unit of what is expected.
pub fn within(bound: f64) -> Tolerance {
    Tolerance::Absolute(bound)
}

impl Case {
    pub fn new(id: impl Into<String>, what: impl Into<String>, source: &'static str) -> Case {
        Case {
            id: id.into(),
            what: what.into(),
            source,
            models: Vec::new(),
            seconds: 100.0,
            warmup: 1.0,
            quick: None,
            replications: 10,
            judged: None,
            checks: Vec::new(),
        }
    }

    pub fn model(mut self, build: impl Fn() -> Arch + Send + Sync + 'static) -> Case {
        self.models.push(Box::new(build));
        self
    }

    /// In so many independent runs; said before how much is simulated.
    pub fn replications(mut self, n: usize) -> Case {
        self.replications = n;
        self
    }

    /// How much is simulated; a tenth of each replication goes before it and does not count.
    pub fn seconds(mut self, seconds: f64) -> Case {
        self.seconds = seconds;
        self.warmup = seconds / self.replications as f64 / 10.0;
        self
    }

    /// A run with a history of its own: counted from its first instant, `replications` times.
    pub fn story(mut self, seconds: f64, replications: usize) -> Case {
        self.replications = replications;
        self.seconds = seconds * replications as f64;
        self.warmup = 0.0;
        self
    }

    pub fn judged(mut self) -> Case {
        self.judged = Some(Judged::Verdict);
        self
    }

    pub fn smallest(mut self) -> Case {
        self.judged = Some(Judged::Smallest);
        self
    }

    /// A story ends well or badly: its figures are no sums of many small chances, so nothing is granted for these.
    pub fn is_story(&self) -> bool {
        self.warmup == 0.0
    }

    /// The fast subset runs this case too, for this share of the time.
    pub fn quick(mut self, share: f64) -> Case {
        self.quick = Some(share);
        self
    }

    pub fn near(
        self,
        what: &str,
        expected: f64,
        tolerance: Tolerance,
        read: impl Fn(&[Run]) -> f64 + Send + Sync + 'static,
    ) -> Case {
        self.check(what, Expected::Near(expected, tolerance), read)
    }

    pub fn check(
        mut self,
        what: &str,
        expected: Expected,
        read: impl Fn(&[Run]) -> f64 + Send + Sync + 'static,
    ) -> Case {
        self.checks.push(Check { what: what.into(), expected, read: Box::new(read) });
        self
    }
}

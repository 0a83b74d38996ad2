//! Long runs whose memory must not grow, and a served one: written to `docs/soak.md`.

use std::fmt::Write;
use std::time::Duration;

use tarsier_engine::{Pulse, RunConfig, Verdict, Watch, run};
use tarsier_units::Span;

use crate::validate::arch::{Arch, arch, call_retrying, exp, parallel, station, work};
use crate::{served, tools};

/// How often memory is looked at in a run.
const LOOKS: u64 = 10;
/// How long a run is served, by the clock.
const SERVED: Duration = Duration::from_secs(600);
/// What the allocator may keep more at the end than after the first tenth.
const SLACK_KIB: u64 = 2_048;

struct Soak {
    what: &'static str,
    model: Arch,
    per_second: f64,
    requests: f64,
}

fn soaks() -> [Soak; 3] {
    let tiers = || {
        let front = arch().service([work(exp(0.4)), parallel([call_retrying(1, 1), call_retrying(2, 1)])]);
        let behind = front.service([work(exp(0.5))]).queue(4).service([work(exp(0.6))]).instances(2);
        behind.rate(1000.0, 0).timeout(100).retries(1)
    };
    let one = |requests| Soak {
        what: "M/M/1, ρ = 0.8",
        model: station(exp(1.0), 800.0),
        per_second: 800.0,
        requests,
    };
    [
        one(1e7),
        one(1e8),
        Soak {
            what: "two tiers, calls in parallel, refusals, retries, a timeout on every request",
            model: tiers(),
            per_second: 1000.0,
            requests: 2e7,
        },
    ]
}

/// The page, and whether memory stayed flat.
pub(crate) fn measure() -> (String, bool) {
    let mut text = String::from(
        "# Memory over time\n\nWritten by `cargo xtask nightly`: resident memory of the process at equal steps of simulated \
         time. It must not be more\nat the end than after the first step, give or take what the allocator rounds. What is added within a run, and no more \
         in one of ten times\nthe length, are the 64 batches of simulated time from which the intervals come.\n",
    );
    let mut all_flat = true;
    for soak in soaks() {
        let looks = memory_of(&soak);
        let (Some(first), Some(last)) = (looks.first(), looks.last()) else {
            text += "\nThis system does not tell how much memory a process has.\n";
            continue;
        };
        let flat = last.kib <= first.kib + SLACK_KIB;
        all_flat &= flat;
        let verdict = if flat { "flat" } else { "**GROWS**" };
        let _ = write!(text, "\n## {}: {:.0e} requests: {verdict}\n\n", soak.what, soak.requests);
        text += "| simulated | events | resident memory |\n| --- | --- | --- |\n";
        for look in &looks {
            let simulated_s = look.simulated.as_secs_f64();
            let _ = writeln!(text, "| {simulated_s:.0} s | {:.2e} | {} KiB |", look.events as f64, look.kib);
        }
    }
    let served = tools::tarsier(&[]).and_then(|tarsier| served::measure(&tarsier, SERVED));
    match served {
        Ok((section, flat)) => (text + &section, all_flat && flat),
        Err(error) => (format!("{text}\n`tarsier serve` could not be measured: {error}\n"), false),
    }
}

fn memory_of(soak: &Soak) -> Vec<Look> {
    let model = soak.model.clone().seal();
    let duration = Span::from_secs_f64(soak.requests / soak.per_second);
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration,
        warmup: Span::from_secs(1),
        scenario: None,
        threads: 1,
        series: false,
    };
    let mut watcher = Watcher { every: duration.nanos() / LOOKS, looks: Vec::new() };
    let outcome = run(&model, &config, &mut watcher);
    let kib = resident_kib();
    let end = Look { simulated: duration, events: outcome.events, kib: kib.unwrap_or(0) };
    watcher.looks.extend(kib.map(|_| end));
    watcher.looks
}

struct Look {
    simulated: Span,
    events: u64,
    kib: u64,
}

struct Watcher {
    every: u64,
    looks: Vec<Look>,
}

impl Watch for Watcher {
    fn pulse(&mut self, pulse: Pulse) -> Verdict {
        if pulse.simulated.nanos() >= self.every * (self.looks.len() as u64 + 1) {
            let look =
                resident_kib().map(|kib| Look { simulated: pulse.simulated, events: pulse.events, kib });
            self.looks.extend(look);
        }
        Verdict::GoOn
    }
}

/// What Linux says of this process.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

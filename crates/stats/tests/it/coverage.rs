//! How often the intervals contain the truth: queues with known answers, simulated many times by Lindley's
//! recursion.
//!
//! `W' = max(0, W + S - A)`: the next customer waits for what is left of this one's wait and service after
//! the gap between them. A nominal 95% must come out as 90% to 99%.

use tarsier_random::{Law, Sampler, Stream};
use tarsier_stats::{BATCHES, Interval, Recorder, Window};

/// A unit of service, in nanoseconds.
const UNIT: f64 = 1e6;
/// Customers before the recording begins.
const WARMUP: usize = 20_000;

/// Poisson arrivals at a single server, by their load; what is recorded is the time from arrival to
/// departure.
#[derive(Clone, Copy)]
enum Queue {
    /// Exponential values without any queue.
    Independent,
    ExponentialService(f64),
    ConstantService(f64),
    /// A mix of two exponentials of squared coefficient of variation 4; what is recorded is the wait.
    VaryingService(f64),
}

/// Mean, median and 99th percentile, in units.
fn truth(queue: Queue) -> [f64; 3] {
    let exponential = |mean: f64| [mean, mean * libm::log(2.0), mean * libm::log(100.0)];
    match queue {
        Queue::Independent => exponential(1.0),
        Queue::ExponentialService(load) => exponential(1.0 / (1.0 - load)),
        // Crommelin's formula, and the inverse of the transform by Pollaczek and Khinchine, to sixty digits
        // elsewhere.
        Queue::ConstantService(0.8) => [3.0, 2.275_940, 11.355_89],
        Queue::ConstantService(0.9) => [5.5, 4.013_048, 22.898_24],
        Queue::VaryingService(0.8) => [10.0, 4.808_919, 60.012_61],
        Queue::ConstantService(_) | Queue::VaryingService(_) => unreachable!("no truth is written down"),
    }
}

/// Simulates so many customers, in batches of equal time.
fn record(queue: Queue, customers: usize, seed: u64) -> Recorder {
    let exponential = Law::Exp { mean: 1.0 };
    let (load, law) = match queue {
        Queue::Independent => (1.0, exponential),
        Queue::ExponentialService(load) => (load, exponential),
        Queue::ConstantService(load) => (load, Law::Constant(1.0)),
        Queue::VaryingService(load) => (load, Law::hyperexp_mean_cv(1.0, 2.0).expect("it varies enough")),
    };
    let sampler = Sampler::new(&law);
    let mut services = Stream::named(seed, &["service"], &[]);
    let mut gaps = Stream::named(seed, &["gap"], &[]);
    let (mut wait, mut clock) = (0.0, 0.0);
    let mut next = move || {
        let service = sampler.sample(&mut services);
        let (departure, value) = match queue {
            Queue::Independent => (clock, service),
            Queue::VaryingService(_) => (clock + wait + service, wait),
            _ => (clock + wait + service, wait + service),
        };
        let gap = gaps.exp1() / load;
        clock += gap;
        wait = f64::max(0.0, wait + service - gap);
        (departure, value)
    };
    let start = (0..WARMUP).map(|_| next().0).last().expect("there is a warm-up");
    let batch_time = customers as f64 / load / BATCHES as f64;
    let mut recorder = Recorder::default();
    let mut window = Window::new();
    for batch in 1..=BATCHES {
        let end = start + batch as f64 * batch_time;
        loop {
            let (departure, value) = next();
            window.record((value * UNIT) as u64);
            if departure >= end {
                break;
            }
        }
        recorder.close_batch(&window);
        window.clear();
    }
    recorder
}

#[derive(Default)]
struct Tally {
    contained: usize,
    given: usize,
    width: f64,
}

impl Tally {
    fn count(&mut self, interval: Option<Interval>, truth: f64) {
        let Some(interval) = interval else { return };
        self.given += 1;
        self.contained += usize::from((interval.low..=interval.high).contains(&(truth * UNIT)));
        self.width += (interval.high - interval.low) / 2.0 / (truth * UNIT);
    }

    fn coverage(&self) -> f64 {
        self.contained as f64 / self.given as f64
    }
}

fn tallies(queue: Queue, customers: usize, runs: u64) -> [Tally; 3] {
    let truth = truth(queue);
    let mut tallies: [Tally; 3] = Default::default();
    for seed in 0..SEEDS {
        let mut all = record(queue, customers, seed);
        (1..runs).for_each(|run| all.append(&record(queue, customers, 1_000 * run + seed)));
        let ci = all.summary().ci95;
        for ((tally, interval), truth) in tallies.iter_mut().zip([ci.mean, ci.p50, ci.p99]).zip(truth) {
            tally.count(interval, truth);
        }
    }
    tallies
}

/// Prints a line of the table in the crate's documentation, then checks it: of the intervals given, if that
/// is most of the time, 90% to 99% contain the truth; and no more than one run of ten, however short, gives
/// a wrong one.
#[track_caller]
fn check(name: &str, queue: Queue, customers: usize, runs: u64) {
    let tallies = tallies(queue, customers, runs);
    let cells = tallies.each_ref().map(|tally| match tally.given {
        0 => "none".to_owned(),
        given => format!(
            "{:.1}% of {given} (±{:.1}%)",
            100.0 * tally.coverage(),
            100.0 * tally.width / given as f64
        ),
    });
    println!("| {name} | {runs} × {customers} | {} |", cells.join(" | "));
    for tally in &tallies {
        let wrong = (tally.given - tally.contained) as u64;
        assert!(wrong <= SEEDS / 10, "{name}: {wrong} of {SEEDS} intervals are wrong");
        if tally.given as u64 > SEEDS / 2 {
            let coverage = tally.coverage();
            // Where intervals are often withheld, the others are meant to be on the wide side.
            let most = if tally.given as u64 > SEEDS * 9 / 10 { 0.99 } else { 1.0 };
            let share = 100.0 * coverage;
            assert!((0.9..=most).contains(&coverage), "{name}: {share}% of the intervals contain the truth");
        }
    }
}

/// How many times each line is simulated.
const SEEDS: u64 = 300;

#[test]
fn independent_values() {
    for customers in [500, 5_000, 50_000] {
        check("independent", Queue::Independent, customers, 1);
    }
}

#[test]
fn exponential_service() {
    for (load, customers) in
        [(0.5, 5_000), (0.5, 20_000), (0.8, 20_000), (0.8, 60_000), (0.9, 20_000), (0.9, 200_000)]
    {
        check(&format!("M/M/1 at {load}"), Queue::ExponentialService(load), customers, 1);
    }
}

#[test]
fn constant_service() {
    for (load, customers) in [(0.8, 5_000), (0.8, 20_000), (0.8, 60_000), (0.9, 20_000), (0.9, 100_000)] {
        check(&format!("M/D/1 at {load}"), Queue::ConstantService(load), customers, 1);
    }
}

#[test]
fn varying_service() {
    for customers in [20_000, 200_000] {
        check("M/H2/1 at 0.8", Queue::VaryingService(0.8), customers, 1);
    }
}

#[test]
fn replications() {
    for (runs, customers) in [(3, 20_000), (5, 20_000), (10, 20_000)] {
        check("M/M/1 at 0.8", Queue::ExponentialService(0.8), customers, runs);
    }
}

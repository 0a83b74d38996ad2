//! How often the intervals contain the truth: queues with known answers, simulated many times by Lindley's recursion.
//!
//! `W' = max(0, W + S - A)`: the next customer waits for what is left of this one's wait and service after the gap
//! between them. A nominal 95% must come out as 90% to 99%, not only where data abound.

use tarsier_random::Stream;
use tarsier_stats::{BATCHES, Interval, Recorder, Window};

/// A unit of service, in nanoseconds.
const UNIT: f64 = 1e6;
/// Customers before the recording begins.
const WARMUP: usize = 20_000;

#[derive(Clone, Copy)]
enum Queue {
    /// Exponential values without any queue.
    Independent,
    ExponentialService(f64),
    ConstantService(f64),
}

/// Mean, median and 99th percentile of the sojourn, in units.
fn truth(queue: Queue) -> [f64; 3] {
    let exponential = |mean: f64| [mean, mean * libm::log(2.0), mean * libm::log(100.0)];
    match queue {
        Queue::Independent => exponential(1.0),
        Queue::ExponentialService(load) => exponential(1.0 / (1.0 - load)),
        // Crommelin's formula, to sixty digits elsewhere.
        Queue::ConstantService(0.8) => [3.0, 2.275_940, 11.355_89],
        Queue::ConstantService(0.9) => [5.5, 4.013_048, 22.898_24],
        Queue::ConstantService(_) => unreachable!("no truth is written down"),
    }
}

/// Simulates so many customers, in batches of equal time.
fn record(queue: Queue, customers: usize, seed: u64) -> Recorder {
    let (load, constant) = match queue {
        Queue::Independent => (1.0, false),
        Queue::ExponentialService(load) => (load, false),
        Queue::ConstantService(load) => (load, true),
    };
    let mut services = Stream::named(seed, &["service"], &[]);
    let mut gaps = Stream::named(seed, &["gap"], &[]);
    let (mut wait, mut clock) = (0.0, 0.0);
    let mut next = move || {
        let service = if constant { 1.0 } else { services.exp1() };
        let sojourn = if matches!(queue, Queue::Independent) { service } else { wait + service };
        let departure = clock + sojourn;
        let gap = gaps.exp1() / load;
        clock += gap;
        wait = f64::max(0.0, wait + service - gap);
        (departure, sojourn)
    };
    let start = (0..WARMUP).map(|_| next().0).last().expect("there is a warm-up");
    let batch_time = customers as f64 / load / BATCHES as f64;
    let mut recorder = Recorder::default();
    let mut window = Window::new();
    for batch in 1..=BATCHES {
        let end = start + batch as f64 * batch_time;
        loop {
            let (departure, sojourn) = next();
            window.record((sojourn * UNIT) as u64);
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

fn tallies(queue: Queue, customers: usize, seeds: u64) -> [Tally; 3] {
    let truth = truth(queue);
    let mut tallies: [Tally; 3] = Default::default();
    for seed in 0..seeds {
        let ci = record(queue, customers, seed).summary().ci95;
        for ((tally, interval), truth) in tallies.iter_mut().zip([ci.mean, ci.p50, ci.p99]).zip(truth) {
            tally.count(interval, truth);
        }
    }
    tallies
}

fn check(name: &str, queue: Queue, customers: usize, seeds: u64) {
    let tallies = tallies(queue, customers, seeds);
    print!("| {name} | {customers} |");
    for tally in &tallies {
        let given = 100.0 * tally.given as f64 / seeds as f64;
        print!(" {:.1}% ({given:.0}%, ±{:.1}%) |", 100.0 * tally.coverage(), 100.0 * tally.width / tally.given as f64);
    }
    println!();
}

#[test]
fn table() {
    let q: &[(&str, Queue)] = &[("iid", Queue::Independent), ("M/M/1 .5", Queue::ExponentialService(0.5)), ("M/M/1 .8", Queue::ExponentialService(0.8)), ("M/M/1 .9", Queue::ExponentialService(0.9)), ("M/D/1 .8", Queue::ConstantService(0.8)), ("M/D/1 .9", Queue::ConstantService(0.9))];
    for (name, queue) in q { for n in [100, 500, 2_000, 5_000, 20_000, 60_000, 200_000] { check(name, *queue, n, 400); } }
}

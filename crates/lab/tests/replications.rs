//! Replications of a single-server queue: pooled, on any number of threads, with a verdict on the warm-up.

use std::sync::atomic::{AtomicU64, Ordering};

use tarsier_engine::{SecondRow, SeriesSubject, TraceSpan, Verdict};
use tarsier_lab::{Audience, Finding, Observer, Plan, Progress, Sample, Warmup, run};
use tarsier_model::{
    Arrivals, CallPolicy, Demand, Endpoint, EndpointId, Model, Region, RegionId, Scenario, SealedModel,
    Service, ServiceId, Step, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

/// Poisson arrivals of `rate` a second to one server that works 1 ms on average.
fn queue(rate: f64) -> SealedModel {
    let demand =
        Demand::Open { rate: vec![(Span::ZERO, rate)], arrivals: Arrivals::Poisson, steps: Vec::new() };
    let service = Service { instances: vec![ZoneId(0)], endpoints: 0..1, ..Service::named("server") };
    let steps = vec![Step::Work(Law::Exp { mean: 1e6 })];
    let workload = Workload {
        name: "users".to_owned(),
        demand,
        mix: vec![(1.0, EndpointId(0))],
        from: vec![RegionId(0)],
        policy: CallPolicy::default(),
    };
    let model = Model {
        name: "queue".to_owned(),
        regions: vec![Region { name: "here".to_owned() }].into(),
        zones: vec![Zone { name: "here/a".to_owned(), region: RegionId(0) }].into(),
        services: vec![service].into(),
        endpoints: vec![Endpoint { service: ServiceId(0), name: None, steps }].into(),
        workloads: vec![workload].into(),
        ..Model::empty()
    };
    model.seal().expect("the model is sound")
}

fn plan(reps: u64, threads: usize) -> Plan<'static> {
    Plan {
        seed: 7,
        reps,
        threads,
        duration: Span::from_secs(20),
        warmup: Warmup::Given(Span::from_secs(2)),
        scenario: None,
    }
}

#[test]
fn threads_change_nothing() {
    let model = queue(500.0);
    let on = |threads| format!("{:?}", run(&model, &plan(5, threads), None, &()));
    let alone = on(1);
    assert_eq!(alone, on(2));
    assert_eq!(alone, on(8));
}

#[test]
fn replications_differ_and_add_up() {
    let model = queue(500.0);
    let one = run(&model, &plan(1, 1), None, &());
    let four = run(&model, &plan(4, 2), None, &());
    assert_eq!((one.reps, four.reps), (1, 4));
    assert_eq!(four.outcome.simulated_ns, 4 * one.outcome.simulated_ns);
    assert_ne!(four.outcome.workloads[0].completed, 4 * one.outcome.workloads[0].completed);
    // 40,000 requests are expected in 80 s; five standard deviations are 1,000.
    assert!(four.outcome.workloads[0].completed.abs_diff(40_000) < 1_000);
    assert!((four.outcome.services[0].utilization - 0.5).abs() < 0.02);
}

/// Counts the rows of the series, and stops after so many events.
struct Onlooker {
    stop_after: u64,
    seen: AtomicU64,
}

impl Observer for Onlooker {
    fn progress(&self, progress: &Progress) -> Verdict {
        self.seen.fetch_max(progress.events, Ordering::Relaxed);
        assert!(progress.simulated_s <= progress.total_s + 1e-6);
        if progress.events >= self.stop_after { Verdict::Stop } else { Verdict::GoOn }
    }
}

#[test]
fn a_stop_is_marked_and_what_was_measured_is_kept() {
    let model = queue(900.0);
    let observer = Onlooker { stop_after: 20_000, seen: AtomicU64::new(0) };
    let plan = Plan { duration: Span::from_secs(3_000), ..plan(3, 1) };
    let findings = run(&model, &plan, None, &observer);
    assert!(findings.outcome.stopped_early);
    assert!(findings.outcome.workloads[0].completed > 0);
    assert!(observer.seen.into_inner() < 2_000_000, "it stopped long before its time");
    assert_eq!(findings.warmup.finding, Finding::NotChecked("the run was stopped"));
}

#[test]
fn the_series_is_that_of_the_first_replication() {
    let model = queue(500.0);
    let mut listener = Listener::new(Sample::None);
    run(&model, &plan(3, 2), Some(&mut listener), &());
    let one = run(&model, &plan(1, 1), None, &());
    assert_eq!(listener.completed, one.outcome.workloads[0].completed);
    assert!(listener.latencies.is_empty());
}

#[test]
fn the_slowest_are_the_slowest() {
    let model = queue(500.0);
    let latencies = |sample| {
        let mut listener = Listener::new(sample);
        run(&model, &plan(2, 2), Some(&mut listener), &());
        listener.latencies.sort_unstable_by(|a, b| b.cmp(a));
        listener.latencies
    };
    let all = latencies(Sample::Share(1.0));
    assert!(all.len() > 1_000);
    assert_eq!(latencies(Sample::Slowest(10)), all[..10]);
}

/// What the first replication tells: how many have completed, and how long the traced ones took.
struct Listener {
    sample: Sample,
    completed: u64,
    latencies: Vec<u64>,
}

impl Listener {
    fn new(sample: Sample) -> Self {
        Listener { sample, completed: 0, latencies: Vec::new() }
    }
}

impl Audience for Listener {
    fn second(&mut self, row: &SecondRow) {
        if let SeriesSubject::Workload(_) = row.subject {
            self.completed += row.completed;
        }
    }
    fn traces(&self) -> Sample {
        self.sample
    }
    fn span(&mut self, span: &TraceSpan) {
        if span.parent.is_none() {
            self.latencies.push(span.ended_ns - span.began_ns);
        }
    }
}

#[test]
fn a_queue_that_starts_empty_under_heavy_load_drifts() {
    let overloaded =
        run(&queue(1_050.0), &Plan { warmup: Warmup::Given(Span::ZERO), ..plan(1, 1) }, None, &());
    let finding = overloaded.warmup.finding;
    assert!(!matches!(finding, Finding::Steady), "{finding:?}");
    let calm = run(&queue(300.0), &plan(1, 1), None, &());
    assert_eq!(calm.warmup.finding, Finding::Steady);
}

#[test]
fn automatic_warmup_says_what_it_chose() {
    let auto = Warmup::Auto { otherwise: Span::from_secs(10) };
    let findings = run(&queue(300.0), &Plan { warmup: auto, ..plan(1, 1) }, None, &());
    assert_eq!(findings.outcome.warmup_ns, findings.warmup.span.nanos());
    assert!(
        findings.warmup.to_string().contains("found by MSER in a pilot run of 20s"),
        "{}",
        findings.warmup
    );

    let scenario = Scenario { name: "nothing".to_owned(), happenings: Vec::new() };
    let plan = Plan { warmup: auto, scenario: Some(&scenario), ..plan(1, 1) };
    let findings = run(&queue(300.0), &plan, None, &());
    assert_eq!(findings.warmup.span, Span::from_secs(10));
    assert!(findings.warmup.to_string().contains("a scenario is active"), "{}", findings.warmup);
}

#[test]
fn the_calls_are_known_before_the_run() {
    assert_eq!(tarsier_lab::calls(&queue(300.0)), []);
}

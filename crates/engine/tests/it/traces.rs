//! Spans of traced requests: they are what happened, and observing changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_engine::{
    Cause, Outcome, RunConfig, Side, SpanEnd, SpanKind, TraceSpan, Traces, Visit, VisitEnd, Watch, run,
};
use tarsier_model::{Arrivals, Demand, SealedModel, ServiceId, Step, ZoneId};
use tarsier_units::Span;

use crate::sameness::{Swarm, projection};
use crate::support::{Build, config, exp_ms, retry, with, work_ms};

/// Keeps everything it is shown.
#[derive(Default)]
struct Album {
    wanted: Traces,
    spans: Vec<TraceSpan>,
    visits: Vec<Visit>,
}

impl Watch for Album {
    fn traces(&self) -> Traces {
        self.wanted.clone()
    }
    fn span(&mut self, span: &TraceSpan) {
        self.spans.push(span.clone());
    }
    fn wants_visits(&self) -> bool {
        true
    }
    fn visit(&mut self, visit: &Visit) {
        self.visits.push(*visit);
    }
}

fn traced(model: &SealedModel, config: &RunConfig<'_>, wanted: Traces) -> (Outcome, Album) {
    let mut album = Album { wanted, ..Album::default() };
    let outcome = run(model, config, &mut album);
    (outcome, album)
}

fn count(spans: &[TraceSpan], kinds: &[SpanKind]) -> u64 {
    spans.iter().filter(|span| kinds.contains(&span.kind)).count() as u64
}

/// One root for each trace, and everybody's parent is there.
fn assert_trees(spans: &[TraceSpan]) {
    let by_id: BTreeMap<(u128, u64), &TraceSpan> = spans.iter().map(|it| ((it.trace, it.id), it)).collect();
    assert_eq!(by_id.len(), spans.len(), "ids are different");
    let mut roots = BTreeSet::new();
    for span in spans {
        let Some(parent) = span.parent else {
            assert_eq!(span.kind, SpanKind::Request);
            assert!(roots.insert(span.trace), "a trace has one root");
            continue;
        };
        let parent = by_id[&(span.trace, parent)];
        let caused_by: &[SpanKind] = match span.kind {
            SpanKind::Request => &[],
            SpanKind::Client => &[SpanKind::Request, SpanKind::Server, SpanKind::Consumer],
            SpanKind::Producer => &[SpanKind::Server, SpanKind::Consumer],
            SpanKind::Server => &[SpanKind::Client],
            SpanKind::Consumer => &[SpanKind::Producer],
        };
        assert!(caused_by.contains(&parent.kind), "{:?} below {:?}", span.kind, parent.kind);
        assert!(span.began_ns >= parent.began_ns, "an effect is not before its cause");
        match span.kind {
            SpanKind::Server => assert_eq!(parent.peer, Some(span.side), "it went where it was sent"),
            SpanKind::Client | SpanKind::Producer => assert_eq!(span.side, parent.side),
            _ => {}
        }
    }
    assert!(spans.iter().all(|span| roots.contains(&span.trace)));
}

fn assert_sound(spans: &[TraceSpan]) {
    for span in spans {
        assert!(span.began_ns <= span.ended_ns, "{span:?}");
        assert!(span.stretches.is_sorted_by_key(|stretch| stretch.from_ns));
        for stretch in &span.stretches {
            let within = span.began_ns <= stretch.from_ns && stretch.to_ns <= span.ended_ns;
            assert!(within && stretch.from_ns < stretch.to_ns, "{span:?}");
        }
    }
}

/// The same model, whose users fall silent after a second.
fn falling_silent(model: &SealedModel) -> SealedModel {
    let mut model = (**model).clone();
    for workload in model.workloads.iter_mut() {
        let points = [(0, 200.0), (1_000_000_000, 200.0), (1_000_000_001, 0.0)];
        let rate = points.map(|(at, rate)| (Span::from_nanos(at), rate)).to_vec();
        workload.demand = Demand::Open { rate, arrivals: Arrivals::Poisson, steps: Vec::new() };
    }
    model.seal().expect("only its users have changed")
}

/// Every attempt, stay and request of a run is a span once all have ended.
#[test]
fn nothing_is_missing_and_nothing_is_twice() {
    let (mut n_exact, mut n_hedges) = (0, 0);
    for seed in 0..100 {
        println!("seed {seed}");
        let model = falling_silent(&Swarm::new(seed).model());
        let config = RunConfig { warmup: Span::ZERO, ..config(100, seed) };
        let (outcome, Album { spans, .. }) = traced(&model, &config, Traces::Share(1.0));
        let ended: u64 = outcome.workloads.iter().map(|workload| workload.completed + workload.errors).sum();
        assert_eq!(count(&spans, &[SpanKind::Request]), ended);
        // Locks that are taken crosswise hold some for ever.
        let is_at_rest = outcome.workloads.iter().all(|workload| workload.in_flight_end == 0)
            && outcome.calls.iter().all(|call| call.in_flight_end == 0)
            && outcome.services.iter().all(|service| service.in_flight_end == 0);
        if !is_at_rest {
            continue;
        }
        n_exact += 1;
        let attempts = outcome.workloads.iter().map(|it| it.attempts).sum::<u64>()
            + outcome.calls.iter().map(|it| it.attempts).sum::<u64>();
        let arrivals: u64 = outcome.services.iter().map(|service| service.arrivals).sum();
        assert_eq!(count(&spans, &[SpanKind::Client, SpanKind::Producer]), attempts);
        assert_eq!(count(&spans, &[SpanKind::Server, SpanKind::Consumer]), arrivals);
        assert_trees(&spans);
        assert_sound(&spans);
        n_hedges += spans.iter().filter(|span| span.hedge).count();
    }
    assert!(n_exact > 70, "most models are meant to come to rest, not {n_exact}");
    assert!(n_hedges > 100, "calls are meant to be hedged");
}

#[test]
fn observing_changes_nothing_and_threads_neither() {
    for seed in 0..100 {
        println!("seed {seed}");
        let mut swarm = Swarm::new(seed);
        let model = swarm.model();
        let scenario = swarm.scenario();
        let config = RunConfig { scenario: Some(&scenario), ..config(2, seed) };
        let unobserved = projection(&run(&model, &config, &mut ()));
        for wanted in [Traces::Share(0.3), Traces::Requests] {
            let (one, album) = traced(&model, &config, wanted.clone());
            assert_eq!(projection(&one), unobserved);
            assert_sound(&album.spans);
            let (_, other) = traced(&model, &RunConfig { threads: 2, ..config.clone() }, wanted);
            assert_eq!(album.spans, other.spans, "seed {seed}");
        }
    }
}

/// What another observer saw of the same stays.
#[test]
fn stays_are_the_visits() {
    let steps = vec![work_ms(10.0), Step::Wait(exp_ms(2.0)), work_ms(1.0)];
    let model = Build::new().service("s", steps, |s| s.queue = Some(2)).open("w", 80.0, 0).seal();
    let config = RunConfig { warmup: Span::ZERO, ..config(50, 1) };
    let (_, Album { spans, visits, .. }) = traced(&model, &config, Traces::Share(1.0));
    let stays: Vec<&TraceSpan> = spans.iter().filter(|span| span.kind == SpanKind::Server).collect();
    assert_eq!(stays.len(), visits.len());
    for (stay, visit) in stays.iter().zip(&visits) {
        assert_eq!(stay.side, Side::Instance { service: ServiceId(0), number: 0, zone: ZoneId(0) });
        assert_eq!((stay.began_ns, stay.ended_ns), (visit.arrived_ns, visit.left_ns));
        let spent = |causes: &[Cause]| -> u64 {
            let of = stay.stretches.iter().filter(|stretch| causes.contains(&stretch.cause));
            of.map(|stretch| stretch.to_ns - stretch.from_ns).sum()
        };
        assert_eq!(spent(&[Cause::Work, Cause::Wait]), visit.demand_ns);
        assert_eq!(spent(&[Cause::Work, Cause::Wait, Cause::Core]), visit.left_ns - visit.arrived_ns);
        assert_eq!(stay.end == SpanEnd::Refused, visit.end == VisitEnd::Refused);
    }
    assert!(stays.iter().any(|stay| stay.end == SpanEnd::Refused), "the queue is meant to fill");
}

/// A request that is given up goes on at its callee: the server's span ends after the client's.
#[test]
fn attempts_are_spans_of_their_own() {
    let impatient = tarsier_model::CallPolicy {
        timeout: Some(Span::from_millis(5)),
        retry: Some(retry(2)),
        ..tarsier_model::CallPolicy::default()
    };
    let model = Build::new()
        .service("front", vec![Step::Call(with(impatient, 1))], |_| {})
        .service("back", vec![Step::Wait(tarsier_random::Law::Constant(8e6))], |_| {})
        .open("w", 10.0, 0)
        .seal();
    let (_, Album { spans, .. }) = traced(&model, &config(10, 1), Traces::Share(1.0));
    let one = spans.iter().find(|span| span.parent.is_none()).expect("a request has ended");
    assert_eq!((one.ended_ns - one.began_ns, one.end), (15_000_000, SpanEnd::Error));
    let to_back = |kind| -> Vec<(u32, u64, SpanEnd)> {
        let of = spans.iter().filter(|span| span.trace == one.trace && span.endpoint.0 == 1);
        let of = of.filter(|span| span.kind == kind);
        of.map(|span| (span.attempt, span.ended_ns - one.began_ns, span.end)).collect()
    };
    let tried = |attempt: u32| (attempt, 5_000_000 * u64::from(attempt), SpanEnd::Timeout);
    assert_eq!(to_back(SpanKind::Client), [tried(1), tried(2), tried(3)]);
    let served: Vec<u64> = to_back(SpanKind::Server).iter().map(|(_, ended, _)| *ended).collect();
    assert_eq!(served, [8_000_000, 13_000_000, 18_000_000]);
}

#[test]
fn a_share_is_sampled_by_the_seed() {
    let model = Build::new().service("s", vec![work_ms(0.1)], |_| {}).open("w", 2_000.0, 0).seal();
    let traces = |seed, share| -> BTreeSet<u128> {
        let (_, album) = traced(&model, &config(10, seed), Traces::Share(share));
        album.spans.iter().map(|span| span.trace).collect()
    };
    let some = traces(1, 0.05);
    // 20,000 requests: five standard deviations are 154.
    assert!((846..1_154).contains(&some.len()), "{}", some.len());
    assert!(some.is_subset(&traces(1, 0.1)));
    assert!(some.is_disjoint(&traces(2, 0.05)));
    assert!(traces(1, 0.0).is_empty());
    let (_, album) = traced(&model, &config(10, 1), Traces::These(some.clone()));
    assert_eq!(album.spans.iter().map(|span| span.trace).collect::<BTreeSet<_>>(), some);
}

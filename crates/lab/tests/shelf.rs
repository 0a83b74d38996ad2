//! Which traces are kept of all that there were.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tarsier_engine::{RunConfig, SpanEnd, TraceSpan, Traces, Watch, run};
use tarsier_lab::{Pick, Room, Shelf};
use tarsier_model::{
    Arrivals, Call, CallPolicy, Demand, Endpoint, EndpointId, Model, Region, RegionId, SealedModel, Service,
    ServiceId, Step, Workload, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_units::Span;

fn call_back() -> Call {
    Call {
        to: EndpointId(1),
        policy: Box::default(),
        optional: false,
        fallback: None,
        request_bytes: 0,
        response_bytes: 0,
    }
}

/// A front that asks a back with a short queue, and tells it something later that nobody waits for.
fn front_and_back() -> SealedModel {
    let service = |name: &str, at: u32| Service {
        instances: vec![ZoneId(0)],
        endpoints: at..at + 1,
        workers: Some(1),
        queue: Some(2),
        ..Service::named(name)
    };
    let exp = |mean| Step::Work(Law::Exp { mean });
    let tell = Step::Publish(call_back());
    let steps = vec![exp(1e6), Step::Call(call_back()), tell];
    let workload = Workload {
        name: "users".to_owned(),
        demand: Demand::Open {
            rate: vec![(Span::ZERO, 300.0)],
            arrivals: Arrivals::Poisson,
            steps: Vec::new(),
        },
        mix: vec![(1.0, EndpointId(0))],
        from: vec![RegionId(0)],
        policy: CallPolicy::default(),
    };
    let model = Model {
        name: "pair".to_owned(),
        regions: vec![Region { name: "here".to_owned() }].into(),
        zones: vec![Zone { name: "here/a".to_owned(), region: RegionId(0) }].into(),
        services: vec![service("front", 0), service("back", 1)].into(),
        endpoints: vec![
            Endpoint { service: ServiceId(0), name: None, steps },
            Endpoint { service: ServiceId(1), name: None, steps: vec![exp(1e6)] },
        ]
        .into(),
        workloads: vec![workload].into(),
        ..Model::empty()
    };
    model.seal().expect("the model is sound")
}

struct Eye {
    shelf: Shelf,
    all: BTreeMap<u128, Vec<TraceSpan>>,
}

impl Watch for Eye {
    fn traces(&self) -> Traces {
        Traces::Share(0.5)
    }
    fn span(&mut self, span: &TraceSpan) {
        self.shelf.take_in(span);
        self.all.entry(span.trace).or_default().push(span.clone());
    }
}

fn watched(room: Room) -> Eye {
    let config = RunConfig {
        seed: 3,
        replication: 0,
        duration: Span::from_secs(20),
        warmup: Span::from_secs(1),
        scenario: None,
        threads: 1,
        series: false,
    };
    let mut eye = Eye { shelf: Shelf::new(room), all: BTreeMap::new() };
    run(&front_and_back(), &config, &mut eye);
    // What has not ended has no root.
    eye.all.retain(|_, spans| spans.iter().any(|span| span.parent.is_none()));
    eye
}

fn root(spans: &[TraceSpan]) -> &TraceSpan {
    spans.iter().find(|span| span.parent.is_none()).expect("it has ended")
}

#[test]
fn the_slowest_and_some_others_are_kept_whole() {
    let eye = watched(Room { traces: 20, spans_each: 100, spans_open: 10_000 });
    assert!(eye.all.len() > 1_000);
    for pick in [Pick::Slowest, Pick::Failed, Pick::Random] {
        let kept = eye.shelf.traces(pick);
        assert_eq!(kept.len(), 20);
        for trace in &kept {
            let all = &eye.all[&trace.id];
            let ids = |spans: &[TraceSpan]| spans.iter().map(|span| span.id).collect::<BTreeSet<_>>();
            assert_eq!(ids(&trace.spans), ids(all), "also what goes on after the answer");
            assert_eq!((trace.missing, trace.ok), (0, root(all).end == SpanEnd::Ok));
            assert_eq!(eye.shelf.get(trace.id), Some(*trace));
        }
        assert!(pick != Pick::Failed || kept.iter().all(|trace| !trace.ok));
    }
    let mut slowest: Vec<(Reverse<u64>, u128)> =
        eye.all.iter().map(|(id, spans)| (Reverse(duration(spans)), *id)).collect();
    slowest.sort_unstable();
    let expected: Vec<u128> = slowest[..20].iter().map(|(_, id)| *id).collect();
    let kept: Vec<u128> = eye.shelf.traces(Pick::Slowest).iter().map(|trace| trace.id).collect();
    assert_eq!(kept, expected);
}

fn duration(spans: &[TraceSpan]) -> u64 {
    root(spans).ended_ns - root(spans).began_ns
}

/// The mean rank of a fair sample of 400 among n is (n + 1) / 2, give or take n / √(12 × 400).
#[test]
fn random_traces_are_neither_slow_nor_early() {
    let eye = watched(Room { traces: 400, spans_each: 100, spans_open: 10_000 });
    for key in [duration as fn(&[TraceSpan]) -> u64, |spans| root(spans).began_ns] {
        let mut all: Vec<u64> = eye.all.values().map(|spans| key(spans)).collect();
        all.sort_unstable();
        let rank = |spans: &[TraceSpan]| all.partition_point(|it| *it < key(spans)) as f64 / all.len() as f64;
        let kept = eye.shelf.traces(Pick::Random);
        let mean = kept.iter().map(|trace| rank(&eye.all[&trace.id])).sum::<f64>() / kept.len() as f64;
        assert!((mean - 0.5).abs() < 4.0 / (12.0_f64 * 400.0).sqrt(), "{mean}");
    }
}

/// Without room some traces are not kept, but none is kept with a hole that it does not tell.
#[test]
fn what_there_is_no_room_for_is_told() {
    let eye = watched(Room { traces: 20, spans_each: 2, spans_open: 10_000 });
    let kept = eye.shelf.traces(Pick::Slowest);
    assert!(kept.len() == 20 && kept.iter().any(|trace| trace.missing > 0));
    for trace in kept {
        assert_eq!(trace.spans.len() as u64 + trace.missing, eye.all[&trace.id].len() as u64);
        assert!(trace.spans.len() <= 3 && trace.spans.iter().any(|span| span.parent.is_none()));
    }
    let eye = watched(Room { traces: 20, spans_each: 100, spans_open: 3 });
    let kept = eye.shelf.traces(Pick::Random);
    assert!(!kept.is_empty());
    for trace in kept {
        assert_eq!(trace.spans.len(), eye.all[&trace.id].len());
    }
}

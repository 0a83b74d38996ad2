//! A small model and an outcome of it, made by hand, for the tests of this crate.

use tarsier_engine::{
    AccessOutcome, CallOutcome, Cause, Event, EventKind, EventSubject, FaultOutcome, Outcome, Reason,
    ServiceOutcome, StoreOutcome, Why, WhyPart, WorkloadOutcome,
};
use tarsier_model::{
    AccessKind, Arrivals, Call, CallPolicy, Demand, Endpoint, EndpointId, Happening, Level, Metric, Model,
    Region, RegionId, Relation, Scenario, Service, ServiceId, Slo, Step, Subject, Target, Trouble, Workload,
    WorkloadId, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_stats::{Recorder, Window};
use tarsier_units::Span;

use crate::{
    Attempts, Beside, Edge, Goodput, Report, SloVerdict, Smallest, Verdict, VerdictKind, Work, verdicts,
};

/// `users` send 100/s to `web/home`, which calls `db`.
pub(crate) fn model() -> Model {
    let work = Step::Work(Law::Exp { mean: 1e6 });
    let call = Call {
        to: EndpointId(1),
        policy: Box::default(),
        optional: false,
        fallback: None,
        request_bytes: 0,
        response_bytes: 0,
    };
    let home = Endpoint {
        service: ServiceId(0),
        name: Some("home".to_owned()),
        steps: vec![work.clone(), Step::Call(call)],
    };
    let query = Endpoint { service: ServiceId(1), name: None, steps: vec![work] };
    Model {
        name: "pair".to_owned(),
        description: "A web tier and its database".to_owned(),
        regions: vec![Region { name: "here".to_owned() }].into(),
        zones: vec![Zone { name: "here/a".to_owned(), region: RegionId(0) }].into(),
        services: vec![service("web", 0), service("db", 1)].into(),
        endpoints: vec![home, query].into(),
        workloads: vec![users()].into(),
        slos: vec![
            slo("users p99 < 250ms", Metric::LatencyQuantile(0.99), 0.25),
            slo("users errors < 0.1%", Metric::ErrorShare, 0.001),
        ],
        ..Model::empty()
    }
}

fn service(name: &str, endpoint: u32) -> Service {
    Service { instances: vec![ZoneId(0)], endpoints: endpoint..endpoint + 1, ..Service::named(name) }
}

fn users() -> Workload {
    Workload {
        name: "users".to_owned(),
        demand: Demand::Open {
            rate: vec![(Span::ZERO, 100.0)],
            arrivals: Arrivals::Poisson,
            steps: Vec::new(),
        },
        mix: vec![(1.0, EndpointId(0))],
        from: vec![RegionId(0)],
        policy: CallPolicy::default(),
    }
}

fn slo(text: &str, metric: Metric, bound: f64) -> Slo {
    let subject = Subject::Workload(WorkloadId(0));
    Slo { text: text.to_owned(), subject, metric, relation: Relation::Less, bound }
}

/// Ten counted seconds: 990 requests answered after 1 ms to 200 ms, 10 failed.
pub(crate) fn outcome() -> Outcome {
    let latency = recorder((1..=990).map(|n| n * 200_000));
    let service = |utilization| ServiceOutcome {
        instances: 1,
        arrivals: 1000,
        completed: 990,
        errors: 10,
        utilization,
        queue_length_mean: 0.25,
        queue: recorder([0; 990]),
        latency: latency.clone(),
        ..ServiceOutcome::default()
    };
    Outcome {
        seed: 7,
        simulated_ns: 10_000_000_000,
        warmup_ns: 1_000_000_000,
        stopped_early: false,
        stopped_because: None,
        events: 12_345,
        fingerprint: 0xfeed,
        partitions: 1,
        workloads: vec![WorkloadOutcome {
            requests: 1000,
            attempts: 1000,
            completed: 990,
            errors: 10,
            latency: latency.clone(),
            why: why(),
            ..WorkloadOutcome::default()
        }],
        services: vec![service(0.25), service(0.95)],
        calls: vec![CallOutcome {
            from: EndpointId(0),
            to: EndpointId(1),
            requests: 1000,
            attempts: 1000,
            retries: 0,
            hedges: 0,
            rejected: 0,
            timeouts: 0,
            completed: 1000,
            errors: 0,
            refused: 0,
            in_flight_start: 0,
            in_flight_end: 0,
            in_flight_mean: 0.5,
            latency,
        }],
        timeline: Vec::new(),
        timeline_dropped: 0,
        faults: Vec::new(),
        stores: Vec::new(),
    }
}

/// `db` dies for three seconds.
pub(crate) fn scenario() -> Scenario {
    let target = Target { count: Some(1), ..Target::all(ServiceId(1)) };
    let happening = Happening {
        at: Span::from_secs(3),
        lasts: Some(Span::from_secs(3)),
        trouble: Trouble::Kill { target, silent: false },
    };
    Scenario { name: "crash".to_owned(), happenings: vec![happening] }
}

/// The outcome under that scenario, with what breakers and discovery did.
pub(crate) fn eventful() -> Outcome {
    let event = |ms: i64, subject, kind, reason| Event { time_ns: ms * 1_000_000, subject, kind, reason };
    let caller = |number| EventSubject::Call { from: EndpointId(0), number, to: EndpointId(1) };
    let opened = |ms, number| {
        let reason = Reason::Failures { failed: 10, calls: 20 };
        event(ms, caller(number), EventKind::BreakerOpened, reason)
    };
    let db = EventSubject::Service(ServiceId(1));
    let gone = EventSubject::Instance { service: ServiceId(1), number: 0 };
    Outcome {
        timeline: vec![
            event(3_000, db, EventKind::FaultOn { happening: 0 }, Reason::Scenario),
            opened(3_100, 0),
            opened(3_200, 2),
            opened(3_500, 1),
            event(5_000, gone, EventKind::Delisted, Reason::NoHeartbeat),
            event(6_000, db, EventKind::FaultOff { happening: 0 }, Reason::Scenario),
            opened(9_000, 1),
        ],
        faults: vec![FaultOutcome {
            happening: 0,
            at_ns: 3_000_000_000,
            until_ns: Some(6_000_000_000),
            detected_ns: Some(3_100_000_000),
            recovered_ns: Some(8_000_000_000),
            lost: Some(250),
        }],
        stores: vec![store()],
        ..outcome()
    }
}

/// `db` keeps several copies; one read in twenty is 1 to 3 ms behind.
fn store() -> StoreOutcome {
    let access = |kind, stale, age| AccessOutcome {
        endpoint: EndpointId(1),
        kind,
        level: Level::One,
        answered: 200,
        unavailable: 5,
        stale,
        age,
    };
    StoreOutcome {
        service: ServiceId(1),
        accesses: vec![
            access(AccessKind::Read, 10, recorder([1_000_000, 2_000_000, 3_000_000])),
            access(AccessKind::Write, 0, Recorder::default()),
        ],
        hints_stored: 30,
        hints_replayed: 20,
        hints_dropped: 0,
        hints_waiting: 10,
        repairs: 4,
    }
}

fn why() -> Why {
    let part = |service, cause, mean_ns, tail_ns| WhyPart {
        service: Some(ServiceId(service)),
        cause,
        mean_ns,
        tail_ns,
    };
    Why {
        sampled: 1000,
        sampled_tail: 10,
        parts: vec![part(0, Cause::Work, 40e6, 50e6), part(1, Cause::Core, 60e6, 150e6)],
    }
}

fn recorder(values: impl IntoIterator<Item = u64>) -> Recorder {
    let mut window = Window::new();
    values.into_iter().for_each(|value| window.record(value));
    let mut recorder = Recorder::default();
    recorder.close_batch(&window);
    recorder
}

/// Users get a tenth of what they would, because each tries twice and nobody waits for the answers.
pub(crate) fn verdict() -> Verdict {
    let beside = |run, twin| Beside { run, twin };
    let none = Beside::default();
    let slos = verdicts(&model(), &outcome());
    Verdict {
        kind: VerdictKind::Metastable,
        runs: vec![(VerdictKind::Recovered, 1), (VerdictKind::Metastable, 2)],
        trigger_s: (20.0, Some(30.0)),
        watched_s: 90.0,
        recovered_after_s: None,
        drains_in_s: None,
        workloads: vec![Goodput {
            workload: "users".to_owned(),
            completed_per_s: beside(10.0, 100.0),
            p99_s: [Some(0.9), Some(0.05)],
            lost: 5_400,
        }],
        edges: vec![Attempts {
            label: "users -> web/home".to_owned(),
            per_s: beside(200.0, 100.0),
            per_request: beside(2.0, 1.0),
            timeouts: beside(0.9, 0.0),
            refused: none,
            failed: none,
            rejected: none,
        }],
        services: vec![
            work("web", beside(200.0, 100.0), beside(2.0, 1.0), beside(0.5, 0.0)),
            work("db", beside(400.0, 100.0), beside(4.0, 1.0), beside(0.75, 0.0)),
        ],
        slos: slos.iter().map(|slo| [slo.clone(), SloVerdict { holds: true, ..slo.clone() }]).collect(),
        smallest: Some(Smallest {
            runs: 5,
            length: Edge { holds: Some(0.125), tips: Some(0.13) },
            length_s: 10.0,
            strength: Some(Edge { holds: None, tips: Some(0.25) }),
            weakest: vec![Trouble::Slow { target: Target::all(ServiceId(1)), factor: 1.54 }],
            load: Edge { holds: Some(0.5), tips: Some(0.55) },
            load_per_s: 100.0,
            safe: Some(0.5),
        }),
    }
}

fn work(service: &str, per_s: Beside, per_request: Beside, unproductive: Beside) -> Work {
    Work {
        service: service.to_owned(),
        per_s,
        per_request,
        unproductive,
        utilization: Beside { run: 1.0, twin: 0.5 },
    }
}

pub(crate) fn report<'a>(model: &'a Model, outcome: &'a Outcome) -> Report<'a> {
    Report { model, outcome, reps: 1, scenario: None, warmup: "given", verdict: None, wall_s: 0.5 }
}

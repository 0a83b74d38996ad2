//! What protects an instance from those who call it.

use tarsier_engine::{EventKind, Outcome};
use tarsier_model::{
    Arrivals, Branch, Bulkhead, BulkheadFrom, Call, CallPolicy, Codel, Demand, EndpointId, Limit, LimitKind,
    Link, Model, Order, Priority, Protection, RateLimit, Region, RegionId, Scheduling, Service, ServiceId,
    Shed, Step, Zone, ZoneId,
};
use tarsier_random::Law;
use tarsier_testkit::finite::{Dragged, MmkK};
use tarsier_testkit::markov::erlang_b;
use tarsier_units::{IdVec, Span};

use crate::support::{
    Build, call, close, constant, exp_ms, mean_ms, open, quantile_ms, retry, with, work_ms,
};

fn regular(rate: f64) -> Demand {
    Demand::Open { rate: vec![(Span::ZERO, rate)], arrivals: Arrivals::Regular, steps: Vec::new() }
}

fn protected(protection: Protection) -> impl FnOnce(&mut Service) {
    |service| service.protection = protection
}

fn fixed(limit: f64) -> Protection {
    let limit = Limit { start: limit, min: limit, max: limit, kind: LimitKind::Fixed, window: None };
    Protection { limit: Some(limit), ..Protection::default() }
}

fn refused(outcome: &Outcome, service: usize) -> f64 {
    outcome.services[service].refused as f64 / outcome.services[service].arrivals as f64
}

/// A bucket that Poisson arrivals take tokens from loses what M/D/1/K loses, K being its burst: what has
/// not dripped in yet is the work.
#[test]
fn a_token_bucket_loses_as_a_constant_server_does() {
    for (arrival, rate, burst, loss, within) in [
        (800.0, 1_000.0, 1.0, 0.444_444_4, 0.004),
        (800.0, 1_000.0, 5.0, 0.035_290_40, 0.002),
        (1_000.0, 1_000.0, 10.0, 0.050_847_46, 0.002),
        (1_200.0, 1_000.0, 10.0, 0.170_910_8, 0.003),
        (9_500.0, 10_000.0, 20.0, 0.008_068_650, 0.001),
    ] {
        let rate_limit = Some(RateLimit { per_second: rate, burst });
        let outcome = Build::new()
            .service("s", Vec::new(), protected(Protection { rate_limit, ..Protection::default() }))
            .open("w", arrival, 0)
            .run((2e6 / arrival) as u64, 1);
        let measured = refused(&outcome, 0);
        assert!(
            (measured - loss).abs() < within,
            "({arrival}, {rate}, {burst}): {measured}, expected {loss}"
        );
    }
}

/// Who finds as many as the limit is refused, whether they are served or wait.
#[test]
fn a_fixed_limit_is_a_bound_on_places() {
    let outcome = Build::new()
        .service("s", vec![work_ms(1.0)], |service| {
            service.cores = 10;
            service.protection = fixed(10.0);
        })
        .open("w", 8_000.0, 0)
        .run(200, 2);
    close("Erlang's B", refused(&outcome, 0), erlang_b(10, 8.0), 0.02);
    for workers in [None, Some(1)] {
        let outcome = Build::new()
            .service("s", vec![work_ms(1.0)], |service| {
                service.workers = workers;
                service.protection = fixed(10.0);
            })
            .open("w", 1_200.0, 0)
            .run(1_000, 3);
        let theory = MmkK { servers: 1, places: 10, arrival: 1.2, service: 1.0 };
        close("places", refused(&outcome, 0), theory.blocked(), 0.02);
        close("sojourn", mean_ms(&outcome.services[0].latency), theory.sojourn(), 0.02);
    }
}

/// The more requests are there, the longer work takes that begins, on cores of one's own or shared.
#[test]
fn drag_makes_work_longer() {
    let theory = Dragged { places: 20, arrival: 0.7, service: 1.0, drag: 0.05 };
    let outcome = Build::new()
        .service("s", vec![work_ms(1.0)], |service| {
            service.queue = Some(19);
            service.drag = 0.05;
        })
        .open("w", 700.0, 0)
        .run(4_000, 5);
    close("refused", refused(&outcome, 0), theory.blocked(), 0.03);
    close("sojourn", mean_ms(&outcome.services[0].latency), theory.sojourn(), 0.02);
    for scheduling in [Scheduling::Fifo, Scheduling::ProcessorSharing] {
        // Ten at once on cores enough: the nth begins when n are there and meets n - 1 others.
        let at_once = Branch { times: 10, steps: vec![Step::Call(call(1))] };
        let outcome = Build::new()
            .service("caller", vec![Step::Parallel { branches: vec![at_once], need: 10 }], |_| {})
            .service("s", vec![Step::Work(constant(1.0))], |service| {
                (service.cores, service.drag, service.scheduling) = (10, 0.1, scheduling);
            })
            .workload("w", 0, regular(10.0), CallPolicy::default())
            .run(100, 1);
        close("on average", mean_ms(&outcome.services[1].latency), 1.45, 0.001);
        close("the last", mean_ms(&outcome.workloads[0].latency), 1.9, 0.001);
    }
}

/// The mean wait does not depend on the order, its spread does: `E[W²]` of the last come is that of the
/// first come divided by `1 - ρ` (Kleinrock: Queueing Systems I, 1975, §5).
#[test]
fn the_order_changes_the_tail_and_not_the_mean() {
    for workers in [None, Some(1)] {
        let run = |order: Order| {
            Build::new()
                .service("s", vec![work_ms(1.0)], |service| {
                    service.workers = workers;
                    service.protection.order = order;
                })
                .open("w", 700.0, 0)
                .run(4_000, 4)
        };
        let (first, last) = (run(Order::Fifo), run(Order::Lifo));
        close("first come", mean_ms(&first.services[0].queue), 7.0 / 3.0, 0.02);
        close("last come", mean_ms(&last.services[0].queue), 7.0 / 3.0, 0.02);
        let [first, last] = [first, last].map(|outcome| quantile_ms(&outcome.services[0].queue, 0.99));
        assert!(last > 1.5 * first, "{first} {last}");
    }
}

/// 120/s into 100/s, who waits a second has left: first come, first served serves nobody in time in the
/// end, last come, first served nearly as many as it can.
#[test]
fn newest_first_keeps_goodput_under_overload() {
    let patient = CallPolicy { timeout: Some(Span::from_secs(1)), ..CallPolicy::default() };
    let goodput = |order: Order, workers: Option<u32>| {
        let outcome = Build::new()
            .service("s", vec![Step::Work(constant(10.0))], |service| {
                service.workers = workers;
                service.protection.order = order;
            })
            .workload("w", 0, regular(120.0), patient.clone())
            .run(100, 5);
        outcome.workloads[0].completed as f64 / 100.0
    };
    for workers in [None, Some(1)] {
        assert_eq!(goodput(Order::Fifo, workers), 0.0);
        let newest = goodput(Order::Lifo, workers);
        assert!((99.0..=100.0).contains(&newest), "{newest}");
    }
}

fn codel() -> Option<Codel> {
    Some(Codel { target: Span::from_millis(5), interval: Span::from_millis(100) })
}

/// What cannot be served is dropped, and nothing else. Those who are served wait about as long as an
/// interval, instead of ever longer; newest first, most of them hardly at all.
#[test]
fn controlled_delay_drops_the_excess() {
    for workers in [None, Some(1)] {
        let run = |rate: f64, order: Order| {
            Build::new()
                .service("s", vec![work_ms(1.0)], |service| {
                    service.workers = workers;
                    service.protection = Protection { order, codel: codel(), ..Protection::default() };
                })
                .open("w", rate, 0)
                .run(200, 6)
        };
        for order in [Order::Fifo, Order::Lifo] {
            let outcome = run(1_100.0, order);
            let service = &outcome.services[0];
            assert!(service.utilization > 0.99, "{}", service.utilization);
            close("dropped", refused(&outcome, 0), 1.0 - service.utilization / 1.1, 0.05);
            let (median, most) = match order {
                Order::Fifo => (80.0, 200.0),
                Order::Lifo => (5.0, 200.0),
            };
            assert!(quantile_ms(&service.queue, 0.5) < median);
            assert!(quantile_ms(&service.queue, 0.99) < most);
            assert_eq!(outcome.timeline[0].kind, EventKind::DroppingBegan);
        }
        assert!(refused(&run(500.0, Order::Fifo), 0) < 1e-5);
    }
}

const VEGAS: LimitKind = LimitKind::Vegas { smoothing: 1.0 };

/// Eight cores with work of 10 ms: 800/s.
fn limited(limit: Limit, law: Law, rate: f64) -> Outcome {
    Build::new()
        .service("s", vec![Step::Work(law)], |service| {
            service.cores = 8;
            service.protection = Protection { limit: Some(limit), ..Protection::default() };
        })
        .open("w", rate, 0)
        .run(100, 7)
}

/// At low load nobody is refused; above capacity just about the excess is, those who are let in do not
/// wait long, and the instance stays busy.
#[test]
fn limits_learn_what_an_instance_can_take() {
    let aimd = LimitKind::Aimd { timeout: Span::from_millis(50), backoff: 0.9 };
    let gradient = LimitKind::Gradient { tolerance: 1.5, smoothing: 0.2, queue: 4.0, long_window: 600 };
    let second = Some(Span::from_secs(1));
    // The sojourn at most, and how busy at least: multiplicative decrease costs AIMD some throughput.
    for (kind, window, law, sojourn, busy) in [
        (aimd, None, constant(10.0), 50.0, 0.8),
        (gradient, None, exp_ms(10.0), 50.0, 0.98),
        (gradient, second, exp_ms(10.0), 30.0, 0.98),
        (gradient, second, constant(10.0), 30.0, 0.98),
        (VEGAS, None, constant(10.0), 20.0, 0.98),
        (VEGAS, second, constant(10.0), 20.0, 0.98),
        (VEGAS, second, exp_ms(10.0), 20.0, 0.98),
    ] {
        let what = format!("{kind:?}, {window:?}, {law:?}");
        let run = |start: f64, rate: f64| {
            limited(Limit { start, min: 1.0, max: 200.0, kind, window }, law.clone(), rate)
        };
        assert!(refused(&run(20.0, 200.0), 0) < 1e-4, "{what}");
        let outcome = run(8.0, 1_600.0);
        let service = &outcome.services[0];
        assert!(service.utilization > busy, "{what}: {}", service.utilization);
        assert!(mean_ms(&service.latency) < sojourn, "{what}: {}", mean_ms(&service.latency));
        close("refused", refused(&outcome, 0), 1.0 - service.utilization / 2.0, 0.01);
        let moved = outcome.timeline.iter().any(|event| matches!(event.kind, EventKind::LimitChanged { .. }));
        assert!(moved, "{what}");
        // At most one a second, whatever the limit does.
        assert!(outcome.timeline.len() <= 110, "{what}: {}", outcome.timeline.len());
    }
}

/// The shortest of times that vary by themselves is not that of an idle instance: Vegas then takes the rest for a
/// queue. That is what windows are for.
#[test]
fn single_requests_mislead_vegas() {
    let bare = Limit { start: 20.0, min: 1.0, max: 200.0, kind: VEGAS, window: None };
    let busy = limited(bare, exp_ms(10.0), 1_600.0).services[0].utilization;
    assert!(busy < 0.8, "{busy}");
}

/// Three classes into four servers and ten places, of which the lowest class gets the first five and the
/// next the first nine: a birth-and-death chain.
#[test]
fn shedding_refuses_the_least_important_first() {
    let rates = [2.0, 2.0, 1.0];
    let thresholds = [5, 9, 10];
    let mut weights = vec![1.0];
    for n in 0..10 {
        let births: f64 =
            rates.iter().zip(thresholds).filter(|(_, most)| n < *most).map(|(rate, _)| rate).sum();
        weights.push(weights[n] * births / (n + 1).min(4) as f64);
    }
    let sum: f64 = weights.iter().sum();
    let refused = thresholds.map(|most| weights[most..].iter().sum::<f64>() / sum);
    for protection in [fixed(10.0), Protection::default()] {
        let mut build = Build::new().service("s", vec![work_ms(1.0)], |service| {
            service.cores = 4;
            service.workers = Some(4);
            service.queue = Some(6);
            service.protection = protection;
            service.protection.shed = Some(Shed { sheddable: 0.5, normal: 0.9 });
        });
        for (priority, rate) in
            [Priority::Sheddable, Priority::Normal, Priority::Critical].into_iter().zip(rates)
        {
            let policy = CallPolicy { priority: Some(priority), ..CallPolicy::default() };
            build = build.workload(&format!("{priority:?}"), 0, open(rate * 1e3), policy);
        }
        let outcome = build.run(200, 8);
        for (workload, refused) in outcome.workloads.iter().zip(refused) {
            close("refused", workload.errors as f64 / workload.requests as f64, refused, 0.02);
        }
        let began = |priority| EventKind::SheddingBegan { priority };
        let first = outcome.timeline.iter().find(|event| event.kind == began(Priority::Normal));
        assert!(first.is_some_and(|event| event.time_ns < 0), "during the warm-up");
        assert!(!outcome.timeline.iter().any(|event| event.kind == began(Priority::Critical)));
    }
}

/// The users' priority goes along, through branches, to other partitions and with every retry; a call may
/// have one of its own.
#[test]
fn priorities_travel() {
    let run = |own: Option<Priority>| {
        let patient = CallPolicy {
            timeout: Some(Span::from_millis(20)),
            retry: Some(retry(5)),
            ..CallPolicy::default()
        };
        let asks = CallPolicy { priority: own, ..patient };
        let branch = Branch { times: 1, steps: vec![Step::Wait(constant(1.0)), Step::Call(call(1))] };
        let mut build = Build::new()
            .service("front", vec![Step::Parallel { branches: vec![branch], need: 1 }], |service| {
                service.instances = vec![ZoneId(0); 60];
            })
            .service("middle", vec![Step::Call(with(asks, 2))], |service| {
                service.instances = vec![ZoneId(1); 60]
            })
            .service("back", vec![Step::Wait(exp_ms(5.0))], |service| {
                service.protection =
                    Protection { shed: Some(Shed { sheddable: 0.0, normal: 0.0 }), ..fixed(1_000.0) };
            });
        for priority in [Priority::Sheddable, Priority::Critical] {
            let policy = CallPolicy { priority: Some(priority), ..CallPolicy::default() };
            build = build.workload(&format!("{priority:?}"), 0, open(100.0), policy);
        }
        let far = |model: &mut Model| {
            let region = |name: &str| Region { name: name.into() };
            let zone = |name: &str, region| Zone { name: name.into(), region: RegionId(region) };
            model.regions = IdVec::from(vec![region("r"), region("s")]);
            model.zones = IdVec::from(vec![zone("a", 0), zone("b", 1)]);
            model.network.cross_region = Link { latency: Some(constant(1.0)) };
        };
        let outcome = build.change(far).run_from_the_start(50, 11);
        assert_eq!(outcome.partitions, 2, "the model is meant to split");
        outcome
    };
    let outcome = run(None);
    let [sheddable, critical] = &outcome.workloads[..] else { panic!("two workloads") };
    assert_eq!((sheddable.completed, critical.errors), (0, 0));
    let calls = outcome.calls.iter().find(|call| call.to == EndpointId(2)).expect("calls");
    assert!(calls.timeouts > 50, "{}", calls.timeouts);
    let shed = 6 * (sheddable.requests - sheddable.in_flight_end);
    assert!((shed..=shed + 18).contains(&calls.refused), "{} of {shed}", calls.refused);
    let outcome = run(Some(Priority::Critical));
    assert_eq!((outcome.workloads[0].errors, outcome.services[2].refused), (0, 0));
    let outcome = run(Some(Priority::Normal));
    assert_eq!((outcome.workloads[0].completed, outcome.workloads[1].completed), (0, 0));
}

/// Each caller has a compartment of its own, as if it were alone: Erlang's B for each, whatever the
/// others do.
#[test]
fn bulkheads_keep_callers_apart() {
    let run = |flood: f64| {
        let asks = || vec![Step::Call(Call { optional: true, ..call(0) })];
        let bulkhead = |from, most| Bulkhead { from, most };
        Build::new()
            .service("s", vec![Step::Wait(exp_ms(10.0))], |service| {
                service.protection.bulkheads = vec![
                    bulkhead(BulkheadFrom::Others, 5),
                    bulkhead(BulkheadFrom::Service(ServiceId(1)), 10),
                    bulkhead(BulkheadFrom::Users, 3),
                ];
            })
            .service("flood", asks(), |_| {})
            .service("calm", asks(), |_| {})
            .service("other", asks(), |_| {})
            .open("w1", flood, 1)
            .open("w2", 200.0, 2)
            .open("w3", 400.0, 3)
            .open("w0", 100.0, 0)
            .run(1_000, 9)
    };
    for flood in [800.0, 8_000.0] {
        let outcome = run(flood);
        let calls = outcome.calls.iter().map(|call| call.refused as f64 / call.attempts as f64);
        for (measured, theory) in calls.zip([erlang_b(10, flood / 100.0), erlang_b(5, 2.0), erlang_b(5, 4.0)])
        {
            close("refused", measured, theory, 0.03);
        }
        let users = &outcome.workloads[3];
        close("users", users.errors as f64 / users.requests as f64, erlang_b(3, 1.0), 0.03);
    }
}

/// Who is refused, for whatever reason, may have something else to offer.
#[test]
fn a_fallback_answers_for_what_is_refused() {
    let rules = [
        fixed(1.0),
        Protection { rate_limit: Some(RateLimit { per_second: 50.0, burst: 1.0 }), ..Protection::default() },
        Protection { shed: Some(Shed { sheddable: 0.0, normal: 0.0 }), ..fixed(10.0) },
        Protection {
            bulkheads: vec![Bulkhead { from: BulkheadFrom::Others, most: 1 }],
            ..Protection::default()
        },
        Protection { codel: codel(), ..Protection::default() },
    ];
    for protection in rules {
        let fallback = Some(vec![Step::Wait(constant(1.0))]);
        let outcome = Build::new()
            .service("front", vec![Step::Call(Call { fallback, ..call(1) })], |_| {})
            .service("back", vec![work_ms(10.0)], protected(protection.clone()))
            .open("w", 120.0, 0)
            .run(50, 10);
        let (users, calls) = (&outcome.workloads[0], &outcome.calls[0]);
        assert!(calls.refused > 100, "{protection:?}");
        assert_eq!((calls.refused, users.errors), (calls.errors, 0), "{protection:?}");
        assert_eq!(outcome.services[1].refused, calls.refused, "{protection:?}");
    }
}

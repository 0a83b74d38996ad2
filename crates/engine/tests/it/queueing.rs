//! Closed forms. Seeds are fixed, so a tolerance is a bound on the error of one known run, set at
//! about three standard errors of its length.

use tarsier_model::{Balance, Branch, Scheduling, Step, ZoneId};
use tarsier_random::Law;

use crate::support::{Build, balanced, call, close, exp_ms, mean_ms, ms, open, quantile_ms, work_ms};

#[test]
fn mm1() {
    // W = 1/(mu - lambda) = 50 ms, sojourn p99 = W ln 100.
    let outcome = Build::new().service("s", vec![work_ms(10.0)], |_| {}).open("w", 80.0, 0).run(60_000, 1);
    let users = &outcome.workloads[0];
    close("mean", mean_ms(&users.latency), 50.0, 0.02);
    close("p99", quantile_ms(&users.latency, 0.99), 230.2585, 0.03);
    close("utilisation", outcome.services[0].utilization, 0.8, 0.01);
    close("wait", mean_ms(&outcome.services[0].queue), 40.0, 0.03);
    close("queue", outcome.services[0].queue_length_mean, 3.2, 0.03);
}

#[test]
fn mmk_with_workers_or_cores() {
    // Erlang C for k = 4, lambda = 3.2: Wq = 0.7455406.
    let cores =
        Build::new().service("s", vec![work_ms(1.0)], |s| s.cores = 4).open("w", 3200.0, 0).run(1_000, 2);
    close("cores", mean_ms(&cores.services[0].queue), 0.745_540_6, 0.03);
    let wait = Step::Wait(exp_ms(1.0));
    let workers =
        Build::new().service("s", vec![wait], |s| s.workers = Some(4)).open("w", 3200.0, 0).run(1_000, 3);
    close("workers", mean_ms(&workers.services[0].queue), 0.745_540_6, 0.03);
    close("workers busy", workers.services[0].workers_busy.expect("limited"), 0.8, 0.01);
}

#[test]
fn losses() {
    // M/M/1/10 at 1.2: 0.1925865 are refused.
    let one = Build::new()
        .service("s", vec![work_ms(1.0)], |s| s.queue = Some(9))
        .open("w", 1200.0, 0)
        .run(1_000, 4);
    let service = &one.services[0];
    close("refused", service.refused as f64 / service.arrivals as f64, 0.192_586_5, 0.02);
    // Erlang B for k = 10, a = 8: 0.1216611, whatever the law.
    for law in [exp_ms(1.0), Law::Constant(ms(1.0)), Law::lognormal_mean_cv(ms(1.0), 2.0).expect("a law")] {
        let change = |s: &mut tarsier_model::Service| {
            s.cores = 10;
            s.queue = Some(0);
        };
        let many = Build::new().service("s", vec![Step::Work(law)], change).open("w", 8000.0, 0).run(200, 5);
        let service = &many.services[0];
        close("blocked", service.refused as f64 / service.arrivals as f64, 0.121_661_1, 0.02);
    }
}

#[test]
fn processor_sharing_is_insensitive() {
    // M/G/1-PS at 0.8: 5 services, whatever the law.
    for law in [exp_ms(1.0), Law::Constant(ms(1.0)), Law::hyperexp_mean_cv(ms(1.0), 2.0).expect("a law")] {
        let shared = |s: &mut tarsier_model::Service| s.scheduling = Scheduling::ProcessorSharing;
        let outcome =
            Build::new().service("s", vec![Step::Work(law)], shared).open("w", 800.0, 0).run(2_000, 6);
        close("sojourn", mean_ms(&outcome.workloads[0].latency), 5.0, 0.04);
    }
}

#[test]
fn fork_join_of_two() {
    // Flatto; Nelson and Tantawi: (12 - rho) / 8 / (mu - lambda) = 7 at 0.8.
    let branch = |to| Branch { times: 1, steps: vec![Step::Call(call(to))] };
    let fork = Step::Parallel { branches: vec![branch(1), branch(2)], need: 2 };
    let outcome = Build::new()
        .service("front", vec![fork], |_| {})
        .service("a", vec![work_ms(1.0)], |_| {})
        .service("b", vec![work_ms(1.0)], |_| {})
        .open("w", 800.0, 0)
        .run(4_000, 7);
    close("join", mean_ms(&outcome.workloads[0].latency), 7.0, 0.03);
}

#[test]
fn jackson_shop() {
    let choose = |options: Vec<(f64, Vec<Step>)>| Step::Choose(options);
    let go = |to| vec![Step::Call(call(to))];
    let outcome = Build::new()
        .service(
            "gateway",
            vec![work_ms(5.0), choose(vec![(0.6, go(1)), (0.3, go(2)), (0.1, vec![])])],
            |_| {},
        )
        .service("catalog", vec![work_ms(1e3 / 120.0), Step::Maybe { share: 0.5, steps: go(3) }], |_| {})
        .service("cart", vec![work_ms(1e3 / 60.0), Step::Call(call(3))], |_| {})
        .service("db", vec![work_ms(1e3 / 150.0), Step::Maybe { share: 0.1, steps: go(1) }], |_| {})
        .open("w", 100.0, 0)
        .run(20_000, 8);
    close("end to end", mean_ms(&outcome.workloads[0].latency), 39.625_67, 0.02);
    for (service, rho) in [(0, 0.5), (1, 0.552_631_6), (2, 0.5), (3, 0.421_052_6)] {
        close("utilisation", outcome.services[service].utilization, rho, 0.01);
    }
}

/// A user's second request waits, and may be refused, like the first.
#[test]
fn users_come_back() {
    // Machine repair with ten users, S = 100 ms, Z = 1 s: R = 273.2079 ms, of which all but S is waiting.
    let repair = Build::new()
        .service("s", vec![work_ms(100.0)], |_| {})
        .closed("w", 10, exp_ms(1_000.0), 0)
        .run(10_000, 8);
    close("wait", mean_ms(&repair.services[0].queue), 173.2079, 0.03);
    let served = repair.services[0].completed;
    assert!(repair.services[0].queue.count().abs_diff(served) <= 1, "every request has waited once");
    // Engset with one server and no room to wait: a request meets the other nine, 0.9 / 1.9 are refused.
    let lost = Build::new()
        .service("s", vec![work_ms(100.0)], |s| s.queue = Some(0))
        .closed("w", 10, exp_ms(1_000.0), 0)
        .run(10_000, 9);
    let share = lost.services[0].refused as f64 / lost.services[0].arrivals as f64;
    close("refused", share, 0.9 / 1.9, 0.01);
}

#[test]
fn closed_network() {
    // Z = 1 s, 80 ms on 4 servers, 15 ms on one; N = 40: X = 35.34852, R = 131.5891 ms (convolution).
    let outcome = Build::new()
        .service("first", vec![work_ms(80.0), Step::Call(call(1))], |s| s.cores = 4)
        .service("second", vec![work_ms(15.0)], |_| {})
        .closed("w", 40, Law::Exp { mean: ms(1000.0) }, 0)
        .run(10_000, 9);
    let users = &outcome.workloads[0];
    close("throughput", users.completed as f64 / 10_000.0, 35.348_52, 0.01);
    close("response", mean_ms(&users.latency), 131.589_1, 0.03);
}

#[test]
fn balancing() {
    let farm = |balance, seed| {
        let farm = |s: &mut tarsier_model::Service| s.instances = vec![ZoneId(0); 10];
        let outcome = Build::new()
            .service("s", vec![work_ms(1.0)], farm)
            .workload("w", 0, open(8000.0), balanced(balance))
            .run(400, seed);
        mean_ms(&outcome.workloads[0].latency)
    };
    // n = 10 at 0.8: E_10/M/1 and M/M/1.
    close("round robin", farm(Balance::RoundRobin, 10), 2.922_269, 0.03);
    close("random", farm(Balance::Random, 11), 5.0, 0.03);
    let order = [Balance::LeastRequests, Balance::PowerOfTwo, Balance::RoundRobin, Balance::Random];
    let means: Vec<f64> = order.into_iter().map(|balance| farm(balance, 12)).collect();
    assert!(means.is_sorted(), "{means:?}");
    assert!(means[0] > 1.204_590, "no policy beats one shared queue: {means:?}");
}

#[test]
fn power_of_two_choices() {
    // n = 100 at 0.9, drawn with replacement: 2.657 ± 0.001 (independent simulation).
    let farm = |s: &mut tarsier_model::Service| s.instances = vec![ZoneId(0); 100];
    let outcome = Build::new()
        .service("s", vec![work_ms(1.0)], farm)
        .workload("w", 0, open(90_000.0), balanced(Balance::PowerOfTwo))
        .run(60, 13);
    close("power of two", mean_ms(&outcome.workloads[0].latency), 2.657, 0.015);
}

//! What a process knows dies with it: connections, budgets, what it thinks of others.

use tarsier_model::{
    Balance, Bucket, Budget, CallPolicy, Connect, ConnectCost, Connections, Hedge, HedgeDelay, Retry,
    SealedModel, Step, Trouble,
};
use tarsier_units::Span;

use crate::support::{Build, all_of, close, config, constant, quantile_ms, retry, with};
use crate::troubles::{scenario, watched};
use tarsier_engine::run;

/// `web` calls `back`, which takes 10 ms, with this policy, and users wait a second at most.
fn pair(policy: CallPolicy) -> SealedModel {
    let bounded = CallPolicy { timeout: Some(Span::from_secs(1)), ..CallPolicy::default() };
    Build::new()
        .service("web", vec![Step::Call(with(policy, 1))], |s| s.cores = 1_000)
        .service("back", vec![Step::Work(constant(10.0))], |s| s.cores = 1_000)
        .workload("w", 0, crate::support::open(20.0), bounded)
        .seal()
}

fn restart(service: u32) -> Trouble {
    Trouble::Restart { target: all_of(service), down: Span::from_secs(1), cold: None }
}

/// Nobody answers what went to `back` just before it died; with the restart of `web` nobody waits for it either.
#[test]
fn a_restart_lets_go_of_all_connections() {
    let lost = (5, Some(1), Trouble::Kill { target: all_of(1), silent: true });
    let one = Some(Connections { max: 1, requests_each: Some(1) });
    let pooled = CallPolicy { connections: one, ..CallPolicy::default() };
    let hedge = Some(Hedge { after: HedgeDelay::Fixed(Span::from_millis(100)), budget: None, most: 1 });
    for policy in [
        pooled.clone(),
        CallPolicy { balance: Balance::LeastRequests, ..pooled.clone() },
        CallPolicy { hedge, ..pooled },
    ] {
        let (outcome, notes) =
            watched(&pair(policy), 1, &scenario(vec![lost.clone(), (10, None, restart(0))]));
        let after = notes.rows.iter().filter(|row| row.second >= 12);
        assert_eq!(after.map(|row| row.errors).sum::<u64>(), 0);
        let failed = outcome.workloads[0].errors;
        assert!((80..160).contains(&failed), "{failed} in the six seconds from kill to restart");
    }
}

/// Setting up a connection takes 50 ms: once, and once more after a restart on either side.
#[test]
fn connections_outlive_neither_end() {
    let connect = Connect { timeout: None, cost: ConnectCost::Time(constant(50.0)), keep: None };
    let many = Connections { max: 1, requests_each: None };
    let policy = CallPolicy { connect: Some(connect), connections: Some(many), ..CallPolicy::default() };
    let longest = |struck: Option<u32>| {
        let happenings = struck.map(|service| (20, None, restart(service)));
        let (outcome, _) = watched(&pair(policy.clone()), 2, &scenario(happenings.into_iter().collect()));
        quantile_ms(&outcome.workloads[0].latency, 1.0)
    };
    close("set up in the warm-up", longest(None), 10.0, 0.01);
    close("by the new caller", longest(Some(0)), 60.0, 0.01);
    close("to the new callee", longest(Some(1)), 60.0, 0.01);
}

/// A hundred tokens that nothing puts back: a hundred retries a life.
#[test]
fn a_restart_fills_the_budget_anew() {
    let bucket = Bucket { start: 100.0, most: 100.0, ..Bucket::share(0.0) };
    let policy = CallPolicy {
        retry: Some(Retry { budget: Some(Budget::Bucket(bucket)), ..retry(1) }),
        ..CallPolicy::default()
    };
    let retries = |happenings| {
        let model = Build::new()
            .service("web", vec![Step::Call(with(policy.clone(), 1))], |_| {})
            .service("back", vec![Step::Fail(1.0)], |_| {})
            .open("w", 100.0, 0)
            .seal();
        let mut config = config(100, 3);
        let happenings = scenario(happenings);
        (config.warmup, config.scenario) = (Span::ZERO, Some(&happenings));
        run(&model, &config, &mut ()).calls[0].retries
    };
    assert_eq!(retries(vec![]), 100);
    assert_eq!(retries(vec![(20, None, restart(0))]), 200);
    assert_eq!(retries(vec![(20, None, restart(1))]), 100);
}

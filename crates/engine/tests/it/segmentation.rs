//! Calls that the segmentation forbids are refused at the callee's door.

use tarsier_engine::{EventKind, EventSubject, Outcome};
use tarsier_model::{
    Balance, Call, Enforce, Group, Member, Model, Network, Place, Region, RegionId, Rule, Segmentation,
    ServiceId, Step, Verdict, WorkloadId, Zone, ZoneId,
};

use crate::fleet::resize;
use crate::support::{Build, balanced, call, close, open, work_ms};
use crate::troubles::scenario;

const WEB: Member = Member::Service(ServiceId(0));
const DB: Member = Member::Service(ServiceId(1));

fn deny(from: Member, to: Member) -> Segmentation {
    let group = |member| Group { name: String::new(), members: vec![member] };
    Segmentation {
        groups: vec![group(from), group(to)],
        rules: vec![Rule { from: Some(0), to: Some(1), verdict: Verdict::Deny }],
        default: Verdict::Allow,
        enforce: Enforce::Runtime,
        independent: Vec::new(),
    }
}

/// `web` does this, which leads to `db`; each has so many instances in each of the zones a and b.
fn pair(steps: Vec<Step>, each: u32, segmentation: Segmentation) -> Build {
    let everywhere = move |service: &mut tarsier_model::Service| {
        service.instances = (0..2 * each).map(|n| ZoneId(n % 2)).collect();
    };
    Build::new()
        .service("web", steps, everywhere)
        .service("db", vec![work_ms(1.0)], everywhere)
        .workload("w", 0, open(200.0), balanced(Balance::RoundRobin))
        .change(|model: &mut Model| {
            let zone = |name: &str| Zone { name: name.into(), region: RegionId(0) };
            model.regions = vec![Region { name: "r".into() }].into();
            model.zones = ["a", "b"].map(zone).to_vec().into();
            model.segmentation = Some(segmentation);
        })
}

#[track_caller]
fn check(outcome: &Outcome, completed_share: f64, refused_share: f64) {
    let ended = outcome.workloads[0].completed + outcome.workloads[0].errors;
    assert!(ended > 10_000);
    if completed_share == 0.0 {
        assert_eq!(outcome.workloads[0].completed, 0);
    } else {
        close("completed", outcome.workloads[0].completed as f64 / ended as f64, completed_share, 0.02);
    }
    let db = &outcome.services[1];
    if refused_share == 0.0 {
        assert_eq!(db.refused, 0);
    } else {
        close("refused", db.refused as f64 / db.arrivals as f64, refused_share, 0.02);
    }
}

/// One event says who was refused first, in the warm-up, and how many were in all its ten seconds and the hundred.
#[track_caller]
fn told(outcome: &Outcome, from: Place, to: u32) {
    let [event] = outcome.timeline[..] else { panic!("{:?}", outcome.timeline) };
    assert_eq!(event.subject, EventSubject::Link { from, to: Place::Service(ServiceId(to)) });
    assert!((-10_000_000_000..-9_000_000_000).contains(&event.time_ns), "{event:?}");
    let EventKind::Forbidden { calls } = event.kind else { panic!("{event:?}") };
    close("refused", calls as f64, 1.1 * outcome.services[to as usize].refused as f64, 0.03);
}

#[test]
fn a_forbidden_call_is_refused() {
    let outcome = pair(vec![Step::Call(call(1))], 1, deny(WEB, DB)).run(100, 1);
    check(&outcome, 0.0, 1.0);
    assert_eq!(outcome.calls[0].refused, outcome.calls[0].errors);
    assert_eq!(outcome.services[1].utilization, 0.0, "nothing got through");
    told(&outcome, Place::Service(ServiceId(0)), 1);
}

#[test]
fn who_can_do_without_goes_on() {
    let optional = Step::Call(Call { optional: true, ..call(1) });
    check(&pair(vec![optional], 1, deny(WEB, DB)).run(100, 1), 1.0, 1.0);
    check(&pair(vec![Step::Publish(call(1))], 1, deny(WEB, DB)).run(100, 1), 1.0, 1.0);
    let cache = Step::Cache { ask: call(1), hit: 1.0, miss: Vec::new(), fill: Some(call(1)) };
    check(&pair(vec![cache], 1, deny(WEB, DB)).run(100, 1), 1.0, 1.0);
}

#[test]
fn what_is_allowed_gets_through() {
    let outcome = pair(vec![Step::Call(call(1))], 1, deny(DB, WEB)).run(100, 1);
    check(&outcome, 1.0, 0.0);
    assert_eq!(outcome.timeline, []);
    let check_only = Segmentation { enforce: Enforce::Check, ..deny(WEB, DB) };
    check(&pair(vec![Step::Call(call(1))], 1, check_only).run(100, 1), 1.0, 0.0);
}

/// Of calls from a (half of all), half go to b.
#[test]
fn zones_are_kept_apart_pair_by_pair() {
    let apart = || deny(Member::Zone(ZoneId(0)), Member::Zone(ZoneId(1)));
    check(&pair(vec![Step::Call(call(1))], 2, apart()).run(100, 1), 0.75, 0.25);
    let near = Call { policy: balanced(Balance::ZoneAware).into(), ..call(1) };
    check(&pair(vec![Step::Call(near)], 2, apart()).run(100, 1), 1.0, 0.0);
}

#[test]
fn users_are_refused_at_the_front_door() {
    let outcome = pair(vec![Step::Call(call(1))], 1, deny(Member::Users, WEB)).run(100, 1);
    check(&outcome, 0.0, 0.0);
    assert_eq!(outcome.services[0].refused, outcome.services[0].arrivals);
    told(&outcome, Place::Users, 0);
}

/// The partitions of two regions say the same of calls between them as one would.
#[test]
fn calls_from_abroad_are_judged_by_where_they_come_from() {
    let outcome = abroad(call(1));
    check(&outcome, 0.75, 0.25);
    told(&outcome, Place::Service(ServiceId(0)), 1);
    // Who stays in its region meets no border.
    check(&abroad(Call { policy: balanced(Balance::RegionAware).into(), ..call(1) }), 1.0, 0.0);
}

/// Half of the users in each of two regions with a zone each; calls from the first to the second are refused.
fn abroad(call: Call) -> Outcome {
    let outcome = pair(vec![Step::Call(call)], 40, deny(Member::Zone(ZoneId(0)), Member::Zone(ZoneId(1))))
        .change(|model| {
            model.network = Network::cloud();
            model.regions = ["r", "s"].map(|name| Region { name: name.into() }).to_vec().into();
            model.zones = vec![
                Zone { name: "a".into(), region: RegionId(0) },
                Zone { name: "b".into(), region: RegionId(1) },
            ]
            .into();
            model.workloads[WorkloadId(0)].from = vec![RegionId(0), RegionId(1)];
        })
        .run(100, 1);
    assert_eq!(outcome.partitions, 2);
    outcome
}

/// `db` stands in zone a only, and joins in zone b; of the calls that it gets half go there.
#[test]
fn walls_stand_where_instances_may_join() {
    let grown = |denied: u32| {
        let build = pair(vec![Step::Call(call(1))], 1, deny(WEB, Member::Zone(ZoneId(denied))));
        let build = build.change(|model| {
            let db = &mut model.services[ServiceId(1)];
            db.homes = std::mem::replace(&mut db.instances, vec![ZoneId(0)]);
        });
        build.run_with(100, 1, &scenario(vec![(0, None, resize(1, 2))]))
    };
    for denied in [0, 1] {
        check(&grown(denied), 0.5, 0.5);
    }
}

//! Settings of single services and calls that cannot carry the load, or that a single failure defeats.

use tarsier_model::{EndpointId, Model, ServiceId};
use tarsier_units::IdVec;

use crate::finding::{At, Finding, FindingKind};
use crate::independence::{Resilience, Shared, SinglePoint};
use crate::links::Link;
use crate::load::{Load, ServiceLoad};
use crate::standing::Part;
use crate::text::{counted, percent, rate, seconds};

/// Services that are asked for more than they have.
pub(crate) fn overloads(model: &Model, load: &Load) -> Vec<Finding> {
    load.services.entries().filter_map(|(id, load)| overload(model, id, load)).collect()
}

fn overload(model: &Model, id: ServiceId, load: &ServiceLoad) -> Option<Finding> {
    let (share, of) = match load.workers {
        _ if load.cores >= 1.0 => (load.cores, "cores"),
        Some(workers) if workers >= 1.0 => (workers, "workers"),
        _ => return None,
    };
    let name = &model.services[id].name;
    let message = format!("{name} cannot keep up: it is asked for {} of its {of}", percent(share));
    Some(Finding { kind: FindingKind::Overload, at: At::Service(id), message })
}

/// Pools of connections through which less fits than is asked for: Little's law.
pub(crate) fn small_pools(
    model: &Model,
    links: &[Link<'_>],
    latencies: &IdVec<EndpointId, f64>,
) -> Vec<Finding> {
    let small = links.iter().filter(|link| link.is_waited_for()).filter_map(|link| {
        let pool = link.policy.connections?;
        let places = f64::from(pool.max) * f64::from(pool.requests_each?) * link.clients as f64;
        let takes_s = latencies[link.to];
        let most_per_s = places / takes_s;
        if link.calls_per_s < most_per_s {
            return None;
        }
        let message = format!(
            "{}: {} of {} let {} through at {} each, {} are asked for",
            link.label(model),
            counted(pool.max as usize, "connection"),
            counted(link.clients, "client"),
            rate(most_per_s),
            seconds(takes_s),
            rate(link.calls_per_s),
        );
        Some(Finding { kind: FindingKind::PoolTooSmall, at: link.at, message })
    });
    small.collect()
}

/// Timeouts shorter than what the call takes on average when nobody is in its way.
pub(crate) fn hopeless_timeouts(
    model: &Model,
    links: &[Link<'_>],
    latencies: &IdVec<EndpointId, f64>,
) -> Vec<Finding> {
    let hopeless = links.iter().filter(|link| link.is_waited_for()).filter_map(|link| {
        let takes_s = latencies[link.to];
        let timeout = link.policy.timeout.filter(|timeout| timeout.as_secs_f64() < takes_s)?;
        let message = format!(
            "{}: the timeout of {timeout} is shorter than its mean time without any load, {}",
            link.label(model),
            seconds(takes_s)
        );
        Some(Finding { kind: FindingKind::HopelessTimeout, at: link.at, message })
    });
    hopeless.collect()
}

/// What every request needs and there is only one of.
pub(crate) fn single_points(model: &Model, resilience: &Resilience) -> Vec<Finding> {
    resilience.single_points.iter().map(|point| single_point(model, point)).collect()
}

fn single_point(model: &Model, point: &SinglePoint) -> Finding {
    let name = &model.services[point.service].name;
    let workloads: Vec<&str> =
        point.workloads.iter().map(|workload| model.workloads[*workload].name.as_str()).collect();
    let what = match point.part {
        Part::Zone(zone) => format!("{name} stands only in zone {}", model.zone_label(zone)),
        _ => format!("{name} has one instance"),
    };
    let message = format!("{what}, and every request of {} needs it", listed(&workloads));
    Finding { kind: FindingKind::SinglePoint, at: At::Service(point.service), message }
}

/// Services that should be independent and are not.
pub(crate) fn dependent(model: &Model, resilience: &Resilience) -> Vec<Finding> {
    let mut found = Vec::new();
    for list in &resilience.independence {
        let finding = |service, message| Finding {
            kind: FindingKind::NotIndependent,
            at: At::Service(service),
            message,
        };
        found.extend(list.dead.iter().map(|service| {
            let name = &model.services[*service].name;
            finding(*service, format!("{name} cannot answer even when nothing has failed"))
        }));
        found.extend(list.shared.iter().map(|shared| finding(shared.ways[0][0], shared_part(model, shared))));
    }
    found
}

/// `y and z are not independent: both need db (y → a → db, z → db)`.
fn shared_part(model: &Model, shared: &Shared) -> String {
    let names: Vec<&str> = shared.ways.iter().map(|way| model.services[way[0]].name.as_str()).collect();
    let mut part = part_name(model, shared.part);
    if let Part::Service(service) = shared.part
        && let [zone] = model.services[service].instances.as_slice()
    {
        part.push_str(&format!(", whose only instance stands in {},", model.zone_label(*zone)));
    }
    let ways: Vec<String> = shared.ways.iter().map(|way| way_label(model, shared.part, way)).collect();
    format!("{} are not independent: losing {part} takes them down ({})", listed(&names), ways.join("; "))
}

/// `service db`, `zone us-east-1/a`.
pub(crate) fn part_name(model: &Model, part: Part) -> String {
    match part {
        Part::Service(service) => format!("service {}", model.services[service].name),
        Part::Instance(service, zone) => {
            format!("instance of {} in {}", model.services[service].name, model.zone_label(zone))
        }
        Part::Zone(zone) => format!("zone {}", model.zone_label(zone)),
        Part::Region(region) => format!("region {}", model.regions[region].name),
    }
}

/// `y -> a -> db`; with what the last has to do with a place that is lost.
fn way_label(model: &Model, part: Part, way: &[ServiceId]) -> String {
    let names: Vec<&str> = way.iter().map(|service| model.services[*service].name.as_str()).collect();
    let way = names.join(" -> ");
    match part {
        Part::Zone(_) | Part::Region(_) => format!("{way} stands only there"),
        Part::Service(_) | Part::Instance(..) => way,
    }
}

/// `a, b and c`.
pub(crate) fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::{CallPolicy, Connections, Step};
    use tarsier_random::Law;
    use tarsier_units::Span;

    use super::*;
    use crate::fixture::{call_with, messages, model};

    /// `db` takes 50 ms and is asked 100 times a second.
    fn calling(policy: CallPolicy) -> Model {
        let db = vec![Step::Wait(Law::Constant(50e6))];
        model(100.0, &[("web", vec![call_with(1, policy)]), ("db", db)])
    }

    #[test]
    fn a_timeout_below_the_mean_is_hopeless() {
        let of = |ms| {
            let policy = CallPolicy { timeout: Some(Span::from_millis(ms)), ..CallPolicy::default() };
            messages(&calling(policy), FindingKind::HopelessTimeout)
        };
        assert_eq!(
            of(20),
            ["web -> db: the timeout of 20ms is shorter than its mean time without any load, 50ms"]
        );
        assert!(of(50).is_empty());
    }

    /// Little: 100/s for 50 ms are five at once.
    #[test]
    fn a_pool_holds_what_is_on_its_way() {
        let of = |max| {
            let connections = Some(Connections { max, requests_each: Some(1) });
            messages(&calling(CallPolicy { connections, ..CallPolicy::default() }), FindingKind::PoolTooSmall)
        };
        let expected =
            "web -> db: 4 connections of 1 client let 80/s through at 50ms each, 100/s are asked for";
        assert_eq!(of(4), [expected]);
        assert!(of(6).is_empty());
    }

    #[test]
    fn words_are_listed() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}

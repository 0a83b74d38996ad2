//! A blueprint as a file for people to read.

use std::fmt::Write as _;

use crate::Order;
use crate::blueprint::{Blueprint, Endpoint, Region, Service, Step, To};
use crate::size::{BUSY, Made};

pub(crate) fn text(order: &Order, made: &Made) -> String {
    let mut text = String::new();
    head(&mut text, order, made);
    place(&mut text, &made.blueprint);
    text.push_str("services:\n");
    for (service, instances) in made.blueprint.services.iter().zip(&made.instances) {
        push(&mut text, 2, &format!("{}:", service.name));
        self::service(&mut text, &made.blueprint, service, *instances);
    }
    load(&mut text, made);
    text
}

fn push(text: &mut String, indent: usize, line: &str) {
    writeln!(text, "{:indent$}{line}", "").expect("a string takes it");
}

fn head(text: &mut String, order: &Order, made: &Made) {
    let blueprint = &made.blueprint;
    let visits: f64 = blueprint.visits().iter().flatten().sum();
    let (services, instances) = (blueprint.services.len(), made.instances.iter().sum::<u64>());
    push(text, 0, &format!("# {}", order.command));
    push(text, 0, &format!("# seed {}: the same command gives the same file.", order.seed));
    push(text, 0, "#");
    push(
        text,
        0,
        &format!(
            "# {services} services, {instances} instances, {} zones. A request of a user makes {visits:.1}",
            blueprint.n_zones()
        ),
    );
    push(text, 0, &format!("# calls on average; the busiest service is {:.0}% busy.", BUSY * 100.0));
    push(text, 0, "");
    push(text, 0, &format!("architecture: {}", blueprint.name));
    push(text, 0, &format!("description: {}", blueprint.description));
    push(text, 0, "");
    let mut defaults = Vec::new();
    let balance = if blueprint.by_zone { "zone-aware" } else { "p2c" };
    defaults.push(format!("  call: {{ balance: {balance} }}"));
    if made.speed != 1.0 {
        defaults.push(format!("  service: {{ speed: {} }}   # so that they are", made.speed));
    }
    push(text, 0, "defaults:");
    defaults.iter().for_each(|line| push(text, 0, line));
    push(text, 0, "");
}

fn place(text: &mut String, blueprint: &Blueprint) {
    push(text, 0, "regions:");
    for Region { name, zones } in &blueprint.regions {
        let zones: Vec<String> = (0..*zones).map(crate::place::zone).collect();
        push(text, 2, &format!("{name}: {{ zones: [{}] }}", zones.join(", ")));
    }
    push(text, 0, "");
    if !blueprint.network.is_empty() {
        push(text, 0, "network:");
        blueprint.network.iter().for_each(|line| push(text, 2, line));
        push(text, 0, "");
    }
}

fn service(text: &mut String, blueprint: &Blueprint, service: &Service, instances: u64) {
    if !service.comment.is_empty() {
        push(text, 4, &format!("# {}", service.comment));
    }
    if service.kind != "service" {
        push(text, 4, &format!("kind: {}", service.kind));
    }
    if blueprint.by_zone {
        push(text, 4, &format!("instances: {{ per-zone: {} }}", instances / blueprint.least_instances()));
    } else {
        push(text, 4, &format!("instances: {instances}"));
    }
    if service.cores != 1 {
        push(text, 4, &format!("cores: {}", service.cores));
    }
    if let [Endpoint { name: "", steps }] = &service.endpoints[..] {
        push(text, 4, "do:");
        return steps.iter().for_each(|step| self::step(text, blueprint, 6, step));
    }
    push(text, 4, "endpoints:");
    for endpoint in &service.endpoints {
        push(text, 6, &format!("{}:", endpoint.name));
        endpoint.steps.iter().for_each(|step| self::step(text, blueprint, 8, step));
    }
}

fn step(text: &mut String, blueprint: &Blueprint, indent: usize, step: &Step) {
    let name = |to: &To| name(blueprint, *to);
    match step {
        Step::Work { mean_s, cv } => {
            let mean = duration(*mean_s);
            let law = cv.map_or_else(|| format!("exp({mean})"), |cv| format!("gamma(mean={mean}, cv={cv})"));
            push(text, indent, &format!("- work: {law}"));
        }
        Step::Call(to) => push(text, indent, &format!("- call: {}", name(to))),
        Step::Parallel(branches) => {
            push(text, indent, "- parallel:");
            branches.iter().for_each(|branch| self::step(text, blueprint, indent + 4, branch));
        }
        Step::Choose(options) => {
            push(text, indent, "- choose:");
            for (share, to) in options {
                push(
                    text,
                    indent + 4,
                    &format!("- {{ share: {}, do: [ {{ call: {} }} ] }}", self::share(*share), name(to)),
                );
            }
        }
        Step::Maybe(share, to) => {
            push(text, indent, &format!("- maybe: {}", self::share(*share)));
            push(text, indent, &format!("  do: [ {{ call: {} }} ]", name(to)));
        }
        Step::Cache { ask, hit, miss } => {
            let (ask, hit, miss) = (name(ask), self::share(*hit), name(miss));
            push(
                text,
                indent,
                &format!("- cache: {{ in: {ask}, hit: {hit}, miss: [ {{ call: {miss} }} ] }}"),
            );
        }
        Step::Quorum(to) => {
            push(text, indent, &format!("- parallel: {{ times: 3, do: [ {{ call: {} }} ] }}", name(to)));
            push(text, indent, "  need: 2");
        }
    }
}

fn name(blueprint: &Blueprint, to: To) -> String {
    let service = &blueprint.services[to.service];
    match service.endpoints[to.endpoint].name {
        "" => service.name.clone(),
        endpoint => format!("{}/{endpoint}", service.name),
    }
}

fn load(text: &mut String, made: &Made) {
    let blueprint = &made.blueprint;
    push(text, 0, "");
    push(text, 0, "workload:");
    push(text, 2, "users:");
    push(text, 4, &format!("rate: {}/s", made.rate_per_s));
    if blueprint.by_zone {
        push(text, 4, "balance: zone-aware");
    }
    match &blueprint.mix[..] {
        [(_, to)] => push(text, 4, &format!("to: {}", name(blueprint, *to))),
        several => {
            push(text, 4, "mix:");
            for (part, to) in several {
                push(text, 6, &format!("{}: {}", name(blueprint, *to), share(*part)));
            }
        }
    }
    push(text, 0, "");
    push(text, 0, "slo:");
    push(text, 2, "- users errors < 0.1%");
    push(text, 0, "");
    push(text, 0, "scenarios:");
    let Region { name, zones } = &blueprint.regions[0];
    if *zones > 1 || blueprint.regions.len() > 1 {
        push(text, 2, &format!("zone-loss: {{ at: 20s, for: 20s, lose: {{ zone: {name}/a }} }}"));
    }
    if blueprint.regions.len() > 1 {
        push(text, 2, &format!("region-loss: {{ at: 20s, for: 20s, lose: {{ region: {name} }} }}"));
    }
    push(text, 2, "rush: { at: 20s, for: 20s, load: { factor: 1.5 } }");
}

/// `12.5%`, in thousandths of a percent at most.
fn share(share: f64) -> String {
    format!("{}%", (share * 1e5).round() / 1e3)
}

/// In the largest unit that leaves something before the point, with three digits.
pub(crate) fn duration(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "us"),
    };
    let digits = if value >= 100.0 {
        1.0
    } else if value >= 10.0 {
        10.0
    } else {
        100.0
    };
    format!("{}{unit}", (value * digits).round() / digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_shares_are_short() {
        let written = [2.0, 0.0425, 0.001_234, 0.000_05, 1.4e-6].map(duration);
        assert_eq!(written, ["2s", "42.5ms", "1.23ms", "50us", "1.4us"]);
        assert_eq!([0.125, 1.0 / 3.0].map(share), ["12.5%", "33.333%"]);
    }
}

//! A model as a text short enough to review.

use std::fmt::Write as _;

use tarsier_model::{Call, Model, Protection, Service, Step};

pub(crate) fn dump(model: &Model) -> String {
    let mut text = format!("architecture {:?}\ndescription {:?}\n", model.name, model.description);
    for zone in &model.zones {
        writeln!(text, "zone {}/{}", model.regions[zone.region].name, zone.name).expect("strings take text");
    }
    writeln!(text, "network {:?}", model.network).expect("strings take text");
    services(model, &mut text);
    for workload in &model.workloads {
        writeln!(text, "workload {workload:?}").expect("strings take text");
    }
    for scenario in &model.scenarios {
        writeln!(text, "scenario {}", scenario.name).expect("strings take text");
        for happening in &scenario.happenings {
            writeln!(text, "  {happening:?}").expect("strings take text");
        }
    }
    if let Some(segmentation) = &model.segmentation {
        writeln!(text, "{segmentation:?}").expect("strings take text");
    }
    for slo in &model.slos {
        writeln!(text, "{slo:?}").expect("strings take text");
    }
    text
}

fn services(model: &Model, text: &mut String) {
    for service in &model.services {
        let zones: Vec<u32> = service.instances.iter().map(|zone| zone.0).collect();
        writeln!(
            text,
            "service {}: {:?}, zones {zones:?}, {} cores, {:?}, speed {}, workers {:?}, queue {:?}",
            service.name,
            service.kind,
            service.cores,
            service.scheduling,
            service.speed,
            service.workers,
            service.queue,
        )
        .expect("strings take text");
        if service.drag > 0.0 {
            writeln!(text, "  drag {}", service.drag).expect("strings take text");
        }
        if let Some(availability) = service.availability {
            writeln!(text, "  availability of an instance {availability}").expect("strings take text");
        }
        guard(service, text);
        for endpoint in service.endpoint_ids() {
            writeln!(text, "  endpoint {}", model.endpoint_label(endpoint)).expect("strings take text");
            steps(model, &model.endpoints[endpoint].steps, 2, text);
        }
    }
}

/// What protects the service, if anything does.
fn guard(service: &Service, text: &mut String) {
    let mut line = |shown: String| writeln!(text, "  {shown}").expect("strings take text");
    if service.protection != Protection::default() {
        line(format!("{:?}", service.protection));
    }
    if let Some(discovery) = &service.discovery {
        line(format!("{discovery:?}"));
    }
    if let Some(health) = &service.health {
        line(format!("{health:?}"));
    }
    if let Some(replication) = &service.replication {
        line(format!("{replication:?}"));
    }
    if !service.locks.is_empty() {
        line(format!("{:?}", service.locks));
    }
}

fn steps(model: &Model, steps: &[Step], depth: usize, text: &mut String) {
    for one in steps {
        step(model, one, depth, text);
    }
}

fn step(model: &Model, step: &Step, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mut line = |shown: String| writeln!(text, "{indent}{shown}").expect("strings take text");
    match step {
        Step::Work(law) => line(format!("work {law:?}")),
        Step::Wait(law) => line(format!("wait {law:?}")),
        Step::Fail(share) => line(format!("fail {share}")),
        Step::Publish(to) => line(format!("publish {}", call(model, to))),
        Step::Call(to) => {
            line(format!("call {}", call(model, to)));
            if let Some(fallback) = &to.fallback {
                line("fallback".to_owned());
                steps(model, fallback, depth + 1, text);
            }
        }
        Step::Parallel { branches, need } => {
            line(format!("parallel, need {need}"));
            for branch in branches {
                writeln!(text, "{indent}  branch x {}", branch.times).expect("strings take text");
                steps(model, &branch.steps, depth + 2, text);
            }
        }
        Step::Choose(options) => {
            line("choose".to_owned());
            for (share, inner) in options {
                writeln!(text, "{indent}  share {share}").expect("strings take text");
                steps(model, inner, depth + 2, text);
            }
        }
        Step::Maybe { share, steps: inner } => {
            line(format!("maybe {share}"));
            steps(model, inner, depth + 1, text);
        }
        Step::Repeat { times, steps: inner } => {
            line(format!("repeat {times}"));
            steps(model, inner, depth + 1, text);
        }
        Step::Lock { lock, steps: inner } => {
            line(format!("lock {lock}"));
            steps(model, inner, depth + 1, text);
        }
        Step::Conflict { lock, steps: inner, retry } => {
            line(format!("conflict {lock}, retry {retry:?}"));
            steps(model, inner, depth + 1, text);
        }
        Step::Cache { ask, hit, miss, fill } => {
            let fill = fill.as_ref().map(|fill| call(model, fill));
            line(format!("cache {}, hit {hit}, fill {fill:?}", call(model, ask)));
            steps(model, miss, depth + 1, text);
        }
    }
}

fn call(model: &Model, call: &Call) -> String {
    format!(
        "{} optional {} bytes {}/{} {:?}",
        model.endpoint_label(call.to),
        call.optional,
        call.request_bytes,
        call.response_bytes,
        call.policy,
    )
}

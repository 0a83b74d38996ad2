//! What happened, in words: faults, subjects, reasons.

use tarsier_engine::{EventKind, EventSubject, Reason};
use tarsier_model::{
    CallMatch, Chaos, ChaosScale, ErrorKind, Model, Party, Place, PolicyChange, Priority, Retry, Scenario,
    Setting, Target, Trouble,
};
use tarsier_units::Span;

use crate::number::{amount, duration, share};

/// `kill 2 of web`, `lose zone us-east-1/a`.
pub(crate) fn trouble(model: &Model, trouble: &Trouble) -> String {
    let service = |id: &tarsier_model::ServiceId| model.services[*id].name.as_str();
    match trouble {
        Trouble::Kill { target, silent: false } => format!("kill {}", instances(model, target)),
        Trouble::Kill { target, silent: true } => format!("silently kill {}", instances(model, target)),
        Trouble::Pause { target } => format!("pause {}", instances(model, target)),
        Trouble::Slow { target, factor } => {
            format!("slow {} by {}", instances(model, target), amount(*factor))
        }
        Trouble::Delay { calls, add, factor } => {
            format!(
                "delay {}{}",
                matched(model, calls),
                delay(add.as_ref().and_then(|law| law.mean()), *factor)
            )
        }
        Trouble::Loss { calls, share: lost } => {
            format!("lose {} of the messages of {}", share(*lost), matched(model, calls))
        }
        Trouble::Error { target, share: failing, kind } => {
            format!(
                "{} of the requests to {} are {}",
                share(*failing),
                instances(model, target),
                answered(*kind)
            )
        }
        Trouble::Restart { target, down, .. } => {
            format!("restart {}, down for {}", instances(model, target), span(*down))
        }
        Trouble::Partition { from, to, both } => {
            let arrow = if *both { "and" } else { "to" };
            format!("partition {} {arrow} {}", place(model, *from), place(model, *to))
        }
        Trouble::Stall { target } => format!("stall {}", instances(model, target)),
        Trouble::Pin(id) => format!("pin {} to one instance", service(id)),
        Trouble::Flush { service: id, refill } => {
            format!("flush {}, full again after {}", service(id), span(*refill))
        }
        Trouble::Leak { target, factor } => {
            format!("leak of {}, slower by up to {}", instances(model, target), amount(*factor))
        }
        Trouble::Freeze(id) => format!("freeze what is known of {}", service(id)),
        Trouble::Chaos(chaos) => chaos_words(model, chaos),
        Trouble::LoseZone(zone) => format!("lose zone {}", model.zones[*zone].name),
        Trouble::LoseRegion(region) => format!("lose region {}", model.regions[*region].name),
        Trouble::LoseService(target) => format!("lose {}", instances(model, target)),
        Trouble::Load { workload, factor } => {
            let whose = workload.map_or(String::new(), |id| format!(" of {}", model.workloads[id].name));
            format!("load{whose} times {}", amount(*factor))
        }
        Trouble::Set(setting) => set(model, setting),
    }
}

/// `set workers of web to 20`, `set timeout of web -> db to 50 ms`.
fn set(model: &Model, setting: &Setting) -> String {
    let limit = |limit: &Option<u32>| limit.map_or("unlimited".to_owned(), |limit| limit.to_string());
    let (whose, changes) = match setting {
        Setting::Service { service, instances, workers, queue } => {
            let named = [("instances", &instances.map(Some)), ("workers", workers), ("queue", queue)];
            let changes = named.map(|(name, value)| value.as_ref().map(|value| (name, limit(value))));
            (model.services[*service].name.clone(), changes.into_iter().flatten().collect())
        }
        Setting::Calls { from, to, endpoint, policy } => {
            let to = party(model, endpoint.map_or(Party::Service(*to), Party::Endpoint));
            (format!("{} -> {to}", party(model, *from)), changes(policy))
        }
        Setting::Users { workload, policy } => (model.workloads[*workload].name.clone(), changes(policy)),
    };
    let changes: Vec<String> =
        changes.into_iter().map(|(name, value)| format!("{name} of {whose} to {value}")).collect();
    format!("set {}", changes.join(", "))
}

fn changes(policy: &PolicyChange) -> Vec<(&'static str, String)> {
    let none = || "none".to_owned();
    let timeout = policy.timeout.map(|timeout| timeout.map_or_else(none, span));
    let attempts = |retry: &Retry| match retry.budget {
        Some(_) => format!("{} within a budget", retry.attempts),
        None => retry.attempts.to_string(),
    };
    let retry = policy.retry.as_ref().map(|retry| retry.as_ref().map_or_else(none, attempts));
    let breaker = policy.breaker.map(|it| it.map_or("none", |_| "another one").to_owned());
    let named = [("timeout", timeout), ("retry", retry), ("breaker", breaker)];
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The word of the language for a fault.
pub(crate) fn trouble_key(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Kill { .. } => "kill",
        Trouble::Pause { .. } => "pause",
        Trouble::Slow { .. } => "slow",
        Trouble::Delay { .. } => "delay",
        Trouble::Loss { .. } => "loss",
        Trouble::Error { .. } => "error",
        Trouble::Restart { .. } => "restart",
        Trouble::Partition { .. } => "partition",
        Trouble::Stall { .. } => "stall",
        Trouble::Pin(_) => "pin",
        Trouble::Flush { .. } => "flush",
        Trouble::Leak { .. } => "leak",
        Trouble::Freeze(_) => "freeze",
        Trouble::Chaos(_) => "chaos",
        Trouble::LoseZone(_) | Trouble::LoseRegion(_) | Trouble::LoseService(_) => "lose",
        Trouble::Load { .. } => "load",
        Trouble::Set(_) => "set",
    }
}

/// `web`, `2 of web in us-east-1/a`.
fn instances(model: &Model, target: &Target) -> String {
    some_of(model, target, &model.services[target.service].name)
}

fn some_of(model: &Model, target: &Target, name: &str) -> String {
    let mut text = match (target.count, target.share) {
        (Some(count), _) => format!("{count} of "),
        (None, Some(part)) => format!("{} of ", share(part)),
        (None, None) => String::new(),
    };
    text.push_str(name);
    if let Some(zone) = target.zone {
        text.push_str(&format!(" in {}", model.zones[zone].name));
    }
    text
}

/// `add_ns` on average.
fn delay(add_ns: Option<f64>, factor: f64) -> String {
    let mean = add_ns.map(|nanos| format!(" by {}", duration(nanos / 1e9)));
    let times = (factor != 1.0).then(|| format!(" times {}", amount(factor)));
    mean.into_iter().chain(times).collect::<Vec<_>>().join(",")
}

fn answered(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Error => "answered with an error",
        ErrorKind::Refused => "refused",
        ErrorKind::Unreachable => "unreachable",
    }
}

fn span(span: Span) -> String {
    duration(span.as_secs_f64())
}

fn chaos_words(model: &Model, chaos: &Chaos) -> String {
    let (name, what) = match chaos.scale {
        ChaosScale::Instance => ("monkey", "an instance"),
        ChaosScale::Zone => ("gorilla", "a zone"),
        ChaosScale::Region => ("kong", "a region"),
    };
    let names: Vec<&str> = chaos.services.iter().map(|id| model.services[*id].name.as_str()).collect();
    let whose = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
    let every = duration(1.0 / chaos.per_second);
    format!("chaos {name}: {what}{whose} every {every}, down for {}", span(chaos.down))
}

fn place(model: &Model, place: Place) -> &str {
    match place {
        Place::Service(id) => &model.services[id].name,
        Place::Zone(id) => &model.zones[id].name,
        Place::Region(id) => &model.regions[id].name,
        Place::Users => "users",
    }
}

fn party(model: &Model, party: Party) -> String {
    match party {
        Party::Service(id) => model.services[id].name.clone(),
        Party::Endpoint(id) => model.endpoint_label(id),
    }
}

fn matched(model: &Model, calls: &CallMatch) -> String {
    match calls {
        CallMatch::Link([a, b]) => format!("{} <-> {}", place(model, *a), place(model, *b)),
        CallMatch::To { target, endpoint, from } => {
            let to = party(model, endpoint.map_or(Party::Service(target.service), Party::Endpoint));
            let to = some_of(model, target, &to);
            from.map_or(format!("calls to {to}"), |from| format!("{} -> {to}", party(model, from)))
        }
    }
}

/// `web#3`, `web/home#3 -> users`, `shoppers#0 -> web/home`.
pub(crate) fn subject(model: &Model, subject: EventSubject) -> String {
    match subject {
        EventSubject::Instance { service, number } => format!("{}#{number}", model.services[service].name),
        EventSubject::Call { from, number, to } => {
            format!("{}#{number} -> {}", model.endpoint_label(from), model.endpoint_label(to))
        }
        EventSubject::Users { workload, number, to } => {
            format!("{}#{number} -> {}", model.workloads[workload].name, model.endpoint_label(to))
        }
        other => kind_of_subject(model, other),
    }
}

/// The same without saying which instance it was.
pub(crate) fn kind_of_subject(model: &Model, subject: EventSubject) -> String {
    match subject {
        EventSubject::Everything => "everything".to_owned(),
        EventSubject::Region(id) => model.regions[id].name.clone(),
        EventSubject::Zone(id) => model.zones[id].name.clone(),
        EventSubject::Service(service) | EventSubject::Instance { service, .. } => {
            model.services[service].name.clone()
        }
        EventSubject::Workload(id) => model.workloads[id].name.clone(),
        EventSubject::Call { from, to, .. } => crate::call_label(model, from, to),
        EventSubject::Users { workload, to, .. } => {
            format!("{} -> {}", model.workloads[workload].name, model.endpoint_label(to))
        }
        EventSubject::Link { from, to } => format!("{} -> {}", place(model, from), place(model, to)),
    }
}

/// The word for what happened in the JSON and CSV files.
pub(crate) fn key(kind: EventKind) -> &'static str {
    match kind {
        EventKind::FaultOn { .. } => "fault-on",
        EventKind::FaultOff { .. } => "fault-off",
        EventKind::BreakerOpened => "breaker-opened",
        EventKind::BreakerHalfOpen => "breaker-half-open",
        EventKind::BreakerClosed => "breaker-closed",
        EventKind::Ejected { .. } => "ejected",
        EventKind::Returned { .. } => "returned",
        EventKind::PanicBegan => "panic-began",
        EventKind::PanicEnded => "panic-ended",
        EventKind::BudgetExhausted => "budget-exhausted",
        EventKind::ThrottlingBegan => "throttling-began",
        EventKind::ThrottlingEnded => "throttling-ended",
        EventKind::LimitChanged { .. } => "limit-changed",
        EventKind::SheddingBegan { .. } => "shedding-began",
        EventKind::SheddingEnded { .. } => "shedding-ended",
        EventKind::DroppingBegan => "dropping-began",
        EventKind::DroppingEnded => "dropping-ended",
        EventKind::Delisted => "delisted",
        EventKind::Listed => "listed",
        EventKind::Forbidden { .. } => "forbidden",
    }
}

/// `2 × breaker opened`, as a person says it.
pub(crate) fn phrase(kind: EventKind, n: usize) -> String {
    let (one, many) = match kind {
        EventKind::FaultOn { .. } => ("fault begins", "faults begin"),
        EventKind::FaultOff { .. } => ("fault ends", "faults end"),
        EventKind::BreakerOpened => ("breaker opened", "breakers opened"),
        EventKind::BreakerHalfOpen => ("breaker half open", "breakers half open"),
        EventKind::BreakerClosed => ("breaker closed", "breakers closed"),
        EventKind::Ejected { .. } => ("ejection", "ejections"),
        EventKind::Returned { .. } => ("ejection over", "ejections over"),
        EventKind::PanicBegan => ("caller panics: too many ejected", "callers panic: too many ejected"),
        EventKind::PanicEnded => ("panic over", "panics over"),
        EventKind::BudgetExhausted => ("retry budget used up", "retry budgets used up"),
        EventKind::ThrottlingBegan => ("caller throttles itself", "callers throttle themselves"),
        EventKind::ThrottlingEnded => ("throttling over", "throttlings over"),
        EventKind::LimitChanged { .. } => ("limit moved", "limits moved"),
        EventKind::SheddingBegan { priority } => return counted(n, &format!("sheds {}", class(priority))),
        EventKind::SheddingEnded { priority } => {
            return counted(n, &format!("takes in {} again", class(priority)));
        }
        EventKind::DroppingBegan => ("queue drops", "queues drop"),
        EventKind::DroppingEnded => ("queue drops no more", "queues drop no more"),
        EventKind::Delisted => ("instance delisted", "instances delisted"),
        EventKind::Listed => ("instance listed", "instances listed"),
        EventKind::Forbidden { .. } => ("calls refused", "pairs whose calls are refused"),
    };
    if n == 1 { one.to_owned() } else { format!("{n} {many}") }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { what.to_owned() } else { format!("{n} × {what}") }
}

fn class(priority: Priority) -> &'static str {
    match priority {
        Priority::Sheddable => "sheddable requests",
        Priority::Normal => "normal requests",
        Priority::Critical => "critical requests",
    }
}

/// Why, and what exactly, of one event.
pub(crate) fn reason(model: &Model, scenario: Option<&Scenario>, event: &tarsier_engine::Event) -> String {
    match event.kind {
        EventKind::FaultOn { happening } | EventKind::FaultOff { happening } => scenario
            .and_then(|scenario| scenario.happenings.get(happening as usize))
            .map_or(String::new(), |happening| trouble(model, &happening.trouble)),
        EventKind::Ejected { number } | EventKind::Returned { number } => {
            format!("#{number}: {}", why(event.reason))
        }
        EventKind::LimitChanged { from, to } => {
            format!("from {} to {}: {}", amount(from), amount(to), why(event.reason))
        }
        EventKind::Forbidden { calls } => format!("{calls} in all: {}", why(event.reason)),
        _ => why(event.reason),
    }
}

pub(crate) fn why(reason: Reason) -> String {
    match reason {
        Reason::Scenario => "the scenario says so".to_owned(),
        Reason::Chaos => "chance".to_owned(),
        Reason::Failures { failed, calls } => format!("{failed} of {calls} calls failed"),
        Reason::Consecutive(failed) => format!("{failed} failures in a row"),
        Reason::SuccessRate { rate, least } => {
            format!("{} succeeded, below {}", share(rate), share(least))
        }
        Reason::TooManyRetries => "more retries were wanted".to_owned(),
        Reason::TimeOver => "its time is over".to_owned(),
        Reason::ProbesSucceeded => "probes succeeded".to_owned(),
        Reason::ProbeFailed => "a probe failed".to_owned(),
        Reason::TooFewLeft(least) => format!("fewer than {} are left", share(least)),
        Reason::Waiting => "requests wait too long".to_owned(),
        Reason::Fullness(full) => format!("{} full", share(full)),
        Reason::Latency(nanos) => format!("answers take {}", duration(nanos as f64 / 1e9)),
        Reason::Recovered => "there is room again".to_owned(),
        Reason::NoHeartbeat => "no heartbeat".to_owned(),
        Reason::Heartbeat => "a heartbeat".to_owned(),
        Reason::ChecksFailed(n) => format!("{n} checks failed"),
        Reason::ChecksPassed(n) => format!("{n} checks passed"),
        Reason::Announced => "announced".to_owned(),
        Reason::Segmentation => "the segmentation forbids it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::ServiceId;
    use tarsier_random::Law;

    use super::*;
    use crate::text::fixture;

    #[test]
    fn faults_in_words() {
        let model = fixture::model();
        let web = Target { count: Some(2), ..Target::all(ServiceId(0)) };
        let db = Target { share: Some(0.2), ..Target::all(ServiceId(1)) };
        let from = Some(Party::Endpoint(tarsier_model::EndpointId(0)));
        let calls = CallMatch::To { target: Target::all(ServiceId(1)), endpoint: None, from };
        let lost = CallMatch::to(Target { count: Some(1), ..Target::all(ServiceId(1)) });
        let add = Some(Law::Constant(2e8));
        for (fault, words) in [
            (Trouble::Kill { target: web, silent: false }, "kill 2 of web"),
            (Trouble::Slow { target: db, factor: 10.0 }, "slow 20.0% of db by 10.0"),
            (Trouble::Delay { calls, add, factor: 1.0 }, "delay web/home -> db by 200 ms"),
            (Trouble::Loss { calls: lost, share: 0.01 }, "lose 1.00% of the messages of calls to 1 of db"),
            (Trouble::LoseZone(tarsier_model::ZoneId(0)), "lose zone here/a"),
            (Trouble::LoseService(Target::all(ServiceId(1))), "lose db"),
            (Trouble::Load { workload: None, factor: 3.0 }, "load times 3.00"),
        ] {
            assert_eq!(trouble(&model, &fault), words);
        }
    }
}

//! What happened, for a person: what many did at about the same time is one line.

use tarsier_engine::{Event, EventKind, EventSubject, Reason};

use crate::style::Tone;
use crate::table::{Align, Cell, Table};
use crate::{Report, words};

/// Events of one kind about one thing belong together while no more than this lies between two.
const APART_NS: i64 = 1_000_000_000;
const SHOWN: usize = 30;

pub(super) fn section(report: &Report<'_>) -> String {
    let timeline = &report.outcome.timeline;
    if timeline.is_empty() {
        return String::new();
    }
    let groups = grouped(timeline);
    let mut table = Table::new(vec![("what happened", Align::Right), ("", Align::Left), ("", Align::Left)]);
    for group in groups.iter().take(SHOWN) {
        table.row(cells(report, group));
    }
    let mut text = table.render();
    let left_out = groups.len().saturating_sub(SHOWN);
    let dropped = report.outcome.timeline_dropped;
    for line in [
        (left_out > 0).then(|| format!("… and {left_out} more; all in --json")),
        (dropped > 0).then(|| format!("{dropped} events more than are recorded")),
    ] {
        let Some(line) = line else { continue };
        text.push_str(&Tone::Dim.paint(&line));
        text.push('\n');
    }
    text + &super::of_the_first(report)
}

/// Equal events, one after the other.
struct Group<'a> {
    first: &'a Event,
    last_ns: i64,
    n: usize,
    /// The first few, as far as they are instances.
    named: Vec<EventSubject>,
}

/// So many instances are named.
const NAMED: usize = 4;

impl<'a> Group<'a> {
    fn of(event: &'a Event) -> Group<'a> {
        let mut group = Group { first: event, last_ns: event.time_ns, n: 0, named: Vec::new() };
        group.add(event);
        group
    }

    fn add(&mut self, event: &Event) {
        self.last_ns = event.time_ns;
        self.n += 1;
        if self.named.len() < NAMED && !self.named.contains(&event.subject) {
            self.named.push(event.subject);
        }
    }
}

fn grouped(timeline: &[Event]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut open = 0;
    for event in timeline {
        while groups.get(open).is_some_and(|group| event.time_ns - group.last_ns > APART_NS) {
            open += 1;
        }
        let fits = |group: &&mut Group<'_>| {
            event.time_ns - group.last_ns <= APART_NS && is_alike(group.first, event)
        };
        match groups[open..].iter_mut().find(fits) {
            Some(group) => group.add(event),
            None => groups.push(Group::of(event)),
        }
    }
    groups
}

fn is_alike(a: &Event, b: &Event) -> bool {
    let kinds = match (a.kind, b.kind) {
        (EventKind::Ejected { .. }, EventKind::Ejected { .. })
        | (EventKind::Returned { .. }, EventKind::Returned { .. })
        | (EventKind::LimitChanged { .. }, EventKind::LimitChanged { .. }) => true,
        (a, b) => a == b,
    };
    kinds && without_number(a.subject) == without_number(b.subject)
}

fn without_number(subject: EventSubject) -> EventSubject {
    match subject {
        EventSubject::Instance { service, .. } => EventSubject::Service(service),
        EventSubject::Call { from, to, .. } => EventSubject::Call { from, number: 0, to },
        EventSubject::Users { workload, to, .. } => EventSubject::Users { workload, number: 0, to },
        other => other,
    }
}

fn cells(report: &Report<'_>, group: &Group<'_>) -> Vec<Cell> {
    let event = group.first;
    let time = match (clock(event.time_ns), clock(group.last_ns)) {
        (first, last) if first == last => first,
        (first, last) => format!("{first} .. {last}"),
    };
    let (what, tone) = match (event.kind, event.reason) {
        (EventKind::FaultOn { .. }, Reason::Chaos) => ("chaos strikes".to_owned(), Tone::Plain),
        (EventKind::FaultOff { .. }, Reason::Chaos) => ("back from chaos".to_owned(), Tone::Plain),
        // However many it strikes.
        (EventKind::FaultOn { .. } | EventKind::FaultOff { .. }, _) => {
            (words::phrase(event.kind, 1), Tone::Bold)
        }
        _ => (words::phrase(event.kind, group.n), Tone::Plain),
    };
    vec![time.into(), Cell::toned(what, tone), detail(report, group).into()]
}

fn detail(report: &Report<'_>, group: &Group<'_>) -> String {
    let (event, subject) = (group.first, about(report, group));
    let reason = || words::reason(report.model, report.scenario, event);
    match (event.kind, event.subject) {
        (EventKind::FaultOn { .. } | EventKind::FaultOff { .. }, _) if event.reason == Reason::Chaos => {
            subject
        }
        (EventKind::FaultOn { .. } | EventKind::FaultOff { .. }, EventSubject::Instance { .. }) => {
            format!("{} ({subject})", reason())
        }
        (EventKind::FaultOn { .. } | EventKind::FaultOff { .. }, _) => reason(),
        _ if group.n == 1 => format!("{subject}: {}", reason()),
        _ => subject,
    }
}

/// `web#3, web#5` for a few instances, and what they are of for more.
fn about(report: &Report<'_>, group: &Group<'_>) -> String {
    let is_named = group.named.iter().all(|subject| matches!(subject, EventSubject::Instance { .. }));
    if group.n == 1 || (is_named && group.named.len() == group.n) {
        let named = group.named.iter().map(|subject| words::subject(report.model, *subject));
        return named.collect::<Vec<_>>().join(", ");
    }
    words::kind_of_subject(report.model, group.first.subject)
}

/// Seconds with one digit: times are compared with each other.
fn clock(time_ns: i64) -> String {
    format!("{:.1} s", time_ns as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[test]
    fn what_many_did_at_once_is_one_line() {
        let (model, outcome, scenario) = (fixture::model(), fixture::eventful(), fixture::scenario());
        let report = Report { scenario: Some(&scenario), ..fixture::report(&model, &outcome) };
        let text = section(&report).replace("\x1b[2m", "").replace("\x1b[1m", "").replace("\x1b[0m", "");
        let expected = "\
   what happened
           3.0 s  fault begins        kill 1 of db
 3.1 s .. 3.5 s   3 breakers opened   web/home -> db
           5.0 s  instance delisted   db#0: no heartbeat
           6.0 s  fault ends          kill 1 of db
           9.0 s  breaker opened      web/home#1 -> db: 10 of 20 calls failed
";
        let squeezed = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
        };
        assert_eq!(squeezed(&text), squeezed(expected), "{text}");
    }

    #[test]
    fn a_quiet_run_has_no_timeline() {
        let (model, outcome) = (fixture::model(), fixture::outcome());
        assert_eq!(section(&fixture::report(&model, &outcome)), "");
    }
}

//! Why it is slow: where the time of requests goes, by service and cause, on average and in the tail.

use tarsier_engine::{Cause, Why, WhyPart};
use tarsier_units::Id;

use crate::Report;
use crate::number::{count, duration, share};
use crate::style::{Tone, bar};
use crate::table::{Align, Cell, Table};

/// Causes shown of a workload.
const SHOWN: usize = 6;
/// Workloads explained.
const EXPLAINED: usize = 3;
const BAR_WIDTH: usize = 20;
/// A cause that makes less than this of the tail is not named beside the first.
const WORTH_NAMING: f64 = 0.1;
/// What makes less than this of the tail and of the mean goes with the rest.
const WORTH_A_ROW: f64 = 0.005;
/// A cause that makes this share of what its service makes is named alone.
const ONE_CAUSE: f64 = 0.8;

/// One sentence for each workload that has a sample.
pub(super) fn headlines(report: &Report<'_>) -> String {
    let mut text = String::new();
    for (name, shares) in explained(report) {
        if let Some(sentence) = headline(name, &shares) {
            text.push_str(&Tone::Bold.paint(&sentence));
            text.push('\n');
        }
    }
    text
}

/// A table for each of them.
pub(super) fn sections(report: &Report<'_>) -> String {
    let tables: Vec<String> = explained(report).map(|(name, shares)| section(name, &shares)).collect();
    tables.join("\n")
}

fn explained<'a>(report: &Report<'a>) -> impl Iterator<Item = (&'a str, Shares)> {
    let model = report.model;
    let named = model.workloads.iter().zip(&report.outcome.workloads);
    named
        .filter_map(move |(workload, found)| {
            let service =
                |part: &WhyPart| part.service.map(|id| model.services.as_slice()[id.index()].name.as_str());
            Shares::of(&found.why, service).map(|shares| (workload.name.as_str(), shares))
        })
        .take(EXPLAINED)
}

/// The parts of one workload's time, the largest of the tail first.
struct Shares {
    sampled: u64,
    mean_s: f64,
    tail_s: f64,
    parts: Vec<Part>,
}

struct Part {
    service: String,
    /// What the time was spent on, apart from the service.
    cause: &'static str,
    words: String,
    mean_s: f64,
    mean_share: f64,
    tail_s: f64,
    tail_share: f64,
}

impl Shares {
    /// Nothing when there is no sample or it took no time.
    fn of<'a>(why: &Why, service: impl Fn(&WhyPart) -> Option<&'a str>) -> Option<Shares> {
        let mean_ns: f64 = why.parts.iter().map(|part| part.mean_ns).sum();
        let tail_ns: f64 = why.parts.iter().map(|part| part.tail_ns).sum();
        if why.sampled == 0 || mean_ns <= 0.0 || tail_ns <= 0.0 {
            return None;
        }
        let mut parts: Vec<Part> = why
            .parts
            .iter()
            .map(|part| Part {
                service: service(part).unwrap_or("users").to_owned(),
                cause: short_words(part.cause),
                words: words(part.cause, service(part)),
                mean_s: part.mean_ns / 1e9,
                mean_share: part.mean_ns / mean_ns,
                tail_s: part.tail_ns / 1e9,
                tail_share: part.tail_ns / tail_ns,
            })
            .collect();
        parts.sort_by(|a, b| {
            b.tail_share.total_cmp(&a.tail_share).then(b.mean_share.total_cmp(&a.mean_share))
        });
        Some(Shares { sampled: why.sampled, mean_s: mean_ns / 1e9, tail_s: tail_ns / 1e9, parts })
    }
}

impl Part {
    fn is_seen(&self) -> bool {
        self.tail_share.max(self.mean_share) >= WORTH_A_ROW
    }
}

/// «Half of the tail of shoppers is waiting for a core of mysql, 21.0% is the network to and from catalog.» Or, when it is
/// not one cause, «Two thirds of the tail of shoppers is mysql: 44.8% work, 17.2% wait steps.»
fn headline(workload: &str, shares: &Shares) -> Option<String> {
    let first = shares.parts.first()?;
    let same: Vec<&Part> = shares.parts.iter().filter(|part| part.service == first.service).collect();
    let of_service: f64 = same.iter().map(|part| part.tail_share).sum();
    let start = |part: f64| format!("{} of the tail of {workload} is", fraction_words(part));
    if first.tail_share < ONE_CAUSE * of_service && first.service != "users" {
        let worth_it = same.iter().filter(|part| part.tail_share >= WORTH_NAMING / 2.0);
        let causes: Vec<String> =
            worth_it.map(|part| format!("{} {}", share(part.tail_share), part.cause)).collect();
        return Some(format!("{} {}: {}.", start(of_service), first.service, causes.join(", ")));
    }
    let mut text = format!("{} {}", start(first.tail_share), first.words);
    if let Some(second) = shares.parts.get(1).filter(|part| part.tail_share >= WORTH_NAMING) {
        text.push_str(&format!(", {} is {}", share(second.tail_share), second.words));
    }
    text.push('.');
    Some(text)
}

/// A share in words where there are good ones.
fn fraction_words(part: f64) -> String {
    let near = [
        (0.97, 1.01, "Nearly all"),
        (0.73, 0.77, "Three quarters"),
        (0.64, 0.69, "Two thirds"),
        (0.47, 0.53, "Half"),
        (0.31, 0.36, "A third"),
        (0.23, 0.27, "A quarter"),
    ];
    let word = near.iter().find(|(low, high, _)| (*low..*high).contains(&part)).map(|(_, _, word)| *word);
    word.map_or_else(|| share(part), str::to_owned)
}

fn section(workload: &str, shares: &Shares) -> String {
    let title = format!("where the time of {workload} goes");
    let mut text = format!(
        "{} {}\n",
        Tone::Bold.paint(&title),
        Tone::Dim.paint(&format!("(the critical paths of {} requests)", count(shares.sampled)))
    );
    let mut table = Table::new(vec![
        ("", Align::Left),
        ("of the mean", Align::Right),
        ("", Align::Right),
        ("of the slowest 1%", Align::Right),
        ("", Align::Right),
        ("", Align::Left),
    ]);
    let (mut shown, mut small): (Vec<&Part>, Vec<&Part>) =
        shares.parts.iter().partition(|part| part.is_seen());
    small.extend(shown.drain(shown.len().min(SHOWN)..));
    shown.iter().for_each(|part| table.row(cells(part)));
    if let Some(rest) = rest(&small) {
        table.row(cells(&rest));
    }
    table.row(vec![
        Cell::dim("in all"),
        Cell::dim(duration(shares.mean_s)),
        Cell::dim(""),
        Cell::dim(duration(shares.tail_s)),
        Cell::dim(""),
        Cell::dim(""),
    ]);
    text.push_str(&table.render());
    text
}

fn cells(part: &Part) -> Vec<Cell> {
    vec![
        part.words.as_str().into(),
        duration(part.mean_s).into(),
        share(part.mean_share).into(),
        duration(part.tail_s).into(),
        share(part.tail_share).into(),
        bar(part.tail_share, BAR_WIDTH).into(),
    ]
}

/// All smaller parts as one.
fn rest(parts: &[&Part]) -> Option<Part> {
    let sum = |value: fn(&Part) -> f64| parts.iter().map(|part| value(part)).sum();
    (!parts.is_empty()).then(|| Part {
        service: String::new(),
        cause: "",
        words: format!("everything else ({})", parts.len()),
        mean_s: sum(|part| part.mean_s),
        mean_share: sum(|part| part.mean_share),
        tail_s: sum(|part| part.tail_s),
        tail_share: sum(|part| part.tail_share),
    })
}

/// Fits «mysql: 45% {words}».
fn short_words(cause: Cause) -> &'static str {
    match cause {
        Cause::Network => "network",
        Cause::Worker => "waiting for a worker",
        Cause::Core => "waiting for a core",
        Cause::Connection => "waiting for a connection",
        Cause::Work => "work",
        Cause::Wait => "wait steps",
        Cause::Timeout => "attempts given up",
        Cause::Backoff => "pauses before retries",
    }
}

/// Fits «… is {words}».
fn words(cause: Cause, service: Option<&str>) -> String {
    let to = service.unwrap_or("the first service");
    match (cause, service) {
        (Cause::Network, None) => "the network to and from the users".to_owned(),
        (Cause::Network, Some(_)) => format!("the network to and from {to}"),
        (Cause::Worker, _) => format!("waiting for a worker of {to}"),
        (Cause::Core, _) => format!("waiting for a core of {to}"),
        (Cause::Connection, _) => format!("waiting for a connection to {to}"),
        (Cause::Work, _) => format!("work of {to}"),
        (Cause::Wait, _) => format!("wait steps of {to}"),
        (Cause::Timeout, _) => format!("attempts at {to} that were given up"),
        (Cause::Backoff, _) => format!("pauses before trying {to} again"),
    }
}

#[cfg(test)]
mod tests {
    use tarsier_model::ServiceId;

    use super::*;

    fn sample(parts: &[(u32, Cause, f64, f64)]) -> Why {
        let part = |&(service, cause, mean_ns, tail_ns): &(u32, Cause, f64, f64)| WhyPart {
            service: Some(ServiceId(service)),
            cause,
            mean_ns,
            tail_ns,
        };
        Why { sampled: 100, sampled_tail: 1, parts: parts.iter().map(part).collect() }
    }

    fn shares(parts: &[(u32, Cause, f64, f64)]) -> Option<Shares> {
        Shares::of(&sample(parts), |part| Some(["web", "mysql"][part.service.expect("a service").index()]))
    }

    #[track_caller]
    fn check(parts: &[(u32, Cause, f64, f64)], expected: &str) {
        let text = headline("shoppers", &shares(parts).expect("a sample"));
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn the_headline_names_the_greatest_part_of_the_tail() {
        check(
            &[(0, Cause::Work, 9e6, 4e6), (1, Cause::Core, 1e6, 5e6), (1, Cause::Work, 1e6, 1e6)],
            "Half of the tail of shoppers is waiting for a core of mysql, 40.0% is work of web.",
        );
    }

    #[test]
    fn several_causes_of_one_service_are_one() {
        check(
            &[(0, Cause::Work, 9e6, 1e6), (1, Cause::Core, 1e6, 4e6), (1, Cause::Work, 1e6, 3e6)],
            "87.5% of the tail of shoppers is mysql: 50.0% waiting for a core, 37.5% work.",
        );
    }

    #[test]
    fn small_second_parts_are_not_named() {
        check(
            &[(1, Cause::Core, 1e6, 98e6), (0, Cause::Work, 9e6, 2e6)],
            "Nearly all of the tail of shoppers is waiting for a core of mysql.",
        );
    }

    #[test]
    fn no_sample_no_words() {
        assert!(shares(&[]).is_none());
        assert!(shares(&[(0, Cause::Work, 0.0, 0.0)]).is_none());
    }
}

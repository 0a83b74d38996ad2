//! Why it is slow: where the time of requests goes, by service and cause, on average and in the tail.

use std::collections::BTreeMap;

use tarsier_engine::{Cause, Why, WhyPart};
use tarsier_units::Id;

use super::headline::headline;
use super::{WIDTH, workloads};
use crate::Report;
use crate::number::{count, duration, share};
use crate::style::{Tone, bar};
use crate::table::{Align, Cell, Table};

/// Causes shown of a workload.
const SHOWN: usize = 6;
/// Workloads explained.
const EXPLAINED: usize = 3;
const BAR_WIDTH: usize = 20;
/// What makes less than this of the tail and of the mean goes with the rest.
const WORTH_A_ROW: f64 = 0.005;
/// Whose workers wait for whom is asked when such waits make this share of the tail.
const WORTH_ASKING: f64 = 0.1;

/// Of each workload that has a sample, where the tail of what was answered comes from, and before that where the time of
/// what failed went, unless it failed at once.
pub(super) fn headlines(report: &Report<'_>) -> String {
    let mut text = String::new();
    for explained in explained(report) {
        if let Some(failed) = &explained.failed {
            tell(&mut text, &format!("of the time of the failed requests of {} is", explained.name), failed);
        }
        if let Some(answered) = &explained.answered {
            let whose = if explained.is_partial { "the answered requests of " } else { "" };
            tell(&mut text, &format!("of the tail of {whose}{} is", explained.name), answered);
        }
    }
    text
}

/// A sentence, and another one if there is something behind it.
fn tell(text: &mut String, verb: &str, shares: &Shares) {
    let behind = shares.behind.as_deref().filter(|_| shares.waits_in_turn() >= WORTH_ASKING);
    let sentences = [headline(shares, verb), behind.and_then(super::headline::behind_waits)];
    for sentence in sentences.into_iter().flatten() {
        text.push_str(&Tone::Bold.paint(&sentence));
        text.push('\n');
    }
}

/// A table for each of them.
pub(super) fn sections(report: &Report<'_>) -> String {
    let tables =
        explained(report).filter_map(|explained| Some(section(explained.name, &explained.answered?)));
    tables.collect::<Vec<_>>().join("\n")
}

struct Explained<'a> {
    name: &'a str,
    answered: Option<Shares>,
    /// Whether a good part was not answered.
    is_partial: bool,
    /// If these took their time.
    failed: Option<Shares>,
}

fn explained<'a>(report: &Report<'a>) -> impl Iterator<Item = Explained<'a>> {
    let named = report.model.workloads.iter().zip(&report.outcome.workloads);
    named
        .filter_map(move |(workload, found)| {
            let answered = shares(report, &found.why);
            let mean_s = answered.as_ref().map_or(0.0, |it| it.mean_s);
            let is_partial = workloads::failed(found).is_some();
            let failed = is_partial.then(|| shares(report, &of_the_mean(&found.why_failed))).flatten();
            let failed = failed.filter(|it| it.mean_s >= mean_s);
            let is_told = answered.is_some() || failed.is_some();
            is_told.then_some(Explained { name: &workload.name, answered, is_partial, failed })
        })
        .take(EXPLAINED)
}

fn shares(report: &Report<'_>, why: &Why) -> Option<Shares> {
    let model = report.model;
    let service = |part: &WhyPart| part.service.map(|id| model.services.as_slice()[id.index()].name.as_str());
    let mut shares = Shares::of(why, service)?;
    let behind = crate::culprit::behind_waits(why, model, report.outcome);
    shares.behind = behind.and_then(|behind| Shares::of(&behind, service)).map(Box::new);
    Some(shares)
}

/// What fails has no tail that matters: all of it counts.
fn of_the_mean(why: &Why) -> Why {
    let parts = why.parts.iter().map(|part| WhyPart { tail_ns: part.mean_ns, ..*part }).collect();
    Why { parts, ..*why }
}

/// The parts of one workload's time, the largest of the tail first.
pub(super) struct Shares {
    sampled: u64,
    mean_s: f64,
    tail_s: f64,
    pub(super) parts: Vec<Part>,
    /// What is behind waits for workers and attempts given up.
    behind: Option<Box<Shares>>,
}

pub(super) struct Part {
    /// [`USERS`] for the way between the users and the first service.
    pub(super) service: String,
    /// What the time was spent on, apart from the service.
    pub(super) cause: &'static str,
    /// Both.
    pub(super) words: String,
    mean_s: f64,
    mean_share: f64,
    tail_s: f64,
    pub(super) tail_share: f64,
}

/// No service can be called so: names have no spaces.
pub(super) const USERS: &str = "the users' side";

impl Shares {
    /// Nothing when there is no sample or it took no time.
    pub(super) fn of<'a>(why: &Why, service: impl Fn(&WhyPart) -> Option<&'a str>) -> Option<Shares> {
        let mean_ns: f64 = why.parts.iter().map(|part| part.mean_ns).sum();
        let tail_ns: f64 = why.parts.iter().map(|part| part.tail_ns).sum();
        if why.sampled == 0 || mean_ns <= 0.0 || tail_ns <= 0.0 {
            return None;
        }
        let mut parts: Vec<Part> = why
            .parts
            .iter()
            .map(|part| Part {
                service: service(part).unwrap_or(USERS).to_owned(),
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
        let (mean_s, tail_s) = (mean_ns / 1e9, tail_ns / 1e9);
        Some(Shares { sampled: why.sampled, mean_s, tail_s, parts, behind: None })
    }

    /// The share of the tail that has something behind it.
    fn waits_in_turn(&self) -> f64 {
        let in_turn = [Cause::Worker, Cause::Timeout].map(short_words);
        let waits = self.parts.iter().filter(|part| in_turn.contains(&part.cause));
        waits.map(|part| part.tail_share).sum()
    }
}

/// The parts of one cause, or of one service, together.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) mean_share: f64,
    pub(super) tail_share: f64,
    pub(super) n_parts: usize,
}

impl Shares {
    pub(super) fn by_cause(&self) -> Vec<Group<'_>> {
        self.grouped(|part| part.cause)
    }

    pub(super) fn by_service(&self) -> Vec<Group<'_>> {
        self.grouped(|part| &part.service)
    }

    /// The largest of the tail first.
    fn grouped<'a>(&'a self, name: impl Fn(&'a Part) -> &'a str) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<&str, Group<'a>> = BTreeMap::new();
        for part in &self.parts {
            let name = name(part);
            let group =
                groups.entry(name).or_insert(Group { name, mean_share: 0.0, tail_share: 0.0, n_parts: 0 });
            group.mean_share += part.mean_share;
            group.tail_share += part.tail_share;
            group.n_parts += 1;
        }
        let mut groups: Vec<Group<'a>> = groups.into_values().collect();
        groups.sort_by(|a, b| b.tail_share.total_cmp(&a.tail_share));
        groups
    }
}

impl Part {
    fn is_seen(&self) -> bool {
        self.tail_share.max(self.mean_share) >= WORTH_A_ROW
    }
}

fn section(workload: &str, shares: &Shares) -> String {
    let title = format!("where the time of {workload} goes");
    let mut text = format!(
        "{} {}\n",
        Tone::Bold.paint(&title),
        Tone::Dim.paint(&format!("(the critical paths of {} answered requests)", count(shares.sampled)))
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
    text.push_str(&groups_line("by cause", &shares.by_cause()));
    text.push_str(&groups_line("by service", &shares.by_service()));
    text
}

/// «by cause: waiting for a core 44.1% (30.2%), work 38.2% (46.1%)», of the tail and, in brackets, of the mean.
fn groups_line(title: &str, groups: &[Group<'_>]) -> String {
    if groups.len() < 2 {
        return String::new();
    }
    let figures = |it: &Group<'_>| format!("{} {} ({})", it.name, share(it.tail_share), share(it.mean_share));
    let mut line = format!("{title}, tail (mean): ");
    let mut separator = "";
    for group in groups {
        let figures = figures(group);
        if line.chars().count() + separator.len() + figures.chars().count() > WIDTH - 3 {
            line.push_str(", …");
            break;
        }
        line.push_str(separator);
        line.push_str(&figures);
        separator = ", ";
    }
    Tone::Dim.paint(&line) + "\n"
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
        Cause::Lock => "waiting for a lock",
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
        (Cause::Lock, _) => format!("waiting for a lock of {to}"),
        (Cause::Connection, _) => format!("waiting for a connection to {to}"),
        (Cause::Work, _) => format!("work of {to}"),
        (Cause::Wait, _) => format!("wait steps of {to}"),
        (Cause::Timeout, _) => format!("attempts at {to} that were given up"),
        (Cause::Backoff, _) => format!("pauses before trying {to} again"),
    }
}

//! The verdict in a few lines: what became of it, what keeps it going, how little it takes.

use tarsier_model::Model;

use crate::number::{count, duration, rate, share, three};
use crate::style::Tone;
use crate::verdict::{Attempts, Beside, Edge, Goodput, Smallest, Verdict, VerdictKind, Work};
use crate::words;

/// For what is listed on a line.
const ROOM: usize = 72;
/// Growth by less than this share is none, and less work in vain than this share is nothing to speak of.
const WORTH_NAMING: f64 = 0.05;

pub(super) fn section(model: &Model, verdict: &Verdict) -> String {
    let (sign, tone) = match verdict.kind {
        VerdictKind::Holds | VerdictKind::Recovered => ("✓", Tone::Good),
        VerdictKind::Unclear => ("?", Tone::Warm),
        VerdictKind::Recovering | VerdictKind::Degraded => ("!", Tone::Warm),
        VerdictKind::Metastable => ("✗", Tone::Bad),
    };
    let headline = format!("{sign} {}: {}", verdict.kind.word(), sentence(verdict));
    let is_bad = verdict.kind >= VerdictKind::Recovering;
    let lines = [
        ("attempts", is_bad.then(|| tried(verdict)).flatten()),
        ("work", is_bad.then(|| asked(verdict)).flatten()),
        ("in vain", is_bad.then(|| in_vain(verdict)).flatten()),
        ("objectives", objectives(verdict)),
        ("smallest", verdict.smallest.as_ref().map(|it| smallest(model, it))),
        ("load", verdict.smallest.as_ref().map(load)),
        ("runs", (verdict.runs.iter().map(|(_, n)| n).sum::<u64>() > 1).then(|| runs(verdict))),
    ];
    let mut text = tone.paint(&headline);
    text.push('\n');
    for (title, line) in lines {
        let Some(line) = line else { continue };
        text.push_str(&format!("  {}  {line}\n", Tone::Dim.paint(&format!("{title:<10}"))));
    }
    text
}

fn sentence(verdict: &Verdict) -> String {
    let (begins_s, ends_s) = verdict.trigger_s;
    let since = match ends_s {
        Some(ends_s) => format!("{} after the trigger", duration(verdict.watched_s - ends_s)),
        None => format!("{} into the trigger", duration(verdict.watched_s - begins_s)),
    };
    let worst = worst(verdict).map(level).unwrap_or_default() + &others(verdict);
    match verdict.kind {
        VerdictKind::Holds => "goodput and p99 of users stayed near those without the trigger".to_owned(),
        VerdictKind::Recovered => {
            let after = duration(verdict.recovered_after_s.unwrap_or(0.0));
            let lost: i64 = verdict.workloads.iter().map(|it| it.lost.max(0)).sum();
            let lost =
                if lost > 0 { format!("; {} requests were lost", count(lost as u64)) } else { String::new() };
            format!("{after} after the trigger all was as good as without it{lost}")
        }
        VerdictKind::Unclear => unclear(verdict).to_owned(),
        VerdictKind::Recovering => {
            let drains = verdict.drains_in_s.map(|it| format!("; what waits drains in {}", duration(it)));
            format!("{since} {worst}{}", drains.unwrap_or_default())
        }
        VerdictKind::Degraded | VerdictKind::Metastable => format!("{since} {worst}"),
    }
}

fn unclear(verdict: &Verdict) -> &'static str {
    let completed: f64 = verdict.workloads.iter().map(|it| it.completed_per_s.twin).sum();
    let attempted: f64 = verdict.edges.iter().take(verdict.workloads.len()).map(|it| it.per_s.twin).sum();
    if completed < 0.5 * attempted {
        "without the trigger users get next to nothing either"
    } else {
        "there are too few requests to tell"
    }
}

/// The workload that lacks most of what it would get; where none does, the one that is slower by most.
fn worst(verdict: &Verdict) -> Option<&Goodput> {
    let badness = |it: &Goodput| {
        let [run, twin] = it.p99_s.map(|p99_s| p99_s.unwrap_or(0.0));
        (kept(it.completed_per_s).min(1.0 - WORTH_NAMING), if run > 0.0 { twin / run } else { 0.0 })
    };
    verdict.workloads.iter().min_by(|a, b| badness(a).partial_cmp(&badness(b)).expect("no figure is missing"))
}

/// « (2 workloads get less)».
fn others(verdict: &Verdict) -> String {
    let lacks = |it: &&Goodput| kept(it.completed_per_s) < 1.0 - WORTH_NAMING;
    match verdict.workloads.iter().filter(lacks).count() {
        0 | 1 => String::new(),
        n => format!(" ({n} workloads get less)"),
    }
}

fn kept(completed: Beside) -> f64 {
    if completed.twin > 0.0 { completed.run / completed.twin } else { 1.0 }
}

/// «users complete 0/s, 271/s without it».
fn level(it: &Goodput) -> String {
    let name = &it.workload;
    let Beside { run, twin } = it.completed_per_s;
    let [slow, usual] = it.p99_s.map(|p99_s| p99_s.map_or_else(|| "-".to_owned(), duration));
    if kept(it.completed_per_s) < 1.0 - WORTH_NAMING {
        format!("{name} complete {}, {} without it", rate(run), rate(twin))
    } else {
        format!("the p99 of {name} is {slow}, {usual} without it")
    }
}

/// Where more is tried than without the trigger, and what fails there.
fn tried(verdict: &Verdict) -> Option<String> {
    let mut grown: Vec<&Attempts> = verdict.edges.iter().filter(|it| has_grown(it.per_request)).collect();
    let extra = |it: &Attempts| it.per_s.run * (1.0 - it.per_request.twin / it.per_request.run);
    grown.sort_by(|a, b| extra(b).total_cmp(&extra(a)));
    list(grown.iter().map(|it| {
        let Beside { run, twin } = it.per_request;
        format!("{} {} a request ({} without){}", it.label, three(run), three(twin), fails(it))
    }))
}

/// «, all time out».
fn fails(it: &Attempts) -> String {
    let ways = [
        (it.timeouts.run, "time out"),
        (it.refused.run, "are refused"),
        (it.failed.run, "fail"),
        (it.rejected.run, "are not let out"),
    ];
    let part = |part: f64| if part >= 0.995 { "all".to_owned() } else { share(part) };
    let told = ways.iter().filter(|(share, _)| *share >= WORTH_NAMING);
    told.map(|(share, how)| format!(", {} {how}", part(*share))).collect()
}

/// Which services are asked more than without the trigger, if that is more than one: the attempts tell of one.
fn asked(verdict: &Verdict) -> Option<String> {
    let mut grown: Vec<&Work> = verdict.services.iter().filter(|it| has_grown(it.per_request)).collect();
    if grown.len() < 2 {
        return None;
    }
    let growth = |it: &Work| it.per_request.run / it.per_request.twin;
    grown.sort_by(|a, b| growth(b).total_cmp(&growth(a)));
    list(grown.iter().map(|it| format!("{} is asked {} times as often", it.service, three(growth(it)))))
}

fn has_grown(it: Beside) -> bool {
    it.twin > 0.0 && it.run > it.twin * (1.0 + WORTH_NAMING)
}

fn in_vain(verdict: &Verdict) -> Option<String> {
    let wasted = verdict.services.iter().filter(|it| it.unproductive.run >= WORTH_NAMING);
    let mut wasted: Vec<&Work> = wasted.collect();
    wasted.sort_by(|a, b| b.unproductive.run.total_cmp(&a.unproductive.run));
    let parts =
        wasted.iter().map(|it| format!("{} of the work of {}", share(it.unproductive.run), it.service));
    list(parts).map(|list| format!("{list}, which nobody waits for any more"))
}

/// As many as there is room for, at least one, and how many more.
fn list(all: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let n = all.len();
    let mut text = String::new();
    for (at, part) in all.enumerate() {
        if at > 0 && text.chars().count() + part.chars().count() > ROOM {
            text.push_str(&format!("; and {} more", n - at));
            break;
        }
        text.push_str(if at > 0 { "; " } else { "" });
        text.push_str(&part);
    }
    (n > 0).then_some(text)
}

fn objectives(verdict: &Verdict) -> Option<String> {
    let kept = |side: usize| verdict.slos.iter().filter(|both| both[side].holds).count();
    let all = verdict.slos.len();
    (all > 0).then(|| format!("{} of {all} kept, {} without the trigger", kept(0), kept(1)))
}

/// «a length of 1.15 s tips it, 1.05 s does not; at full length: slow db by 1.54».
fn smallest(model: &Model, it: &Smallest) -> String {
    let length = turn(it.length, |size| duration(size * it.length_s), "a length of ");
    let weakest: Vec<String> = it.weakest.iter().map(|trouble| words::trouble(model, trouble)).collect();
    let weakest = (!weakest.is_empty()).then(|| format!("; at full length: {}", weakest.join(", ")));
    length + &weakest.unwrap_or_default()
}

fn turn(edge: Edge, show: impl Fn(f64) -> String, what: &str) -> String {
    match (edge.holds, edge.tips) {
        (Some(holds), Some(tips)) => format!("{what}{} tips it, {} does not", show(tips), show(holds)),
        (Some(holds), None) => format!("not even {what}{} tips it", show(holds)),
        (None, Some(tips)) => format!("even {what}{} tips it", show(tips)),
        (None, None) => String::new(),
    }
}

fn load(it: &Smallest) -> String {
    let show = |size: f64| if it.load_per_s > 0.0 { rate(size * it.load_per_s) } else { share(size) };
    let safe = it.safe.map(|size| format!("below {} no trigger can tip it; ", show(size)));
    format!("{}with this one {}", safe.unwrap_or_default(), turn(it.load, show, ""))
}

fn runs(verdict: &Verdict) -> String {
    let all: u64 = verdict.runs.iter().map(|(_, n)| n).sum();
    let kinds = verdict.runs.iter().rev().map(|(kind, n)| format!("{} {}", count(*n), kind.word()));
    format!("of {all}: {}", kinds.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::fixture;

    #[track_caller]
    fn check(verdict: &Verdict, expected: &str) {
        let mut text = section(&fixture::model(), verdict);
        for code in ["0", "1", "2", "31", "32", "33"] {
            text = text.replace(&format!("\x1b[{code}m"), "");
        }
        assert_eq!(text, expected);
    }

    #[test]
    fn a_storm_that_keeps_itself_going() {
        check(
            &fixture::verdict(),
            "\
✗ metastable: 60.0 s after the trigger users complete 10.0/s, 100/s without it
  attempts    users -> web/home 2.00 a request (1.00 without), 90.0% time out
  work        db is asked 4.00 times as often; web is asked 2.00 times as often
  in vain     75.0% of the work of db; 50.0% of the work of web, which nobody waits for any more
  objectives  1 of 2 kept, 2 without the trigger
  smallest    a length of 1.30 s tips it, 1.25 s does not; at full length: slow db by 1.54
  load        below 50.0/s no trigger can tip it; with this one 55.0/s tips it, 50.0/s does not
  runs        of 3: 2 metastable, 1 recovered
",
        );
    }

    fn plain(kind: VerdictKind) -> Verdict {
        Verdict { kind, slos: Vec::new(), smallest: None, runs: vec![(kind, 1)], ..fixture::verdict() }
    }

    #[test]
    fn what_went_well_is_short() {
        let verdict = Verdict { recovered_after_s: Some(12.5), ..plain(VerdictKind::Recovered) };
        check(
            &verdict,
            "✓ recovered: 12.5 s after the trigger all was as good as without it; 5400 requests were lost\n",
        );
        check(
            &plain(VerdictKind::Holds),
            "✓ holds: goodput and p99 of users stayed near those without the trigger\n",
        );
        let mut unclear = plain(VerdictKind::Unclear);
        check(&unclear, "? unclear: there are too few requests to tell\n");
        unclear.workloads[0].completed_per_s.twin = 1.0;
        check(&unclear, "? unclear: without the trigger users get next to nothing either\n");
    }

    #[test]
    fn latency_alone_is_told_as_such() {
        let mut verdict = plain(VerdictKind::Degraded);
        verdict.workloads[0].completed_per_s.run = 99.0;
        (verdict.edges, verdict.services) = (Vec::new(), Vec::new());
        check(
            &verdict,
            "! degraded: 60.0 s after the trigger the p99 of users is 900 ms, 50.0 ms without it\n",
        );
        verdict.trigger_s.1 = None;
        check(
            &verdict,
            "! degraded: 70.0 s into the trigger the p99 of users is 900 ms, 50.0 ms without it\n",
        );
    }

    #[test]
    fn what_still_drains_says_for_how_long() {
        let mut verdict = Verdict { drains_in_s: Some(300.0), ..plain(VerdictKind::Recovering) };
        (verdict.edges, verdict.services) = (Vec::new(), Vec::new());
        check(
            &verdict,
            "! recovering: 60.0 s after the trigger users complete 10.0/s, 100/s without it; what waits drains in 300 s\n",
        );
    }

    #[test]
    fn of_many_as_many_are_named_as_fit() {
        let of = |parts: &[&str]| list(parts.iter().map(|part| (*part).to_owned()));
        assert_eq!(of(&["a", "b", "c"]).as_deref(), Some("a; b; c"));
        let long = "x".repeat(ROOM);
        assert_eq!(of(&[&long, "b", "c"]), Some(format!("{long}; and 2 more")));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn several_workloads_are_counted() {
        let mut verdict = plain(VerdictKind::Metastable);
        (verdict.edges, verdict.services) = (Vec::new(), Vec::new());
        let mut other = verdict.workloads[0].clone();
        (other.workload, other.completed_per_s.run) = ("others".to_owned(), 50.0);
        verdict.workloads.push(other);
        check(
            &verdict,
            "✗ metastable: 60.0 s after the trigger users complete 10.0/s, 100/s without it (2 workloads get less)\n",
        );
    }
}

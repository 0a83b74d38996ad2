//! The verdict in a few lines: what became of it, what keeps it going, how little it takes.

use crate::number::{count, duration, rate, share, three};
use crate::style::Tone;
use crate::verdict::{Attempts, Beside, Edge, Goodput, Smallest, Verdict, VerdictKind, Work};

/// Of a kind, so many are named.
const SHOWN: usize = 3;
/// Growth by less than this share is none, and less work in vain than this share is nothing to speak of.
const WORTH_NAMING: f64 = 0.05;

pub(super) fn section(verdict: &Verdict) -> String {
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
        ("smallest", verdict.smallest.as_ref().map(smallest)),
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
    let worst = worst(verdict).map(level).unwrap_or_default();
    match verdict.kind {
        VerdictKind::Holds => "users were never worse off than without the trigger".to_owned(),
        VerdictKind::Recovered => {
            let after = duration(verdict.recovered_after_s.unwrap_or(0.0));
            let lost: i64 = verdict.workloads.iter().map(|it| it.lost.max(0)).sum();
            let lost =
                if lost > 0 { format!("; {} requests were lost", count(lost as u64)) } else { String::new() };
            format!("{after} after the trigger all was as good as without it{lost}")
        }
        VerdictKind::Unclear => "there are too few requests to tell".to_owned(),
        VerdictKind::Recovering => {
            let drains = verdict.drains_in_s.map(|it| format!("; what waits drains in {}", duration(it)));
            format!("{since} {worst}{}", drains.unwrap_or_default())
        }
        VerdictKind::Degraded | VerdictKind::Metastable => format!("{since} {worst}"),
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
    let name = |it: &&Attempts| {
        let Beside { run, twin } = it.per_request;
        format!("{} {} a request ({} without){}", it.label, three(run), three(twin), fails(it))
    };
    list(&grown, name)
}

/// «, all of them time out».
fn fails(it: &Attempts) -> String {
    let ways = [(it.timeouts.run, "time out"), (it.refused.run, "are refused"), (it.failed.run, "fail")];
    let told = ways.iter().filter(|(part, _)| *part >= WORTH_NAMING);
    told.map(|(part, how)| {
        format!(", {} {how}", if *part >= 0.995 { "all".to_owned() } else { share(*part) })
    })
    .collect()
}

/// Which services are asked more than without the trigger, if that is more than one: the attempts tell of one.
fn asked(verdict: &Verdict) -> Option<String> {
    let mut grown: Vec<&Work> = verdict.services.iter().filter(|it| has_grown(it.per_request)).collect();
    let growth = |it: &Work| it.per_request.run / it.per_request.twin;
    grown.sort_by(|a, b| growth(b).total_cmp(&growth(a)));
    if grown.len() < 2 {
        return None;
    }
    let name = |it: &&Work| {
        format!(
            "{} {} visits a request ({} without)",
            it.service,
            three(it.per_request.run),
            three(it.per_request.twin)
        )
    };
    list(&grown, name)
}

fn has_grown(it: Beside) -> bool {
    it.twin > 0.0 && it.run > it.twin * (1.0 + WORTH_NAMING)
}

fn in_vain(verdict: &Verdict) -> Option<String> {
    let mut wasted: Vec<&Work> =
        verdict.services.iter().filter(|it| it.unproductive.run >= WORTH_NAMING).collect();
    wasted.sort_by(|a, b| b.unproductive.run.total_cmp(&a.unproductive.run));
    let name = |it: &&Work| format!("{} of the work of {}", share(it.unproductive.run), it.service);
    list(&wasted, name).map(|list| format!("{list}: nobody waits for it any more"))
}

/// The first few, and how many more.
fn list<T>(all: &[T], name: impl Fn(&T) -> String) -> Option<String> {
    let (shown, left_out) = all.split_at(all.len().min(SHOWN));
    let mut text = shown.iter().map(name).collect::<Vec<_>>().join("; ");
    if !left_out.is_empty() {
        text.push_str(&format!("; and {} more", left_out.len()));
    }
    (!text.is_empty()).then_some(text)
}

fn objectives(verdict: &Verdict) -> Option<String> {
    let kept = |side: usize| verdict.slos.iter().filter(|both| both[side].holds).count();
    let all = verdict.slos.len();
    (all > 0).then(|| format!("{} of {all} kept, {} without the trigger", kept(0), kept(1)))
}

/// «a length of 1.15 s tips it, 1.05 s does not; …».
fn smallest(it: &Smallest) -> String {
    let length = turn(it.length, |size| duration(size * it.length_s), "a length of ");
    let strength = it.strength.map(|edge| turn(edge, share, "a strength of "));
    format!("{length}{}", strength.map(|it| format!("; {it}")).unwrap_or_default())
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
        let mut text = section(verdict);
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
  work        db 4.00 visits a request (1.00 without); web 2.00 visits a request (1.00 without)
  in vain     75.0% of the work of db; 50.0% of the work of web: nobody waits for it any more
  objectives  1 of 2 kept, 2 without the trigger
  smallest    a length of 1.30 s tips it, 1.25 s does not; even a strength of 25.0% tips it
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
        check(&plain(VerdictKind::Holds), "✓ holds: users were never worse off than without the trigger\n");
        check(&plain(VerdictKind::Unclear), "? unclear: there are too few requests to tell\n");
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
    fn of_many_the_first_few_are_named() {
        let all = [1, 2, 3, 4, 5];
        assert_eq!(list(&all, |n| n.to_string()).as_deref(), Some("1; 2; 3; and 2 more"));
        assert_eq!(list(&all[..0], |n| n.to_string()), None);
    }
}

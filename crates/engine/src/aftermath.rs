//! What each fault of a scenario did to the users: when it was felt, when it was over, what it cost.
//!
//! The seconds before a fault, those troubled by others left out (a fault that came too early to judge is taken to trouble while it
//! lasts and five seconds more), say what is usual. A second is out of the ordinary when fewer requests
//! complete than 90% of the mean, when more fail than the mean and 1% of all (both with four standard
//! deviations of a Poisson count for chance), or when the 99th percentile is half as long again as the
//! longest before. It is asked of each workload that the fault can reach; one that is out of the ordinary suffices.
//!
//! A fault is detected when protection first acts on what it struck, or at the end of the first second
//! out of the ordinary. It is over with the second from which on all are ordinary until the run ends
//! or another fault begins; a lone second in ten is forgiven, for chance. What failed until then in
//! excess of the mean is lost, where chance alone would not have it (again four standard deviations).

use std::collections::VecDeque;

use tarsier_model::{Scenario, SealedModel, Service, ServiceId, Setting, Trouble, Workload};
use tarsier_units::{Id, NANOS_PER_SECOND};

use crate::outcome::{FaultOutcome, SecondRow, SeriesSubject};
use crate::timeline::{Event, EventKind, EventSubject, Reason};

/// So many seconds say what is usual; with fewer than a few nothing can be said.
const USUAL: usize = 30;
const FEWEST: usize = 3;
/// It is not over before so many ordinary seconds.
const CALM: u64 = 5;
/// One bad second in so many is chance.
const FORGIVEN: u64 = 10;

/// A second of one workload.
#[derive(Clone, Copy)]
pub(crate) struct Second {
    completed: f64,
    errors: f64,
    p99_s: Option<f64>,
}

/// What is usual for one workload.
#[derive(Clone, Copy)]
struct Usual {
    errors: f64,
    least_completed: f64,
    most_errors: f64,
    longest_s: f64,
}

impl Usual {
    fn of(seconds: &[Second]) -> Usual {
        let n = seconds.len() as f64;
        let completed = seconds.iter().map(|second| second.completed).sum::<f64>() / n;
        let errors = seconds.iter().map(|second| second.errors).sum::<f64>() / n;
        let longest = seconds.iter().filter_map(|second| second.p99_s).fold(0.0, f64::max);
        Usual {
            errors,
            least_completed: 0.9 * completed - 4.0 * completed.sqrt(),
            most_errors: errors + 0.01 * (completed + errors) + 4.0 * errors.sqrt(),
            longest_s: 1.5 * longest,
        }
    }

    fn has(&self, second: &Second) -> bool {
        second.completed >= self.least_completed
            && second.errors <= self.most_errors
            && second.p99_s.is_none_or(|p99| p99 <= self.longest_s)
    }
}

struct Case {
    happening: u32,
    at_ns: u64,
    until_ns: Option<u64>,
    /// Which workloads it can reach.
    reaches: Vec<bool>,
    /// By workload; empty while nothing is known.
    usual: Vec<Usual>,
    /// Seconds that said so.
    n_usual: usize,
    detected_s: Option<u64>,
    calm_since: Option<u64>,
    last_bad: Option<u64>,
    /// Failed in excess in so many seconds so far, and until it was calm.
    excess: f64,
    n_seconds: f64,
    lost: f64,
    is_settled: bool,
}

impl Case {
    /// The first second after its end (or its begin, if it has none).
    fn aftermath_s(&self) -> u64 {
        self.until_ns.unwrap_or(self.at_ns).div_ceil(NANOS_PER_SECOND)
    }

    fn take_in(&mut self, number: u64, second: &[Second]) {
        if self.is_settled || self.usual.is_empty() {
            return;
        }
        let all = self.usual.iter().zip(second).zip(&self.reaches);
        let reached = all.filter_map(|(pair, is_reached)| is_reached.then_some(pair));
        let is_usual = reached.clone().all(|(usual, second)| usual.has(second));
        let excess = reached.map(|(usual, it)| it.errors - usual.errors).sum::<f64>();
        let is_over = self.calm_since.is_some_and(|since| number >= since + CALM);
        if !is_usual && !is_over && self.detected_s.is_none() {
            self.detected_s = Some(number + 1);
        }
        if number >= self.aftermath_s() {
            self.judge(number, is_usual);
        }
        self.excess += excess;
        self.n_seconds += 1.0;
    }

    /// The excess, unless it is chance. In n seconds the errors of Poisson's law, m a second, vary by n m, and what n
    /// times their mean over u seconds promises by n² m / u.
    fn beyond_chance(&self) -> f64 {
        let all = self.usual.iter().zip(&self.reaches);
        let mean: f64 = all.filter_map(|(usual, is_reached)| is_reached.then_some(usual.errors)).sum();
        let variance = self.n_seconds * mean * (1.0 + self.n_seconds / self.n_usual as f64);
        if self.excess > 4.0 * variance.sqrt() { self.excess } else { 0.0 }
    }

    /// Whether a second since its begin is out of the ordinary because of it; where it is not known what is ordinary, its
    /// own seconds and a few after them are not.
    fn troubles(&self, number: u64) -> bool {
        if self.usual.is_empty() { number < self.aftermath_s() + CALM } else { self.calm_since.is_none() }
    }

    fn judge(&mut self, number: u64, is_usual: bool) {
        if is_usual {
            if self.calm_since.is_none() {
                (self.calm_since, self.lost) = (Some(number), self.beyond_chance());
            }
            return;
        }
        let is_lone = self.last_bad.is_none_or(|last| number - last >= FORGIVEN);
        if !is_lone || self.calm_since.is_none_or(|since| number - since < CALM) {
            self.calm_since = None;
        }
        self.last_bad = Some(number);
    }
}

/// Looks on, second by second.
pub(crate) struct Aftermath {
    cases: Vec<Case>,
    /// The last seconds in which no fault was felt.
    untroubled: VecDeque<Vec<Second>>,
    /// The second that is being told.
    number: u64,
    second: Vec<Second>,
    n_workloads: usize,
    counted_ns: u64,
}

impl Aftermath {
    /// `spans` are begin and end of each happening, from the end of the warm-up; `reaches` the workloads each can
    /// reach.
    pub(crate) fn new(
        spans: &[(u64, Option<u64>)],
        reaches: &[Vec<bool>],
        n_workloads: usize,
        counted_ns: u64,
    ) -> Aftermath {
        let case = |(number, (at_ns, until_ns)): (usize, &(u64, Option<u64>))| Case {
            reaches: reaches[number].clone(),
            happening: number as u32,
            at_ns: *at_ns,
            until_ns: *until_ns,
            usual: Vec::new(),
            n_usual: 0,
            detected_s: None,
            calm_since: None,
            last_bad: None,
            excess: 0.0,
            n_seconds: 0.0,
            lost: 0.0,
            is_settled: false,
        };
        Aftermath {
            cases: spans.iter().enumerate().map(case).collect(),
            untroubled: VecDeque::new(),
            number: 0,
            second: Vec::new(),
            n_workloads,
            counted_ns,
        }
    }

    /// The second of the next workload: they come in order.
    fn see(&mut self, number: u64, second: Second) {
        let is_whole = (number + 1) * NANOS_PER_SECOND <= self.counted_ns;
        if !is_whole {
            return;
        }
        self.number = number;
        self.second.push(second);
        if self.second.len() == self.n_workloads {
            let second = std::mem::take(&mut self.second);
            self.take_in(second);
        }
    }

    fn take_in(&mut self, second: Vec<Second>) {
        let number = self.number;
        let begins = |case: &Case| case.at_ns / NANOS_PER_SECOND == number;
        if self.cases.iter().any(begins) {
            self.begin(number);
        }
        let begun = self.cases.iter_mut().filter(|case| case.at_ns / NANOS_PER_SECOND <= number);
        begun.for_each(|case| case.take_in(number, &second));
        let is_troubled = |case: &Case| case.at_ns / NANOS_PER_SECOND <= number && case.troubles(number);
        if !self.cases.iter().any(is_troubled) {
            self.untroubled.push_back(second);
        }
        if self.untroubled.len() > USUAL {
            self.untroubled.pop_front();
        }
    }

    /// Faults begin: those before them that are over are so for good.
    fn begin(&mut self, number: u64) {
        for case in self.cases.iter_mut().filter(|case| case.at_ns / NANOS_PER_SECOND < number) {
            case.is_settled |= case.calm_since.is_some_and(|since| number - since >= CALM);
        }
        let usual = self.usual();
        for case in self.cases.iter_mut().filter(|case| case.at_ns / NANOS_PER_SECOND == number) {
            case.usual.clone_from(&usual);
            case.n_usual = self.untroubled.len();
        }
    }

    fn usual(&self) -> Vec<Usual> {
        if self.untroubled.len() < FEWEST {
            return Vec::new();
        }
        let of =
            |workload: usize| -> Vec<Second> { self.untroubled.iter().map(|all| all[workload]).collect() };
        (0..self.n_workloads).map(|workload| Usual::of(&of(workload))).collect()
    }

    fn outcomes(&self, model: &SealedModel, scenario: &Scenario, timeline: &[Event]) -> Vec<FaultOutcome> {
        self.cases
            .iter()
            .zip(&scenario.happenings)
            .map(|(case, happening)| self.outcome(case, model, &happening.trouble, timeline))
            .collect()
    }

    fn outcome(
        &self,
        case: &Case,
        model: &SealedModel,
        trouble: &Trouble,
        timeline: &[Event],
    ) -> FaultOutcome {
        let lasts = |since: u64| case.is_settled || self.number + 1 >= since + CALM;
        let calm = case.calm_since.filter(|since| lasts(*since));
        let over = case.until_ns.unwrap_or(case.at_ns);
        let recovered_ns =
            calm.map(|since| if since == case.aftermath_s() { over } else { since * NANOS_PER_SECOND });
        let struck = struck(trouble);
        let until = recovered_ns.unwrap_or(u64::MAX).max(over);
        let acted = timeline.iter().find_map(|event| {
            let time = u64::try_from(event.time_ns).ok()?;
            let in_time = (case.at_ns..=until).contains(&time);
            let is_reaction = protects(event.kind) && event.reason != Reason::Scenario;
            (in_time && is_reaction && is_about(model, event.subject, &struck)).then_some(time)
        });
        let felt = case.detected_s.map(|second| second * NANOS_PER_SECOND);
        let lost = if calm.is_some() { case.lost } else { case.beyond_chance() };
        FaultOutcome {
            happening: case.happening,
            at_ns: case.at_ns,
            until_ns: case.until_ns,
            detected_ns: acted.into_iter().chain(felt).min(),
            recovered_ns,
            lost: (!case.usual.is_empty()).then(|| lost.round().max(0.0) as u64),
        }
    }
}

/// Judges faults as the seconds go by, or, where it is not known beforehand what will happen, when it is asked.
pub(crate) enum Judge {
    AsItGoes(Aftermath),
    /// Which second, and how it was for the next workload.
    WhenAsked(Vec<(u64, Second)>),
}

impl Judge {
    pub(crate) fn see(&mut self, row: &SecondRow) {
        if !matches!(row.subject, SeriesSubject::Workload(_)) {
            return;
        }
        let (completed, errors) = (row.completed as f64, row.errors as f64);
        let second = Second { completed, errors, p99_s: row.latency_p99_s };
        match self {
            Judge::AsItGoes(aftermath) => aftermath.see(row.second, second),
            Judge::WhenAsked(seconds) => seconds.push((row.second, second)),
        }
    }

    /// `anew` makes an aftermath that has seen nothing.
    pub(crate) fn outcomes(
        &self,
        model: &SealedModel,
        scenario: &Scenario,
        timeline: &[Event],
        anew: impl FnOnce() -> Aftermath,
    ) -> Vec<FaultOutcome> {
        match self {
            Judge::AsItGoes(aftermath) => aftermath.outcomes(model, scenario, timeline),
            Judge::WhenAsked(seconds) => {
                let mut aftermath = anew();
                seconds.iter().for_each(|(number, second)| aftermath.see(*number, *second));
                aftermath.outcomes(model, scenario, timeline)
            }
        }
    }
}

/// The workloads that each happening of a scenario can reach: those that lead to what it strikes, those that
/// share a service with these, and so on.
pub(crate) fn reaches(model: &SealedModel, scenario: Option<&Scenario>) -> Vec<Vec<bool>> {
    let happenings = scenario.map_or(&[][..], |scenario| &scenario.happenings);
    let used: Vec<Vec<bool>> = model.workloads.iter().map(|workload| used_by(model, workload)).collect();
    happenings.iter().map(|happening| reached_by(&happening.trouble, model, &used)).collect()
}

/// For each service, whether requests of this workload come there.
fn used_by(model: &SealedModel, workload: &Workload) -> Vec<bool> {
    let reached = model.reached(workload.mix.iter().map(|(_, to)| *to));
    let is_used = |service: &Service| service.endpoint_ids().any(|endpoint| reached[endpoint.index()]);
    model.services.iter().map(is_used).collect()
}

fn reached_by(trouble: &Trouble, model: &SealedModel, used: &[Vec<bool>]) -> Vec<bool> {
    let mut services = vec![false; model.services.len()];
    match trouble {
        Trouble::Load { workload: Some(workload), .. } => services.clone_from(&used[workload.index()]),
        Trouble::Set(setting) if let Setting::Users { workload, .. } = &**setting => {
            services.clone_from(&used[workload.index()]);
        }
        _ => struck(trouble).iter().for_each(|service| services[service.index()] = true),
    }
    if !services.contains(&true) {
        return vec![true; used.len()];
    }
    let mut reached = vec![false; used.len()];
    let meets = |services: &[bool], own: &[bool]| services.iter().zip(own).any(|(a, b)| *a && *b);
    while let Some(next) = (0..used.len()).find(|at| !reached[*at] && meets(&services, &used[*at])) {
        reached[next] = true;
        services.iter_mut().zip(&used[next]).for_each(|(service, is_used)| *service |= is_used);
    }
    reached
}

/// The services a fault strikes; none for what strikes places or links.
fn struck(trouble: &Trouble) -> Vec<ServiceId> {
    match trouble {
        Trouble::Pin(service) | Trouble::Freeze(service) | Trouble::Flush { service, .. } => vec![*service],
        Trouble::Set(setting) => match &**setting {
            Setting::Service { service, .. } | Setting::Calls { to: service, .. } => vec![*service],
            Setting::Users { .. } => Vec::new(),
        },
        _ => trouble.target().map(|target| target.service).into_iter().collect(),
    }
}

/// Whether somebody protects itself or others by this.
fn protects(kind: EventKind) -> bool {
    match kind {
        EventKind::BreakerOpened
        | EventKind::Ejected { .. }
        | EventKind::PanicBegan
        | EventKind::BudgetExhausted
        | EventKind::ThrottlingBegan
        | EventKind::SheddingBegan { .. }
        | EventKind::DroppingBegan
        | EventKind::Delisted => true,
        EventKind::LimitChanged { from, to } => to < from,
        EventKind::FaultOn { .. }
        | EventKind::FaultOff { .. }
        | EventKind::BreakerHalfOpen
        | EventKind::BreakerClosed
        | EventKind::Returned { .. }
        | EventKind::PanicEnded
        | EventKind::ThrottlingEnded
        | EventKind::SheddingEnded { .. }
        | EventKind::DroppingEnded
        | EventKind::Listed
        | EventKind::Forbidden { .. } => false,
    }
}

fn is_about(model: &SealedModel, subject: EventSubject, struck: &[ServiceId]) -> bool {
    let about = match subject {
        EventSubject::Service(service) | EventSubject::Instance { service, .. } => service,
        EventSubject::Call { to, .. } | EventSubject::Users { to, .. } => model.endpoints[to].service,
        _ => return struck.is_empty(),
    };
    struck.is_empty() || struck.contains(&about)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = NANOS_PER_SECOND;

    /// 100 seconds; `felt` says what a second is like that is not usual.
    fn judged(spans: &[(u64, Option<u64>)], felt: impl Fn(u64) -> Option<(f64, f64, f64)>) -> Vec<Case> {
        let spans: Vec<_> = spans.iter().map(|(at, until)| (at * S, until.map(|until| until * S))).collect();
        let mut aftermath = Aftermath::new(&spans, &vec![vec![true]; spans.len()], 1, 100 * S);
        for second in 0..100 {
            let (completed, errors, p99) = felt(second).unwrap_or((1_000.0, 1.0, 10.0));
            aftermath.see(second, Second { completed, errors, p99_s: Some(p99) });
        }
        aftermath.cases
    }

    #[test]
    fn a_fault_is_felt_and_gets_over() {
        let cases = judged(&[(40, Some(50))], |second| match second {
            42..55 => Some((800.0, 201.0, 10.0)),
            55..58 => Some((1_000.0, 1.0, 30.0)),
            _ => None,
        });
        assert_eq!(cases[0].detected_s, Some(43));
        assert_eq!(cases[0].calm_since, Some(58));
        assert_eq!(cases[0].lost.round(), 13.0 * 200.0);
    }

    #[test]
    fn what_is_never_felt_is_over_at_once() {
        let cases = judged(&[(40, Some(50))], |second| (second == 70).then_some((1_000.0, 30.0, 10.0)));
        // A lone bad second later is chance.
        assert_eq!((cases[0].calm_since, cases[0].lost), (Some(50), 0.0));
        assert_eq!(cases[0].detected_s, None);
    }

    /// Ten errors a second, by turns five and fifteen; the fault changes nothing but that a few more come while it
    /// lasts, and one that makes them three times as many does.
    #[test]
    fn what_chance_brings_is_not_lost() {
        let lost = |during: f64| {
            let cases = judged(&[(40, Some(50))], |second| match second {
                40..50 => Some((1_000.0, during, 10.0)),
                _ => Some((1_000.0, if second % 2 == 0 { 5.0 } else { 15.0 }, 10.0)),
            });
            cases[0].lost
        };
        assert_eq!((lost(11.0), lost(9.0)), (0.0, 0.0));
        assert_eq!(lost(30.0), 10.0 * 20.0);
    }

    #[test]
    fn what_comes_back_is_not_over() {
        let bad = |second| (second % 4 == 0).then_some((500.0, 500.0, 10.0));
        let cases = judged(&[(40, Some(50))], |second| if second > 40 { bad(second) } else { None });
        assert!(cases[0].calm_since.is_none_or(|since| since > 95), "{:?}", cases[0].calm_since);
    }

    /// What one fault that nobody can judge does is not usual for the next.
    #[test]
    fn what_came_too_early_is_not_usual() {
        let bad = |second| (1..13).contains(&second) || (30..40).contains(&second);
        let felt = |second| bad(second).then_some((700.0, 300.0, 10.0));
        let cases = judged(&[(1, Some(13)), (30, Some(40))], felt);
        assert!(cases[0].usual.is_empty());
        assert_eq!((cases[1].detected_s, cases[1].calm_since), (Some(31), Some(40)));
        assert_eq!(cases[1].lost.round(), 10.0 * 299.0);
        // What never ends is how things are.
        let forever =
            judged(&[(1, None), (30, Some(40))], |second| (second >= 1).then_some((700.0, 300.0, 10.0)));
        assert_eq!((forever[1].n_usual, forever[1].detected_s), (25, None));
    }

    /// The second fault begins while the first is not over: what is usual is what was before both.
    #[test]
    fn what_is_usual_was_before_the_trouble() {
        let cases = judged(&[(40, Some(45)), (60, Some(65))], |second| match second {
            40..80 => Some((0.0, 1_000.0, 10.0)),
            _ => None,
        });
        assert_eq!(cases[1].usual[0].errors, 1.0);
        assert_eq!((cases[0].calm_since, cases[1].calm_since), (Some(80), Some(80)));
    }

    #[test]
    fn a_new_fault_does_not_undo_a_recovery() {
        let cases = judged(&[(40, Some(45)), (60, None)], |second| match second {
            40..47 | 60.. => Some((0.0, 1_000.0, 10.0)),
            _ => None,
        });
        assert_eq!((cases[0].calm_since, cases[1].calm_since), (Some(47), None));
        assert_eq!(cases[0].lost.round(), 7.0 * 999.0);
        assert_eq!(cases[1].excess.round(), 40.0 * 999.0);
    }

    #[test]
    fn with_nothing_before_it_nothing_can_be_said() {
        let cases = judged(&[(1, Some(5))], |_| None);
        assert!(cases[0].usual.is_empty() && cases[0].calm_since.is_none());
    }
}

//! A run that somebody looks at and meddles with is the run of the scenario that lists what was done.

use tarsier_engine::{Ended, Outcome, RunConfig, SecondRow, Standing, Unfit, Verdict, Watch, run};
use tarsier_model::{Happening, Party, PolicyChange, Scenario, SealedModel, Setting, Trouble};
use tarsier_stats::Window;
use tarsier_units::Span;

use crate::sameness::{Swarm, projection, wide};
use crate::support::{all_of, config};

/// Looks again and again, and does what it is told when it is time.
#[derive(Default)]
struct Hand {
    /// Milliseconds from one look to the next.
    every: u64,
    looked: u64,
    /// At which look what begins, for how many milliseconds.
    begins: Vec<(u64, Option<u64>, Trouble)>,
    /// At which look which happening ends.
    ends: Vec<(u64, usize)>,
    /// At which looks what begins is taken back at once.
    regrets: Vec<u64>,
    asks_outcome: bool,
    refused: Vec<Unfit>,
    done: Option<Scenario>,
    so_far: Vec<Outcome>,
    timeline: Vec<tarsier_engine::Event>,
    completed: [u64; 3],
}

impl Watch for Hand {
    fn steers(&self) -> bool {
        true
    }

    fn next_look(&mut self) -> Option<Span> {
        (self.every > 0).then(|| Span::from_millis((self.looked + 1) * self.every))
    }

    fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
        self.looked += 1;
        assert_eq!(standing.time(), Span::from_millis(self.looked * self.every));
        for (_, number) in self.ends.iter().filter(|(at, _)| *at == self.looked) {
            self.refused.extend(standing.end(*number).err());
        }
        for (_, lasts, trouble) in self.begins.iter().filter(|(at, ..)| *at == self.looked) {
            let began = standing.begin(trouble.clone(), lasts.map(Span::from_millis));
            if self.regrets.contains(&self.looked) {
                let ended = began.and_then(|number| standing.end(number));
                assert_eq!(ended, Ok(Ended::TakenBack));
            } else {
                self.refused.extend(began.err());
            }
        }
        self.timeline.extend(standing.timeline(self.timeline.len()));
        if self.asks_outcome {
            self.so_far.push(standing.outcome());
        }
        self.done = standing.scenario().cloned();
        let completed = standing.workloads().map(|it| it.completed).sum();
        self.completed = [completed, standing.services().map(|it| it.arrivals).sum(), standing.events()];
        Verdict::GoOn
    }
}

fn steered(model: &SealedModel, config: &RunConfig<'_>, hand: &mut Hand) -> Outcome {
    run(model, config, hand)
}

/// What was done, from the file that is saved.
fn repeated(model: &SealedModel, config: &RunConfig<'_>, hand: &Hand) -> Outcome {
    run(model, &RunConfig { scenario: hand.done.as_ref(), ..config.clone() }, &mut ())
}

struct Seconds(u64);

impl Watch for Seconds {
    fn second(&mut self, _row: &SecondRow) {
        self.0 += 1;
    }
}

#[test]
fn looks_change_nothing() {
    let model = wide(8, 30);
    let plain = run(&model, &config(3, 5), &mut ());
    assert!(plain.partitions > 1, "the model is meant to split");
    let watched = run(&model, &RunConfig { series: true, ..config(3, 5) }, &mut Seconds(0));
    assert_eq!(projection(&watched), projection(&plain));
    for (threads, every) in [(1, 0), (1, 37), (2, 11)] {
        let mut hand = Hand { every, asks_outcome: every == 37, ..Hand::default() };
        let looked = steered(&model, &RunConfig { threads, ..config(3, 5) }, &mut hand);
        assert_eq!(hand.looked, 3_000_u64.checked_div(every).unwrap_or(0));
        assert_eq!(projection(&looked), projection(&plain), "looks every {every} ms");
    }
}

fn more(instances: u32) -> Setting {
    let service = tarsier_model::ServiceId(1);
    Setting::Service { service, instances: Some(instances), workers: None, queue: None }
}

/// Most kinds of trouble, some of which lasts, some of which is ended.
fn troubles() -> Vec<(u64, Option<u64>, Trouble)> {
    let some = tarsier_model::Target { count: Some(3), ..all_of(1) };
    let [first, second] = [1, 2].map(tarsier_model::ServiceId);
    let capacity = Setting::Service {
        service: second,
        instances: Some(3),
        workers: Some(Some(1)),
        queue: Some(Some(2)),
    };
    let policy = PolicyChange { timeout: Some(Some(Span::from_millis(4))), ..PolicyChange::default() };
    let policy = Setting::Calls { from: Party::Service(first), to: second, endpoint: None, policy };
    vec![
        (10, Some(500), Trouble::Kill { target: some, silent: false }),
        (20, None, Trouble::Slow { target: some, factor: 3.0 }),
        (20, None, Trouble::Load { workload: None, factor: 1.5 }),
        (30, Some(5_000), Trouble::Error { target: some, share: 0.5, kind: tarsier_model::ErrorKind::Error }),
        (31, None, Trouble::Pin(tarsier_model::ServiceId(2))),
        (
            40,
            Some(300),
            Trouble::Delay { calls: tarsier_model::CallMatch::to(all_of(2)), add: None, factor: 2.0 },
        ),
        (41, None, Trouble::Restart { target: some, down: Span::from_millis(100), cold: None }),
        (42, None, Trouble::Pause { target: some }),
        (43, Some(600), Trouble::Set(Box::new(capacity))),
        (44, None, Trouble::Set(Box::new(policy))),
        (45, Some(400), Trouble::Set(Box::new(more(300)))),
        (63, None, Trouble::Set(Box::new(more(1_000_000)))),
    ]
}

#[test]
fn what_was_done_by_hand_is_what_the_scenario_does() {
    let model = wide(8, 30);
    for threads in [1, 2] {
        let mut hand = Hand {
            every: 37,
            begins: troubles(),
            ends: vec![(25, 1), (33, 4), (50, 3), (50, 7), (60, 6), (61, 0), (20, 1), (62, 99), (59, 9)],
            asks_outcome: threads == 1,
            ..Hand::default()
        };
        let config = RunConfig { threads, ..config(3, 5) };
        let by_hand = steered(&model, &config, &mut hand);
        let expected = [Unfit::Unknown, Unfit::RunsItsCourse, Unfit::Ended, Unfit::Unknown, Unfit::NoRoom];
        assert_eq!(hand.refused, expected);
        let done = hand.done.as_ref().expect("a steered run has a scenario");
        assert_eq!(done.happenings.len(), 11);
        assert_eq!(done.happenings[1].lasts, Some(Span::from_millis(5 * 37)));
        let again = repeated(&model, &config, &hand);
        assert_eq!(projection(&by_hand), projection(&again));
        assert_eq!(by_hand.faults, again.faults);
        assert_ne!(by_hand.fingerprint, run(&model, &config, &mut ()).fingerprint);
        assert_eq!(hand.timeline[..], by_hand.timeline[..hand.timeline.len()]);
        assert!(hand.timeline.len() >= 10);
    }
}

/// Random models in trouble, steered on top of a scenario of their own.
#[test]
fn random_models_are_steered_as_their_scenarios_say() {
    for seed in 0..40 {
        let mut swarm = Swarm::new(seed);
        let (model, scenario) = (swarm.model(), swarm.scenario());
        let listed: Vec<Happening> = scenario.happenings;
        let base = Scenario { name: "base".to_owned(), happenings: listed[..listed.len() / 2].to_vec() };
        let rest = listed[listed.len() / 2..].iter().enumerate();
        let begins = rest.map(|(n, it)| {
            (20 + 7 * n as u64, it.lasts.map(|lasts| lasts.nanos() / 1_000_000 + 1), it.trouble.clone())
        });
        let mut hand = Hand {
            every: 13,
            begins: begins.collect(),
            ends: vec![(70, base.happenings.len())],
            ..Hand::default()
        };
        let config = RunConfig { scenario: Some(&base), ..config(2, seed) };
        let by_hand = steered(&model, &config, &mut hand);
        let again = repeated(&model, &config, &hand);
        assert_eq!(projection(&by_hand), projection(&again), "seed {seed}");
        assert_eq!(by_hand.faults, again.faults, "seed {seed}");
    }
}

/// The outcome so far is that of a run that ends there, and a run goes on from it as if nothing had been asked.
#[test]
fn the_outcome_so_far_is_that_of_a_run_stopped_there() {
    struct Until(u64);
    impl Watch for Until {
        fn next_look(&mut self) -> Option<Span> {
            Some(Span::from_millis(self.0))
        }
        fn look(&mut self, _standing: &mut Standing<'_, '_>) -> Verdict {
            Verdict::Stop
        }
    }
    let model = wide(1, 10);
    let config = RunConfig { warmup: Span::from_millis(500), ..config(2, 3) };
    let mut hand = Hand { every: 250, asks_outcome: true, ..Hand::default() };
    steered(&model, &config, &mut hand);
    for (number, so_far) in hand.so_far.iter().enumerate().take(9) {
        let stopped = run(&model, &config, &mut Until(250 * (number as u64 + 1)));
        assert!(stopped.stopped_early);
        assert_eq!(projection(so_far), projection(&stopped));
        assert_eq!(so_far.simulated_ns, 250_000_000 * (number as u64).saturating_sub(1));
    }
}

#[test]
fn nothing_happens_by_hand_before_counting_begins_or_to_one_who_does_not_steer() {
    struct Idle(Vec<Unfit>, bool);
    impl Watch for Idle {
        fn steers(&self) -> bool {
            self.1
        }
        fn next_look(&mut self) -> Option<Span> {
            self.0.is_empty().then_some(Span::ZERO)
        }
        fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
            self.0.extend(standing.begin(Trouble::Pin(tarsier_model::ServiceId(0)), None).err());
            Verdict::Stop
        }
    }
    let model = wide(1, 10);
    for (steers, why) in [(true, Unfit::WarmingUp), (false, Unfit::NotSteered)] {
        let mut idle = Idle(Vec::new(), steers);
        run(&model, &RunConfig { warmup: Span::from_secs(1), ..config(1, 1) }, &mut idle);
        assert_eq!(idle.0, [why]);
    }
}

/// Instances, totals and latencies say the same as the outcome.
#[test]
fn what_a_look_shows_adds_up() {
    #[derive(Default)]
    struct Eye {
        answered: u64,
        looked: bool,
    }
    impl Watch for Eye {
        fn latencies(&mut self, _second: u64, workload: usize, latencies: &Window, _: &[Window]) {
            assert_eq!(workload, 0);
            self.answered += latencies.count();
        }
        fn next_look(&mut self) -> Option<Span> {
            (!self.looked).then_some(Span::from_secs(4))
        }
        fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
            self.looked = true;
            assert_eq!(self.answered, standing.workloads().map(|it| it.completed).sum());
            for (at, counts) in standing.services().enumerate() {
                let instances = standing.instances(tarsier_model::ServiceId(at as u32));
                assert_eq!(instances.len() as u64, counts.up);
                assert_eq!(instances.iter().map(|it| it.present).sum::<u64>(), counts.present);
                assert_eq!(instances.iter().map(|it| it.waiting).sum::<u64>(), counts.waiting);
                assert!(instances.iter().enumerate().all(|(n, it)| it.number as usize == n));
            }
            Verdict::GoOn
        }
    }
    let model = wide(1, 10);
    let mut eye = Eye::default();
    let outcome = run(&model, &RunConfig { warmup: Span::ZERO, series: true, ..config(5, 2) }, &mut eye);
    assert_eq!(eye.answered, outcome.workloads[0].completed);
}

/// Turns a page every second and keeps what is said of the recent and of the whole.
#[derive(Default)]
struct Reader {
    looked: u64,
    whole: Vec<Outcome>,
    recent: Vec<Option<Outcome>>,
}

impl Watch for Reader {
    fn next_look(&mut self) -> Option<Span> {
        Some(Span::from_secs(self.looked + 1))
    }

    fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
        self.looked += 1;
        self.whole.push(standing.outcome());
        self.recent.push(standing.recent());
        standing.turn_page();
        Verdict::GoOn
    }
}

#[test]
fn what_is_recent_is_the_whole_without_what_was_before() {
    let model = wide(8, 30);
    let mut reader = Reader::default();
    run(&model, &config(6, 5), &mut reader);
    assert!(reader.recent[0].is_none(), "no page was turned");
    // At the fifth second two pages have begun: at the third and at the fourth.
    let recent = reader.recent[4].as_ref().expect("pages were turned");
    assert_eq!(recent.simulated_ns, 2_000_000_000);
    let [before, now] = [&reader.whole[2], &reader.whole[4]];
    for ((recent, now), before) in recent.workloads.iter().zip(&now.workloads).zip(&before.workloads) {
        assert_eq!(recent.requests, now.requests - before.requests);
        assert_eq!(recent.completed, now.completed - before.completed);
        assert_eq!(recent.latency.count(), now.latency.count() - before.latency.count());
        assert_eq!(recent.why.sampled, now.why.sampled - before.why.sampled);
        assert!(before.why.sampled > 0 && recent.why.sampled > 0);
        let nanos = |why: &tarsier_engine::Why| -> f64 {
            why.parts.iter().map(|part| part.mean_ns).sum::<f64>() * why.sampled as f64
        };
        let (found, expected) = (nanos(&recent.why), nanos(&now.why) - nanos(&before.why));
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
    }
    for ((recent, now), before) in recent.services.iter().zip(&now.services).zip(&before.services) {
        assert_eq!(recent.arrivals, now.arrivals - before.arrivals);
        let busy = (now.utilization * 5.0 - before.utilization * 3.0) / 2.0;
        assert!((recent.utilization - busy).abs() < 1e-9);
        assert_eq!(recent.queue.count(), now.queue.count() - before.queue.count());
    }
}

/// What the file will need is kept for it; there is as much room for the hand whatever the file has taken.
#[test]
fn there_is_room_for_the_file_and_for_the_hand() {
    let model = wide(2, 30);
    let happening = |at, instances| Happening {
        at: Span::from_millis(at),
        lasts: None,
        trouble: Trouble::Set(Box::new(more(instances))),
    };
    let file =
        Scenario { name: "grows".into(), happenings: vec![happening(100, 6_000), happening(900, 7_000)] };
    let set = |instances| Trouble::Set(Box::new(more(instances)));
    let mut hand = Hand {
        every: 50,
        begins: vec![(10, None, set(100)), (12, None, set(8_000)), (14, None, set(1_000_000))],
        ..Hand::default()
    };
    let config = RunConfig { scenario: Some(&file), ..config(1, 5) };
    let by_hand = steered(&model, &config, &mut hand);
    assert_eq!(hand.refused, [Unfit::NoRoom]);
    assert_eq!(by_hand.services[1].instances, 7_000);
    assert_eq!(projection(&by_hand), projection(&repeated(&model, &config, &hand)));
}

/// What is taken back before time goes on never was.
#[test]
fn what_is_taken_back_at_once_never_was() {
    let model = wide(2, 30);
    let begins = || troubles().into_iter().filter(|(at, ..)| *at != 63);
    let mut regretful = Hand {
        every: 37,
        begins: begins().chain([(50, None, Trouble::Load { workload: None, factor: 3.0 })]).collect(),
        regrets: vec![20, 41, 42, 43, 44, 45],
        ..Hand::default()
    };
    let regretted = regretful.regrets.clone();
    let mut sure = Hand {
        every: 37,
        begins: regretful.begins.iter().filter(|(at, ..)| !regretted.contains(at)).cloned().collect(),
        ..Hand::default()
    };
    let [taken_back, never] = [&mut regretful, &mut sure].map(|hand| steered(&model, &config(3, 5), hand));
    assert_eq!(projection(&taken_back), projection(&never));
    assert_eq!(regretful.done, sure.done);
    assert!(taken_back.faults.len() > 3);
}

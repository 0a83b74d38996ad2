//! Users who ask several services: how each was for them, and that together it is how they fared.

use tarsier_engine::{CallTally, RunConfig, Standing, Verdict, Watch, run};
use tarsier_model::{
    CallPolicy, EndpointId, ErrorKind, Link, Model, SealedModel, Service, Step, Trouble, WorkloadId, ZoneId,
};
use tarsier_stats::Window;
use tarsier_units::Span;

use crate::sameness::zones;
use crate::support::{Build, all_of, config, constant, exp_ms, open, retry};
use crate::troubles::scenario;

/// A service that never fails; one of which a half fails, and answers come too late now and then.
const WELL: u32 = 0;
const ILL: u32 = 1;
/// What goes to the one that is ill, of the first and of the second workload.
const SHARES: [f64; 2] = [0.3, 0.6];

/// Open arrivals, users who think, and users of the one that is well alone.
fn split(n_regions: u32) -> SealedModel {
    let patience =
        CallPolicy { timeout: Some(Span::from_millis(30)), retry: Some(retry(2)), ..CallPolicy::default() };
    // Enough for a region to be a partition.
    let zones_of_instances = (0..30 * n_regions).map(|n| ZoneId(n % n_regions));
    let everywhere = |service: &mut Service| service.instances = zones_of_instances.clone().collect();
    let mix = |model: &mut Model| {
        for (at, share) in SHARES.iter().enumerate() {
            model.workloads[WorkloadId(at as u32)].mix =
                vec![(1.0 - share, EndpointId(WELL)), (*share, EndpointId(ILL))];
        }
        model.workloads[WorkloadId(1)].policy = patience.clone();
    };
    Build::new()
        .change(|model| {
            zones(model, n_regions, 1);
            model.network.cross_region = Link { latency: Some(constant(1.0)) };
        })
        .service("well", vec![Step::Wait(constant(2.0))], everywhere)
        .service("ill", vec![Step::Wait(exp_ms(10.0))], everywhere)
        .workload("open", WELL, open(2_000.0), patience.clone())
        .closed("closed", 300, exp_ms(500.0), WELL)
        .workload("plain", WELL, open(100.0), patience.clone())
        .change(mix)
        .seal()
}

/// All of it, but for what is of the clock.
fn counts(tally: &CallTally) -> [u64; 9] {
    let CallTally {
        requests, attempts, retries, hedges, rejected, timeouts, completed, errors, refused, ..
    } = *tally;
    [requests, attempts, retries, hedges, rejected, timeouts, completed, errors, refused]
}

#[derive(Default)]
struct Adder {
    looks: u64,
    /// By destination: latencies that were told.
    answered: Vec<u64>,
    last: Vec<CallTally>,
}

impl Adder {
    fn new() -> Adder {
        Adder { answered: vec![0; 5], ..Adder::default() }
    }
}

impl Watch for Adder {
    fn latencies(&mut self, _second: u64, workload: usize, all: &Window, destinations: &[Window]) {
        let mut sum = Window::default();
        for (at, window) in destinations.iter().enumerate() {
            sum.absorb(window);
            self.answered[2 * workload + at] += window.count();
        }
        let figures = |it: &Window| (it.count(), it.sum(), it.min(), it.max(), it.iter().collect::<Vec<_>>());
        assert_eq!(figures(&sum), figures(all));
    }

    fn next_look(&mut self) -> Option<Span> {
        Some(Span::from_millis((self.looks + 1) * 125))
    }

    fn look(&mut self, standing: &mut Standing<'_, '_>) -> Verdict {
        self.looks += 1;
        self.last = standing.destinations().collect();
        let workloads: Vec<_> = standing.workloads().map(|it| counts(&it)).collect();
        let sum = |at: usize, n: usize| -> [u64; 9] {
            let parts = self.last[at..at + n].iter().map(counts);
            parts.fold([0; 9], |sum, part| std::array::from_fn(|n| sum[n] + part[n]))
        };
        assert_eq!(workloads, [sum(0, 2), sum(2, 2), sum(4, 1)]);
        // Nobody else asks, and in one's own region it takes no time.
        let arrivals: Vec<u64> = standing.services().map(|it| it.arrivals).collect();
        let attempts = |which: &[usize]| which.iter().map(|at| self.last[*at].attempts).sum::<u64>();
        assert_eq!(arrivals, [attempts(&[0, 2, 4]), attempts(&[1, 3])]);
        let a_second_is_over = self.looks.is_multiple_of(8);
        let completed: Vec<u64> = self.last.iter().map(|it| it.completed).collect();
        assert!(!a_second_is_over || completed == self.answered, "{completed:?} {:?}", self.answered);
        Verdict::GoOn
    }
}

#[test]
fn destinations_add_up_to_their_users() {
    let fails = Trouble::Error { target: all_of(ILL), share: 0.5, kind: ErrorKind::Error };
    let fails = scenario(vec![(0, None, fails)]);
    for (n_regions, threads) in [(1, 1), (3, 1), (3, 2)] {
        let model = split(n_regions);
        let mut adder = Adder::new();
        let config =
            RunConfig { scenario: Some(&fails), warmup: Span::ZERO, series: true, threads, ..config(20, 1) };
        let outcome = run(&model, &config, &mut adder);
        assert_eq!((outcome.partitions, adder.looks), (n_regions as usize, 160));
        for (destinations, share) in adder.last.chunks_exact(2).zip(SHARES) {
            let [well, ill] = [destinations[0], destinations[1]];
            assert_eq!((well.errors, well.retries, well.timeouts), (0, 0, 0));
            // Three attempts, each of which fails for the half and for the e^-3 that take too long.
            let fails = (0.5 + 0.5 * (-3.0_f64).exp()).powi(3);
            let n = (ill.completed + ill.errors) as f64;
            let spread = 6.0 * (n * fails * (1.0 - fails)).sqrt();
            assert!((ill.errors as f64 - n * fails).abs() < spread, "{ill:?}");
            assert!(ill.timeouts > 0 && ill.retries > ill.errors, "{ill:?}");
            let all = (well.requests + ill.requests) as f64;
            let spread = 6.0 * (all * share * (1.0 - share)).sqrt();
            assert!((ill.requests as f64 - all * share).abs() < spread, "{ill:?} {well:?}");
        }
    }
}

//! Replicated stores: how long levels take, and how often reads of partial quorums are stale.

use tarsier_model::{Level, Replication, Step};
use tarsier_random::Law;
use tarsier_testkit::staleness::{Leg, Wars};

use crate::validate::arch::{Arch, arch, constant, exp, mix, pareto, wait};
use crate::validate::case::{Case, Expected, percent};
use crate::validate::read::{sojourn_mean_of_workload, stale, stale_age_mean};

const ORDER: &str = "order statistics: the k-th of n exponential times has mean 1/n + … + 1/(n - k + 1)";
const PBS: &str = "Bailis et al., PBS, VLDB 2012: WARS with the fits of table 3, independent Monte Carlo";
const STRICT: &str = "R + W > N: quorums meet (Gifford 1979)";

pub(super) fn cases() -> Vec<Case> {
    let quorums = [(3, 1), (3, 2), (3, 3), (5, 3)].into_iter().map(kth_of);
    let partial = [
        ("pbs-ssd", "SSDs at LinkedIn", Wars::LINKEDIN_SSD, 200.0, [0.002_559, 0.5387]),
        ("pbs-disk", "the same and a disk", Wars::SSD_AND_DISK, 20.0, [0.047_56, 5.519]),
        (
            "pbs-disk-read-2",
            "the same, R = 2",
            Wars { reads: 2, ..Wars::SSD_AND_DISK },
            20.0,
            [0.009_334, 2.385],
        ),
        (
            "pbs-disk-write-2",
            "the same, W = 2",
            Wars { writes: 2, ..Wars::SSD_AND_DISK },
            20.0,
            [0.026_50, 5.929],
        ),
    ];
    let strict = Wars { reads: 2, writes: 2, ..Wars::SSD_AND_DISK };
    quorums.chain(partial.map(pbs)).chain([never_stale("pbs-strict", strict)]).collect()
}

/// All replicas are asked, a key is as good as another, and nothing is mended.
fn plain(factor: u32, keys: u32) -> Replication {
    Replication { factor, keys, skew: 0.0, asks_all: true, repair: 0.0, hints: None, accesses: Vec::new() }
}

fn kth_of((n, k): (u32, u32)) -> Case {
    let expected: f64 = (0..k).map(|before| 1.0 / f64::from(n - before)).sum();
    let model = move || {
        let steps = || vec![wait(exp(1.0))];
        let levels = [Level::Count(k); 2];
        arch().replicated(levels, plain(n, 1_000), [steps(), steps()]).rate(1e3, 0).rate(1e3, 1)
    };
    Case::new(format!("quorum-{k}-of-{n}"), format!("{k} of {n} answers of 1 ms"), ORDER)
        .model(model)
        .seconds(1_000.0)
        .near("mean time of reads, ms", expected, percent(0.5), sojourn_mean_of_workload(0))
        .near("mean time of writes, ms", expected, percent(0.5), sojourn_mean_of_workload(1))
        .quick(0.1)
}

/// One key, so that every read and every write count.
fn store(wars: Wars, per_second: f64) -> Arch {
    let steps = wars.at_replica.map_or(Vec::new(), |leg| vec![wait(law(leg))]);
    let levels = [wars.reads, wars.writes].map(|answers| Level::Count(answers as u32));
    let no_steps: Vec<Step> = vec![wait(constant(0.0))];
    arch()
        .replicated(levels, plain(wars.replicas as u32, 1), [no_steps, steps])
        .all_hops(law(wars.others))
        .rate(1e3, 0)
        .rate(per_second, 1)
}

fn law(leg: Leg) -> Law {
    let Leg { body, least, shape, rate } = leg;
    mix(vec![(body, pareto(least, shape, f64::INFINITY)), (1.0 - body, exp(1.0 / rate))])
}

/// Writes a second, and what 20 million reads in `Wars::stale_at_rate` say: the share that is stale, and its mean age.
fn pbs((id, what, wars, per_second, [share, age]): (&str, &str, Wars, f64, [f64; 2])) -> Case {
    Case::new(id, format!("{what}, {per_second} writes/s to a key"), PBS)
        .model(move || store(wars, per_second))
        .seconds(2_000.0)
        .near("share of stale reads", share, percent(3.0), stale)
        .near("mean age of these, ms", age, percent(3.0), stale_age_mean)
        .quick(0.2)
}

fn never_stale(id: &str, wars: Wars) -> Case {
    Case::new(id, "the same, R = W = 2 of 3", STRICT)
        .model(move || store(wars, 20.0))
        .seconds(1_000.0)
        .check("share of stale reads", Expected::Exactly(0.0), stale)
        .quick(0.1)
}

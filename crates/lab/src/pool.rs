//! Several outcomes of one model as one.

use tarsier_engine::{CallOutcome, Outcome, ServiceOutcome, Why, WhyPart, WorkloadOutcome};
use tarsier_stats::Recorder;

/// Pools in the order given. One outcome stays as it is.
pub(crate) fn pooled(mut outcomes: Vec<Outcome>) -> Outcome {
    assert!(!outcomes.is_empty(), "there is something to pool");
    if outcomes.len() == 1 {
        return outcomes.swap_remove(0);
    }
    let all = outcomes.as_slice();
    let sum = |count: fn(&Outcome) -> u64| all.iter().map(count).sum();
    Outcome {
        seed: all[0].seed,
        simulated_ns: sum(|it| it.simulated_ns),
        warmup_ns: all[0].warmup_ns,
        stopped_early: all.iter().any(|it| it.stopped_early),
        stopped_because: all.iter().find_map(|it| it.stopped_because),
        events: sum(|it| it.events),
        fingerprint: all.iter().fold(0, |hash, it| mixed(hash ^ it.fingerprint)),
        partitions: all[0].partitions,
        workloads: (0..all[0].workloads.len()).map(|i| workload(&each(all, |it| &it.workloads[i]))).collect(),
        services: (0..all[0].services.len()).map(|i| service(&each(all, |it| &it.services[i]))).collect(),
        timeline: all[0].timeline.clone(),
        timeline_dropped: all[0].timeline_dropped,
        calls: (0..all[0].calls.len()).map(|i| call(&each(all, |it| &it.calls[i]))).collect(),
    }
}

/// The same part of every outcome, with the time over which it was measured.
struct Each<'a, T> {
    parts: Vec<(&'a T, u64)>,
}

fn each<'a, T>(outcomes: &'a [Outcome], part: impl Fn(&'a Outcome) -> &'a T) -> Each<'a, T> {
    Each { parts: outcomes.iter().map(|outcome| (part(outcome), outcome.simulated_ns)).collect() }
}

impl<'a, T> Each<'a, T> {
    fn sum(&self, count: impl Fn(&T) -> u64) -> u64 {
        self.parts.iter().map(|(part, _)| count(part)).sum()
    }

    /// The mean over time of something that is a mean over time in each.
    fn mean(&self, value: impl Fn(&T) -> f64) -> f64 {
        let time: f64 = self.parts.iter().map(|(_, ns)| *ns as f64).sum();
        let sum: f64 = self.parts.iter().map(|(part, ns)| value(part) * *ns as f64).sum();
        if time > 0.0 { sum / time } else { 0.0 }
    }

    fn recorder(&self, of: impl Fn(&'a T) -> &'a Recorder) -> Recorder {
        Recorder::pooled(&self.parts.iter().map(|(part, _)| of(part)).collect::<Vec<_>>())
    }

    fn first(&self) -> &'a T {
        self.parts[0].0
    }
}

fn workload(each: &Each<'_, WorkloadOutcome>) -> WorkloadOutcome {
    WorkloadOutcome {
        requests: each.sum(|it| it.requests),
        attempts: each.sum(|it| it.attempts),
        retries: each.sum(|it| it.retries),
        timeouts: each.sum(|it| it.timeouts),
        completed: each.sum(|it| it.completed),
        errors: each.sum(|it| it.errors),
        in_flight_start: each.sum(|it| it.in_flight_start),
        in_flight_end: each.sum(|it| it.in_flight_end),
        latency: each.recorder(|it| &it.latency),
        why: why(each.parts.iter().map(|(it, _)| &it.why)),
    }
}

fn service(each: &Each<'_, ServiceOutcome>) -> ServiceOutcome {
    let has_workers = each.first().workers_busy.is_some();
    ServiceOutcome {
        instances: each.first().instances,
        arrivals: each.sum(|it| it.arrivals),
        completed: each.sum(|it| it.completed),
        errors: each.sum(|it| it.errors),
        refused: each.sum(|it| it.refused),
        in_flight_start: each.sum(|it| it.in_flight_start),
        in_flight_end: each.sum(|it| it.in_flight_end),
        utilization: each.mean(|it| it.utilization),
        workers_busy: has_workers.then(|| each.mean(|it| it.workers_busy.unwrap_or(0.0))),
        queue_length_mean: each.mean(|it| it.queue_length_mean),
        queue: each.recorder(|it| &it.queue),
        latency: each.recorder(|it| &it.latency),
    }
}

fn call(each: &Each<'_, CallOutcome>) -> CallOutcome {
    CallOutcome {
        from: each.first().from,
        to: each.first().to,
        requests: each.sum(|it| it.requests),
        attempts: each.sum(|it| it.attempts),
        retries: each.sum(|it| it.retries),
        timeouts: each.sum(|it| it.timeouts),
        completed: each.sum(|it| it.completed),
        errors: each.sum(|it| it.errors),
        refused: each.sum(|it| it.refused),
        in_flight_start: each.sum(|it| it.in_flight_start),
        in_flight_end: each.sum(|it| it.in_flight_end),
        latency: each.recorder(|it| &it.latency),
    }
}

/// Means over all samples, a part that one sample lacks being zero there.
fn why<'a>(whys: impl Iterator<Item = &'a Why>) -> Why {
    let mut pooled = Why::default();
    for why in whys {
        pooled.sampled += why.sampled;
        pooled.sampled_tail += why.sampled_tail;
        let (mean_weight, tail_weight) = (why.sampled as f64, why.sampled_tail as f64);
        for part in &why.parts {
            let sum = entry(&mut pooled.parts, part);
            sum.mean_ns += part.mean_ns * mean_weight;
            sum.tail_ns += part.tail_ns * tail_weight;
        }
    }
    for part in &mut pooled.parts {
        part.mean_ns /= pooled.sampled.max(1) as f64;
        part.tail_ns /= pooled.sampled_tail.max(1) as f64;
    }
    pooled
}

fn entry<'a>(parts: &'a mut Vec<WhyPart>, like: &WhyPart) -> &'a mut WhyPart {
    let same = |part: &WhyPart| (part.service, part.cause) == (like.service, like.cause);
    let index = parts.iter().position(same).unwrap_or_else(|| {
        parts.push(WhyPart { mean_ns: 0.0, tail_ns: 0.0, ..*like });
        parts.len() - 1
    });
    &mut parts[index]
}

/// The finaliser of SplitMix64: every bit of the result depends on every bit given.
fn mixed(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
pub(crate) mod tests {
    use tarsier_engine::Cause;

    use super::*;

    pub(crate) fn outcome() -> Outcome {
        Outcome {
            seed: 1,
            simulated_ns: 1_000,
            warmup_ns: 100,
            stopped_early: false,
            stopped_because: None,
            events: 10,
            fingerprint: 7,
            partitions: 2,
            workloads: vec![WorkloadOutcome { requests: 5, completed: 4, ..WorkloadOutcome::default() }],
            services: vec![ServiceOutcome { instances: 3, utilization: 0.5, ..ServiceOutcome::default() }],
            calls: Vec::new(),
            timeline: Vec::new(),
            timeline_dropped: 0,
        }
    }

    #[test]
    fn counts_are_summed_and_shares_are_means_over_time() {
        let mut longer = outcome();
        longer.simulated_ns = 3_000;
        longer.services[0].utilization = 0.9;
        let pooled = pooled(vec![outcome(), longer]);
        assert_eq!((pooled.simulated_ns, pooled.warmup_ns, pooled.events), (4_000, 100, 20));
        assert_eq!((pooled.workloads[0].requests, pooled.workloads[0].completed), (10, 8));
        assert_eq!(pooled.services[0].instances, 3);
        assert!((pooled.services[0].utilization - 0.8).abs() < 1e-12);
        assert_eq!(pooled.services[0].workers_busy, None);
    }

    #[test]
    fn one_outcome_stays_as_it_is() {
        assert_eq!(pooled(vec![outcome()]).fingerprint, 7);
    }

    #[test]
    fn the_fingerprint_tells_the_order_and_the_number() {
        let with = |fingerprint| Outcome { fingerprint, ..outcome() };
        let of = |list: &[u64]| pooled(list.iter().map(|it| with(*it)).collect()).fingerprint;
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1, 1]), of(&[1, 1, 1]));
        assert_eq!(of(&[1, 2]), of(&[1, 2]));
    }

    #[test]
    fn reasons_are_weighted_by_their_samples() {
        let part = |cause, mean_ns, tail_ns| WhyPart { service: None, cause, mean_ns, tail_ns };
        let one = Why { sampled: 1, sampled_tail: 1, parts: vec![part(Cause::Network, 4.0, 8.0)] };
        let other = Why {
            sampled: 3,
            sampled_tail: 1,
            parts: vec![part(Cause::Backoff, 8.0, 4.0), part(Cause::Network, 8.0, 4.0)],
        };
        let pooled = why([&one, &other].into_iter());
        assert_eq!((pooled.sampled, pooled.sampled_tail), (4, 2));
        assert_eq!(pooled.parts, [part(Cause::Network, 7.0, 6.0), part(Cause::Backoff, 6.0, 2.0)]);
    }
}

//! Several outcomes of one model as one, added one after the other: however many they are, they take the memory
//! of one.

use tarsier_engine::{CallOutcome, Outcome, ServiceOutcome, StoreOutcome, Why, WhyPart, WorkloadOutcome};
use tarsier_stats::Recorder;

/// What has been pooled so far, in the order it was added.
#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) reps: u64,
    /// From the second on, what are means in an outcome are sums here.
    sum: Option<Outcome>,
    /// The latency of each workload, all outcomes laid on each other in time.
    pub(crate) latencies: Vec<Recorder>,
}

impl Pool {
    /// One outcome stays as it is. One that measured nothing counts only while there is nothing else.
    pub(crate) fn add(&mut self, mut outcome: Outcome) {
        match &mut self.sum {
            Some(sum) if sum.simulated_ns > 0 => {
                if outcome.simulated_ns == 0 {
                    return;
                }
                if self.reps == 1 {
                    sum.fingerprint = mixed(sum.fingerprint);
                    each_mean(sum, |mean, of| *mean *= of);
                }
                each_mean(&mut outcome, |mean, of| *mean *= of);
                let latencies = self.latencies.iter_mut().zip(&outcome.workloads);
                latencies.for_each(|(all, workload)| all.overlay(&workload.latency));
                append(sum, &outcome);
                self.reps += 1;
            }
            _ => {
                self.latencies = outcome.workloads.iter().map(|it| it.latency.clone()).collect();
                self.sum = Some(outcome);
                self.reps = 1;
            }
        }
    }

    pub(crate) fn outcome(self) -> Outcome {
        let mut outcome = self.sum.expect("something was pooled");
        if self.reps > 1 {
            each_mean(&mut outcome, |sum, of| *sum = if of > 0.0 { *sum / of } else { 0.0 });
        }
        outcome
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.sum.as_ref().is_some_and(|sum| sum.stopped_early)
    }
}

/// Changes every mean, given what it is a mean over: time, or samples.
fn each_mean(outcome: &mut Outcome, change: fn(&mut f64, f64)) {
    let time = outcome.simulated_ns as f64;
    for service in &mut outcome.services {
        change(&mut service.utilization, time);
        change(&mut service.present_mean, time);
        change(&mut service.queue_length_mean, time);
        service.workers_busy.iter_mut().for_each(|busy| change(busy, time));
    }
    outcome.calls.iter_mut().for_each(|call| change(&mut call.in_flight_mean, time));
    for why in outcome.workloads.iter_mut().flat_map(|it| [&mut it.why, &mut it.why_failed]) {
        for part in &mut why.parts {
            change(&mut part.mean_ns, why.sampled as f64);
            change(&mut part.tail_ns, why.sampled_tail as f64);
        }
    }
}

/// Events of the timeline and what faults did are those of the first: they have no common time.
fn append(sum: &mut Outcome, other: &Outcome) {
    sum.simulated_ns += other.simulated_ns;
    sum.stopped_early |= other.stopped_early;
    sum.stopped_because = sum.stopped_because.or(other.stopped_because);
    sum.events += other.events;
    sum.fingerprint = mixed(sum.fingerprint ^ other.fingerprint);
    sum.workloads.iter_mut().zip(&other.workloads).for_each(|(sum, other)| append_workload(sum, other));
    sum.services.iter_mut().zip(&other.services).for_each(|(sum, other)| append_service(sum, other));
    sum.calls.iter_mut().zip(&other.calls).for_each(|(sum, other)| append_call(sum, other));
    sum.stores.iter_mut().zip(&other.stores).for_each(|(sum, other)| append_store(sum, other));
}

fn append_store(sum: &mut StoreOutcome, other: &StoreOutcome) {
    sum.hints_stored += other.hints_stored;
    sum.hints_replayed += other.hints_replayed;
    sum.hints_dropped += other.hints_dropped;
    sum.hints_waiting += other.hints_waiting;
    sum.repairs += other.repairs;
    for (sum, other) in sum.accesses.iter_mut().zip(&other.accesses) {
        sum.answered += other.answered;
        sum.unavailable += other.unavailable;
        sum.stale += other.stale;
        sum.age.append(&other.age);
    }
}

/// Adds these fields of another to those of a sum.
macro_rules! add {
    ($sum:ident, $other:ident: $($field:ident)+) => { $($sum.$field += $other.$field;)+ };
}

fn append_workload(sum: &mut WorkloadOutcome, other: &WorkloadOutcome) {
    add!(sum, other: requests attempts retries hedges rejected timeouts completed errors in_flight_start in_flight_end);
    sum.latency.append(&other.latency);
    append_why(&mut sum.why, &other.why);
    append_why(&mut sum.why_failed, &other.why_failed);
}

fn append_service(sum: &mut ServiceOutcome, other: &ServiceOutcome) {
    add!(sum, other: arrivals completed errors refused cancelled unused in_flight_start in_flight_end);
    add!(sum, other: utilization present_mean queue_length_mean);
    if let (Some(sum), Some(other)) = (&mut sum.workers_busy, other.workers_busy) {
        *sum += other;
    }
    sum.queue.append(&other.queue);
    sum.latency.append(&other.latency);
}

fn append_call(sum: &mut CallOutcome, other: &CallOutcome) {
    add!(sum, other: requests attempts retries hedges rejected timeouts completed errors in_flight_start in_flight_end);
    add!(sum, other: refused in_flight_mean);
    sum.latency.append(&other.latency);
}

/// A part that one sample lacks is zero there.
fn append_why(sum: &mut Why, other: &Why) {
    sum.sampled += other.sampled;
    sum.sampled_tail += other.sampled_tail;
    for part in &other.parts {
        let sum = entry(&mut sum.parts, part);
        sum.mean_ns += part.mean_ns;
        sum.tail_ns += part.tail_ns;
    }
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

    fn pooled(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
        let mut pool = Pool::default();
        outcomes.into_iter().for_each(|it| pool.add(it));
        pool.outcome()
    }

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
            faults: Vec::new(),
            stores: Vec::new(),
        }
    }

    #[test]
    fn counts_are_summed_and_shares_are_means_over_time() {
        let mut longer = outcome();
        longer.simulated_ns = 3_000;
        longer.services[0].utilization = 0.9;
        let pooled = pooled([outcome(), longer]);
        assert_eq!((pooled.simulated_ns, pooled.warmup_ns, pooled.events), (4_000, 100, 20));
        assert_eq!((pooled.workloads[0].requests, pooled.workloads[0].completed), (10, 8));
        assert_eq!(pooled.services[0].instances, 3);
        assert!((pooled.services[0].utilization - 0.8).abs() < 1e-12);
        assert_eq!(pooled.services[0].workers_busy, None);
    }

    #[test]
    fn one_outcome_stays_as_it_is() {
        assert_eq!(pooled([outcome()]).fingerprint, 7);
    }

    #[test]
    fn the_fingerprint_tells_the_order_and_the_number() {
        let with = |fingerprint| Outcome { fingerprint, ..outcome() };
        let of = |list: &[u64]| pooled(list.iter().map(|it| with(*it))).fingerprint;
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
        let with = |why| Outcome {
            workloads: vec![WorkloadOutcome { why, ..WorkloadOutcome::default() }],
            ..outcome()
        };
        let pooled = pooled([with(one), with(other)]).workloads.swap_remove(0).why;
        assert_eq!((pooled.sampled, pooled.sampled_tail), (4, 2));
        assert_eq!(pooled.parts, [part(Cause::Network, 7.0, 6.0), part(Cause::Backoff, 6.0, 2.0)]);
    }

    #[test]
    fn outcomes_that_measured_nothing_are_left_out() {
        let nothing = || Outcome { simulated_ns: 0, workloads: Vec::new(), ..outcome() };
        for order in [[outcome(), nothing()], [nothing(), outcome()]] {
            let mut pool = Pool::default();
            order.into_iter().for_each(|it| pool.add(it));
            assert_eq!((pool.reps, pool.latencies.len()), (1, 1));
            assert_eq!(pool.outcome().workloads[0].requests, 5);
        }
        assert_eq!(pooled([nothing(), nothing()]).simulated_ns, 0);
    }
}

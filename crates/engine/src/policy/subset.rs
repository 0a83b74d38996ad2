//! Subsetting: a client knows only some of the instances.
//!
//! By rendezvous hashing (Thaler and Ravishankar 1998), as gRPC's random subsetting (proposal A68): a
//! client ranks instances by a hash of its own name and theirs and takes the first. So clients differ,
//! each keeps its subset, and when an instance goes only the next in rank comes in.

/// The `most` instances that rank first with this client, in the order they are given.
pub(crate) fn choose(salt: u64, most: u32, targets: &[u32], number: impl Fn(u32) -> u32) -> Vec<u32> {
    let most = (most as usize).max(1);
    if targets.len() <= most {
        return targets.to_vec();
    }
    let rank = |target: u32| {
        let hash = tarsier_random::Stream::from_state(salt ^ u64::from(number(target))).next_u64();
        (hash, target)
    };
    let mut ranked: Vec<(u64, u32)> = targets.iter().map(|target| rank(*target)).collect();
    let (_, last, _) = ranked.select_nth_unstable(most - 1);
    let last = *last;
    targets.iter().copied().filter(|target| rank(*target) <= last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subset(client: u64, targets: &[u32]) -> Vec<u32> {
        let salt = tarsier_random::Stream::named(1, &["subset"], &[client]).next_u64();
        choose(salt, 20, targets, |target| target)
    }

    #[test]
    fn one_that_goes_is_replaced_by_one() {
        let all: Vec<u32> = (0..100).collect();
        for client in 0..50 {
            let before = subset(client, &all);
            assert_eq!(before.len(), 20);
            let gone = before[7];
            let left: Vec<u32> = all.iter().copied().filter(|target| *target != gone).collect();
            let after = subset(client, &left);
            let kept = before.iter().filter(|target| after.contains(target)).count();
            assert_eq!((after.len(), kept), (20, 19));
        }
        assert_eq!(subset(0, &all[..20]), all[..20]);
    }

    /// 1,000 clients with 20 of 100 each: binomial, 200 ± 12.6 to an instance; six deviations.
    #[test]
    fn everybody_is_chosen_about_as_often() {
        let all: Vec<u32> = (0..100).collect();
        let mut chosen = [0; 100];
        for client in 0..1_000 {
            subset(client, &all).into_iter().for_each(|target| chosen[target as usize] += 1);
        }
        assert!(chosen.iter().all(|n| (125..275).contains(n)), "{chosen:?}");
        assert!(chosen.iter().any(|n| !(195..205).contains(n)), "clients draw on their own");
    }
}

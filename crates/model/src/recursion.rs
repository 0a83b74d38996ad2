//! How many calls one request causes, and whether they ever end.

use tarsier_units::{Id, IdVec};

use crate::EndpointId;

/// One request may cause at most this many calls on average.
pub const MAX_CALLS_PER_REQUEST: f64 = 1e6;

/// Work for cycles whose chances die out so slowly that nobody would wait for their requests either.
const MAX_SWEPT_CALLS: usize = 50_000_000;

type Calls = IdVec<EndpointId, Vec<(EndpointId, f64)>>;

/// What is wrong with the calls that a visit of an endpoint causes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Excess {
    /// The endpoint calls itself, directly or through others, again and again.
    Endless,
    /// Its calls end, but are too many.
    TooMany,
}

/// The endpoints to blame: of each endless cycle its first, and those with too many calls whose
/// callees have not.
pub(crate) fn excesses(calls: &Calls) -> Vec<(EndpointId, Excess)> {
    // For each endpoint the visits that one visit of it causes, itself included:
    // T = 1 + sum over its calls of weight * T(callee).
    let mut visits = vec![1.0_f64; calls.len()];
    let mut left = MAX_SWEPT_CALLS;
    let mut excesses = Vec::new();
    let groups = groups(calls);
    let mut group_of = vec![0; calls.len()];
    for (number, group) in groups.iter().enumerate() {
        group.iter().for_each(|endpoint| group_of[endpoint.index()] = number);
    }
    for (number, group) in groups.iter().enumerate() {
        let endless = is_cycle(group, calls) && !settles(group, calls, &mut visits, &mut left);
        if !is_cycle(group, calls) {
            visits[group[0].index()] = once_more(group[0], calls, &visits);
        }
        let exceeds = |endpoint: EndpointId| visits[endpoint.index()] > MAX_CALLS_PER_REQUEST;
        let too_many = group.iter().any(|endpoint| exceeds(*endpoint));
        let first = *group.iter().min().expect("a group has members");
        let told_below = group.iter().any(|endpoint| {
            called(*endpoint, calls).any(|(to, _)| group_of[to.index()] != number && exceeds(to))
        });
        match (endless, too_many) {
            _ if told_below => {}
            (true, _) => excesses.push((first, Excess::Endless)),
            (false, true) => excesses.push((first, Excess::TooMany)),
            (false, false) => {}
        }
        if endless || told_below {
            group.iter().for_each(|endpoint| visits[endpoint.index()] = f64::INFINITY);
        }
    }
    excesses.sort_by_key(|(endpoint, _)| *endpoint);
    excesses
}

fn called(from: EndpointId, calls: &Calls) -> impl Iterator<Item = (EndpointId, f64)> {
    calls[from].iter().copied().filter(|(_, weight)| *weight > 0.0)
}

fn once_more(endpoint: EndpointId, calls: &Calls, visits: &[f64]) -> f64 {
    called(endpoint, calls).fold(1.0, |sum, (to, weight)| sum + weight * visits[to.index()])
}

fn is_cycle(group: &[EndpointId], calls: &Calls) -> bool {
    group.len() > 1 || called(group[0], calls).any(|(to, _)| to == group[0])
}

/// Whether the visits within a cycle come to rest; sweeps over its equations until they do.
fn settles(group: &[EndpointId], calls: &Calls, visits: &mut [f64], left: &mut usize) -> bool {
    let n_calls: usize = group.iter().map(|endpoint| 1 + calls[*endpoint].len()).sum();
    while *left >= n_calls {
        *left -= n_calls;
        let mut change = 0.0_f64;
        for &endpoint in group {
            let next = once_more(endpoint, calls, visits);
            change = change.max((next - visits[endpoint.index()]) / next);
            visits[endpoint.index()] = next;
            if next > MAX_CALLS_PER_REQUEST {
                return false;
            }
        }
        if change < 1e-12 {
            return true;
        }
    }
    false
}

/// Tarjan's strongly connected components, callees before callers; without recursion, because
/// chains of calls can be longer than the stack.
fn groups(calls: &Calls) -> Vec<Vec<EndpointId>> {
    let mut search = Search {
        order: vec![None; calls.len()],
        low: vec![0; calls.len()],
        on_stack: vec![false; calls.len()],
        stack: Vec::new(),
        path: Vec::new(),
        next: 0,
    };
    let mut groups = Vec::new();
    for root in calls.ids() {
        if search.order[root.index()].is_none() {
            search.enter(root);
            while let Some((endpoint, position)) = search.path.pop() {
                groups.extend(search.step(endpoint, position, calls));
            }
        }
    }
    groups
}

struct Search {
    /// When an endpoint was first seen.
    order: Vec<Option<usize>>,
    /// The earliest endpoint on the stack that can be reached from it.
    low: Vec<usize>,
    on_stack: Vec<bool>,
    stack: Vec<EndpointId>,
    /// The way to where the search is, with the next call to follow at each.
    path: Vec<(EndpointId, usize)>,
    next: usize,
}

impl Search {
    fn enter(&mut self, endpoint: EndpointId) {
        self.order[endpoint.index()] = Some(self.next);
        self.low[endpoint.index()] = self.next;
        self.next += 1;
        self.stack.push(endpoint);
        self.on_stack[endpoint.index()] = true;
        self.path.push((endpoint, 0));
    }

    /// Follows one call, or, when all are followed, gives the group that ends here.
    fn step(&mut self, endpoint: EndpointId, position: usize, calls: &Calls) -> Option<Vec<EndpointId>> {
        let at = endpoint.index();
        if let Some(&(to, weight)) = calls[endpoint].get(position) {
            self.path.push((endpoint, position + 1));
            match self.order[to.index()] {
                _ if weight <= 0.0 => {}
                None => self.enter(to),
                Some(order) if self.on_stack[to.index()] => self.low[at] = self.low[at].min(order),
                Some(_) => {}
            }
            return None;
        }
        if let Some(&(caller, _)) = self.path.last() {
            self.low[caller.index()] = self.low[caller.index()].min(self.low[at]);
        }
        (Some(self.low[at]) == self.order[at]).then(|| self.leave(endpoint))
    }

    fn leave(&mut self, endpoint: EndpointId) -> Vec<EndpointId> {
        let start = self.stack.iter().rposition(|other| *other == endpoint).expect("it is on the stack");
        let group = self.stack.split_off(start);
        group.iter().for_each(|member| self.on_stack[member.index()] = false);
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(calls: &[&[(u32, f64)]], expected: &[(u32, Excess)]) {
        let calls: Calls = calls
            .iter()
            .map(|calls| calls.iter().map(|(to, weight)| (EndpointId(*to), *weight)).collect())
            .collect();
        let found: Vec<(u32, Excess)> =
            excesses(&calls).into_iter().map(|(endpoint, excess)| (endpoint.0, excess)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn calls_that_end_are_fine() {
        check(&[&[(1, 1.0), (2, 3.0)], &[(2, 1.0)], &[]], &[]);
        check(&[&[(0, 0.9)]], &[]);
        check(&[&[(1, 1.0)], &[(0, 0.999)]], &[]);
        check(&[&[(0, 0.0)]], &[]);
    }

    #[test]
    fn cycles_without_end_are_blamed_and_nobody_else() {
        check(&[&[(0, 1.0)]], &[(0, Excess::Endless)]);
        check(&[&[(1, 1.0)], &[(2, 1.0)], &[(1, 1.0), (3, 1.0)], &[]], &[(1, Excess::Endless)]);
        check(&[&[(0, 0.6), (1, 1.0)], &[(0, 0.6)]], &[(0, Excess::Endless)]);
    }

    #[test]
    fn too_many_calls_are_blamed_where_they_become_too_many() {
        let thousand = 1_000.0;
        check(&[&[(1, thousand)], &[(2, thousand)], &[(3, thousand)], &[]], &[(1, Excess::TooMany)]);
    }

    #[test]
    fn long_chains_and_rings_take_no_time() {
        let n = 200_000;
        let chain = (0..n).map(|at| if at + 1 < n { vec![(EndpointId(at + 1), 1.0)] } else { Vec::new() });
        assert_eq!(excesses(&chain.collect()), []);
        let ring = (0..n).map(|at| vec![(EndpointId((at + 1) % n), 1.0)]);
        assert_eq!(excesses(&ring.collect()), [(EndpointId(0), Excess::Endless)]);
    }
}

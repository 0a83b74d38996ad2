//! Connections that are set up before the first request and kept for a while.
//!
//! A client has connections to each instance it talks to. As with HTTP/1, one carries one request at a time: a
//! request takes one that is idle, the last used first, or sets one up; with its answer it is idle again, without
//! one it is closed. Where connections carry many requests at a time, as with HTTP/2, one is enough. One that was
//! unused for `keep` is closed, and so are all to an instance that cannot be reached, or is not the process any more
//! that it was.

use tarsier_model::Connect as Rule;

#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// Since when each idle connection is, the last used last, by the number of the instance.
    idle: Vec<Vec<u64>>,
    /// Whether one carries many requests; then it stays here while it does.
    shared: bool,
}

impl Connections {
    pub(crate) fn new(n_instances: usize, shared: bool) -> Connections {
        Connections { idle: vec![Vec::new(); n_instances], shared }
    }

    pub(crate) fn know_more(&mut self, n_instances: usize) {
        self.idle.resize(n_instances, Vec::new());
    }

    /// Whether there is a connection for a request to an instance, to which they last broke then; if so, it is used now.
    pub(crate) fn has(&mut self, rule: &Rule, number: usize, broke: Option<u64>, now: u64) -> bool {
        let idle = &mut self.idle[number];
        let is_kept = |since: u64| rule.keep.is_none_or(|keep| now - since <= keep.nanos());
        let has_one =
            idle.last().is_some_and(|since| broke.is_none_or(|broke| *since > broke) && is_kept(*since));
        if has_one && !self.shared {
            idle.pop();
        } else if !has_one {
            idle.clear();
        }
        self.touch(number, now);
        has_one
    }

    /// One was set up for a request.
    pub(crate) fn open(&mut self, number: usize, now: u64) {
        if self.shared && self.idle[number].is_empty() {
            self.idle[number].push(now);
        }
    }

    /// The answer to a request came over one.
    pub(crate) fn answered(&mut self, number: usize, now: u64) {
        if self.shared {
            self.touch(number, now);
        } else {
            self.idle[number].push(now);
        }
    }

    fn touch(&mut self, number: usize, now: u64) {
        if let (true, Some(since)) = (self.shared, self.idle[number].last_mut()) {
            *since = now;
        }
    }

    pub(crate) fn close(&mut self, number: usize) {
        self.idle[number].clear();
    }

    pub(crate) fn close_all(&mut self) {
        self.idle.iter_mut().for_each(Vec::clear);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_model::ConnectCost;
    use tarsier_units::Span;

    fn kept(nanos: u64) -> Rule {
        Rule { timeout: None, cost: ConnectCost::RoundTrips(1), keep: Some(Span::from_nanos(nanos)) }
    }

    #[test]
    fn each_carries_one_request() {
        let rule = kept(60);
        let mut connections = Connections::new(2, false);
        // Two requests at once set up one each.
        assert!(!connections.has(&rule, 1, None, 0) && !connections.has(&rule, 1, None, 0));
        connections.answered(1, 10);
        connections.answered(1, 20);
        assert!(connections.has(&rule, 1, None, 70), "the last used");
        assert!(connections.has(&rule, 1, None, 70) && !connections.has(&rule, 1, None, 70));
        connections.answered(1, 80);
        assert!(!connections.has(&rule, 1, None, 141), "closed by now");
        connections.answered(1, 150);
        connections.answered(1, 150);
        connections.close(1);
        assert!(!connections.has(&rule, 1, None, 150) && !connections.has(&rule, 0, None, 150));
    }

    #[test]
    fn none_outlives_the_instance() {
        for shared in [false, true] {
            let mut connections = Connections::new(1, shared);
            connections.open(0, 5);
            connections.answered(0, 10);
            assert!(!connections.has(&kept(60), 0, Some(10), 20));
            connections.open(0, 30);
            connections.answered(0, 30);
            assert!(connections.has(&kept(60), 0, Some(10), 40));
        }
    }

    #[test]
    fn one_is_enough_where_it_is_shared() {
        let rule = kept(60);
        let mut connections = Connections::new(1, true);
        assert!(!connections.has(&rule, 0, None, 0));
        connections.open(0, 5);
        assert!(connections.has(&rule, 0, None, 65) && connections.has(&rule, 0, None, 66));
        assert!(connections.has(&rule, 0, None, 126));
        connections.answered(0, 150);
        assert!(connections.has(&rule, 0, None, 210));
        assert!(!connections.has(&rule, 0, None, 271));
        connections.open(0, 280);
        assert!(connections.has(&Rule { keep: None, ..rule }, 0, None, u64::MAX));
        connections.close_all();
        assert!(!connections.has(&kept(60), 0, None, 280));
    }
}

//! Connections that are set up before the first request and kept for a while.
//!
//! A client keeps one to each instance it talks to; one that was unused for `keep` is closed, one that
//! has failed too. While one is being set up, another request to the same instance sets up its own.

use tarsier_model::Connect as Rule;

#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// When the connection to each instance was last used, by its number; `None` is closed.
    used: Vec<Option<u64>>,
}

impl Connections {
    pub(crate) fn new(n_instances: usize) -> Connections {
        Connections { used: vec![None; n_instances] }
    }

    /// Whether there is a connection; if so, it is used now.
    pub(crate) fn has(&mut self, rule: &Rule, number: usize, now: u64) -> bool {
        let kept = |since: u64| rule.keep.is_none_or(|keep| now - since <= keep.nanos());
        let open = self.used[number].is_some_and(kept);
        self.used[number] = open.then_some(now);
        open
    }

    pub(crate) fn open(&mut self, number: usize, now: u64) {
        self.used[number] = Some(now);
    }

    /// An answer came over it.
    pub(crate) fn use_now(&mut self, number: usize, now: u64) {
        if self.used[number].is_some() {
            self.used[number] = Some(now);
        }
    }

    pub(crate) fn close_all(&mut self) {
        self.used.fill(None);
    }

    pub(crate) fn close(&mut self, number: usize) {
        self.used[number] = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tarsier_model::ConnectCost;
    use tarsier_units::Span;

    #[test]
    fn they_are_kept_while_they_are_used() {
        let rule = Rule { timeout: None, cost: ConnectCost::RoundTrips(1), keep: Some(Span::from_nanos(60)) };
        let mut connections = Connections::new(2);
        assert!(!connections.has(&rule, 1, 0));
        connections.open(1, 5);
        assert!(connections.has(&rule, 1, 65));
        assert!(connections.has(&rule, 1, 125));
        assert!(!connections.has(&rule, 1, 186) && !connections.has(&rule, 0, 186));
        connections.open(1, 190);
        connections.use_now(1, 200);
        assert!(connections.has(&rule, 1, 260));
        connections.close(1);
        connections.use_now(1, 190);
        assert!(!connections.has(&rule, 1, 260));
        connections.open(1, 260);
        assert!(connections.has(&Rule { keep: None, ..rule }, 1, u64::MAX));
    }
}

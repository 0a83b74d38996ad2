//! When something that happens again and again began, and when it was over.

/// Quiet for so long, it is over.
const QUIET_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Episode {
    last: Option<u64>,
}

impl Episode {
    /// It happens; whether that begins an episode.
    pub(crate) fn happens(&mut self, now: u64) -> bool {
        self.last.replace(now).is_none()
    }

    /// Whether an episode is over, asked when it could happen and does not.
    pub(crate) fn is_over(&mut self, now: u64) -> bool {
        let is_over = self.last.is_some_and(|last| now - last >= QUIET_NS);
        if is_over {
            self.last = None;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_once_and_ends_after_quiet() {
        let mut episode = Episode::default();
        assert!(!episode.is_over(0));
        assert!(episode.happens(10));
        assert!(!episode.happens(QUIET_NS));
        assert!(!episode.is_over(2 * QUIET_NS - 1));
        assert!(episode.is_over(2 * QUIET_NS));
        assert!(!episode.is_over(3 * QUIET_NS));
        assert!(episode.happens(3 * QUIET_NS));
    }
}

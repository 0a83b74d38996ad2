//! W1: a line in front of one server, M/M/1 at 0.8 with services of 1 ms. Times in nanoseconds.

use std::collections::VecDeque;

use tarsier_random::{Law, Sampler, Stream};

pub(crate) struct Line {
    left: u64,
    gap: Sampler,
    work: Sampler,
    gaps: Stream,
    works: Stream,
    waiting: VecDeque<u64>,
    waited: u64,
    served: u64,
}

impl Line {
    pub(crate) fn new(customers: u64) -> Line {
        Line {
            left: customers,
            gap: Sampler::new(&Law::Exp { mean: 1.25e6 }),
            work: Sampler::new(&Law::Exp { mean: 1e6 }),
            gaps: Stream::named(1, &["gaps"], &[]),
            works: Stream::named(1, &["works"], &[]),
            waiting: VecDeque::new(),
            waited: 0,
            served: 0,
        }
    }

    /// The time until the next customer comes, if one does.
    pub(crate) fn next_gap(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        Some(self.gap.sample_nanos(&mut self.gaps).max(1))
    }

    /// A customer comes; gives the time that the service takes, if it starts.
    pub(crate) fn arrive(&mut self, now: u64) -> Option<u64> {
        self.waiting.push_back(now);
        (self.waiting.len() == 1).then(|| self.serve())
    }

    /// The first customer goes; gives the time that the service of the next one takes.
    pub(crate) fn leave(&mut self, now: u64) -> Option<u64> {
        self.waiting.pop_front();
        self.served += 1;
        let arrived = *self.waiting.front()?;
        self.waited += now - arrived;
        Some(self.serve())
    }

    fn serve(&mut self) -> u64 {
        self.work.sample_nanos(&mut self.works).max(1)
    }

    /// The mean wait of those served, in milliseconds.
    pub(crate) fn mean_wait(&self) -> f64 {
        self.waited as f64 / self.served as f64 / 1e6
    }
}

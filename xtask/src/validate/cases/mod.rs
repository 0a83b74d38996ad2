//! The table of cases. Adding one is adding an entry to the list of its subject.

mod balance;
mod callers;
mod contention;
mod fan;
mod faults;
mod general;
mod hedging;
mod loss;
mod markov;
mod networks;
mod overload;
mod protection;
mod sharing;
mod stores;
mod verdict;

use super::case::Case;

/// A heading of the page and the cases under it.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) cases: Vec<Case>,
}

pub(super) fn sections() -> Vec<Section> {
    vec![
        Section { title: "One queue, exponential service", cases: markov::cases() },
        Section { title: "Loss and bounded queues", cases: loss::cases() },
        Section { title: "One queue, any service law", cases: general::cases() },
        Section { title: "Processor sharing", cases: sharing::cases() },
        Section { title: "Networks, open and closed", cases: networks::cases() },
        Section { title: "Fan-out and fork-join", cases: fan::cases() },
        Section { title: "Hedged requests", cases: hedging::cases() },
        Section { title: "Load balancing", cases: balance::cases() },
        Section { title: "Timeouts, retries, overload", cases: overload::cases() },
        Section { title: "The verdict on recovery", cases: verdict::cases() },
        Section { title: "Protection by callers", cases: callers::cases() },
        Section { title: "Protection of an instance", cases: protection::cases() },
        Section { title: "Availability under random faults", cases: faults::cases() },
        Section { title: "Replicated stores", cases: stores::cases() },
        Section { title: "Contention and backoff", cases: contention::cases() },
    ]
}

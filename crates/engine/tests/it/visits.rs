//! Stays of requests, one by one.

use tarsier_engine::{Visit, VisitEnd, Watch, run};
use tarsier_model::Step;

use crate::support::{Build, config, exp_ms, work_ms};

#[derive(Default)]
struct Guestbook(Vec<Visit>);

impl Watch for Guestbook {
    fn wants_visits(&self) -> bool {
        true
    }
    fn visit(&mut self, visit: &Visit) {
        self.0.push(*visit);
    }
}

/// A bounded station: who is let in waits, works and waits again, and leaves; who is not leaves at once.
#[test]
fn visits_are_what_happened_and_change_nothing() {
    let steps = vec![work_ms(10.0), Step::Wait(exp_ms(2.0))];
    let model = Build::new().service("s", steps, |s| s.queue = Some(2)).open("w", 90.0, 0).seal();
    let mut book = Guestbook::default();
    let watched = run(&model, &config(50, 1), &mut book);
    assert_eq!(watched.fingerprint, run(&model, &config(50, 1), &mut ()).fingerprint);
    for visit in &book.0 {
        match visit.end {
            VisitEnd::Completed => {
                assert_eq!(visit.left_ns, visit.arrived_ns + visit.queue_ns + visit.demand_ns);
                assert!(visit.demand_ns > 0, "it worked");
            }
            VisitEnd::Refused => assert_eq!(visit.left_ns, visit.arrived_ns),
            VisitEnd::Error => unreachable!("nothing fails"),
        }
    }
    let counted =
        |end| book.0.iter().filter(|visit| visit.end == end && visit.left_ns > 5_000_000_000).count() as u64;
    let service = &watched.services[0];
    assert!(service.refused > 0, "the queue is meant to fill");
    assert_eq!(
        (counted(VisitEnd::Completed), counted(VisitEnd::Refused)),
        (service.completed, service.refused)
    );
}

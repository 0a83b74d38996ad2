//! Load shedding: the fuller an instance, the more important a request must be to be let in.
//!
//! Criticality as in Beyer et al.: Site Reliability Engineering (2016), ch. 21, «Criticality»: of a task that nears
//! its capacity, lower classes are refused first. A class is refused from a share of the capacity upwards.

use tarsier_model::{Priority, Shed};

/// Seven tenths of ten are seven in spite of rounding.
const SLACK: f64 = 1e-9;

/// Whether a request is let in to where `present` are already, of at most `capacity`.
pub(crate) fn admits(shed: Shed, priority: Priority, present: u32, capacity: f64) -> bool {
    let share = match priority {
        Priority::Sheddable => shed.sheddable,
        Priority::Normal => shed.normal,
        Priority::Critical => return true,
    };
    f64::from(present) < share * capacity - SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_refused_in_their_order() {
        let shed = Shed { sheddable: 0.5, normal: 0.7 };
        let admitted = |present| {
            [Priority::Sheddable, Priority::Normal, Priority::Critical]
                .map(|priority| admits(shed, priority, present, 10.0))
        };
        assert_eq!(admitted(4), [true, true, true]);
        assert_eq!(admitted(5), [false, true, true]);
        assert_eq!(admitted(6), [false, true, true]);
        assert_eq!(admitted(7), [false, false, true]);
        assert_eq!(admitted(10), [false, false, true]);
    }

    #[test]
    fn without_a_capacity_nothing_is_shed() {
        let shed = Shed { sheddable: 0.5, normal: 0.7 };
        assert!(admits(shed, Priority::Sheddable, u32::MAX, f64::INFINITY));
    }
}

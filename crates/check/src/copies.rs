//! What is known of the instances of a service, and with what chance enough copies of a key are up.

use tarsier_model::{Needs, Service};

use crate::chance::{at_least, binomial};

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Up {
    /// Whoever calls finds an instance with this chance.
    Found(f64),
    /// Of a replicated store: each of so many instances is up with this chance, on its own.
    Each { of: u32, chance: f64 },
    /// Of a replicated store: so many of its instances are up, whichever they are.
    Count { up: u32, of: u32 },
}

impl Up {
    pub(crate) fn of(service: &Service) -> Up {
        let of = u32::try_from(service.instances.len()).expect("a service has few instances");
        match (service.availability, &service.replication) {
            (None, _) => Up::Found(1.0),
            (Some(chance), None) => Up::Found(at_least(1, [(of, chance)].into_iter())),
            (Some(chance), Some(_)) => Up::Each { of, chance },
        }
    }

    /// That a call finds somebody; of a store, whose copies are asked about, that is said of these.
    pub(crate) fn found(self) -> f64 {
        match self {
            Up::Found(chance) => chance,
            Up::Each { .. } | Up::Count { .. } => 1.0,
        }
    }

    pub(crate) fn is_uncertain(self) -> bool {
        match self {
            Up::Found(chance) | Up::Each { chance, .. } => chance > 0.0 && chance < 1.0,
            Up::Count { .. } => false,
        }
    }

    /// All that may be up is.
    pub(crate) fn at_best(self) -> Up {
        match self {
            Up::Found(chance) if chance > 0.0 => Up::Found(1.0),
            Up::Each { of, chance } if chance > 0.0 => Up::Each { of, chance: 1.0 },
            _ => self,
        }
    }

    /// What can be, each with its chance.
    pub(crate) fn outcomes(self) -> Vec<(f64, Up)> {
        match self {
            Up::Found(chance) => vec![(chance, Up::Found(1.0)), (1.0 - chance, Up::Found(0.0))],
            Up::Each { of, chance } => {
                let counts = binomial(of, chance).into_iter().zip(0..);
                counts.map(|(chance, up)| (chance, Up::Count { up, of })).collect()
            }
            Up::Count { .. } => vec![(1.0, self)],
        }
    }

    /// That as many copies of a key answer as are needed, each with this chance if it is up.
    pub(crate) fn copies(self, needs: Needs, answers: f64) -> f64 {
        let Needs { answers: need, of, .. } = needs;
        match self {
            Up::Found(chance) => chance * at_least(need, [(of, answers)].into_iter()),
            Up::Each { chance, .. } => at_least(need, [(of, chance * answers)].into_iter()),
            Up::Count { up, of: instances } => {
                let drawn = copies_up(of, up, instances).into_iter().zip(0..);
                drawn.map(|(chance, up)| chance * at_least(need, [(up, answers)].into_iter())).sum()
            }
        }
    }
}

/// The chances that 0, 1, … of `copies`, on different instances, are among the `up` of all instances: hypergeometric,
/// drawn one after the other.
fn copies_up(copies: u32, up: u32, instances: u32) -> Vec<f64> {
    let mut chances = vec![1.0];
    for drawn in 0..copies {
        let mut next = vec![0.0; chances.len() + 1];
        for (chance, hit) in chances.into_iter().zip(0..) {
            let is_up = f64::from(up.saturating_sub(hit)) / f64::from(instances - drawn);
            next[hit as usize + 1] += chance * is_up;
            next[hit as usize] += chance * (1.0 - is_up).max(0.0);
        }
        chances = next;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(answers: u32, of: u32) -> Needs {
        Needs { answers, of, local: false }
    }

    /// Summed over how many are up, it is what it is without looking.
    #[test]
    fn counting_changes_nothing_for_one_key() {
        for (of, need) in [(3, 2), (3, 1), (5, 5), (1, 1)] {
            for instances in [of, of + 1, 12] {
                let each = Up::Each { of: instances, chance: 0.9 };
                let needs = needs(need, of);
                let counted: f64 =
                    each.outcomes().into_iter().map(|(chance, up)| chance * up.copies(needs, 0.8)).sum();
                assert!((counted - each.copies(needs, 0.8)).abs() < 1e-12, "{need} of {of} on {instances}");
            }
        }
    }

    /// 4 of 6 up: of three copies 0 are on the two that are down, 1 in 4 · 3 / 20 …
    #[test]
    fn copies_are_drawn_without_replacement() {
        let expected = [0.0, 4.0, 12.0, 4.0].map(|ways| ways / 20.0);
        let found = copies_up(3, 4, 6);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?}");
        assert_eq!(Up::Count { up: 1, of: 3 }.copies(needs(2, 3), 1.0), 0.0);
        assert_eq!(Up::Count { up: 2, of: 3 }.copies(needs(2, 3), 1.0), 1.0);
    }
}

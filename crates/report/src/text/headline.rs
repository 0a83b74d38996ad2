//! One sentence on where the tail of a workload comes from.

use super::why::{Group, Part, Shares, USERS};
use crate::number::share;

/// A cause that makes less than this of the tail is not named beside the first.
const WORTH_NAMING: f64 = 0.1;
/// A cause that makes this share of what its service makes is named alone.
const ONE_CAUSE: f64 = 0.8;
/// No service makes this share of the tail: what counts is the cause.
const SPREAD: f64 = 0.2;

/// «63.2% of what is behind these waits is waiting for a connection to memcached.»
pub(super) fn behind_waits(behind: &Shares) -> Option<String> {
    headline(behind, "of what is behind these waits is")
}

/// «Half of the tail of shoppers is waiting for a core of mysql, 21.0% is the network to and from catalog.» When it is not
/// one cause: «Two thirds of the tail of shoppers is mysql: 44.8% work, 17.2% wait steps.» When it is not one service: «A
/// third of the tail of shoppers is waiting for a core, over 120 services.»
pub(super) fn headline(shares: &Shares, verb: &str) -> Option<String> {
    let services = shares.by_service();
    let first = services.first()?;
    let what = if first.tail_share < SPREAD { spread(shares)? } else { of_service(first, shares)? };
    Some(format!("{}.", what.replacen("{}", verb, 1)))
}

fn spread(shares: &Shares) -> Option<String> {
    let causes = shares.by_cause();
    let first = causes.first()?;
    Some(format!("{} {{}} {}, over {} services", fraction_words(first.tail_share), first.name, first.n_parts))
}

fn of_service(service: &Group<'_>, shares: &Shares) -> Option<String> {
    let (own, others): (Vec<&Part>, Vec<&Part>) =
        shares.parts.iter().partition(|part| part.service == service.name);
    let largest = own.first()?;
    if largest.tail_share < ONE_CAUSE * service.tail_share && service.name != USERS {
        let worth_it = own.iter().filter(|part| part.tail_share >= WORTH_NAMING / 2.0);
        let causes: Vec<String> =
            worth_it.map(|part| format!("{} {}", share(part.tail_share), part.cause)).collect();
        let start = fraction_words(service.tail_share);
        return Some(format!("{start} {{}} {}: {}", service.name, causes.join(", ")));
    }
    let mut text = format!("{} {{}} {}", fraction_words(largest.tail_share), largest.words);
    if let Some(second) = others.first().filter(|part| part.tail_share >= WORTH_NAMING) {
        text.push_str(&format!(", {} is {}", share(second.tail_share), second.words));
    }
    Some(text)
}

/// A share in words where there are good ones.
fn fraction_words(part: f64) -> String {
    let near = [
        (0.97, 1.01, "Nearly all"),
        (0.73, 0.77, "Three quarters"),
        (0.64, 0.69, "Two thirds"),
        (0.47, 0.53, "Half"),
        (0.31, 0.36, "A third"),
        (0.23, 0.27, "A quarter"),
    ];
    let word = near.iter().find(|(low, high, _)| (*low..*high).contains(&part)).map(|(_, _, word)| *word);
    word.map_or_else(|| share(part), str::to_owned)
}

#[cfg(test)]
mod tests {
    use tarsier_engine::{Cause, Why, WhyPart};
    use tarsier_model::ServiceId;
    use tarsier_units::Id;

    use super::*;

    fn sample(parts: &[(u32, Cause, f64, f64)]) -> Why {
        let part = |&(service, cause, mean_ns, tail_ns): &(u32, Cause, f64, f64)| WhyPart {
            service: Some(ServiceId(service)),
            cause,
            mean_ns,
            tail_ns,
        };
        Why { sampled: 100, sampled_tail: 1, parts: parts.iter().map(part).collect() }
    }

    fn shares(parts: &[(u32, Cause, f64, f64)]) -> Option<Shares> {
        Shares::of(&sample(parts), |part| Some(["web", "mysql"][part.service.expect("a service").index()]))
    }

    #[track_caller]
    fn check(parts: &[(u32, Cause, f64, f64)], expected: &str) {
        let text = headline(&shares(parts).expect("a sample"), "of the tail of shoppers is");
        assert_eq!(text.as_deref(), Some(expected));
    }

    #[test]
    fn the_headline_names_the_greatest_part_of_the_tail() {
        check(
            &[(0, Cause::Work, 9e6, 4e6), (1, Cause::Core, 1e6, 5e6), (1, Cause::Work, 1e6, 1e6)],
            "Half of the tail of shoppers is waiting for a core of mysql, 40.0% is work of web.",
        );
    }

    #[test]
    fn several_causes_of_one_service_are_one() {
        check(
            &[(0, Cause::Work, 9e6, 1e6), (1, Cause::Core, 1e6, 4e6), (1, Cause::Work, 1e6, 3e6)],
            "87.5% of the tail of shoppers is mysql: 50.0% waiting for a core, 37.5% work.",
        );
    }

    #[test]
    fn small_second_parts_are_not_named() {
        check(
            &[(1, Cause::Core, 1e6, 98e6), (0, Cause::Work, 9e6, 2e6)],
            "Nearly all of the tail of shoppers is waiting for a core of mysql.",
        );
    }

    #[test]
    fn a_tail_of_many_services_is_told_by_cause() {
        let why = Why {
            sampled: 100,
            sampled_tail: 1,
            parts: (0..10)
                .flat_map(|n| {
                    [(Cause::Core, 2.0), (Cause::Work, 1.0)].map(|(cause, tail_ns)| (n, cause, tail_ns))
                })
                .map(|(n, cause, tail_ns)| WhyPart {
                    service: Some(ServiceId(n)),
                    cause,
                    mean_ns: 1.0,
                    tail_ns,
                })
                .collect(),
        };
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let shares = Shares::of(&why, |part| part.service.map(|id| names[id.index()])).expect("a sample");
        let expected = "Two thirds of the tail of shoppers is waiting for a core, over 10 services.";
        assert_eq!(headline(&shares, "of the tail of shoppers is").as_deref(), Some(expected));
    }

    #[test]
    fn no_sample_no_words() {
        assert!(shares(&[]).is_none());
        assert!(shares(&[(0, Cause::Work, 0.0, 0.0)]).is_none());
    }
}

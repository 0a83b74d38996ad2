//! Who may talk to whom, and which rules decide nothing.

use std::collections::BTreeSet;

use tarsier_model::{End, Model, Passage, ServiceId, ZoneId};

use crate::finding::{At, Finding, FindingKind};
use crate::links::Link;

/// What the segmentation says of calls from a service (or from users) to a service.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Crossing {
    /// `None` for users.
    pub from: Option<ServiceId>,
    pub to: ServiceId,
    pub passage: Passage,
    /// Whether there is such a call.
    pub is_made: bool,
}

/// Of more services than this nobody looks at every pair.
const MOST_SERVICES: usize = 30;

/// Every pair, users first, or those between which there are calls; none without segmentation.
pub(crate) fn crossings(model: &Model, links: &[Link<'_>]) -> Vec<Crossing> {
    if model.segmentation.is_none() {
        return Vec::new();
    }
    let made: BTreeSet<(Option<ServiceId>, ServiceId)> =
        links.iter().map(|link| ends_of(model, link)).collect();
    let crossing = |(from, to)| Crossing {
        from,
        to,
        passage: model.passage(from, to),
        is_made: made.contains(&(from, to)),
    };
    if model.services.len() > MOST_SERVICES {
        return made.iter().copied().map(crossing).collect();
    }
    let callers = std::iter::once(None).chain(model.services.ids().map(Some));
    callers.flat_map(|from| model.services.ids().map(move |to| (from, to))).map(crossing).collect()
}

fn ends_of(model: &Model, link: &Link<'_>) -> (Option<ServiceId>, ServiceId) {
    (link.from.map(|from| model.endpoints[from].service), model.endpoints[link.to].service)
}

/// Calls that a run refuses, always or between some zones.
pub(crate) fn refused_calls(model: &Model, links: &[Link<'_>]) -> Vec<Finding> {
    if model.segmentation.is_none() {
        return Vec::new();
    }
    let refused = links.iter().filter_map(|link| {
        let (from, to) = ends_of(model, link);
        let passage = model.passage_balanced(link.policy.balance, from, to);
        let [caller, callee] = passage.forbidden?;
        let where_ = if passage.is_closed() {
            String::new()
        } else {
            format!(" from {} to {}", place(model, caller), place(model, callee))
        };
        let message = format!("{}: the segmentation refuses this call{where_}", link.label(model));
        Some(Finding { kind: FindingKind::RefusedCall, at: link.at, message })
    });
    refused.collect()
}

fn place(model: &Model, end: End) -> String {
    match end {
        End::Users => "users".to_owned(),
        End::Instance { zone, .. } => model.zone_label(zone),
    }
}

/// Looks at a rule for a pair of ends, about a second.
const MOST_EFFORT: usize = 50_000_000;

/// Rules that decide about nobody: nobody is in their groups, or rules above decide about all who are.
pub(crate) fn useless_rules(model: &Model) -> Vec<Finding> {
    let Some(segmentation) = &model.segmentation else { return Vec::new() };
    let ends = ends(model);
    if ends.len() * ends.len() * segmentation.rules.len() > MOST_EFFORT {
        return Vec::new();
    }
    let mut left: BTreeSet<usize> = (0..segmentation.rules.len()).collect();
    'pairs: for from in &ends {
        // Users are called by nobody.
        for to in ends.iter().filter(|end| **end != End::Users) {
            if let Some(rule) = segmentation.deciding_rule(*from, *to) {
                left.remove(&rule);
                if left.is_empty() {
                    break 'pairs;
                }
            }
        }
    }
    let useless = left.into_iter().map(|rule| {
        let message = format!(
            "rule {} of the segmentation decides nothing: nobody is in its groups, or the rules above it decide first",
            rule + 1
        );
        Finding { kind: FindingKind::UselessRule, at: At::Rule(rule), message }
    });
    useless.collect()
}

/// All that can be at an end of a call.
fn ends(model: &Model) -> Vec<End> {
    let places: BTreeSet<(ServiceId, ZoneId)> = model
        .services
        .entries()
        .flat_map(|(id, service)| service.instances.iter().map(move |zone| (id, *zone)))
        .collect();
    let instances = places.into_iter().map(|(service, zone)| model.end_of(service, zone));
    std::iter::once(End::Users).chain(instances).collect()
}

#[cfg(test)]
mod tests {
    use tarsier_model::{Enforce, Group, Member, Region, RegionId, Rule, Segmentation, Verdict, Zone};

    use super::*;
    use crate::examination::examine;
    use crate::fixture::{call_step, messages, model};
    use crate::sections;

    /// `web` calls `api`, that `db`; `web` stands in zones a and b, the others in a. Rules are between groups that are users
    /// and these three, then zone b.
    fn walled(rules: &[(u32, u32, Verdict)], default: Verdict) -> Model {
        let steps = [("web", vec![call_step(1)]), ("api", vec![call_step(2)]), ("db", vec![])];
        let mut model = model(1.0, &steps);
        let zone = |name: &str| Zone { name: name.to_owned(), region: RegionId(0) };
        model.regions = vec![Region { name: "here".to_owned() }].into();
        model.zones = ["a", "b"].map(zone).to_vec().into();
        model.services[ServiceId(0)].instances = vec![ZoneId(0), ZoneId(1)];
        let services = (0..3).map(|n| Member::Service(ServiceId(n)));
        let members = std::iter::once(Member::Users).chain(services).chain([Member::Zone(ZoneId(1))]);
        let rule = |(from, to, verdict): &(u32, u32, Verdict)| Rule {
            from: Some(*from),
            to: Some(*to),
            verdict: *verdict,
        };
        model.segmentation = Some(Segmentation {
            groups: members.map(|member| Group { name: String::new(), members: vec![member] }).collect(),
            rules: rules.iter().map(rule).collect(),
            default,
            enforce: Enforce::Runtime,
            independent: Vec::new(),
        });
        model
    }

    #[test]
    fn the_matrix_shows_who_may_call_whom() {
        let model = walled(&[(0, 1, Verdict::Allow), (1, 2, Verdict::Allow)], Verdict::Deny);
        let expected = "may call    web    api       db
users     calls     no       no
web          no  calls       no
api          no     no  refused
db           no     no       no
";
        assert_eq!(sections::crossings(&model, &examine(&model).crossings), expected);
        assert_eq!(
            messages(&model, FindingKind::RefusedCall),
            ["api -> db: the segmentation refuses this call"]
        );
    }

    #[test]
    fn a_call_refused_between_some_zones_says_which() {
        let model = walled(&[(4, 2, Verdict::Deny)], Verdict::Allow);
        let expected = "web -> api: the segmentation refuses this call from here/b to here/a";
        assert_eq!(messages(&model, FindingKind::RefusedCall), [expected]);
        assert!(sections::crossings(&model, &examine(&model).crossings).contains("partly"));
    }

    #[test]
    fn rules_that_decide_nothing_are_told() {
        let rules = [(1, 2, Verdict::Allow), (1, 2, Verdict::Deny), (3, 0, Verdict::Deny)];
        let found = messages(&walled(&rules, Verdict::Allow), FindingKind::UselessRule);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("rule 2 "), "the first rule decides before it");
        assert!(found[1].starts_with("rule 3 "), "nobody calls users");
    }

    /// What is refused at run time is down for who needs it.
    #[test]
    fn refused_calls_take_their_callers_down() {
        let mut model = walled(&[(2, 3, Verdict::Deny)], Verdict::Allow);
        let rules = model.segmentation.as_mut().expect("there are rules");
        rules.independent = vec![vec![ServiceId(0), ServiceId(2)]];
        let found = examine(&model);
        assert_eq!(found.resilience.independence[0].dead, [ServiceId(0)]);
        assert!(!found.is_independent());
    }
}

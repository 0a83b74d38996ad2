//! Who may talk to whom, and what must not fail together.

use std::collections::BTreeSet;

use crate::{Balance, Model, RegionId, ServiceId, ZoneId};

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Segmentation {
    pub groups: Vec<Group>,
    /// The first that matches decides.
    pub rules: Vec<Rule>,
    /// What holds where no rule matches.
    pub default: Verdict,
    pub enforce: Enforce,
    /// Services of each list must not be taken down together by any single failure.
    pub independent: Vec<Vec<ServiceId>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    pub name: String,
    pub members: Vec<Member>,
}

/// A zone or a region has the instances that stand there as members; users stand in none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Member {
    Users,
    Service(ServiceId),
    Zone(ZoneId),
    Region(RegionId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Indices into `groups`; `None` is everybody.
    pub from: Option<u32>,
    pub to: Option<u32>,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    #[default]
    Allow,
    Deny,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Enforce {
    /// A forbidden call is an error of the file.
    #[default]
    Check,
    /// A forbidden call is refused when it is made.
    Runtime,
}

/// One end of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Users,
    Instance { service: ServiceId, zone: ZoneId, region: RegionId },
}

impl Group {
    fn holds(&self, end: End) -> bool {
        self.members.iter().any(|member| match (*member, end) {
            (Member::Users, End::Users) => true,
            (Member::Service(member), End::Instance { service, .. }) => member == service,
            (Member::Zone(member), End::Instance { zone, .. }) => member == zone,
            (Member::Region(member), End::Instance { region, .. }) => member == region,
            (_, End::Users) | (Member::Users, _) => false,
        })
    }
}

impl Segmentation {
    /// Whether a call from one end to the other is allowed.
    pub fn verdict(&self, from: End, to: End) -> Verdict {
        self.deciding_rule(from, to).map_or(self.default, |rule| self.rules[rule].verdict)
    }

    /// The first rule that matches; without one the default decides.
    pub fn deciding_rule(&self, from: End, to: End) -> Option<usize> {
        let holds =
            |group: Option<u32>, end| group.is_none_or(|group| self.groups[group as usize].holds(end));
        self.rules.iter().position(|rule| holds(rule.from, from) && holds(rule.to, to))
    }

    /// Whether where an instance stands can make a difference.
    fn minds_places(&self) -> bool {
        let mut members = self.groups.iter().flat_map(|group| &group.members);
        members.any(|member| matches!(member, Member::Zone(_) | Member::Region(_)))
    }
}

/// What the rules say of the calls of one caller to one service, which may stand in several places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passage {
    /// The first pair of ends between which a call is allowed.
    pub allowed: Option<[End; 2]>,
    /// The first between which it is not.
    pub forbidden: Option<[End; 2]>,
}

impl Passage {
    pub fn is_open(&self) -> bool {
        self.forbidden.is_none()
    }

    pub fn is_closed(&self) -> bool {
        self.allowed.is_none()
    }
}

impl Model {
    /// Whether calls from a service (or from users) to a service are allowed, wherever both stand.
    pub fn passage(&self, from: Option<ServiceId>, to: ServiceId) -> Passage {
        self.passage_balanced(Balance::RoundRobin, from, to)
    }

    /// The same for calls of callers that stay near as long as there is an instance to call.
    pub fn passage_balanced(&self, balance: Balance, from: Option<ServiceId>, to: ServiceId) -> Passage {
        self.passage_standing(balance, from, to, |service| self.services[service].instances.clone())
    }

    /// The same if services stood in these zones.
    pub fn passage_standing(
        &self,
        balance: Balance,
        from: Option<ServiceId>,
        to: ServiceId,
        zones: impl Fn(ServiceId) -> Vec<ZoneId>,
    ) -> Passage {
        let crossings = self.crossings_of(from, to, &zones);
        if !balance.is_local() {
            return self.passage_between(crossings);
        }
        let stands_in: BTreeSet<ZoneId> = zones(to).into_iter().collect();
        self.passage_between(crossings.filter(|ends| match ends {
            [End::Instance { zone: from, .. }, End::Instance { zone: to, .. }] => {
                self.is_near(balance, *from, *to, &stands_in)
            }
            _ => true,
        }))
    }

    /// Whether a caller in one zone that stays near may call into another, given where there are instances.
    fn is_near(&self, balance: Balance, from: ZoneId, to: ZoneId, stands_in: &BTreeSet<ZoneId>) -> bool {
        let region = |zone: ZoneId| self.zones[zone].region;
        if balance == Balance::ZoneAware && stands_in.contains(&from) {
            return from == to;
        }
        let is_around = stands_in.iter().any(|zone| region(*zone) == region(from));
        !is_around || region(from) == region(to)
    }

    fn passage_between(&self, crossings: impl Iterator<Item = [End; 2]>) -> Passage {
        let mut passage = Passage::default();
        for [from, to] in crossings {
            let pair = match self.verdict(from, to) {
                Verdict::Allow => &mut passage.allowed,
                Verdict::Deny => &mut passage.forbidden,
            };
            *pair = pair.or(Some([from, to]));
        }
        passage
    }

    /// Between which ends a service (or users) may ever call a service, as far as the rules tell these apart.
    pub fn possible_crossings(
        &self,
        from: Option<ServiceId>,
        to: ServiceId,
    ) -> impl Iterator<Item = [End; 2]> {
        self.crossings_of(from, to, &|service| self.services[service].possible_zones().collect())
    }

    fn crossings_of<Z: Fn(ServiceId) -> Vec<ZoneId>>(
        &self,
        from: Option<ServiceId>,
        to: ServiceId,
        zones: &Z,
    ) -> impl Iterator<Item = [End; 2]> + use<Z> {
        let from = self.ends_of(from, zones);
        let to = self.ends_of(Some(to), zones);
        to.into_iter().flat_map(move |to| from.clone().into_iter().map(move |from| [from, to]))
    }

    /// Without segmentation everybody may call everybody.
    pub fn verdict(&self, from: End, to: End) -> Verdict {
        self.segmentation.as_ref().map_or(Verdict::Allow, |rules| rules.verdict(from, to))
    }

    pub fn end_of(&self, service: ServiceId, zone: ZoneId) -> End {
        End::Instance { service, zone, region: self.zones[zone].region }
    }

    /// The different ends that instances of a service in these zones are, as far as the rules tell them apart.
    fn ends_of(&self, service: Option<ServiceId>, zones: impl Fn(ServiceId) -> Vec<ZoneId>) -> Vec<End> {
        let Some(service) = service else { return vec![End::Users] };
        let told_apart = self.segmentation.as_ref().is_some_and(Segmentation::minds_places);
        let zones = zones(service).into_iter();
        let zones: BTreeSet<ZoneId> = zones.take(if told_apart { usize::MAX } else { 1 }).collect();
        zones.into_iter().map(|zone| self.end_of(service, zone)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Region, Service, Zone};

    const WEB: ServiceId = ServiceId(0);
    const DB: ServiceId = ServiceId(1);

    /// `web` in the zones a and b, `db` in b and c, and the rules between groups that are these services, users and
    /// the zone b.
    fn model(rules: &[(Option<u32>, Option<u32>, Verdict)], default: Verdict) -> Model {
        let zone = |name: &str| Zone { name: name.to_owned(), region: RegionId(0) };
        let service = |name: &str, zones: [u32; 2]| Service {
            instances: zones.map(ZoneId).to_vec(),
            ..Service::named(name)
        };
        let group = |member| Group { name: String::new(), members: vec![member] };
        let members = [Member::Service(WEB), Member::Service(DB), Member::Users, Member::Zone(ZoneId(1))];
        let rules = rules.iter().map(|(from, to, verdict)| Rule { from: *from, to: *to, verdict: *verdict });
        Model {
            regions: vec![Region { name: "here".to_owned() }].into(),
            zones: ["a", "b", "c"].map(zone).to_vec().into(),
            services: vec![service("web", [0, 1]), service("db", [1, 2])].into(),
            segmentation: Some(Segmentation {
                groups: members.map(group).to_vec(),
                rules: rules.collect(),
                default,
                ..Segmentation::default()
            }),
            ..Model::empty()
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = [(Some(0), Some(1), Verdict::Allow), (None, Some(1), Verdict::Deny)];
        let model = model(&rules, Verdict::Allow);
        assert!(model.passage(Some(WEB), DB).is_open());
        assert!(model.passage(None, DB).is_closed());
        assert!(model.passage(Some(DB), DB).is_closed(), "a service calling itself is judged as any other");
        assert!(model.passage(None, WEB).is_open(), "the default decides");
        let rules = model.segmentation.as_ref().expect("there are rules");
        assert_eq!(rules.deciding_rule(End::Users, model.end_of(DB, ZoneId(2))), Some(1));
        assert_eq!(rules.deciding_rule(End::Users, model.end_of(WEB, ZoneId(0))), None);
    }

    #[test]
    fn zones_are_judged_pair_by_pair() {
        let model = model(&[(None, Some(3), Verdict::Allow)], Verdict::Deny);
        let passage = model.passage(Some(WEB), DB);
        assert_eq!(passage.allowed, Some([model.end_of(WEB, ZoneId(0)), model.end_of(DB, ZoneId(1))]));
        assert_eq!(passage.forbidden, Some([model.end_of(WEB, ZoneId(0)), model.end_of(DB, ZoneId(2))]));
    }

    fn near(model: &Model, balance: Balance) -> Passage {
        model.passage_balanced(balance, Some(WEB), DB)
    }

    /// From zone a to b: `web` stands in a, but `db` does not; from b to c it need not go.
    #[test]
    fn who_stays_in_its_zone_is_judged_there() {
        let model = model(&[(None, Some(3), Verdict::Allow)], Verdict::Deny);
        assert_eq!(near(&model, Balance::ZoneAware).forbidden, model.passage(Some(WEB), DB).forbidden);
        let mut model = model;
        model.services[WEB].instances = vec![ZoneId(1)];
        assert!(!model.passage(Some(WEB), DB).is_open());
        assert!(near(&model, Balance::ZoneAware).is_open());
        assert!(!near(&model, Balance::RegionAware).is_open(), "c is of the same region");
        model.regions.push(Region { name: "there".to_owned() });
        model.zones[ZoneId(2)].region = RegionId(1);
        assert!(near(&model, Balance::RegionAware).is_open(), "now c is of another");
    }

    #[test]
    fn users_stand_in_no_zone() {
        let model = model(&[(Some(3), None, Verdict::Deny)], Verdict::Allow);
        assert!(model.passage(None, WEB).is_open());
        assert!(!model.passage(Some(WEB), DB).is_open() && !model.passage(Some(WEB), DB).is_closed());
    }

    #[test]
    fn without_segmentation_everything_is_allowed() {
        let open = Model { segmentation: None, ..model(&[], Verdict::Deny) };
        assert!(open.passage(None, DB).is_open());
        assert!(model(&[], Verdict::Deny).passage(None, DB).is_closed());
    }
}

//! What a single failure takes down: whole workloads, and services that should not fail together.

use tarsier_model::{Model, ServiceId, WorkloadId};

use tarsier_units::IdVec;

use crate::standing::{Part, Standing, Survey};

/// Looks at calls and services altogether, a second or two. A model that needs more is not examined to its end.
const MOST_EFFORT: usize = 30_000_000;

/// What single failures do.
#[derive(Clone, PartialEq, Debug)]
pub struct Resilience {
    /// One for each list of the segmentation.
    pub independence: Vec<Independence>,
    /// What every request of a workload needs and there is only one of.
    pub single_points: Vec<SinglePoint>,
    pub n_examined: usize,
    /// More than were examined if the model is very large.
    pub n_parts: usize,
}

/// Whether services can be taken down together.
#[derive(Clone, PartialEq, Debug)]
pub struct Independence {
    pub services: Vec<ServiceId>,
    /// Parts whose failure takes down at least two of them.
    pub shared: Vec<Shared>,
    /// Those that cannot answer even when nothing has failed, so that nothing can be said of them.
    pub dead: Vec<ServiceId>,
}

impl Independence {
    pub fn holds(&self) -> bool {
        self.shared.is_empty() && self.dead.is_empty()
    }
}

/// A part, and for each service that it takes down the way there: from the service, each one needing the next, to the one
/// that the part strikes.
#[derive(Clone, PartialEq, Debug)]
pub struct Shared {
    pub part: Part,
    pub ways: Vec<Vec<ServiceId>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SinglePoint {
    /// A service with one instance, or a zone.
    pub part: Part,
    /// The service that stands nowhere else.
    pub service: ServiceId,
    pub workloads: Vec<WorkloadId>,
}

/// Takes every part away, one at a time.
pub(crate) fn resilience(model: &Model) -> Resilience {
    let survey = Survey::new(model);
    let probe = Probe { model, whole: survey.whole(), survey };
    let parts = probe.survey.parts();
    let lists = model.segmentation.iter().flat_map(|rules| &rules.independent);
    let mut found = Resilience {
        independence: lists.map(|services| probe.open(services)).collect(),
        single_points: Vec::new(),
        n_examined: 0,
        n_parts: parts.len(),
    };
    let mut broken = probe.whole.clone();
    let mut is_known: IdVec<ServiceId, bool> = model.services.iter().map(|_| false).collect();
    let n_asked = probe.n_asked();
    let mut effort = 0;
    for part in parts {
        if effort > MOST_EFFORT {
            break;
        }
        found.n_examined += 1;
        effort += n_asked + probe.survey.lose(part, &mut broken, &probe.whole);
        for list in &mut found.independence {
            let shared = probe.shared(part, &broken, list);
            // A way is looked for everywhere.
            effort += shared.iter().map(|shared| shared.ways.len() * model.endpoints.len()).sum::<usize>();
            list.shared.extend(shared);
        }
        let point = probe.single_point(part, &broken);
        // Of what has a single instance, its zone says nothing new.
        let is_new = |point: &SinglePoint| !std::mem::replace(&mut is_known[point.service], true);
        found.single_points.extend(point.filter(is_new));
    }
    found
}

struct Probe<'m> {
    model: &'m Model,
    survey: Survey<'m>,
    whole: Standing,
}

impl Probe<'_> {
    fn open(&self, services: &[ServiceId]) -> Independence {
        let is_dead = |service: &ServiceId| self.survey.is_down(&self.whole, *service);
        Independence {
            services: services.to_vec(),
            shared: Vec::new(),
            dead: services.iter().copied().filter(is_dead).collect(),
        }
    }

    /// Who is asked after each loss whether they can still answer.
    fn n_asked(&self) -> usize {
        let lists = self.model.segmentation.iter().flat_map(|rules| &rules.independent);
        let mixes = self.model.workloads.iter().map(|workload| workload.mix.len());
        lists.map(Vec::len).chain(mixes).sum()
    }

    fn shared(&self, part: Part, broken: &Standing, list: &Independence) -> Option<Shared> {
        let alive = list.services.iter().copied().filter(|service| !list.dead.contains(service));
        let down: Vec<ServiceId> = alive.filter(|service| self.survey.is_down(broken, *service)).collect();
        // A region says nothing that one of its zones has not said.
        let within = |known: &Shared| match (known.part, part) {
            (Part::Zone(zone), Part::Region(region)) => self.model.zones[zone].region == region,
            _ => false,
        };
        if down.len() < 2 || list.shared.iter().any(within) {
            return None;
        }
        let way = |service| self.survey.way_down(broken, self.model.services[service].endpoint_ids());
        Some(Shared { part, ways: down.into_iter().map(way).collect() })
    }

    fn single_point(&self, part: Part, broken: &Standing) -> Option<SinglePoint> {
        let can_be_single = match part {
            Part::Service(service) => self.model.services[service].instances.len() == 1,
            Part::Zone(_) => true,
            Part::Instance(..) | Part::Region(_) => false,
        };
        let is_stopped = |workload: &WorkloadId| {
            self.survey.is_stopped(broken, *workload) && !self.survey.is_stopped(&self.whole, *workload)
        };
        let workloads: Vec<WorkloadId> =
            self.model.workloads.ids().filter(|it| can_be_single && is_stopped(it)).collect();
        let destinations = self.survey.destinations(*workloads.first()?);
        let service = match part {
            Part::Service(service) | Part::Instance(service, _) => service,
            Part::Zone(_) | Part::Region(_) => *self.survey.way_down(broken, destinations).last()?,
        };
        Some(SinglePoint { part, service, workloads })
    }
}

#[cfg(test)]
mod tests {
    use tarsier_engine::RunConfig;
    use tarsier_model::{
        Call, EndpointId, Enforce, Group, Happening, Member, RegionId, Rule, Scenario, SealedModel,
        Segmentation, Step, Target, Trouble, Verdict, Zone, ZoneId,
    };
    use tarsier_random::Stream;
    use tarsier_units::Span;

    use super::*;
    use crate::fixture::{call, call_step, model, random_model};

    const Y: ServiceId = ServiceId(0);
    const Z: ServiceId = ServiceId(1);
    const A: ServiceId = ServiceId(2);
    const DB: ServiceId = ServiceId(3);

    fn independent(mut model: Model) -> Independence {
        model.segmentation = Some(Segmentation { independent: vec![vec![Y, Z]], ..Segmentation::default() });
        let mut found = resilience(&model);
        assert_eq!(found.n_examined, found.n_parts);
        found.independence.remove(0)
    }

    /// Zones a, b and c; the services stand in these.
    fn placed(mut model: Model, zones: &[&[u32]]) -> Model {
        let zone = |name: &str| Zone { name: name.to_owned(), region: RegionId(0) };
        model.zones = ["a", "b", "c"].map(zone).to_vec().into();
        for (service, zones) in model.services.iter_mut().zip(zones) {
            service.instances = zones.iter().copied().map(ZoneId).collect();
        }
        model
    }

    fn two_on_a_database(last: Step) -> Model {
        let steps =
            vec![("y", vec![call_step(2)]), ("z", vec![last]), ("a", vec![call_step(3)]), ("db", vec![])];
        placed(model(1.0, &steps), &[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2], &[0, 1]])
    }

    #[test]
    fn a_shared_dependency_is_named_with_the_ways_to_it() {
        let found = independent(two_on_a_database(call_step(3)));
        let ways = vec![vec![Y, A, DB], vec![Z, DB]];
        assert_eq!(found.shared, [Shared { part: Part::Service(DB), ways }]);
    }

    #[test]
    fn who_can_do_without_does_not_share() {
        let optional = Step::Call(Call { optional: true, ..call(3) });
        assert!(independent(two_on_a_database(optional)).holds());
        let with_fallback = Step::Call(Call { fallback: Some(vec![]), ..call(3) });
        assert!(independent(two_on_a_database(with_fallback)).holds());
        let cached = Step::Cache { ask: call(2), hit: 0.9, miss: vec![call_step(3)], fill: None };
        assert!(!independent(two_on_a_database(cached)).holds(), "the cache itself needs the database");
        assert!(independent(two_on_a_database(Step::Publish(call(3)))).holds());
    }

    #[test]
    fn a_zone_is_shared_by_those_who_stand_only_there() {
        let apart = [("y", vec![]), ("z", vec![call_step(2)]), ("a", vec![])];
        let in_one = placed(model(1.0, &apart), &[&[1], &[0, 1, 2], &[1, 1]]);
        let found = independent(in_one);
        assert_eq!(found.shared, [Shared { part: Part::Zone(ZoneId(1)), ways: vec![vec![Y], vec![Z, A]] }]);
        assert!(independent(placed(model(1.0, &apart), &[&[1], &[0, 1, 2], &[2]])).holds());
    }

    #[test]
    fn what_never_answers_is_not_independent() {
        let never = [("y", vec![Step::Fail(1.0)]), ("z", vec![])];
        let found = independent(placed(model(1.0, &never), &[&[0, 1], &[0, 1]]));
        assert!(!found.holds());
        assert_eq!((found.dead, found.shared.len()), (vec![Y], 0));
    }

    #[test]
    fn single_points_are_what_every_request_needs() {
        let steps = [
            ("web", vec![call_step(1), Step::Maybe { share: 0.5, steps: vec![call_step(2)] }]),
            ("db", vec![]),
            ("log", vec![]),
            ("idle", vec![]),
        ];
        let found = resilience(&placed(model(1.0, &steps), &[&[0, 1, 2], &[1], &[0], &[0]]));
        let point = |part, service| SinglePoint { part, service, workloads: vec![WorkloadId(0)] };
        assert_eq!(found.single_points, [point(Part::Service(Z), Z)]);
        let found = resilience(&placed(model(1.0, &steps), &[&[0, 1, 2], &[1, 1], &[0], &[0]]));
        assert_eq!(found.single_points, [point(Part::Zone(ZoneId(1)), Z)]);
    }

    /// The oracle is the engine: when the part is lost from the start, is any of thousands of requests answered?
    #[test]
    fn runs_without_a_part_say_the_same() {
        let mut n_down = 0;
        for seed in 0..90 {
            let mut stream = Stream::named(seed, &["independence"], &[]);
            let model = random_model(&mut stream);
            let model = if seed % 3 == 0 { walled(&model, &mut stream) } else { model };
            let survey = Survey::new(&model);
            let whole = survey.whole();
            let mut broken = whole.clone();
            for part in survey.parts() {
                survey.lose(part, &mut broken, &whole);
                let answered = answered_without(&model, part);
                for (id, answered) in model.endpoints.ids().zip(answered) {
                    let can = survey.answers_users(&broken, id);
                    assert_eq!(can, answered, "seed {seed}: {id:?} without {part:?} in {model:#?}");
                    n_down += usize::from(!can);
                }
            }
        }
        assert!(n_down > 100, "only {n_down} cases of something down");
    }

    /// The same with a call forbidden, perhaps only between zones, and refused at run time.
    fn walled(model: &SealedModel, stream: &mut Stream) -> SealedModel {
        let mut model = Model::clone(model);
        let services = model.services.len() as u32;
        let mut group = || {
            let member = match stream.below(3) {
                0 => Member::Service(ServiceId(stream.below(services))),
                _ => Member::Zone(ZoneId(stream.below(2))),
            };
            Group { name: String::new(), members: vec![member] }
        };
        model.segmentation = Some(Segmentation {
            groups: vec![group(), group()],
            rules: vec![Rule { from: Some(0), to: Some(1), verdict: Verdict::Deny }],
            enforce: Enforce::Runtime,
            ..Segmentation::default()
        });
        model.seal().expect("only the segmentation is new")
    }

    /// For each endpoint whether a request of its own workload completed.
    fn answered_without(model: &SealedModel, part: Part) -> Vec<bool> {
        let trouble = match part {
            Part::Service(service) => Trouble::LoseService(Target::all(service)),
            Part::Zone(zone) => Trouble::LoseZone(zone),
            Part::Region(region) => Trouble::LoseRegion(region),
            Part::Instance(service, zone) => {
                let target = Target { zone: Some(zone), ..Target::all(service) };
                Trouble::Kill { target, silent: false }
            }
        };
        let happening = Happening { at: Span::ZERO, lasts: None, trouble };
        let scenario = Scenario { name: String::new(), happenings: vec![happening] };
        let config = RunConfig {
            seed: 1,
            replication: 0,
            duration: Span::from_secs(4),
            warmup: Span::ZERO,
            scenario: Some(&scenario),
            threads: 1,
            series: false,
        };
        let outcome = tarsier_engine::run(model, &config, &mut ());
        outcome.workloads.iter().map(|workload| workload.completed > 0).collect()
    }

    /// One workload for each endpoint.
    #[test]
    fn every_endpoint_of_a_random_model_is_asked() {
        let model = random_model(&mut Stream::named(1, &["independence"], &[]));
        let asked: Vec<EndpointId> = model.workloads.iter().map(|workload| workload.mix[0].1).collect();
        assert_eq!(asked, model.endpoints.ids().collect::<Vec<_>>());
    }
}

//! What is generated loads, has nothing that `check` would warn of, and is as busy as arithmetic says.

use tarsier_engine::{Outcome, RunConfig};
use tarsier_generate::{MOST_SERVICES, Order, Refusal, Shape, generate};
use tarsier_model::SealedModel;
use tarsier_units::Span;

const SHAPES: [(Shape, u32, u32); 4] = [
    (Shape::NetflixOss { regions: 2, zones: 2 }, 17, 400),
    (Shape::Hierarchy { continents: Some(3), regions: Some(2), zones: Some(1) }, 30, 3_000),
    (Shape::Alibaba, 60, 400),
    (Shape::Meta, 60, 400),
];

fn order(shape: Shape, services: u32, instances: u32) -> Order {
    Order {
        shape,
        services,
        instances: Some(instances),
        rate_per_s: None,
        seed: 3,
        command: "tarsier generate".to_owned(),
    }
}

fn loaded(order: &Order) -> SealedModel {
    let text = generate(order).expect("it can be made");
    let loaded = tarsier_language::load("generated.yaml", text.as_bytes());
    assert!(loaded.diagnostics.is_empty(), "{:?}: {:?}", order.shape, loaded.diagnostics);
    loaded.model.expect("nothing is wrong with it")
}

fn simulated(model: &SealedModel, seconds: u64) -> Outcome {
    let config = RunConfig {
        seed: 1,
        replication: 0,
        duration: Span::from_secs(seconds),
        warmup: Span::from_secs(2),
        scenario: None,
        threads: 1,
        series: false,
    };
    tarsier_engine::run(model, &config, &mut ())
}

fn instances(model: &SealedModel) -> usize {
    model.services.iter().map(|service| service.instances.len()).sum()
}

#[test]
fn nothing_is_to_be_said_against_it() {
    for (shape, services, instances) in SHAPES {
        let model = loaded(&order(shape, services, instances));
        let examination = tarsier_check::examine(&model);
        let text = tarsier_check::text(&model, &examination, &|_| None);
        assert!(!text.lines().any(|line| line.starts_with('!')), "{shape:?}:\n{text}");
        // What runs out first is half busy, but for the rounding of the rate and of durations.
        let factor = examination.load.limit.expect("it has a limit").factor;
        assert!((1.9..2.1).contains(&factor), "{shape:?} can do {factor} times its load");
    }
}

#[test]
fn services_with_enough_to_do_are_half_busy() {
    for (shape, services, instances) in SHAPES {
        let outcome = simulated(&loaded(&order(shape, services, instances)), 10);
        assert!(outcome.workloads[0].completed > 1_000);
        assert_eq!(outcome.workloads[0].errors, 0, "{shape:?}");
        // Of 10,000 visits the work varies by 1%, three times that with p2c's unevenness and a row of zones.
        let busy = outcome.services.iter().filter(|it| it.completed > 10_000 && it.utilization > 0.1);
        let busy: Vec<f64> = busy.map(|service| service.utilization).collect();
        assert!(busy.iter().any(|share| *share > 0.4), "{shape:?}: {busy:?}");
        assert!(busy.iter().all(|share| *share < 0.6), "{shape:?}: {busy:?}");
    }
}

#[test]
fn there_are_as_many_instances_as_asked_for() {
    for (shape, services, asked) in SHAPES {
        let model = loaded(&order(shape, services, asked));
        let zones = if matches!(shape, Shape::Alibaba | Shape::Meta) { 1 } else { model.zones.len() };
        let made = instances(&model);
        assert!(made <= asked as usize && made + zones > asked as usize, "{shape:?}: {made} of {asked}");
    }
}

/// The rate decides how many instances; with both given it is the cores.
#[test]
fn the_rate_or_the_speed_follows() {
    for (shape, services, _) in SHAPES {
        let made = |instances, rate_per_s| {
            let model =
                loaded(&Order { instances, rate_per_s: Some(rate_per_s), ..order(shape, services, 1) });
            let factor = tarsier_check::examine(&model).load.limit.expect("it has a limit").factor;
            assert!(
                (1.9..2.2).contains(&factor),
                "{shape:?} at {rate_per_s}/s can do {factor} times its load"
            );
            (self::instances(&model), model.services.iter().map(|service| service.speed).next())
        };
        let (few, many) = (made(None, 1_000.0), made(None, 4_000.0));
        assert!((3.0..4.1).contains(&(many.0 as f64 / few.0 as f64)), "{shape:?}: {few:?}, {many:?}");
        let (_, slow) = made(Some(1_000), 500.0);
        let (_, fast) = made(Some(1_000), 5_000.0);
        let ratio = fast.expect("there are services") / slow.expect("there are services");
        assert!((9.0..11.0).contains(&ratio), "{shape:?}: {slow:?}, {fast:?}");
    }
}

#[test]
fn a_seed_is_a_file() {
    for (shape, services, instances) in SHAPES {
        let order = order(shape, services, instances);
        assert_eq!(generate(&order), generate(&order));
        assert_ne!(generate(&order), generate(&Order { seed: 4, ..order.clone() }), "{shape:?}");
    }
}

/// The workshop's numbers: 3 to 5 continents, 2 to 4 regions each, 1 to 5 zones each.
#[test]
fn a_hierarchy_has_the_workshops_size() {
    for seed in 0..30 {
        let shape = Shape::Hierarchy { continents: None, regions: None, zones: None };
        let model = loaded(&Order { seed, instances: None, ..order(shape, 20, 1) });
        let continents: std::collections::BTreeSet<&str> = model
            .regions
            .iter()
            .filter_map(|region| region.name.rsplit_once('-'))
            .map(|(name, _)| name)
            .collect();
        assert!((3..=5).contains(&continents.len()));
        for continent in continents {
            let regions = model.regions.iter().filter(|region| region.name.starts_with(continent)).count();
            assert!((2..=4).contains(&regions), "{continent} has {regions} regions");
        }
        for (region, _) in model.regions.entries() {
            let zones = model.zones.iter().filter(|zone| zone.region == region).count();
            assert!((1..=5).contains(&zones));
        }
        assert!(instances(&model) >= 10_000);
        let versions = model.services.iter().filter(|service| service.name.ends_with("-v2")).count();
        assert!(model.services.len() >= 20 + versions);
    }
}

#[track_caller]
fn refused(order: &Order, words: &str) {
    let refusal: Refusal = generate(order).expect_err("it cannot be made");
    assert!(refusal.to_string().contains(words), "{refusal}");
}

#[test]
fn what_cannot_be_made_is_refused_with_the_limit() {
    let [netflixoss, _, alibaba, meta] =
        SHAPES.map(|(shape, services, instances)| order(shape, services, instances));
    for order in [&netflixoss, &alibaba, &meta] {
        refused(&Order { services: 0, ..order.clone() }, "at least");
        refused(&Order { services: MOST_SERVICES + 1, ..order.clone() }, "at most 5000");
        refused(&Order { instances: Some(1_000_000_000), ..order.clone() }, "at most 2000000");
        refused(&Order { instances: Some(2), ..order.clone() }, "so at least");
        refused(&Order { instances: None, rate_per_s: Some(1e9), ..order.clone() }, "at most 2000000");
        refused(&Order { rate_per_s: Some(1e9), ..order.clone() }, "do not fit together");
        refused(&Order { rate_per_s: Some(0.0), ..order.clone() }, "more than 0/s");
        refused(&Order { rate_per_s: Some(f64::NAN), ..order.clone() }, "more than 0/s");
    }
}

//! Generated call graphs have the statistics that were published (see `src/published.rs` for where), whatever the seed.
//! They are counted in the text itself.

use std::collections::{BTreeMap, BTreeSet};

use tarsier_generate::{Order, Shape, generate};

const SEEDS: std::ops::Range<u64> = 1..4;

/// A graph as its file has it.
struct Graph {
    /// Instances and callees of each service.
    services: BTreeMap<String, (u64, BTreeSet<String>)>,
}

impl Graph {
    fn of(shape: Shape, services: u32, instances: Option<u32>, seed: u64) -> Graph {
        let order =
            Order { shape, services, instances, rate_per_s: None, seed, command: "a test".to_owned() };
        let text = generate(&order).expect("it can be made");
        let inside =
            text.lines().skip_while(|line| *line != "services:").take_while(|line| *line != "workload:");
        let mut services = BTreeMap::new();
        let mut service = String::new();
        for line in inside.skip(1).filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_suffix(':').filter(|_| !line.starts_with("   ")) {
                name.trim().clone_into(&mut service);
                services.insert(service.clone(), (0, BTreeSet::new()));
            }
            let known = services.get_mut(&service).expect("a line belongs to a service");
            if let Some(n) = line.trim().strip_prefix("instances: ") {
                known.0 = n.parse().expect("a number");
            }
            if let Some((_, call)) = line.split_once("call: ") {
                known.1.insert(call.trim_end_matches([' ', ']', '}']).to_owned());
            }
        }
        Graph { services }
    }

    fn fan_out(&self) -> Vec<u64> {
        self.services.values().map(|(_, callees)| callees.len() as u64).collect()
    }

    fn fan_in(&self) -> BTreeMap<&str, u64> {
        let mut fan_in: BTreeMap<&str, u64> = self.services.keys().map(|name| (&name[..], 0)).collect();
        let called = self.services.values().flat_map(|(_, callees)| callees);
        called.for_each(|name| *fan_in.get_mut(&name[..]).expect("it is there") += 1);
        fan_in
    }
}

fn quantiles<const N: usize>(mut values: Vec<u64>, at: [f64; N]) -> [f64; N] {
    values.sort_unstable();
    at.map(|share| values[((values.len() - 1) as f64 * share).round() as usize] as f64)
}

#[track_caller]
fn near(found: f64, published: f64, factor: f64) {
    assert!(
        found <= published * factor && found * factor >= published,
        "{found} for {published}, which is more than {factor} times off"
    );
}

/// 7,393 services with 16,566 calls among them; of those that call any, the mean calls 3.78, the median 3, and a third
/// 4 and more; 77% of callees are leaves. Shares of entries, services between, and leaves: 13%, 48%, 39%.
#[test]
fn alibaba_is_as_published() {
    for seed in SEEDS {
        let graph = Graph::of(Shape::Alibaba, 3_000, None, seed);
        let callers: Vec<u64> = graph.fan_out().into_iter().filter(|n| *n > 0).collect();
        let n_calls = callers.iter().sum::<u64>() as f64;
        near(n_calls / 3_000.0, 16_566.0 / 7_393.0, 1.1);
        near(n_calls / callers.len() as f64, 3.78, 1.1);
        assert_eq!(quantiles(callers.clone(), [0.5]), [3.0]);
        near(callers.iter().filter(|n| **n >= 4).count() as f64 / callers.len() as f64, 0.33, 1.15);
        let calls = graph.services.values().flat_map(|(_, callees)| callees);
        let to_leaves = calls.filter(|name| graph.services[*name].1.is_empty()).count();
        near(to_leaves as f64 / n_calls, 0.77, 1.1);
        near(callers.len() as f64 / 3_000.0, 0.61, 1.01);
        let n_entries = graph.fan_in().values().filter(|n| **n == 0).count();
        near(n_entries as f64 / 3_000.0, 0.13, 1.01);
        let instances: u64 = graph.services.values().map(|(n, _)| n).sum();
        assert_eq!(instances, 82_500, "27.5 of each");
    }
}

/// Few services are called by many, and take most of what is called.
#[test]
fn few_services_of_alibaba_take_most_calls() {
    for seed in SEEDS {
        let graph = Graph::of(Shape::Alibaba, 3_000, None, seed);
        let fan_in = graph.fan_in();
        let many = |name: &str| fan_in[name] >= 16;
        let n_many = fan_in.values().filter(|n| **n >= 16).count();
        let calls: Vec<&String> = graph.services.values().flat_map(|(_, callees)| callees).collect();
        let taken = calls.iter().filter(|name| many(name)).count();
        assert!(n_many < 75, "{n_many} of 3000 services are called by 16 and more");
        assert!(taken as f64 / calls.len() as f64 > 0.45, "{taken} of {} calls", calls.len());
    }
}

/// Quantiles (half, 90%, 99%) of fan-out 4, 23, 257 and of fan-in 1, 19, 206.
#[test]
fn meta_is_as_published() {
    for seed in SEEDS {
        let graph = Graph::of(Shape::Meta, 3_000, None, seed);
        let published = [4.0, 23.0, 257.0];
        let fan_out = quantiles(graph.fan_out(), [0.5, 0.9, 0.99]);
        fan_out.iter().zip(published).for_each(|(found, published)| near(*found, published, 1.4));
        let fan_in = quantiles(graph.fan_in().into_values().collect(), [0.5, 0.9, 0.99]);
        // Calls made and calls taken are equally many, which the published quantiles joined by lines are not.
        fan_in.iter().zip([1.0, 19.0, 206.0]).for_each(|(found, published)| near(*found, published, 1.6));
    }
}

/// Quantiles of instances 8, 650, 31,566: as many times fewer as makes them so many in all, and one at least.
#[test]
fn meta_has_instances_as_published() {
    for seed in SEEDS {
        let graph = Graph::of(Shape::Meta, 1_000, Some(2_000_000), seed);
        let instances: Vec<u64> = graph.services.values().map(|(n, _)| *n).collect();
        assert_eq!(instances.iter().sum::<u64>(), 2_000_000);
        let [half, most, nearly_all] = quantiles(instances, [0.5, 0.9, 0.99]);
        near(most / half, 650.0 / 8.0, 2.0);
        near(nearly_all / most, 31_566.0 / 650.0, 2.5);
    }
}

/// Layers bound how deep a request goes, whatever is drawn.
#[test]
fn no_request_goes_deeper_than_the_layers() {
    for shape in [Shape::Alibaba, Shape::Meta] {
        let graph = Graph::of(shape, 500, None, 1);
        let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut in_order: Vec<&String> = graph.services.keys().collect();
        // The number in a name says where it stands, and calls go down.
        in_order
            .sort_by_key(|name| std::cmp::Reverse(name.split_once('-').expect("word-number").1.to_owned()));
        for name in in_order {
            let below = graph.services[name].1.iter().map(|callee| depth[&callee[..]]).max();
            depth.insert(name, below.map_or(1, |below| below + 1));
        }
        let deepest = depth.values().max().copied();
        assert!(deepest > Some(4) && deepest <= Some(10), "{shape:?}: {deepest:?}");
    }
}

//! Netflix as its open source packages had it: an edge, pages, lookups, and behind each a data access layer, a cache
//! and a Cassandra cluster.
//!
//! Source of the layers: netflixoss_arch.json of Spigo/simianviz by Adrian Cockcroft (github.com/adrianco/spigo); of
//! continents, regions, zones, services and versions: his workshop on microservices. Times are ours, with typical values.

use tarsier_random::Stream;

use crate::blueprint::{Blueprint, Endpoint, Service, Step, To, shares};
use crate::size::{Made, by_work};
use crate::{Order, Refusal, Shape, place};

const LEAST_SERVICES: u32 = 8;
/// A page looks up so many things at once at most; if there are more, other pages need the others.
const AT_ONCE: usize = 8;
/// Most requests go to what has been there for long.
const VERSIONS: [&[f64]; 3] = [&[1.0], &[0.9, 0.1], &[0.7, 0.2, 0.1]];
const LOOKUPS: [&str; 20] = [
    "history",
    "ratings",
    "search",
    "rankings",
    "artwork",
    "billing",
    "devices",
    "playlists",
    "genres",
    "trailers",
    "reviews",
    "profiles",
    "licences",
    "subtitles",
    "messages",
    "offers",
    "friends",
    "geo",
    "experiments",
    "gifts",
];

pub(crate) fn made(order: &Order) -> Result<Made, Refusal> {
    if order.services < LEAST_SERVICES {
        return Err(Refusal::TooFewServices { asked: order.services, least: LEAST_SERVICES });
    }
    let (name, regions, network, usual, most_versions) = match order.shape {
        Shape::Hierarchy { continents, regions, zones } => {
            let (regions, network) = place::hierarchy(continents, regions, zones, order.seed);
            ("hierarchy", regions, network, 50_000, VERSIONS.len())
        }
        Shape::NetflixOss { regions, zones } => {
            ("netflixoss", place::regions(regions, zones), Vec::new(), 1_200, 1)
        }
        Shape::Alibaba | Shape::Meta => unreachable!("they have no layers"),
    };
    let mut layers = Layers { services: edge(), stream: Stream::named(order.seed, &["generate", name], &[]) };
    let pages = layers.fill(order.services, most_versions);
    let blueprint = Blueprint {
        name: name.to_owned(),
        description: "An edge, pages and lookups, each with a data access layer, a cache and Cassandra"
            .to_owned(),
        regions,
        network,
        services: layers.services,
        mix: pages,
        by_zone: true,
    };
    by_work(blueprint, order, usual)
}

/// The services from the edge to the pages; those of the pages call nobody yet.
fn edge() -> Vec<Service> {
    let on = |name: &str, kind, comment, work_s: f64| {
        let number = EDGE.iter().position(|it| *it == name).expect("it is one of these");
        let steps = |endpoint| {
            let work = Step::Work { mean_s: work_s, cv: Some(0.5) };
            let call = Step::Call(To { service: number + 1, endpoint });
            if work_s > 0.0 { vec![work, call] } else { vec![call] }
        };
        let endpoints =
            vec![Endpoint { name: "home", steps: steps(0) }, Endpoint { name: "login", steps: steps(1) }];
        Service { comment, endpoints, ..Service::new(name.to_owned(), kind, Vec::new()) }
    };
    let mut proxy = on(EDGE[2], "gateway", "Zuul: routes and filters.", 4e-3);
    proxy.endpoints[1].steps[1] = Step::Call(To::service(HOMEPAGE + 1));
    vec![
        on(EDGE[0], "edge-dns", "Denominator: sends users to a load balancer.", 0.0),
        on(EDGE[1], "load-balancer", "An elastic load balancer.", 5e-4),
        proxy,
    ]
}

const EDGE: [&str; 3] = ["www", "www-elb", "wwwproxy"];
const HOMEPAGE: usize = EDGE.len();

struct Layers {
    services: Vec<Service>,
    stream: Stream,
}

impl Layers {
    /// Adds services until there are so many; where users enter.
    fn fill(&mut self, n: u32, most_versions: usize) -> Vec<(f64, To)> {
        let karyon =
            |name: &str, comment| Service { comment, ..Service::new(name.to_owned(), "service", Vec::new()) };
        self.services
            .push(karyon("homepage", "Karyon: looks up everything that a page needs, and puts it together."));
        self.services.push(karyon("login", "Karyon: checks a password, which is meant to take its time."));
        let subscriber = self.store("subscriber");
        let beyond = n - LEAST_SERVICES;
        let lookups: Vec<Vec<(f64, To)>> = (0..beyond / 4).map(|at| self.lookup(at, most_versions)).collect();
        let helpers: Vec<To> = (0..beyond % 4).map(|at| self.helper(at)).collect();

        let work = |mean_s, cv| Step::Work { mean_s, cv: Some(cv) };
        let mut at_once = vec![Step::Call(subscriber)];
        at_once.extend(dealt(&lookups).into_iter().map(one_of));
        at_once.extend(helpers.into_iter().map(|to| Step::Maybe(0.1, to)));
        self.services[HOMEPAGE].endpoints[0].steps =
            vec![work(40e-3, 0.7), Step::Parallel(at_once), work(20e-3, 0.7)];
        self.services[HOMEPAGE + 1].endpoints[0].steps = vec![work(40e-3, 0.3), Step::Call(subscriber)];
        let page = |endpoint| To { service: 0, endpoint };
        vec![(0.8, page(0)), (0.2, page(1))]
    }

    /// A lookup in all its versions, with what is behind it.
    fn lookup(&mut self, at: u32, most_versions: usize) -> Vec<(f64, To)> {
        let name = numbered(LOOKUPS[at as usize % LOOKUPS.len()], at as usize / LOOKUPS.len());
        let shares = VERSIONS[self.stream.below(most_versions as u32) as usize];
        let first = self.services.len();
        let store = To::service(first + shares.len());
        for number in 0..shares.len() {
            let mean_s = self.between(25e-3, 55e-3);
            let version = if shares.len() == 1 { name.clone() } else { format!("{name}-v{}", number + 1) };
            let steps = vec![Step::Work { mean_s, cv: Some(0.7) }, Step::Call(store)];
            self.services.push(Service::new(version, "service", steps));
        }
        assert_eq!(self.store(&format!("{name}-data")), store, "what is behind it comes next");
        shares.iter().enumerate().map(|(number, share)| (*share, To::service(first + number))).collect()
    }

    fn helper(&mut self, at: u32) -> To {
        let steps = vec![Step::Work { mean_s: 10e-3, cv: Some(0.7) }];
        self.services.push(Service::new(format!("helper-{}", at + 1), "service", steps));
        To::service(self.services.len() - 1)
    }

    /// A data access layer, its cache and its cluster.
    fn store(&mut self, name: &str) -> To {
        let first = self.services.len();
        let hit = (self.between(0.8, 0.97) * 100.0).round() / 100.0;
        let cluster = |endpoint| To { service: first + 2, endpoint };
        let steps = vec![
            Step::Work { mean_s: 4e-3, cv: None },
            Step::Cache { ask: To::service(first + 1), hit, miss: cluster(READ) },
            Step::Maybe(0.05, cluster(WRITE)),
        ];
        self.services.push(Service::new(name.to_owned(), "service", steps));
        let evcache = vec![Step::Work { mean_s: 2e-4, cv: None }];
        self.services.push(Service::new(format!("evcache-{name}"), "cache", evcache));
        self.services.push(cassandra(format!("cass-{name}"), first + 2));
        To::service(first)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.stream.unit()
    }
}

const READ: usize = 0;
const WRITE: usize = 1;

/// Any node coordinates: it asks three replicas and goes on after two.
fn cassandra(name: String, number: usize) -> Service {
    let to = |endpoint| To { service: number, endpoint };
    let work = |mean_s| Step::Work { mean_s, cv: None };
    let endpoints = vec![
        Endpoint { name: "read", steps: vec![work(3e-4), Step::Quorum(to(2))] },
        Endpoint { name: "write", steps: vec![work(3e-4), Step::Quorum(to(3))] },
        Endpoint { name: "replica", steps: vec![work(2.5e-3)] },
        Endpoint { name: "commit", steps: vec![work(1e-3)] },
    ];
    Service { endpoints, ..Service::new(name, "replicated-store", Vec::new()) }
}

/// The lookups dealt like cards to those of which a page needs one each.
fn dealt(lookups: &[Vec<(f64, To)>]) -> Vec<Vec<&[(f64, To)]>> {
    let mut hands = vec![Vec::new(); AT_ONCE.min(lookups.len())];
    let n = hands.len();
    lookups.iter().enumerate().for_each(|(at, lookup)| hands[at % n].push(&lookup[..]));
    hands
}

/// One of several lookups, all equally likely, each in one of its versions.
fn one_of(hand: Vec<&[(f64, To)]>) -> Step {
    let (weights, options): (Vec<f64>, Vec<To>) = hand.into_iter().flatten().copied().unzip();
    match options[..] {
        [only] => Step::Call(only),
        _ => Step::Choose(shares(&weights).into_iter().zip(options).collect()),
    }
}

fn numbered(name: &str, round: usize) -> String {
    if round == 0 { name.to_owned() } else { format!("{name}-{}", round + 1) }
}

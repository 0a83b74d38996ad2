//! Continents, regions and zones.

use tarsier_random::Stream;

use crate::blueprint::Region;

const CONTINENTS: [&str; crate::MOST_CONTINENTS as usize] =
    ["north-america", "europe", "asia", "south-america", "oceania"];
/// Where there is but one continent, the names of a cloud.
const REGIONS: [&str; 6] =
    ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-southeast-2"];

/// a to t.
pub(crate) fn zone(number: u32) -> String {
    char::from_u32('a' as u32 + number).expect("there are few zones").to_string()
}

pub(crate) fn regions(n: u32, zones: u32) -> Vec<Region> {
    let name = |at: u32| match REGIONS.get(at as usize) {
        Some(name) => (*name).to_owned(),
        None => format!("region-{}", at + 1),
    };
    (0..n).map(|at| Region { name: name(at), zones }).collect()
}

/// How many the workshop has: 3 to 5 continents, 2 to 4 regions each, 1 to 5 zones each.
pub(crate) fn hierarchy(
    continents: Option<u32>,
    regions: Option<u32>,
    zones: Option<u32>,
    seed: u64,
) -> (Vec<Region>, Vec<String>) {
    let mut stream = Stream::named(seed, &["generate", "places"], &[]);
    let mut between = |least: u32, most: u32| least + stream.below(most - least + 1);
    let drawn = between(3, 5);
    let mut all = Vec::new();
    let mut network = vec!["cross-region: 70ms + exp(5ms)   # between continents".to_owned()];
    for continent in &CONTINENTS[..continents.unwrap_or(drawn) as usize] {
        let drawn = between(2, 4);
        let names: Vec<String> =
            (1..=regions.unwrap_or(drawn)).map(|number| format!("{continent}-{number}")).collect();
        for (at, name) in names.iter().enumerate() {
            let drawn = between(1, 5);
            all.push(Region { name: name.clone(), zones: zones.unwrap_or(drawn) });
            network.extend(names[..at].iter().map(|other| format!("{other} <-> {name}: 15ms + exp(1ms)")));
        }
    }
    (all, network)
}

//! The architectures that come with Tarsier, and where else one may be read from.

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Name and text of each, in the order of the names.
pub(crate) fn entries() -> &'static [(&'static str, &'static str)] {
    ARCHITECTURES
}

pub(crate) fn text_of(name: &str) -> Option<&'static str> {
    ARCHITECTURES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Entries that belong together.
pub(crate) struct Family {
    pub(crate) heading: &'static str,
    names: &'static [&'static str],
}

/// Within each, in the order in which they are best met.
const FAMILIES: &[Family] = &[
    Family { heading: "To begin with", names: &["shop", "monolith", "monolith-split"] },
    Family {
        heading: "Heritage: what Spigo/simianviz came with",
        names: &[
            "lamp",
            "aws-web",
            "netflixoss",
            "netflix",
            "edge",
            "cassandra",
            "riak",
            "riak-two-regions",
            "storage",
            "container",
            "yogi",
            "yow",
        ],
    },
    Family {
        heading: "Stacks: what well-known companies built on",
        names: &["stack-netflix", "stack-twitter", "stack-gilt", "stack-hailo", "stack-today"],
    },
    Family {
        heading: "Benchmarks: the applications of DeathStarBench",
        names: &[
            "social-network",
            "social-network-released",
            "media-service",
            "media-service-released",
            "hotel-reservation",
            "hotel-reservation-released",
            "e-commerce",
            "banking",
            "swarm-edge",
            "swarm-cloud",
        ],
    },
];
const MIGRATION: Family =
    Family { heading: "Migration: ten steps, beside each other by `tarsier run migration`", names: &[] };
const LESSONS: Family = Family { heading: "Lessons: what goes wrong, and what helps", names: &[] };
const OTHERS: Family = Family { heading: "Others", names: &[] };

/// Every entry once, in its family; the empty families are left out.
pub(crate) fn families() -> Vec<(&'static Family, Vec<&'static str>)> {
    let is_lesson = |name: &str| name.starts_with("lessons/");
    let is_step = |name: &str| name.starts_with("migration/");
    let has_family = |name: &str| FAMILIES.iter().any(|family| family.names.contains(&name));
    let names = || entries().iter().map(|(name, _)| *name);
    let mut families: Vec<_> = FAMILIES.iter().map(|family| (family, family.names.to_vec())).collect();
    families.push((&MIGRATION, names().filter(|name| is_step(name)).collect()));
    let is_other = |name: &&str| !is_lesson(name) && !is_step(name) && !has_family(name);
    families.push((&OTHERS, names().filter(is_other).collect()));
    families.push((&LESSONS, names().filter(|name| is_lesson(name)).collect()));
    families.retain(|(_, names)| !names.is_empty());
    families
}

/// A file that an architecture of the catalogue refers to.
pub(crate) fn data(name: &str) -> Option<&'static str> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The nearest of some names, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let closeness = |it: &str| strsim::jaro_winkler(&name.to_lowercase(), &it.to_lowercase());
    let best = known.map(|it| (closeness(it), it)).max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 > 0.75).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_in_one_family() {
        let mut in_families: Vec<&str> = families().into_iter().flat_map(|(_, names)| names).collect();
        in_families.sort_unstable();
        let mut known: Vec<&str> = entries().iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(in_families, known);
        assert_eq!(families().last().map(|(family, _)| family.heading), Some(LESSONS.heading));
    }

    #[test]
    fn the_nearest_name_is_one_that_was_meant() {
        let known = || ["shop", "lamp", "netflixoss"].into_iter();
        assert_eq!(nearest("shpo", known()), Some("shop"));
        assert_eq!(nearest("Netflix", known()), Some("netflixoss"));
        assert_eq!(nearest("zebra", known()), None);
    }
}

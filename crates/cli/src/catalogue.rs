//! The architectures that come with Tarsier, and where else one may be read from.

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Name and text of each, in the order of the names.
pub(crate) fn entries() -> &'static [(&'static str, &'static str)] {
    ARCHITECTURES
}

pub(crate) fn text_of(name: &str) -> Option<&'static str> {
    ARCHITECTURES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
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
    fn the_nearest_name_is_one_that_was_meant() {
        let known = || ["shop", "lamp", "netflixoss"].into_iter();
        assert_eq!(nearest("shpo", known()), Some("shop"));
        assert_eq!(nearest("Netflix", known()), Some("netflixoss"));
        assert_eq!(nearest("zebra", known()), None);
    }
}

//! The nearest right spelling.

use crate::limits::MAX_CANDIDATES;

/// The candidate that was probably meant, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(word);
    let allowed = (wanted.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A word is also near if it is the other with an ending: `workload` and `workloads`.
fn distance(wanted: &str, candidate: &str) -> usize {
    // What is much longer is something else, and costs time to compare.
    if wanted.len().abs_diff(candidate.len()) > 4 {
        return usize::MAX;
    }
    strsim::osa_distance(wanted, candidate)
}

/// Case and hyphens are not what makes a word another.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// `a, b and c`, each in backticks; long lists are cut.
pub fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    if words.len() > SHOWN {
        let more = words.len() - SHOWN;
        words.truncate(SHOWN);
        words.push(format!("{more} more"));
    }
    match words.pop() {
        None => "none".to_owned(),
        Some(only) if words.is_empty() => only,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}

/// A hint for a name that is like none of those there are.
pub(crate) fn name_hint(candidates: &[&str], kind: &str) -> String {
    match candidates {
        [] => format!("there are no {kind}"),
        _ => format!("the {kind} are {}", listed(candidates.iter().copied())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let keys = ["instances", "cores", "workers", "per-zone", "workload"];
        for (wrong, right) in [
            ("instance", Some("instances")),
            ("Instances", Some("instances")),
            ("perZone", Some("per-zone")),
            ("per_zone", Some("per-zone")),
            ("wrokers", Some("workers")),
            ("workloads", Some("workload")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, keys), right, "{wrong}");
        }
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed([]), "none");
    }
}

//! Instances and edges of small architectures, counted by hand.

use tarsier_interop::spigo::{Options, import};

/// NAME package count regions dependencies.
type Row<'a> = (&'a str, &'a str, u64, u64, &'a [&'a str]);

fn json(rows: &[Row<'_>]) -> String {
    let row = |(name, package, count, regions, dependencies): &Row<'_>| {
        format!(
            r#"{{ "name": "{name}", "package": "{package}", "count": {count}, "regions": {regions}, "dependencies": {dependencies:?} }}"#
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    format!(r#"{{ "arch": "x", "services": [ {} ] }}"#, rows.join(", "))
}

/// Instances and edges of each service.
#[track_caller]
fn counts(rows: &[Row<'_>], scale: u32, regions: u32) -> Vec<(u64, u64)> {
    let imported = import("x.json", json(rows).as_bytes(), &Options { scale, regions });
    let architecture = imported.architecture.unwrap_or_else(|| panic!("{:?}", imported.diagnostics));
    architecture.origin.sizes().iter().map(|size| (size.instances, size.edges)).collect()
}

const ROOT: Row<'static> = ("www", "denominator", 0, 0, &["web"]);

/// A monolith knows both databases from each of its four instances; karyon, of which two stand in zone A, one of them
/// there, one in B, and none in C: 2·1 + 1·1 + 1·0.
#[test]
fn karyon_stays_in_its_zone() {
    let rows = |package| [("db", "store", 2, 1, &[][..]), ("web", package, 4, 1, &["db"][..]), ROOT];
    assert_eq!(counts(&rows("monolith"), 100, 1), [(2, 0), (4, 8), (1, 4)]);
    assert_eq!(counts(&rows("karyon"), 100, 1), [(2, 0), (4, 3), (1, 4)]);
}

/// In two regions everything doubles and only the root sees both. The databases count on: 0 and 1 in zones A and B, 2
/// and 3 in zones C and A; so do the four of karyon: A, B, C, A and B, C, A, B. In the second region, A knows 1, B none,
/// C knows 1: 2·0 + 1·1 + 1·1, after 3 in the first.
#[test]
fn numbers_count_on_from_region_to_region() {
    let rows = |package| [("db", "store", 2, 1, &[][..]), ("web", package, 4, 1, &["db"][..]), ROOT];
    assert_eq!(counts(&rows("monolith"), 100, 2), [(4, 0), (8, 16), (1, 8)]);
    assert_eq!(counts(&rows("karyon"), 100, 2), [(4, 0), (8, 5), (1, 8)]);
}

/// A cluster of three knows itself: 3·2; with the registry of all regions 6·5 in two of them, and is known everywhere:
/// each of the two callers sees all six.
#[test]
fn who_names_eureka_is_known_everywhere() {
    let rows = |ring: &'static [&'static str]| {
        [("ring", "priamCassandra", 3, 1, ring), ("web", "staash", 1, 1, &["ring"][..]), ROOT]
    };
    assert_eq!(counts(&rows(&["ring"]), 100, 1), [(3, 6), (1, 3), (1, 1)]);
    assert_eq!(counts(&rows(&["ring"]), 100, 2), [(6, 12), (2, 6), (1, 2)]);
    assert_eq!(counts(&rows(&["ring", "eureka"]), 100, 2), [(6, 30), (2, 12), (1, 2)]);
}

/// A count of 0 is one for each region, in no zone: a monolith finds it, karyon does not.
#[test]
fn what_stands_in_no_zone_is_not_found_by_karyon() {
    let rows = |package| [("s3", "store", 0, 1, &[][..]), ("web", package, 3, 1, &["s3"][..]), ROOT];
    assert_eq!(counts(&rows("monolith"), 100, 2), [(2, 0), (6, 6), (1, 6)]);
    assert_eq!(counts(&rows("karyon"), 100, 2), [(2, 0), (6, 0), (1, 6)]);
}

/// Whole numbers: 3 at 50% is 1, at 250% it is 7, at 10% none, which is one in no zone.
#[test]
fn scaling_rounds_down() {
    let rows = [("db", "store", 3, 1, &[][..]), ("web", "monolith", 2, 1, &["db"][..]), ROOT];
    assert_eq!(counts(&rows, 50, 1), [(1, 0), (1, 1), (1, 1)]);
    assert_eq!(counts(&rows, 250, 1), [(7, 0), (5, 35), (1, 5)]);
    assert_eq!(counts(&rows, 10, 1), [(1, 0), (1, 1), (1, 1)]);
}

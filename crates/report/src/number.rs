//! Numbers as a person reads them: three significant digits and the unit that fits.

/// From how many seconds a unit is used, its length in seconds, its name.
const DURATIONS: [(f64, f64, &str); 6] = [
    (3.0 * 86_400.0, 86_400.0, "d"),
    (7_200.0, 3_600.0, "h"),
    (600.0, 60.0, "min"),
    (1.0, 1.0, "s"),
    (1e-3, 1e-3, "ms"),
    (1e-6, 1e-6, "us"),
];

/// `12.3 ms` for seconds.
pub fn duration(seconds: f64) -> String {
    let seconds = round3(seconds);
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    let (size, unit) = unit_of(seconds);
    format!("{} {unit}", three(seconds / size))
}

fn unit_of(seconds: f64) -> (f64, &'static str) {
    let fitting = DURATIONS.into_iter().find(|(from, ..)| seconds >= *from);
    fitting.map_or((1e-9, "ns"), |(_, size, unit)| (size, unit))
}

/// `±0.055 ms`: two digits in the unit of the value it belongs to.
pub(crate) fn plus_minus(reach_s: f64, value_s: f64) -> String {
    let (size, unit) = unit_of(round3(value_s));
    let reach = reach_s / size;
    let digits = if reach > 0.0 { (1.0 - reach.log10().floor()).clamp(0.0, 6.0) as usize } else { 0 };
    format!("±{reach:.digits$} {unit}")
}

/// `88.4 ms` for nanoseconds, a dash without samples.
pub(crate) fn nanos(value: Option<f64>) -> String {
    value.map_or_else(dash, |nanos| duration(nanos / 1e9))
}

/// What stands where there is no value.
pub(crate) fn dash() -> String {
    "-".to_owned()
}

/// `9610`, `12.3 k`, `4.56 M`: exact up to four digits.
pub(crate) fn count(n: u64) -> String {
    if n < 10_000 { n.to_string() } else { amount(n as f64) }
}

/// `0.0312`, `9.87`, `12.3 k`: for means of counts.
pub fn amount(value: f64) -> String {
    let value = round3(value);
    if value > 0.0 && value < 0.001 {
        return "<0.001".to_owned();
    }
    for (size, unit) in [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")] {
        if value >= size {
            let size = if unit == " k" { 1e3 } else { size };
            return format!("{}{unit}", three(value / size));
        }
    }
    three(value)
}

/// `800/s`.
pub(crate) fn rate(per_second: f64) -> String {
    format!("{}/s", amount(per_second))
}

/// `85.2%`, `0.0120%`, `0%`, `100%`.
pub(crate) fn share(fraction: f64) -> String {
    match round3(fraction * 100.0) {
        0.0 => "0%".to_owned(),
        100.0 => "100%".to_owned(),
        // Smaller shares than this are told apart from none, not from each other.
        percent if percent < 0.001 => "<0.001%".to_owned(),
        percent => format!("{}%", three(percent)),
    }
}

/// Three significant digits, never in exponent form below a million.
pub(crate) fn three(value: f64) -> String {
    let value = round3(value);
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        size if size >= 0.1 => format!("{value:.3}"),
        size if size >= 0.01 => format!("{value:.4}"),
        size if size >= 1e-3 => format!("{value:.5}"),
        _ => format!("{value:.2e}"),
    }
}

/// Rounds first, so that 999.6 ms moves on to 1.00 s instead of 1000 ms.
fn round3(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_the_unit_that_fits() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (3e-9, "3.00 ns"),
            (0.000_123_4, "123 us"),
            (0.012_34, "12.3 ms"),
            (0.999_6, "1.00 s"),
            (0.25, "250 ms"),
            (59.96, "60.0 s"),
            (3_000.0, "50.0 min"),
            (2_592_000.0, "30.0 d"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn intervals_are_in_the_unit_of_their_value() {
        assert_eq!(plus_minus(54.6e-6, 9.96e-3), "±0.055 ms");
        assert_eq!(plus_minus(1.234, 2.5), "±1.2 s");
        assert_eq!(plus_minus(0.25, 0.025), "±250 ms");
        assert_eq!(plus_minus(0.0, 0.005), "±0 ms");
    }

    #[test]
    fn counts_are_exact_while_short() {
        assert_eq!(count(0), "0");
        assert_eq!(count(9_610), "9610");
        assert_eq!(count(12_345), "12.3 k");
        assert_eq!(count(4_560_000), "4.56 M");
        assert_eq!(rate(800.0), "800/s");
        assert_eq!(rate(0.5), "0.500/s");
    }

    #[test]
    fn shares_tell_little_from_none() {
        assert_eq!(share(0.0), "0%");
        assert_eq!(share(0.852_4), "85.2%");
        assert_eq!(share(0.999_99), "100%");
        assert_eq!(share(0.000_12), "0.0120%");
        assert_eq!(share(1e-9), "<0.001%");
    }
}

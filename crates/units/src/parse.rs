//! Text to quantities: one table of units for each kind.

use std::fmt;

use crate::quantity::{Bytes, NANOS_PER_SECOND, Rate, Share, Span};

/// Why a text is not the quantity it should be. The message is a fragment that fits «expected …: {error}».
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UnitError {
    /// No number at the start.
    NotANumber,
    /// A number without a unit where one is needed; carries the units there are.
    MissingUnit(&'static str),
    /// A unit that is not one of those there are.
    UnknownUnit {
        unit: String,
        known: &'static str,
    },
    Negative,
    /// A share above 100%.
    AboveOne,
    TooLarge,
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnitError::NotANumber => f.write_str("this does not start with a number"),
            UnitError::MissingUnit(known) => write!(f, "the unit is missing (one of {known})"),
            UnitError::UnknownUnit { unit, known } => write!(f, "`{unit}` is not a unit (one of {known})"),
            UnitError::Negative => f.write_str("this is negative"),
            UnitError::AboveOne => f.write_str("this is more than 100%"),
            UnitError::TooLarge => f.write_str("this is too large"),
        }
    }
}

impl std::error::Error for UnitError {}

const TIME_UNITS: &str = "ns, us, ms, s, m, h, d";
const RATE_UNITS: &str = "/s, /m, /h";
const SIZE_UNITS: &str = "B, KB, MB, GB, KiB, MiB, GiB";
const BANDWIDTH_UNITS: &str = "bit/s, kbit/s, Mbit/s, Gbit/s, B/s, KB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s";

/// `50us`, `1.5ms`, `2s`, `3m`, `1h`, also `ns` and `d`; `0` needs no unit.
pub fn span(text: &str) -> Result<Span, UnitError> {
    let (number, unit) = split(text)?;
    let nanos = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        "" if number == 0.0 => 1.0,
        "" => return Err(UnitError::MissingUnit(TIME_UNITS)),
        other => return Err(UnitError::UnknownUnit { unit: other.to_owned(), known: TIME_UNITS }),
    };
    let total = number * nanos;
    // A century: far beyond any simulation, far below the end of 64 bits.
    if total > 36_525.0 * 86_400.0 * NANOS_PER_SECOND as f64 {
        return Err(UnitError::TooLarge);
    }
    Ok(Span::from_nanos(total.round() as u64))
}

/// `500/s`, `30/m`, `2/h`.
pub fn rate(text: &str) -> Result<Rate, UnitError> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "/s" => 1.0,
        "/m" => 60.0,
        "/h" => 3_600.0,
        "" if number == 0.0 => 1.0,
        "" => return Err(UnitError::MissingUnit(RATE_UNITS)),
        other => return Err(UnitError::UnknownUnit { unit: other.to_owned(), known: RATE_UNITS }),
    };
    Ok(Rate { per_second: number / seconds })
}

/// `10%` or `0.1`, at most 100%.
pub fn share(text: &str) -> Result<Share, UnitError> {
    let (number, unit) = split(text)?;
    let fraction = match unit {
        "%" => number / 100.0,
        "" => number,
        other => return Err(UnitError::UnknownUnit { unit: other.to_owned(), known: "%, or none" }),
    };
    if fraction > 1.0 { Err(UnitError::AboveOne) } else { Ok(Share { fraction }) }
}

/// `512B`, `4KiB`, `8KB`, `1MiB`, `2GiB`.
pub fn bytes(text: &str) -> Result<Bytes, UnitError> {
    let (number, unit) = split(text)?;
    let size = match unit {
        "" if number == 0.0 => 1.0,
        "" => return Err(UnitError::MissingUnit(SIZE_UNITS)),
        other => byte_unit(other)
            .ok_or_else(|| UnitError::UnknownUnit { unit: other.to_owned(), known: SIZE_UNITS })?,
    };
    let total = number * size;
    if total > 1e18 { Err(UnitError::TooLarge) } else { Ok(Bytes { count: total.round() as u64 }) }
}

/// Bytes per second: `10Gbit/s`, `125MB/s`.
pub fn bandwidth(text: &str) -> Result<Rate, UnitError> {
    let (number, unit) = split(text)?;
    let unknown = || UnitError::UnknownUnit { unit: unit.to_owned(), known: BANDWIDTH_UNITS };
    if unit.is_empty() {
        return Err(UnitError::MissingUnit(BANDWIDTH_UNITS));
    }
    let amount = unit.strip_suffix("/s").ok_or_else(unknown)?;
    let size = match amount {
        "bit" => 0.125,
        "kbit" | "Kbit" => 125.0,
        "Mbit" => 125e3,
        "Gbit" => 125e6,
        other => byte_unit(other).ok_or_else(unknown)?,
    };
    Ok(Rate { per_second: number * size })
}

fn byte_unit(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" => 1.0,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    })
}

/// A plain number, without sign tricks: `NaN`, `inf` and hexadecimal are not numbers here.
pub fn number(text: &str) -> Result<f64, UnitError> {
    match split(text)? {
        (number, "") => Ok(number),
        (_, unit) => Err(UnitError::UnknownUnit { unit: unit.to_owned(), known: "none" }),
    }
}

/// The number at the start and what follows it.
fn split(text: &str) -> Result<(f64, &str), UnitError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(UnitError::Negative);
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() && (bytes[end].is_ascii_digit() || bytes[end] == b'.' || bytes[end] == b'_') {
        end += 1;
    }
    // An exponent, but not the `e` of a unit: it must be followed by digits.
    if end < bytes.len() && matches!(bytes[end], b'e' | b'E') {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let digits = bytes[end + 1 + sign..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            end += 1 + sign + digits;
        }
    }
    let number: f64 = text[..end].replace('_', "").parse().map_err(|_| UnitError::NotANumber)?;
    if number.is_finite() { Ok((number, text[end..].trim_start())) } else { Err(UnitError::TooLarge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_in_every_unit() {
        for (text, nanos) in [
            ("50us", 50_000),
            ("1.5ms", 1_500_000),
            ("2s", 2_000_000_000),
            ("3m", 180_000_000_000),
            ("1h", 3_600_000_000_000),
            ("7ns", 7),
            ("1d", 86_400_000_000_000),
            ("0", 0),
            ("1e-3s", 1_000_000),
        ] {
            assert_eq!(span(text), Ok(Span::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back() {
        for nanos in [0, 1, 999, 1_000, 1_500, 2_000_001, 1_000_000_000, 61_500_000_001] {
            let value = Span::from_nanos(nanos);
            assert_eq!(span(&value.to_string()), Ok(value), "{value}");
        }
        for fraction in [0.0, 0.001, 0.1, 0.355, 1.0] {
            let value = Share { fraction };
            let back = share(&value.to_string()).expect("a printed share reads");
            assert!((back.fraction - fraction).abs() < 1e-15, "{value}");
        }
        for count in [0, 1, 1024, 1025, 4096, 1 << 30] {
            let value = Bytes { count };
            assert_eq!(bytes(&value.to_string()), Ok(value), "{value}");
        }
    }

    #[test]
    fn wrong_texts_say_what_is_wrong() {
        assert_eq!(span("10"), Err(UnitError::MissingUnit(TIME_UNITS)));
        assert_eq!(span("-5ms"), Err(UnitError::Negative));
        assert_eq!(span("nan"), Err(UnitError::NotANumber));
        assert_eq!(span("inf"), Err(UnitError::NotANumber));
        assert_eq!(span("1e300s"), Err(UnitError::TooLarge));
        assert_eq!(span("5sec"), Err(UnitError::UnknownUnit { unit: "sec".to_owned(), known: TIME_UNITS }));
        assert_eq!(share("140%"), Err(UnitError::AboveOne));
        assert_eq!(share("1.4"), Err(UnitError::AboveOne));
        assert_eq!(rate("5"), Err(UnitError::MissingUnit(RATE_UNITS)));
    }

    #[test]
    fn rates_sizes_and_bandwidths() {
        assert_eq!(rate("30/m"), Ok(Rate { per_second: 0.5 }));
        assert_eq!(bytes("4KiB"), Ok(Bytes { count: 4096 }));
        assert_eq!(bytes("8KB"), Ok(Bytes { count: 8000 }));
        assert_eq!(bandwidth("10Gbit/s"), Ok(Rate { per_second: 1.25e9 }));
        assert_eq!(bandwidth("125MB/s"), Ok(Rate { per_second: 125e6 }));
    }
}

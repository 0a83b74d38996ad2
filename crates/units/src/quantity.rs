//! The quantities themselves.

use std::fmt;

pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A length of time in whole nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    nanos: u64,
}

impl Span {
    pub const ZERO: Span = Span { nanos: 0 };

    pub const fn from_nanos(nanos: u64) -> Self {
        Span { nanos }
    }

    pub const fn from_micros(micros: u64) -> Self {
        Span { nanos: micros * 1_000 }
    }

    pub const fn from_millis(millis: u64) -> Self {
        Span { nanos: millis * 1_000_000 }
    }

    pub const fn from_secs(secs: u64) -> Self {
        Span { nanos: secs * NANOS_PER_SECOND }
    }

    /// Rounds to the nearest nanosecond; negative and NaN become zero, what is too long the longest.
    pub fn from_secs_f64(secs: f64) -> Self {
        Span { nanos: (secs * NANOS_PER_SECOND as f64).round() as u64 }
    }

    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    pub fn as_secs_f64(self) -> f64 {
        self.nanos as f64 / NANOS_PER_SECOND as f64
    }

    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }
}

/// The largest unit in which the value is at least one, with as many digits as it needs.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = match self.nanos {
            0 => return f.write_str("0s"),
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("us", 1_000),
            1_000_000..NANOS_PER_SECOND => ("ms", 1_000_000),
            _ => ("s", NANOS_PER_SECOND),
        };
        let (whole, rest) = (self.nanos / size, self.nanos % size);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let width = size.ilog10() as usize;
        let fraction = format!("{rest:0width$}");
        write!(f, "{whole}.{}{unit}", fraction.trim_end_matches('0'))
    }
}

/// How often something happens, in happenings per second.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct Rate {
    pub per_second: f64,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.per_second)
    }
}

/// A share of a whole, from 0 to 1.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Default)]
pub struct Share {
    pub fraction: f64,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Twelve digits hide the rounding of the multiplication and nothing a person wrote.
        let percent = (self.fraction * 1e14).round() / 1e12;
        write!(f, "{percent}%")
    }
}

/// A size in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Bytes {
    pub count: u64,
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
            if self.count >= size && self.count.is_multiple_of(size) {
                return write!(f, "{}{unit}", self.count / size);
            }
        }
        write!(f, "{}B", self.count)
    }
}

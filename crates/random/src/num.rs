//! The transcendental functions everything that determines results must use.
//!
//! The platform's own differ in the last bit from machine to machine; these are libm's (a port of
//! musl's), pinned to one version. `sqrt`, `floor` and `abs` are exact everywhere and need no wrapper.

use crate::constant;

/// Natural logarithm.
#[inline]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)`, precise near zero.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

#[inline]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// A table entry for each of so many steps from 1 to 2.
const STEPS: usize = 64;

/// `2^(i/64)`.
static POWERS: [f64; STEPS] = {
    let mut powers = [1.0; STEPS];
    let mut i = 1;
    while i < STEPS {
        powers[i] = constant::exp(i as f64 / STEPS as f64 * std::f64::consts::LN_2);
        i += 1;
    }
    powers
};

/// The exponential function for drawing numbers: four times as fast as [`exp`], within three units of the
/// last place. By a table of `2^(i/64)` and a short series for the rest (Tang: Table-driven implementation
/// of the exponential function, ACM TOMS 15(2), 1989).
#[inline]
pub(crate) fn exp_quick(x: f64) -> f64 {
    /// Adding this leaves no room for digits after the point, and puts the whole number into the last bits.
    const ROUNDER: f64 = 1.5 * (1u64 << 52) as f64;
    const PER_STEP: f64 = STEPS as f64 / std::f64::consts::LN_2;
    if x.is_nan() || x.abs() >= 700.0 {
        return exp(x);
    }
    let rounded = x * PER_STEP + ROUNDER;
    let steps = rounded - ROUNDER;
    let rest =
        (x - steps * (constant::LN_2_HIGH / STEPS as f64)) - steps * (constant::LN_2_LOW / STEPS as f64);
    let square = rest * rest;
    let series = rest + square * ((0.5 + rest * (1.0 / 6.0)) + square * (1.0 / 24.0 + rest * (1.0 / 120.0)));
    let place = rounded.to_bits() % STEPS as u64;
    // Adding to the exponent's bits multiplies by a power of two.
    let twos = (rounded.to_bits() / STEPS as u64) << 52;
    let power = f64::from_bits(POWERS[place as usize].to_bits().wrapping_add(twos));
    power + power * series
}

/// `exp(x) - 1`, precise near zero.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

#[inline]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

#[inline]
pub fn sin(x: f64) -> f64 {
    libm::sin(x)
}

#[inline]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// The logarithm of the gamma function.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Standard normal density.
pub fn normal_density(x: f64) -> f64 {
    const SQRT_TWO_PI: f64 = 2.506_628_274_631_000_2;
    exp(-0.5 * x * x) / SQRT_TWO_PI
}

/// Standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Where the standard normal distribution function reaches `p`.
pub fn normal_quantile(p: f64) -> f64 {
    // By symmetry only the lower half is inverted, where `erfc` keeps its precision down to 1e-300.
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    bisect(-40.0, 0.0, |x| normal_cdf(x) >= p)
}

/// The regularised lower incomplete gamma function: the distribution function of a gamma law of this
/// shape and scale 1. By its series and its continued fraction (Press et al., Numerical Recipes, 6.2).
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = exp(shape * ln(x) - x - ln_gamma(shape));
    if x < shape + 1.0 { front * gamma_series(shape, x) } else { 1.0 - front * gamma_fraction(shape, x) }
}

fn gamma_series(shape: f64, x: f64) -> f64 {
    let mut term = 1.0 / shape;
    let mut sum = term;
    let mut n = shape;
    while term > sum * 1e-16 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    sum
}

/// Lentz's way to evaluate the continued fraction.
fn gamma_fraction(shape: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..10_000 {
        let a = -f64::from(i) * (f64::from(i) - shape);
        b += 2.0;
        d = a * d + b;
        d = 1.0 / if d.abs() < TINY { TINY } else { d };
        c = b + a / c;
        c = if c.abs() < TINY { TINY } else { c };
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

/// The smallest `x` in `low..=high` where a condition that stays true once it is true holds, to the last
/// bits.
pub fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1e-3), "{found} is not {expected}");
    }

    #[test]
    fn the_quick_exponential_is_the_exponential() {
        for step in -50_000..50_000 {
            let x = f64::from(step) * 0.0139;
            let (quick, slow) = (exp_quick(x), exp(x));
            assert!((quick / slow - 1.0).abs() <= 3.0 * f64::EPSILON, "exp({x}): {quick} is not {slow}");
        }
        for x in [f64::NEG_INFINITY, -800.0, 800.0, f64::INFINITY] {
            assert_eq!(exp_quick(x), exp(x));
        }
        assert!(exp_quick(f64::NAN).is_nan());
    }

    /// Abramowitz & Stegun, tables 26.1 and 26.5, and well-known digits.
    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        check(normal_quantile(0.5), 0.0);
        check(normal_quantile(0.975), 1.959_963_984_540_054);
        check(normal_quantile(0.99), 2.326_347_874_040_841);
        check(normal_quantile(0.01), -2.326_347_874_040_841);
        check(normal_quantile(1e-9), -5.997_807_015_007_686);
    }

    #[test]
    fn gamma_of_whole_shape_is_erlang() {
        for x in [0.01, 0.5, 1.0, 3.0, 10.0, 30.0] {
            check(gamma_cdf(1.0, x), -exp_m1(-x));
            check(gamma_cdf(3.0, x), 1.0 - exp(-x) * (1.0 + x + x * x / 2.0));
        }
    }

    /// A chi-square of one degree of freedom is a squared normal.
    #[test]
    fn gamma_of_shape_one_half_is_a_squared_normal() {
        for z in [0.1, 0.5, 1.0, 2.0, 4.0] {
            check(gamma_cdf(0.5, z * z / 2.0), 2.0 * normal_cdf(z) - 1.0);
        }
    }
}

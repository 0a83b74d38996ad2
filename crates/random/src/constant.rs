//! The few functions the compiler needs to fill the tables of this crate.
//!
//! Only sums, products and quotients, which are the same bits everywhere; good to the last bit or two in the
//! range each names.

/// `ln 2` in two parts, the first with room for an exact product with a small whole number.
pub(crate) const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(crate) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// For `-700 < x <= 0`: the power of two taken out, then the Taylor series.
pub(crate) const fn exp(x: f64) -> f64 {
    let twos = (x / std::f64::consts::LN_2 - 0.5) as i64;
    let rest = (x - twos as f64 * LN_2_HIGH) - twos as f64 * LN_2_LOW;
    let mut sum = 1.0;
    let mut n = 20;
    while n > 0 {
        sum = 1.0 + sum * rest / n as f64;
        n -= 1;
    }
    sum * f64::from_bits(((1023 + twos) as u64) << 52)
}

/// For positive normal `x`: the power of two taken out, then `ln m = 2 artanh((m-1)/(m+1))`.
pub(crate) const fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut twos = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m /= 2.0;
        twos += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let mut sum = 0.0;
    let mut n = 25;
    while n > 0 {
        sum = sum * s * s + 1.0 / n as f64;
        n -= 2;
    }
    twos as f64 * LN_2_HIGH + (2.0 * s * sum + twos as f64 * LN_2_LOW)
}

/// Newton's iteration, for `x` from about 1e-6 to 1e6.
pub(crate) const fn sqrt(x: f64) -> f64 {
    let mut root = 1.0;
    let mut step = 0;
    while step < 40 {
        root = 0.5 * (root + x / root);
        step += 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use crate::num;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs(), "{found} is not {expected}");
    }

    #[test]
    fn constant_functions_are_those_of_the_library() {
        for step in 1..2_000 {
            let x = f64::from(step) * 0.013;
            check(super::exp(-x), num::exp(-x));
            check(super::exp(x / 40.0), num::exp(x / 40.0));
            check(super::ln(x), num::ln(x));
            check(super::sqrt(x), x.sqrt());
        }
    }
}

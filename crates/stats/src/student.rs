//! Quantiles of Student's t distribution.

use tarsier_random::num::bisect;

/// Where Student's t distribution function of this many degrees of freedom reaches `p`.
pub fn t_quantile(degrees: f64, p: f64) -> f64 {
    if p < 0.5 {
        return -t_quantile(degrees, 1.0 - p);
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let mut high = 2.0;
    while t_cdf(degrees, high) < p {
        high *= 2.0;
    }
    bisect(0.0, high, |t| t_cdf(degrees, t) >= p)
}

/// `1 - I_x(ν/2, 1/2) / 2` with `x = ν / (ν + t²)`, for `t >= 0`.
fn t_cdf(degrees: f64, t: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t))
}

/// The regularised incomplete beta function (Press et al., Numerical Recipes, 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - ln_beta);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// Lentz's way to evaluate the continued fraction.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for step in [even, odd] {
            d = 1.0 / (1.0 + step * d);
            c = 1.0 + step / c;
            h *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    /// Abramowitz & Stegun, table 26.10, with more digits.
    #[test]
    fn t_quantiles_are_those_of_the_tables() {
        check(t_quantile(1.0, 0.975), 12.706_204_736_174_7);
        check(t_quantile(2.0, 0.975), 4.302_652_729_749_46);
        check(t_quantile(9.0, 0.975), 2.262_157_162_798_21);
        check(t_quantile(30.0, 0.995), 2.749_995_653_567_24);
        check(t_quantile(120.0, 0.975), 1.979_930_405_052_777);
        check(t_quantile(5.0, 0.025), -t_quantile(5.0, 0.975));
    }
}

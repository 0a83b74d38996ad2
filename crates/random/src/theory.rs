//! What is known of a law without drawing from it: its moments, its floor, its distribution function and
//! quantiles.

use crate::law::Law;
use crate::num;

impl Law {
    /// In nanoseconds; `None` if infinite.
    pub fn mean(&self) -> Option<f64> {
        self.moment(1)
    }

    /// The mean of the square, in square nanoseconds; `None` if infinite.
    pub fn second_moment(&self) -> Option<f64> {
        self.moment(2)
    }

    /// The squared coefficient of variation: variance over squared mean. `None` if infinite or the mean is
    /// zero.
    pub fn cv2(&self) -> Option<f64> {
        let mean = self.mean().filter(|&mean| mean > 0.0)?;
        Some((self.second_moment()? / (mean * mean) - 1.0).max(0.0))
    }

    /// The smallest value there can be.
    pub fn floor(&self) -> f64 {
        match self {
            Law::Constant(value) => *value,
            Law::Uniform { low, .. } => *low,
            Law::Pareto { min, .. } => *min,
            Law::Mix(parts) => parts.iter().map(|(_, law)| law.floor()).fold(f64::INFINITY, f64::min),
            Law::Empirical(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
            Law::Sum(parts) => parts.iter().map(Law::floor).sum(),
            Law::Exp { .. }
            | Law::Normal { .. }
            | Law::Lognormal { .. }
            | Law::Gamma { .. }
            | Law::Erlang { .. }
            | Law::HyperExp { .. }
            | Law::Weibull { .. } => 0.0,
        }
    }

    /// A value below which at most `p` of the draws lie: as high as is easily known, never too high. It
    /// serves as a floor under a law that has none.
    pub fn low_quantile(&self, p: f64) -> f64 {
        match self {
            // All parts at once would have to be above theirs for the sum to be above the sum.
            Law::Sum(parts) => parts.iter().map(|law| law.low_quantile(p / parts.len() as f64)).sum(),
            Law::Mix(parts) => parts.iter().map(|(_, law)| law.low_quantile(p)).fold(f64::INFINITY, f64::min),
            _ => self.quantile(p).unwrap_or(0.0),
        }
        .max(self.floor())
    }

    /// The value that `p` of the draws do not exceed. `None` for sums, whose distribution is not known.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let p = p.clamp(0.0, 1.0);
        Some(match *self {
            Law::Constant(value) => value,
            Law::Exp { mean } => -mean * num::ln_1p(-p),
            Law::Uniform { low, high } => low + p * (high - low),
            Law::Normal { mean, sd } => (mean + sd * num::normal_quantile(p)).max(0.0),
            Law::Lognormal { mu, sigma } => num::exp(mu + sigma * num::normal_quantile(p)),
            Law::Weibull { scale, shape } => scale * num::pow(-num::ln_1p(-p), 1.0 / shape),
            Law::Pareto { min, alpha, max } => {
                let kept = 1.0 - num::pow(min / max, alpha);
                min * num::pow(1.0 - p * kept, -1.0 / alpha)
            }
            Law::Empirical(ref values) => {
                let mut sorted = values.to_vec();
                sorted.sort_by(f64::total_cmp);
                sorted[((p * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1]
            }
            Law::Gamma { .. } | Law::Erlang { .. } | Law::HyperExp { .. } | Law::Mix(_) => {
                self.invert_cdf(p)?
            }
            Law::Sum(_) => return None,
        })
    }

    /// The probability of not exceeding `x`. `None` for sums.
    pub fn cdf(&self, x: f64) -> Option<f64> {
        if x < 0.0 {
            return Some(0.0);
        }
        Some(match *self {
            Law::Constant(value) => f64::from(x >= value),
            Law::Exp { mean } => -num::exp_m1(-x / mean),
            Law::Uniform { low, high } if low == high => f64::from(x >= low),
            Law::Uniform { low, high } => ((x - low) / (high - low)).clamp(0.0, 1.0),
            Law::Normal { mean, sd } => num::normal_cdf((x - mean) / sd),
            Law::Lognormal { mu, sigma } => num::normal_cdf((num::ln(x) - mu) / sigma),
            Law::Gamma { shape, scale } => num::gamma_cdf(shape, x / scale),
            Law::Erlang { k, mean } => num::gamma_cdf(f64::from(k), x / mean * f64::from(k)),
            Law::HyperExp { share, mean1, mean2 } => {
                -share * num::exp_m1(-x / mean1) - (1.0 - share) * num::exp_m1(-x / mean2)
            }
            Law::Weibull { scale, shape } => -num::exp_m1(-num::pow(x / scale, shape)),
            Law::Pareto { min, .. } if x < min => 0.0,
            Law::Pareto { min, alpha, max } => {
                let beyond = |y: f64| num::pow(min / y, alpha);
                ((1.0 - beyond(x)) / (1.0 - beyond(max))).min(1.0)
            }
            Law::Mix(ref parts) => {
                let weighted = parts.iter().map(|(share, law)| Some(share * law.cdf(x)?));
                weighted.sum::<Option<f64>>()?
            }
            Law::Empirical(ref values) => {
                values.iter().filter(|&&value| value <= x).count() as f64 / values.len() as f64
            }
            Law::Sum(_) => return None,
        })
    }

    fn invert_cdf(&self, p: f64) -> Option<f64> {
        let mut high = self.mean().filter(|&mean| mean > 0.0).unwrap_or(1.0);
        while self.cdf(high)? < p && high.is_finite() {
            high *= 2.0;
        }
        Some(num::bisect(0.0, high, |x| self.cdf(x).is_some_and(|reached| reached >= p)))
    }

    /// The mean of the first or second power.
    fn moment(&self, power: i32) -> Option<f64> {
        let of_exponential = |mean: f64| f64::from(power) * mean.powi(power);
        Some(match *self {
            Law::Constant(value) => value.powi(power),
            Law::Exp { mean } => of_exponential(mean),
            Law::Uniform { low, high } if power == 1 => (low + high) / 2.0,
            Law::Uniform { low, high } => (low * low + low * high + high * high) / 3.0,
            Law::Normal { mean, sd } => cut_normal_moment(mean, sd, power),
            Law::Lognormal { mu, sigma } => {
                let k = f64::from(power);
                num::exp(k * mu + k * k * sigma * sigma / 2.0)
            }
            Law::Gamma { shape, scale } => gamma_moment(shape, scale, power),
            Law::Erlang { k, mean } => gamma_moment(f64::from(k), mean / f64::from(k), power),
            Law::HyperExp { share, mean1, mean2 } => {
                share * of_exponential(mean1) + (1.0 - share) * of_exponential(mean2)
            }
            Law::Weibull { scale, shape } => {
                scale.powi(power) * num::exp(num::ln_gamma(1.0 + f64::from(power) / shape))
            }
            Law::Pareto { min, alpha, max } => return pareto_moment(min, alpha, max, f64::from(power)),
            Law::Mix(ref parts) => {
                return parts.iter().map(|(share, law)| Some(share * law.moment(power)?)).sum();
            }
            Law::Empirical(ref values) => {
                values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64
            }
            Law::Sum(ref parts) => return sum_moment(parts, power),
        })
    }
}

/// Of `max(0, N(mean, sd))`.
fn cut_normal_moment(mean: f64, sd: f64, power: i32) -> f64 {
    if sd == 0.0 {
        return mean.max(0.0).powi(power);
    }
    let (above, density) = (num::normal_cdf(mean / sd), num::normal_density(mean / sd));
    if power == 1 {
        mean * above + sd * density
    } else {
        (mean * mean + sd * sd) * above + mean * sd * density
    }
}

fn gamma_moment(shape: f64, scale: f64, power: i32) -> f64 {
    if power == 1 { shape * scale } else { shape * (shape + 1.0) * scale * scale }
}

/// `E X^k = α min^k / (1 - q^α) · (1 - q^(α-k)) / (α - k)` with `q = min/max`.
fn pareto_moment(min: f64, alpha: f64, max: f64, k: f64) -> Option<f64> {
    let power = num::pow(min, k);
    if max.is_infinite() {
        return (alpha > k).then(|| power * alpha / (alpha - k));
    }
    if min == max {
        return Some(power);
    }
    let ln_q = num::ln(min / max);
    let last = if alpha == k { -ln_q } else { -num::exp_m1((alpha - k) * ln_q) / (alpha - k) };
    Some(power * alpha / -num::exp_m1(alpha * ln_q) * last)
}

/// Parts of a sum are independent: means add, and so do variances.
fn sum_moment(parts: &[Law], power: i32) -> Option<f64> {
    let mut mean = 0.0;
    let mut variance = 0.0;
    for law in parts {
        let first = law.moment(1)?;
        mean += first;
        if power == 2 {
            variance += law.moment(2)? - first * first;
        }
    }
    Some(if power == 1 { mean } else { variance + mean * mean })
}

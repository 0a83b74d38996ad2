//! A law compiled for drawing: what can be computed once is computed once.

use std::sync::Arc;

use crate::law::Law;
use crate::num;
use crate::stream::Stream;

/// A law made ready to draw from; 32 bytes.
#[derive(Clone, Debug)]
pub struct Sampler {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Constant(f64),
    /// `max(floor, base + mean · exponential)`.
    Exp {
        base: f64,
        mean: f64,
        floor: f64,
    },
    /// `max(floor, exp(mu + sigma · normal))`.
    Lognormal {
        mu: f64,
        sigma: f64,
        floor: f64,
    },
    /// `base + exp(mu + sigma · normal)`.
    ShiftedLognormal {
        mu: f64,
        sigma: f64,
        base: f64,
    },
    Uniform {
        low: f64,
        width: f64,
    },
    Normal {
        mean: f64,
        sd: f64,
        floor: f64,
    },
    Gamma(GammaLarge),
    /// Shapes below 1: a gamma of shape + 1, times a power of a uniform number.
    GammaSmall(Box<GammaSmall>),
    /// A few exponentials, each of this mean.
    Erlang {
        k: u32,
        mean: f64,
    },
    HyperExp {
        share: f64,
        mean1: f64,
        mean2: f64,
    },
    Weibull {
        scale: f64,
        power: f64,
    },
    /// `kept` is the probability of not exceeding the maximum.
    Pareto {
        min: f64,
        power: f64,
        kept: f64,
    },
    /// With the sum of the shares up to each.
    Mix(Box<[(f64, Sampler)]>),
    Empirical(Arc<[f64]>),
    Sum(Box<[Sampler]>),
    Floored(Box<(f64, Sampler)>),
}

/// Sums of more exponentials than this are drawn as a gamma, which takes as long as about eight of them.
const ERLANG_MAX: u32 = 8;

impl Sampler {
    pub fn new(law: &Law) -> Sampler {
        Sampler { kind: Kind::new(law) }
    }

    /// What would be less than `floor_ns` is `floor_ns`.
    pub fn with_floor(law: &Law, floor_ns: f64) -> Sampler {
        let sampler = Sampler::new(law);
        if law.floor() >= floor_ns {
            return sampler;
        }
        let kind = match sampler.kind {
            Kind::Constant(_) => Kind::Constant(floor_ns),
            Kind::Exp { base, mean, .. } => Kind::Exp { base, mean, floor: floor_ns },
            Kind::Lognormal { mu, sigma, .. } => Kind::Lognormal { mu, sigma, floor: floor_ns },
            Kind::Normal { mean, sd, .. } => Kind::Normal { mean, sd, floor: floor_ns },
            kind => Kind::Floored(Box::new((floor_ns, Sampler { kind }))),
        };
        Sampler { kind }
    }

    /// A duration in nanoseconds, not negative.
    #[inline(always)]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        match self.kind {
            Kind::Exp { base, mean, floor } => at_least(floor, base + mean * stream.exp1()),
            _ => self.sample_other(stream),
        }
    }

    /// A duration in whole nanoseconds, rounded to the nearest.
    #[inline(always)]
    pub fn sample_nanos(&self, stream: &mut Stream) -> u64 {
        // The cast cuts off what follows the point, and takes what is too long for the longest there is.
        (self.sample(stream) + 0.5) as i64 as u64
    }

    #[inline(never)]
    fn sample_other(&self, stream: &mut Stream) -> f64 {
        match self.kind {
            Kind::Constant(value) => value,
            Kind::Lognormal { mu, sigma, floor } => {
                at_least(floor, num::exp_quick(mu + sigma * stream.normal()))
            }
            Kind::Exp { .. } => self.sample(stream),
            Kind::ShiftedLognormal { mu, sigma, base } => base + num::exp_quick(mu + sigma * stream.normal()),
            Kind::Uniform { low, width } => low + width * stream.unit(),
            Kind::Normal { mean, sd, floor } => (mean + sd * stream.normal()).max(floor),
            Kind::Gamma(ref gamma) => gamma.sample(stream),
            Kind::GammaSmall(ref gamma) => gamma.sample(stream),
            Kind::Erlang { k, mean } => mean * (0..k).map(|_| stream.exp1()).sum::<f64>(),
            Kind::HyperExp { share, mean1, mean2 } => {
                let mean = if stream.chance(share) { mean1 } else { mean2 };
                mean * stream.exp1()
            }
            Kind::Weibull { scale, power } => scale * num::exp_quick(power * num::ln(stream.exp1())),
            Kind::Pareto { min, power, kept } => {
                min * num::exp_quick(power * num::ln(1.0 - kept * stream.unit()))
            }
            Kind::Mix(ref parts) => {
                let unit = stream.unit();
                let chosen = parts.iter().find(|(up_to, _)| unit < *up_to);
                // Shares may sum to a little less than 1.
                chosen.or(parts.last()).map_or(0.0, |(_, sampler)| sampler.sample(stream))
            }
            Kind::Empirical(ref values) => values[stream.below(values.len() as u32) as usize].max(0.0),
            Kind::Sum(ref parts) => parts.iter().map(|sampler| sampler.sample(stream)).sum(),
            Kind::Floored(ref floored) => floored.1.sample(stream).max(floored.0),
        }
    }
}

/// `value.max(floor)` of numbers, in one instruction.
#[inline(always)]
fn at_least(floor: f64, value: f64) -> f64 {
    if value > floor { value } else { floor }
}

impl Kind {
    fn new(law: &Law) -> Kind {
        match *law {
            Law::Constant(value) => Kind::Constant(value.max(0.0)),
            Law::Exp { mean } => Kind::Exp { base: 0.0, mean, floor: 0.0 },
            Law::Uniform { low, high } => Kind::Uniform { low, width: high - low },
            Law::Normal { mean, sd } => Kind::Normal { mean, sd, floor: 0.0 },
            Law::Lognormal { mu, sigma } => Kind::Lognormal { mu, sigma, floor: 0.0 },
            Law::Gamma { shape, scale } => Kind::gamma(shape, scale),
            Law::Erlang { k, mean } if k <= ERLANG_MAX => Kind::Erlang { k, mean: mean / f64::from(k) },
            Law::Erlang { k, mean } => Kind::gamma(f64::from(k), mean / f64::from(k)),
            Law::HyperExp { share, mean1, mean2 } => Kind::HyperExp { share, mean1, mean2 },
            Law::Weibull { scale, shape } => Kind::Weibull { scale, power: 1.0 / shape },
            Law::Pareto { min, alpha, max } => {
                Kind::Pareto { min, power: -1.0 / alpha, kept: 1.0 - num::pow(min / max, alpha) }
            }
            Law::Mix(ref parts) => Kind::mix(parts),
            Law::Empirical(ref values) => {
                assert!(
                    u32::try_from(values.len()).is_ok_and(|n| n > 0),
                    "an empirical law has 1 to 2^32 values"
                );
                Kind::Empirical(Arc::clone(values))
            }
            Law::Sum(ref parts) => Kind::sum(parts),
        }
    }

    fn gamma(shape: f64, scale: f64) -> Kind {
        if shape >= 1.0 {
            return Kind::Gamma(GammaLarge::new(shape, scale));
        }
        Kind::GammaSmall(Box::new(GammaSmall {
            larger: GammaLarge::new(shape + 1.0, scale),
            power: 1.0 / shape,
        }))
    }

    fn mix(parts: &[(f64, Law)]) -> Kind {
        let mut up_to = 0.0;
        let compiled = parts.iter().map(|(share, law)| {
            up_to += share;
            (up_to, Sampler::new(law))
        });
        Kind::Mix(compiled.collect())
    }

    /// Constants are added up beforehand, and a constant and an exponential or lognormal make one kind.
    fn sum(parts: &[Law]) -> Kind {
        let mut base = 0.0;
        let mut random = Vec::new();
        gather(parts, &mut base, &mut random);
        if random.len() > 1 {
            random.push(Kind::Constant(base));
            return Kind::Sum(random.into_iter().map(|kind| Sampler { kind }).collect());
        }
        match random.pop() {
            None => Kind::Constant(base),
            Some(kind) if base == 0.0 => kind,
            Some(Kind::Exp { mean, .. }) => Kind::Exp { base, mean, floor: 0.0 },
            Some(Kind::Lognormal { mu, sigma, .. }) => Kind::ShiftedLognormal { mu, sigma, base },
            Some(Kind::Uniform { low, width }) => Kind::Uniform { low: low + base, width },
            Some(kind) => Kind::Sum(Box::new([Sampler { kind }, Sampler { kind: Kind::Constant(base) }])),
        }
    }
}

/// Sums within sums are one sum.
fn gather(parts: &[Law], base: &mut f64, random: &mut Vec<Kind>) {
    for law in parts {
        match law {
            Law::Constant(value) => *base += value.max(0.0),
            Law::Sum(inner) => gather(inner, base, random),
            other => random.push(Kind::new(other)),
        }
    }
}

/// Marsaglia & Tsang: A simple method for generating gamma variables, ACM TOMS 26(3), 2000; shapes from 1 on.
#[derive(Clone, Debug)]
struct GammaLarge {
    d: f64,
    c: f64,
    scale: f64,
}

impl GammaLarge {
    fn new(shape: f64, scale: f64) -> GammaLarge {
        let d = shape - 1.0 / 3.0;
        GammaLarge { d, c: 1.0 / (9.0 * d).sqrt(), scale }
    }

    fn sample(&self, stream: &mut Stream) -> f64 {
        loop {
            let x = stream.normal();
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let unit = stream.unit();
            let squeezed = unit < 1.0 - 0.0331 * (x * x) * (x * x);
            if squeezed || num::ln(unit) < 0.5 * x * x + self.d * (1.0 - v + num::ln(v)) {
                return self.scale * self.d * v;
            }
        }
    }
}

#[derive(Clone, Debug)]
struct GammaSmall {
    larger: GammaLarge,
    /// One over the shape.
    power: f64,
}

impl GammaSmall {
    fn sample(&self, stream: &mut Stream) -> f64 {
        // Minus the logarithm of a uniform number is exponential.
        self.larger.sample(stream) * num::exp_quick(-self.power * stream.exp1())
    }
}

//! A stream of random numbers with a name: eight bytes of state, a nanosecond a number.
//!
//! The generator is SplitMix64. All streams lie on one cycle of 2^64 numbers and start where the hash of
//! their name puts them: with 10^5 streams of 10^7 numbers each, the chance that any two overlap is 0.5%.

use crate::ziggurat;

/// The golden ratio's fraction, odd: the step of the Weyl sequence below.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of this raw state; prefer [`Stream::named`].
    pub const fn from_state(state: u64) -> Stream {
        Stream { state }
    }

    /// The stream for one purpose of one entity. Lists of different names or numbers give unrelated streams.
    pub fn named(seed: u64, name: &[&str], numbers: &[u64]) -> Stream {
        // Counts and lengths go in before what they count, so no two inputs spell the same words.
        let mut state = absorb(mix(seed ^ STEP), name.len() as u64);
        for part in name {
            state = absorb(state, part.len() as u64);
            for chunk in part.as_bytes().chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                state = absorb(state, u64::from_le_bytes(word));
            }
        }
        state = absorb(state, numbers.len() as u64);
        let state = numbers.iter().fold(state, |state, &number| absorb(state, number));
        Stream { state }
    }

    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        const LAST_PLACE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * LAST_PLACE
    }

    /// Uniform in 0..n, and 0 for n = 0. Multiply-shift (Lemire: Fast random integer generation in an
    /// interval, 2019) of all 64 bits without his rejection: no number is more than n·2^-64 too likely.
    #[inline]
    pub fn below(&mut self, n: u32) -> u32 {
        ((u128::from(self.next_u64()) * u128::from(n)) >> 64) as u32
    }

    /// True with this probability: never at 0, always at 1. Draws one number whatever the probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential with mean 1.
    #[inline]
    pub fn exp1(&mut self) -> f64 {
        ziggurat::exponential(self)
    }

    /// Standard normal.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        ziggurat::normal(self)
    }
}

/// Stafford's thirteenth variant of the MurmurHash3 finaliser: a bijection.
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn absorb(state: u64, word: u64) -> u64 {
    mix(mix(state.wrapping_add(STEP)) ^ word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published vector of SplitMix64 for the seed 1234567.
    #[test]
    fn numbers_are_those_published() {
        let mut stream = Stream::from_state(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| stream.next_u64()), expected);
    }
}

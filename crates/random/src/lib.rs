//! Named random streams, distributions of durations, and exact maths.
//!
//! Every draw of a simulation comes from a [`Stream`] named by (seed, entity, purpose): adding a
//! service shifts no other service's numbers. Results are the same bits on every machine: the
//! transcendental functions are libm's ([`num`]), never the platform's.

mod constant;
mod law;
pub mod num;
mod sampler;
mod stream;
mod theory;
mod ziggurat;

pub use law::{Law, LawError};
pub use sampler::Sampler;
pub use stream::Stream;

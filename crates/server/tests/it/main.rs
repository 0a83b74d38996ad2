//! The live lab as browsers and scripts meet it: over its socket.

mod client;
mod contract;
mod guard;
mod input;
mod results;
mod steering;
mod stream;

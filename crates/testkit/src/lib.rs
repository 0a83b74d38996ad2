//! Oracles and statistical assertions for tests.

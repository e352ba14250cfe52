//! Backends that do not keep the contract: `System` with something wrong about it, and a simulated
//! one for what `System` has no part in.

mod over_system;
mod simulated;

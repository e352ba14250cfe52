//! The contracts of the core, a test each, named after the sentence that promises it.
//!
//! Most run on `Lab`, a backend without a system, whose objects are numbers and whose time is
//! virtual: there, what happens and when is the test's decision. What is promised of a real system
//! runs on `System`. Tests that need a process for themselves (it forks, exits, or has a global
//! reactor) run this program again, by `in_a_process`.
//!
//! Not here: what sockets do (that is the adapter's), models, random sequences, and faults of the
//! system itself.

#[cfg(target_os = "linux")]
mod costs;
mod driving;
mod endings;
#[cfg(unix)]
mod external;
#[cfg(unix)]
mod fork;
mod lab;
mod observing;
mod panics;
mod races;
mod registering;
mod selection;
mod simulated;
mod sources;
#[cfg(unix)]
mod system;
mod teams;
mod threads;
mod timers;
mod tools;
mod turns;
mod undriven;
mod waiting;
mod wakers;
mod world;

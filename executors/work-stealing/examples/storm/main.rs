//! Threads that join and leave an executor, and everything at random on it, for some minutes; then
//! nothing may have been lost or have leaked.
//!
//! Threads enter the executor by `block_on`, by `run` and `tick` under a foreign `block_on`, and by
//! `try_tick`; they leave when what they came for is done, whatever is in their queues. Within,
//! tasks do what `scenes` has: spawn and await, in trees and chains; yield; wait for sockets,
//! timers and other threads; poll for long; are cancelled, by whoever holds them; panic, when they
//! are polled and when they are dropped. Now and then the executor is replaced, and ends with the
//! tasks that it has as soon as the last thread has left it. Nothing here waits with a fallback, so
//! a wake-up that is lost stops its thread.
//!
//! How it is run and what is checked is in `soak.rs`, which it shares with the example `soak` of
//! the single-thread executor: it fails if a thread makes no progress for a minute, if what
//! arrives is not what was sent, if something is left over at the end or the process has grown. It
//! reads `/proc`, so it is for Linux only.

#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/census.rs"]
mod census;
#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/chance.rs"]
mod chance;
#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/world.rs"]
#[expect(dead_code, reason = "threads share an executor here, and its reactor")]
mod ground;
#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/machine.rs"]
mod machine;
#[cfg(target_os = "linux")]
mod scenes;
#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/soak.rs"]
mod soak;
#[cfg(target_os = "linux")]
#[path = "../../../single-thread/examples/soak/streams.rs"]
mod streams;
#[cfg(target_os = "linux")]
mod work;
#[cfg(target_os = "linux")]
mod world;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    soak::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this reads /proc, which only Linux has");
}

//! Everything at random for some minutes, then nothing may have leaked.
//!
//! Some threads enter and leave `block_on`, alone and together, on the program's reactor, on one
//! that they share until somebody replaces it, and on reactors of their own. Within, tasks do what
//! `scenes` has: sockets and pipes in every way of ending, timers, waits that are given up, tasks
//! that are cancelled, panics in tasks and in wakers. Nothing here waits with a fallback, so a
//! wake-up that is lost stops its thread.
//!
//! It fails if a thread makes no progress for a minute, if what arrives is not what was sent, and
//! if at the end a descriptor, task, waker, source, reactor or more than 64 KiB of memory is left
//! over (the program's reactor lives on, and has grown), or the process has grown by more than
//! 8 MiB since a fifth of the time had passed (an allocator's heap grows where threads come and
//! go).
//!
//! The decisions of each thread come from the seed and its number alone, so a seed replays them;
//! how the threads meet is the machine's affair. It reads `/proc`, so it is for Linux only.

#[cfg(target_os = "linux")]
mod census;
#[cfg(target_os = "linux")]
mod chance;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod scenes;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(target_os = "linux")]
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

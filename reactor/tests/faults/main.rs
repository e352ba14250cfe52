//! What becomes of a program when the system calls of its reactor fail.
//!
//! The kernel is asked to have chosen calls of one thread fail with chosen errors, so the product
//! has no hooks for this, and what is tested is what is shipped. Where the kernel or a sandbox
//! refuses that, the tests show as ignored, with the reason: that, and nothing else, is why they
//! have a harness of their own.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod life;
#[cfg(target_os = "linux")]
mod matrix;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
mod sentences;
#[cfg(target_os = "linux")]
mod trials;

#[cfg(target_os = "linux")]
fn main() {
    trials::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

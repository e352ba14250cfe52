//! Runs any bytes as a sequence of calls, and compares what happens with what was promised.
//!
//! Two worlds: virtual objects and virtual time, where every call may be refused and the promises
//! are checked to the letter (`world.rs` against `model.rs`); and sockets of the system
//! (`sockets.rs`), where it is checked that nobody sleeps while what they wait for is there.

mod backend;
mod kernel;
mod model;
mod ops;
#[cfg(unix)]
mod sockets;
mod tasks;
mod time;
mod timed;
mod waits;
mod world;

use std::cell::RefCell;
use std::sync::Arc;

use mini_reactor::Reactor;

use backend::Backend;
use ops::Bytes;
use world::World;

/// More steps find nothing new, and cost.
const STEPS_MAX: usize = 600;

thread_local! {
    static STEPS: RefCell<Steps> = const { RefCell::new(Steps::None) };
}

/// Kept as they are, for text is needed only if one fails.
enum Steps {
    None,
    Virtual(Vec<ops::Op>),
    #[cfg(unix)]
    Sockets(Vec<sockets::Op>),
}

/// The steps of the last sequence that this thread ran; the one that failed is the last.
pub(crate) fn last_steps() -> Vec<String> {
    match STEPS.replace(Steps::None) {
        Steps::None => Vec::new(),
        Steps::Virtual(steps) => steps.iter().map(|step| format!("{step:?}")).collect(),
        #[cfg(unix)]
        Steps::Sockets(steps) => steps.iter().map(|step| format!("{step:?}")).collect(),
    }
}

/// Runs `bytes` on virtual objects. The first byte chooses the kind of backend.
///
/// # Panics
///
/// If a promise is broken.
pub(crate) fn run_virtual(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    STEPS.set(Steps::Virtual(Vec::new()));
    let Some(kind) = bytes.below(2) else { return };
    let backend = Arc::new(Backend::new(kind != 0));
    let core = Arc::new(Reactor::new(Arc::clone(&backend)));
    let mut world = World::new(backend, &core);
    for step in std::iter::from_fn(|| bytes.op()).take(STEPS_MAX) {
        STEPS.with_borrow_mut(|steps| {
            if let Steps::Virtual(steps) = steps {
                steps.push(step);
            }
        });
        world.step(step);
    }
    world.end();
}

/// Runs `bytes` on sockets.
///
/// # Panics
///
/// If a promise is broken.
#[cfg(unix)]
pub(crate) fn run_sockets(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    STEPS.set(Steps::Sockets(Vec::new()));
    let mut sockets = sockets::Sockets::new();
    for step in std::iter::from_fn(|| sockets::Op::of(&mut bytes)).take(STEPS_MAX) {
        STEPS.with_borrow_mut(|steps| {
            if let Steps::Sockets(steps) = steps {
                steps.push(step);
            }
        });
        sockets.step(step);
    }
    sockets.step(sockets::Op::Settle);
}

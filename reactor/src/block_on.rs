//! `block_on`: run one future on this thread, and drive the reactor while it waits.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll};

use crate::handle::Handle;
use crate::parker::Parker;

/// A future that wakes itself is polled so often before the reactor gets a turn in between.
const POLLS_PER_TURN: u32 = 61;

thread_local! {
    /// The parker of the last `block_on` of this thread, for the next one.
    static SPARE: Cell<Option<Parker>> = const { Cell::new(None) };
}

/// Runs `future` on this thread and drives the [current](Handle::current) reactor meanwhile.
///
/// Any number of threads may be in `block_on` at once: one of them drives, and hands that over
/// before it runs its own future.
///
/// # Panics
///
/// If the backend's `turn` fails, or if called from within a waker that the reactor calls.
///
/// # Examples
///
/// ```
/// assert_eq!(mini_reactor::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    on(&Handle::current(), future)
}

pub(crate) fn on<T>(reactor: &Handle, future: impl Future<Output = T>) -> T {
    let _entered = reactor.enter();
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    let parker = match spare {
        Some(spare) if spare.reactor().is(reactor) => {
            spare.lend(true);
            spare
        }
        _ => Parker::new(reactor.clone()),
    };
    let output = run(&parker, future);
    // A thread that is ending keeps none. Nor is one kept that would keep a reactor from ending.
    if reactor.is_static() {
        parker.lend(false);
        let _ = SPARE.try_with(|spare| spare.set(Some(parker)));
    }
    output
}

fn run<T>(parker: &Parker, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(parker.waker());
    let mut polls = 0_u32;
    loop {
        polls = polls.wrapping_add(1);
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        let turned = if polls % POLLS_PER_TURN == 0 { parker.turn() } else { Ok(false) };
        if let Err(error) = turned.and_then(|_| parker.park(|| true)) {
            panic!("the reactor's turn failed: {error}");
        }
    }
}

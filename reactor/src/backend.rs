//! The trait: what a backend must do, and nothing else.
//!
//! A backend only says "this source became ready". Who waits for it, what was already seen, when a
//! timer fires and which thread sleeps are the core's affairs, written and checked once; so a
//! backend can be 130 to 200 lines (`poll(2)`, mio), and cannot lose a wake-up of its own making,
//! only delay one.
//!
//! Deliberately absent: wakers (a backend never sees one), timers (the core's; a backend has only a
//! clock), interest bookkeeping (the core passes the union), and anything that starts a thread.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::io_object::{BorrowedIo, Directions};
use crate::observation::Observation;
use crate::ready_list::ReadyList;
use crate::source::Source;

/// Waits for I/O on behalf of a program: what [`GlobalAlloc`] is to memory, this is to waiting.
///
/// The trait is safe to implement: a wrong backend can delay a task or wake one needlessly, but
/// cannot corrupt memory. A backend whose own system demands that a descriptor stay open while it
/// is registered holds a [`Source::keep_open`] token.
///
/// All methods may be called from any thread. [`register`], [`rearm`] and [`deregister`] of one
/// source never overlap (the core serialises them), but may run while another thread is in
/// [`turn`]; `turn` itself is called by one thread at a time.
///
/// Decorators forward every method, the provided ones too, and may look at and change each event
/// in the [`ReadyList`].
///
/// [`GlobalAlloc`]: std::alloc::GlobalAlloc
/// [`register`]: GlobalReactor::register
/// [`rearm`]: GlobalReactor::rearm
/// [`deregister`]: GlobalReactor::deregister
/// [`turn`]: GlobalReactor::turn
///
/// # Examples
///
/// A decorator that counts how often the program went to sleep, chosen for the whole program:
///
/// ```standalone_crate
/// use std::io;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
/// use std::time::{Duration, Instant};
/// use mini_reactor::{
///     BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source, System,
/// };
///
/// struct Counting {
///     inner: System,
///     turns: AtomicUsize,
/// }
///
/// impl GlobalReactor for Counting {
///     fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
///         self.inner.register(io, source)
///     }
///     fn rearm(
///         &self,
///         io: BorrowedIo<'_>,
///         source: &Arc<Source>,
///         wanted: Directions,
///     ) -> io::Result<()> {
///         self.inner.rearm(io, source, wanted)
///     }
///     fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
///         self.inner.deregister(io, source)
///     }
///     fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
///         self.turns.fetch_add(1, Relaxed);
///         self.inner.turn(timeout, ready)
///     }
///     fn notify(&self) {
///         self.inner.notify()
///     }
///     fn now(&self) -> Instant {
///         self.inner.now()
///     }
///     fn pollable(&self) -> Option<BorrowedIo<'_>> {
///         self.inner.pollable()
///     }
///     fn observe(&self, observation: Observation<'_>) -> bool {
///         self.inner.observe(observation)
///     }
/// }
///
/// mini_reactor::global_reactor! {
///     static COUNTING: Counting = Counting { inner: System::new(), turns: AtomicUsize::new(0) };
/// }
///
/// mini_reactor::block_on(async {
///     let mut nap = mini_reactor::Deadline::after(Duration::from_millis(2));
///     std::future::poll_fn(|cx| nap.poll(cx)).await;
/// });
/// assert!(COUNTING.turns.load(Relaxed) > 0);
/// ```
pub trait GlobalReactor: Send + Sync {
    /// Starts watching `io`; from now on its events go to `source`.
    ///
    /// An edge-triggered backend watches both directions from here on, and reports what is ready
    /// already. A one-shot backend watches nothing until [`rearm`](GlobalReactor::rearm).
    ///
    /// # Errors
    ///
    /// - `AlreadyExists`: this object is registered already.
    /// - `Unsupported`: this backend cannot watch this kind of object.
    ///
    /// An object that is always ready (a regular file) is no error: say so with
    /// [`Source::set_always_ready`].
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()>;

    /// Asks for one more event in each direction of `wanted`, the union of those that have waiters.
    ///
    /// Called after [`register`](GlobalReactor::register) and whenever a waiter appears in a
    /// direction that is not armed (see [`ReadyList::push_disarmed`]). An edge-triggered backend
    /// does nothing.
    ///
    /// # Errors
    ///
    /// `NotFound`: the object is not registered.
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, wanted: Directions)
    -> io::Result<()>;

    /// Stops watching `io`, and lets go of `source`, even if it fails: a source keeps its reactor,
    /// so a backend that kept one would keep itself. Events that are under way may still arrive;
    /// they do no harm.
    ///
    /// # Errors
    ///
    /// `NotFound`: the object is not registered.
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()>;

    /// Waits at most `timeout` (`None`: for ever; zero: not at all) and reports what became ready.
    ///
    /// Returns early when something is ready or [`notify`](GlobalReactor::notify) was called; never
    /// returns early for time alone, except that a backend may do so when its clock has passed the
    /// end of the timeout. May return without any event. Calls no waker and no user code.
    ///
    /// # Errors
    ///
    /// `Interrupted` is retried by the core. Any other error ends the turn; what `ready` holds by
    /// then is delivered all the same.
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()>;

    /// Makes the current [`turn`](GlobalReactor::turn), or else the next one, return at once.
    ///
    /// Many calls may be coalesced into one return. Must not block and must not fail.
    fn notify(&self);

    /// The time by this backend's clock, never going backwards. A simulator's may be virtual.
    fn now(&self) -> Instant;

    /// An object that becomes readable when [`turn`](GlobalReactor::turn) has something to report,
    /// so that somebody else's loop can drive this reactor. `None`: not offered.
    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        None
    }

    /// The core says what it does itself, for a decorator that records it. A backend has no use for
    /// it, as nothing depends on this being heard. Returns whether there is interest in more; after
    /// one `false` the core says nothing again, so the default costs nothing.
    ///
    /// Called on the thread that does it, without any lock of the core's. Must not block, nor use
    /// the reactor.
    fn observe(&self, observation: Observation<'_>) -> bool {
        let _ = observation;
        false
    }
}

/// Forwards the trait through a pointer type; one place, so that no method can be forgotten in one.
macro_rules! forward {
    ($(($($generics:tt)*) $pointer:ty),+ $(,)?) => {$(
        impl<$($generics)*> GlobalReactor for $pointer {
            fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
                self.deref().register(io, source)
            }
            fn rearm(
                &self,
                io: BorrowedIo<'_>,
                source: &Arc<Source>,
                wanted: Directions,
            ) -> io::Result<()> {
                self.deref().rearm(io, source, wanted)
            }
            fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
                self.deref().deregister(io, source)
            }
            fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
                self.deref().turn(timeout, ready)
            }
            fn notify(&self) {
                self.deref().notify();
            }
            fn now(&self) -> Instant {
                self.deref().now()
            }
            fn pollable(&self) -> Option<BorrowedIo<'_>> {
                self.deref().pollable()
            }
            fn observe(&self, observation: Observation<'_>) -> bool {
                self.deref().observe(observation)
            }
        }
    )+};
}

forward! {
    (T: GlobalReactor + ?Sized) &T,
    (T: GlobalReactor + ?Sized) Box<T>,
    (T: GlobalReactor + ?Sized) Arc<T>,
    (T: GlobalReactor, F: FnOnce() -> T + Send) LazyLock<T, F>,
}

//! A thread's place to sleep: as the driver if the role is free, else on a futex.
//!
//! This is all that an executor needs of the reactor. It publishes that it sleeps, looks once more
//! at its queues, and either drives or parks; whoever makes work for it calls `unpark`. The models
//! are `tests/loom_core/sleeping.rs` and `hand_over.rs` beside it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Waker;

use crate::handle::Handle;
use crate::observation::Observation;
use crate::park_state::ParkState;
use crate::reactor::Batch;

thread_local! {
    /// Whether this thread is driving some reactor just now (wakers run meanwhile).
    static DRIVING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a waker that runs on this thread now was called by a reactor.
pub(crate) fn is_driving() -> bool {
    DRIVING.get()
}

pub(crate) fn set_driving(driving: bool) {
    DRIVING.set(driving);
}

/// One thread's place to sleep on a reactor.
///
/// # Examples
///
/// ```
/// use mini_reactor::{Handle, Parker};
///
/// let parker = Parker::new(Handle::current());
/// let unparker = parker.unparker();
/// std::thread::spawn(move || unparker.unpark());
/// parker.park(|| true)?;
/// # std::io::Result::Ok(())
/// ```
pub struct Parker {
    state: Arc<ParkState>,
    waker: Waker,
    batch: RefCell<Batch>,
    /// Whether this thread counts as lent to the reactor.
    lent: Cell<bool>,
    /// It belongs to its thread: that is the one which is woken.
    _thread: PhantomData<*const ()>,
}

impl Parker {
    /// A place for the current thread.
    pub fn new(reactor: impl Into<Handle>) -> Parker {
        let state = Arc::new(ParkState::new(reactor.into()));
        let waker = Waker::from(Arc::clone(&state));
        let (batch, lent, _thread) = (RefCell::default(), Cell::new(false), PhantomData);
        let parker = Parker { state, waker, batch, lent, _thread };
        parker.lend(true);
        parker
    }

    /// Counts this thread as lent to the reactor, or not while this is only kept for later.
    pub(crate) fn lend(&self, lent: bool) {
        if self.lent.replace(lent) != lent {
            self.reactor().undriven.lend(lent);
        }
    }

    /// What others wake this thread with.
    pub fn unparker(&self) -> Unparker {
        Unparker(Arc::clone(&self.state))
    }

    /// The same as a waker.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// The reactor that this thread drives when it is its turn.
    pub fn reactor(&self) -> &Handle {
        &self.state.reactor
    }

    /// Sleeps until [`unpark`](Unparker::unpark) or until `idle` says false; drives the reactor
    /// meanwhile if nobody else does.
    ///
    /// `idle` is asked after this thread has published that it sleeps, and again after each turn of
    /// the reactor; it re-checks the caller's queues, and true means that there is nothing to do.
    /// Wakers of whatever became ready have run, on this thread, before it is asked. If this thread
    /// drove and another is parked, that one is sent to drive before this returns.
    ///
    /// May return for no reason.
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns; the role is released then.
    ///
    /// # Panics
    ///
    /// If this thread is driving already: a waker must not block.
    pub fn park(&self, mut idle: impl FnMut() -> bool) -> io::Result<()> {
        assert!(
            !DRIVING.get(),
            "a waker called by the reactor tried to block on a reactor; wakers must only wake"
        );
        let reactor = self.reactor();
        reactor.check_fork()?;
        loop {
            if reactor.driving.try_acquire() {
                return self.drive(&mut idle);
            }
            let awake = self.state.publish_parked() || !idle();
            if awake || !reactor.driving.park(&self.state) {
                if self.state.unpublish() || awake {
                    return Ok(());
                }
                continue; // the role became free
            }
            reactor.observe(Observation::Parks);
            self.state.sleep();
            let listed = reactor.driving.unpark(&self.state);
            reactor.observe(Observation::Unparks { to_drive: !listed });
            if self.state.unpublish() {
                if !listed && reactor.driving.pass_on() {
                    reactor.notify();
                }
                return Ok(());
            }
        }
    }

    /// Turns the reactor once without waiting, if nobody drives it and there is anything to wait
    /// for. For executors that have had no reason to park for a while.
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns.
    pub fn turn(&self) -> io::Result<()> {
        let reactor = self.reactor();
        reactor.check_fork()?;
        if !reactor.has_work() || DRIVING.get() || !reactor.driving.try_acquire() {
            return Ok(());
        }
        let _role = Role::new(reactor);
        reactor.turn(true, &mut self.batch.borrow_mut())
    }

    /// Drives until woken; the role was acquired.
    fn drive(&self, idle: &mut impl FnMut() -> bool) -> io::Result<()> {
        let _role = Role::new(self.reactor());
        let _published = Published(&self.state);
        let mut batch = self.batch.borrow_mut();
        while !self.state.publish_turning() && idle() {
            if self.reactor().turn_then(&mut batch, || self.state.unpublish())? {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        self.lend(false);
    }
}

/// Takes the publication back, also when something panics.
struct Published<'a>(&'a ParkState);

impl Drop for Published<'_> {
    fn drop(&mut self) {
        self.0.unpublish();
    }
}

/// The role of the driver; given up, and handed over, when dropped.
struct Role<'a>(&'a Handle);

impl<'a> Role<'a> {
    fn new(reactor: &'a Handle) -> Role<'a> {
        DRIVING.set(true);
        Role(reactor)
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        DRIVING.set(false);
        if self.0.driving.release() {
            self.0.notify();
        }
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Wakes the thread of a [`Parker`].
#[derive(Clone, Debug)]
pub struct Unparker(Arc<ParkState>);

impl Unparker {
    /// Ends the thread's current [`park`](Parker::park), or else its next one. No system call if
    /// the thread is awake.
    pub fn unpark(&self) {
        self.0.unpark();
    }
}

impl From<Unparker> for Waker {
    fn from(unparker: Unparker) -> Waker {
        Waker::from(unparker.0)
    }
}

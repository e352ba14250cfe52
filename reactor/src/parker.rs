//! A thread's place to sleep: as the driver if the role is free, else on a futex.
//!
//! This is all that an executor needs of the reactor. It publishes that it sleeps, looks once more
//! at its queues, and either drives or parks; whoever makes work for it calls `unpark`. The models
//! are `tests/loom_core/sleeping.rs` and `hand_over.rs` beside it.
//!
//! # Teams
//!
//! A driver that comes back with events hands the role over before it runs what they woke: that
//! poll may be long, and others wait for the reactor. It costs a wake of the other thread for each
//! message of a lone connection, and that is more than the message itself. Threads that run the
//! same tasks can do better, because most polls are short and the thread is back soon. They form a
//! [`Team`]: within it the role is not handed over by itself. So the team has to watch: as long as
//! one of its threads has left the role and another is parked, one that is parked sleeps with a
//! limit ([`Parker::watch`]) and takes the role ([`Parker::park_for`]) if nobody was back for it
//! meanwhile. The delay of everybody's events is then at most two limits. A thread that leaves the
//! team (its `Parker` is dropped) hands over as any other.
//!
//! The models are in `tests/loom_core/teams.rs`.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::driving::NO_TEAM;
use crate::handle::Handle;
use crate::ids;
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
        Parker::make(reactor.into(), NO_TEAM)
    }

    /// A place for the current thread as one of a team, which need not hand the role over to the
    /// others. The module of [`Team`] says what they owe each other instead.
    pub fn new_in_team(reactor: impl Into<Handle>, team: &Team) -> Parker {
        Parker::make(reactor.into(), team.0)
    }

    fn make(reactor: Handle, team: usize) -> Parker {
        let state = Arc::new(ParkState::new(reactor, team));
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
    /// drove and another is parked, that one is sent to drive before this returns (unless both are
    /// of one [`Team`]).
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
        self.sleep(None, false, &mut |_| idle()).map(drop)
    }

    /// As [`park`](Parker::park), for so long at most; true if this thread drove.
    ///
    /// `idle` is told whether this thread drives.
    ///
    /// # Errors
    ///
    /// As `park`.
    ///
    /// # Panics
    ///
    /// As `park`.
    pub fn park_for(
        &self,
        limit: Option<Duration>,
        mut idle: impl FnMut(bool) -> bool,
    ) -> io::Result<bool> {
        self.sleep(limit, false, &mut idle)
    }

    /// As [`park_for`](Parker::park_for), but does not become the driver unless it is sent to, even
    /// if the role is free: for a thread that knows who looks for events meanwhile, and looks after
    /// that one.
    ///
    /// # Errors
    ///
    /// As `park`.
    ///
    /// # Panics
    ///
    /// As `park`.
    pub fn watch(&self, limit: Duration, mut idle: impl FnMut(bool) -> bool) -> io::Result<bool> {
        self.sleep(Some(limit), true, &mut idle)
    }

    /// True if this thread drove.
    fn sleep(
        &self,
        limit: Option<Duration>,
        mut watches: bool,
        idle: &mut dyn FnMut(bool) -> bool,
    ) -> io::Result<bool> {
        assert!(
            !DRIVING.get(),
            "a waker called by the reactor tried to block on a reactor; wakers must only wake"
        );
        let reactor = self.reactor();
        reactor.check_fork()?;
        loop {
            if !watches && reactor.driving.try_acquire() {
                return self.drive(limit, idle).map(|()| true);
            }
            let awake = self.state.publish_parked() || !idle(false);
            if awake || !reactor.driving.park(&self.state, watches) {
                if self.state.unpublish() || awake {
                    return Ok(false);
                }
                continue; // the role became free
            }
            reactor.observe(Observation::Parks);
            self.state.sleep(limit);
            let listed = reactor.driving.unpark(&self.state);
            reactor.observe(Observation::Unparks { to_drive: !listed });
            if self.state.unpublish() {
                if !listed && reactor.driving.pass_on() {
                    reactor.notify();
                }
                return Ok(false);
            }
            if listed && limit.is_some() {
                return Ok(false);
            }
            watches = false; // sent to drive
        }
    }

    /// Turns the reactor once without waiting, if nobody drives it and there is anything to wait
    /// for; true if it did. For executors that have had no reason to park for a while.
    ///
    /// As after [`park_for`](Parker::park_for), the others of a [`Team`] were not sent to drive;
    /// nor were those who [watch](Parker::watch).
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns.
    pub fn turn(&self) -> io::Result<bool> {
        let reactor = self.reactor();
        reactor.check_fork()?;
        if !reactor.has_work() || DRIVING.get() || !reactor.driving.try_acquire() {
            return Ok(false);
        }
        let _role = Role::new(&self.state, true);
        reactor.turn(true, &mut self.batch.borrow_mut()).map(|()| true)
    }

    /// Sends a parked thread of any team to drive, if nobody does. For a [`Team`] that knows that
    /// its driver will not be back soon.
    pub fn hand_over(&self) {
        if self.reactor().driving.pass_on() {
            self.reactor().notify();
        }
    }

    /// Drives until woken; the role was acquired.
    fn drive(&self, limit: Option<Duration>, idle: &mut dyn FnMut(bool) -> bool) -> io::Result<()> {
        let _role = Role::new(&self.state, false);
        let _published = Published(&self.state);
        let mut batch = self.batch.borrow_mut();
        while !self.state.publish_turning() && idle(true) {
            let woken = self.reactor().turn_then(limit, &mut batch, || self.state.unpublish())?;
            if woken || limit.is_some() {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        self.lend(false);
        if self.state.team != NO_TEAM && self.reactor().check_fork().is_ok() {
            self.hand_over(); // nobody else comes back for the role that it may have left
        }
    }
}

/// Threads that run the same tasks, and therefore need not hand the role of the driver over to each
/// other each time: see the methods of [`Parker`] that speak of it.
///
/// While one thread of a team has left the role to run a task and others are parked, one of those
/// has to [watch](Parker::watch), and to [park](Parker::park_for) instead once nobody was back for
/// the role between two looks; or the thread that left [hands over](Parker::hand_over). Threads
/// outside of the team are sent to drive in any event.
#[derive(Debug)]
pub struct Team(usize);

impl Team {
    /// A team without members.
    pub fn new() -> Team {
        Team(ids::next())
    }
}

impl Default for Team {
    fn default() -> Team {
        Team::new()
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
struct Role<'a> {
    state: &'a ParkState,
    /// Whether it did not wait for events.
    looks: bool,
}

impl<'a> Role<'a> {
    fn new(state: &'a ParkState, looks: bool) -> Role<'a> {
        DRIVING.set(true);
        Role { state, looks }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        DRIVING.set(false);
        let ParkState { reactor, team, .. } = self.state;
        if reactor.driving.leave(*team, self.looks) {
            reactor.notify();
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

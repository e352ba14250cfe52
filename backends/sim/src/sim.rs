//! `Sim`: a simulation, as its program holds it.

use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mini_reactor::{Entered, Handle, Reactor};

use crate::fault::{Faults, Strike};
use crate::network::{self, Host, PipeReader, PipeWriter, Stream};
use crate::reactor::Simulator;
use crate::settings::{Settings, nanoseconds};
use crate::task::Named;
use crate::trace::Trace;
use crate::world::Shared;

/// A simulation: a reactor with a clock of its own, and a network of hosts.
///
/// Cloning it gives another handle to the same one. Everything is decided by the seed in the
/// [`Settings`] and by the program, if the program is one thread and does nothing at random itself:
/// no `RandomState`, no real time, no addresses. Draw with [`random`](Sim::random), and tell the
/// time with [`now`](Sim::now) or [`Handle::current`].
///
/// # Panics
///
/// A turn of the reactor panics, and with it the `block_on` that it is in, when the program has
/// deadlocked (nothing can run, no timer is set, nothing is under way), when the clock passes the
/// [time limit](Settings::time_limit), and when neither clock nor data move for too many
/// [turns](Settings::spin_limit). The message says who waits for what, and since when.
///
/// # Examples
///
/// An hour passes at once:
///
/// ```
/// use mini_async::Timer;
/// use mini_reactor_sim::{Settings, Sim};
/// use std::time::Duration;
///
/// let sim = Sim::new(Settings::new());
/// sim.block_on(async {
///     Timer::after(Duration::from_secs(3600)).await;
/// });
/// assert_eq!(sim.elapsed(), Duration::from_secs(3600));
/// ```
#[derive(Clone)]
pub struct Sim {
    reactor: Arc<Reactor<Simulator>>,
    shared: Arc<Shared>,
}

impl Sim {
    /// Begins a simulation, at virtual zero.
    pub fn new(settings: Settings) -> Sim {
        let shared = Arc::new(Shared::new(settings));
        let simulator = Simulator { shared: Arc::clone(&shared) };
        Sim { reactor: Arc::new(Reactor::new(simulator)), shared }
    }

    /// The reactor, with the backend that is the simulator.
    pub fn reactor(&self) -> &Arc<Reactor<Simulator>> {
        &self.reactor
    }

    /// The reactor, for what is made on one. An executor's own `block_on` is a good way to run a
    /// simulation.
    pub fn handle(&self) -> Handle {
        Handle::from(&self.reactor)
    }

    /// Makes this the current reactor of this thread until the guard is dropped.
    pub fn enter(&self) -> Entered {
        self.handle().enter()
    }

    /// Runs `future`, as the task `main`, on this thread.
    ///
    /// # Panics
    ///
    /// If the future does, or as said for [`Sim`].
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle().block_on(self.named("main", future))
    }

    /// The virtual time, as an instant that [`Timer`s] understand.
    ///
    /// [`Timer`s]: mini_reactor::Deadline
    pub fn now(&self) -> Instant {
        self.reactor.now()
    }

    /// How much virtual time has passed since the begin.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.shared.lock().clock)
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.shared.lock().settings.seed
    }

    /// The host with this name; the first time, a new one.
    pub fn host(&self, name: &str) -> Host {
        Host::named(&self.shared, name)
    }

    /// Two connected streams that belong to no host: no latency, and no resets but by dropping.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_reactor_sim::{Settings, Sim};
    /// use std::io::{ErrorKind, Read, Write};
    ///
    /// let (mut here, mut there) = Sim::new(Settings::new().seed(1)).pair();
    /// here.write_all(b"hello")?;
    /// let mut buffer = [0; 5];
    /// there.read_exact(&mut buffer)?;
    /// assert_eq!(&buffer, b"hello");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn pair(&self) -> (Stream, Stream) {
        network::pair(&self.shared)
    }

    /// A pipe, without latency.
    pub fn pipe(&self) -> (PipeReader, PipeWriter) {
        network::pipe(&self.shared)
    }

    /// Cuts the link between two hosts, in both ways: streams stand still, connects are not
    /// answered, datagrams are lost.
    ///
    /// # Panics
    ///
    /// If a host is of another simulation.
    pub fn partition(&self, one: &Host, other: &Host) {
        let link = one.link_to(other, &self.shared);
        self.shared.with(|world| world.cut(link));
    }

    /// Joins them again: what streams and connects have sent meanwhile arrives.
    ///
    /// # Panics
    ///
    /// If a host is of another simulation.
    pub fn heal(&self, one: &Host, other: &Host) {
        let link = one.link_to(other, &self.shared);
        self.shared.with(|world| world.heal(link));
    }

    /// How long messages between these two hosts take, from now on: `least`, and up to `most` when
    /// [`Jitter`](crate::Fault::Jitter) strikes.
    ///
    /// # Panics
    ///
    /// If a host is of another simulation.
    pub fn set_latency(&self, one: &Host, other: &Host, least: Duration, most: Duration) {
        let link = one.link_to(other, &self.shared);
        let (least, most) = (nanoseconds(least), nanoseconds(most));
        self.shared.with(|world| world.set_latency(link, (least, most.max(least))));
    }

    /// Which faults may strike from now on: none or the mild ones, say, for what a program has to
    /// get done once the weather is good.
    ///
    /// In a run that was [shrunk](crate::explore), what is listed strikes, whatever is said here.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.with(|world| world.chance.set_faults(faults));
    }

    /// Gives a future a name: reports and the trace call it by that.
    ///
    /// It is also polled later than it might be, now and then: see
    /// [`LatePoll`](crate::Fault::LatePoll).
    pub fn named<F: Future>(&self, name: &str, future: F) -> Named<F> {
        Named::new(&self.shared, name, future)
    }

    /// Says that a thread which is not simulated is at work, until the guard is dropped. Meanwhile
    /// the clock stands still, and a turn with nothing to report really waits.
    ///
    /// Keep the guard where the result is awaited. Were it dropped by the thread, the clock could
    /// jump before the result is seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::Timer;
    /// use mini_reactor_sim::{Settings, Sim};
    /// use std::time::Duration;
    ///
    /// let sim = Sim::new(Settings::new());
    /// sim.block_on(async {
    ///     let work = async {
    ///         let _job = sim.job();
    ///         let (sender, result) = async_channel::bounded(1);
    ///         std::thread::spawn(move || sender.send_blocking(6 * 7));
    ///         result.recv().await
    ///     };
    ///     let limit = async {
    ///         Timer::after(Duration::from_millis(1)).await;
    ///         panic!("no time may pass");
    ///     };
    ///     assert_eq!(futures_lite::future::or(work, limit).await, Ok(42));
    /// });
    /// ```
    pub fn job(&self) -> Job {
        self.shared.with(|world| world.jobs += 1);
        Job(Arc::clone(&self.shared))
    }

    /// Draws a number from `range` for the program itself; the same in each run of the seed.
    ///
    /// # Panics
    ///
    /// If the range is empty.
    pub fn random(&self, range: Range<u64>) -> u64 {
        assert!(!range.is_empty(), "there is nothing to draw from {range:?}");
        range.start + self.shared.with(|world| world.chance.own()) % (range.end - range.start)
    }

    /// Writes a line into the trace.
    pub fn note(&self, text: &str) {
        self.shared.with(|world| world.trace.say(world.clock, text));
    }

    /// What happened so far.
    pub fn trace(&self) -> Trace {
        self.shared.lock().trace.clone()
    }

    /// What struck so far; nothing, if the run is not recorded.
    pub fn strikes(&self) -> Vec<Strike> {
        self.shared.lock().chance.struck().to_vec()
    }

    /// Says how many steps the trace has; `None` while that is being changed.
    pub(crate) fn counts_steps(&self) -> impl Fn() -> Option<usize> + 'static {
        let shared = Arc::clone(&self.shared);
        move || Some(shared.try_lock()?.trace.steps() as usize)
    }

    /// Steps, faults, and the sum of the trace.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let world = self.shared.lock();
        (world.trace.steps(), world.chance.count(), world.trace.sum())
    }

    /// The run is over.
    pub(crate) fn end(&self) {
        self.shared.end();
    }
}

/// Simulations are made to be panicked in, and looked at afterwards: none is left half changed.
impl UnwindSafe for Sim {}
impl RefUnwindSafe for Sim {}

impl From<&Sim> for Handle {
    fn from(sim: &Sim) -> Handle {
        sim.handle()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("seed", &self.seed())
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}

/// The guard of [`Sim::job`].
#[derive(Debug)]
#[must_use = "the clock goes on when the guard is dropped"]
pub struct Job(Arc<Shared>);

impl Drop for Job {
    fn drop(&mut self) {
        self.0.with(|world| world.jobs -= 1);
    }
}

//! What the models have around the core: a backend, an object, an executor's queue.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use loom::sync::Notify;
use loom::sync::atomic::AtomicUsize;

use crate::backend::GlobalReactor;
use crate::handle::Handle;
use crate::io_object::{AsIo, BorrowedIo, Direction, Directions};
use crate::parker::{Parker, Unparker};
use crate::reactor::Reactor;
use crate::ready_list::{Event, ReadyList};
use crate::registration::Registration;
use crate::source::Source;
use crate::sync::Mutex;

/// Runs `model` under every interleaving with at most so many preemptions; `LOOM_MAX_PREEMPTIONS`
/// sets another bound.
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(model);
}

/// A timeout that no turn sees the end of.
pub(crate) const FAR: Duration = Duration::from_secs(1 << 20);
pub(crate) const NEAR: Duration = Duration::from_secs(1);

/// As a backend must be: a turn waits until `notify`, which is remembered if it comes between two
/// turns, and reports what was posted by then.
pub(crate) struct World {
    turning: Notify,
    readable: Notify,
    posted: Mutex<Posted>,
    begin: Instant,
    /// Nanoseconds since `begin`. A turn that has a timeout lets it pass.
    passed: AtomicU64,
}

#[derive(Default)]
struct Posted {
    events: Vec<Event>,
    error: Option<io::Error>,
    /// What was registered, and whether it was written to before.
    registered: Option<Arc<Source>>,
    written: bool,
    /// Somebody called `notify`, and no turn has ended since.
    notified: bool,
}

/// A reactor of `backend`, touched once, as `sync::Late` wants.
pub(crate) fn on<R: GlobalReactor + 'static>(backend: R) -> (Arc<Reactor<R>>, Handle) {
    let reactor = Arc::new(Reactor::new(backend));
    drop(reactor.drive_externally());
    assert_eq!(reactor.next_deadline(), None);
    let handle = Handle::from(&reactor);
    (reactor, handle)
}

/// A reactor of a world.
pub(crate) fn world() -> (Arc<Reactor<World>>, Handle) {
    on(World::new())
}

impl World {
    pub(crate) fn new() -> World {
        World {
            turning: Notify::new(),
            readable: Notify::new(),
            posted: Mutex::default(),
            begin: Instant::now(),
            passed: AtomicU64::new(0),
        }
    }

    /// The current turn, or else the next one, reports this.
    pub(crate) fn post(&self, source: &Arc<Source>, ready: Directions) {
        self.posted.hold().events.push(event(source, ready));
        self.notify();
    }

    /// Some turn will report this, but nobody is told.
    pub(crate) fn post_quietly(&self, source: &Arc<Source>, ready: Directions) {
        self.posted.hold().events.push(event(source, ready));
    }

    /// The current turn, or else the next one, fails.
    pub(crate) fn post_error(&self, error: io::Error) {
        self.posted.hold().error = Some(error);
        self.notify();
    }

    /// Something was written to what is or will be registered.
    pub(crate) fn written(&self) {
        let mut posted = self.posted.hold();
        posted.written = true;
        posted.report();
        drop(posted);
        self.notify();
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.passed.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    /// What a foreign loop does with the pollable object. A turn that ends for `notify` makes it
    /// unreadable.
    pub(crate) fn wait_until_readable(&self) {
        while !self.posted.hold().notified {
            self.readable.wait();
        }
    }

    /// The same, if it is told of each `notify` once.
    pub(crate) fn wait_for_an_edge(&self) {
        self.readable.wait();
    }
}

impl Posted {
    fn report(&mut self) {
        if let (Some(source), true) = (&self.registered, self.written) {
            self.events.push(event(source, Directions::READ));
        }
    }
}

impl GlobalReactor for World {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut posted = self.posted.hold();
        posted.registered = Some(Arc::clone(source));
        posted.report();
        drop(posted);
        self.notify();
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        Ok(())
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        match timeout {
            Some(timeout) if timeout < FAR => self.pass(timeout),
            _ => self.turning.wait(),
        }
        let mut posted = self.posted.hold();
        posted.notified = false;
        ready.events().append(&mut posted.events);
        posted.error.take().map_or(Ok(()), Err)
    }
    fn notify(&self) {
        self.posted.hold().notified = true;
        self.turning.notify();
        self.readable.notify();
    }
    fn now(&self) -> Instant {
        self.begin + Duration::from_nanos(self.passed.load(Relaxed))
    }
}

pub(crate) fn event(source: &Arc<Source>, ready: Directions) -> Event {
    Event { source: Arc::clone(source), ready, closed: Directions::NONE, disarmed: false }
}

/// What a driver does with an event.
pub(crate) fn deliver(event: &Event) {
    let mut wakers = Vec::new();
    event.source.apply(event, &mut wakers);
    crate::wake::all(&mut wakers);
}

/// Something to read from. `Relaxed`: what makes a write visible to its reader is the event.
#[derive(Default)]
pub(crate) struct Pipe(AtomicUsize);

/// Added to the number of bytes once there will be no more.
const END: usize = 1 << 10;

impl Pipe {
    pub(crate) fn registered(handle: &Handle) -> Arc<Registration<Pipe>> {
        Arc::new(Registration::new_in(Pipe::default(), handle))
    }
    pub(crate) fn write(&self, bytes: usize) {
        self.0.fetch_add(bytes, Relaxed);
    }
    pub(crate) fn write_the_last(&self, bytes: usize) {
        self.write(bytes + END);
    }
    pub(crate) fn read(&self, room: usize) -> io::Result<usize> {
        let now = self.0.load(Relaxed);
        match (now % END).min(room) {
            0 if now < END => Err(io::ErrorKind::WouldBlock.into()),
            some => {
                self.0.fetch_sub(some, Relaxed);
                Ok(some)
            }
        }
    }
}

impl AsIo for Pipe {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(1)
    }
}

/// Runs a future on this thread and drives nothing: for models of sources alone.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    struct Bell(Notify);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.notify();
        }
    }
    let bell = Arc::new(Bell(Notify::new()));
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        bell.0.wait();
    }
}

/// Waits for `direction` as a `poll_*` caller: the waker has no key.
pub(crate) fn anonymously(
    pipe: &Registration<Pipe>,
    direction: Direction,
) -> impl Future<Output = io::Result<()>> + '_ {
    poll_fn(move |cx| pipe.poll_ready(direction, cx))
}

/// An executor's queue of one job. Who pushes calls `unpark` only if the worker said that it
/// sleeps, so everything rests on the worker's looking once more after that.
#[derive(Default)]
pub(crate) struct Queue(Mutex<(bool, Option<Unparker>)>);

impl Queue {
    pub(crate) fn push(&self) {
        let mut queue = self.0.hold();
        queue.0 = true;
        let sleeper = queue.1.take();
        drop(queue);
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
    }

    fn has_job(&self) -> bool {
        self.0.hold().0
    }

    /// A worker's thread: parks until there is a job.
    pub(crate) fn work(&self, handle: &Handle) -> io::Result<()> {
        self.work_on(&Parker::new(handle))
    }

    pub(crate) fn work_on(&self, parker: &Parker) -> io::Result<()> {
        while !self.has_job() {
            parker.park(|| {
                let mut queue = self.0.hold();
                queue.1 = Some(parker.unparker());
                !queue.0
            })?;
        }
        Ok(())
    }
}

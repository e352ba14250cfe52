//! What a clause works on: a fresh backend with a reactor of its own, and ways to wait on it that
//! have an end.
//!
//! A wait polls its future only when the future's waker was called. So a wake-up that the backend
//! fails to bring about is seen, even where a second look at the object would have helped.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Cx, Poll, Waker};
use std::time::Duration;

use mini_reactor::{
    Deadline, Direction, GlobalReactor, Handle, Reactor, ReadyList, Registration, Source,
};

use super::endpoint::End;
use super::probe::{Probe, Reported};
use crate::clause::Context;
use crate::waking::Count;

/// A backend that was just made, and what belongs to it.
pub(crate) struct Made {
    pub(super) backend: Box<dyn GlobalReactor>,
    pub(super) pair: MakePair,
}

type MakePair = Arc<dyn Fn() -> io::Result<(End, End)> + Send + Sync>;

pub(crate) type Make = Arc<dyn Fn() -> Made + Send + Sync>;

/// What a clause about backends works on.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) context: Context,
    pub(crate) reactor: Handle,
    typed: Arc<Reactor<Probe>>,
    pair: MakePair,
    make: Make,
}

impl Deref for Trial {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.context
    }
}

/// How long a turn lasts where something is expected: the longest delay of a wake-up that came
/// while nobody looked.
const STEP: Duration = Duration::from_millis(1);

/// How long to look for something that must not come.
const QUIET: Duration = Duration::from_millis(2);

impl Trial {
    pub(super) fn new(context: Context, make: &Make) -> Trial {
        let Made { backend, pair } = make();
        let typed = Arc::new(Reactor::new(Probe::new(backend)));
        let reactor = Handle::from(&typed);
        Trial { context, reactor, typed, pair, make: Arc::clone(make) }
    }

    /// Another backend, made in the same way, for the same clause.
    pub(crate) fn another(&self) -> Trial {
        Trial::new(self.context.clone(), &self.make)
    }

    /// Tells whether the reactor, and the backend with it, still exists.
    pub(crate) fn alive(&self) -> impl Fn() -> bool + 'static {
        let reactor = Arc::downgrade(&self.typed);
        move || reactor.strong_count() > 0
    }

    pub(crate) fn probe(&self) -> &Probe {
        self.typed.backend()
    }

    /// The backend itself, past the core.
    pub(crate) fn backend(&self) -> &dyn GlobalReactor {
        self.probe().backend()
    }

    /// Calls the backend's `notify`; for other threads.
    pub(crate) fn notify_from_anywhere(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let typed = Arc::clone(&self.typed);
        move || typed.backend().backend().notify()
    }

    /// Two connected endpoints.
    pub(crate) fn ends(&self) -> (End, End) {
        (self.pair)().expect("a pair of endpoints can be made")
    }

    /// Two connected endpoints, the first of them in the care of the reactor.
    pub(crate) fn pair(&self) -> (Registration<End>, End) {
        let (here, there) = self.ends();
        (self.own(here), there)
    }

    pub(crate) fn own(&self, end: End) -> Registration<End> {
        Registration::new_in(end, &self.reactor)
    }

    /// One turn of the reactor, that does not wait.
    pub(crate) fn turn(&self) {
        self.reactor.poll_once().expect("a turn does not fail");
    }

    /// Turns the reactor until `time` has passed by its clock.
    pub(crate) fn turn_for(&self, time: Duration) {
        let mut deadline = Deadline::after_in(time, &self.reactor);
        self.reactor.block_on(poll_fn(|cx| deadline.poll(cx)));
    }

    /// Looks for a while whether anything comes.
    pub(crate) fn settle(&self) {
        self.turn_for(QUIET);
        self.turn();
        self.turn();
    }

    /// Turns the reactor until `done`.
    pub(crate) fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        self.repeat(what, || {
            let is_done = done();
            if !is_done {
                self.turn_for(STEP);
            }
            is_done
        });
    }

    /// Drives `future` to its end: polls it when it was woken, turns the reactor otherwise.
    pub(crate) fn complete<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let (count, waker) = Count::new();
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Cx::from_waker(&waker)) {
                return output;
            }
            self.until(what, || count.take());
        }
    }

    /// Waits until the object says `WouldBlock` no more in this direction.
    pub(crate) fn ready(&self, what: &str, object: &Registration<End>, direction: Direction) {
        self.complete(what, object.ready(direction)).expect("waiting does not fail");
    }

    /// Reads up to `bytes.len()`, waiting for them if need be.
    pub(crate) fn read(&self, what: &str, object: &Registration<End>, bytes: &mut [u8]) -> usize {
        let reading = object.io(Direction::Read, |end| end.read(bytes));
        self.complete(what, reading).expect("reading does not fail")
    }

    /// Writes until there is no room, and says how much that was.
    pub(crate) fn fill(&self, object: &Registration<End>) -> usize {
        let block = [b'f'; 16_384];
        exhaust(|cx| object.poll_io(Direction::Write, cx, |end| end.write(&block)))
    }

    /// Reads what there is, and says how much that was.
    pub(crate) fn drain(&self, object: &Registration<End>) -> usize {
        let mut block = [0; 16_384];
        exhaust(|cx| object.poll_io(Direction::Read, cx, |end| end.read(&mut block)))
    }

    /// What was reported of the object since that was last asked.
    pub(crate) fn reported(&self, object: &Registration<End>) -> Vec<Reported> {
        self.probe().reported(object.source())
    }

    /// One turn of the backend itself, past the core. What it reports is lost.
    pub(crate) fn bare_turn(&self, timeout: Option<Duration>) -> ReadyList {
        let mut ready = ReadyList::new();
        loop {
            match self.backend().turn(timeout, &mut ready) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => panic!("a turn does not fail: {error}"),
                Ok(()) => return ready,
            }
        }
    }
}

/// Calls `poll_io` until it would wait, or is at the end, and adds up what was moved.
fn exhaust(mut poll_io: impl FnMut(&mut Cx<'_>) -> Poll<io::Result<usize>>) -> usize {
    let mut moved = 0;
    let mut pending = 0; // once may be a pause, for the sake of other tasks
    while pending < 2 {
        match poll_io(&mut Cx::from_waker(Waker::noop())) {
            Poll::Pending => pending += 1,
            Poll::Ready(Ok(0)) => break,
            Poll::Ready(Ok(some)) => (moved, pending) = (moved + some, 0),
            Poll::Ready(Err(error)) => panic!("moving bytes fails: {error}"),
        }
    }
    moved
}

/// Polls a wait as a `poll_*` call; its waker stays with the source until the next event.
pub(crate) fn poll_ready(
    object: &Registration<End>,
    direction: Direction,
    waker: &Waker,
) -> Poll<io::Result<()>> {
    object.poll_ready(direction, &mut Cx::from_waker(waker))
}

/// Starts to wait: there is nothing yet. To read, by an attempt, so that whatever was reported
/// before is used up.
pub(crate) fn begin_to_wait(object: &Registration<End>, direction: Direction, waker: &Waker) {
    let mut cx = Cx::from_waker(waker);
    let poll = match direction {
        Direction::Read => {
            object.poll_io(direction, &mut cx, |end| end.read(&mut [0])).map_ok(drop)
        }
        Direction::Write => object.poll_ready(direction, &mut cx),
    };
    match poll {
        Poll::Pending => {}
        Poll::Ready(Ok(())) => panic!("it is ready to {direction:?} for no reason"),
        Poll::Ready(Err(error)) => panic!("waiting fails: {error}"),
    }
}

/// Has a new object registered, whatever there is to read.
pub(crate) fn register(object: &Registration<End>) {
    let poll = poll_ready(object, Direction::Read, Waker::noop());
    assert!(poll.is_pending(), "nothing can have been reported of it yet");
}

/// Fills the object, and starts to wait for room; says how much was written. There may be room
/// again soon without anybody reading, where a system moves what was written from buffer to buffer.
pub(crate) fn begin_to_wait_for_room(
    trial: &Trial,
    object: &Registration<End>,
    waker: &Waker,
) -> usize {
    let mut written = 0;
    let mut quiet = 0;
    while quiet < 2 {
        let more = trial.fill(object);
        written += more;
        quiet = if more == 0 { quiet + 1 } else { 0 };
        trial.turn_for(STEP);
    }
    begin_to_wait(object, Direction::Write, waker);
    written
}

/// The number of the turn's events that are this source's.
pub(crate) fn events_of(ready: &mut ReadyList, source: &Source) -> usize {
    ready.events().iter().filter(|event| event.source.id() == source.id()).count()
}

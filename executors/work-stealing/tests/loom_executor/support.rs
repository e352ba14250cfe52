//! What the models have around the executor: a reactor whose limits pass, threads, a signal.

use std::future::{Future, poll_fn};
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread::{self, JoinHandle};

use crate::Executor;
use crate::backend::GlobalReactor;
use crate::handle::Handle;
use crate::io_object::{BorrowedIo, Directions};
use crate::reactor::Reactor;
use crate::ready_list::ReadyList;
use crate::source::Source;
use crate::sync;
use crate::world::{World, on};

pub(crate) use crate::world::{check, run as wait_for};

/// The world of the core's models; a turn with a limit lets the others go on meanwhile.
pub(crate) struct Timed(pub(crate) World);

impl GlobalReactor for Timed {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.register(io, source)
    }
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, on: Directions) -> io::Result<()> {
        self.0.rearm(io, source, on)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        if let Some(limit) = timeout.filter(|limit| !limit.is_zero()) {
            sync::sleep(limit);
        }
        self.0.turn(timeout, ready)
    }
    fn notify(&self) {
        self.0.notify();
    }
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }
}

/// An executor and its reactor.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) executor: Arc<Executor<'static>>,
    pub(crate) reactor: Arc<Reactor<Timed>>,
    pub(crate) handle: Handle,
}

impl Rig {
    /// For so many workers. All that they share is touched once, as loom wants.
    pub(crate) fn new(workers: usize) -> Rig {
        let (reactor, handle) = on(Timed(World::new()));
        let executor = Arc::new(Executor { home: OnceLock::new(), tasks: PhantomData });
        let shared = &executor.home().shared;
        let slots = &shared.crew.slots;
        let acquired: Vec<_> = (0..workers).map(|_| slots.acquire()).collect();
        for (number, queues) in acquired {
            slots.get(number).unpark();
            slots.get(number).give_back(queues);
        }
        assert!(shared.is_empty() && !shared.is_mixed());
        assert_eq!(shared.known(|_| ()), []);
        shared.crew.leave(0);
        assert!(shared.crew.all_asleep() && shared.crew.is_claimed(0), "nobody is there");
        Rig { executor, reactor, handle }
    }

    /// Lends this thread until the future is ready.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.executor.drive(&self.handle, future)
    }

    /// Lends another thread, until the signal is set.
    pub(crate) fn lend(&self, stop: &Arc<Signal>) -> JoinHandle<()> {
        let (rig, stop) = (self.clone(), stop.clone());
        thread::spawn(move || rig.block_on(stop.wait()))
    }

    /// Until a lent thread sleeps.
    pub(crate) fn until_asleep(&self) {
        let crew = &self.executor.home().shared.crew;
        while !crew.seen().somebody() {
            thread::yield_now();
            crew.begin(); // a change of the word, to see the last one
            crew.end();
        }
    }

    /// A task that sets a signal.
    pub(crate) fn spawn_setting(&self, signal: &Arc<Signal>) {
        let signal = signal.clone();
        self.executor.make_task(async move { signal.set() }, None).detach();
    }
}

/// What somebody waits for.
pub(crate) struct Signal(Mutex<(bool, Vec<Waker>)>);

impl Signal {
    pub(crate) fn new() -> Arc<Signal> {
        Arc::new(Signal(Mutex::new((false, Vec::new()))))
    }

    pub(crate) fn set(&self) {
        let mut state = self.0.lock().expect("nothing panics under it");
        state.0 = true;
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().expect("nothing panics under it").0
    }

    /// Whether somebody waits.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.0.lock().expect("nothing panics under it").1.is_empty()
    }

    pub(crate) fn wait(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nothing panics under it");
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
    }
}

/// Counts; what it counts is ordered by what the models wait for.
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> Arc<Count> {
        Arc::new(Count(AtomicUsize::new(0)))
    }
    pub(crate) fn one_more(&self) -> usize {
        self.0.fetch_add(1, Relaxed) + 1
    }
    pub(crate) fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

//! What the threads share: a reactor that they replace now and then, and a ringer.

use std::future::poll_fn;
use std::sync::atomic::{
    AtomicBool, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use mini_async::Async;
use mini_reactor::{AsIo, Handle, Reactor, Source, System};

use crate::census::Watched;
use crate::chance::Chance;

pub(crate) static REACTORS: Watched<Reactor<System>> = Watched::new();
pub(crate) static SOURCES: Watched<Source> = Watched::new();

/// Has the source of an object counted at the end.
pub(crate) fn watched<T: AsIo + 'static>(object: Async<T>) -> Async<T> {
    SOURCES.add(Arc::downgrade(object.registration().source()));
    object
}

/// How far a thread is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) scenes: AtomicU64,
    /// The scene that began last; the number of its name.
    pub(crate) last: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct World {
    shared: Mutex<Arc<Reactor<System>>>,
    ringer: Mutex<mpsc::Sender<Arc<Bell>>>,
    pub(crate) progress: Vec<Progress>,
}

impl World {
    /// And the thread that rings the bells, until the world is dropped.
    pub(crate) fn new(threads: usize) -> (World, thread::JoinHandle<()>) {
        let (ringer, bells) = mpsc::channel::<Arc<Bell>>();
        let ringing = thread::spawn(move || bells.into_iter().for_each(|bell| bell.ring()));
        let progress = (0..threads).map(|_| Progress::default()).collect();
        let world = World { shared: Mutex::new(reactor()), ringer: Mutex::new(ringer), progress };
        (world, ringing)
    }

    /// The program's reactor, the shared one, the one that replaces it, or one for this visit only.
    pub(crate) fn reactor(&self, chance: &mut Chance) -> Handle {
        match chance.below(20) {
            0..8 => Handle::from(mini_reactor::global()),
            8..16 => Handle::from(&*self.shared.lock().unwrap_or_else(PoisonError::into_inner)),
            16..17 => {
                let fresh = reactor();
                let handle = Handle::from(&fresh);
                let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
                let old = std::mem::replace(&mut *shared, fresh);
                drop(shared);
                drop(old); // perhaps the last one: the reactor ends here
                handle
            }
            _ => Handle::from(reactor()),
        }
    }

    /// Waits to be woken by another thread, which no reactor knows of.
    pub(crate) async fn hear_the_bell(&self) {
        let bell = Arc::new(Bell::default());
        let sent = self.ringer.lock().unwrap_or_else(PoisonError::into_inner).send(bell.clone());
        sent.expect("the ringer listens while there is a world");
        poll_fn(|cx| bell.poll(cx.waker())).await;
    }
}

pub(crate) fn reactor() -> Arc<Reactor<System>> {
    let reactor = Arc::new(Reactor::new(System::new()));
    REACTORS.add(Arc::downgrade(&reactor));
    reactor
}

#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Release); // pairs with the Acquire of `poll`
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, waker: &Waker) -> Poll<()> {
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
        // Acquire: pairs with the Release of `ring`.
        if self.rung.load(Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Progress {
    pub(crate) fn begin(&self, scene: usize) {
        self.scenes.fetch_add(1, Relaxed);
        self.last.store(u64::try_from(scene).unwrap_or(u64::MAX), Relaxed);
    }
}

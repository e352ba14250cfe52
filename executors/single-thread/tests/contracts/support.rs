//! What the tests wait for and look at.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mini_executor_single_thread::LocalExecutor;

/// A future of which only the output matters.
pub(crate) type LocalBoxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs what can be run without waiting.
pub(crate) fn run_all(executor: &LocalExecutor<'_>) {
    while executor.try_tick() {}
}

/// A flag that tasks of one thread can wait for.
#[derive(Default)]
pub(crate) struct Event {
    set: Cell<bool>,
    waiters: RefCell<Vec<Waker>>,
}

impl Event {
    pub(crate) fn set(&self) {
        self.set.set(true);
        self.waiters.take().into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|cx| {
            if self.set.get() {
                return Poll::Ready(());
            }
            self.waiters.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A flag that one task can wait for and any thread may set.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Mutex<(bool, Option<Waker>)>>);

impl Signal {
    pub(crate) fn set(&self) {
        let waker = {
            let mut state = self.0.lock().expect("nobody panics under it");
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) async fn wait(self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nobody panics under it");
            if state.0 {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Waits until another thread has slept for a moment.
pub(crate) async fn sleep(duration: Duration) {
    let signal = Signal::default();
    let sleeper = signal.clone();
    thread::spawn(move || {
        thread::sleep(duration);
        sleeper.set();
    });
    signal.wait().await;
}

/// A waker that remembers, and passes on to another if it is given one.
#[derive(Default)]
pub(crate) struct Flag {
    woken: AtomicBool,
    next: Mutex<Option<Waker>>,
}

impl Flag {
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::SeqCst)
    }

    pub(crate) fn take(&self) -> bool {
        self.woken.swap(false, Ordering::SeqCst)
    }

    /// Polls with this as the waker.
    pub(crate) fn poll<T>(self: &Arc<Self>, future: Pin<&mut dyn Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let next = self.next.lock().expect("nobody panics under it").clone();
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

/// Joins futures, and polls each of them only if its own waker was called.
pub(crate) struct Apart<'a>(Vec<(LocalBoxed<'a, ()>, Arc<Flag>)>);

impl<'a> Apart<'a> {
    pub(crate) fn new(futures: impl IntoIterator<Item = LocalBoxed<'a, ()>>) -> Self {
        let with_flag = |future| {
            let flag = Arc::new(Flag::default());
            flag.wake_by_ref();
            (future, flag)
        };
        Apart(futures.into_iter().map(with_flag).collect())
    }
}

impl Future for Apart<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.retain_mut(|(future, flag)| {
            *flag.next.lock().expect("nobody panics under it") = Some(cx.waker().clone());
            !flag.take() || flag.poll(future.as_mut()).is_pending()
        });
        if self.0.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

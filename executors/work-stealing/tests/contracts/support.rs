//! What the tests wait for and look at.

use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_executor_work_stealing::Executor;

/// A future of which only the output matters.
pub(crate) type LocalBoxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs what can be run without waiting.
pub(crate) fn run_all(executor: &Executor<'_>) {
    while executor.try_tick() {}
}

/// While this lives, the test has a minute. A thread that nobody wakes cannot be made to panic, so
/// then the process ends, and says which test it was.
pub(crate) struct Watch(#[expect(dead_code, reason = "dropping it ends the watch")] Sender<()>);

pub(crate) fn watch() -> Watch {
    let (over, is_over) = mpsc::channel::<()>();
    let test = thread::current().name().unwrap_or("?").to_owned();
    thread::spawn(move || {
        if is_over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            let line = format!("test {test} ... FAILED: it hangs, so a wake-up was lost\n");
            let _ = io::stderr().write_all(line.as_bytes());
            std::process::abort();
        }
    });
    Watch(over)
}

/// Lets other threads go on until `done`, and panics when half a minute has passed.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "what should come does not");
        thread::yield_now();
    }
}

/// Runs `body` on this thread while `others` more are lent to the executor.
pub(crate) fn with_lent<T>(executor: &Executor<'_>, others: usize, body: impl FnOnce() -> T) -> T {
    with_named("lent", others, executor, body)
}

/// The same; the threads have a name.
pub(crate) fn with_named<T>(
    name: &'static str,
    others: usize,
    executor: &Executor<'_>,
    body: impl FnOnce() -> T,
) -> T {
    let _watch = watch();
    let stop = Signal::default();
    thread::scope(|scope| {
        let _ends = OnDrop(|| stop.set()); // also when the test fails
        for _ in 0..others {
            let (stop, builder) = (stop.clone(), thread::Builder::new().name(name.to_owned()));
            let lent = builder.spawn_scoped(scope, move || executor.block_on(stop.wait()));
            lent.expect("there can be a few threads");
        }
        body()
    })
}

/// A flag that tasks wait for and any thread may set.
#[derive(Clone, Default)]
pub(crate) struct Signal(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Signal {
    pub(crate) fn set(&self) {
        let wakers = {
            let mut state = self.0.lock().expect("nobody panics under it");
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().expect("nobody panics under it").0
    }

    pub(crate) async fn wait(self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().expect("nobody panics under it");
            if state.0 {
                return Poll::Ready(());
            }
            state.1.retain(|waker| !waker.will_wake(cx.waker()));
            state.1.push(cx.waker().clone());
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
        self.woken.load(SeqCst)
    }

    pub(crate) fn take(&self) -> bool {
        self.woken.swap(false, SeqCst)
    }

    /// Polls with this as the waker.
    pub(crate) fn poll<T>(self: &Arc<Self>, future: Pin<&mut dyn Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, SeqCst);
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

/// Calls a closure when dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Counts its own drop.
pub(crate) fn counter(drops: &Arc<AtomicUsize>) -> OnDrop<impl FnMut() + Send + Sync + use<>> {
    let drops = drops.clone();
    OnDrop(move || {
        drops.fetch_add(1, SeqCst);
    })
}

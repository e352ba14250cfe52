//! Wakers that count, wakers that run something, and processes of a test's own.

use std::env;
use std::future::poll_fn;
use std::io::{self, Write};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, Deadline, Direction, Handle, Parker, Reactor, Registration, System, Unparker,
};

/// Counts wake-ups; and, by its reference count, how many wakers of it exist.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        (count, waker)
    }

    pub(crate) fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// How many wakers are kept, if `mine` of them are the test's own.
    pub(crate) fn kept(self: &Arc<Count>, mine: usize) -> usize {
        Arc::strong_count(self) - 1 - mine
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker that runs something.
pub(crate) fn waker(run: impl Fn() + Send + Sync + 'static) -> Waker {
    struct Runs<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Wake for Runs<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }
    Waker::from(Arc::new(Runs(run)))
}

/// Waits for `direction` of `object`, by a `poll_*` call.
pub(crate) fn poll_ready<T: AsIo>(
    object: &Registration<T>,
    direction: Direction,
    waker: &Waker,
) -> Poll<io::Result<()>> {
    object.poll_ready(direction, &mut Context::from_waker(waker))
}

/// A reactor of one's own on the real system.
pub(crate) fn system() -> Handle {
    Handle::from(Arc::new(Reactor::new(System::new())))
}

pub(crate) async fn sleep(reactor: &Handle, duration: Duration) {
    let mut deadline = Deadline::after_in(duration, reactor);
    poll_fn(|cx| deadline.poll(cx)).await;
}

/// A thread that parks once, and what wakes it.
pub(crate) fn one_that_parks<'scope>(
    scope: &'scope Scope<'scope, '_>,
    reactor: &Handle,
) -> (ScopedJoinHandle<'scope, ()>, Unparker) {
    let (reactor, (tx, rx)) = (reactor.clone(), mpsc::channel());
    let thread = scope.spawn(move || {
        let parker = Parker::new(reactor);
        tx.send(parker.unparker()).expect("somebody waits for this");
        parker.park(|| true).expect("no fault was planned");
    });
    (thread, rx.recv().expect("it has begun"))
}

/// While this lives, the test has a minute. A thread that nobody wakes cannot be made to panic, so
/// then the process ends, and says which test it was.
pub(crate) struct Watch(#[expect(dead_code, reason = "dropping it ends the watch")] Sender<()>);

pub(crate) fn watch() -> Watch {
    let (over, is_over) = mpsc::channel::<()>();
    let test = thread::current().name().unwrap_or("?").to_owned();
    thread::spawn(move || {
        if is_over.recv_timeout(2 * PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // Not by `eprintln`: what that says would be kept until the test has ended.
            let line = format!("test {test} ... FAILED: it hangs, so a wake-up was lost\n");
            let _ = io::stderr().write_all(line.as_bytes());
            std::process::abort();
        }
    });
    Watch(over)
}

/// What takes so long does not come. Miri is slow, and has whoever starts it to end it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 3600 } else { 30 });

/// Lets other threads go on until `done`, and panics when that takes longer than half a minute.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "what should come does not");
        thread::yield_now();
    }
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .expect("a panic with words")
}

const CHILD: &str = "MINI_REACTOR_TEST_CHILD";
const BEGUN: &str = "(the test has begun in a process of its own)";

/// Runs `body` in a process of its own: this program again, with nothing but the test `name`, which
/// has to call this with the same arguments. `None`: this is that process, and `body` has run.
pub(crate) fn in_a_process(name: &str, body: impl FnOnce()) -> Option<Output> {
    if env::var_os(CHILD).is_some() {
        println!("{BEGUN}");
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(60));
            eprintln!("a minute has passed; giving up");
            std::process::abort();
        });
        body();
        return None;
    }
    let program = env::current_exe().expect("a test has a program");
    let output = Command::new(program)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("this program runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(BEGUN), "there is no test `{name}`:\n{told}");
    Some(output)
}

/// As `in_a_process`, for what has to succeed.
pub(crate) fn succeeds_in_a_process(name: &str, body: impl FnOnce()) {
    if let Some(output) = in_a_process(name, body) {
        assert!(
            output.status.success(),
            "{}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

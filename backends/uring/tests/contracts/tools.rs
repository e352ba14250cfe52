//! Pairs of sockets, wakers that count, and a limit of time.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{AsIo, Direction, GlobalReactor, Handle, Reactor, Registration};

/// Counts wake-ups.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

pub(crate) fn on(backend: impl GlobalReactor + 'static) -> Handle {
    Handle::from(Arc::new(Reactor::new(backend)))
}

/// One end, and the other in the care of `reactor`.
pub(crate) fn pair(reactor: &Handle) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    (here, Registration::new_in(there, reactor))
}

/// Begins to wait until there is something to read, or finds that there is.
pub(crate) fn poll_read<T: AsIo>(object: &Registration<T>, waker: &Waker) -> Poll<io::Result<()>>
where
    for<'a> &'a T: Read,
{
    let read = |mut io: &T| match io.read(&mut [0; 64]) {
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    object.poll_io(Direction::Read, &mut Context::from_waker(waker), read)
}

/// Begins to wait for what is not there yet.
pub(crate) fn begin_to_wait<T: AsIo>(object: &Registration<T>, waker: &Waker)
where
    for<'a> &'a T: Read,
{
    assert!(poll_read(object, waker).is_pending(), "there was something already");
}

pub(crate) fn say(mut to: &UnixStream) {
    to.write_all(b"x").unwrap();
}

/// Whether the other end is closed, as it is seen now.
pub(crate) fn is_closed(here: &UnixStream) -> bool {
    here.set_nonblocking(true).unwrap();
    match (&*here).read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => is_closed(here),
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(_) => true,
    }
}

/// Lets other threads go on until `done`.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "what should come does not");
        thread::yield_now();
    }
}

/// While this lives, the test has a minute: what hangs ends the process.
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

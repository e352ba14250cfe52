//! The life of a reactor, step by step: together the steps pass every call site of the default
//! backend. A step that fails is repeated on fresh objects, as a program would, and has to succeed
//! then, since the fault is gone.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use mini_reactor::{
    AsIo, Deadline, Direction, Handle, Parker, Reactor, Registration, Source, System,
};

use crate::calls::Call;
use crate::faults::{Faults, last_panic};

/// How a step may fail.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The waiter got this.
    Error(io::Error),
    /// `block_on` panicked and said this.
    Panic(String),
}

type Step = fn(&Life) -> io::Result<()>;

/// A reactor, and the sources that it was given.
pub(crate) struct Life {
    reactor: Handle,
    faults: Arc<Faults>,
    sources: RefCell<Vec<Weak<Source>>>,
}

const STEPS: [(&str, Step); 7] = [
    ("a read that waits", Life::read_that_waits),
    ("both directions at once", Life::both_directions),
    ("a descriptor that is always ready", Life::regular_file),
    ("an event that nobody used up", Life::unused_event),
    ("a timer", Life::timer),
    ("a wake while the reactor turns", Life::wake_while_turning),
    ("a turn from somebody else's loop", Life::poll_once),
];

/// Runs every step, and returns what failed, by the name of the step.
///
/// # Panics
///
/// If a step fails twice, or a source outlives its registration.
pub(crate) fn live(faults: &Arc<Faults>) -> Vec<(&'static str, Failure)> {
    let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
    let life = Life { reactor, faults: Arc::clone(faults), sources: RefCell::default() };
    let mut failures = Vec::new();
    for (name, step) in STEPS {
        let attempt = || match catch_unwind(AssertUnwindSafe(|| step(&life))) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::Error(error)),
            Err(_) => Some(Failure::Panic(last_panic())),
        };
        if let Some(failure) = attempt() {
            failures.push((name, failure));
            assert!(attempt().is_none(), "{name} fails again, without a fault: {failures:?}");
        }
        for source in life.sources.take() {
            assert_eq!(source.strong_count(), 0, "{name}: a source outlives its registration");
        }
    }
    failures
}

impl Life {
    fn register<T: AsIo + 'static>(&self, io: T) -> Registration<T> {
        let registration = Registration::new_in(io, &self.reactor);
        self.sources.borrow_mut().push(Arc::downgrade(registration.source()));
        registration
    }

    fn pair(&self) -> (UnixStream, Registration<UnixStream>) {
        let (here, there) = UnixStream::pair().expect("a pair of sockets");
        there.set_nonblocking(true).expect("an open socket");
        (here, self.register(there))
    }

    fn sleep(&self, duration: Duration) -> io::Result<()> {
        let mut deadline = Deadline::after_in(duration, &self.reactor);
        self.reactor.block_on(poll_fn(|cx| deadline.poll(cx)));
        assert!(self.reactor.now() >= deadline.at().expect("a short sleep"), "early");
        Ok(())
    }

    fn read_that_waits(&self) -> io::Result<()> {
        let (mut here, there) = self.pair();
        self.reactor.block_on(async {
            let mut buffer = [0; 8];
            let mut read = pin!(there.io(Direction::Read, |mut io| io.read(&mut buffer)));
            // The first poll finds nothing and registers; then there is something.
            poll_fn(|cx| match read.as_mut().poll(cx) {
                Poll::Pending => Poll::Ready(Ok(())),
                Poll::Ready(result) => Poll::Ready(result.map(drop)),
            })
            .await?;
            here.write_all(b"x")?;
            assert_eq!(read.await?, 1);
            there.ready(Direction::Write).await
        })?;
        there.into_inner().map(drop)
    }

    fn both_directions(&self) -> io::Result<()> {
        let (mut here, there) = self.pair();
        while (&mut there.get_ref()).write(&[0; 4096]).is_ok() {}
        let mut read = pin!(there.ready(Direction::Read));
        let mut write = pin!(there.io(Direction::Write, |mut io| io.write(b"y")));
        let mut cx = Context::from_waker(Waker::noop());
        pending(read.as_mut().poll(&mut cx))?;
        // The second direction joins the first one, so a one-shot system is asked for the union.
        pending(write.as_mut().poll(&mut cx))?;
        here.set_nonblocking(true)?;
        while here.read(&mut [0; 4096]).is_ok() {}
        here.write_all(b"x")?;
        self.reactor.block_on(async {
            read.await?;
            assert_eq!(write.await?, 1);
            Ok(())
        })
    }

    fn regular_file(&self) -> io::Result<()> {
        let file = self.register(std::fs::File::open(std::env::current_exe()?)?);
        // Without an attempt that claims to block it would never be registered.
        let blocks = |_: &_| Err(ErrorKind::WouldBlock.into());
        let waited: io::Result<()> = self.reactor.block_on(file.io(Direction::Read, blocks));
        let result = waited.expect_err("it claimed to block");
        // Once the system has said that it cannot watch it, it has no more say.
        if result.kind() != ErrorKind::Unsupported || result.raw_os_error().is_some() {
            return Err(result);
        }
        Ok(())
    }

    fn unused_event(&self) -> io::Result<()> {
        let (mut here, there) = self.pair();
        let mut cx = Context::from_waker(Waker::noop());
        pending(there.poll_ready(Direction::Read, &mut cx))?;
        here.write_all(b"x")?;
        self.reactor.block_on(there.ready(Direction::Read))?;
        // Read past the registration: now only the object itself can tell.
        assert_eq!((&mut there.get_ref()).read(&mut [0; 8])?, 1);
        match there.poll_ready(Direction::Read, &mut cx) {
            Poll::Ready(result) => result, // it could not be asked
            Poll::Pending => Ok(()),
        }
    }

    fn timer(&self) -> io::Result<()> {
        self.sleep(Duration::from_micros(300))
    }

    /// A wake that comes when this thread has published that it turns, and before it does. One that
    /// the system refused to pass on is lost, and a timer ends that turn; the next has to arrive.
    fn wake_while_turning(&self) -> io::Result<()> {
        let parker = Parker::new(&self.reactor);
        loop {
            let may_be_lost = self.faults.is_planned(Call::Write);
            let mut rescue = Deadline::after_in(Duration::from_millis(20), &self.reactor);
            if may_be_lost {
                let _ = rescue.poll(&mut Context::from_waker(parker.waker()));
            }
            let mut woken = false;
            while !woken {
                parker.park(|| {
                    if !std::mem::replace(&mut woken, true) {
                        parker.unparker().unpark();
                    }
                    true
                })?;
            }
            if !may_be_lost {
                return Ok(());
            }
        }
    }

    /// What is reported in one turn, whoever turns.
    fn poll_once(&self) -> io::Result<()> {
        let (mut here, there) = self.pair();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        pending(there.poll_ready(Direction::Read, &mut Context::from_waker(&waker)))?;
        here.write_all(b"x")?;
        while count.0.load(Relaxed) == 0 {
            self.reactor.poll_once()?; // again, if a signal came in between
        }
        Ok(())
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Count(pub(crate) AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A wait that was to begin: an error, if it could not. An object that is always ready, as far as
/// the system says, never waits.
pub(crate) fn pending<T>(poll: Poll<io::Result<T>>) -> io::Result<()> {
    match poll {
        Poll::Pending => Ok(()),
        Poll::Ready(Ok(_)) => Err(ErrorKind::Unsupported.into()),
        Poll::Ready(Err(error)) => Err(error),
    }
}

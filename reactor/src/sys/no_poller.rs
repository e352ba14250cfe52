//! Systems with nothing to wait in (WebAssembly): `System` refuses with `Unsupported`.
//!
//! Everything else of this crate is there: a program brings its own backend, on whatever its host
//! has, and gets timers, sources and driving. Deliberately absent: a reactor of timers only. On
//! these systems it could neither block a thread nor be notified by another.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use crate::io_object::{BorrowedIo, Directions};
use crate::ready_list::ReadyList;
use crate::source::Source;

/// There is none.
#[derive(Debug)]
pub(crate) enum Poller {}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        Err(io::Error::new(
            ErrorKind::Unsupported,
            "this target has no system call to wait with; give the program a backend of its own, \
             with `set_global`",
        ))
    }

    pub(crate) fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn rearm(
        &self,
        _: BorrowedIo<'_>,
        _: &Arc<Source>,
        _: Directions,
    ) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn notify(&self) {
        match *self {}
    }

    pub(crate) fn pollable(&self) -> Option<BorrowedIo<'_>> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::{Context, Wake, Waker};
    use std::time::Instant;

    use super::*;
    use crate::{Deadline, GlobalReactor, Handle, Reactor, System};

    #[test]
    fn the_default_backend_says_that_it_is_unsupported() {
        let reactor = Reactor::new(System::new());
        assert_eq!(reactor.poll_once().unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn what_need_not_wait_is_run() {
        assert_eq!(crate::block_on(async { 6 * 7 }), 42);
    }

    /// Time passes, and nothing else ever happens.
    struct Clock;

    impl GlobalReactor for Clock {
        fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Err(ErrorKind::Unsupported.into())
        }
        fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
            Ok(())
        }
        fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Ok(())
        }
        fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
            Ok(())
        }
        fn notify(&self) {}
        fn now(&self) -> Instant {
            Instant::now()
        }
    }

    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn timers_work_on_a_backend_of_the_program_that_its_host_drives() {
        let reactor = Arc::new(Reactor::new(Clock));
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let mut deadline = Deadline::after_in(Duration::from_millis(1), Handle::from(&reactor));
        assert!(deadline.poll(&mut cx).is_pending());
        while woken.0.load(Relaxed) == 0 {
            reactor.poll_once().unwrap();
        }
        assert!(deadline.poll(&mut cx).is_ready());
    }
}

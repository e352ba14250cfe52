//! A task's future, with what the executor does wrong wrapped around it.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

use mini_reactor_conformance::executor::Work;

use super::Fault;

/// What the tasks of an executor share.
pub(super) struct Books {
    fault: Fault,
    owner: ThreadId,
    spawned: AtomicUsize,
    /// How many `run`s are under way.
    running: AtomicUsize,
    pub(super) closing: AtomicBool,
    /// Futures that are over and not dropped yet.
    graves: Mutex<Vec<Work>>,
}

/// While this lives, a `run` is under way.
pub(super) struct Running<'a>(&'a Books);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

impl Books {
    pub(super) fn new(fault: Fault) -> Books {
        let owner = thread::current().id();
        let (spawned, running) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (closing, graves) = (AtomicBool::new(false), Mutex::default());
        Books { fault, owner, spawned, running, closing, graves }
    }

    pub(super) fn runs(&self) -> Running<'_> {
        self.running.fetch_add(1, SeqCst);
        Running(self)
    }

    pub(super) fn bury(&self) {
        let graves = std::mem::take(&mut *self.graves.lock().unwrap());
        drop(graves);
    }
}

pub(super) struct Faulted {
    inner: Option<Work>,
    books: Arc<Books>,
    number: usize,
    polls: usize,
    between: Arc<Between>,
}

/// The waker that the task gets.
struct Between {
    books: Arc<Books>,
    next: Mutex<Waker>,
    polling: AtomicBool,
    /// Wakes during the current poll, and from other threads since the last one.
    during: AtomicUsize,
    foreign: AtomicUsize,
}

impl Wake for Between {
    fn wake(self: Arc<Self>) {
        let is_foreign = thread::current().id() != self.books.owner;
        if is_foreign {
            self.foreign.fetch_add(1, SeqCst);
        }
        let polling = self.polling.load(SeqCst) && !is_foreign;
        if polling {
            self.during.fetch_add(1, SeqCst);
        }
        match self.books.fault {
            Fault::LosesASecondWake if polling => return, // see `poll`
            Fault::LosesAForeignWake if is_foreign && self.books.running.load(SeqCst) == 0 => {
                return;
            }
            _ => {}
        }
        let next = self.next.lock().unwrap().clone();
        next.wake();
    }
}

impl Faulted {
    pub(super) fn new(future: Work, books: &Arc<Books>) -> Faulted {
        let between = Between {
            books: Arc::clone(books),
            next: Mutex::new(Waker::noop().clone()),
            polling: AtomicBool::new(false),
            during: AtomicUsize::new(0),
            foreign: AtomicUsize::new(0),
        };
        let number = books.spawned.fetch_add(1, SeqCst);
        let (books, between) = (Arc::clone(books), Arc::new(between));
        Faulted { inner: Some(future), books, number, polls: 0, between }
    }

    fn poll_once(&mut self, waker: &Waker) -> Poll<u64> {
        let inner = self.inner.as_mut().expect("it is not over").as_mut();
        let poll = AssertUnwindSafe(|| inner.poll(&mut Context::from_waker(waker)));
        match self.books.fault {
            Fault::SwallowsAPanic => catch_unwind(poll).unwrap_or(Poll::Ready(0)),
            _ => poll(),
        }
    }
}

impl Future for Faulted {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let this = self.get_mut();
        this.between.next.lock().unwrap().clone_from(cx.waker());
        let waker = Waker::from(Arc::clone(&this.between));
        let foreign = this.between.foreign.swap(0, SeqCst);
        let times = match this.books.fault {
            Fault::PollsOncePerWake => foreign.max(1),
            Fault::FavoursATask if this.number == 2 => 50,
            _ => 1,
        };
        for _ in 0..times {
            this.polls += 1;
            this.between.during.store(0, SeqCst);
            this.between.polling.store(true, SeqCst);
            let poll = this.poll_once(&waker);
            this.between.polling.store(false, SeqCst);
            if poll.is_ready() {
                let over = this.inner.take();
                if this.books.fault == Fault::DropsLate {
                    this.books.graves.lock().unwrap().extend(over);
                }
                return poll;
            }
            let woke_itself = this.between.during.load(SeqCst) > 0;
            if this.books.fault == Fault::FavoursATask && !woke_itself {
                break;
            }
        }
        if this.books.fault == Fault::LosesASecondWake && this.between.during.load(SeqCst) == 1 {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Faulted {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        let is_closing = self.books.closing.load(SeqCst);
        match self.books.fault {
            Fault::PollsAfterACancel if self.polls > 0 => {
                let _ = inner.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            Fault::ForgetsWhatWasNeverPolled if self.polls == 0 && is_closing => {
                let _forgotten = ManuallyDrop::new(inner);
            }
            _ => {}
        }
    }
}

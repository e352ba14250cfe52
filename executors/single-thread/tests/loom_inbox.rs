//! The inbox under every interleaving that loom can tell apart: no message and no wake-up is lost,
//! whichever of several runners on the thread is woken, and a closed inbox gives every message
//! back.

#[path = "../src/inbox.rs"]
#[expect(dead_code, reason = "each model uses a part")]
mod inbox;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, Wake, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use inbox::Inbox;
use sync::{AtomicBool, Ordering};

/// A runner that counts the messages it has seen, in place of running them.
struct Runner<'i> {
    inbox: &'i Inbox<usize>,
    key: Option<u64>,
}

impl<'i> Runner<'i> {
    fn new(inbox: &'i Inbox<usize>) -> Self {
        Runner { inbox, key: None }
    }

    /// What `LocalExecutor::run` does when it is polled, up to where it would return `Pending`.
    fn poll(&mut self, cx: &mut Context<'_>, queue: &mut VecDeque<usize>) {
        loop {
            if self.inbox.has_mail() {
                self.inbox.collect(queue);
            }
            if self.inbox.sleep(&mut self.key, cx.waker()) {
                return;
            }
        }
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.inbox.leave(key);
        }
    }
}

#[test]
fn a_runner_sees_every_message() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3); // without a bound it takes hours
    model.check(|| {
        let inbox = Arc::new(Inbox::default());
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let inbox = inbox.clone();
                thread::spawn(move || inbox.push(n).unwrap())
            })
            .collect();
        let mut queue = VecDeque::new();
        let mut runner = Runner::new(&inbox);
        block_on(poll_fn(|cx| {
            runner.poll(cx, &mut queue);
            if queue.len() == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
        drop(runner);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// A waker that remembers that it was called, and wakes the thread.
struct Flag {
    woken: std::sync::atomic::AtomicBool,
    thread: Waker,
}

impl Flag {
    fn new(thread: &Waker) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Flag { woken: false.into(), thread: thread.clone() })
    }

    fn take(&self) -> bool {
        self.woken.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: std::sync::Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.wake_by_ref();
    }
}

#[test]
fn a_runner_dropped_when_it_is_woken_passes_the_message_on() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let pusher = thread::spawn({
            let inbox = inbox.clone();
            move || inbox.push(1).unwrap()
        });
        let mut queue = VecDeque::new();
        let mut older = (Runner::new(&inbox), None);
        let mut newer = Some((Runner::new(&inbox), None));
        block_on(poll_fn(|cx| {
            let (runner, flag) = &mut older;
            if flag.as_ref().is_none_or(|flag: &std::sync::Arc<Flag>| flag.take()) {
                let flag = flag.get_or_insert_with(|| Flag::new(cx.waker())).clone();
                runner.poll(&mut Context::from_waker(&Waker::from(flag)), &mut queue);
            }
            match &mut newer {
                Some((runner, flag @ None)) => {
                    let flag = flag.insert(Flag::new(cx.waker())).clone();
                    runner.poll(&mut Context::from_waker(&Waker::from(flag)), &mut queue);
                }
                Some((_, Some(flag))) if flag.take() => newer = None, // dropped, not polled
                _ => {}
            }
            if queue.is_empty() { Poll::Pending } else { Poll::Ready(()) }
        }));
        drop((older, newer));
        pusher.join().unwrap();
    });
}

#[test]
fn a_closed_inbox_gives_every_message_back() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let inbox = inbox.clone();
                thread::spawn(move || usize::from(inbox.push(n).is_err()))
            })
            .collect();
        let mut queue = VecDeque::new();
        if inbox.has_mail() {
            inbox.collect(&mut queue);
        }
        queue.append(&mut inbox.close());
        let refused: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(queue.len() + refused, 2);
        assert!(!inbox.has_mail());
        assert!(inbox.close().is_empty());
    });
}

/// The executor's destructor, for one task that two other threads are waking.
#[test]
fn a_task_is_dropped_by_its_executor_or_leaked_by_its_waker() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let scheduled = Arc::new(AtomicBool::new(false));
        // What waking a task does: only the first to mark it as scheduled has a runnable.
        let wake = |scheduled: &AtomicBool| !scheduled.swap(true, Ordering::AcqRel);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (inbox, scheduled) = (inbox.clone(), scheduled.clone());
                thread::spawn(move || usize::from(wake(&scheduled) && inbox.push(0).is_err()))
            })
            .collect();
        let mut queue = VecDeque::new();
        if wake(&scheduled) {
            queue.push_back(0);
        }
        for _ in 0..2 {
            if inbox.has_mail() {
                inbox.collect(&mut queue);
            }
            thread::yield_now();
        }
        queue.append(&mut inbox.close());
        let leaked: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(queue.len() + leaked, 1);
    });
}

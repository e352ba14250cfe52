//! `LocalExecutor` with something wrong about it, and which clause each fails.

mod abroad;
mod task;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use mini_executor_single_thread::LocalExecutor;
use mini_reactor::{Handle, Parker, Reactor, System, Unparker};
use mini_reactor_conformance::executor::{Executes, LocalWork, Suite, Task, Work};

use self::abroad::Abroad;
use self::task::{Books, Faulted};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    PollsAfterACancel,
    DropsOnAForeignThread,
    LosesAForeignWake,
    SwallowsAPanic,
    FavoursATask,
    IsEmptyWhenAllWait,
    TicksTwice,
    ForgetsWhatWasNeverPolled,
    DropsLate,
    LosesASecondWake,
    PollsOncePerWake,
    StarvesTheReactor,
    SpawnsInReverse,
    IsPoisonedByAPanic,
}

struct Faulty {
    inner: LocalExecutor<'static>,
    fault: Fault,
    books: Arc<Books>,
    poisoned: Cell<bool>,
    /// Whether nothing was ready at the last look.
    idle: Cell<bool>,
}

impl Faulty {
    fn new(fault: Fault) -> Faulty {
        let books = Arc::new(Books::new(fault));
        let (poisoned, idle) = (Cell::new(false), Cell::new(false));
        Faulty { inner: LocalExecutor::new(), fault, books, poisoned, idle }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.books.closing.store(true, SeqCst);
    }
}

impl Executes for Faulty {
    fn spawn(&self, future: Work) -> Task<u64> {
        self.idle.set(false);
        self.inner.spawn(Faulted::new(future, &self.books))
    }

    fn spawn_many(&self, mut futures: Vec<Work>) -> Vec<Task<u64>> {
        if self.fault == Fault::SpawnsInReverse {
            futures.reverse();
        }
        futures.into_iter().map(|future| self.spawn(future)).collect()
    }

    fn is_empty(&self) -> bool {
        let waits = self.fault == Fault::IsEmptyWhenAllWait && self.idle.get();
        waits || self.inner.is_empty()
    }

    fn try_tick(&self) -> bool {
        self.books.bury();
        let ticked = !self.poisoned.get() && self.inner.try_tick();
        self.idle.set(!ticked);
        ticked
    }

    fn tick(&self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async {
            self.books.bury();
            self.inner.tick().await;
            if self.fault == Fault::TicksTwice {
                self.inner.try_tick();
            }
        })
    }

    fn run<'a>(&'a self, mut future: LocalWork<'a>) -> LocalWork<'a> {
        let guarded = poll_fn(move |cx| {
            let poll = AssertUnwindSafe(|| future.as_mut().poll(cx));
            catch_unwind(poll).unwrap_or_else(|payload| {
                self.poisoned.set(self.fault == Fault::IsPoisonedByAPanic);
                resume_unwind(payload)
            })
        });
        Box::pin(async move {
            assert!(!self.poisoned.get(), "the executor is poisoned");
            self.books.bury();
            let _running = self.books.runs();
            self.inner.run(guarded).await
        })
    }

    fn spawn_local(&self, future: LocalWork<'static>) -> Task<u64> {
        match self.fault {
            Fault::DropsOnAForeignThread => self.inner.spawn(Abroad::new(future)),
            _ => self.inner.spawn(future),
        }
    }

    fn block_on(&self, future: LocalWork<'_>) -> u64 {
        let _running = self.books.runs();
        match self.fault {
            Fault::StarvesTheReactor => starve(self.inner.run(future)),
            _ => self.inner.block_on(future),
        }
    }
}

/// Looks at the reactor only when there is nothing else to do.
fn starve(future: impl Future<Output = u64>) -> u64 {
    struct Woken(AtomicBool, Unparker);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
            self.1.unpark();
        }
    }
    // One of its own: the program's is driven by other tests too.
    let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
    let _entered = reactor.enter();
    let parker = Parker::new(&reactor);
    let woken = Arc::new(Woken(AtomicBool::new(true), parker.unparker()));
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(future);
    loop {
        while woken.0.swap(false, SeqCst) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        parker.park(|| !woken.0.load(SeqCst)).unwrap();
    }
}

fn suite(fault: Fault, test: &str) -> Suite {
    let claims = ["local", "drives", "drains", "drop_panics"];
    Suite::new(move || Faulty::new(fault), &claims, module_path!())
        .from_test(test)
        .with_patience(crate::PATIENCE)
        .with_effort(30)
}

#[test]
fn an_executor_without_a_fault_passes() {
    let test = "executors::an_executor_without_a_fault_passes";
    assert_eq!(suite(Fault::None, test).failures(&[]), []);
}

macro_rules! faults {
    ($($name:ident: $fault:ident fails $clause:ident;)*) => {$(
        #[test]
        fn $name() {
            let suite = suite(Fault::$fault, concat!("executors::", stringify!($name)));
            crate::fails_only(stringify!($clause), |expected| suite.failures(expected));
        }
    )*};
}

faults! {
    one_that_polls_after_a_cancel: PollsAfterACancel fails a_dropped_task_is_never_polled_again;
    one_that_drops_on_a_foreign_thread:
        DropsOnAForeignThread fails a_future_never_leaves_its_thread;
    one_that_loses_a_foreign_wake: LosesAForeignWake fails a_wake_while_nobody_runs_is_kept;
    one_that_swallows_a_panic:
        SwallowsAPanic fails a_panic_resurfaces_where_the_task_is_awaited;
    one_that_favours_a_task: FavoursATask fails tasks_that_yield_get_like_shares;
    one_that_is_empty_when_all_wait:
        IsEmptyWhenAllWait fails an_executor_whose_tasks_wait_is_not_empty;
    one_that_ticks_twice: TicksTwice fails a_tick_polls_one_task;
    one_that_forgets_what_was_never_polled:
        ForgetsWhatWasNeverPolled fails dropping_the_executor_drops_its_tasks;
    one_that_drops_late: DropsLate fails a_future_is_dropped_before_its_output_is_seen;
    one_that_loses_a_second_wake: LosesASecondWake fails a_wake_during_a_poll_leads_to_another;
    one_that_polls_once_per_wake: PollsOncePerWake fails wakes_before_a_poll_are_one;
    one_that_starves_the_reactor: StarvesTheReactor fails busy_tasks_do_not_starve_the_reactor;
    one_that_spawns_in_reverse: SpawnsInReverse fails spawn_many_spawns_each;
    one_that_is_poisoned_by_a_panic:
        IsPoisonedByAPanic fails a_panic_of_the_future_of_run_leaves_the_executor_whole;
}

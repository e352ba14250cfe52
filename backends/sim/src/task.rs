//! Named tasks: whom a deadlock report, and the trace, can speak of.
//!
//! A backend sees neither tasks nor wakers, so the simulator cannot know by itself who waits. But
//! it is asked for every read and write, and a named future tells it whose poll that was. What is
//! not named is reported as "a task without a name".

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::fault::Fault;
use crate::report::{Verdict, fail};
use crate::trace::What;
use crate::world::{Shared, World};

thread_local! {
    /// The simulation and the task that this thread polls now; zeros if there is none.
    static CURRENT: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// No task, or one without a name.
pub(crate) const UNNAMED: u32 = 0;

/// The named tasks of a simulation that have not ended, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) live: BTreeMap<u32, Task>,
    count: u32,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: Arc<str>,
    /// When it was polled last.
    pub(crate) polled: u64,
}

/// Future of [`Sim::named`](crate::Sim::named).
#[must_use = "futures do nothing unless they are polled"]
pub struct Named<F> {
    shared: Arc<Shared>,
    name: Arc<str>,
    /// From the first poll to the end.
    task: Option<u32>,
    future: Pin<Box<F>>,
}

impl<F: Future> Named<F> {
    pub(crate) fn new(shared: &Arc<Shared>, name: &str, future: F) -> Named<F> {
        let (shared, name) = (Arc::clone(shared), name.into());
        Named { shared, name, task: None, future: Box::pin(future) }
    }
}

impl<F> Named<F> {
    fn end(&mut self, how: &'static str) {
        let Some(task) = self.task.take() else { return };
        self.shared.with(|world| {
            world.tasks.live.remove(&task);
            world.log(What::Task { task, what: how });
        });
    }
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let (id, task, late) = {
            let mut world = this.shared.lock();
            let task = *this.task.get_or_insert_with(|| world.begin_task(&this.name));
            if world.spins() {
                fail(world, Verdict::Spins);
            }
            (world.id, task, world.begin_poll(task))
        };
        if late {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = {
            let _current = Current(CURRENT.replace((id, task)));
            this.future.as_mut().poll(cx)
        };
        if polled.is_ready() {
            this.end("has ended");
        }
        polled
    }
}

impl<F> Drop for Named<F> {
    fn drop(&mut self) {
        self.end("is dropped");
    }
}

impl<F> fmt::Debug for Named<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("name", &self.name).finish_non_exhaustive()
    }
}

/// While a named task is polled; has the one before it, which may be around it.
struct Current((u32, u32));

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

impl World {
    /// The task that this thread polls, if it is one of this simulation.
    pub(crate) fn current_task(&self) -> u32 {
        match CURRENT.get() {
            (id, task) if id == self.id => task,
            _ => UNNAMED,
        }
    }

    fn begin_task(&mut self, name: &Arc<str>) -> u32 {
        self.tasks.count += 1;
        let task = self.tasks.count;
        self.trace.name_task(name);
        self.tasks.live.insert(task, Task { name: Arc::clone(name), polled: self.clock });
        task
    }

    /// True if the poll is put off.
    fn begin_poll(&mut self, task: u32) -> bool {
        let clock = self.clock;
        if let Some(task) = self.tasks.live.get_mut(&task) {
            task.polled = clock;
        }
        let late = self.strikes(Fault::LatePoll, task).is_some();
        self.log(What::Task { task, what: if late { "is put off" } else { "is polled" } });
        late
    }
}

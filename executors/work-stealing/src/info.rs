//! Names of tasks, and the list of what waits.
//!
//! It costs nothing where it is not used: tasks that wait are in the books anyway, and there, what
//! is known of them for nothing is the type of their future, which says which `async fn` or block
//! it is. A task that was given a name knows more.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What a task knows that was given a name.
#[derive(Debug)]
pub(crate) struct Label {
    name: Cow<'static, str>,
    spawned_at: &'static Location<'static>,
    polls: AtomicU64,
    polled: AtomicBool,
}

impl Label {
    pub(crate) fn new(
        name: Cow<'static, str>,
        spawned_at: &'static Location<'static>,
    ) -> Arc<Label> {
        let (polls, polled) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Label { name, spawned_at, polls, polled })
    }

    /// Marks the task as being polled while the guard lives.
    pub(crate) fn poll(&self) -> impl Drop {
        struct Polled<'a>(&'a AtomicBool);
        impl Drop for Polled<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.polled.store(true, Ordering::Relaxed);
        Polled(&self.polled)
    }
}

/// What is known of a task: see [`Executor::for_each_task`](crate::Executor::for_each_task).
///
/// Its `Display` form is a line that says all of it.
#[derive(Clone, Debug)]
pub struct TaskInfo {
    pub(crate) future: &'static str,
    pub(crate) label: Option<Arc<Label>>,
}

impl TaskInfo {
    /// The name that the task was given, by [`spawn_named`](crate::Executor::spawn_named).
    pub fn name(&self) -> Option<&str> {
        self.label.as_ref().map(|label| &*label.name)
    }

    /// The name of the type of the task's future; for an `async fn` or block that is its path.
    pub fn future(&self) -> &'static str {
        self.future
    }

    /// Where the task was spawned, if it has a name.
    pub fn spawned_at(&self) -> Option<&'static Location<'static>> {
        self.label.as_ref().map(|label| label.spawned_at)
    }

    /// How often the task has been polled, if it has a name.
    pub fn polls(&self) -> Option<u64> {
        self.label.as_ref().map(|label| label.polls.load(Ordering::Relaxed))
    }

    /// Whether the task is being polled just now, if it has a name.
    pub fn is_polled(&self) -> Option<bool> {
        self.label.as_ref().map(|label| label.polled.load(Ordering::Relaxed))
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(label) = &self.label else { return f.write_str(self.future) };
        let Label { name, spawned_at, .. } = &**label;
        let polls = label.polls.load(Ordering::Relaxed);
        let now = if label.polled.load(Ordering::Relaxed) { ", polled now" } else { "" };
        write!(f, "{name}: {}, spawned at {spawned_at}, {polls} polls{now}", self.future)
    }
}

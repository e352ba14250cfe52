//! A disk: what has been written survives a crash, and writing takes a while.

use std::cell::RefCell;
use std::time::Duration;

use mini_async::Timer;

/// A command of a client, in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) client: u64,
    pub(crate) command: u64,
}

pub(crate) struct Disk {
    entries: RefCell<Vec<Entry>>,
    /// How long the next write takes.
    delay: Box<dyn Fn() -> Duration>,
}

impl Disk {
    pub(crate) fn new(delay: impl Fn() -> Duration + 'static) -> Disk {
        Disk { entries: RefCell::default(), delay: Box::new(delay) }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.borrow().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<Entry> {
        self.entries.borrow().get(index).copied()
    }

    /// Writes one more entry. A crash before the end leaves nothing of it.
    pub(crate) async fn append(&self, entry: Entry) {
        Timer::after((self.delay)()).await;
        self.entries.borrow_mut().push(entry);
    }
}

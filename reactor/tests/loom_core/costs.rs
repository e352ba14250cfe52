//! What parking costs: read-modify-writes, counted by `sync.rs`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::backend::GlobalReactor;
use crate::io_object::{BorrowedIo, Directions};
use crate::parker::{Parker, Unparker};
use crate::ready_list::ReadyList;
use crate::source::Source;
use crate::sync::changes_in;
use crate::world::{check, on};

/// So many for a park and what wakes from it, at most, if nobody else drives.
const CHANGES_MAX: usize = 6;

/// A backend in whose turn the thread that sleeps there is woken, as if by another.
#[derive(Default)]
struct Woken {
    unparker: std::sync::Mutex<Option<Unparker>>,
    notified: AtomicUsize,
}

impl GlobalReactor for Woken {
    fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
        self.unparker.lock().expect("nothing panics").as_ref().expect("set before").unpark();
        Ok(())
    }
    fn notify(&self) {
        self.notified.fetch_add(1, Relaxed);
    }
    fn now(&self) -> Instant {
        Instant::now()
    }
}

#[test]
fn an_uncontended_park_and_its_unpark_are_six_changes_at_most() {
    check(0, || {
        let (reactor, handle) = on(Woken::default());
        let parker = Parker::new(&handle);
        *reactor.backend().unparker.lock().unwrap() = Some(parker.unparker());
        for rounds in 1..=3 {
            let changes = changes_in(|| parker.park(|| true).unwrap());
            assert!(changes <= CHANGES_MAX, "{changes}: woken from a turn");
            assert_eq!(reactor.backend().notified.load(Relaxed), rounds, "it slept");
            let changes = changes_in(|| {
                parker.unparker().unpark();
                parker.park(|| true).unwrap();
            });
            assert!(changes <= CHANGES_MAX, "{changes}: woken before");
        }
        *reactor.backend().unparker.lock().unwrap() = None;
    });
}

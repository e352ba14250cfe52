//! Which reactor: a cheap handle, and the one that a thread has entered.
//!
//! What a thread has entered has no destructor, so that it is still there for the destructors of
//! the thread's other locals. It owns nothing once the last guard is gone, so nothing leaks.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::backend::GlobalReactor;
use crate::parker::Parker;
use crate::reactor::Reactor;

/// A reactor to be kept: a `&'static Reactor` or an `Arc<Reactor>`. Two words long.
#[derive(Clone)]
pub struct Handle(Kind);

/// Every source has one, so it is small: a thin pointer to the fat one leaves the word free that
/// tells the two apart.
#[derive(Clone)]
enum Kind {
    Static(&'static &'static Reactor),
    Shared(Arc<Reactor>),
}

thread_local! {
    static ENTERED: RefCell<ManuallyDrop<Stack>> =
        const { RefCell::new(ManuallyDrop::new(Stack { top: None, below: Vec::new() })) };
}

/// The reactors that a thread has entered. The usual one has a place of its own, which costs no
/// allocation.
struct Stack {
    top: Option<Handle>,
    /// `None`: the guard went before those above it.
    below: Vec<Option<Handle>>,
}

impl Stack {
    /// Returns the place, which is the guard's until it is dropped.
    fn push(&mut self, handle: Handle) -> usize {
        if let Some(before) = self.top.replace(handle) {
            self.below.push(Some(before));
        }
        self.below.len()
    }

    /// The handle is returned so that it can be dropped outside: that may run anything.
    fn remove(&mut self, place: usize) -> Option<Handle> {
        let left = match self.below.get_mut(place) {
            Some(handle) => handle.take(),
            None => self.top.take(),
        };
        while self.top.is_none() {
            match self.below.pop() {
                Some(handle) => self.top = handle,
                None => {
                    self.below = Vec::new();
                    break;
                }
            }
        }
        left
    }
}

impl Handle {
    /// The reactor that this thread has entered, else the [global](crate::global) one.
    pub fn current() -> Handle {
        let entered = ENTERED.with_borrow(|stack| stack.top.clone());
        entered.unwrap_or_else(|| Handle::from(crate::global()))
    }

    /// Makes this the current reactor of this thread until the guard is dropped.
    ///
    /// Guards nest. The current reactor is the one entered last whose guard still lives, in
    /// whatever order the guards are dropped.
    pub fn enter(&self) -> Entered {
        let place = ENTERED.with_borrow_mut(|stack| stack.push(self.clone()));
        Entered { place, _thread: PhantomData }
    }

    /// As [`Reactor::block_on`].
    ///
    /// # Panics
    ///
    /// If the backend's `turn` fails, or if called from within a waker that the reactor calls.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        crate::block_on::on(self, future)
    }

    /// As [`Reactor::drive`].
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns.
    pub fn drive(&self) -> io::Result<Infallible> {
        let parker = Parker::new(self.clone());
        loop {
            parker.park(|| true)?;
        }
    }

    pub(crate) fn is_static(&self) -> bool {
        matches!(self.0, Kind::Static(_))
    }

    pub(crate) fn is(&self, other: &Handle) -> bool {
        std::ptr::addr_eq::<Reactor, Reactor>(&**self, &**other)
    }
}

impl Deref for Handle {
    type Target = Reactor;
    fn deref(&self) -> &Reactor {
        match &self.0 {
            Kind::Static(reactor) => reactor,
            Kind::Shared(reactor) => reactor,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Static(_) => "Static",
            Kind::Shared(_) => "Shared",
        };
        f.debug_tuple("Handle").field(&kind).finish()
    }
}

impl From<&'static Reactor> for Handle {
    fn from(reactor: &'static Reactor) -> Handle {
        Handle(Kind::Static(reactor.itself.get_or_init(|| reactor)))
    }
}

impl<R: GlobalReactor + 'static> From<&'static Reactor<R>> for Handle {
    fn from(reactor: &'static Reactor<R>) -> Handle {
        Handle(Kind::Static(reactor.itself.get_or_init(|| reactor)))
    }
}

impl From<Arc<Reactor>> for Handle {
    fn from(reactor: Arc<Reactor>) -> Handle {
        Handle(Kind::Shared(reactor))
    }
}

impl<R: GlobalReactor + 'static> From<Arc<Reactor<R>>> for Handle {
    fn from(reactor: Arc<Reactor<R>>) -> Handle {
        Handle(Kind::Shared(reactor))
    }
}

impl<R: GlobalReactor + 'static> From<&Arc<Reactor<R>>> for Handle {
    fn from(reactor: &Arc<Reactor<R>>) -> Handle {
        Handle(Kind::Shared(Arc::<Reactor<R>>::clone(reactor)))
    }
}

impl From<&Handle> for Handle {
    fn from(handle: &Handle) -> Handle {
        handle.clone()
    }
}

/// A panic leaves no reactor half changed: nothing of the core's runs code that can panic while it
/// holds a lock, and a driver's role is given back.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

/// While this lives, the thread that made it has entered a reactor.
#[must_use = "the reactor is left when the guard is dropped"]
#[derive(Debug)]
pub struct Entered {
    place: usize,
    /// The guard belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let left = ENTERED.with_borrow_mut(|stack| stack.remove(self.place));
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;

    #[test]
    fn a_handle_is_two_words_long() {
        assert_eq!(size_of::<Handle>(), 2 * size_of::<usize>());
    }
}

//! Which reactor: a cheap handle, and the one that a thread has entered.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::backend::GlobalReactor;
use crate::parker::Parker;
use crate::reactor::Reactor;

/// A reactor to be kept: a `&'static Reactor` or an `Arc<Reactor>`.
#[derive(Clone)]
pub struct Handle(Kind);

#[derive(Clone)]
enum Kind {
    Static(&'static Reactor),
    Shared(Arc<Reactor>),
}

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

impl Handle {
    /// The reactor that this thread has entered, else the [global](crate::global) one.
    pub fn current() -> Handle {
        // A thread that is ending may have lost its thread-locals.
        let entered = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
        entered.unwrap_or_else(|| Handle::from(crate::global()))
    }

    /// Makes this the current reactor of this thread until the guard is dropped.
    ///
    /// Guards nest, and are dropped in the reverse order.
    pub fn enter(&self) -> Entered {
        let before = CURRENT.with(|current| current.replace(Some(self.clone())));
        Entered { before, _thread: PhantomData }
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
        Handle(Kind::Static(reactor))
    }
}

impl<R: GlobalReactor + 'static> From<&'static Reactor<R>> for Handle {
    fn from(reactor: &'static Reactor<R>) -> Handle {
        Handle(Kind::Static(reactor))
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

/// While this lives, the thread that made it has entered a reactor.
#[must_use = "the reactor is left when the guard is dropped"]
#[derive(Debug)]
pub struct Entered {
    before: Option<Handle>,
    /// The guard belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        // Nothing to restore in a thread that is ending and has lost its thread-locals.
        let entered = CURRENT.try_with(|current| current.replace(before));
        drop(entered);
    }
}

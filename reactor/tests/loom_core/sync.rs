//! What the crate's own `sync.rs` offers, made of loom's types.

pub(crate) use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use loom::thread::AccessError;

/// The types that the crate makes in `const`, which loom's cannot be made in.
pub(crate) type AtomicU64 = Late<u64, loom::sync::atomic::AtomicU64>;
pub(crate) type Mutex<T> = Late<T, loom::sync::Mutex<T>>;

/// An `L` made of a `T` at its first use. An atomic is to be used once before threads are started:
/// loom finds a race otherwise.
#[derive(Debug)]
pub(crate) struct Late<T, L> {
    value: std::sync::Mutex<Option<T>>,
    made: OnceLock<L>,
}

impl<T, L> Late<T, L> {
    pub(crate) const fn new(value: T) -> Self {
        Late { value: std::sync::Mutex::new(Some(value)), made: OnceLock::new() }
    }
}

impl<T> Mutex<T> {
    pub(crate) fn hold(&self) -> MutexGuard<'_, T> {
        self.lock().expect("no code that can panic runs under this lock")
    }
}

impl<T: Default, L> Default for Late<T, L> {
    fn default() -> Self {
        Late::new(T::default())
    }
}

impl<T, L: From<T>> Deref for Late<T, L> {
    type Target = L;
    fn deref(&self) -> &L {
        self.made.get_or_init(|| {
            let value = self.value.lock().map(|mut value| value.take());
            L::from(value.ok().flatten().expect("no other code takes it, and none panics"))
        })
    }
}

impl<T, L: From<T>> DerefMut for Late<T, L> {
    fn deref_mut(&mut self) -> &mut L {
        let _made: &L = self;
        self.made.get_mut().expect("made just now")
    }
}

/// What the crate uses of `std::thread::LocalKey`.
pub(crate) struct Local<T: 'static>(pub(crate) &'static loom::thread::LocalKey<T>);

impl<T> Local<T> {
    pub(crate) fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.0.try_with(f)
    }
}

impl<T: Copy> Local<Cell<T>> {
    pub(crate) fn get(&'static self) -> T {
        self.0.with(Cell::get)
    }
    pub(crate) fn set(&'static self, value: T) {
        self.0.with(|cell| cell.set(value));
    }
}

impl<T> Local<RefCell<T>> {
    pub(crate) fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(|cell| f(&cell.borrow()))
    }
    pub(crate) fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.0.with(|cell| f(&mut cell.borrow_mut()))
    }
}

/// Parking, by a notification of loom's, which may also come for no reason, once. (loom's own
/// `unpark` would also wake a thread that waits for a lock.)
pub(crate) mod thread {
    use std::sync::Arc;

    use loom::sync::Notify;

    loom::thread_local! {
        static CURRENT: Thread = Thread(Arc::new(Notify::new()));
    }

    #[derive(Clone, Debug)]
    pub(crate) struct Thread(Arc<Notify>);

    impl Thread {
        pub(crate) fn unpark(&self) {
            self.0.notify();
        }
    }

    pub(crate) fn current() -> Thread {
        CURRENT.with(Thread::clone)
    }

    pub(crate) fn park() {
        current().0.wait();
    }
}

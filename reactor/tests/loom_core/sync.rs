//! What the crate's own `sync.rs` offers, made of loom's types.

pub(crate) use loom::sync::MutexGuard;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, OnceLock};

use loom::sync::atomic;
use loom::thread::AccessError;

pub(crate) type AtomicU8 = Counted<atomic::AtomicU8>;
/// The types that the crate makes in `const`, which loom's cannot be made in.
pub(crate) type AtomicU64 = Late<u64, Counted<atomic::AtomicU64>>;
pub(crate) type Mutex<T> = Late<T, Counted<loom::sync::Mutex<T>>>;

std::thread_local! {
    /// How many read-modify-writes there were. (All of loom's threads are on one.)
    static CHANGES: Cell<usize> = const { Cell::new(0) };
}

/// How many read-modify-writes of the words of parking and driving, and of locks, `body` makes.
pub(crate) fn changes_in(body: impl FnOnce()) -> usize {
    let before = CHANGES.get();
    body();
    CHANGES.get() - before
}

/// Counts its read-modify-writes; the rest is the other's own.
#[derive(Debug)]
pub(crate) struct Counted<A>(A);

impl<A> Deref for Counted<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A> Counted<A> {
    fn change(&self, changes: usize) -> &A {
        CHANGES.set(CHANGES.get() + changes);
        &self.0
    }
}

macro_rules! counted {
    ($($atomic:ident $number:ident),+) => {$(
        impl From<$number> for Counted<atomic::$atomic> {
            fn from(value: $number) -> Self {
                Self::new(value)
            }
        }

        impl Counted<atomic::$atomic> {
            pub(crate) fn new(value: $number) -> Self {
                Counted(atomic::$atomic::new(value))
            }
            pub(crate) fn swap(&self, value: $number, order: Ordering) -> $number {
                self.change(1).swap(value, order)
            }
            pub(crate) fn fetch_or(&self, value: $number, order: Ordering) -> $number {
                self.change(1).fetch_or(value, order)
            }
            pub(crate) fn fetch_and(&self, value: $number, order: Ordering) -> $number {
                self.change(1).fetch_and(value, order)
            }
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $number,
                new: $number,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$number, $number> {
                self.change(1).compare_exchange_weak(current, new, success, failure)
            }
        }
    )+};
}

counted!(AtomicU8 u8, AtomicU64 u64);

impl<T> From<T> for Counted<loom::sync::Mutex<T>> {
    fn from(value: T) -> Self {
        Counted(loom::sync::Mutex::new(value))
    }
}

impl<T> Counted<loom::sync::Mutex<T>> {
    /// Two: it is unlocked, too.
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.change(2).lock()
    }
}

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
    use std::time::Duration;

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

    /// Any time is over once the others have had theirs.
    pub(crate) fn park_timeout(_: Duration) {
        loom::thread::yield_now();
    }
}

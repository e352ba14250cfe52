//! `Scope` and `ScopeFifo` as their users see them; what they do is in `scope.rs`.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use crate::scope::Core;
use crate::scope_task::ScopedTask;

/// Where closures and futures may be spawned that borrow.
///
/// Made by [`ThreadPool::scope`](crate::ThreadPool::scope), [`Worker::scope`](crate::Worker::scope)
/// and [`ThreadPool::in_place_scope`](crate::ThreadPool::in_place_scope). It ends when everything
/// spawned into it is over.
///
/// # Examples
///
/// ```
/// # use mini_executor_fork_join::ThreadPool;
/// let pool = ThreadPool::new();
/// let mut halves = [1, 2, 3, 4];
/// let (left, right) = halves.split_at_mut(2);
/// pool.scope(|scope| {
///     scope.spawn(|_| left.reverse());
///     scope.spawn(|_| right.reverse());
/// });
/// assert_eq!(halves, [2, 1, 4, 3]);
/// ```
#[repr(transparent)]
pub struct Scope<'scope> {
    core: Core,
    /// Invariant: were it covariant, a closure could be spawned that borrows for less.
    marker: PhantomData<fn(&'scope ()) -> &'scope ()>,
}

/// A scope whose closures begin in the order in which they were spawned, on each thread.
///
/// Made by [`ThreadPool::scope_fifo`](crate::ThreadPool::scope_fifo) and
/// [`ThreadPool::in_place_scope_fifo`](crate::ThreadPool::in_place_scope_fifo).
///
/// # Examples
///
/// ```
/// # use mini_executor_fork_join::ThreadPool;
/// let order = std::sync::Mutex::new(Vec::new());
/// ThreadPool::new().scope_fifo(|scope| {
///     for number in 0..3 {
///         let order = &order;
///         scope.spawn_fifo(move |_| order.lock().unwrap().push(number));
///     }
/// });
/// assert_eq!(order.into_inner().unwrap(), [0, 1, 2]);
/// ```
#[repr(transparent)]
pub struct ScopeFifo<'scope> {
    core: Core,
    /// As in `Scope`.
    marker: PhantomData<fn(&'scope ()) -> &'scope ()>,
}

impl<'scope> Scope<'scope> {
    /// The same thing under its public name.
    #[expect(unsafe_code, reason = "a reference to a part, from one to the whole")]
    pub(crate) fn of(core: &Core) -> &Scope<'scope> {
        // SAFETY: `repr(transparent)` over it. What `'scope` may be is decided by the callers: the
        // functions that open scopes, and `spawn`, which passes its own on.
        unsafe { &*(&raw const *core).cast() }
    }

    /// Spawns a closure into the scope.
    ///
    /// It is called before the scope ends: by this thread, or by another that had nothing to do.
    /// Those that this thread calls itself begin with the one spawned last.
    ///
    /// # Panics
    ///
    /// Does not. If the closure does, that goes on where the scope ends.
    pub fn spawn<F>(&self, body: F)
    where
        F: FnOnce(&Scope<'scope>) + Send + 'scope,
    {
        self.core.spawn(|core| body(Scope::of(core)));
    }

    /// Spawns a future into the scope; the scope does not end before it is ready, or cancelled.
    ///
    /// It may borrow what outlives the scope. Dropping the [`ScopedTask`] cancels it;
    /// [`ScopedTask::detach`] lets it run. While the thread that opened the scope waits for it, it
    /// polls the scope's futures, and drives the reactor.
    ///
    /// # Panics
    ///
    /// Does not. If the future does, that goes on where the `ScopedTask` is awaited, or where the
    /// scope ends if it was detached.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let words = ["to".to_owned(), "wait".to_owned()];
    /// let pool = ThreadPool::new();
    /// let joined = pool.scope(|scope| {
    ///     let task = scope.spawn_future(async { words.join(" ") });
    ///     pool.block_on(task)
    /// });
    /// assert_eq!(joined, "to wait");
    /// ```
    pub fn spawn_future<T, F>(&self, future: F) -> ScopedTask<'scope, T>
    where
        F: Future<Output = T> + Send + 'scope,
        T: Send + 'scope,
    {
        self.core.spawn_future(future)
    }
}

impl<'scope> ScopeFifo<'scope> {
    /// The same thing under its public name.
    #[expect(unsafe_code, reason = "a reference to a part, from one to the whole")]
    pub(crate) fn of(core: &Core) -> &ScopeFifo<'scope> {
        // SAFETY: as for `Scope::of`.
        unsafe { &*(&raw const *core).cast() }
    }

    /// Spawns a closure into the scope, as [`Scope::spawn`] does, except that those that this
    /// thread calls itself begin with the one spawned first.
    pub fn spawn_fifo<F>(&self, body: F)
    where
        F: FnOnce(&ScopeFifo<'scope>) + Send + 'scope,
    {
        self.core.spawn(|core| body(ScopeFifo::of(core)));
    }

    /// As [`Scope::spawn_future`].
    pub fn spawn_future<T, F>(&self, future: F) -> ScopedTask<'scope, T>
    where
        F: Future<Output = T> + Send + 'scope,
        T: Send + 'scope,
    {
        self.core.spawn_future(future)
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

impl fmt::Debug for ScopeFifo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

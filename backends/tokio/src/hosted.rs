//! The task in the runtime that drives the reactor, from its beginning to its end.
//!
//! # Why it sleeps through nothing
//!
//! It forgets that the descriptor was readable (H1), polls the reactor until there is no more (H2),
//! reads the next deadline (H3), and waits for either (H4).
//!
//! - An event that comes before H2 is found by H2. One that comes after H1 is a new edge of the
//!   descriptor, so H4 returns at once. There is nothing between.
//! - A timer that is set before H3 is in what H3 reads. One that is set later, and is earlier than
//!   all others, notifies, since the reactor is driven externally: an edge, as above.
//! - If a thread drives at H2, it does what is to be done. What it leaves, when it stops driving,
//!   it notifies of.
//!
//! A deadline that has come is not slept for again: if it is still there, a thread drives.
//!
//! # One `AsyncFd` for all, or one each
//!
//! With one for all, a batch of events costs one `epoll_wait` more than tokio's own sockets. With
//! one for each descriptor it does not: 3.00 system calls for an echo instead of 4.00 with one
//! connection, 2.03 instead of 2.05 with 64. That was built and measured (medians of 9 interleaved
//! rounds, processor time, one each to one for all, when `poll_once` still allocated in both): echo
//! with one connection 0.94 (0.92–1.01), with 64 0.94 (0.88–1.00), HTTP with 64 1.01,
//! connect-and-echo 1.03; an idle connection took 859 bytes instead of 435. So it is not here:
//! twice the memory, a second and larger `unsafe`, and a second way to be wrong, for a twentieth of
//! the time of an echo that does nothing else.

use std::future::{Future as _, poll_fn};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use mini_reactor::{GlobalReactor, Handle};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime;

use crate::{Shared, Tokio};

impl<R: GlobalReactor> Tokio<R> {
    /// Has `runtime` drive `reactor`, which has this as its backend, from now on until the runtime
    /// is shut down. There can be another runtime after that.
    ///
    /// A current-thread runtime drives while it runs, that is in its `block_on`; a multi-thread one
    /// always.
    ///
    /// # Errors
    ///
    /// - `AlreadyExists`: a runtime drives it already.
    /// - `InvalidInput`: this is not the backend of `reactor`.
    /// - `NotConnected`: the runtime is being shut down.
    /// - `Unsupported`: the inner backend is not pollable.
    /// - What the system says, if it has no descriptors left (`EMFILE`).
    ///
    /// # Panics
    ///
    /// As tokio does, if the runtime was built without `enable_io` or without `enable_time`.
    pub fn attach(&self, reactor: impl Into<Handle>, runtime: &runtime::Handle) -> io::Result<()> {
        let (reactor, shared) = (reactor.into(), Arc::clone(&self.shared));
        let asked = shared.asked.load(Relaxed);
        let pollable = reactor.backend().pollable();
        if shared.asked.load(Relaxed) == asked {
            let error = "the reactor to be driven has another backend than this";
            return Err(io::Error::new(ErrorKind::InvalidInput, error));
        }
        let descriptor = pollable.and_then(|pollable| pollable.as_fd());
        let descriptor = descriptor.ok_or(ErrorKind::Unsupported)?.try_clone_to_owned()?;

        let mut clock = shared.clock.write().unwrap_or_else(PoisonError::into_inner);
        if clock.runtime.is_some() {
            let error = "a tokio runtime drives this reactor already";
            return Err(io::Error::new(ErrorKind::AlreadyExists, error));
        }
        let _entered = runtime.enter();
        drop(tokio::time::sleep(Duration::ZERO)); // says now if it cannot
        let descriptor = in_runtime(descriptor)?;
        if self.used.load(Relaxed) {
            clock.floor = clock.floor.max(Some(self.inner().now()));
        }
        clock.runtime = Some(runtime.clone());
        drop(clock);
        shared.watched().ended = false;
        shared.stall.watch(runtime);
        let ends = Ends(Arc::clone(&shared));
        runtime.spawn(async move { drive(&ends.0, reactor, descriptor).await });
        if shared.watched().ended { Err(ended()) } else { Ok(()) }
    }
}

#[expect(unsafe_code, reason = "tokio has no safe way to take a descriptor")]
fn in_runtime(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open until it is dropped, and always the same descriptor; it is owned
    // by the `AsyncFd`, which nobody is given mutable access to.
    let hosted = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
    hosted.map_err(|error| match io::Error::from(error) {
        error if error.raw_os_error().is_some() => error,
        _ => ended(), // what is no error of the system is the runtime's
    })
}

/// Drives the reactor until it cannot. The runtime drops this when it is shut down.
async fn drive(shared: &Shared, reactor: Handle, set: AsyncFd<OwnedFd>) -> io::Result<()> {
    let _driven = reactor.drive_externally();
    let mut sleep = pin!(tokio::time::sleep(Duration::ZERO));
    let (mut sleeps_until, mut has_come) = (None, None);
    loop {
        while reactor.poll_once()? {
            tokio::task::yield_now().await; // there is more, but others want to run too
        }
        let next = reactor.next_deadline().filter(|next| has_come != Some(*next));
        if let Some(next) = next.filter(|_| next != sleeps_until) {
            sleep.as_mut().reset(next.into());
            sleeps_until = Some(next);
        }
        let ready = poll_fn(|cx| {
            shared.stall.over(cx.waker());
            if let Poll::Ready(ready) = set.poll_read_ready(cx) {
                return Poll::Ready(ready.map(|mut ready| ready.clear_ready()));
            }
            if next.is_some() && sleep.as_mut().poll(cx).is_ready() {
                (sleeps_until, has_come) = (None, next);
                return Poll::Ready(Ok(()));
            }
            Poll::Pending
        });
        if ready.await.is_err() {
            return Ok(()); // the runtime is being shut down
        }
    }
}

/// Ends all waits when it is dropped, with the task.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        let shared = &self.0;
        let sources = {
            let mut watched = shared.watched();
            watched.ended = true;
            std::mem::take(&mut watched.sources)
        };
        shared.stall.forget();
        let mut clock = shared.clock.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = clock.runtime.take() {
            let _entered = runtime.enter();
            clock.floor = clock.floor.max(Some(tokio::time::Instant::now().into_std()));
        }
        drop(clock);
        sources.into_values().for_each(|source| source.fail(ended()));
    }
}

pub(crate) fn ended() -> io::Error {
    let error = "the tokio runtime drives this reactor no more: it was shut down, or a turn failed";
    io::Error::new(ErrorKind::NotConnected, error)
}

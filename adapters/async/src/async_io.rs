//! `Async<T>`: an I/O object and its place in a reactor.
//!
//! It is a [`Registration<T>`] and nothing more: readiness, waiters and the fast path are the
//! core's. What this file adds is the non-blocking mode and the names that users know.
//!
//! Deliberately absent: a promise, to be given with `unsafe`, that a type keeps its descriptor. The
//! core makes `&mut T` safe for every type.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use mini_reactor::{AsIo, Direction, Handle, Registration};

use crate::ready::{Readable, ReadableOwned, Writable, WritableOwned};
use crate::sys;

/// An I/O object whose operations can be awaited.
///
/// Any type with a descriptor will do (on Windows: with a socket), if the system can tell when it
/// is ready: sockets, pipes, terminals, event and timer descriptors, process descriptors, and so
/// on. Regular files count as always ready: operations on them complete, but they block the thread
/// meanwhile.
///
/// The object is put into non-blocking mode, and it stays in that mode when it is taken out again.
/// It is registered with the reactor at the first operation that would block, so an object that is
/// always ready in time costs the reactor nothing; and deregistered before it is closed.
///
/// All methods take `&self`: a socket can be read and written by different tasks at once, through
/// `&Async<T>` or `Arc<Async<T>>`. Any number of tasks may wait for one direction; all of them are
/// woken, and those that come too late wait again. For types that read or write only through
/// `&mut self` there are [`read_with_mut`](Async::read_with_mut) and its kin.
///
/// # Examples
///
/// ```
/// use mini_async::{Async, block_on};
/// use std::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// block_on(async {
///     let socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
///     let own_address = socket.get_ref().local_addr()?;
///     socket.write_with(|socket| socket.send_to(b"note", own_address)).await?;
///     let mut note = [0; 16];
///     let length = socket.read_with(|socket| socket.recv(&mut note)).await?;
///     assert_eq!(&note[..length], b"note");
///     Ok(())
/// })
/// # }
/// ```
pub struct Async<T: AsIo + 'static> {
    registration: Registration<T>,
}

/// `T` is never pinned by this type, only owned.
impl<T: AsIo + 'static> Unpin for Async<T> {}

impl<T: AsIo + 'static> Async<T> {
    /// Puts `io` into non-blocking mode and makes it awaitable on the current reactor.
    ///
    /// # Errors
    ///
    /// - `InvalidInput`: `io` is standard input, output or error (descriptors 0, 1 and 2 on Unix).
    ///   The mode belongs to the open file and not to the descriptor, and that file is usually
    ///   shared with the parent process, whose reads and prints would begin to fail. Descriptors
    ///   duplicated from these share the file too, but are not recognised. Use
    ///   [`new_nonblocking`](Async::new_nonblocking) if the program knows that nobody else uses
    ///   the file, and has set the mode; else read and write it on a thread of its own.
    /// - Those of the system call that sets the mode.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::Async;
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let stream = Async::new(TcpStream::connect(listener.local_addr()?)?)?;
    /// # let _ = stream;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "O_NONBLOCK")]
    pub fn new(io: T) -> io::Result<Async<T>> {
        Self::new_in(io, Handle::current())
    }

    /// Puts `io` into non-blocking mode and makes it awaitable on `reactor`.
    ///
    /// # Errors
    ///
    /// As [`new`](Async::new).
    ///
    /// # Examples
    ///
    /// A reactor of its own, which ends with its last user:
    ///
    /// ```
    /// use mini_async::Async;
    /// use mini_reactor::{Handle, Reactor, System};
    /// use std::net::UdpSocket;
    /// use std::sync::Arc;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
    /// let socket = Async::new_in(UdpSocket::bind("127.0.0.1:0")?, reactor.clone())?;
    /// let own_address = socket.get_ref().local_addr()?;
    /// reactor.block_on(async {
    ///     socket.send_to(b"note", own_address).await?;
    ///     assert_eq!(socket.recv(&mut [0; 16]).await?, 4);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn new_in(io: T, reactor: impl Into<Handle>) -> io::Result<Async<T>> {
        sys::check(&io.as_io())?;
        sys::set_nonblocking(&io.as_io())?;
        Ok(Self::wrap(io, reactor.into()))
    }

    /// Makes `io`, which is in non-blocking mode already, awaitable on the current reactor.
    ///
    /// An object that is not in this mode blocks the thread at the first operation that has to
    /// wait, and every other task of that thread with it.
    ///
    /// # Errors
    ///
    /// None at present: nothing is asked of the system.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::Async;
    /// use std::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let socket = Async::new_nonblocking(socket)?;
    /// # let _ = socket;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new_nonblocking(io: T) -> io::Result<Async<T>> {
        Ok(Self::wrap(io, Handle::current()))
    }

    /// For objects that this crate opened itself, in non-blocking mode.
    pub(crate) fn wrap(io: T, reactor: Handle) -> Async<T> {
        Async { registration: Registration::new_in(io, reactor) }
    }

    /// The object inside.
    ///
    /// Its blocking methods fail with `WouldBlock` instead of waiting. Setting it back to blocking
    /// mode blocks the next task that waits for it.
    pub fn get_ref(&self) -> &T {
        self.registration.get_ref()
    }

    /// The registration inside, for the operations of the core at the level of polling.
    ///
    /// [`Registration::poll_io`] is what an `AsyncRead` of another kind is made from, and
    /// [`Registration::reactor`] names the reactor.
    pub fn registration(&self) -> &Registration<T> {
        &self.registration
    }

    /// The registration inside, for [`Registration::poll_io_mut`].
    pub fn registration_mut(&mut self) -> &mut Registration<T> {
        &mut self.registration
    }

    /// The object inside, to be changed or even replaced by another one.
    ///
    /// The object is deregistered first, and the next operation that has to wait registers what it
    /// has become by then; so nothing that is done with it can confuse the reactor. An object that
    /// takes its place should be in non-blocking mode.
    ///
    /// # Panics
    ///
    /// If the reactor's backend breaks its contract and keeps a claim on what was deregistered.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let mut socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
    ///     let other = UdpSocket::bind("127.0.0.1:0")?;
    ///     other.set_nonblocking(true)?;
    ///     let first = std::mem::replace(socket.get_mut(), other);
    ///     first.send_to(b"note", socket.get_ref().local_addr()?)?;
    ///     assert_eq!(socket.recv(&mut [0; 16]).await?, 4);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.registration.get_mut()
    }

    /// Deregisters the object and gives it back, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// Those of the backend's deregistration; the object is closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::Async;
    /// use std::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
    /// let socket: UdpSocket = socket.into_inner()?;
    /// socket.set_nonblocking(false)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(self) -> io::Result<T> {
        self.registration.into_inner()
    }

    /// Waits until a read would not block.
    ///
    /// Readiness is a hint: another task may read first, and a system may report it without cause.
    /// So the operation that follows has to expect `WouldBlock`;
    /// [`read_with`](Async::read_with) does that by itself. The end of the stream and errors count
    /// as readable.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the backend cannot watch this kind of object; `AlreadyExists` if its
    /// descriptor is registered already; and errors of the registration.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the wait and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let socket = Async::new(UdpSocket::bind("127.0.0.1:0")?)?;
    ///     socket.get_ref().send_to(b"note", socket.get_ref().local_addr()?)?;
    ///     socket.readable().await?;
    ///     assert_eq!(socket.get_ref().recv(&mut [0; 16])?, 4);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn readable(&self) -> Readable<'_, T> {
        Readable(self.registration.ready(Direction::Read))
    }

    /// Waits until a write would not block.
    ///
    /// Readiness is a hint, as with [`readable`](Async::readable). A stream whose peer has gone
    /// counts as writable, because a write would fail at once.
    ///
    /// # Errors
    ///
    /// As [`readable`](Async::readable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the wait and nothing else.
    pub fn writable(&self) -> Writable<'_, T> {
        Writable(self.registration.ready(Direction::Write))
    }

    /// As [`readable`](Async::readable), as a future that owns its share of the object.
    ///
    /// # Errors
    ///
    /// As [`readable`](Async::readable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; its task may be woken once more, for nothing.
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        ReadableOwned(self)
    }

    /// As [`writable`](Async::writable), as a future that owns its share of the object.
    ///
    /// # Errors
    ///
    /// As [`readable`](Async::readable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; its task may be woken once more, for nothing.
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        WritableOwned(self)
    }

    /// Polls for readability; the task in `cx` is woken when `Pending` may have changed.
    ///
    /// Tasks do not displace each other: each one that was told `Pending` is woken.
    ///
    /// # Errors
    ///
    /// As [`readable`](Async::readable).
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.poll_ready(Direction::Read, cx)
    }

    /// Polls for writability; the task in `cx` is woken when `Pending` may have changed.
    ///
    /// Tasks do not displace each other: each one that was told `Pending` is woken.
    ///
    /// # Errors
    ///
    /// As [`readable`](Async::readable).
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.poll_ready(Direction::Write, cx)
    }

    /// Does a reading operation, again and again until it does not fail with `WouldBlock`.
    ///
    /// `op` is tried at once and then whenever the object has become readable. `Interrupted` is
    /// tried again too. What `op` does need not be a read, as long as readability is what it waits
    /// for.
    ///
    /// # Errors
    ///
    /// Those of `op`, and those of [`readable`](Async::readable).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the wait. `op` is called only while the future is polled, and
    /// a poll in which it succeeds completes the future: nothing that it has read is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let listener = Async::new(TcpListener::bind("127.0.0.1:0")?)?;
    ///     let _client = TcpStream::connect(listener.get_ref().local_addr()?)?;
    ///     let (_stream, peer) = listener.read_with(|listener| listener.accept()).await?;
    ///     assert!(peer.ip().is_loopback());
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.registration.io(Direction::Read, op).await
    }

    /// Does a writing operation, again and again until it does not fail with `WouldBlock`.
    ///
    /// As [`read_with`](Async::read_with), waiting for writability.
    ///
    /// # Errors
    ///
    /// Those of `op`, and those of [`writable`](Async::writable).
    ///
    /// # Cancel safety
    ///
    /// As [`read_with`](Async::read_with): a dropped future has written nothing.
    pub async fn write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.registration.io(Direction::Write, op).await
    }

    /// Does a reading operation that needs `&mut T`, as [`read_with`](Async::read_with) does one
    /// that needs `&T`.
    ///
    /// The first operation that has to wait duplicates the descriptor, and the reactor watches the
    /// duplicate from then on: so the object costs two. This is what makes `&mut T` safe to give
    /// out: if `op` closes the object's descriptor or opens another one in its place, the next wait
    /// is for the new one. It is recognised by its number. If the number stays the same, because
    /// the one was closed before the other was opened, then `op` has to be followed by
    /// [`get_mut`](Async::get_mut), or the wait may never end.
    ///
    /// # Errors
    ///
    /// Those of `op`, those of [`readable`](Async::readable), and those of duplicating a descriptor
    /// (there may be none left).
    ///
    /// # Cancel safety
    ///
    /// As [`read_with`](Async::read_with).
    ///
    /// # Examples
    ///
    /// A type that reads only through `&mut self`, because it keeps count:
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::io;
    /// use std::net::UdpSocket;
    /// # #[cfg(unix)]
    /// use std::os::fd::{AsFd, BorrowedFd};
    ///
    /// struct Counted {
    ///     socket: UdpSocket,
    ///     received: usize,
    /// }
    ///
    /// impl Counted {
    ///     fn recv(&mut self, buf: &mut [u8]) -> io::Result<usize> {
    ///         let length = self.socket.recv(buf)?;
    ///         self.received += 1;
    ///         Ok(length)
    ///     }
    /// }
    ///
    /// # #[cfg(unix)]
    /// impl AsFd for Counted {
    ///     fn as_fd(&self) -> BorrowedFd<'_> {
    ///         self.socket.as_fd()
    ///     }
    /// }
    /// # #[cfg(windows)]
    /// # impl std::os::windows::io::AsSocket for Counted {
    /// #     fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
    /// #         self.socket.as_socket()
    /// #     }
    /// # }
    ///
    /// # fn main() -> io::Result<()> {
    /// block_on(async {
    ///     let sender = UdpSocket::bind("127.0.0.1:0")?;
    ///     let socket = UdpSocket::bind("127.0.0.1:0")?;
    ///     sender.connect(socket.local_addr()?)?;
    ///     let mut counted = Async::new(Counted { socket, received: 0 })?;
    ///     for _ in 0..3 {
    ///         sender.send(b"note")?;
    ///         assert_eq!(counted.read_with_mut(|io| io.recv(&mut [0; 16])).await?, 4);
    ///     }
    ///     assert_eq!(counted.get_ref().received, 3);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub async fn read_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io_mut(Direction::Read, op).await
    }

    /// Does a writing operation that needs `&mut T`: [`read_with_mut`](Async::read_with_mut) says
    /// how that is safe, and what `op` may do.
    ///
    /// # Errors
    ///
    /// As [`read_with_mut`](Async::read_with_mut).
    ///
    /// # Cancel safety
    ///
    /// As [`write_with`](Async::write_with).
    pub async fn write_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io_mut(Direction::Write, op).await
    }
}

impl<T: AsIo + 'static> AsRef<T> for Async<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

impl<T: AsIo + fmt::Debug + 'static> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").field("io", self.get_ref()).finish_non_exhaustive()
    }
}

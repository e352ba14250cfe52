//! Code written for async-io, which has to compile and to work with either crate: every item of
//! async-io's API on Linux, by its signature or in use.
//!
//! Only what async-io demands `unsafe` for is left out: `get_mut`, `read_with_mut` and
//! `write_with_mut` have their tests in `mutable.rs`, and `IoSafe` is not needed here.

use std::fmt::Debug;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::SocketAddr as UnixSocketAddr;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ChildStderr, ChildStdin, ChildStdout};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};

use crate::api::os::unix::reactor_fd;
use crate::api::{Async, Readable, ReadableOwned, Timer, Writable, WritableOwned, block_on};

/// What a plain thing of a library is expected to be.
fn auto<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}

/// A future that can be sent to another thread.
fn sends<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

fn ready<T: Future<Output = io::Result<()>> + Debug + Send + Sync + Unpin>() {}

#[test]
fn timers_have_async_ios_signatures() {
    let _: [fn(Duration) -> Timer; 2] = [Timer::after, Timer::interval];
    let _: fn() -> Timer = Timer::never;
    let _: fn(Instant) -> Timer = Timer::at;
    let _: fn(Instant, Duration) -> Timer = Timer::interval_at;
    let _: fn(&Timer) -> bool = Timer::will_fire;
    let _: [fn(&mut Timer, Duration); 2] = [Timer::set_after, Timer::set_interval];
    let _: fn(&mut Timer, Instant) = Timer::set_at;
    let _: fn(&mut Timer, Instant, Duration) = Timer::set_interval_at;
    let _: fn(&mut Timer) = Timer::clear;

    fn timer<T: Future<Output = Instant> + Stream<Item = Instant> + Debug>() {}
    timer::<Timer>();
    auto::<Timer>();
}

#[test]
fn objects_have_async_ios_signatures() {
    type Made = io::Result<Async<UdpSocket>>;
    type Ready = Poll<io::Result<()>>;
    let _: [fn(UdpSocket) -> Made; 2] = [Async::new, Async::new_nonblocking];
    let _: for<'a> fn(&'a Async<UdpSocket>) -> &'a UdpSocket = Async::get_ref;
    let _: fn(Async<UdpSocket>) -> io::Result<UdpSocket> = Async::into_inner;
    let _: for<'a> fn(&'a Async<UdpSocket>) -> Readable<'a, UdpSocket> = Async::readable;
    let _: for<'a> fn(&'a Async<UdpSocket>) -> Writable<'a, UdpSocket> = Async::writable;
    let _: fn(Arc<Async<UdpSocket>>) -> ReadableOwned<UdpSocket> = Async::readable_owned;
    let _: fn(Arc<Async<UdpSocket>>) -> WritableOwned<UdpSocket> = Async::writable_owned;
    let _: fn(&Async<UdpSocket>, &mut Context<'_>) -> Ready = Async::poll_readable;
    let _: fn(&Async<UdpSocket>, &mut Context<'_>) -> Ready = Async::poll_writable;
    let _: fn() -> Option<BorrowedFd<'static>> = reactor_fd;

    ready::<Readable<'_, UdpSocket>>();
    ready::<ReadableOwned<UdpSocket>>();
    ready::<Writable<'_, UdpSocket>>();
    ready::<WritableOwned<UdpSocket>>();
}

#[test]
fn objects_have_async_ios_traits() {
    fn object<T>()
    where
        T: AsFd + AsRawFd + From<OwnedFd> + Into<OwnedFd> + Debug + 'static,
        T: Send + Sync + UnwindSafe + RefUnwindSafe,
        Async<T>: AsRef<T> + AsFd + AsRawFd + TryFrom<OwnedFd, Error = io::Error> + Debug,
        OwnedFd: TryFrom<Async<T>, Error = io::Error>,
    {
        auto::<Async<T>>();
    }
    object::<TcpListener>();
    object::<TcpStream>();
    object::<UdpSocket>();
    object::<UnixListener>();
    object::<UnixStream>();
    object::<UnixDatagram>();
    object::<File>();
    object::<OwnedFd>();
    object::<ChildStdin>();

    fn socket<T>()
    where
        Async<T>: TryFrom<T, Error = io::Error>,
        T: AsFd + 'static,
    {
    }
    socket::<TcpListener>();
    socket::<TcpStream>();
    socket::<UdpSocket>();
    socket::<UnixListener>();
    socket::<UnixStream>();
    socket::<UnixDatagram>();

    fn reads<T: AsyncRead>() {}
    fn writes<T: AsyncWrite>() {}
    reads::<Async<TcpStream>>();
    reads::<&Async<TcpStream>>();
    reads::<Async<UnixStream>>();
    reads::<&Async<UnixStream>>();
    reads::<Async<File>>();
    reads::<&Async<File>>();
    reads::<Async<ChildStdout>>();
    reads::<Async<ChildStderr>>();
    reads::<Async<Box<TcpStream>>>();
    writes::<Async<TcpStream>>();
    writes::<&Async<TcpStream>>();
    writes::<Async<UnixStream>>();
    writes::<&Async<UnixStream>>();
    writes::<Async<File>>();
    writes::<&Async<File>>();
    writes::<Async<ChildStdin>>();
    writes::<Async<Box<TcpStream>>>();

    // An object need be neither `Unpin` nor `Send` for this.
    fn unpin<T: Unpin>() {}
    struct Pinned(OwnedFd, std::marker::PhantomPinned);
    impl AsFd for Pinned {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
    unpin::<Async<Pinned>>();
}

#[test]
fn tcp_code_works() -> io::Result<()> {
    type Accepted = io::Result<(Async<TcpStream>, SocketAddr)>;
    block_on(async {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address: SocketAddr = listener.get_ref().local_addr()?;
        let mut client = sends(Async::<TcpStream>::connect(address)).await?;
        let accepted: Accepted = sends(listener.accept()).await;
        let mut server = accepted?.0;

        let bufs = [IoSlice::new(b"to"), IoSlice::new(b"gether")];
        client.write_vectored(&bufs).await?;
        client.flush().await?;
        let mut buf = [0; 8];
        assert_eq!(server.peek(&mut buf).await?, 8);
        (&server).read_exact(&mut buf).await?;
        assert_eq!(&buf, b"together");
        (&server).write_all(b"back").await?;
        let (mut head, mut tail) = ([0; 2], [0; 2]);
        let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(client.read_vectored(&mut bufs).await?, 4);
        assert_eq!([head, tail], [*b"ba", *b"ck"]);

        client.close().await?;
        client.get_ref().shutdown(std::net::Shutdown::Write).or_else(|error| {
            // Closed already, to some extent.
            if error.kind() == io::ErrorKind::NotConnected { Ok(()) } else { Err(error) }
        })?;
        assert_eq!(server.read_to_end(&mut Vec::new()).await?, 0);

        let (_second, mut incoming) = (TcpStream::connect(address)?, Box::pin(listener.incoming()));
        let accepted: Option<io::Result<Async<TcpStream>>> = incoming.next().await;
        accepted.expect("the stream of connections never ends").map(drop)
    })
}

#[test]
fn udp_code_works() -> io::Result<()> {
    block_on(async {
        let near = Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let far = Async::<UdpSocket>::try_from(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?)?;
        let (near_address, far_address) =
            (near.get_ref().local_addr()?, far.get_ref().local_addr()?);
        let mut buf = [0; 16];
        assert_eq!(sends(near.send_to(b"note", far_address)).await?, 4);
        assert_eq!(sends(far.peek_from(&mut buf)).await?, (4, near_address));
        assert_eq!(sends(far.recv_from(&mut buf)).await?, (4, near_address));
        near.get_ref().connect(far_address)?;
        far.get_ref().connect(near_address)?;
        assert_eq!(sends(near.send(b"again")).await?, 5);
        assert_eq!(sends(far.peek(&mut buf)).await?, 5);
        assert_eq!(sends(far.recv(&mut buf)).await?, 5);
        Ok(())
    })
}

/// A path for a socket, which is removed in the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new(name: &str) -> SocketPath {
        let file = format!("{}-{}-{name}", env!("CARGO_CRATE_NAME"), std::process::id());
        SocketPath(std::env::temp_dir().join(file))
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn unix_stream_code_works() -> io::Result<()> {
    type Accepted = io::Result<(Async<UnixStream>, UnixSocketAddr)>;
    let path = SocketPath::new("stream");
    block_on(async {
        let listener = Async::<UnixListener>::bind(&path)?;
        let mut client = sends(Async::<UnixStream>::connect(&path)).await?;
        let accepted: Accepted = sends(listener.accept()).await;
        let server = accepted?.0;
        client.write_all(b"note").await?;
        assert_eq!((&server).read(&mut [0; 16]).await?, 4);

        let (_second, mut incoming) = (UnixStream::connect(&path)?, Box::pin(listener.incoming()));
        let accepted: Option<io::Result<Async<UnixStream>>> = incoming.next().await;
        drop(accepted.expect("the stream of connections never ends")?);

        let (near, mut far): (Async<UnixStream>, Async<UnixStream>) = Async::<UnixStream>::pair()?;
        drop(near);
        assert_eq!(far.read_to_end(&mut Vec::new()).await?, 0);
        Ok(())
    })
}

#[test]
fn names_in_the_abstract_namespace_are_connected_to() -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    let name = format!("{}-{}", env!("CARGO_CRATE_NAME"), std::process::id());
    let listener = UnixListener::bind_addr(&UnixSocketAddr::from_abstract_name(&name)?)?;
    let stream = block_on(Async::<UnixStream>::connect(format!("\0{name}")))?;
    assert_eq!(stream.get_ref().peer_addr()?.as_abstract_name(), Some(name.as_bytes()));
    listener.accept().map(drop)
}

#[test]
fn unix_datagram_code_works() -> io::Result<()> {
    let path = SocketPath::new("datagram");
    block_on(async {
        let server = Async::<UnixDatagram>::bind(&path)?;
        let client = Async::<UnixDatagram>::unbound()?;
        let mut buf = [0; 16];
        assert_eq!(sends(client.send_to(b"note", &path)).await?, 4);
        let received: (usize, UnixSocketAddr) = sends(server.recv_from(&mut buf)).await?;
        assert_eq!(received.0, 4);
        let (near, far) = Async::<UnixDatagram>::pair()?;
        assert_eq!(sends(near.send(b"again")).await?, 5);
        assert_eq!(sends(far.recv(&mut buf)).await?, 5);
        Ok(())
    })
}

#[test]
fn code_with_operations_of_its_own_works() -> io::Result<()> {
    block_on(async {
        let (near, far) = UnixStream::pair()?;
        let (near, far) = (Async::new(near)?, Arc::new(Async::try_from(OwnedFd::from(far))?));
        let far: Arc<Async<UnixStream>> = far;
        assert_eq!(far.as_raw_fd(), far.as_fd().as_raw_fd());
        let _: &UnixStream = Async::as_ref(&near);

        near.writable().await?;
        Arc::clone(&far).writable_owned().await?;
        poll_fn(|cx| near.poll_writable(cx)).await?;
        sends(near.write_with(|mut io| io::Write::write(&mut io, b"note"))).await?;
        far.readable().await?;
        Arc::clone(&far).readable_owned().await?;
        poll_fn(|cx| far.poll_readable(cx)).await?;
        let read = |mut io: &UnixStream| io::Read::read(&mut io, &mut [0; 16]);
        assert_eq!(sends(far.read_with(read)).await?, 4);

        let inner: UnixStream = near.into_inner()?;
        let _: OwnedFd = Async::new(inner)?.try_into()?;
        Ok(())
    })
}

#[test]
fn timer_code_works() {
    let short = Duration::from_millis(1);
    block_on(async {
        let start = Instant::now();
        assert!(Timer::after(short).await >= start + short);
        assert_eq!(Timer::at(start).await, start);
        let ticks: Vec<Instant> = Timer::interval_at(start, short).take(3).collect().await;
        assert_eq!(ticks, [start, start + short, start + 2 * short]);
        let mut timer = Timer::never();
        assert!(!timer.will_fire());
        timer.set_interval(short);
        let first = StreamExt::next(&mut timer).await.expect("an interval goes on");
        assert_eq!((&mut timer).await, first + short);
        timer.set_interval_at(start, short);
        assert_eq!((&mut timer).await, start);
        let mut timer = Timer::never();
        timer.set_at(start);
        assert_eq!((&mut timer).await, start);
        assert!(!timer.will_fire());
        timer.set_after(short);
        Pin::new(&mut timer).await;
        timer.set_after(short);
        timer.clear();
        assert!(!timer.will_fire());
        assert!(future::poll_once(&mut timer).await.is_none());
    });
}

/// A loop that somebody else runs, as that of a window system.
#[test]
fn the_reactors_descriptor_becomes_readable() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Some(fd) = reactor_fd() else { return Ok(()) };
    block_on(async {
        let (near, far) = Async::<UnixStream>::pair()?;
        assert!(future::poll_once(near.readable()).await.is_none());
        io::Write::write_all(&mut far.get_ref(), b"x")?;
        let mut set = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        // Whether something else takes the event first is up to the reactor.
        poll(&mut set, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        near.readable().await
    })
}

//! Which types are sockets that take many buffers in one system call.

use std::any::TypeId;
use std::net::TcpStream;

use mini_async::Async;

pub(crate) fn is_stream<T: 'static>() -> bool {
    let this = TypeId::of::<T>();
    this == TypeId::of::<Async<TcpStream>>() || this == unix::stream()
}

#[cfg(unix)]
mod unix {
    use std::any::TypeId;
    use std::os::unix::net::UnixStream;

    pub(super) fn stream() -> TypeId {
        TypeId::of::<mini_async::Async<UnixStream>>()
    }
}

#[cfg(not(unix))]
mod unix {
    use std::any::TypeId;

    /// No such type here; this one answers for it.
    pub(super) fn stream() -> TypeId {
        TypeId::of::<super::Async<super::TcpStream>>()
    }
}

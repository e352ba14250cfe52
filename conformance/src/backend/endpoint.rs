//! One end of a connection, as the suite uses it: bytes go in and come out, and nothing blocks.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use mini_reactor::{AsIo, BorrowedIo, Direction};

/// One of two connected endpoints: a stream of bytes in each direction, in non-blocking mode.
///
/// Implemented for whatever has `Read` and `Write` by shared reference, as the sockets of `std`
/// have. Dropping it closes it; the peer then reads what was written before, and the end of the
/// stream or an error. What a write takes is bounded: at some time it says `WouldBlock`.
pub trait Endpoint: AsIo + Send + Sync + 'static {
    /// As [`Read::read`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is nothing to read.
    fn try_read(&self, bytes: &mut [u8]) -> io::Result<usize>;

    /// As [`Write::write`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is no room.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

impl<T> Endpoint for T
where
    T: AsIo + Send + Sync + 'static,
    for<'a> &'a T: Read + Write,
{
    fn try_read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        (&mut &*self).read(bytes)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self).write(bytes)
    }
}

/// An endpoint of any kind, which may be registered more than once.
#[derive(Clone)]
pub(crate) struct End(Arc<dyn Erased>);

trait Erased: Send + Sync {
    fn endpoint(&self) -> &dyn Endpoint;
    fn half_close(&self) -> io::Result<()>;
}

/// An endpoint and how to say on it that nothing more will be written.
struct With<E, F> {
    endpoint: E,
    half_close: Arc<F>,
}

impl<E: Endpoint, F: Fn(&E) -> io::Result<()> + Send + Sync> Erased for With<E, F> {
    fn endpoint(&self) -> &dyn Endpoint {
        &self.endpoint
    }
    fn half_close(&self) -> io::Result<()> {
        (self.half_close)(&self.endpoint)
    }
}

impl End {
    pub(crate) fn new<E: Endpoint>(
        endpoint: E,
        half_close: &Arc<impl Fn(&E) -> io::Result<()> + Send + Sync + 'static>,
    ) -> End {
        End(Arc::new(With { endpoint, half_close: Arc::clone(half_close) }))
    }

    pub(crate) fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.endpoint().try_read(bytes)
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.endpoint().try_write(bytes)
    }

    /// Writes a few bytes, for which there has to be room.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let written = self.write(bytes).expect("there is room for a few bytes");
        assert_eq!(written, bytes.len(), "there is room for a few bytes");
    }

    /// Says that nothing more will be written.
    pub(crate) fn half_close(&self) {
        self.0.half_close().expect("a connection can be closed by halves, as is claimed");
    }

    /// Reads what there is, and says how much that was.
    pub(crate) fn drain(&self) -> usize {
        let mut block = [0; 16_384];
        let mut read = 0;
        loop {
            match self.read(&mut block) {
                Ok(0) => return read,
                Ok(some) => read += some,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return read,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}"),
            }
        }
    }
}

impl AsIo for End {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.endpoint().as_io()
    }
    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.endpoint().is_ready(direction)
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("End").field(&self.as_io()).finish()
    }
}

//! Pipes: one direction, on no host, without latency.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;

use mini_reactor::{AsIo, BorrowedIo, Direction};

use crate::network::end::Form;
use crate::network::object::Open;
use crate::world::Shared;

/// The reading end of a pipe of [`Sim::pipe`](crate::Sim::pipe).
///
/// # Errors
///
/// Reading fails with `WouldBlock` while there is nothing, and with `Interrupted` if that strikes.
/// When the writer is gone, it finds the end.
#[derive(Debug)]
pub struct PipeReader(Open);

/// The writing end of a pipe of [`Sim::pipe`](crate::Sim::pipe). Dropping it ends the pipe.
///
/// # Errors
///
/// Writing fails with `WouldBlock` while there is no room, with `BrokenPipe` when the reader is
/// gone, and with `Interrupted` if that strikes.
#[derive(Debug)]
pub struct PipeWriter(Open);

impl AsIo for PipeReader {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.as_io()
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.is_ready(direction)
    }
}

impl AsIo for PipeWriter {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.as_io()
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.is_ready(direction)
    }
}

impl Read for &PipeReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_vectored(&mut [IoSliceMut::new(buf)])
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.with(|world, number| world.read(number, bufs))
    }
}

impl Read for PipeReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for &PipeWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.with(|world, number| world.write(number, bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn pipe(shared: &Arc<Shared>) -> (PipeReader, PipeWriter) {
    let (reader, writer) = shared.with(|world| world.open_pair(Form::PipeReader, Form::PipeWriter));
    (PipeReader(Open::new(shared, reader)), PipeWriter(Open::new(shared, writer)))
}

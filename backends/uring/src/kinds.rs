//! Which descriptors a ring can wait for, and which are always ready.

use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;

use mini_reactor::BorrowedIo;
use rustix::event::epoll;
use rustix::fs::FileType;
use rustix::io::Errno;

pub(crate) fn descriptor(io: BorrowedIo<'_>) -> io::Result<BorrowedFd<'_>> {
    io.as_fd().ok_or_else(|| {
        io::Error::new(ErrorKind::Unsupported, "a ring waits for objects of the system only")
    })
}

/// Whether the system has no way to say when this is ready, because it always is. A ring polls such
/// a file all the same, so this has to be found out.
pub(crate) fn never_blocks(fd: BorrowedFd<'_>) -> io::Result<bool> {
    match FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode) {
        FileType::RegularFile | FileType::Directory | FileType::BlockDevice => Ok(true),
        FileType::CharacterDevice => refused_by_epoll(fd),
        _ => Ok(false),
    }
}

/// A terminal blocks, `/dev/null` does not, and epoll knows the difference.
fn refused_by_epoll(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let data = epoll::EventData::new_u64(0);
    match epoll::add(&set, fd, data, epoll::EventFlags::empty()) {
        Ok(()) => Ok(false),
        Err(Errno::PERM) => Ok(true),
        Err(errno) => Err(errno.into()),
    }
}

//! What threads and objects are called, so that a person finds them in the picture.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};

use mini_reactor::BorrowedIo;

/// So many threads have names and numbers of their own; the rest share one.
const NAMED: usize = 4096;

static THREADS: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static NUMBER: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The number of this thread, the same in all recordings of the process.
pub(crate) fn this_thread() -> u32 {
    NUMBER.get().unwrap_or_else(|| {
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.len() <= NAMED {
            let current = std::thread::current();
            let others = threads.len() == NAMED;
            let name = if others { "others" } else { current.name().unwrap_or("thread") };
            threads.push(name.to_owned());
        }
        let number = threads.len() as u32 - 1;
        NUMBER.set(Some(number));
        number
    })
}

/// The names of all threads, by number.
pub(crate) fn threads() -> Vec<String> {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(crate) fn object(io: BorrowedIo<'_>) -> String {
    match io.as_virtual() {
        Some(number) => format!("virtual {number}"),
        None => descriptor(io),
    }
}

/// By where a socket is, and its peer, which takes two system calls.
#[cfg(unix)]
fn descriptor(io: BorrowedIo<'_>) -> String {
    use rustix::net::{SocketAddrAny, getpeername, getsockname};
    use std::net::SocketAddr;
    use std::os::fd::AsRawFd;

    let Some(fd) = io.as_fd() else { unreachable!("what is not virtual has a descriptor") };
    let ip = |any: SocketAddrAny| SocketAddr::try_from(any).ok();
    let number = fd.as_raw_fd();
    match (getsockname(fd).map(ip), getpeername(fd).map(|peer| peer.and_then(ip))) {
        (Ok(Some(here)), Ok(Some(peer))) => format!("fd {number}: {here} ⇄ {peer}"),
        (Ok(Some(here)), _) => format!("fd {number}: {here}"),
        (Ok(None), _) => format!("fd {number}: a socket"),
        (Err(_), _) => format!("fd {number}"),
    }
}

#[cfg(not(unix))]
fn descriptor(_: BorrowedIo<'_>) -> String {
    "a socket".to_owned()
}

//! What the kernel says about this process, and what its allocator has given out.

use std::alloc::System;
use std::fs;
use std::io;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Bytes that were allocated and are not freed.
pub(crate) fn allocated() -> usize {
    ALLOCATOR.allocated()
}

/// Open descriptors, the one used for counting left out.
pub(crate) fn descriptors() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count() - 1)
}

/// Resident memory in bytes.
pub(crate) fn resident() -> io::Result<usize> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("statm has another form"))?;
    Ok(pages * rustix::param::page_size())
}

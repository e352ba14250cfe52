//! `epoll_wait` for kernels without `epoll_pwait2`: milliseconds, rounded up so as not to be early.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::event::{Timespec, epoll};

#[expect(
    unsafe_code,
    reason = "the C library's epoll_wait, which rustix offers only as epoll_pwait2"
)]
pub(super) fn wait<const N: usize>(
    epoll: &OwnedFd,
    timeout: Option<Timespec>,
) -> io::Result<Vec<epoll::Event>> {
    // # Safety of the declaration: it is that of epoll_wait(2).
    unsafe extern "C" {
        fn epoll_wait(epfd: c_int, events: *mut epoll::Event, max: c_int, timeout: c_int) -> c_int;
    }
    let blank =
        epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) };
    let mut events = vec![blank; N];
    let timeout = timeout.map_or(-1, milliseconds);
    let max = c_int::try_from(N).expect("a small constant");
    // SAFETY: `epoll` is open; `events` has room for `max` of the kernel's own layout, all
    // initialised, and lives through the call.
    let count = unsafe { epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), max, timeout) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    events.truncate(count);
    Ok(events)
}

fn milliseconds(timeout: Timespec) -> c_int {
    let whole = timeout.tv_sec.saturating_mul(1000);
    let rest = (timeout.tv_nsec + 999_999) / 1_000_000;
    c_int::try_from(whole.saturating_add(rest)).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_wait_waits_reports_and_rounds_up() {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let begin = std::time::Instant::now();
        let timeout = Timespec { tv_sec: 0, tv_nsec: 1_500_000 };
        assert!(wait::<8>(&set, Some(timeout)).unwrap().is_empty());
        assert!(begin.elapsed().as_micros() >= 1_500);

        let (reader, writer) = rustix::event::eventfd(1, rustix::event::EventfdFlags::empty())
            .map(|fd| (fd.try_clone().unwrap(), fd))
            .unwrap();
        let data = epoll::EventData::new_u64(7);
        epoll::add(&set, &reader, data, epoll::EventFlags::IN).unwrap();
        let events = wait::<8>(&set, None).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!({ events[0].data }.u64(), 7);
        drop(writer);
    }
}

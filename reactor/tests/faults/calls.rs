//! The system calls that the default reactor makes, and the errors that their manual pages list.

use libc::{
    EAGAIN, EBADF, ECANCELED, EDESTADDRREQ, EDQUOT, EEXIST, EFAULT, EFBIG, EINTR, EINVAL, EIO,
    EISDIR, ELOOP, EMFILE, ENFILE, ENODEV, ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM, EPIPE, c_int,
    c_long,
};

use crate::seccomp::Notification;

/// A kind of system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    EpollCreate,
    EpollAdd,
    EpollModify,
    EpollDelete,
    /// `epoll_pwait2`.
    Wait,
    /// `epoll_wait` or `epoll_pwait`, whichever the C library has.
    OldWait,
    Eventfd,
    TimerfdCreate,
    TimerfdSet,
    Poll,
    Read,
    Write,
}

/// Numbers of the calls, some of which exist on some processors only.
const NUMBERS: &[(c_long, Call)] = &[
    (libc::SYS_epoll_create1, Call::EpollCreate),
    (libc::SYS_epoll_ctl, Call::EpollAdd), // which of the three, the arguments say
    (libc::SYS_epoll_pwait2, Call::Wait),
    (libc::SYS_epoll_pwait, Call::OldWait),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_epoll_wait, Call::OldWait),
    (libc::SYS_eventfd2, Call::Eventfd),
    (libc::SYS_timerfd_create, Call::TimerfdCreate),
    (libc::SYS_timerfd_settime, Call::TimerfdSet),
    (libc::SYS_ppoll, Call::Poll),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_poll, Call::Poll),
    (libc::SYS_read, Call::Read),
    (libc::SYS_write, Call::Write),
];

/// The numbers that the filter stops.
pub(crate) fn numbers() -> Vec<c_long> {
    NUMBERS.iter().map(|(number, _)| *number).collect()
}

impl Call {
    pub(crate) fn of(notification: &Notification) -> Call {
        let known = NUMBERS.iter().find(|(number, _)| *number == notification.number);
        let (_, call) = known.expect("the filter stops no other calls");
        match (*call, notification.arguments[1] as c_int) {
            (Call::EpollAdd, libc::EPOLL_CTL_MOD) => Call::EpollModify,
            (Call::EpollAdd, libc::EPOLL_CTL_DEL) => Call::EpollDelete,
            (call, _) => call,
        }
    }

    /// The errors of the call's manual page (Linux man-pages 6), and those by which a kernel or a
    /// sandbox says that it does not know the call.
    pub(crate) fn errors(self) -> &'static [c_int] {
        match self {
            Call::EpollCreate => &[EINVAL, EMFILE, ENFILE, ENOMEM],
            Call::EpollAdd => &[EBADF, EEXIST, EINVAL, ELOOP, ENOMEM, ENOSPC, EPERM],
            Call::EpollModify => &[EBADF, EINVAL, ENOENT, ENOMEM],
            Call::EpollDelete => &[EBADF, EINVAL, ENOENT, ENOMEM],
            Call::Wait => &[EBADF, EFAULT, EINTR, EINVAL, ENOSYS, EPERM],
            Call::OldWait => &[EBADF, EFAULT, EINTR, EINVAL],
            Call::Eventfd => &[EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM],
            Call::TimerfdCreate => &[EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, EPERM],
            Call::TimerfdSet => &[EBADF, ECANCELED, EFAULT, EINVAL],
            Call::Poll => &[EFAULT, EINTR, EINVAL, ENOMEM],
            Call::Read => &[EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR],
            Call::Write => &[
                EAGAIN,
                EBADF,
                EDESTADDRREQ,
                EDQUOT,
                EFAULT,
                EFBIG,
                EINTR,
                EINVAL,
                EIO,
                ENOSPC,
                EPERM,
                EPIPE,
            ],
        }
    }
}

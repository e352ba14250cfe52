//! Objects that the system does not know: errors, not hangs or aborts.
#![cfg(unix)]

mod common;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use common::{poll_once, run};
use mini_async::Async;
use mini_reactor::{AsIo, BorrowedIo};

/// An object that breaks the rule that a descriptor is open.
struct Broken(i32);

impl AsFd for Broken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        not_open(self.0)
    }
}

#[expect(unsafe_code, reason = "what is not open can be borrowed in no other way")]
fn not_open(number: i32) -> BorrowedFd<'static> {
    // SAFETY: it is not open, which breaks the rule on purpose: nothing else of this process has,
    // or will have, a descriptor of such a number, so no call can hit the wrong object.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Far above what a process may have; and negative, other than -1, which cannot be borrowed.
const NOT_OPEN: [i32; 3] = [i32::MAX - 1, -2, i32::MIN];

fn is_bad_descriptor(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error())
}

#[test]
fn a_descriptor_that_is_not_open_is_an_error_at_once() {
    for number in NOT_OPEN {
        let error = Async::new(Broken(number)).map(drop).expect_err("it has no mode to set");
        assert!(is_bad_descriptor(&error), "{number}: {error:?}");
    }
}

#[test]
fn a_descriptor_that_is_not_open_is_an_error_of_the_wait() -> io::Result<()> {
    run(async {
        for number in NOT_OPEN {
            let broken = Async::new_nonblocking(Broken(number))?;
            let error = broken.readable().await.expect_err("it cannot be registered");
            assert!(is_bad_descriptor(&error), "{number}: {error:?}");
            let error = broken.writable().await.expect_err("it cannot be registered");
            assert!(is_bad_descriptor(&error), "{number}: {error:?}");
            let never = || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
            let error = broken.read_with(|_| never()).await.expect_err("nor now");
            assert!(is_bad_descriptor(&error), "{number}: {error:?}");
            let mut broken = broken;
            let error = broken.read_with_mut(|_| never()).await.expect_err("nor duplicated");
            assert!(is_bad_descriptor(&error), "{number}: {error:?}");
            // Its end asks nothing of the system.
            broken.into_inner()?;
        }
        Ok(())
    })
}

#[test]
fn an_object_that_was_refused_is_taken_once_it_is_another() -> io::Result<()> {
    /// Broken at first.
    struct Repaired(Option<std::net::UdpSocket>);
    impl AsFd for Repaired {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_ref().map_or(not_open(NOT_OPEN[0]), AsFd::as_fd)
        }
    }
    run(async {
        let mut object = Async::new_nonblocking(Repaired(None))?;
        assert!(object.readable().await.is_err());
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let own_address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        object.get_mut().0 = Some(socket);
        assert!(poll_once(object.readable()).is_pending());
        object.get_ref().0.as_ref().expect("just set").send_to(b"note", own_address)?;
        object.readable().await
    })
}

#[test]
fn an_object_of_a_simulator_is_no_object_of_the_system() -> io::Result<()> {
    struct Simulated;
    impl AsIo for Simulated {
        fn as_io(&self) -> BorrowedIo<'_> {
            BorrowedIo::virtual_object(7)
        }
    }
    run(async {
        let mut object = Async::new(Simulated)?;
        let error = object.readable().await.expect_err("epoll knows no numbers");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let wait = |_: &mut Simulated| io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
        let error = object.read_with_mut(wait).await.expect_err("nor duplicates of them");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        Ok(())
    })
}

//! Kinds of objects beside sockets and files: terminals, and descriptors that stand for events.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{poll_once, run};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer};
use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{PidfdFlags, WaitIdOptions, pidfd_open, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// A terminal that passes bytes through: the side of its window, and the side of its program.
fn terminal() -> io::Result<(File, File)> {
    let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&window)?;
    unlockpt(&window)?;
    let name = ptsname(&window, Vec::new())?;
    let program = rustix::fs::open(
        name,
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    let mut mode = tcgetattr(&program)?;
    mode.make_raw();
    tcsetattr(&program, OptionalActions::Now, &mode)?;
    Ok((window.into(), program.into()))
}

#[test]
fn both_sides_of_a_terminal_are_streams() -> io::Result<()> {
    run(async {
        let (window, program) = terminal()?;
        let (mut window, mut program) = (Async::new(window)?, Async::new(program)?);
        let mut typed = [0; 5];
        let type_in = async {
            future::yield_now().await;
            window.write_all(b"hello").await
        };
        let (read, written) = future::zip(program.read_exact(&mut typed), type_in).await;
        written?;
        read?;
        assert_eq!(&typed, b"hello");

        let shown = vec![b'o'; 100_000]; // more than the terminal holds
        let mut seen = vec![0; shown.len()];
        let show = async {
            program.write_all(&shown).await?;
            program.flush().await
        };
        let (written, read) = future::zip(show, window.read_exact(&mut seen)).await;
        written?;
        read?;
        assert!(seen == shown);
        Ok(())
    })
}

#[test]
fn a_terminal_that_is_closed_ends_the_wait() -> io::Result<()> {
    run(async {
        let (window, program) = terminal()?;
        let mut window = Async::new(window)?;
        assert!(poll_once(window.read(&mut [0])).is_pending());
        let close = async {
            future::yield_now().await;
            drop(program);
        };
        let (read, ()) = future::zip(window.read(&mut [0]), close).await;
        // How Linux says that the other side has gone.
        let error = read.expect_err("there is nothing to read");
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::IO.raw_os_error()));
        Ok(())
    })
}

#[test]
fn an_eventfd_wakes_its_reader_and_its_writer() -> io::Result<()> {
    run(async {
        let event = Async::new(eventfd(0, EventfdFlags::CLOEXEC)?)?;
        let read = || {
            event.read_with(|fd| {
                let mut count = [0; 8];
                rustix::io::read(fd, &mut count)?;
                Ok(u64::from_ne_bytes(count))
            })
        };
        let add = |count: u64| {
            event.write_with(move |fd| Ok(rustix::io::write(fd, &count.to_ne_bytes())?))
        };
        for count in 1..50 {
            let (seen, added) = future::zip(read(), async {
                future::yield_now().await;
                add(count).await
            })
            .await;
            added?;
            assert_eq!(seen?, count);
        }
        // Its counter can be full, and then a write waits.
        add(u64::MAX - 1).await?;
        let (added, seen) = future::zip(add(7), async {
            Timer::after(Duration::from_millis(1)).await;
            read().await
        })
        .await;
        added?;
        assert_eq!(seen?, u64::MAX - 1);
        assert_eq!(read().await?, 7);
        assert!(poll_once(read()).is_pending());
        Ok(())
    })
}

#[test]
fn a_timerfd_wakes_its_reader_each_time() -> io::Result<()> {
    run(async {
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        let millisecond = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
        let every = Itimerspec { it_interval: millisecond, it_value: millisecond };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &every)?;
        let mut timer = Async::new_nonblocking(File::from(timer))?;
        let mut expired = 0;
        while expired < 10 {
            let mut count = [0; 8];
            timer.read_exact(&mut count).await?;
            expired += u64::from_ne_bytes(count);
        }
        Ok(())
    })
}

#[test]
fn a_process_descriptor_is_readable_when_the_process_ends() -> io::Result<()> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let pid = rustix::process::Pid::from_child(&child);
    let process: OwnedFd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::NOSYS) => return child.kill(), // before Linux 5.3
        Err(error) => return Err(error.into()),
    };
    run(async {
        let process = Async::new_nonblocking(process)?;
        assert!(poll_once(process.readable()).is_pending());
        let end = async {
            future::yield_now().await;
            drop(child.stdin.take());
        };
        let (ended, ()) = future::zip(process.readable(), end).await;
        ended?;
        let id = rustix::process::WaitId::PidFd(rustix::fd::AsFd::as_fd(&process));
        let status = waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
        assert_eq!(status.and_then(|status| status.exit_status()), Some(0));
        io::Result::Ok(())
    })?;
    child.wait().map(drop)
}

#[test]
fn a_named_pipe_is_a_stream() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("mini-async-{}-fifo", std::process::id()));
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU)?;
    // Open for both, so that opening does not wait for the other side.
    let both = File::options().read(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?;
    run(async {
        let both = Async::new(both)?;
        assert!(poll_once((&both).read(&mut [0])).is_pending());
        let (read, written) = future::zip((&both).read(&mut [0; 8]), async {
            future::yield_now().await;
            (&mut both.get_ref()).write(b"note")
        })
        .await;
        assert_eq!((read?, written?), (4, 4));
        Ok(())
    })
}

#[test]
fn an_epoll_set_is_readable_when_something_in_it_is() -> io::Result<()> {
    use rustix::event::epoll;
    run(async {
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
        let data = epoll::EventData::new_u64(1);
        epoll::add(&set, &near, data, epoll::EventFlags::IN)?;
        let set = Async::new_nonblocking(set)?;
        assert!(poll_once(set.readable()).is_pending());
        let (ready, written) = future::zip(set.readable(), async {
            future::yield_now().await;
            far.write_all(b"x")
        })
        .await;
        written?;
        ready?;
        assert_eq!((&near).read(&mut [0; 8])?, 1);
        assert!(poll_once(set.readable()).is_pending());
        Ok(())
    })
}

//! `System`, with something wrong about it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Direction, Directions, GlobalReactor, ReadyList, Source, System};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    DropsEventsBeyondAHundred,
    RepeatsAnEventForEver,
    KeepsAStaleKey,
    LosesTheFirstNotify,
    DropsTheClosedBit,
    TakesAHalfCloseForAHangUp,
    TakesAHangUpForAHalfClose,
    IgnoresLongTimeouts,
    RoundsTimeoutsDown,
    OverflowsTimeouts,
    KeepsTheSourceOfARefusedDeregister,
    TakesAnObjectTwice,
    TakesVirtualObjects,
    DeregistersTheUnknown,
    ClockGoesBack,
    ClockIsBehindElsewhere,
    NotifyBlocksWhenFull,
    NotificationsStay,
    PollableChanges,
    PollableStaysReadable,
    RefusesFiles,
    LeaksADescriptorPerObject,
    LeaksADescriptorOfItsOwn,
    GivesUpWhenInterrupted,
    PanicsWithoutDescriptors,
    DropsWriteReadinessAlone,
}

#[derive(Default)]
struct State {
    used: AtomicBool,
    /// Notifies since the last turn.
    notifies: AtomicUsize,
    notifications_stay: AtomicBool,
    /// The event to be repeated.
    last: Mutex<Option<Weak<Source>>>,
    /// Descriptors that were deregistered with an event under way, and the sources that have got
    /// their numbers since.
    stale: Mutex<HashSet<i32>>,
    robbed: Mutex<Vec<usize>>,
    /// Sources of which it was reported that they can be read.
    reported: Mutex<HashSet<usize>>,
    written: Mutex<HashMap<usize, usize>>,
    kept: Mutex<Vec<Arc<Source>>>,
    open: Mutex<Vec<File>>,
    looks: Mutex<(Option<ThreadId>, usize)>,
    driver: Mutex<Option<ThreadId>>,
    pollables: [OnceLock<OwnedFd>; 2],
    asked: AtomicUsize,
}

pub(super) struct Faulty {
    system: System,
    fault: Fault,
    maker: ThreadId,
    state: State,
}

impl Faulty {
    pub(super) fn new(fault: Fault) -> Faulty {
        if fault == Fault::LeaksADescriptorOfItsOwn {
            let leaked = File::open("/dev/null").unwrap();
            let _open = std::mem::ManuallyDrop::new(leaked);
        }
        let maker = thread::current().id();
        Faulty { system: System::new(), fault, maker, state: State::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

fn readable(fd: impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut set = [PollFd::from_borrowed_fd(fd.as_fd(), PollFlags::IN)];
    poll(&mut set, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
}

impl GlobalReactor for Faulty {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.state.used.store(true, SeqCst);
        let Some(fd) = io.as_fd() else {
            return match self.has(Fault::TakesVirtualObjects) {
                true => Ok(()),
                false => self.system.register(io, source),
            };
        };
        match self.fault {
            Fault::RefusesFiles if rustix::fs::fstat(fd).is_ok_and(|stat| is_file(&stat)) => {
                return Err(ErrorKind::PermissionDenied.into());
            }
            Fault::LeaksADescriptorPerObject => {
                self.state.open.lock().unwrap().push(File::open("/dev/null")?);
            }
            Fault::KeepsAStaleKey if self.state.stale.lock().unwrap().remove(&fd.as_raw_fd()) => {
                self.state.robbed.lock().unwrap().push(source.id());
            }
            _ => {}
        }
        match self.system.register(io, source) {
            Err(error) if self.has(Fault::TakesAnObjectTwice) => match error.kind() {
                ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            },
            Err(error) if self.has(Fault::PanicsWithoutDescriptors) => {
                assert_ne!(error.raw_os_error(), Some(24), "too many files, of all things");
                Err(error)
            }
            result => result,
        }
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.system.rearm(io, source, wanted)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        if let (Fault::KeepsAStaleKey, Some(fd)) = (self.fault, io.as_fd()) {
            let drives = *self.state.driver.lock().unwrap() == Some(thread::current().id());
            let reported = self.state.reported.lock().unwrap().contains(&source.id());
            if drives && !reported && readable(fd) {
                self.state.stale.lock().unwrap().insert(fd.as_raw_fd());
            }
        }
        let result = self.system.deregister(io, source);
        match (&result, self.fault) {
            (Err(_), Fault::DeregistersTheUnknown) => Ok(()),
            (Err(_), Fault::KeepsTheSourceOfARefusedDeregister) => {
                self.state.kept.lock().unwrap().push(Arc::clone(source));
                result
            }
            _ => result,
        }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.state.used.store(true, SeqCst);
        self.state.driver.lock().unwrap().get_or_insert(thread::current().id());
        let at_once = timeout == Some(Duration::ZERO);
        let timeout = self.wrong_timeout(timeout)?;
        let result = self.system.turn(timeout, ready);
        if self.state.notifies.swap(0, SeqCst) >= 20 {
            self.state.notifications_stay.store(true, SeqCst);
        }
        self.change(at_once, ready);
        match result {
            Err(error) if self.has(Fault::GivesUpWhenInterrupted) => Err(io::Error::other(error)),
            result => result,
        }
    }

    fn notify(&self) {
        if self.has(Fault::LosesTheFirstNotify) && !self.state.used.load(SeqCst) {
            return;
        }
        let pending = self.state.notifies.fetch_add(1, SeqCst);
        while self.has(Fault::NotifyBlocksWhenFull) && pending > 65_536 {
            thread::park();
        }
        self.system.notify();
    }

    fn now(&self) -> Instant {
        let (now, me) = (self.system.now(), thread::current().id());
        match self.fault {
            Fault::ClockGoesBack => {
                let mut looks = self.state.looks.lock().unwrap();
                looks.1 = if looks.0 == Some(me) { looks.1 + 1 } else { 0 };
                looks.0 = Some(me);
                let goes_back = looks.1 > 300 && looks.1 % 10 == 0;
                if goes_back { now - Duration::from_millis(1) } else { now }
            }
            Fault::ClockIsBehindElsewhere if me != self.maker => now - Duration::from_millis(1),
            _ => now,
        }
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        let own = self.system.pollable()?;
        let at = self.state.asked.fetch_add(1, SeqCst) % 2;
        match self.fault {
            Fault::PollableChanges => {
                let other = &self.state.pollables[at];
                let copy = || own.as_fd().unwrap().try_clone_to_owned().unwrap();
                Some(BorrowedIo::from(other.get_or_init(copy)))
            }
            Fault::PollableStaysReadable => {
                let zero = || File::open("/dev/zero").unwrap().into();
                Some(BorrowedIo::from(self.state.pollables[0].get_or_init(zero)))
            }
            _ => Some(own),
        }
    }
}

fn is_file(stat: &rustix::fs::Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
}

impl Faulty {
    fn wrong_timeout(&self, timeout: Option<Duration>) -> io::Result<Option<Duration>> {
        let Some(time) = timeout else { return Ok(None) };
        Ok(match self.fault {
            Fault::IgnoresLongTimeouts if time > Duration::from_millis(10) => None,
            Fault::RoundsTimeoutsDown => {
                Some(Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
            }
            Fault::OverflowsTimeouts if i64::try_from(time.as_nanos()).is_err() => {
                return Err(ErrorKind::InvalidInput.into());
            }
            Fault::NotificationsStay if self.state.notifications_stay.load(SeqCst) => {
                Some(Duration::ZERO)
            }
            _ => timeout,
        })
    }

    /// Changes what was reported.
    fn change(&self, at_once: bool, ready: &mut ReadyList) {
        let events = ready.events();
        match self.fault {
            Fault::DropsEventsBeyondAHundred => events.truncate(100),
            Fault::RepeatsAnEventForEver => {
                let last = &mut *self.state.last.lock().unwrap();
                match (events.last(), last.as_ref().and_then(Weak::upgrade)) {
                    (Some(event), _) => *last = Some(Arc::downgrade(&event.source)),
                    (None, Some(source)) if at_once => ready.push(&source, Directions::READ),
                    _ => {}
                }
            }
            Fault::KeepsAStaleKey => {
                let mut robbed = self.state.robbed.lock().unwrap();
                let mut reported = self.state.reported.lock().unwrap();
                for event in events.iter().filter(|event| event.ready.contains(Direction::Read)) {
                    reported.insert(event.source.id());
                }
                events.retain(|event| {
                    let at = robbed.iter().position(|id| *id == event.source.id());
                    let stale = event.ready.contains(Direction::Read) && at.is_some();
                    if let (true, Some(at)) = (stale, at) {
                        robbed.swap_remove(at);
                    }
                    !stale
                });
            }
            Fault::DropsTheClosedBit => {
                events.iter_mut().for_each(|event| event.closed = Directions::NONE);
            }
            Fault::TakesAHalfCloseForAHangUp => {
                events.iter_mut().filter(|event| !event.closed.is_empty()).for_each(|event| {
                    (event.ready, event.closed) = (Directions::BOTH, Directions::BOTH);
                });
            }
            Fault::TakesAHangUpForAHalfClose => {
                events.iter_mut().filter(|event| !event.closed.is_empty()).for_each(|event| {
                    event.closed = Directions::READ;
                });
            }
            Fault::DropsWriteReadinessAlone => {
                let mut written = self.state.written.lock().unwrap();
                events.retain(|event| {
                    if event.ready != Directions::WRITE {
                        return true;
                    }
                    let times = written.entry(event.source.id()).or_default();
                    *times += 1;
                    *times == 1 // the first is for a new object
                });
            }
            _ => {}
        }
    }
}

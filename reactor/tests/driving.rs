//! Who drives, on the real reactor: wakers that panic, several threads at once, hand-over, errors.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Direction, Handle, Reactor, Registration, System};

fn pair() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    there.set_nonblocking(true).expect("an open socket");
    (here, there)
}

fn reactor() -> Handle {
    Handle::from(Arc::new(Reactor::new(System::new())))
}

async fn sleep(reactor: &Handle, duration: Duration) {
    let mut deadline = Deadline::after_in(duration, reactor);
    poll_fn(|cx| deadline.poll(cx)).await;
}

struct Panics(AtomicUsize);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        panic!("a waker that panics, as this test wants");
    }
}

#[test]
fn a_panicking_waker_does_not_keep_the_others_from_waking() {
    let reactor = reactor();
    let (mut here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    let panics = Arc::new(Panics(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&panics));
    assert!(there.poll_ready(Direction::Read, &mut Context::from_waker(&waker)).is_pending());
    here.write_all(b"x").unwrap();
    reactor.block_on(there.ready(Direction::Read)).unwrap();
    assert_eq!(panics.0.load(SeqCst), 1);
}

#[test]
fn several_threads_in_block_on_each_get_their_events() {
    let reactor = reactor();
    let rounds = 500;
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let reactor = reactor.clone();
            thread::spawn(move || {
                let (mut here, there) = pair();
                let there = Registration::new_in(there, &reactor);
                let echo = thread::spawn(move || {
                    for _ in 0..rounds {
                        let mut byte = [0];
                        here.read_exact(&mut byte).unwrap();
                        here.write_all(&byte).unwrap();
                    }
                });
                reactor.block_on(async {
                    for round in 0..rounds {
                        there.get_ref().write_all(&[round as u8]).unwrap();
                        let mut byte = [0];
                        let read = |mut io: &UnixStream| io.read(&mut byte);
                        assert_eq!(there.io(Direction::Read, read).await.unwrap(), 1);
                        assert_eq!(byte[0], round as u8);
                        if round % 100 == 0 {
                            sleep(&reactor, Duration::from_micros(300)).await;
                        }
                    }
                });
                echo.join().unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn the_driver_hands_over_before_it_runs_its_own_task() {
    let reactor = reactor();
    let (mut here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    let (blocks, is_blocking) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let driver = {
        let reactor = reactor.clone();
        thread::spawn(move || {
            reactor.block_on(async {
                sleep(&reactor, Duration::from_millis(50)).await;
                blocks.send(()).unwrap();
                // A task that blocks its thread until the other one is done.
                is_done.recv().unwrap();
            });
        })
    };
    thread::sleep(Duration::from_millis(10)); // whichever thread drives, the other has parked
    let feeder = thread::spawn(move || {
        is_blocking.recv().unwrap();
        here.write_all(b"x").unwrap();
        here
    });
    reactor.block_on(there.ready(Direction::Read)).unwrap();
    done.send(()).unwrap();
    driver.join().unwrap();
    drop(feeder.join().unwrap());
}

#[test]
fn timers_in_the_past_are_ready_at_once_and_those_beyond_time_never() {
    let reactor = reactor();
    let mut cx = Context::from_waker(Waker::noop());
    let past = Instant::now() - Duration::from_millis(1);
    assert_eq!(Deadline::new_in(past, &reactor).poll(&mut cx), Poll::Ready(()));
    assert_eq!(Deadline::after_in(Duration::ZERO, &reactor).poll(&mut cx), Poll::Ready(()));
    let mut never = Deadline::after_in(Duration::MAX, &reactor);
    assert_eq!(never.poll(&mut cx), Poll::Pending);
    assert_eq!(reactor.next_deadline(), None);
}

#[test]
fn a_cancelled_timer_is_no_deadline_and_the_earliest_one_counts() {
    let reactor = reactor();
    let mut cx = Context::from_waker(Waker::noop());
    let mut late = Deadline::after_in(Duration::from_secs(60), &reactor);
    let mut soon = Deadline::after_in(Duration::from_secs(30), &reactor);
    assert!(late.poll(&mut cx).is_pending() && soon.poll(&mut cx).is_pending());
    assert_eq!(reactor.next_deadline(), soon.at());
    drop(soon);
    assert_eq!(reactor.next_deadline(), late.at());
    drop(late);
    assert_eq!(reactor.next_deadline(), None);
}

#[test]
fn a_hundred_thousand_timers_fire_none_early() {
    let reactor = reactor();
    let begin = Instant::now();
    let mut timers: Vec<_> = (0..100_000)
        .map(|i| Deadline::after_in(Duration::from_micros(i % 20_000 * 7919 % 20_000), &reactor))
        .collect();
    reactor.block_on(poll_fn(|cx| {
        timers.retain_mut(|timer| {
            let fired = timer.poll(cx).is_ready();
            assert!(!fired || Instant::now() >= timer.at().unwrap());
            !fired
        });
        if timers.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert!(begin.elapsed() >= Duration::from_micros(19_999));
}

#[test]
fn an_earlier_timer_of_another_thread_shortens_the_sleep() {
    let reactor = reactor();
    let (tx, rx) = mpsc::channel();
    let sleeper = {
        let reactor = reactor.clone();
        thread::spawn(move || {
            let (_here, there) = pair();
            let there = Registration::new_in(there, &reactor);
            reactor.block_on(async {
                let mut ready = std::pin::pin!(there.ready(Direction::Read));
                let stop: mpsc::Receiver<()> = rx;
                let mut tick = Deadline::after_in(Duration::from_millis(200), &reactor);
                poll_fn(|cx| {
                    let _ = ready.as_mut().poll(cx);
                    let _ = tick.poll(cx);
                    if stop.try_recv().is_ok() { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            });
        })
    };
    reactor.block_on(sleep(&reactor, Duration::from_millis(5)));
    tx.send(()).unwrap();
    sleeper.join().unwrap();
}

#[test]
fn the_same_descriptor_twice_is_already_exists() {
    let reactor = reactor();
    let (_here, there) = pair();
    let there = Arc::new(there);
    let mut cx = Context::from_waker(Waker::noop());
    let first = Registration::new_in(Arc::clone(&there), &reactor);
    let second = Registration::new_in(there, &reactor);
    assert!(first.poll_ready(Direction::Read, &mut cx).is_pending());
    let Poll::Ready(Err(error)) = second.poll_ready(Direction::Read, &mut cx) else {
        panic!("registered twice");
    };
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_failed_source_ends_every_wait_with_its_error() {
    let reactor = reactor();
    let (_here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    let source = Arc::clone(there.source());
    let fail = thread::spawn(move || {
        thread::sleep(Duration::from_millis(5));
        source.fail(io::Error::new(io::ErrorKind::BrokenPipe, "gone"));
    });
    for _ in 0..2 {
        let error = reactor.block_on(there.ready(Direction::Read)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
    fail.join().unwrap();
}

#[test]
fn a_foreign_loop_drives_by_the_pollable_object() {
    let reactor = reactor();
    let (mut here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    let woken = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&woken));
    let _external = reactor.drive_externally();
    assert!(there.poll_ready(Direction::Read, &mut Context::from_waker(&waker)).is_pending());
    here.write_all(b"x").unwrap();
    assert!(!reactor.poll_once().unwrap());
    assert_eq!(woken.0.load(SeqCst), 1);
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn block_on_inside_block_on_works() {
    let reactor = reactor();
    reactor.block_on(async {
        reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
        sleep(&reactor, Duration::from_millis(1)).await;
    });
}

#[test]
fn a_waker_that_blocks_on_the_reactor_is_told_so() {
    struct Blocks(Handle, Arc<AtomicUsize>);
    impl Wake for Blocks {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, SeqCst);
            self.0.block_on(poll_fn(|_| Poll::<()>::Pending)); // panics instead of hanging
        }
    }
    let reactor = reactor();
    let called = Arc::new(AtomicUsize::new(0));
    let waker = Waker::from(Arc::new(Blocks(reactor.clone(), Arc::clone(&called))));
    let mut timer = Deadline::after_in(Duration::from_millis(1), &reactor);
    assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
    while called.load(SeqCst) == 0 {
        reactor.poll_once().unwrap();
    }
    reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
}

//! Several threads on one reactor: one drives, the others are woken, and nobody is forgotten.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Direction, Directions, Parker, Registration};

use crate::tools::{one_that_parks, sleep, system, until, watch};
use crate::world::World;

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let here = TcpStream::connect(listener.local_addr().expect("bound")).expect("a listener");
    let there = listener.accept().expect("a connection").0;
    there.set_nonblocking(true).expect("an open socket");
    here.set_nodelay(true).expect("an open socket");
    there.set_nodelay(true).expect("an open socket");
    (here, there)
}

#[test]
fn several_threads_in_block_on_each_get_their_events() {
    const ROUNDS: usize = 300;
    let (reactor, _watch) = (system(), watch());
    let one_thread = || {
        let (mut here, there) = pair();
        let there = Registration::new_in(there, &reactor);
        let echo = thread::spawn(move || {
            for _ in 0..ROUNDS {
                let mut byte = [0];
                here.read_exact(&mut byte).unwrap();
                here.write_all(&byte).unwrap();
            }
        });
        reactor.block_on(async {
            for round in 0..ROUNDS {
                there.get_ref().write_all(&[round as u8]).unwrap();
                let mut byte = [0];
                let read = |mut io: &TcpStream| io.read(&mut byte);
                assert_eq!(there.io(Direction::Read, read).await.unwrap(), 1);
                assert_eq!(byte[0], round as u8);
                if round % 100 == 0 {
                    sleep(&reactor, Duration::from_micros(300)).await;
                }
            }
        });
        echo.join().unwrap();
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(one_thread);
        }
    });
}

#[test]
fn one_thread_drives_and_wakes_the_others() {
    let world = World::by_hand();
    let objects = [1, 2, 3, 4].map(|number| world.object(number));
    thread::scope(|scope| {
        let mut threads: Vec<_> = objects
            .iter()
            .map(|object| scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read))))
            .collect();
        // In an order of which the driver's own event is any.
        for number in [3, 1, 4, 2] {
            until(|| world.is_watched(number));
            world.happen(number, Directions::READ);
        }
        threads.drain(..).for_each(|thread| thread.join().unwrap().unwrap());
    });
    // That there were never two turns at once, the lab has checked.
}

#[test]
fn the_driver_hands_over_before_it_runs_its_own_task() {
    let world = World::by_hand();
    let (first, second) = (world.object(1), world.object(2));
    let done = Barrier::new(2);
    thread::scope(|scope| {
        let driver = scope.spawn(|| {
            world.reactor.block_on(async {
                first.ready(Direction::Read).await.unwrap();
                done.wait(); // the task blocks its thread until the other one is done
            });
        });
        world.until_asleep();
        let other = scope.spawn(|| world.reactor.block_on(second.ready(Direction::Read)));
        until(|| world.is_watched(2));
        world.happen(1, Directions::READ);
        until(|| world.until_asleep() == other.thread().id());
        assert!(!driver.is_finished());
        world.happen(2, Directions::READ);
        other.join().unwrap().unwrap();
        done.wait();
        driver.join().unwrap();
    });
}

#[test]
fn a_driver_that_leaves_sends_one_parked_thread_to_drive() {
    let world = World::by_hand();
    let object = world.object(1);
    let begun = Barrier::new(4);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (tx, rx) = mpsc::channel();
        let sleepers: Vec<_> = (0..3)
            .map(|_| {
                let tx = tx.clone();
                let (world, begun, stop) = (&world, &begun, &stop);
                scope.spawn(move || {
                    let parker = Parker::new(&world.reactor);
                    tx.send((thread::current().id(), parker.unparker())).unwrap();
                    begun.wait();
                    while !stop.load(SeqCst) {
                        parker.park(|| !stop.load(SeqCst)).unwrap();
                    }
                })
            })
            .collect();
        begun.wait();
        let unparkers: Vec<_> = rx.iter().take(3).collect();
        // Whoever drives is woken; somebody must drive again, each time.
        for _ in 0..50 {
            let driver = world.until_asleep();
            let (_, unparker) = unparkers.iter().find(|(id, _)| *id == driver).unwrap();
            unparker.unpark();
        }
        world.until_asleep();
        stop.store(true, SeqCst);
        unparkers.iter().for_each(|(_, unparker)| unparker.unpark());
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
    });
    drop(object);
}

#[test]
fn a_thread_that_is_sent_to_drive_but_woken_for_itself_passes_the_errand_on() {
    let world = World::by_hand();
    for round in 0..300 {
        thread::scope(|scope| {
            let (first, wakes_first) = one_that_parks(scope, &world.reactor);
            world.until_asleep();
            let (third, wakes_third) = one_that_parks(scope, &world.reactor);
            let (second, wakes_second) = one_that_parks(scope, &world.reactor);
            // The first leaves and sends another; that one's own wake comes at about the same time,
            // and it leaves too.
            wakes_first.unpark();
            (0..round % 100 * 100).for_each(|_| std::hint::spin_loop());
            wakes_second.unpark();
            second.join().unwrap();
            first.join().unwrap();
            assert_eq!(world.until_asleep(), third.thread().id(), "nobody drives");
            wakes_third.unpark();
            third.join().unwrap();
        });
    }
}

#[test]
fn a_thread_that_parks_beside_a_driver_is_asked_once_more_whether_it_is_idle() {
    let world = World::by_hand();
    thread::scope(|scope| {
        let (driver, wakes_driver) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        let parker = Parker::new(&world.reactor);
        parker.park(|| false).unwrap(); // work came before it was published that this one sleeps
        let comes_in_between = || {
            parker.unparker().unpark();
            true
        };
        parker.park(comes_in_between).unwrap();
        wakes_driver.unpark();
        driver.join().unwrap();
        assert_eq!(world.drivers().len(), 1, "the other never drove");
    });
}

#[test]
fn a_wake_of_a_parked_thread_does_not_disturb_the_driver() {
    let world = World::by_hand();
    thread::scope(|scope| {
        let (driver, wakes_driver) = one_that_parks(scope, &world.reactor);
        let driver_id = world.until_asleep();
        let (parked, unparker) = one_that_parks(scope, &world.reactor);
        unparker.unpark();
        parked.join().unwrap();
        assert_eq!(world.notifies(), 0);
        assert_eq!(world.drivers(), [driver_id]);
        wakes_driver.unpark();
        driver.join().unwrap();
    });
}

#[test]
fn a_thread_in_drive_lends_itself() {
    static LENT: mini_reactor::Reactor<mini_reactor::System> =
        mini_reactor::Reactor::new(mini_reactor::System::new());
    let (reactor, _watch) = (mini_reactor::Handle::from(&LENT), watch());
    let lent = thread::spawn(|| LENT.drive());
    // What this thread runs is a foreign block_on: it polls, and parks without driving.
    let (mut here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    foreign_block_on(async {
        sleep(&reactor, Duration::from_millis(1)).await;
        here.write_all(b"x").unwrap();
        there.ready(Direction::Read).await.unwrap();
    });
    assert!(!lent.is_finished(), "it ends with the process");
}

fn foreign_block_on<T>(future: impl Future<Output = T>) -> T {
    let thread = thread::current();
    let waker = crate::tools::waker(move || thread.unpark());
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_driver_whose_task_panics_hands_over_first() {
    let world = World::by_hand();
    let (first, second) = (world.object(1), world.object(2));
    thread::scope(|scope| {
        let driver = scope.spawn(|| {
            let panics = AssertUnwindSafe(|| {
                world.reactor.block_on(async {
                    first.ready(Direction::Read).await.unwrap();
                    panic!("a task that panics, as this test wants");
                });
            });
            catch_unwind(panics).unwrap_err();
        });
        world.until_asleep();
        let other = scope.spawn(|| world.reactor.block_on(second.ready(Direction::Read)));
        until(|| world.is_watched(2));
        world.happen(1, Directions::READ);
        driver.join().unwrap();
        world.happen(2, Directions::READ);
        other.join().unwrap().unwrap();
    });
}

#[test]
fn a_panic_of_idle_in_the_driver_hands_over() {
    let world = World::by_hand();
    let object = world.object(1);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            until(|| !world.drivers().is_empty());
            world.reactor.block_on(object.ready(Direction::Read))
        });
        let parker = Parker::new(&world.reactor);
        let mut asked = 0;
        let park = AssertUnwindSafe(|| {
            parker.park(|| {
                asked += 1;
                assert!(asked < 2, "an idle that panics, as this test wants");
                true
            })
        });
        world.disturb();
        catch_unwind(park).unwrap_err();
        until(|| world.is_watched(1));
        world.happen(1, Directions::READ);
        other.join().unwrap().unwrap();
        assert!(!world.reactor.poll_once().unwrap(), "this thread is as before");
    });
}

#[test]
fn an_earlier_timer_of_another_thread_shortens_the_drivers_sleep() {
    let (reactor, _watch) = (system(), watch());
    let mut hour = Deadline::after_in(Duration::from_secs(3600), &reactor);
    assert!(hour.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let stop = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let (reactor, stop) = (&reactor, &stop);
        let driver = scope.spawn(move || {
            let parker = Parker::new(reactor);
            tell.send(parker.unparker()).unwrap();
            while !stop.load(SeqCst) {
                parker.park(|| !stop.load(SeqCst)).unwrap();
            }
        });
        let unparker = told.recv().unwrap();
        for _ in 0..10 {
            foreign_block_on(sleep(reactor, Duration::from_millis(1)));
        }
        stop.store(true, SeqCst);
        unparker.unpark();
        driver.join().unwrap();
    });
}

#[test]
fn a_task_that_blocks_for_50_ms_does_not_keep_others_from_progress() {
    const ROUNDS: usize = 20;
    let (reactor, _watch) = (system(), watch());
    let (mut here, there) = pair();
    let there = Registration::new_in(there, &reactor);
    let (blocking, during) = (AtomicBool::new(false), AtomicUsize::new(0));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Blocks its thread for as long as the others need for some rounds, and 50 ms at least.
        let blocks = scope.spawn(|| {
            reactor.block_on(async {
                while !over.load(SeqCst) {
                    sleep(&reactor, Duration::from_millis(1)).await;
                    let before = during.load(SeqCst);
                    blocking.store(true, SeqCst);
                    let begin = Instant::now();
                    let enough = || during.load(SeqCst) >= before + 5 || over.load(SeqCst);
                    while begin.elapsed() < Duration::from_millis(50)
                        || !enough() && begin.elapsed() < Duration::from_secs(20)
                    {
                        thread::sleep(Duration::from_millis(1));
                    }
                    blocking.store(false, SeqCst);
                }
            });
        });
        let peer = scope.spawn(move || {
            let mut worst = Duration::ZERO;
            for _ in 0..ROUNDS {
                let begin = Instant::now();
                here.write_all(b"x").unwrap();
                here.read_exact(&mut [0]).unwrap();
                worst = worst.max(begin.elapsed());
            }
            worst
        });
        reactor.block_on(async {
            for _ in 0..ROUNDS {
                let mut byte = [0];
                let read = |mut io: &TcpStream| io.read(&mut byte);
                assert_eq!(there.io(Direction::Read, read).await.unwrap(), 1);
                if blocking.load(SeqCst) {
                    during.fetch_add(1, SeqCst);
                }
                sleep(&reactor, Duration::from_millis(1)).await;
                there.get_ref().write_all(&byte).unwrap();
            }
        });
        over.store(true, SeqCst);
        blocks.join().unwrap();
        let worst = peer.join().unwrap();
        println!("the longest of {ROUNDS} echoes beside a task that blocks: {worst:?}");
        assert!(during.load(SeqCst) >= 5, "no progress while the other task blocked");
    });
}

#[test]
fn an_event_for_two_threads_wakes_both() {
    let world = World::by_hand();
    let object = world.object(1);
    thread::scope(|scope| {
        let both: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read))))
            .collect();
        until(|| world.is_watched(1));
        world.happen(1, Directions::READ);
        both.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    });
}

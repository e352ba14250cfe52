//! A waker is somebody's code: it may do nearly anything, and must not harm the others.

use std::future::{Future, pending};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Directions, Handle, Parker, Registration};

use crate::lab::{Call, Object};
use crate::tools::{Count, message, poll_ready, sleep, system, waker, watch};
use crate::world::World;

/// The object's reader is woken in the next turn.
fn call_in_the_next_turn(world: &World, object: &Registration<Object>, waker: &Waker) {
    assert!(poll_ready(object, Direction::Read, waker).is_pending());
    let number = object.get_ref().0;
    world.happen(number, Directions::READ);
}

#[test]
fn a_waker_that_panics_does_not_keep_the_others_from_running() {
    for world in World::both() {
        let objects = [1, 2, 3].map(|number| world.object(number));
        let panics = waker(|| panic!("a waker that panics, as this test wants"));
        let worse = waker(|| {
            struct Again;
            impl Drop for Again {
                fn drop(&mut self) {
                    panic!("a panic whose payload panics, as this test wants");
                }
            }
            std::panic::panic_any(Again);
        });
        let counts = [(); 3].map(|()| Count::new());
        for (object, (_, waker)) in objects.iter().zip(&counts) {
            call_in_the_next_turn(&world, object, &panics);
            call_in_the_next_turn(&world, object, &worse);
            call_in_the_next_turn(&world, object, waker);
        }
        let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
        assert!(timer.poll(&mut Context::from_waker(&panics)).is_pending());
        world.advance(Duration::from_secs(1));
        assert!(!world.reactor.poll_once().expect("contained"), "the driver goes on");
        assert_eq!(counts.map(|(count, _)| count.wakes()), [1, 1, 1]);
        world.reactor.block_on(async {});
    }
}

#[test]
fn a_waker_that_panics_when_its_source_ends_is_contained_too() {
    let world = World::edge();
    let object = world.object(1);
    let panics = waker(|| panic!("a waker that panics, as this test wants"));
    let (count, counts) = Count::new();
    for waker in [&panics, &counts] {
        assert!(poll_ready(&object, Direction::Read, waker).is_pending());
    }
    drop(object);
    assert_eq!(count.wakes(), 1);
}

#[test]
fn a_waker_may_register_wait_and_set_timers() {
    for world in World::both() {
        let (first, second) = (world.object(1), Arc::new(world.object(2)));
        let (count, counts) = Count::new();
        let timer = Arc::new(Mutex::new(None));
        let registers = {
            let (second, timer, reactor) =
                (Arc::clone(&second), Arc::clone(&timer), world.reactor.clone());
            waker(move || {
                assert!(poll_ready(&second, Direction::Read, &counts).is_pending());
                let mut new = Deadline::after_in(Duration::from_secs(1), &reactor);
                assert!(new.poll(&mut Context::from_waker(&counts)).is_pending());
                *timer.lock().unwrap() = Some(new);
            })
        };
        call_in_the_next_turn(&world, &first, &registers);
        world.turn();
        assert!(world.calls().contains(&Call::Register(2)));
        world.happen(2, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 1);
        world.advance(Duration::from_secs(1));
        world.turn();
        assert_eq!(count.wakes(), 2);
    }
}

#[test]
fn a_waker_may_drop_its_own_task() {
    type Task = Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>;
    struct Owns(Task, Arc<AtomicUsize>);
    impl Wake for Owns {
        fn wake(self: Arc<Self>) {
            let task = self.0.lock().unwrap().take();
            drop(task);
            self.1.fetch_add(1, SeqCst);
        }
    }
    for world in World::both() {
        let object = world.object(1);
        let ran = Arc::new(AtomicUsize::new(0));
        let owns = Arc::new(Owns(Mutex::default(), Arc::clone(&ran)));
        let reactor = world.reactor.clone();
        let mut task = Box::pin(async move {
            let mut timer = Deadline::after_in(Duration::from_secs(1), &reactor);
            std::future::poll_fn(|cx| {
                let _ = timer.poll(cx);
                std::task::Poll::Ready(())
            })
            .await;
            object.ready(Direction::Read).await.unwrap();
            drop(timer);
        });
        let own_waker = Waker::from(Arc::clone(&owns));
        assert!(task.as_mut().poll(&mut Context::from_waker(&own_waker)).is_pending());
        *owns.0.lock().unwrap() = Some(task);
        drop(own_waker);
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(ran.load(SeqCst), 1);
        assert_eq!(Arc::strong_count(&owns), 1, "nothing of the task is left");
        assert!(world.calls().contains(&Call::Deregister(1)));
        assert_eq!(world.reactor.next_deadline(), None);
    }
}

#[test]
fn dropping_a_waker_may_do_what_calling_it_may() {
    // Whoever drops the last clone runs this; a lock held then would be locked twice.
    struct Busy(Handle, Arc<Registration<Object>>, Arc<AtomicUsize>);
    impl Wake for Busy {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            let cx = &mut Context::from_waker(Waker::noop());
            let mut timer = Deadline::after_in(Duration::from_secs(1), &self.0);
            assert!(timer.poll(cx).is_pending());
            drop(poll_ready(&self.1, Direction::Read, Waker::noop()));
            self.2.fetch_add(1, SeqCst);
        }
    }
    let world = World::edge();
    let (object, other) = (Arc::new(world.object(1)), Arc::new(world.object(2)));
    let ran = Arc::new(AtomicUsize::new(0));
    let busy = || {
        Waker::from(Arc::new(Busy(world.reactor.clone(), Arc::clone(&object), Arc::clone(&ran))))
    };
    // Replaced, cancelled, woken; by a future and by a timer.
    let mut ready = Box::pin(object.ready(Direction::Read));
    let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
    for waker in [busy(), Waker::noop().clone(), busy()] {
        let cx = &mut Context::from_waker(&waker);
        assert!(ready.as_mut().poll(cx).is_pending());
    }
    for waker in [busy(), Waker::noop().clone(), busy()] {
        let cx = &mut Context::from_waker(&waker);
        assert!(timer.poll(cx).is_pending());
    }
    assert_eq!(ran.load(SeqCst), 2);
    drop(ready);
    drop(timer);
    assert_eq!(ran.load(SeqCst), 4);
    assert!(poll_ready(&other, Direction::Read, &busy()).is_pending());
    for _ in 0..2 {
        assert!(poll_ready(&object, Direction::Read, &busy()).is_pending());
    }
    world.happen(2, Directions::READ);
    world.happen(1, Directions::READ);
    world.turn();
    assert_eq!(ran.load(SeqCst), 7);
}

#[test]
fn a_waker_that_blocks_is_told_so_and_contained() {
    let attempts: [fn(Handle); 4] = [
        |reactor| reactor.block_on(pending()),
        |reactor| drop(Parker::new(reactor).park(|| true)),
        |reactor| drop(reactor.drive()),
        |_| system().block_on(pending()),
    ];
    for attempt in attempts {
        let world = World::edge();
        let (bad, good) = (world.object(1), world.object(2));
        let told = Arc::new(Mutex::new(String::new()));
        let blocks = {
            let (told, reactor) = (Arc::clone(&told), world.reactor.clone());
            waker(move || {
                let attempt = AssertUnwindSafe(|| attempt(reactor.clone()));
                let payload = catch_unwind(attempt).expect_err("it would wait for ever");
                *told.lock().unwrap() = message(&*payload);
                std::panic::resume_unwind(payload);
            })
        };
        let (count, counts) = Count::new();
        call_in_the_next_turn(&world, &bad, &blocks);
        call_in_the_next_turn(&world, &good, &counts);
        world.turn();
        let told = told.lock().unwrap();
        assert!(told.contains("wakers must only wake"), "{told}");
        assert_eq!(count.wakes(), 1, "the others ran");
        let reactor = &world.reactor;
        reactor.block_on(sleep(reactor, Duration::from_secs(1))); // the thread is as before
    }
}

#[test]
fn a_future_that_is_ready_at_once_is_no_blocking() {
    let world = World::edge();
    let object = world.object(1);
    let answer = Arc::new(AtomicUsize::new(0));
    let runs = {
        let (answer, reactor) = (Arc::clone(&answer), world.reactor.clone());
        waker(move || answer.store(reactor.block_on(async { 42 }), SeqCst))
    };
    call_in_the_next_turn(&world, &object, &runs);
    world.turn();
    assert_eq!(answer.load(SeqCst), 42);
}

#[test]
fn poll_once_and_turn_do_nothing_inside_a_waker() {
    let world = World::edge();
    let object = world.object(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let polls = {
        let (ran, reactor) = (Arc::clone(&ran), world.reactor.clone());
        waker(move || {
            assert!(!reactor.poll_once().expect("nothing is done, so nothing fails"));
            Parker::new(&reactor).turn().expect("nothing is done, so nothing fails");
            ran.fetch_add(1, SeqCst);
        })
    };
    call_in_the_next_turn(&world, &object, &polls);
    world.calls();
    world.turn();
    assert_eq!(ran.load(SeqCst), 1);
    assert_eq!(world.calls(), [Call::Turn(Some(Duration::ZERO))], "no turn within a turn");
}

#[test]
fn wakers_run_after_the_turn_and_under_no_lock() {
    let (world, _watch) = (Arc::new(World::edge()), watch());
    let object = Arc::new(world.object(1));
    let ran = Arc::new(AtomicUsize::new(0));
    let looks = {
        // Everything that takes a lock of the core, of the source, or of the backend.
        let (world, object, ran) = (Arc::downgrade(&world), Arc::downgrade(&object), ran.clone());
        waker(move || {
            let (world, object) = (world.upgrade().unwrap(), object.upgrade().unwrap());
            let other = world.object(2);
            assert!(poll_ready(&other, Direction::Write, Waker::noop()).is_pending());
            drop(other);
            assert!(poll_ready(&object, Direction::Write, Waker::noop()).is_pending());
            let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
            assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            timer.reset(world.reactor.now() + Duration::from_secs(2));
            let parker = Parker::new(&world.reactor);
            parker.unparker().unpark();
            ran.fetch_add(1, SeqCst);
        })
    };
    call_in_the_next_turn(&world, &object, &looks);
    world.turn();
    assert_eq!(ran.load(SeqCst), 1);
}

#[test]
fn wakers_run_under_no_lock_outside_of_turns_too() {
    let _watch = watch();
    for world in World::both() {
        let ran = Arc::new(AtomicUsize::new(0));
        let object = Arc::new(world.object(1));
        let (weak, source) = (Arc::downgrade(&object), Arc::downgrade(object.source()));
        let looks = || {
            let (weak, source, ran) = (weak.clone(), source.clone(), Arc::clone(&ran));
            waker(move || {
                if let Some(object) = weak.upgrade() {
                    drop(poll_ready(&object, Direction::Write, Waker::noop()));
                }
                if let Some(source) = source.upgrade() {
                    source.fail(ErrorKind::BrokenPipe.into());
                }
                ran.fetch_add(1, SeqCst);
            })
        };
        // When a source fails; when its registration ends; and when a list of waiters is full.
        assert!(poll_ready(&object, Direction::Read, &looks()).is_pending());
        object.source().fail(ErrorKind::BrokenPipe.into());
        assert_eq!(ran.load(SeqCst), 1);
        drop(object);
        let object = world.object(2);
        let source = Arc::downgrade(object.source());
        let fails = {
            let ran = Arc::clone(&ran);
            waker(move || {
                source.upgrade().expect("it is being ended").fail(ErrorKind::BrokenPipe.into());
                ran.fetch_add(1, SeqCst);
            })
        };
        assert!(poll_ready(&object, Direction::Read, &fails).is_pending());
        drop(object);
        assert_eq!(ran.load(SeqCst), 2);
        let crowded = Arc::new(world.object(3));
        let weak = Arc::downgrade(&crowded);
        while ran.load(SeqCst) == 2 {
            let (weak, ran) = (weak.clone(), Arc::clone(&ran));
            let comes_back = waker(move || {
                let object = weak.upgrade().expect("somebody waits for it");
                assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
                ran.fetch_add(1, SeqCst);
            });
            assert!(poll_ready(&crowded, Direction::Read, &comes_back).is_pending());
        }
    }
}

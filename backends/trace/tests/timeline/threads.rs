//! Several threads: who drove, who parked, and who was sent, on the system's own backend.

#![cfg(unix)]

use std::cell::RefCell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Direction, Handle, Parker, Reactor, Registration, System};
use mini_reactor_trace::{Kind, Record, Trace};

fn until(mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "what should come does not");
        thread::yield_now();
    }
}

#[test]
fn a_hand_over_is_counted_and_recorded_with_the_threads_it_is_between() {
    let shared = Arc::new(Reactor::new(Trace::new(System::new())));
    let (trace, reactor) = (shared.backend(), Handle::from(&shared));
    trace.start(1000);
    let mut unparkers = Vec::new();
    let threads: Vec<_> = ["first", "second"]
        .map(|name| {
            let (sender, receiver) = std::sync::mpsc::channel();
            let reactor = reactor.clone();
            let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
                let parker = Parker::new(&reactor);
                sender.send(parker.unparker()).unwrap();
                parker.park(|| true).unwrap();
            });
            unparkers.push(receiver.recv().unwrap());
            let kind = if name == "first" { Kind::TurnBegins } else { Kind::Parks };
            until(|| trace.counts()[&kind] == 1);
            thread.unwrap()
        })
        .into();
    unparkers[0].unpark();
    until(|| trace.counts()[&Kind::HandedOver] == 1);
    unparkers[1].unpark();
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    let counts = trace.counts();
    assert_eq!((counts[&Kind::Parks], counts[&Kind::Unparks]), (1, 0));
    assert!(counts[&Kind::Notifies] >= 1, "a driver is woken by a notify");
    let recording = trace.stop().unwrap();
    let by = |kind| {
        let record = recording.records.iter().find(|record| record.kind == kind);
        record.expect("it was counted").thread.name().unwrap()
    };
    assert_eq!((by(Kind::TurnBegins), by(Kind::HandedOver)), ("first", "second"));
    let text = recording.to_chrome();
    assert_eq!(text.matches("\"ph\":\"s\"").count(), 1, "{text}");
    assert_eq!(text.matches("\"ph\":\"f\"").count(), 1, "{text}");
}

#[test]
fn records_of_several_threads_are_in_the_order_of_their_times() {
    let shared = Arc::new(Reactor::new(Trace::new(System::new())));
    let reactor = Handle::from(&shared);
    shared.backend().start(1 << 16);
    thread::scope(|scope| {
        for _ in 0..3 {
            let reactor = &reactor;
            scope.spawn(move || {
                let (mut here, there) = UnixStream::pair().unwrap();
                there.set_nonblocking(true).unwrap();
                let there = Registration::new_in(there, reactor);
                for _ in 0..100 {
                    here.write_all(b"x").unwrap();
                    let read = |mut io: &UnixStream| io.read(&mut [0]);
                    reactor.block_on(there.io(Direction::Read, read)).unwrap();
                }
            });
        }
    });
    let recording = shared.backend().stop().unwrap();
    let times: Vec<_> = recording.records.iter().map(|record| record.at).collect();
    assert!(times.is_sorted());
    let counts = shared.backend().counts();
    for (kind, count) in counts {
        let times = |record: &Record| match kind {
            Kind::Wakes | Kind::TimersExpire => record.value,
            _ => 1,
        };
        let recorded = recording.records.iter().filter(|record| record.kind == kind);
        assert_eq!(recorded.map(times).sum::<u64>(), count, "{kind:?}");
    }
}

#[test]
fn a_source_may_end_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<Registration<UnixStream>>> = const { RefCell::new(None) };
    }
    let shared = Arc::new(Reactor::new(Trace::new(System::new())));
    let reactor = Handle::from(&shared);
    shared.backend().start(100);
    let body = move || {
        KEPT.set(Some(Registration::new_in(UnixStream::pair().unwrap().0, &reactor)));
        KEPT.with_borrow(|kept| {
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(kept.as_ref().unwrap().poll_ready(Direction::Read, cx).is_pending());
        });
    };
    thread::Builder::new().name("ends".to_owned()).spawn(body).unwrap().join().unwrap();
    let recording = shared.backend().stop().unwrap();
    let last = recording.records.back().unwrap();
    assert_eq!((last.kind, last.thread.name()), (Kind::Deregisters, Some("ends")));
}

//! What is said about a program that cannot go on, word for word.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Handle, Reactor, ReadyList, Source};
use mini_reactor_sim::{Faults, Settings, Sim, Simulator};

use crate::common::{accept, calm, connect};

/// A report of these lines.
fn said(lines: &[&str]) -> String {
    format!("{}\n", lines.join("\n  "))
}

/// What the simulation says when `program` runs in it.
fn report<T>(sim: &Sim, program: impl Future<Output = T>) -> String {
    let end = catch_unwind(AssertUnwindSafe(|| sim.block_on(program)));
    *end.err().expect("it does not end by itself").downcast::<String>().expect("it is a text")
}

#[test]
fn a_deadlock_names_who_waits_for_what_and_since_when() {
    let sim = Sim::new(Settings::new().seed(7).faults(Faults::NONE).buffer(1000));
    let executor = LocalExecutor::new();
    let (server, client) = (sim.host("server"), sim.host("client"));
    let program = executor.run(async {
        let listener = Rc::new(Async::new(server.listen(80).unwrap()).unwrap());
        let also = Rc::clone(&listener);
        let serve = sim.named("server", async move {
            let stream = accept(&also).await.unwrap();
            (&stream).read_exact(&mut [0; 5]).await.unwrap();
            (&stream).write_all(&[0; 5000]).await.unwrap(); // nobody reads that
        });
        let accepts = sim.named("acceptor", async move {
            Timer::after(Duration::from_millis(10)).await;
            accept(&listener).await.map(drop).unwrap(); // nobody comes
        });
        let (_sender, receiver) = async_channel::bounded::<()>(1);
        let listens = sim.named("listener", async move {
            Timer::after(Duration::from_millis(1)).await;
            let _ = receiver.recv().await; // nobody sends
        });
        let socket = Async::new(client.datagram(53).unwrap()).unwrap();
        let receives = async move {
            let _ = socket.read_with(|socket| socket.recv(&mut [0; 1])).await;
        };
        let _tasks = (executor.spawn(serve), executor.spawn(accepts), executor.spawn(listens));
        let _unnamed = executor.spawn(receives);
        let stream = connect(&client, &server).await.unwrap();
        (&stream).write_all(b"hello").await.unwrap();
        Timer::after(Duration::from_secs(1)).await;
        let (_reader, writer) = sim.pipe();
        let writer = Async::new(writer).unwrap();
        (&writer).write_all(&[0; 1001]).await.unwrap();
        drop(_sender);
    });
    assert_eq!(
        report(&sim, program),
        said(&[
            "deadlock at 1.000200000 s: nothing can run, no timer is set, nothing is under way (seed 7)",
            "task `main` waits to receive at #2 datagram client:53 since 0.000000000 s",
            "task `main` waits to write to #6 writer of a pipe since 1.000200000 s",
            "task `server` waits to write to #4 stream server:80 -> client:49152 since 0.000300000 s",
            "task `acceptor` waits to accept at #1 listener server:80 since 0.010000000 s",
            "task `listener`, polled last at 0.001000000 s, waits for nothing that is simulated (a channel, a lock, another task?)",
        ])
    );
}

#[test]
fn a_deadlock_names_the_partition_that_holds_messages_back() {
    let sim = calm();
    let (server, client) = (sim.host("server"), sim.host("client"));
    let program = async {
        let listener = Async::new(server.listen(80).unwrap()).unwrap();
        let (here, there) =
            future::try_zip(connect(&client, &server), accept(&listener)).await.unwrap();
        sim.partition(&client, &server);
        (&here).write_all(b"hello").await.unwrap();
        (&here).write_all(b"again").await.unwrap();
        (&there).read_exact(&mut [0; 5]).await.unwrap();
    };
    assert_eq!(
        report(&sim, program),
        said(&[
            "deadlock at 0.000300000 s: nothing can run, no timer is set, nothing is under way (seed 0)",
            "task `main` waits to read from #3 stream server:80 -> client:49152 since 0.000200000 s",
            "held back by the cut link between server and client: 2",
        ])
    );
}

#[test]
fn a_wait_that_was_given_up_is_not_reported() {
    let sim = calm();
    let program = async {
        let (here, _there) = sim.pair();
        let here = Async::new(here).unwrap();
        let timeout = Timer::after(Duration::from_secs(1));
        let read = async {
            let _ = (&here).read(&mut [0]).await;
        };
        future::or(read, async {
            let _ = timeout.await;
        })
        .await;
        let with = here.read_with(|mut stream| io::Read::read(&mut stream, &mut [0]));
        future::or(
            async {
                let _ = with.await;
            },
            async {
                let _ = Timer::after(Duration::from_secs(1)).await;
            },
        )
        .await;
        pending::<()>().await;
    };
    let report = report(&sim, program);
    // `poll_read` has nothing to take its waker back with; `read_with` has.
    assert!(!report.contains("since 1."), "{report}");
}

#[test]
fn a_wait_that_goes_on_keeps_its_begin_and_one_that_begins_anew_does_not() {
    let sim = calm();
    let program = async {
        let (here, there) = sim.pair();
        let (here, there) = (Async::new(here).unwrap(), Async::new(there).unwrap());
        let read = async {
            loop {
                (&here).read_exact(&mut [0]).await.unwrap();
            }
        };
        // Wakes the task again and again, and the read with it.
        let ticks = async {
            for second in 0..10 {
                if second == 4 {
                    (&there).write_all(b"x").await.unwrap();
                }
                Timer::after(Duration::from_secs(1)).await;
            }
        };
        future::zip(read, ticks).await;
    };
    assert_eq!(
        report(&sim, program),
        said(&[
            "deadlock at 10.000000000 s: nothing can run, no timer is set, nothing is under way (seed 0)",
            "task `main` waits to read from #1 stream of a pair since 4.000000000 s",
        ])
    );
}

#[test]
fn waits_of_every_kind_are_named() {
    let sim = calm();
    let executor = LocalExecutor::new();
    let program = executor.run(async {
        let (one, _other) = sim.pair();
        let one = Async::new(one).unwrap();
        let readable = executor.spawn(sim.named("by readable", async move {
            Timer::after(Duration::from_secs(2)).await;
            one.readable().await
        }));
        readable.await.unwrap();
    });
    assert_eq!(
        report(&sim, program),
        said(&[
            "deadlock at 2.000000000 s: nothing can run, no timer is set, nothing is under way (seed 0)",
            "task `main`, polled last at 2.000000000 s, waits for nothing that is simulated (a channel, a lock, another task?)",
            "task `by readable` waits to read from #1 stream of a pair since 2.000000000 s",
        ])
    );
}

#[test]
fn a_program_that_goes_on_for_ever_is_ended_by_the_time_limit() {
    let settings = Settings::new().faults(Faults::NONE).time_limit(Duration::from_secs(60));
    let sim = Sim::new(settings);
    let executor = LocalExecutor::new();
    let program = executor.run(async {
        let beat = sim.named("heartbeat", async {
            loop {
                Timer::after(Duration::from_secs(7)).await;
            }
        });
        let _beat = executor.spawn(beat);
        let (here, _there) = sim.pair();
        Async::new(here).unwrap().read_exact(&mut [0]).await.unwrap();
    });
    assert_eq!(
        report(&sim, program),
        said(&[
            "time limit at 56.000000000 s: not finished after 60s (seed 0)",
            "task `main` waits to read from #1 stream of a pair since 0.000000000 s",
            "task `heartbeat`, polled last at 56.000000000 s, waits for nothing that is simulated (a timer, a channel, a lock, another task?)",
        ])
    );
}

#[test]
fn a_program_that_spins_is_ended_by_the_spin_limit() {
    let settings = || Settings::new().faults(Faults::NONE).spin_limit(1000);
    let sim = Sim::new(settings());
    let program = async {
        loop {
            future::yield_now().await;
        }
    };
    assert_eq!(
        report(&sim, program),
        said(&[
            "livelock at 0.000000000 s: 1000 turns and polls, and neither the clock nor a byte moved (seed 0)",
            "task `main`, polled last at 0.000000000 s, waits for nothing that is simulated (a timer, a channel, a lock, another task?)",
        ])
    );
    // The same for tasks that have no name: then turns are counted, if there is anything to wait
    // for.
    let sim = Sim::new(settings());
    let executor = LocalExecutor::new_in(&sim);
    let spin = || {
        executor.block_on(async {
            let _timer = executor.spawn(async {
                let _ = Timer::after(Duration::from_secs(1)).await;
            });
            loop {
                future::yield_now().await;
            }
        })
    };
    let end: Box<dyn std::any::Any + Send> = catch_unwind(AssertUnwindSafe(spin)).unwrap_err();
    assert!(end.downcast::<String>().unwrap().starts_with("livelock at 0.000000000 s: 1000 turns"));
}

#[test]
fn a_program_that_moves_bytes_or_time_does_not_spin() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).spin_limit(1000));
    sim.block_on(async {
        let (here, there) = sim.pair();
        let (here, there) = (Async::new(here).unwrap(), Async::new(there).unwrap());
        let ping = async {
            for _ in 0..5000 {
                (&here).write_all(b"x").await.unwrap();
                (&here).read_exact(&mut [0]).await.unwrap();
            }
        };
        let pong = async {
            for _ in 0..5000 {
                (&there).read_exact(&mut [0]).await.unwrap();
                (&there).write_all(b"x").await.unwrap();
            }
        };
        future::zip(ping, pong).await;
        for _ in 0..5000 {
            Timer::after(Duration::from_nanos(1)).await;
        }
    });
}

#[test]
fn tasks_without_names_are_reported_too() {
    let sim = calm();
    let executor = LocalExecutor::new_in(&sim);
    let end = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            let (one, other) = sim.pair();
            let (one, other) = (Async::new(one).unwrap(), Async::new(other).unwrap());
            let reads = executor.spawn(async move { (&one).read_exact(&mut [0]).await });
            Timer::after(Duration::from_secs(3)).await;
            (&other).read_exact(&mut [0]).await.unwrap();
            reads.await.unwrap();
        });
    }));
    let report = end.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(
        *report,
        said(&[
            "deadlock at 3.000000000 s: nothing can run, no timer is set, nothing is under way (seed 0)",
            "a task without a name waits to read from #1 stream of a pair since 0.000000000 s",
            "a task without a name waits to read from #2 stream of a pair since 3.000000000 s",
        ])
    );
}

#[test]
fn behind_a_decorator_that_does_not_forward_observe_it_is_somebody_who_waits() {
    struct Deaf(Simulator);
    impl GlobalReactor for Deaf {
        fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.0.register(io, source)
        }
        fn rearm(
            &self,
            io: BorrowedIo<'_>,
            of: &Arc<Source>,
            wanted: Directions,
        ) -> io::Result<()> {
            self.0.rearm(io, of, wanted)
        }
        fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.0.deregister(io, source)
        }
        fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
            self.0.turn(timeout, ready)
        }
        fn notify(&self) {
            self.0.notify();
        }
        fn now(&self) -> Instant {
            self.0.now()
        }
    }
    let sim = calm();
    let reactor = Arc::new(Reactor::new(Deaf(sim.reactor().backend().clone())));
    let end = catch_unwind(AssertUnwindSafe(|| {
        Handle::from(&reactor).block_on(async {
            let (one, _other) = sim.pair();
            Async::new(one).unwrap().readable().await.unwrap();
        });
    }));
    assert_eq!(
        *end.unwrap_err().downcast::<String>().unwrap(),
        said(&[
            "deadlock at 0.000000000 s: nothing can run, no timer is set, nothing is under way (seed 0)",
            "somebody waits to read from #1 stream of a pair",
        ])
    );
}

//! Each fault strikes where it may, nowhere else, and a correct program survives the mild ones.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor::{Direction, GlobalReactor, ReadyList, Registration};
use mini_reactor_sim::{Explored, Failure, Fault, Faults, Settings, Sim, Strike, try_explore};

use crate::common::{accept, connect, connected, kind};

/// What the program of this file notices.
#[derive(Debug, Default, PartialEq)]
struct Noticed {
    short_reads: usize,
    short_writes: usize,
}

/// A program with a bit of everything.
async fn program(sim: &Sim) -> std::io::Result<Noticed> {
    let mut noticed = Noticed::default();
    let (here, there) = connected(sim).await?;
    let executor = LocalExecutor::new();
    let echo = executor.spawn(sim.named("echo", async move {
        let copied = futures_lite::io::copy(&there, &there).await?;
        (&there).close().await?;
        std::io::Result::Ok(copied)
    }));
    let test = async {
        let mut written = 0;
        while written < 3000 {
            let part = (&here).write(&[1; 100]).await?;
            noticed.short_writes += usize::from(part < 100);
            written += part;
            if written % 7 == 0 {
                Timer::after(Duration::from_micros(100)).await;
            }
        }
        (&here).close().await?;
        let mut buffer = [0; 50];
        let mut received = 0;
        loop {
            match (&here).read(&mut buffer).await? {
                0 => break,
                length => {
                    noticed.short_reads += usize::from(length < 50);
                    received += length;
                }
            }
        }
        assert_eq!((received, echo.await?), (written, written as u64));
        std::io::Result::Ok(())
    };
    executor.run(test).await?;
    Ok(noticed)
}

fn with(faults: Faults) -> Settings {
    Settings::new().faults(faults)
}

/// Runs the program on many seeds with one fault alone, and expects that it struck.
fn survives(fault: Fault) -> Explored {
    let explored = try_explore(with(Faults::NONE.with(fault)), 0..30, |sim| async move {
        program(&sim).await.map(drop)
    });
    let explored = explored.unwrap_or_else(|failure| panic!("{fault}: {failure}"));
    assert!(explored.faults >= 20, "{fault}: {explored}");
    explored
}

#[test]
fn a_program_survives_each_mild_fault_and_all_of_them() {
    for fault in Fault::ALL.into_iter().filter(|fault| Faults::MILD.contains(*fault)) {
        survives(fault);
    }
    try_explore(with(Faults::MILD), 0..60, |sim| async move { program(&sim).await.map(drop) })
        .unwrap();
}

#[test]
fn without_faults_nothing_strikes_and_every_seed_is_the_same_run() {
    let run = |seed| {
        let sim = Sim::new(with(Faults::NONE).seed(seed));
        let noticed = sim.block_on(program(&sim)).unwrap();
        assert_eq!(sim.strikes(), []);
        assert_eq!(noticed.short_writes, 0);
        sim.trace().to_string()
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn the_faults_may_be_changed_while_the_simulation_runs() {
    for seed in 0..20 {
        let sim = Sim::new(with(Faults::MILD).seed(seed));
        sim.block_on(program(&sim)).unwrap();
        let struck = sim.strikes();
        assert!(!struck.is_empty());
        sim.set_faults(Faults::NONE);
        let (here, there) = sim.pair();
        (&here).write_all(&[1; 100]).unwrap();
        (&there).read_exact(&mut [0; 100]).unwrap();
        sim.block_on(async { Timer::after(Duration::from_secs(1)).await });
        assert_eq!(sim.strikes(), struck);
        // Listed ones strike where they did.
        let again = Sim::new(Settings::new().seed(seed).only(struck.clone()));
        again.set_faults(Faults::NONE);
        again.block_on(program(&again)).unwrap();
        assert_eq!(again.strikes(), struck);
    }
}

#[test]
fn a_fault_that_is_not_chosen_does_not_strike() {
    for fault in Fault::ALL {
        let settings = with(Faults::ALL.without(fault).without(Fault::Reset));
        let sim = Sim::new(settings.seed(fault as u64));
        let _ = sim.block_on(program(&sim));
        assert!(sim.strikes().iter().all(|strike| strike.fault != fault), "{fault}");
        assert!(!sim.strikes().is_empty());
    }
}

/// Whether a seed shows what `is` looks for in the program's run.
fn noticed(fault: Fault, is: impl Fn(&Noticed) -> bool) -> bool {
    try_explore(with(Faults::NONE.with(fault)), 0..20, async |sim| {
        assert!(!is(&program(&sim).await.unwrap()));
    })
    .is_err()
}

#[test]
fn reads_and_writes_are_short_only_where_that_may_strike() {
    assert!(noticed(Fault::ShortWrite, |seen| seen.short_writes > 0));
    assert!(!noticed(Fault::ShortRead, |seen| seen.short_writes > 0));
    assert!(noticed(Fault::ShortRead, |seen| seen.short_reads > 3));
    assert!(!noticed(Fault::Interrupted, |seen| seen.short_reads > 3));
}

/// The strikes at all the first occasions of one fault.
fn always(fault: Fault) -> Settings {
    let strike = |number: u32| Strike { fault, whom: number / 200, occasion: number % 200 };
    Settings::new().only((0..30 * 200).map(strike))
}

#[test]
fn operations_are_interrupted() {
    let sim = Sim::new(always(Fault::Interrupted));
    let (here, there) = sim.pair();
    assert_eq!(kind((&here).write(b"x")), ErrorKind::Interrupted);
    assert_eq!(kind((&there).read(&mut [0])), ErrorKind::Interrupted);
    let listener = sim.host("host").listen(80).unwrap();
    assert_eq!(kind(listener.accept()), ErrorKind::Interrupted);
    let socket = sim.host("host").datagram(80).unwrap();
    assert_eq!(kind(socket.recv(&mut [0])), ErrorKind::Interrupted);
    assert_eq!(kind(socket.send_to(b"x", ("host", 80))), ErrorKind::Interrupted);
}

#[test]
fn turns_are_interrupted_and_the_core_turns_again() {
    let sim = Sim::new(always(Fault::Interrupted));
    let mut list = ReadyList::new();
    let simulator = sim.reactor().backend();
    let turn = simulator.turn(Some(Duration::from_secs(1)), &mut list);
    assert_eq!((kind(turn), sim.elapsed()), (ErrorKind::Interrupted, Duration::ZERO));
    sim.block_on(async { Timer::after(Duration::from_secs(1)).await });
    assert_eq!(sim.elapsed(), Duration::from_secs(1));
}

#[test]
fn a_spurious_wake_comes_beside_others_and_never_hides_a_deadlock() {
    let sim = Sim::new(always(Fault::SpuriousWake));
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let (here, there) = sim.pair();
        let idle: Vec<_> = (0..8).map(|_| sim.pair()).collect();
        let mut tasks = Vec::new();
        for (one, _) in &idle {
            let _ = one; // kept open
        }
        for (_, other) in idle {
            tasks.push(executor.spawn(async move {
                let other = Async::new(other).unwrap();
                let _ = (&other).read(&mut [0; 1]).await;
            }));
        }
        let there = Async::new(there).unwrap();
        let read = async { (&there).read_exact(&mut [0; 20]).await.unwrap() };
        let write = async {
            for _ in 0..20 {
                (&here).write_all(b"x").unwrap();
                Timer::after(Duration::from_millis(1)).await;
            }
        };
        future::zip(read, write).await;
    });
    let needless = sim.trace().lines().filter(|line| line.contains("read would block")).count();
    assert!(needless > 10, "{needless}");
    let end = std::panic::catch_unwind(|| sim.block_on(std::future::pending::<()>()));
    assert!(end.is_err());
}

#[test]
fn an_event_comes_late_and_comes() {
    let sim = Sim::new(always(Fault::LateEvent));
    sim.block_on(async {
        let (mut here, there) = sim.pair();
        let there = Async::new(there).unwrap();
        let read = async { (&there).read_exact(&mut [0]).await.unwrap() };
        let write = async { here.write_all(b"x").unwrap() };
        future::zip(read, write).await;
    });
    let late = sim.elapsed();
    assert!(late > Duration::ZERO && late <= Duration::from_millis(10), "{late:?}");
}

#[test]
fn the_order_of_readiness_is_drawn() {
    // Eight readers become ready in the same turn: in which order do they read?
    let order = |settings: Settings| {
        let sim = Sim::new(settings);
        let order = std::cell::RefCell::new(Vec::new());
        let executor = LocalExecutor::new_in(&sim);
        executor.block_on(async {
            let mut tasks = Vec::new();
            let mut writers = Vec::new();
            for number in 0..8 {
                let (here, there) = sim.pair();
                writers.push(here);
                let order = &order;
                tasks.push(executor.spawn(async move {
                    let there = Async::new(there).unwrap();
                    (&there).read_exact(&mut [0]).await.unwrap();
                    order.borrow_mut().push(number);
                }));
            }
            Timer::after(Duration::from_millis(1)).await;
            writers.iter().for_each(|mut writer| writer.write_all(b"x").unwrap());
            for task in tasks {
                task.await;
            }
        });
        drop(executor);
        order.into_inner()
    };
    assert_eq!(order(with(Faults::NONE)), [0, 1, 2, 3, 4, 5, 6, 7]);
    let faults = Faults::NONE.with(Fault::Reorder);
    let mut orders: Vec<_> = (0..20).map(|seed| order(with(faults).seed(seed))).collect();
    assert_eq!(orders, (0..20).map(|seed| order(with(faults).seed(seed))).collect::<Vec<_>>());
    orders.sort();
    orders.dedup();
    assert!(orders.len() > 5, "{orders:?}");
}

#[test]
fn a_named_task_is_polled_late_by_the_draw() {
    let order = |settings: Settings| {
        let sim = Sim::new(settings);
        let order = std::cell::RefCell::new(Vec::new());
        let executor = LocalExecutor::new_in(&sim);
        executor.block_on(async {
            let named = |number| {
                let order = &order;
                sim.named("task", async move { order.borrow_mut().push(number) })
            };
            let tasks: Vec<_> = (0..8).map(|number| executor.spawn(named(number))).collect();
            for task in tasks {
                task.await;
            }
        });
        drop(executor);
        order.into_inner()
    };
    assert_eq!(order(with(Faults::NONE)), [0, 1, 2, 3, 4, 5, 6, 7]);
    let first = Strike { fault: Fault::LatePoll, whom: 1, occasion: 0 };
    assert_eq!(order(Settings::new().only([first])), [1, 2, 3, 4, 5, 6, 7, 0]);
}

/// The failure of a program that does not expect what strikes.
fn failure(fault: Fault) -> Failure {
    let settings = with(Faults::NONE.with(fault));
    *try_explore(settings, 0..200, |sim| async move { program(&sim).await.map(drop) })
        .expect_err("some seed has it")
}

#[test]
fn a_connection_breaks_for_both_ends() {
    let failure = failure(Fault::Reset);
    assert!(failure.message().contains("ConnectionReset"), "{failure}");
    let only = failure.settings().to_string();
    assert!(only.contains(" only=reset@"), "{only}");

    let sim =
        Sim::new(Settings::new().only([Strike { fault: Fault::Reset, whom: 2, occasion: 0 }]));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::ConnectionReset);
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::BrokenPipe);
        assert_eq!((&here).read(&mut [0]).await.unwrap(), 0);
        assert_eq!(kind((&there).read(&mut [0]).await), ErrorKind::ConnectionReset);
    });
    // Pairs and pipes are inside one host: they do not break.
    let sim = Sim::new(always(Fault::Reset));
    let (mut here, mut there) = sim.pair();
    here.write_all(b"x").unwrap();
    there.read_exact(&mut [0]).unwrap();
}

#[test]
fn there_may_be_no_descriptor_left_anywhere_one_is_needed() {
    let is_emfile = |error: std::io::Error| {
        let expected = if cfg!(windows) { 10024 } else { 24 };
        error.raw_os_error() == Some(expected)
    };
    let sim = Sim::new(always(Fault::NoDescriptors));
    let host = sim.host("host");
    assert!(is_emfile(host.listen(80).unwrap_err()));
    assert!(is_emfile(host.connect(("host", 80)).unwrap_err()));
    assert!(is_emfile(host.datagram(80).unwrap_err()));
    sim.block_on(async {
        let stream = Async::new(sim.pair().0).unwrap();
        assert!(is_emfile(stream.readable().await.unwrap_err()), "nor to register one");
    });

    // The listener's first occasion is its registration, the second is to accept.
    let strike = Strike { fault: Fault::NoDescriptors, whom: 1, occasion: 1 };
    let sim = Sim::new(Settings::new().only([strike]));
    sim.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = Async::new(server.listen(80).unwrap()).unwrap();
        let (_stream, first) = future::zip(connect(&client, &server), accept(&listener)).await;
        assert!(is_emfile(first.map(drop).unwrap_err()));
        accept(&listener).await.expect("the connection has stayed in the queue");
    });
}

#[test]
fn the_registration_that_found_no_descriptor_works_later() {
    let strike = Strike { fault: Fault::NoDescriptors, whom: 2, occasion: 0 };
    let sim = Sim::new(Settings::new().only([strike]));
    sim.block_on(async {
        let (mut here, there) = sim.pair();
        let there = Registration::new(there);
        let read = |mut stream: &mini_reactor_sim::Stream| stream.read(&mut [0]);
        assert!(there.io(Direction::Read, read).await.is_err());
        let write = async { here.write_all(b"x") };
        let read = there.io(Direction::Read, read);
        assert_eq!(future::try_zip(read, write).await.unwrap().0, 1);
    });
}

//! `attach`: who may, and what is said otherwise.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Directions, GlobalReactor, Handle, Reactor, ReadyList, Source, System,
};
use mini_reactor_tokio::Tokio;
use tokio::runtime::Builder;

use crate::tools::{current_thread, echo, pair, reactor, round_trips, runtimes, watch};

#[test]
fn sockets_of_ours_just_work_in_tasks_of_tokio() {
    let _watch = watch();
    for runtime in runtimes() {
        let (typed, reactor) = reactor();
        typed.backend().attach(&reactor, runtime.handle()).unwrap();
        let [mut here, there] = pair(&reactor);
        runtime.block_on(async {
            let echo = tokio::spawn(echo(there));
            let trips = tokio::spawn(async move { round_trips(&mut here, 200).await });
            trips.await.unwrap().unwrap();
            echo.await.unwrap().unwrap();
        });
    }
}

#[test]
fn before_it_the_reactor_is_its_inner_backend() {
    let (_, reactor) = reactor();
    let [mut here, there] = pair(&reactor);
    reactor.block_on(async {
        let trips = async {
            round_trips(&mut here, 10).await.unwrap();
            drop(here);
        };
        futures_lite::future::zip(trips, echo(there)).await.1.unwrap();
    });
}

#[test]
fn a_decorator_may_be_around_it() {
    struct Around(Arc<Tokio>);
    impl GlobalReactor for Around {
        fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.0.register(io, source)
        }
        fn rearm(&self, io: BorrowedIo<'_>, it: &Arc<Source>, to: Directions) -> io::Result<()> {
            self.0.rearm(io, it, to)
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
        fn pollable(&self) -> Option<BorrowedIo<'_>> {
            self.0.pollable()
        }
    }
    let tokio = Arc::new(Tokio::new(System::new()));
    let typed = Arc::new(Reactor::new(Around(Arc::clone(&tokio))));
    let (runtime, reactor) = (current_thread(), Handle::from(&typed));
    tokio.attach(&reactor, runtime.handle()).unwrap();
    let [mut here, there] = pair(&reactor);
    runtime.block_on(async {
        tokio::spawn(echo(there));
        round_trips(&mut here, 10).await.unwrap();
    });
}

#[test]
fn only_one_runtime_at_a_time() {
    let (typed, reactor) = reactor();
    let runtimes = runtimes();
    typed.backend().attach(&reactor, runtimes[0].handle()).unwrap();
    for runtime in &runtimes {
        let error = typed.backend().attach(&reactor, runtime.handle()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }
}

#[test]
fn the_reactor_has_to_be_its_own() {
    let runtime = current_thread();
    let ((typed, _), (_, other)) = (reactor(), reactor());
    let error = typed.backend().attach(&other, runtime.handle()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_backend_that_is_not_pollable_is_unsupported() {
    struct Blind;
    impl GlobalReactor for Blind {
        fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Ok(())
        }
        fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
            Ok(())
        }
        fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Ok(())
        }
        fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
            Ok(())
        }
        fn notify(&self) {}
        fn now(&self) -> Instant {
            Instant::now()
        }
    }
    let typed = Arc::new(Reactor::new(Tokio::new(Blind)));
    let error = typed.backend().attach(&typed, current_thread().handle()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_runtime_that_was_shut_down_is_not_connected() {
    for runtime in runtimes() {
        let handle = runtime.handle().clone();
        drop(runtime);
        let (typed, reactor) = reactor();
        let error = typed.backend().attach(&reactor, &handle).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
}

#[test]
fn a_runtime_without_io_or_time_panics_as_tokio_does() {
    let attach = |builder: &mut Builder| {
        let runtime = builder.build().unwrap();
        let (typed, reactor) = reactor();
        let attach = || typed.backend().attach(&reactor, runtime.handle());
        let payload = catch_unwind(AssertUnwindSafe(attach)).unwrap_err();
        payload.downcast_ref::<&str>().map_or_else(
            || payload.downcast_ref::<String>().unwrap().clone(),
            |text| (*text).to_owned(),
        )
    };
    let without_io = attach(Builder::new_current_thread().enable_time());
    assert!(without_io.contains("enable_io"), "{without_io}");
    let without_time = attach(Builder::new_current_thread().enable_io());
    assert!(without_time.contains("enable_time"), "{without_time}");
}

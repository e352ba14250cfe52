//! Timers follow the runtime's clock.

use std::time::{Duration, Instant};

use futures_lite::future::zip;
use tokio::runtime::Builder;
use tokio::time;

use crate::tools::{current_thread, hosts, pair, reactor, timer, watch};

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn they_are_never_early() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        runtime.block_on(async {
            for micros in [0, 1, 300, 999, 1000, 1001, 2500] {
                let (begin, after) = (Instant::now(), Duration::from_micros(micros));
                timer(after, &reactor).await;
                assert!(begin.elapsed() >= after);
            }
        });
    }
}

#[test]
fn an_earlier_one_that_is_set_later_is_not_late() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        runtime.block_on(async {
            let far = tokio::spawn(timer(HOUR, &reactor));
            tokio::task::yield_now().await;
            timer(Duration::from_millis(2), &reactor).await;
            assert!(!far.is_finished());
        });
    }
}

#[test]
fn a_paused_clock_pauses_them_and_goes_on_when_all_are_idle() {
    let _watch = watch();
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (typed, reactor) = reactor();
    typed.backend().attach(&reactor, runtime.handle()).unwrap();
    runtime.block_on(async {
        let (begin, ours) = (time::Instant::now(), reactor.now());
        assert_eq!(reactor.now(), ours, "it stands still");
        timer(HOUR, &reactor).await;
        assert_eq!(begin.elapsed(), HOUR);
        assert_eq!(reactor.now() - ours, HOUR);
        let order = std::sync::Mutex::new(Vec::new());
        let minutes = |minutes: u64| timer(Duration::from_secs(60 * minutes), &reactor);
        let sleep = |minutes: u64| time::sleep(Duration::from_secs(60 * minutes));
        let note = |what: &'static str| order.lock().unwrap().push(what);
        let ours = async {
            minutes(1).await;
            note("ours, 1");
            minutes(2).await;
            note("ours, 3");
        };
        let theirs = async {
            sleep(2).await;
            note("theirs, 2");
            sleep(2).await;
            note("theirs, 4");
        };
        zip(ours, theirs).await;
        assert_eq!(*order.lock().unwrap(), ["ours, 1", "theirs, 2", "ours, 3", "theirs, 4"]);
    });
}

#[test]
fn pause_advance_and_resume() {
    let _watch = watch();
    let (runtime, (typed, reactor)) = (current_thread(), reactor());
    typed.backend().attach(&reactor, runtime.handle()).unwrap();
    runtime.block_on(async {
        let mut hour = tokio::spawn(timer(HOUR, &reactor));
        tokio::task::yield_now().await;
        time::pause();
        // Something that blocks keeps tokio from going on by itself.
        let (end, blocks) = std::sync::mpsc::channel::<()>();
        let blocks = tokio::task::spawn_blocking(move || blocks.recv());
        time::advance(HOUR / 2).await;
        assert!(!hour.is_finished());
        time::advance(HOUR / 2 + Duration::from_millis(1)).await;
        (&mut hour).await.unwrap();
        time::resume();
        drop(end);
        assert!(blocks.await.unwrap().is_err());
        let before = reactor.now();
        timer(Duration::from_millis(2), &reactor).await;
        assert!(reactor.now() - before >= Duration::from_millis(2));
    });
    // The clock was an hour ahead of the system's. It does not go back when the runtime ends.
    let before = reactor.now();
    drop(runtime);
    assert!(reactor.now() >= before);
    let _still_works = pair(&reactor);
}

//! A `block_on` of ours that keeps a runtime's only thread is said in words; nothing else is.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use mini_reactor::Handle;

use crate::tools::{current_thread, hosts, in_a_process, multi_thread, pair, reactor, timer};

/// What is said.
const WORDS: [&str; 3] = ["only thread of a tokio runtime", "`.await`", "spawn_blocking"];

/// What a process of its own has said, in which `body` may hang.
fn said(name: &str, body: impl FnOnce() + Send + 'static) -> Option<String> {
    let output = in_a_process(name, || {
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            body();
            done.send(()).unwrap();
        });
        let _ = is_done.recv_timeout(Duration::from_secs(4));
        std::process::exit(0);
    })?;
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn assert_said(said: Option<String>) {
    if let Some(said) = said {
        assert!(WORDS.iter().all(|words| said.matches(words).count() == 1), "{said}");
    }
}

fn assert_nothing_said(said: Option<String>) {
    if let Some(said) = said {
        assert!(WORDS.iter().all(|words| !said.contains(words)), "{said}");
    }
}

fn deadlock(reactor: Handle) {
    reactor.block_on(tokio::time::sleep(Duration::from_millis(1)));
}

#[test]
fn waiting_for_tokio_on_its_only_thread() {
    assert_said(said("stalling::waiting_for_tokio_on_its_only_thread", || {
        let (runtime, (typed, reactor)) = (current_thread(), reactor());
        runtime.block_on(async {
            typed.backend().attach(&reactor, runtime.handle()).unwrap();
            deadlock(reactor);
        });
    }));
}

#[test]
fn the_same_in_a_task_later() {
    assert_said(said("stalling::the_same_in_a_task_later", || {
        let [(runtime, reactor), ..] = hosts();
        runtime.block_on(async {
            timer(Duration::from_millis(5), &reactor).await;
            tokio::spawn(async { deadlock(reactor) }).await.unwrap();
        });
    }));
}

#[test]
fn the_same_on_the_only_worker() {
    assert_said(said("stalling::the_same_on_the_only_worker", || {
        let (runtime, (typed, reactor)) = (multi_thread(1), reactor());
        typed.backend().attach(&reactor, runtime.handle()).unwrap();
        runtime.block_on(async {
            timer(Duration::from_millis(5), &reactor).await;
            tokio::spawn(async { deadlock(reactor) }).await.unwrap();
        });
    }));
}

/// Its thread parks then, and the other one has to notice.
#[test]
fn the_same_while_another_thread_drives() {
    assert_said(said("stalling::the_same_while_another_thread_drives", || {
        let [(runtime, reactor), ..] = hosts();
        let drives = reactor.clone();
        thread::spawn(move || drives.drive());
        runtime.block_on(async {
            timer(Duration::from_millis(50), &reactor).await;
            deadlock(reactor);
        });
    }));
}

/// Though events come all the time, which the thread delivers.
#[test]
fn the_same_while_there_are_events() {
    assert_said(said("stalling::the_same_while_there_are_events", || {
        let [(runtime, reactor), ..] = hosts();
        runtime.block_on(async {
            let ticks = reactor.clone();
            thread::spawn(move || {
                futures_lite::future::block_on(async {
                    loop {
                        timer(Duration::from_millis(20), &ticks).await;
                    }
                });
            });
            timer(Duration::from_millis(50), &reactor).await;
            deadlock(reactor);
        });
    }));
}

#[test]
fn what_makes_sense_is_not_said() {
    assert_nothing_said(said("stalling::what_makes_sense_is_not_said", || {
        // Many short ones, that sum up to more than the patience.
        let [(runtime, reactor), _, (many, shared)] = hosts();
        let [mut here, _there] = pair(&reactor);
        runtime.block_on(async {
            let waits = tokio::spawn(async move { here.read(&mut [0]).await });
            for _ in 0..30 {
                reactor.block_on(timer(Duration::from_millis(40), &reactor));
                tokio::task::yield_now().await;
            }
            waits.abort();
            // A long one, where it does no harm.
            let reactor = reactor.clone();
            let long = move || reactor.block_on(tokio::time::sleep(Duration::from_millis(1200)));
            tokio::task::spawn_blocking(long).await.unwrap();
        });
        // Another worker goes on.
        many.block_on(async {
            let long = async move {
                shared.block_on(timer(Duration::from_millis(1200), &shared));
            };
            tokio::spawn(long).await.unwrap();
        });
    }));
}

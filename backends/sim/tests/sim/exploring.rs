//! `explore`: what fails a run, how it is made small, and that what is left fails again.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::Timer;
use mini_executor_single_thread::LocalExecutor;
use mini_reactor_sim::{
    Failure, Fault, Faults, Settings, Sim, Strike, explore, explore_with, replay, try_explore,
};

use crate::common::connected;

/// A program with a mistake: it takes one read for a whole message.
pub(crate) async fn reads_once(sim: Sim) -> io::Result<()> {
    let (here, there) = connected(&sim).await?;
    for number in 0..20_u8 {
        (&here).write_all(&[number; 32]).await?;
        let mut message = [255; 32];
        let length = (&there).read(&mut message).await?;
        assert_eq!(length, 32, "message {number}");
    }
    Ok(())
}

fn failure_of(faults: Faults) -> Failure {
    *try_explore(Settings::new().faults(faults), 0..100, reads_once).unwrap_err()
}

#[test]
fn a_mistake_is_found_and_what_is_left_of_the_run_is_what_it_needs() {
    let failure = failure_of(Faults::MILD);
    let line = failure.settings().to_string();
    let (_, only) = line.split_once(" only=").expect("it was shrunk");
    let only: Vec<Strike> = only.split(',').map(|strike| strike.parse().unwrap()).collect();
    assert_eq!(only.len(), 1, "{only:?}");
    assert!(matches!(only[0].fault, Fault::ShortRead | Fault::ShortWrite), "{only:?}");
    assert!(failure.message().contains("message "), "{failure}");
    // Nothing else has struck in the run that is shown.
    let struck: Vec<_> = failure.trace().lines().filter(|line| line.contains(" fault ")).collect();
    assert_eq!(struck.len(), 1, "{struck:?}");
}

#[test]
fn the_settings_of_a_failure_fail_again_with_the_same_trace() {
    let failure = failure_of(Faults::MILD);
    for _ in 0..2 {
        let settings = Settings::new().replaying(&failure.settings().to_string()).unwrap();
        let again = replay(settings, reads_once).expect_err("it fails again");
        assert_eq!(again.message(), failure.message());
        assert_eq!(again.trace(), failure.trace());
        assert_eq!(again.replay_line(), failure.replay_line());
    }
    let calm = Settings::new().seed(3).only([]);
    assert_eq!(replay(calm, reads_once).unwrap().runs, 1);
}

#[test]
fn a_fault_that_is_off_is_not_needed_for_finding() {
    assert!(
        try_explore(
            Settings::new()
                .faults(Faults::MILD.without(Fault::ShortRead).without(Fault::ShortWrite)),
            0..100,
            reads_once
        )
        .is_ok()
    );
}

#[test]
fn a_report_says_everything() {
    let failure = failure_of(Faults::NONE.with(Fault::ShortRead));
    let report = failure.to_string();
    let lines: Vec<_> = report.lines().collect();
    let seed = failure.settings().to_string();
    let seed = seed.split([' ', '=']).nth(1).unwrap();
    assert!(lines[0].starts_with(&format!("seed {seed} fails: assertion `left == right` failed")));
    assert!(report.contains("\n  at backends/sim/tests/sim/exploring.rs:"), "{report}");
    let elapsed = format!("  after {:?} of virtual time", elapsed_of(failure.settings()));
    assert!(lines.iter().any(|line| line.starts_with(&elapsed)), "{report}");
    assert!(report.contains("  the first of "), "{report}");
    // The trace up to the panic, without what the unwinding drops.
    let trace: Vec<_> = failure.trace().lines().collect();
    let end = trace.iter().rposition(|line| line.contains(": read ")).unwrap() + 1;
    assert!(trace.len() > end);
    let shown = format!("\n  {}\nreplay: ", trace[end.saturating_sub(40)..end].join("\n  "));
    assert!(report.contains(&shown), "{report}");
    assert!(report.contains(&format!(" of virtual time and {end} steps, sum ")), "{report}");
    let last = lines.last().unwrap();
    assert_eq!(*last, format!("replay: {}", failure.replay_line()));
    assert!(last.starts_with("replay: MINI_REACTOR_SIM='seed="), "{last}");
}

#[test]
fn of_a_long_trace_the_end_is_shown() {
    let failure = try_explore(Settings::new(), 0..1, |sim| async move {
        (0..1000).for_each(|number| sim.note(&format!("number {number}")));
        panic!("enough");
        #[expect(unreachable_code, reason = "says what this returns")]
        ()
    });
    let report = failure.unwrap_err().to_string();
    assert!(
        report.contains("  (961 steps before these)\n  0.000000000 note: number 960\n"),
        "{report}"
    );
    assert!(report.contains("note: number 999\nreplay: "), "{report}");
}

fn elapsed_of(settings: &Settings) -> Duration {
    let sim = Sim::new(settings.clone());
    let _ = catch_unwind(AssertUnwindSafe(|| sim.block_on(reads_once(sim.clone()))));
    sim.elapsed()
}

#[test]
fn explore_panics_with_the_report_and_prints_nothing_before() {
    let end = catch_unwind(|| explore_with(Settings::new(), 0..100, reads_once));
    let end = end.unwrap_err().downcast::<String>().unwrap();
    assert!(end.starts_with("seed ") && end.contains("\nreplay: "), "{end}");
}

#[test]
fn a_panic_in_a_detached_task_fails_the_run() {
    let failure = try_explore(Settings::new(), 0..1, |_| async {
        let executor = LocalExecutor::new();
        executor.spawn(async { panic!("nobody waits for this") }).detach();
        executor
            .run(async {
                let _ = Timer::after(Duration::from_secs(1)).await;
            })
            .await;
    });
    assert_eq!(failure.unwrap_err().message(), "nobody waits for this");
}

#[test]
fn an_error_fails_the_run() {
    let failure = try_explore(Settings::new(), 0..1, |_| async {
        Err::<(), _>(io::Error::other("something"))
    });
    let message = failure.unwrap_err().message().to_owned();
    assert!(message.starts_with("the test returned an error: Custom { kind: Other"), "{message}");
}

#[test]
fn a_deadlock_fails_the_run_and_shrinks_to_what_it_needs() {
    // The second part of a message is waited for only if the first did not come whole.
    let failure = try_explore(Settings::new(), 0..100, |sim| async move {
        let (here, there) = connected(&sim).await?;
        let length = (&here).write(b"hello").await?;
        let mut text = [0; 5];
        (&there).read_exact(&mut text[..length]).await?;
        if length < 5 {
            (&there).read_exact(&mut text[length..]).await?; // nobody sends the rest
        }
        io::Result::Ok(())
    });
    let failure = failure.unwrap_err();
    assert!(failure.message().starts_with("deadlock at "), "{failure}");
    let line = failure.settings().to_string();
    assert!(line.ends_with(" only=short-write@2.0"), "{line}");
}

async fn always(_: Sim) {
    panic!("always");
}

#[test]
fn a_failure_that_needs_no_fault_is_left_with_none() {
    let failure = try_explore(Settings::new(), 5..6, always);
    assert_eq!(failure.unwrap_err().settings().to_string(), "seed=5 only=none");
}

/// Fails in one place if the read was short, else in another if the write was.
async fn fails_in_two_places(sim: Sim) -> io::Result<()> {
    let (mut here, mut there) = sim.pair();
    let sent = retry(|| io::Write::write(&mut here, &[0; 100]))?;
    let received = retry(|| io::Read::read(&mut there, &mut [0; 100]))?;
    assert!(received == sent, "the read was short");
    assert!(sent == 100, "the write was short");
    Ok(())
}

#[test]
fn a_run_does_not_shrink_to_another_failure() {
    let faults = Faults::NONE.with(Fault::ShortRead).with(Fault::ShortWrite);
    let settings = Settings::new().faults(faults);
    let both = |seed: &u64| {
        let Err(failure) = replay(settings.clone().seed(*seed), fails_in_two_places) else {
            return false;
        };
        let trace = failure.trace().to_string();
        trace.contains("short-write@1.0") && trace.contains("short-read@2.0")
    };
    let seed = (0..1000).find(both).expect("some seed has both");
    let failure = try_explore(settings.clone(), [seed], fails_in_two_places).unwrap_err();
    assert_eq!(failure.message(), "the read was short");
    assert_eq!(failure.settings().to_string(), format!("seed={seed} only=short-read@2.0"));
}

fn retry<T>(mut op: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match op() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[test]
fn a_test_that_does_not_repeat_is_told_so() {
    let count = AtomicU64::new(0);
    let failure = try_explore(Settings::new(), 0..10, |sim| {
        let millis = count.fetch_add(1, Relaxed);
        async move {
            sim.note("the same");
            sim.note(&format!("number {millis}"));
            sim.note("the same again");
        }
    });
    let failure = failure.unwrap_err();
    let expected = "the test does not repeat: the same seed gives different runs\n  \
                    they part with: 0.000000000 note: number 2\n  \
                    the other time: 0.000000000 note: number 3";
    assert_eq!(failure.message(), expected);
    assert!(failure.to_string().contains("may come from real time"), "{failure}");
}

#[test]
fn a_failure_that_does_not_repeat_is_told_so() {
    let runs = Cell::new(0);
    let failure = try_explore(Settings::new(), 0..10, |_| {
        runs.set(runs.get() + 1);
        let fails = runs.get() == 5;
        async move { assert!(!fails, "once") }
    });
    let failure = failure.unwrap_err();
    assert!(failure.message().starts_with("the test does not repeat"), "{failure}");
}

#[test]
fn what_was_explored_is_counted_and_the_same_each_time() {
    let test = |sim: Sim| async move {
        let (here, there) = connected(&sim).await?;
        (&here).write_all(&[0; 1000]).await?;
        (&here).close().await?;
        (&there).read_to_end(&mut Vec::new()).await?;
        io::Result::Ok(())
    };
    let first = explore(0..50, test);
    assert_eq!(first.runs, 50);
    assert!(first.steps > 50 * 10 && first.faults > 0 && first.elapsed > Duration::ZERO);
    assert_eq!(first, explore(0..50, test));
    assert_ne!(first.sum, explore(1..51, test).sum);
    assert!(first.to_string().starts_with("50 runs, "), "{first}");
}

#[test]
fn the_programs_own_draws_are_the_seeds() {
    let draw = |seed| {
        let sim = Sim::new(Settings::new().seed(seed));
        (0..20).map(|_| sim.random(10..20)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert!(draw(1).iter().all(|drawn| (10..20).contains(drawn)));
    let empty = catch_unwind(|| Sim::new(Settings::new()).random(3..3));
    assert!(empty.is_err());
}

#[test]
fn a_trace_tells_what_happened() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        (&here).write_all(b"hello").await.unwrap();
        sim.note("sent");
        (&there).read_exact(&mut [0; 5]).await.unwrap();
        drop(here);
        drop(there);
    });
    assert_eq!(sim.trace().to_string(), include_str!("trace.txt"));
}

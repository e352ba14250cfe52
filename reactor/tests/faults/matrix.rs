//! Each error that a call's manual page lists, at each place where the default backend makes that
//! call: one life per error and place.

use std::io;

use libc::{EINTR, ENOSYS, EPERM, c_int};

use crate::calls::Call;
use crate::faults::run;
use crate::life::{Failure, live};

/// Whether the reactor stands on the portable path, which makes calls of its own choice.
pub(crate) const PORTABLE: bool =
    cfg!(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"));

/// The calls that `System` makes on Linux, one way or the other.
pub(crate) const CALLS: [Call; 12] = [
    Call::EpollCreate,
    Call::EpollAdd,
    Call::EpollModify,
    Call::EpollDelete,
    Call::Wait,
    Call::OldWait,
    Call::Eventfd,
    Call::TimerfdCreate,
    Call::TimerfdSet,
    Call::Poll,
    Call::Read,
    Call::Write,
];

/// Whether the reactor makes this call at all. That those it does not make stay unmade is tested
/// too: a new call has to have its errors tried.
pub(crate) fn is_made(call: Call) -> bool {
    match PORTABLE {
        // `polling` knows no older call.
        true => call != Call::OldWait,
        // Edges need no rearming, deadlines go into the wait, and the notifier is never read.
        false => {
            !matches!(call, Call::EpollModify | Call::TimerfdCreate | Call::TimerfdSet | Call::Read)
        }
    }
}

/// What a failed call comes to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The waiter, or whoever turns, gets the system's error, once.
    Reported,
    /// Nobody notices.
    Unnoticed,
    /// The object counts as always ready; who would block all the same is told so.
    AlwaysReady,
}

fn outcome(call: Call, site: usize, error: c_int) -> Outcome {
    // The notifier's own, and on the portable path the timer's, come before any source's.
    let of_a_source = call == Call::EpollAdd && site > usize::from(PORTABLE);
    match call {
        _ if of_a_source && error == EPERM => Outcome::AlwaysReady,
        // It has a pipe instead, and the timeout of the waiting call.
        Call::Eventfd | Call::TimerfdCreate if PORTABLE => Outcome::Unnoticed,
        Call::EpollCreate | Call::EpollAdd | Call::EpollModify | Call::Eventfd => Outcome::Reported,
        Call::TimerfdCreate | Call::TimerfdSet => Outcome::Reported,
        Call::Wait | Call::OldWait if error == EINTR => Outcome::Unnoticed,
        // The old call serves.
        Call::Wait if matches!(error, ENOSYS | EPERM) && !PORTABLE => Outcome::Unnoticed,
        Call::Wait | Call::OldWait => Outcome::Reported,
        // Of an object that is about to be closed; of a question whose answer may be "perhaps"; of
        // a notifier that can be neither full nor empty.
        Call::EpollDelete | Call::Poll | Call::Read | Call::Write => Outcome::Unnoticed,
    }
}

/// A life that makes no such call.
pub(crate) fn never_made(call: Call) -> Result<(), String> {
    match places(call)? {
        0 => Ok(()),
        places => Err(format!("{call:?} is made at {places} places, and its errors are not tried")),
    }
}

/// In how many places of a life without faults `call` is made.
fn places(call: Call) -> Result<usize, String> {
    run(move |faults| {
        disable_newer(call, |other| faults.fail_all(other, ENOSYS));
        let failures = live(faults);
        assert!(failures.is_empty(), "without a fault: {failures:?}");
        faults.count(call)
    })
}

/// Every error of `call` at every place.
pub(crate) fn every_error_at_every_place(call: Call) -> Result<(), String> {
    let places = places(call)?;
    if places == 0 {
        return Err(format!("{call:?} is made nowhere, so nothing was tried"));
    }
    for site in 0..places {
        for error in call.errors().iter().copied() {
            let place = format!("{call:?} number {site} fails with {error}");
            let failures = run(move |faults| {
                disable_newer(call, |other| faults.fail_all(other, ENOSYS));
                faults.fail_one(call, site, error);
                let failures = live(faults);
                let planned = |(_, answer): &(_, c_int)| *answer == error;
                assert!(faults.failures().iter().any(planned), "the fault was not met");
                failures
            });
            let failures = failures.map_err(|message| format!("{place}: {message}"))?;
            check(&failures, outcome(call, site, error), error)
                .map_err(|message| format!("{place}: {message}"))?;
        }
    }
    Ok(())
}

/// The older call is made only where the newer one is missing.
fn disable_newer(call: Call, disable: impl FnOnce(Call)) {
    if call == Call::OldWait && !PORTABLE {
        disable(Call::Wait);
    }
}

fn check(failures: &[(&str, Failure)], outcome: Outcome, error: c_int) -> Result<(), String> {
    let as_promised = match (&outcome, failures) {
        (Outcome::Unnoticed | Outcome::AlwaysReady, []) => true,
        (Outcome::Reported, [(_, Failure::Error(given))]) => given.raw_os_error() == Some(error),
        (Outcome::Reported, [(_, Failure::Panic(message))]) => {
            let given = io::Error::from_raw_os_error(error).to_string();
            message.contains("the reactor's turn failed") && message.contains(&given)
        }
        (Outcome::AlwaysReady, [(_, Failure::Error(given))]) => {
            given.kind() == io::ErrorKind::Unsupported && given.raw_os_error().is_none()
        }
        _ => false,
    };
    if as_promised { Ok(()) } else { Err(format!("should be {outcome:?}, got {failures:?}")) }
}

//! Runs a scenario on a thread whose system calls fail as planned.
//!
//! One thread runs the scenario, another answers its calls. What is checked of every scenario: it
//! ends, and leaves no descriptor behind. Scenarios run one after the other, so that descriptors
//! can be counted.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use libc::c_int;

use crate::calls::{Call, numbers};
use crate::seccomp::{Answer, Listener, filter_this_thread};

/// Far more than any scenario needs on a busy machine; only one that hangs waits so long.
const HANGS: Duration = Duration::from_secs(20);

/// What is to fail, and what was called.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    faults: Vec<Fault>,
    log: Vec<(Call, Answer)>,
}

struct Fault {
    call: Call,
    /// Calls of this kind that go on first; `None` once it has failed.
    after: Option<usize>,
    error: c_int,
    /// Whether all later ones fail too.
    stays: bool,
}

impl Faults {
    /// Of the calls of this kind made from now on, the one after `after` others fails.
    pub(crate) fn fail_one(&self, call: Call, after: usize, error: c_int) {
        self.lock().faults.push(Fault { call, after: Some(after), error, stays: false });
    }

    /// All calls of this kind fail from now on.
    pub(crate) fn fail_all(&self, call: Call, error: c_int) {
        self.lock().faults.push(Fault { call, after: Some(0), error, stays: true });
    }

    /// From now on nothing fails.
    pub(crate) fn clear(&self) {
        self.lock().faults.clear();
    }

    /// Whether a call of this kind is still to fail.
    pub(crate) fn is_planned(&self, call: Call) -> bool {
        self.lock().faults.iter().any(|fault| fault.call == call && fault.after.is_some())
    }

    /// How many calls of this kind were made, failed ones included.
    pub(crate) fn count(&self, call: Call) -> usize {
        self.lock().log.iter().filter(|(other, _)| *other == call).count()
    }

    /// The calls that failed as planned, with their errors.
    pub(crate) fn failures(&self) -> Vec<(Call, c_int)> {
        let failed = |(call, answer): &(Call, Answer)| match answer {
            Answer::Fail(error) => Some((*call, *error)),
            Answer::GoOn => None,
        };
        self.lock().log.iter().filter_map(failed).collect()
    }

    fn answer(&self, call: Call) -> Answer {
        let mut plan = self.lock();
        let mut answer = Answer::GoOn;
        for fault in plan.faults.iter_mut().filter(|fault| fault.call == call) {
            match fault.after {
                Some(0) => {
                    answer = Answer::Fail(fault.error);
                    fault.after = fault.stays.then_some(0);
                }
                Some(after) => fault.after = Some(after - 1),
                None => {}
            }
        }
        plan.log.push((call, answer));
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why these tests cannot run here; `None`: they can.
pub(crate) fn refusal() -> Option<String> {
    let probe = thread::spawn(|| filter_this_thread(&[]).map(drop));
    let result = probe.join().expect("a probe does not panic");
    result.err().map(|error| format!("the filter of system calls is refused: {error}"))
}

/// Runs `scenario` on a thread of its own, and fails if it panics, hangs or leaves descriptors.
pub(crate) fn run<T: Send + 'static>(
    scenario: impl FnOnce(&Arc<Faults>) -> T + Send + 'static,
) -> Result<T, String> {
    let before = descriptors();
    let faults = Arc::new(Faults::default());
    let (filtered, listener) = mpsc::channel();
    let (done, result) = mpsc::channel();
    let thread = {
        let faults = Arc::clone(&faults);
        thread::spawn(move || {
            let listener = filter_this_thread(&numbers()).expect("the probe could");
            filtered.send(listener).expect("the other end waits");
            let result = catch_unwind(AssertUnwindSafe(|| scenario(&faults)));
            done.send(result.map_err(|_| last_panic())).expect("the other end waits");
        })
    };
    let listener = listener.recv().map_err(|_| "no filter".to_owned())?;
    let supervisor = {
        let faults = Arc::clone(&faults);
        thread::spawn(move || supervise(&listener, &faults).expect("a call could not be answered"))
    };
    let result = match result.recv_timeout(HANGS) {
        Ok(result) => result,
        // Its threads are abandoned; the process ends soon, having failed.
        Err(RecvTimeoutError::Timeout) => return Err(format!("hangs: {:?}", faults.lock().log)),
        Err(RecvTimeoutError::Disconnected) => return Err("ended without a result".to_owned()),
    };
    thread.join().map_err(|_| "panicked at its end".to_owned())?;
    supervisor.join().map_err(|_| "no supervisor".to_owned())?;
    let after = descriptors();
    let result = result?;
    if after == before { Ok(result) } else { Err(format!("leaks: {before:?} before, {after:?}")) }
}

/// Answers calls until no filtered thread is left.
fn supervise(listener: &Listener, faults: &Faults) -> io::Result<()> {
    while let Some(call) = listener.next()? {
        let answer = match Call::of(&call) {
            Call::Read | Call::Write if !is_eventfd(call.arguments[0]) => Answer::GoOn,
            kind => faults.answer(kind),
        };
        listener.answer(&call, answer)?;
    }
    Ok(())
}

/// Whether the descriptor is a notifier. Everything else that is read and written is the test's.
fn is_eventfd(descriptor: u64) -> bool {
    let link = fs::read_link(format!("/proc/self/fd/{descriptor}"));
    link.is_ok_and(|link| link.to_string_lossy().contains("eventfd"))
}

/// What the descriptors of this process are.
fn descriptors() -> Vec<String> {
    let folder = fs::read_dir("/proc/self/fd").expect("proc is mounted");
    let links = folder.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let mut descriptors: Vec<_> = links.map(|link| link.to_string_lossy().into_owned()).collect();
    // The folder itself is open while it is read, under the process's number.
    descriptors.sort();
    descriptors
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps what panics say for whoever catches them, instead of printing it: many are expected.
pub(crate) fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = LAST_PANIC.try_with(|last| last.replace(panic.to_string()));
    }));
}

/// What the last panic of this thread said.
pub(crate) fn last_panic() -> String {
    LAST_PANIC.with(RefCell::take)
}

//! The panics of a run: kept, and not printed while many runs are tried.
//!
//! A panic in a detached task ends with the task, and nobody would know; so what a run panics with
//! is taken from the panic hook rather than from what unwinds out of it. The hook is the process's:
//! it is wrapped once, and the wrapper is for threads that watch a run.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// What one panic said, and where.
#[derive(Clone, Debug)]
pub(super) struct Panic {
    pub(super) message: String,
    /// File, line and column; empty if the hook was not ours.
    pub(super) place: String,
    /// How many steps the trace had by then. What comes after is the unwinding.
    pub(super) step: Option<usize>,
}

impl Panic {
    pub(super) fn saying(message: String) -> Panic {
        Panic { message, place: String::new(), step: None }
    }
}

struct Watch {
    quiet: bool,
    /// Says how many steps the trace has.
    steps: Box<dyn Fn() -> Option<usize>>,
    first: Option<Panic>,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Runs `body`: what it gave, if it did not panic, and the first panic there was. `steps` is asked
/// while that is under way, so it must not wait for anything.
pub(super) fn watch<T>(
    quiet: bool,
    steps: impl Fn() -> Option<usize> + 'static,
    body: impl FnOnce() -> T,
) -> (Option<T>, Option<Panic>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !note(info) {
                before(info);
            }
        }));
    });
    let outer = WATCH.replace(Some(Watch { quiet, steps: Box::new(steps), first: None }));
    let result = catch_unwind(AssertUnwindSafe(body));
    let first = WATCH.replace(outer).and_then(|watch| watch.first);
    match result {
        Ok(value) => (Some(value), first),
        Err(payload) => (None, first.or_else(|| Some(Panic::saying(words(&*payload))))),
    }
}

/// Keeps a panic if this thread watches; true if nobody else should hear of it.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let noted = WATCH.try_with(|watch| {
        let mut watch = watch.try_borrow_mut().ok()?;
        let watch = watch.as_mut()?;
        if watch.first.is_none() {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let (message, step) = (words(info.payload()), (watch.steps)());
            watch.first = Some(Panic { message, place, step });
        }
        Some(watch.quiet)
    });
    noted.ok().flatten().unwrap_or(false)
}

fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

//! The core under every interleaving that loom can tell apart, within a bound on preemptions.
//!
//! What runs here are the source files of the crate: its reactor, parkers, `block_on`,
//! registrations, sources and timers. They are compiled with loom's types in place of the standard
//! library's (`sync.rs`, and `thread_local!` below), on a backend that is a few lines (`world.rs`).
//! A model is a test named after what it shows; a wake-up that is lost shows as a deadlock, which
//! loom reports. (`costs.rs` has no interleavings; it counts.) `LOOM_MAX_PREEMPTIONS` sets another
//! bound, `LOOM_LOG=info` shows the steps.
//!
//! Not modelled: drivers that panic (loom runs its threads on one, so a lock that one thread holds
//! while another unwinds counts as poisoned). The guards that release the role are the same as for
//! a turn that fails, which is modelled.

#![expect(dead_code, reason = "each file of the crate is whole; the models use parts of most")]
#![expect(unreachable_pub, reason = "what the crate exports is at home in this one")]
#![expect(unnameable_types, reason = "the same")]

/// The standard library's, for loom's threads.
macro_rules! thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const $value:block;) => {
        $(#[$attribute])*
        static $name: crate::sync::Local<$type> = {
            loom::thread_local! { static LOCAL: $type = $value; }
            crate::sync::Local(&LOCAL)
        };
    };
}

#[path = "../../src/backend.rs"]
mod backend;
#[path = "../../src/block_on.rs"]
mod block_on;
#[path = "../../src/deadline.rs"]
mod deadline;
#[path = "../../src/driving.rs"]
mod driving;
#[path = "../../src/external.rs"]
mod external;
#[path = "../../src/fork.rs"]
mod fork;
#[path = "../../src/handle.rs"]
mod handle;
#[path = "../../src/ids.rs"]
mod ids;
#[path = "../../src/io_object.rs"]
mod io_object;
#[path = "../../src/lend.rs"]
mod lend;
#[path = "../../src/observation.rs"]
mod observation;
#[path = "../../src/park_state.rs"]
mod park_state;
#[path = "../../src/parker.rs"]
mod parker;
#[path = "../../src/reactor.rs"]
mod reactor;
#[path = "../../src/ready.rs"]
mod ready;
#[path = "../../src/ready_list.rs"]
mod ready_list;
#[path = "../../src/registration.rs"]
mod registration;
#[path = "../../src/report.rs"]
mod report;
#[path = "../../src/source.rs"]
mod source;
#[path = "../../src/sys/no_object.rs"]
mod sys;
#[path = "../../src/timers.rs"]
mod timers;
#[path = "../../src/waiters.rs"]
mod waiters;
#[path = "../../src/wake.rs"]
mod wake;
#[path = "../../src/word.rs"]
mod word;

mod sync;
mod world;

mod costs;
mod deadlines;
mod hand_over;
mod keep_open;
mod one_shot;
mod sleeping;
mod teams;
mod waiting;

use reactor::Reactor;

/// What the crate's root has beside modules.
fn global() -> &'static Reactor {
    unreachable!("each model has a reactor of its own")
}

/// The report of debug builds has no part in any protocol.
mod undriven {
    #[derive(Debug)]
    pub(crate) struct Undriven;

    impl Undriven {
        pub(crate) const fn new() -> Undriven {
            Undriven
        }
        pub(crate) fn lend(&self, _begins: bool) {}
        pub(crate) fn driven(&self) {}
        pub(crate) fn wait_begins(&self, _heard: impl Fn() -> bool, _waiting: impl Fn() -> bool) {}
    }
}

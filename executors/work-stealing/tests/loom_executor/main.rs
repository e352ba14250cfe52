//! The executor under every interleaving that loom can tell apart, within a bound on preemptions.
//!
//! What runs here are the source files of the executor and of the core, with loom's types in place
//! of the standard library's (`sync.rs`, and `thread_local!` below), queues that are a few lines
//! (`queue.rs`), and the backend of the core's own models. Tasks are real ones: async-task is
//! below all this, and taken as it is. A model is a test named after what it shows; a wake-up that
//! is lost shows as a deadlock, a sleeper that does not come to rest as a model that does not end;
//! loom reports both. `LOOM_MAX_PREEMPTIONS` sets another bound, `LOOM_LOG=info` shows the steps.
//!
//! Time is each thread's own, and passes when it sleeps with a limit. So a limit is over as soon as
//! the others have had their turn, and every bound in milliseconds is one of a number of looks.
//!
//! Not modelled: that a watcher which ends its watch looks once more. What that rests on is that a
//! store is seen within a period of a millisecond, and loom may hide one for ever.

#![expect(dead_code, reason = "each file is whole; the models use parts of most")]
#![expect(unreachable_pub, reason = "what the crates export is at home in this one")]
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

#[path = "../../../../reactor/src/backend.rs"]
mod backend;
#[path = "../../../../reactor/src/block_on.rs"]
mod block_on;
#[path = "../../../../reactor/src/deadline.rs"]
mod deadline;
#[path = "../../../../reactor/src/driving.rs"]
mod driving;
#[path = "../../../../reactor/src/external.rs"]
mod external;
#[path = "../../../../reactor/src/fork.rs"]
mod fork;
#[path = "../../../../reactor/src/handle.rs"]
mod handle;
#[path = "../../../../reactor/src/ids.rs"]
mod ids;
#[path = "../../../../reactor/src/io_object.rs"]
mod io_object;
#[path = "../../../../reactor/src/lend.rs"]
mod lend;
#[path = "../../../../reactor/src/observation.rs"]
mod observation;
#[path = "../../../../reactor/src/park_state.rs"]
mod park_state;
#[path = "../../../../reactor/src/parker.rs"]
mod parker;
#[path = "../../../../reactor/src/reactor.rs"]
mod reactor;
#[path = "../../../../reactor/src/ready.rs"]
mod ready;
#[path = "../../../../reactor/src/ready_list.rs"]
mod ready_list;
#[path = "../../../../reactor/src/registration.rs"]
mod registration;
#[path = "../../../../reactor/src/report.rs"]
mod report;
#[path = "../../../../reactor/src/source.rs"]
mod source;
#[path = "../../../../reactor/src/sys/no_object.rs"]
mod sys;
#[path = "../../../../reactor/src/timers.rs"]
mod timers;
#[path = "../../../../reactor/src/waiters.rs"]
mod waiters;
#[path = "../../../../reactor/src/wake.rs"]
mod wake;
#[path = "../../../../reactor/src/word.rs"]
mod word;
#[path = "../../../../reactor/tests/loom_core/world.rs"]
mod world;

#[path = "../../src/books.rs"]
mod books;
#[path = "../../src/close.rs"]
mod close;
#[path = "../../src/crew.rs"]
mod crew;
#[path = "../../src/current.rs"]
mod current;
#[path = "../../src/home.rs"]
mod home;
#[path = "../../src/info.rs"]
mod info;
#[path = "../../src/local.rs"]
mod local;
#[path = "../../src/run.rs"]
mod run;
#[path = "../../src/shared.rs"]
mod shared;
#[path = "../../src/slots.rs"]
mod slots;
#[path = "../../src/task.rs"]
mod task;
#[path = "../../src/watch.rs"]
mod watch;
#[path = "../../src/block_on.rs"]
mod with_reactor;
#[path = "../../src/worker.rs"]
mod worker;

mod queue;
mod sync;

mod ending;
mod pushing;
mod stuck;
mod support;

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use home::Home;
use reactor::Reactor;
use shared::Shared;

/// Fewer polls than in the crate, or the models would have to make so many.
const TURN: usize = 3;

/// What the root of the executor's crate has, without a hook.
struct Executor<'a> {
    home: OnceLock<Arc<Home>>,
    tasks: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl Executor<'_> {
    fn home(&self) -> &Arc<Home> {
        self.home.get_or_init(|| Home::new(Arc::new(Shared::default())))
    }

    fn hooked<R>(&self, body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// What the root of the core has beside modules.
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

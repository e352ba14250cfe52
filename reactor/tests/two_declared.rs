//! A program that declares two reactors, which no program may.
#![cfg(not(all(windows, target_env = "gnu")))] // nothing can be declared there
#![forbid(unsafe_code)]

use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;

use mini_reactor::{Deadline, Handle, Reactor, System, global, global_reactor, set_global};

global_reactor! {
    static FIRST: System = System::new();
}

mod library {
    mini_reactor::global_reactor! {
        static SECOND: mini_reactor::System = mini_reactor::System::new();
    }
}

fn told(call: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(call).expect_err("which of the two?");
    payload.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn two_declared_globals_are_a_panic_that_names_both_at_each_use() {
    static OTHER: Reactor<System> = Reactor::new(System::new());
    let uses: [fn(); 5] = [
        || {
            global();
        },
        || drop(set_global(&OTHER)),
        || drop(Handle::current()),
        || drop(Deadline::after(Duration::ZERO)),
        || mini_reactor::block_on(async {}),
    ];
    for call in uses {
        let told = told(call);
        assert!(told.starts_with("two global reactors are declared"), "{told}");
        for name in ["two_declared::FIRST", "two_declared::library::SECOND"] {
            assert!(told.contains(name), "{told}");
        }
        assert_eq!(told.matches(file!()).count(), 2, "each with its place: {told}");
    }
}

#[test]
fn a_reactor_that_is_given_or_entered_needs_no_global_one() {
    let own = Handle::from(Arc::new(Reactor::new(System::new())));
    let _entered = own.enter();
    own.block_on(async {
        let mut nap = Deadline::after(Duration::from_millis(1));
        std::future::poll_fn(|cx| nap.poll(cx)).await;
    });
}

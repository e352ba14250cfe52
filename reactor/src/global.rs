//! Which reactor a program uses: declared when it is linked, set when it starts, or the default.
//!
//! Libraries never choose; they use what [`global`] gives, or take a reactor as a parameter. The
//! linkage is in `sys/links.rs`: a slice that the linker fills with what was declared.

use std::io::{self, ErrorKind};
use std::sync::OnceLock;

use crate::reactor::Reactor;
use crate::sys;
use crate::system::System;

static DEFAULT: Reactor<System> = Reactor::new(System::new());
static CHOSEN: OnceLock<&'static Reactor> = OnceLock::new();

/// What `global_reactor!` leaves for the linker to collect.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no part of the API")]
pub struct Declaration {
    pub name: &'static str,
    pub place: &'static str,
    pub reactor: &'static Reactor,
}

/// The reactor that this program chose: the one declared with [`global_reactor!`], else the one
/// given to [`set_global`], else [`System`]. Constant from the first call on.
///
/// # Panics
///
/// If two reactors are declared in the program; the message names both.
///
/// [`global_reactor!`]: crate::global_reactor
pub fn global() -> &'static Reactor {
    CHOSEN.get_or_init(|| declared().unwrap_or(&DEFAULT))
}

/// Chooses the program's reactor at run time. For targets without link-time choice, and for
/// programs that decide by their arguments.
///
/// # Errors
///
/// `AlreadyExists` if the global reactor was used, set or declared before.
///
/// # Panics
///
/// As [`global`].
pub fn set_global(reactor: &'static Reactor) -> io::Result<()> {
    if declared().is_none() && CHOSEN.set(reactor).is_ok() {
        return Ok(());
    }
    Err(io::Error::new(
        ErrorKind::AlreadyExists,
        "the global reactor was chosen already: declared, set, or used before",
    ))
}

fn declared() -> Option<&'static Reactor> {
    match sys::links::declarations() {
        [] => None,
        [one] => Some(one.reactor),
        [one, other, ..] => panic!(
            "two global reactors are declared: `{}` at {} and `{}` at {}; a program has at most one, \
             and libraries declare none",
            one.name, one.place, other.name, other.place
        ),
    }
}

/// Declares the reactor of the whole program, as `#[global_allocator]` does for memory.
///
/// At most one per program, in the final binary. The static is an ordinary one of the type given.
///
/// For Linux, Android, macOS, iOS, tvOS, FreeBSD, OpenBSD, illumos, Fuchsia, and Windows with the
/// linker of MSVC. Elsewhere it does not compile; call [`set_global`] there.
///
/// # Examples
///
/// ```standalone_crate
/// use mini_reactor::{System, global_reactor};
///
/// global_reactor! {
///     static REACTOR: System = System::new();
/// }
///
/// mini_reactor::block_on(async {});
/// ```
#[macro_export]
macro_rules! global_reactor {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $init:expr $(;)?) => {
        $(#[$meta])*
        $vis static $name: $type = $init;

        const _: () = {
            static __REACTOR: $crate::Reactor<&'static $type> = $crate::Reactor::new(&$name);

            $crate::__declare!($crate::__private::Declaration {
                name: concat!(module_path!(), "::", stringify!($name)),
                place: concat!(file!(), ":", line!()),
                reactor: &__REACTOR,
            });
        };
    };
}

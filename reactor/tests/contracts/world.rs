//! A reactor on a [`Lab`], with what the tests do to both.

use std::ops::Deref;
use std::sync::Arc;

use mini_reactor::{GlobalReactor, Handle, Reactor, Registration};

use crate::lab::{Lab, Object};
use crate::tools::{Watch, watch};

/// A reactor on a lab.
pub(crate) struct World {
    pub(crate) reactor: Handle,
    pub(crate) typed: Arc<Reactor<Lab>>,
    _watch: Option<Watch>,
}

impl Deref for World {
    type Target = Lab;
    fn deref(&self) -> &Lab {
        self.typed.backend()
    }
}

impl World {
    fn of(lab: Lab) -> World {
        let typed = Arc::new(Reactor::new(lab));
        World { reactor: Handle::from(&typed), typed, _watch: None }
    }

    /// Edge-triggered; waiting for an instant makes it come.
    pub(crate) fn edge() -> World {
        World::of(Lab::new(false, true))
    }

    /// One-shot, otherwise the same.
    pub(crate) fn one_shot() -> World {
        World::of(Lab::new(true, true))
    }

    /// One of each, for what has to be so on both.
    pub(crate) fn both() -> [World; 2] {
        [World::edge(), World::one_shot()]
    }

    /// Edge-triggered; time stands still unless the test advances it. For tests of several threads.
    pub(crate) fn by_hand() -> World {
        World { _watch: Some(watch()), ..World::of(Lab::new(false, false)) }
    }

    /// The object of this number.
    pub(crate) fn object(&self, number: u64) -> Registration<Object> {
        Registration::new_in(Object(number), &self.reactor)
    }

    /// Makes a thread that sleeps in a turn return from it, for nothing.
    pub(crate) fn disturb(&self) {
        GlobalReactor::notify(&**self);
    }

    /// One turn on this thread.
    pub(crate) fn turn(&self) {
        self.reactor.poll_once().expect("no fault was planned");
    }
}

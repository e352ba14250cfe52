//! What a turn found: the list that a backend fills and the core empties.
//!
//! A list and not callbacks, because nothing may run inside `turn`: the core takes the wakers after
//! the backend has let go of its locks, and calls each of them on its own.

use std::sync::Arc;

use crate::io_object::Directions;
use crate::source::Source;

/// The events of one [`turn`](crate::GlobalReactor::turn).
///
/// Events of a source that was deregistered meanwhile, twice the same, or for no reason at all, are
/// allowed: they cost a needless wake-up.
#[derive(Debug, Default)]
pub struct ReadyList {
    pub(crate) events: Vec<Event>,
    full: bool,
}

/// One entry of a [`ReadyList`].
#[derive(Clone, Debug)]
pub struct Event {
    /// The source that the event belongs to.
    pub source: Arc<Source>,
    /// The directions that became ready.
    pub ready: Directions,
    /// The directions that reached their end (hang-up, read-closed, error); sticky. They count as
    /// ready, whatever `ready` says.
    pub closed: Directions,
    /// The backend will report nothing more of this source until it is rearmed.
    pub disarmed: bool,
}

impl ReadyList {
    /// An empty list.
    pub fn new() -> ReadyList {
        ReadyList::default()
    }

    /// `ready` became ready, and the backend goes on watching.
    pub fn push(&mut self, source: &Arc<Source>, ready: Directions) {
        self.push_event(Event {
            source: Arc::clone(source),
            ready,
            closed: Directions::NONE,
            disarmed: false,
        });
    }

    /// `closed` reached their end: they count as ready from now on. Hang-up and errors end both
    /// directions, a peer that will send no more ends reading.
    pub fn push_closed(&mut self, source: &Arc<Source>, closed: Directions) {
        self.push_event(Event {
            source: Arc::clone(source),
            ready: closed,
            closed,
            disarmed: false,
        });
    }

    /// `ready` became ready, and the backend stopped watching *both* directions (one-shot systems
    /// do). All waiters wake; who waits again has the union rearmed.
    pub fn push_disarmed(&mut self, source: &Arc<Source>, ready: Directions) {
        self.push_event(Event {
            source: Arc::clone(source),
            ready,
            closed: Directions::NONE,
            disarmed: true,
        });
    }

    /// Any event, as a decorator changes or repeats one.
    pub fn push_event(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The events so far, which a decorator may inspect, change, remove and reorder.
    pub fn events(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }

    /// The backend's own buffer was full: there may be more, so whoever drives from outside should
    /// turn again soon.
    pub fn set_full(&mut self) {
        self.full = true;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.full = false;
    }
}

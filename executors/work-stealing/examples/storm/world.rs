//! What the threads share: an executor that they replace now and then, and a ringer.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use mini_executor_work_stealing::Executor;
use mini_reactor::Handle;

use crate::chance::Chance;
use crate::ground;
pub(crate) use crate::ground::{REACTORS, SOURCES, watched};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ground: Arc<ground::World>,
    place: Mutex<Arc<Place>>,
}

/// An executor, and the reactor of all who come to it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) executor: Executor<'static>,
    pub(crate) reactor: Handle,
}

impl Place {
    fn new(reactor: Handle) -> Arc<Place> {
        Arc::new(Place { executor: Executor::new_in(reactor.clone()), reactor })
    }
}

impl World {
    /// And the thread that rings the bells, until the world is dropped.
    pub(crate) fn new(threads: usize) -> (World, JoinHandle<()>) {
        let (ground, ringing) = ground::World::new(threads);
        let place = Mutex::new(Place::new(Handle::from(mini_reactor::global())));
        (World { ground: Arc::new(ground), place }, ringing)
    }

    /// Where most are, or what replaces it.
    pub(crate) fn place(&self, chance: &mut Chance) -> Arc<Place> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if !chance.one_in(30) {
            return place.clone();
        }
        let reactor = match chance.one_in(2) {
            true => Handle::from(mini_reactor::global()),
            false => Handle::from(ground::reactor()),
        };
        let old = std::mem::replace(&mut *place, Place::new(reactor));
        let new = place.clone();
        drop(place);
        drop(old); // perhaps the last one: the executor ends here
        new
    }
}

impl Deref for World {
    type Target = ground::World;
    fn deref(&self) -> &ground::World {
        &self.ground
    }
}

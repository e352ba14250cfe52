//! Random sequences of what can be done with connections, against a model that counts bytes.
//!
//! The model knows for certain when there is something to read (bytes that were sent and not read,
//! or the end), and that there is room when the peer has read all that there was. Then whoever
//! waits has to wake; at all other times nothing is demanded, since a wake-up for nothing is
//! allowed.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mini_reactor::{Direction, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, poll_ready};
use crate::random::{Random, seeds};
use crate::waking::Count;

const STEPS: usize = 80;

pub(crate) fn random_sequences_agree_with_a_model(trial: &Trial) {
    seeds(trial.times(30), |random| {
        let mut world = World { trial, random, connections: Vec::new(), steps: Vec::new() };
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
    });
}

struct Connection {
    object: Registration<End>,
    /// `None`: it is gone.
    peer: Option<End>,
    /// How many bytes the peer has sent, and how many of them were read.
    sent: usize,
    read: usize,
    room: bool,
    waiters: Vec<(Direction, Arc<Count>)>,
}

impl Connection {
    /// Whether there certainly is something to be woken for.
    fn is_ready(&self, direction: Direction) -> bool {
        match direction {
            _ if self.peer.is_none() => true,
            Direction::Read => self.sent > self.read,
            Direction::Write => self.room,
        }
    }

    /// Whoever has been woken waits no more; whether somebody else should have been.
    fn somebody_waits_for_what_is_there(&mut self) -> bool {
        self.waiters.retain(|(_, count)| count.wakes() == 0);
        self.waiters.iter().any(|(direction, _)| self.is_ready(*direction))
    }

    fn wait(&mut self, direction: Direction) {
        let (count, waker) = Count::new();
        match poll_ready(&self.object, direction, &waker) {
            Poll::Pending => self.waiters.push((direction, count)),
            Poll::Ready(result) => result.expect("waiting does not fail"),
        }
    }

    fn send(&mut self, many: usize) {
        let Some(peer) = &self.peer else { return };
        let bytes: Vec<u8> = (self.sent..self.sent + many).map(pattern).collect();
        peer.send(&bytes);
        self.sent += many;
    }

    /// One attempt to read.
    fn read(&mut self, room: usize) {
        let mut bytes = vec![0; room];
        let mut cx = Context::from_waker(Waker::noop());
        match self.object.poll_io(Direction::Read, &mut cx, |end| end.read(&mut bytes)) {
            // One whose peer is gone may have been reset.
            Poll::Ready(Err(error)) => assert!(self.peer.is_none(), "reading fails: {error}"),
            Poll::Ready(Ok(read)) => self.has_read(&bytes[..read]),
            Poll::Pending => {}
        }
    }

    fn has_read(&mut self, bytes: &[u8]) {
        let all_is_read = self.peer.is_none() && self.sent == self.read;
        assert!(!bytes.is_empty() || all_is_read, "the end came before the data");
        for byte in bytes {
            assert_eq!(*byte, pattern(self.read), "byte {} of what was sent", self.read);
            self.read += 1;
        }
        assert!(self.read <= self.sent, "more was read than sent");
    }
}

/// The byte at this place of a stream.
fn pattern(at: usize) -> u8 {
    (at * 7 % 251) as u8
}

struct World<'t> {
    trial: &'t Trial,
    random: Random,
    connections: Vec<Connection>,
    /// What was done, for the message of a failure.
    steps: Vec<String>,
}

impl World<'_> {
    fn step(&mut self) {
        let choice = self.random.below(16);
        let Some(at) =
            self.random.below(4).checked_sub(1).filter(|at| *at < self.connections.len())
        else {
            return self.without_a_connection(choice);
        };
        let many = self.random.below(100) + 1;
        let connection = &mut self.connections[at];
        let what = match choice {
            0..=2 => {
                connection.send(many);
                "the peer sends"
            }
            3 | 4 => {
                connection.read(many);
                "an attempt to read"
            }
            5 | 6 => {
                connection.wait(Direction::Read);
                "a wait to read"
            }
            7 => {
                connection.wait(Direction::Write);
                "a wait to write"
            }
            8 if connection.peer.is_some() => {
                self.trial.fill(&connection.object);
                connection.room = false;
                "a filling of the buffers"
            }
            9 => {
                if let Some(peer) = &connection.peer {
                    connection.room = peer.drain() > 0 || connection.room;
                }
                "the peer reads all"
            }
            10 => {
                connection.peer = None;
                "the peer goes"
            }
            11 => {
                let gone = self.connections.swap_remove(at);
                drop(gone.object);
                let woken = gone.waiters.iter().all(|(_, count)| count.wakes() > 0);
                assert!(woken, "dropping a registration wakes who waits");
                "a registration is dropped"
            }
            _ => return self.without_a_connection(choice),
        };
        self.steps.push(format!("{at}: {what} ({many})"));
    }

    fn without_a_connection(&mut self, choice: usize) {
        let trial = self.trial;
        let what = match choice {
            0..=6 if self.connections.len() < 3 => {
                let (object, peer) = trial.pair();
                self.connections.push(Connection {
                    object,
                    peer: Some(peer),
                    sent: 0,
                    read: 0,
                    room: true,
                    waiters: Vec::new(),
                });
                "a new connection"
            }
            7 | 8 => {
                trial.backend().notify();
                "a notify"
            }
            9..=11 => {
                trial.turn_for(Duration::from_micros(100));
                "a turn that may wait"
            }
            12 => {
                self.all_wake();
                "everybody wakes"
            }
            _ => {
                trial.turn();
                "a turn"
            }
        };
        self.steps.push(what.to_owned());
    }

    fn all_wake(&mut self) {
        let what =
            format!("the wake-up of all who wait for what is there, after {:#?}", self.steps);
        self.trial.until(&what, || {
            let missing = |one: &mut Connection| one.somebody_waits_for_what_is_there();
            !self.connections.iter_mut().any(missing)
        });
    }

    fn finish(mut self) {
        self.all_wake();
        for connection in &mut self.connections {
            let what = format!("the rest of what was sent, after {:#?}", self.steps);
            while connection.peer.is_some() && connection.read < connection.sent {
                let mut bytes = [0; 64];
                let read = self.trial.read(&what, &connection.object, &mut bytes);
                connection.has_read(&bytes[..read]);
            }
        }
    }
}

//! The simulator keeps the contract of a backend: on pairs and on connections between hosts,
//! without faults and with those that a system may have at any time.

#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failure ends the test")]

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, Event, GlobalReactor, Observation, ReadyList, Source};
use mini_reactor_conformance::backend::Suite;
use mini_reactor_sim::{Fault, Faults, Settings, Sim, Stream};

/// A simulation as its own backend, which the suite makes endpoints of.
struct Backend {
    sim: Sim,
    /// What was reported while a connection was made.
    reported: Mutex<Vec<Event>>,
}

impl Backend {
    fn new(settings: Settings) -> Backend {
        Backend { sim: Sim::new(settings), reported: Mutex::default() }
    }

    fn inner(&self) -> &impl GlobalReactor {
        self.sim.reactor().backend()
    }

    fn pair(&self) -> io::Result<(Stream, Stream)> {
        Ok(self.sim.pair())
    }

    /// The two ends of a connection between hosts, which stands.
    fn connected(&self) -> io::Result<(Stream, Stream)> {
        let (server, client) = (self.sim.host("server"), self.sim.host("client"));
        let listener = server.listen(0)?;
        let here = client.connect(listener.local_addr()?)?;
        let there = self.until(|| listener.accept())?.0;
        self.until(|| here.established())?;
        Ok((here, there))
    }

    /// Lets time pass until `op` does not block.
    fn until<T>(&self, mut op: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match op() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                done => return done,
            }
            let mut ready = ReadyList::new();
            let _ = self.inner().turn(Some(Duration::from_micros(10)), &mut ready);
            self.reported.lock().unwrap().append(ready.events());
        }
    }
}

impl GlobalReactor for Backend {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.inner().register(io, source)
    }
    fn rearm(&self, io: BorrowedIo<'_>, of: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        self.inner().rearm(io, of, wanted)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.reported.lock().unwrap().retain(|event| event.source.id() != source.id());
        self.inner().deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        ready.events().append(&mut self.reported.lock().unwrap());
        let timeout = if ready.events().is_empty() { timeout } else { Some(Duration::ZERO) };
        self.inner().turn(timeout, ready)
    }
    fn notify(&self) {
        self.inner().notify();
    }
    fn now(&self) -> Instant {
        self.inner().now()
    }
    fn observe(&self, observation: Observation<'_>) -> bool {
        self.inner().observe(observation)
    }
}

fn calm() -> Settings {
    Settings::new().faults(Faults::NONE).time_limit(Duration::MAX)
}

mod pair {
    use super::{Backend, calm};
    use mini_reactor_conformance::backend;
    use std::net::Shutdown;

    backend! {
        backend: Backend::new(calm()),
        pair: Backend::pair,
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, virtual_time],
    }
}

mod connection {
    use super::{Backend, calm};
    use mini_reactor_conformance::backend;
    use std::net::Shutdown;

    backend! {
        backend: Backend::new(calm()),
        pair: Backend::connected,
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, virtual_time],
    }
}

/// The clause that needs a clock which goes on by itself.
const REAL_TIME: &str = "an_earlier_timer_ends_another_threads_turn_in_time";

#[test]
fn threads_that_are_not_simulated_can_act_where_they_may() {
    let suite = Suite::new(
        || Backend::new(calm().foreign_threads(true)),
        Backend::pair,
        |end: &Stream| end.shutdown(Shutdown::Write),
        &["edge", "ends", "half_close", "threads", "any_driver"],
        module_path!(),
    );
    let suite = suite.from_test("threads_that_are_not_simulated_can_act_where_they_may");
    let suite = suite.with_effort(20);
    assert!(suite.claimed().any(|clause| clause == REAL_TIME));
    for clause in suite.claimed().filter(|clause| *clause != REAL_TIME) {
        suite.run(clause).unwrap_or_else(|error| panic!("{clause}: {error}"));
    }
}

/// The mild faults of the reactor itself. (Those of sockets are none of its contract's business,
/// and an event that is late breaks it: clauses let no time pass where none should be needed.)
const ROUGH: [Fault; 3] = [Fault::Reorder, Fault::Jitter, Fault::SpuriousWake];

#[test]
fn every_clause_holds_with_every_mild_fault_of_the_reactor() {
    for seed in 0..8 {
        let settings = calm().seed(seed).faults(ROUGH.into_iter().collect());
        let suite = Suite::new(
            move || Backend::new(settings.clone()),
            if seed % 2 == 0 { Backend::connected } else { Backend::pair },
            |end: &Stream| end.shutdown(Shutdown::Write),
            &["edge", "ends", "half_close", "virtual_time"],
            module_path!(),
        );
        let suite = suite.from_test("every_clause_holds_with_every_mild_fault_of_the_reactor");
        let suite = suite.with_effort(20);
        for clause in suite.claimed() {
            suite.run(clause).unwrap_or_else(|error| panic!("seed {seed}, {clause}: {error}"));
        }
    }
}

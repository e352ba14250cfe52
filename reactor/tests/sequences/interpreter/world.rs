//! Executes a sequence on the real reactor and on the model, and compares them after each step.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mini_reactor::{Deadline, Direction, DrivenExternally, Handle, Reactor, Registration, Tick};

use super::backend::{Backend, Object};
use super::kernel::Kernel;
use super::model::{Attempt, Kind, Model, Outcome};
use super::ops::{FUTURES, Op, SLOTS, TASKS, TIMERS, What};
use super::tasks::Task;

pub(crate) type Core = Reactor<Arc<Backend>>;

type Waiting = Pin<Box<dyn Future<Output = io::Result<()>>>>;

pub(crate) struct World<'a> {
    pub(super) backend: Arc<Backend>,
    pub(super) core: &'a Arc<Core>,
    pub(super) reactor: Handle,
    pub(super) external: Option<DrivenExternally<'a>>,
    pub(super) slots: [Option<Arc<Registration<Object>>>; SLOTS],
    pub(super) futures: [Option<Waiting>; FUTURES],
    pub(super) timers: [Option<Deadline>; TIMERS],
    pub(super) tasks: [Task; TASKS],
    /// What was known once: slot, number of its source, tick, and how many events there were.
    pub(super) ticks: Vec<(usize, usize, Direction, Tick, u64)>,
    pub(super) model: Model,
}

impl<'a> World<'a> {
    pub(crate) fn new(backend: Arc<Backend>, core: &'a Arc<Core>) -> World<'a> {
        let model = Model::new(backend.kernel().one_shot);
        let reactor = Handle::from(core);
        reactor.set_timer_slack(Duration::ZERO); // so that there is one right answer
        // Timers count from the first one's time on; have that be the begin.
        let mut first = Deadline::after_in(Duration::from_nanos(1), &reactor);
        let _ = first.poll(&mut Context::from_waker(Waker::noop()));
        World {
            reactor,
            backend,
            core,
            external: None,
            slots: Default::default(),
            futures: Default::default(),
            timers: Default::default(),
            tasks: Default::default(),
            ticks: Vec::new(),
            model,
        }
    }

    /// One step, and all that has to be true after it.
    pub(crate) fn step(&mut self, op: Op) {
        self.execute(op);
        for (task, flag) in self.tasks.iter().enumerate() {
            assert_eq!(flag.woken(), self.model.woken[task], "task {task}: how often woken");
            assert_eq!(flag.kept(), self.model.kept(task), "task {task}: how many wakers are kept");
        }
        assert_eq!(*self.backend.kernel(), self.model.kernel, "the backend was asked otherwise");
        let earliest = self.model.earliest().map(|at| self.backend.instant(at));
        assert_eq!(self.reactor.next_deadline(), earliest);
        for registration in self.slots.iter().flatten() {
            let source = registration.source();
            let known = usize::from(self.model.kernel.knows(source.id()));
            assert_eq!(Arc::strong_count(source), 1 + known, "who holds the source");
        }
        self.compare_ticks();
    }

    fn execute(&mut self, op: Op) {
        match op {
            Op::New { slot, number } => {
                self.close(slot);
                let registration = Registration::new_in(Object(number), &self.reactor);
                self.model.open(slot, registration.source().id(), number);
                self.slots[slot] = Some(Arc::new(registration));
            }
            Op::Renew { number, always } => self.both(|kernel| kernel.renew(number, always)),
            Op::Ready { slot, direction, future } => {
                self.start(slot, direction, future, Kind::Ready, false);
            }
            Op::Io { slot, direction, future, race } => {
                self.start(slot, direction, future, Kind::Io, race);
            }
            Op::Poll { future, task } => self.poll(future, task),
            Op::DropFuture { future } => self.drop_future(future),
            Op::PollReady { slot, direction, task } => self.poll_ready(slot, direction, task),
            Op::PollIo { slot, direction, task, times, race } => {
                let attempt = Attempt { length: None, race };
                let done = |world: &mut Self| world.poll_io(slot, direction, task, attempt);
                for _ in 0..times {
                    if done(self) != Some(Poll::Ready(Ok(()))) {
                        break;
                    }
                }
            }
            Op::PollStream { slot, direction, task, length } => {
                let attempt = Attempt { length: Some(length.into()), race: false };
                self.poll_io(slot, direction, task, attempt);
            }
            Op::Arrive { number, direction, amount } => {
                self.both(|kernel| kernel.arrive(number, direction, amount.into()));
            }
            Op::Finish { number, amount } => {
                self.both(|kernel| kernel.finish(number, amount.into()));
            }
            Op::Report { slot, what } => self.report(slot, what),
            Op::Turn => self.turn(),
            Op::Full => self.both(Kernel::set_full),
            Op::Fail { slot, kind } => {
                if let Some(registration) = &self.slots[slot] {
                    registration.source().fail(io::Error::new(kind, "as the sequence wants"));
                    self.model.fail(slot, kind);
                }
            }
            Op::DropSlot { slot } => self.close(slot),
            Op::IntoInner { slot } => self.take_back(slot),
            Op::Tick { slot, direction } => self.remember(slot, direction),
            Op::Refuse { call, kind } => self.both(|kernel| kernel.refuse(call, Some(kind))),
            Op::Settle => self.settle(),
            _ => self.execute_of_time(op),
        }
    }

    fn report(&mut self, slot: usize, what: What) {
        if let Some(registration) = &self.slots[slot] {
            self.backend.report(registration.source(), what);
            self.model.kernel.push(registration.source().id(), what);
        }
    }

    /// What comes from outside.
    pub(super) fn both(&mut self, change: impl Fn(&mut Kernel)) {
        change(&mut self.backend.kernel());
        change(&mut self.model.kernel);
    }

    fn start(&mut self, slot: usize, direction: Direction, future: usize, kind: Kind, race: bool) {
        self.drop_future(future);
        let Some(registration) = self.slots[slot].clone() else { return };
        self.model.start(future, slot, direction, kind, race);
        let mut io = self.attempt(direction, Attempt { length: None, race });
        self.futures[future] =
            Some(match kind {
                Kind::Ready => Box::pin(async move { registration.ready(direction).await }),
                Kind::Io => Box::pin(async move {
                    registration.io(direction, |object| io(object).map(drop)).await
                }),
            });
    }

    fn poll(&mut self, future: usize, task: usize) {
        let Some(waiting) = &mut self.futures[future] else { return };
        let waker = self.tasks[task].waker();
        let polled = waiting.as_mut().poll(&mut Context::from_waker(&waker));
        let outcome = outcome(polled);
        assert_eq!(outcome, self.model.poll_future(future, task));
        if outcome.is_ready() {
            self.drop_future(future);
        }
    }

    fn drop_future(&mut self, future: usize) {
        self.futures[future] = None;
        self.model.drop_future(future);
    }

    fn poll_ready(&mut self, slot: usize, direction: Direction, task: usize) {
        let Some(registration) = &self.slots[slot] else { return };
        let waker = self.tasks[task].waker();
        let polled = registration.poll_ready(direction, &mut Context::from_waker(&waker));
        assert_eq!(outcome(polled), self.model.poll_ready(slot, direction, task));
    }

    fn poll_io(
        &mut self,
        slot: usize,
        direction: Direction,
        task: usize,
        attempt: Attempt,
    ) -> Option<Outcome> {
        let registration = self.slots[slot].clone()?;
        let waker = self.tasks[task].waker();
        let mut cx = Context::from_waker(&waker);
        let io = self.attempt(direction, attempt);
        let polled = match attempt.length {
            None => registration.poll_io(direction, &mut cx, io),
            Some(length) => registration.poll_stream(direction, &mut cx, length as usize, io),
        };
        let outcome = outcome(polled.map_ok(drop));
        assert_eq!(outcome, self.model.poll_io(slot, direction, task, attempt));
        Some(outcome)
    }

    /// The I/O itself.
    fn attempt(
        &self,
        direction: Direction,
        mut attempt: Attempt,
    ) -> impl FnMut(&Object) -> io::Result<usize> + use<> {
        let (backend, reactor) = (Arc::clone(&self.backend), self.reactor.clone());
        move |object| {
            let most = attempt.length.unwrap_or(1);
            if let Some(moved) = backend.kernel().transfer(object.0, direction, most) {
                return Ok(moved as usize);
            }
            if std::mem::take(&mut attempt.race) {
                // Between the failed attempt and the wait, there it is.
                backend.kernel().arrive(object.0, direction, 1);
                let _ = reactor.poll_once();
            }
            Err(ErrorKind::WouldBlock.into())
        }
    }

    fn turn(&mut self) {
        let turned = self.reactor.poll_once().map_err(|error| error.kind());
        assert_eq!(turned, self.model.turn());
    }

    /// Drops a registration and its futures.
    fn close(&mut self, slot: usize) {
        self.end_futures(slot);
        self.slots[slot] = None;
        self.model.close(slot);
    }

    fn take_back(&mut self, slot: usize) {
        self.end_futures(slot);
        if let Some(registration) = self.slots[slot].take() {
            let number = self.model.slots[slot].as_ref().map(|slot| slot.number);
            let alone = Arc::into_inner(registration).expect("its futures have ended");
            let object = alone.into_inner().expect("no token is out");
            assert_eq!(Some(object.0), number);
        }
        self.model.close(slot);
    }

    fn end_futures(&mut self, slot: usize) {
        for future in 0..FUTURES {
            if self.model.futures[future].is_some_and(|future| future.slot == slot) {
                self.drop_future(future);
            }
        }
    }

    fn remember(&mut self, slot: usize, direction: Direction) {
        if let (Some(registration), Some(known)) = (&self.slots[slot], &self.model.slots[slot]) {
            let tick = registration.source().tick(direction);
            self.ticks.push((slot, known.source, direction, tick, known.events(direction)));
        }
    }

    /// Ticks are equal only if nothing was reported between them.
    fn compare_ticks(&self) {
        for (slot, source, direction, tick, events) in &self.ticks {
            let Some(known) = self.model.slots[*slot].as_ref() else { continue };
            let registration = self.slots[*slot].as_ref().expect("as in the model");
            if known.source == *source && registration.source().tick(*direction) == *tick {
                assert_eq!(known.events(*direction), *events, "an event that no tick tells");
            }
        }
    }

    /// Once all is reported, nobody waits for what is there.
    fn settle(&mut self) {
        self.both(Kernel::refuse_nothing);
        while !self.model.kernel.is_quiet() {
            self.turn();
        }
        for slot in self.model.slots.iter().flatten() {
            assert!(!slot.is_forgotten(&self.model.kernel), "somebody waits for what is there");
        }
    }

    /// Ends everything, in an order that the sequence may not have thought of.
    pub(crate) fn end(mut self) {
        self.step(Op::Settle);
        for slot in 0..SLOTS {
            self.step(Op::DropSlot { slot });
        }
        for timer in 0..TIMERS {
            self.step(Op::TimerDrop { timer });
        }
        assert!(self.tasks.iter().all(|task| task.kept() == 0), "a waker is left");
        assert_eq!(self.reactor.next_deadline(), None);
        self.backend.forget_all();
    }
}

fn outcome(polled: Poll<io::Result<()>>) -> Outcome {
    polled.map_err(|error| error.kind())
}

//! `block_on`: a worker that sleeps in the reactor when there is nothing to run.
//!
//! # Who is next
//!
//! The future counts as one more task in the queue: between two of its polls every task that was
//! queued gets one, or 61 of them do, whichever is less. After 61 polls of either kind the reactor
//! is asked for events without waiting, and the tasks that came from outside are fetched.
//!
//! # No wake-up is lost
//!
//! Before it sleeps, a worker says so (`Crew::fall_asleep`), and then looks at its queues, at the
//! injector and at `woken`. It does so inside `Parker::park`, after the parker has published that
//! it parks. Others write first and unpark second (`Shared::push`, `Wake for Main`), so either the
//! look finds their word or the parker finds their unpark. This thread writes without an unpark,
//! but only from inside the loop or from a waker that `park` calls before it returns; both come
//! back to the look.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::crew::rank;
use crate::local::Backlog;
use crate::shared::Shared;
use crate::sync::{AtomicBool, Handle, Ordering, Parker, Unparker};
use crate::watch::Watch;
use crate::worker::Worker;
use crate::{Executor, TURN, current};

/// Whom to tell that the future of a `block_on` wants to be polled.
struct Main {
    woken: AtomicBool,
    shared: Arc<Shared>,
    number: usize,
    unparker: Unparker,
}

impl Main {
    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    fn is_here(&self) -> bool {
        current::local(&self.shared, |local| local.number == self.number) == Some(true)
    }
}

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release pairs with the Acquire in `Executor::drive`: the poll sees what preceded this.
        if !self.woken.swap(true, Ordering::Release) && !self.is_here() {
            self.unparker.unpark();
        }
    }
}

impl Executor<'_> {
    /// The body of `block_on`, on `reactor`, which this thread has entered.
    pub(crate) fn drive<T>(&self, reactor: &Handle, future: impl Future<Output = T>) -> T {
        let shared = &self.home().shared;
        let mut worker = Worker::new(shared);
        let number = worker.number();
        let parker = Parker::new_in_team(reactor.clone(), &shared.team);
        worker.can_be_woken(parker.unparker());
        shared.sleeps_in(reactor);
        let _on_thread = worker.enter();
        let main = Arc::new(Main {
            woken: AtomicBool::new(true),
            shared: shared.clone(),
            number,
            unparker: parker.unparker(),
        });
        let waker = Waker::from(main.clone());
        let mut cx = Context::from_waker(&waker);
        let mut bed = Bed { shared, number, parker, main: &main, watch: Watch::new() };
        let mut future = pin!(future);

        let mut polls = 0; // since the reactor and the clock were looked at
        let mut round = 0; // tasks to be polled before `future` has its turn
        loop {
            if round == 0 {
                // Acquire pairs with the Release in `Main::wake_by_ref`.
                if main.is_woken() && main.woken.swap(false, Ordering::Acquire) {
                    self.leave_behind(0);
                    current::worker(|local| local.slot.pace.polled());
                    let poll = self.hooked(|| future.as_mut().poll(&mut cx));
                    if let Poll::Ready(output) = poll {
                        return output;
                    }
                    polls += 1;
                }
                round = current::worker(|local| local.queued()).clamp(1, TURN);
            }
            let share = round.min(TURN - polls);
            let ran = self.run_tasks(share);
            polls += ran;
            round = if ran == share { round - ran } else { 0 };
            if polls == TURN {
                current::worker(|local| local.end_lap(polls));
                polls = 0;
                bed.turn();
                current::worker(|local| shared.collect(local));
                self.leave_behind(1);
            }
            if ran < share && !main.is_woken() {
                if !current::worker(|local| shared.search(local)) {
                    current::worker(|local| local.end_lap(polls));
                    polls = 0; // it looks at the events as well
                    bed.sleep();
                    current::worker(|local| local.begin_lap());
                }
                self.leave_behind(1);
            }
        }
    }

    /// Says that this worker is about to poll something, and leaves behind what is in its queue,
    /// but for the `own` that it polls. To be called whenever tasks have come to the queue by
    /// another way than being spawned or woken.
    pub(crate) fn leave_behind(&self, own: usize) {
        let crew = &self.home().shared.crew;
        crew.queued(crew.seen(), current::worker(|local| local.backlog(own)));
    }
}

/// Where a worker sleeps.
struct Bed<'e> {
    shared: &'e Shared,
    number: usize,
    parker: Parker,
    main: &'e Main,
    watch: Watch,
}

impl Bed<'_> {
    /// Looks for events without waiting.
    fn turn(&self) {
        current::worker(|local| local.turn(true));
        let drove = self.parker.turn();
        current::worker(|local| local.turn(false));
        if drove.expect("the reactor failed to look for events") {
            self.shared.crew.left_role();
        }
        self.hand_over_if_mixed();
    }

    /// Whether there is nothing to do. Its own queues, because the reactor's wakers may have filled
    /// them.
    fn is_idle(&self) -> bool {
        !self.main.is_woken()
            && self.shared.is_injector_empty()
            && current::worker(|local| local.queued()) == 0
    }

    /// Sleeps until there may be something to do.
    fn sleep(&mut self) {
        let watches = self.shared.crew.fall_asleep(self.number);
        let mut asleep = Asleep { bed: self, drove: false };
        if !(watches && asleep.begins_to_watch()) {
            while asleep.nap() {}
        }
    }

    /// Sends another thread to drive if need be, when the executor's own way to see to that
    /// (`crew.rs`) may end at a thread with another reactor.
    fn hand_over_if_mixed(&self) {
        if self.shared.is_mixed() {
            self.parker.hand_over();
        }
    }
}

/// While this lives, the worker is counted as asleep.
struct Asleep<'b, 'e> {
    bed: &'b mut Bed<'e>,
    drove: bool,
}

impl Asleep<'_, '_> {
    /// True: there are tasks now that were stuck.
    fn begins_to_watch(&mut self) -> bool {
        let Bed { shared, watch, .. } = &mut *self.bed;
        current::worker(|local| watch.begin(shared, local))
    }

    /// Parks once. True: and once more.
    fn nap(&mut self) -> bool {
        let bed = &*self.bed;
        let slot = bed.shared.crew.slots.get(bed.number);
        let (limit, beside) = bed.watch.how();
        let on_futex = if bed.watch.is_on() { rank::WATCHES } else { rank::BESIDE };
        let idle = |drives| {
            slot.rank.store(if drives { rank::DRIVES } else { on_futex }, Ordering::Relaxed);
            bed.is_idle()
        };
        current::worker(|local| local.turn(true));
        let parked = match limit {
            Some(limit) if beside => bed.parker.watch(limit, idle),
            _ => bed.parker.park_for(limit, idle),
        };
        current::worker(|local| local.turn(false));
        self.drove = parked.expect("the reactor failed to wait for events");
        if self.drove {
            slot.pace.turned();
        }
        if !bed.is_idle() || bed.shared.crew.is_claimed(bed.number) {
            return false;
        }
        if bed.shared.crew.is_told(slot) {
            let Bed { shared, watch, .. } = &mut *self.bed;
            watch.begin_as_told(shared, self.drove);
            return true;
        }
        let Bed { shared, watch, .. } = &mut *self.bed;
        !current::worker(|local| watch.look(shared, local, self.drove))
    }
}

impl Drop for Asleep<'_, '_> {
    fn drop(&mut self) {
        let Bed { shared, number, watch, .. } = &mut *self.bed;
        let concerned = self.drove || watch.ends();
        let claimed = shared.crew.wake_up(*number, watch.is_on(), concerned);
        watch.off();
        self.bed.hand_over_if_mixed();
        let shared = self.bed.shared;
        if claimed {
            // Others rely on it that this worker finds what there is, and passes on what it leaves.
            current::worker(|local| shared.search(local));
            let much = current::worker(|local| local.backlog(1)) == Backlog::Much;
            if shared.crew.searched() && (much || !shared.is_injector_empty()) {
                shared.crew.wake_one();
            }
        }
    }
}

//! Columns that fork and join. The programs are the same for all, written out for each by a macro,
//! so that nothing stands between a program and the `join` that it uses.

use std::hint::black_box;
use std::io;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mini_executor_fork_join::{ThreadPool, ThreadPoolBuilder, Worker};

use super::Entry;
use crate::child::{Mode, Sample};
use crate::params::Params;
use crate::workloads::Workload;
use crate::workloads::forks::{self, BATCH, SPAWNS, Work, turns};
use crate::workloads::mixed::Computing;

/// How long threads that have nothing to do with each other compute before they meet.
const MEET: Duration = Duration::from_millis(20);

type Run = fn(&'static Workload, &Params, Mode) -> io::Result<Sample>;

/// The entry of a column that does nothing but fork and join.
pub(super) const fn entry(run: Run, lacks: fn(&Workload) -> Option<&'static str>) -> Entry {
    Entry {
        serve: |workload, _, _| unreachable!("{} is refused by `lacks`", workload.name),
        run,
        lacks,
        shares_tasks: false,
    }
}

/// Of a pool: it can do everything of the kind.
pub(super) fn only_forks(workload: &Workload) -> Option<&'static str> {
    (!workload.forks).then_some("it only forks and joins: it has no tasks and no sockets")
}

/// Of what has no pool.
pub(super) fn has_no_pool(workload: &Workload) -> Option<&'static str> {
    match workload.name {
        "enter" | "rest" => Some("it has no pool"),
        _ => only_forks(workload),
    }
}

/// Of chili, which has no scopes.
pub(super) fn has_no_scopes(workload: &Workload) -> Option<&'static str> {
    match workload.name {
        "scopes" => Some("it has no scopes to spawn closures into"),
        "enter" => Some("it lends the thread, and does nothing more for it"),
        _ => only_forks(workload),
    }
}

/// The programs for contexts of type `$at`; `$join` is a macro that takes one and two closures.
macro_rules! programs {
    ($name:ident, $at:ty, $join:ident) => {
        mod $name {
            use crate::workloads::forks::{Node, Work, partition};

            /// One batch of anything but scopes.
            pub(super) fn once(at: $at, work: &Work) -> u64 {
                match work {
                    Work::Fib(n) => fib(at, *n),
                    Work::Tree(node) => sum(at, node),
                    Work::Sort(numbers) => {
                        let mut numbers = numbers.clone();
                        quicksort(at, &mut numbers);
                        numbers[0].into()
                    }
                    Work::Scopes(_) => unreachable!("not here"),
                }
            }

            fn fib(at: $at, n: u32) -> u64 {
                if n < 2 {
                    return n.into();
                }
                let (a, b) =
                    $join!(at, move |at: $at| fib(at, n - 1), move |at: $at| fib(at, n - 2));
                a + b
            }

            fn sum(at: $at, node: &Node) -> u64 {
                let (left, right) = $join!(
                    at,
                    |at: $at| node.left.as_deref().map_or(0, |node| sum(at, node)),
                    |at: $at| node.right.as_deref().map_or(0, |node| sum(at, node))
                );
                node.value + left + right
            }

            fn quicksort(at: $at, numbers: &mut [u32]) {
                if numbers.len() <= 32 {
                    numbers.sort_unstable();
                    return;
                }
                let middle = partition(numbers);
                let (left, right) = numbers.split_at_mut(middle);
                $join!(at, |at: $at| quicksort(at, left), |at: $at| quicksort(at, &mut right[1..]));
            }
        }
    };
}

macro_rules! one_after_the_other {
    ($at:expr, $a:expr, $b:expr) => {{
        let a = $a($at);
        (a, $b($at))
    }};
}
macro_rules! method {
    ($at:expr, $a:expr, $b:expr) => {
        $at.join($a, $b)
    };
}
/// chili calls the second closure first, and shares the first one. So it gets the halves the other
/// way round: then it does what the others do, in the order in which the nodes of the tree and the
/// numbers lie in memory.
macro_rules! the_other_way_round {
    ($at:expr, $a:expr, $b:expr) => {{
        let (b, a) = $at.join($b, $a);
        (a, b)
    }};
}
macro_rules! on_rayon {
    ($at:expr, $a:expr, $b:expr) => {{
        let () = $at;
        rayon_core::join(|| $a(()), || $b(()))
    }};
}
/// The context is how many threads there may be for this half.
macro_rules! on_threads {
    ($at:expr, $a:expr, $b:expr) => {{
        match $at {
            0 | 1 => {
                let a = $a(1);
                (a, $b(1))
            }
            threads => std::thread::scope(|scope| {
                let b = scope.spawn(|| $b(threads / 2));
                let a = $a(threads - threads / 2);
                (a, b.join().expect("programs of workloads do not panic"))
            }),
        }
    }};
}
programs!(in_sequence, (), one_after_the_other);
programs!(with_worker, &mini_executor_fork_join::Worker, method);
programs!(with_chili, &mut chili::Scope<'_>, the_other_way_round);
programs!(with_rayon, (), on_rayon);
programs!(with_threads, usize, on_threads);

/// Repeats batches: `once` for what has joins, `scope` for each scope of eight closures.
fn repeat(
    work: &Work,
    (params, mode): (&Params, Mode),
    mut once: impl FnMut() -> u64,
    mut scope: impl FnMut(u64),
) -> io::Result<Sample> {
    let ops = work.ops();
    forks::repeat(params, mode, || {
        match work {
            Work::Scopes(size) => (0..BATCH).for_each(|_| scope(*size)),
            _ => _ = black_box(once()),
        }
        ops
    })
}

/// One batch, on this thread.
pub(crate) fn sequential_once(work: &Work) -> u64 {
    in_sequence::once((), work)
}

/// Batches for ever, in this workspace's pool; this thread is one of the workers.
pub(super) fn ours_for_ever(pool: &ThreadPool, computing: &Computing) {
    pool.lend(|worker| computing.for_ever(|work| with_worker::once(worker, work)));
}

/// Batches for ever, in a pool of rayon's with so many threads.
pub(crate) fn rayon_for_ever(threads: usize, computing: Arc<Computing>) -> io::Result<()> {
    let builder = rayon_core::ThreadPoolBuilder::new().num_threads(threads);
    // Dropped, it would end.
    let pool = ManuallyDrop::new(builder.build().map_err(io::Error::other)?);
    pool.spawn(move || computing.for_ever(|work| with_rayon::once((), work)));
    Ok(())
}

/// One half after the other, on one thread.
pub(super) fn sequential(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let work = Work::new(workload, params);
    let scope = |size| (0..SPAWNS).for_each(|_| turns(size));
    repeat(&work, (params, mode), || in_sequence::once((), &work), scope)
}

/// As many threads as workers, each of which does all of it alone: what the machine can do.
pub(super) fn apart(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let works: Vec<Work> =
        (0..params.number("workers")).map(|_| Work::new(workload, params)).collect();
    let ops: u64 = works.iter().map(Work::ops).sum();
    let alone = |work: &Work| match work {
        Work::Scopes(size) => (0..BATCH * u64::from(SPAWNS)).for_each(|_| turns(*size)),
        _ => _ = black_box(in_sequence::once((), work)),
    };
    // So many times each before they meet again, that starting threads costs next to nothing.
    let began = Instant::now();
    alone(&works[0]);
    let once = began.elapsed().max(Duration::from_nanos(1));
    let times = u64::try_from(MEET.as_nanos() / once.as_nanos()).map_or(1, |times| times.max(1));
    forks::repeat(params, mode, || {
        thread::scope(|scope| {
            for work in &works {
                scope.spawn(move || (0..times).for_each(|_| alone(work)));
            }
        });
        ops * times
    })
}

/// `std::thread::scope`, a thread for each half until there are enough.
pub(super) fn threads(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let work = Work::new(workload, params);
    let workers = params.count("workers");
    let scope = |size| {
        thread::scope(|scope| (0..SPAWNS).for_each(|_| _ = scope.spawn(move || turns(size))));
    };
    repeat(&work, (params, mode), || with_threads::once(workers, &work), scope)
}

/// This workspace's pool; the calling thread is one of the workers.
pub(super) fn ours(workload: &'static Workload, params: &Params, mode: Mode) -> io::Result<Sample> {
    let lends = workload.name != "enter" || params.word("by") == "lending";
    let started = params.count("workers") - usize::from(lends);
    let pool = match started {
        0 => ThreadPool::new(),
        count => ThreadPoolBuilder::new().num_threads(count).start_threads()?,
    };
    let enter = |f: fn()| {
        forks::repeat(params, mode, || {
            for _ in 0..BATCH {
                if lends { pool.lend(|_| f()) } else { pool.install(f) }
            }
            BATCH
        })
    };
    match workload.name {
        "enter" => return enter(|| _ = black_box(1)),
        "rest" => {
            pool.join(|| {}, || {});
            return forks::rest(params, mode);
        }
        _ => {}
    }
    let work = Work::new(workload, params);
    let scope = |worker: &Worker, size| {
        worker.scope(|scope| (0..SPAWNS).for_each(|_| scope.spawn(move |_| turns(size))));
    };
    pool.lend(|worker| {
        let once = || with_worker::once(worker, &work);
        repeat(&work, (params, mode), once, |size| scope(worker, size))
    })
}

/// rayon-core.
pub(super) fn rayon(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let builder = rayon_core::ThreadPoolBuilder::new().num_threads(params.count("workers"));
    let pool = builder.build().map_err(io::Error::other)?;
    match workload.name {
        "enter" => {
            return forks::repeat(params, mode, || {
                (0..BATCH).for_each(|_| _ = black_box(pool.install(|| 1)));
                BATCH
            });
        }
        "rest" => {
            pool.join(|| {}, || {});
            return forks::rest(params, mode);
        }
        _ => {}
    }
    let work = Work::new(workload, params);
    let scope = |size| {
        rayon_core::scope(|scope| (0..SPAWNS).for_each(|_| scope.spawn(move |_| turns(size))));
    };
    pool.install(|| repeat(&work, (params, mode), || with_rayon::once((), &work), scope))
}

/// chili; the calling thread is one of the workers.
pub(super) fn chili(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let thread_count = NonZero::new(params.count("workers").saturating_sub(1).max(1));
    let config = chili::Config { thread_count, ..chili::Config::default() };
    let pool = chili::ThreadPool::with_config(config);
    let mut scope = pool.scope();
    if workload.name == "rest" {
        scope.join(|_| {}, |_| {});
        return forks::rest(params, mode);
    }
    let work = Work::new(workload, params);
    let none = |_| unreachable!("it has no scopes");
    repeat(&work, (params, mode), || with_chili::once(&mut scope, &work), none)
}

//! Fork and join beside its peers: CPU and wall time per operation, as ratios to sequential code.
//!
//! `cargo bench -p mini-executor-fork-join -- [THREADS] [ROUNDS] [NAME …]`. All columns run in this
//! process, interleaved by rounds; medians are printed. `compare` measures the same in processes of
//! their own.

mod measure;
mod programs;

use std::hint::black_box;
use std::num::NonZero;

use mini_executor_fork_join::{ThreadPool, ThreadPoolBuilder};

use measure::compare;
use programs::{in_sequence, on_chili, on_ours, on_rayon};

/// The peers, with so many threads each.
struct Peers {
    ours: ThreadPool,
    chili: chili::ThreadPool,
    rayon: rayon_core::ThreadPool,
    rounds: usize,
}

type Program = fn(&Peers);

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |at: usize, default: usize| {
        arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (threads, rounds) = (number(0, 2).max(1), number(1, 9));
    let wanted = |name: &str| arguments.len() < 3 || arguments[2..].iter().any(|one| one == name);
    // The calling thread is one of them, except for rayon, which computes on its own.
    let ours = match threads {
        1 => ThreadPool::new(),
        _ => {
            let builder = ThreadPoolBuilder::new().num_threads(threads - 1);
            builder.start_threads().expect("threads can be started")
        }
    };
    let chili = chili::Config { thread_count: NonZero::new(threads - 1), ..Default::default() };
    let rayon = rayon_core::ThreadPoolBuilder::new().num_threads(threads).build();
    let peers = Peers {
        ours,
        chili: chili::ThreadPool::with_config(chili),
        rayon: rayon.expect("threads can be started"),
        rounds,
    };
    let all: [(&str, Program); 5] = [
        ("fib", fib),
        ("tree", tree),
        ("quicksort", quicksort),
        ("scopes", scopes),
        ("enter", enter),
    ];
    all.iter().filter(|(name, _)| wanted(name)).for_each(|(_, run)| run(&peers));
}

fn times(times: u32, mut f: impl FnMut() -> u64) {
    for _ in 0..times {
        black_box(f());
    }
}

fn fib(Peers { ours, chili, rayon, rounds }: &Peers) {
    for (n, repeat) in [(20, 100), (30, 1)] {
        let calls = 2.0 * (0..n).fold((1.0, 1.0), |(a, b), _| (b, a + b)).0 - 1.0;
        let sequential = || times(repeat, || in_sequence::fib((), black_box(n)));
        let on_ours = || ours.lend(|worker| times(repeat, || on_ours::fib(worker, black_box(n))));
        let on_chili = || {
            let mut scope = chili.scope();
            times(repeat, || on_chili::fib(&mut scope, black_box(n)));
        };
        let on_rayon = || rayon.install(|| times(repeat, || on_rayon::fib((), black_box(n))));
        let title = format!("fib {n}");
        compare(
            &title,
            calls * f64::from(repeat),
            *rounds,
            &mut [
                ("sequential", Box::new(sequential)),
                ("ours", Box::new(on_ours)),
                ("chili", Box::new(on_chili)),
                ("rayon", Box::new(on_rayon)),
            ],
        );
    }
}

fn tree(Peers { ours, chili, rayon, rounds }: &Peers) {
    for depth in [10, 18, 22] {
        let tree = programs::tree(depth).expect("the depth is not zero");
        let tree = &*tree;
        let repeat = (1_u32 << 20 >> depth).max(1);
        let nodes = f64::from((1_u32 << depth) - 1) * f64::from(repeat);
        let sequential = || times(repeat, || in_sequence::sum((), black_box(tree)));
        let on_ours =
            || ours.lend(|worker| times(repeat, || on_ours::sum(worker, black_box(tree))));
        let on_chili = || {
            let mut scope = chili.scope();
            times(repeat, || on_chili::sum(&mut scope, black_box(tree)));
        };
        let on_rayon = || rayon.install(|| times(repeat, || on_rayon::sum((), black_box(tree))));
        compare(
            &format!("tree {depth}"),
            nodes,
            *rounds,
            &mut [
                ("sequential", Box::new(sequential)),
                ("ours", Box::new(on_ours)),
                ("chili", Box::new(on_chili)),
                ("rayon", Box::new(on_rayon)),
            ],
        );
    }
}

fn quicksort(Peers { ours, chili, rayon, rounds }: &Peers) {
    let numbers = programs::random(1 << 20);
    let count = numbers.len() as f64;
    let fresh = || numbers.clone();
    let on_ours = || {
        let mut numbers = fresh();
        ours.lend(|worker| on_ours::quicksort(worker, &mut numbers));
    };
    let on_rayon = || {
        let mut numbers = fresh();
        rayon.install(|| on_rayon::quicksort((), &mut numbers));
    };
    compare(
        "quicksort",
        count,
        *rounds,
        &mut [
            ("sequential", Box::new(|| in_sequence::quicksort((), &mut fresh()))),
            ("ours", Box::new(on_ours)),
            ("chili", Box::new(|| on_chili::quicksort(&mut chili.scope(), &mut fresh()))),
            ("rayon", Box::new(on_rayon)),
        ],
    );
}

fn scopes(Peers { ours, rayon, rounds, .. }: &Peers) {
    const SCOPES: u32 = 1000;
    for size in [100, 1000] {
        let work = move || {
            for number in 0..size {
                black_box(number);
            }
        };
        let sequential = || (0..SCOPES * 8).for_each(|_| work());
        let on_ours = || {
            ours.lend(|worker| {
                for _ in 0..SCOPES {
                    worker.scope(|scope| (0..8).for_each(|_| scope.spawn(move |_| work())));
                }
            });
        };
        let on_rayon = || {
            rayon.install(|| {
                for _ in 0..SCOPES {
                    rayon_core::scope(|scope| (0..8).for_each(|_| scope.spawn(move |_| work())));
                }
            });
        };
        compare(
            &format!("scopes {size}"),
            f64::from(SCOPES),
            *rounds,
            &mut [
                ("sequential", Box::new(sequential)),
                ("ours", Box::new(on_ours)),
                ("rayon", Box::new(on_rayon)),
            ],
        );
    }
}

fn enter(Peers { ours, rayon, rounds, .. }: &Peers) {
    const TIMES: u32 = 1000;
    compare(
        "enter",
        f64::from(TIMES),
        *rounds,
        &mut [
            ("rayon", Box::new(|| times(TIMES, || rayon.install(|| 1)))),
            ("lend", Box::new(|| times(TIMES, || ours.lend(|_| 1)))),
            ("install", Box::new(|| times(TIMES, || ours.install(|| 1)))),
        ],
    );
}

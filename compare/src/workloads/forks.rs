//! Workloads of fork and join: what they work on. The programs themselves are written out for each
//! column, in `columns/forking.rs`.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use super::Workload;
use crate::child::{Mode, Phase, Sample};
use crate::params::Params;

/// Closures that are spawned into each scope.
pub(crate) const SPAWNS: u32 = 8;
/// Scopes, or entries, of one batch.
pub(crate) const BATCH: u64 = 100;

/// A node of a binary tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) value: u64,
    pub(crate) left: Option<Box<Node>>,
    pub(crate) right: Option<Box<Node>>,
}

/// What is computed in one batch.
#[derive(Debug)]
pub(crate) enum Work {
    Fib(u32),
    Tree(Box<Node>),
    Sort(Vec<u32>),
    Scopes(u64),
}

impl Work {
    /// What `workload` computes.
    pub(crate) fn new(workload: &Workload, params: &Params) -> Work {
        let small = |name| u32::try_from(params.number(name)).expect("its limits are small");
        match workload.name {
            "fib" => Work::Fib(small("n")),
            "tree" => Work::Tree(tree(small("depth")).expect("its depth is not zero")),
            "quicksort" => Work::quicksort(params.count("count")),
            "scopes" => Work::Scopes(params.number("size")),
            other => unreachable!("{other} computes nothing"),
        }
    }

    /// Numbers to sort, `count` of them.
    pub(crate) fn quicksort(count: usize) -> Work {
        Work::Sort(random(count))
    }

    /// How many operations one batch has.
    pub(crate) fn ops(&self) -> u64 {
        match self {
            Work::Fib(n) => 2 * (0..*n).fold((1, 1), |(a, b), _| (b, a + b)).0 - 1,
            Work::Tree(node) => count(node),
            Work::Sort(numbers) => numbers.len() as u64,
            Work::Scopes(_) => BATCH,
        }
    }
}

/// A full tree: each node is allocated before its children, so they lie in memory in the order in
/// which code that begins with the left half comes by.
fn tree(depth: u32) -> Option<Box<Node>> {
    (depth > 0).then(|| {
        let mut node = Box::new(Node { value: depth.into(), left: None, right: None });
        node.left = tree(depth - 1);
        node.right = tree(depth - 1);
        node
    })
}

fn count(node: &Node) -> u64 {
    let children = [&node.left, &node.right].into_iter().flatten();
    1 + children.map(|node| count(node)).sum::<u64>()
}

/// Numbers in no order, the same every time.
fn random(count: usize) -> Vec<u32> {
    let mut state = 1_u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        })
        .collect()
}

/// Puts what is less than a median of three before it; returns where that is.
pub(crate) fn partition(numbers: &mut [u32]) -> usize {
    let last = numbers.len() - 1;
    let (a, b, c) = (numbers[0], numbers[last / 2], numbers[last]);
    let median = if (a <= b) == (b <= c) {
        last / 2
    } else if (b <= a) == (a <= c) {
        0
    } else {
        last
    };
    numbers.swap(median, last);
    let pivot = numbers[last];
    let mut at = 0;
    for index in 0..last {
        let less = numbers[index] < pivot;
        numbers.swap(at, index);
        at += usize::from(less);
    }
    numbers.swap(at, last);
    at
}

/// A loop that the compiler does not leave out.
pub(crate) fn turns(size: u64) {
    for number in 0..size {
        black_box(number);
    }
}

/// Repeats `batch` until the phase is `ms` long, after a warm-up of a quarter of it. `batch`
/// returns how many operations it did.
pub(crate) fn repeat(
    params: &Params,
    mode: Mode,
    mut batch: impl FnMut() -> u64,
) -> io::Result<Sample> {
    let length = Duration::from_millis(params.number("ms"));
    let began = Instant::now();
    while began.elapsed() < length / 4 {
        black_box(batch());
    }
    let phase = Phase::begin(mode)?;
    let mut ops = 0;
    while phase.elapsed() < length {
        ops += black_box(batch());
    }
    phase.end(ops, None)
}

/// A phase in which nothing is done.
pub(crate) fn rest(params: &Params, mode: Mode) -> io::Result<Sample> {
    std::thread::sleep(Duration::from_millis(50)); // until everybody sleeps
    let phase = Phase::begin(mode)?;
    std::thread::sleep(Duration::from_millis(params.number("ms")));
    phase.end(1, None)
}

//! The programs, once for each peer.

/// A node of a binary tree.
pub(crate) struct Node {
    value: u64,
    left: Option<Box<Node>>,
    right: Option<Box<Node>>,
}

/// A full binary tree. Each node is allocated before its children, so they lie in memory in the
/// order in which code that begins with the left half comes by.
pub(crate) fn tree(depth: u32) -> Option<Box<Node>> {
    (depth > 0).then(|| {
        let mut node = Box::new(Node { value: depth.into(), left: None, right: None });
        node.left = tree(depth - 1);
        node.right = tree(depth - 1);
        node
    })
}

/// The same program for each peer, with nothing between it and the peer's `join`: `$join` is a
/// macro that takes a context of type `$at` and two closures of it.
macro_rules! program {
    ($peer:ident, $at:ty, $join:ident) => {
        pub(crate) mod $peer {
            use super::{Node, partition};

            pub(crate) fn fib(at: $at, n: u32) -> u64 {
                if n < 2 {
                    return n.into();
                }
                let (a, b) =
                    $join!(at, move |at: $at| fib(at, n - 1), move |at: $at| fib(at, n - 2));
                a + b
            }

            pub(crate) fn sum(at: $at, node: &Node) -> u64 {
                let (left, right) = $join!(
                    at,
                    |at: $at| node.left.as_deref().map_or(0, |node| sum(at, node)),
                    |at: $at| node.right.as_deref().map_or(0, |node| sum(at, node))
                );
                node.value + left + right
            }

            pub(crate) fn quicksort(at: $at, numbers: &mut [u32]) {
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
/// way round, and does what the others do, in the same order.
macro_rules! the_other_way_round {
    ($at:expr, $a:expr, $b:expr) => {{
        let (b, a) = $at.join($b, $a);
        (a, b)
    }};
}
macro_rules! rayon_core {
    ($at:expr, $a:expr, $b:expr) => {{
        let () = $at;
        rayon_core::join(|| $a(()), || $b(()))
    }};
}
program!(in_sequence, (), one_after_the_other);
program!(on_ours, &mini_executor_fork_join::Worker, method);
program!(on_chili, &mut chili::Scope<'_>, the_other_way_round);
program!(on_rayon, (), rayon_core);

fn partition(numbers: &mut [u32]) -> usize {
    let last = numbers.len() - 1;
    let (a, b, c) = (numbers[0], numbers[last / 2], numbers[last]);
    let pivot = if (a <= b) == (b <= c) {
        last / 2
    } else if (b <= a) == (a <= c) {
        0
    } else {
        last
    };
    numbers.swap(pivot, last);
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

/// Numbers in no order, the same every time.
pub(crate) fn random(count: usize) -> Vec<u32> {
    let mut state = 1_u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        })
        .collect()
}

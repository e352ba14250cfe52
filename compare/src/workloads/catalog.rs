//! The table of workloads: names, settings, defaults, and a line about each.

use super::{Shape, Workload};
use crate::load::Kind;
use crate::params::Setting;

const MS: Setting = Setting::number("ms", 300, (1, 600_000), "length of the measured phase");
const CONNS: (u64, u64) = (1, 20_000);
const WORKERS_OF_SERVER: Setting =
    Setting::number("workers", 1, (1, 64), "threads of the server that run tasks");
const WORKERS: Setting = Setting::number(
    "workers",
    2,
    (1, 64),
    "threads that run tasks, for columns whose threads share them; others use one",
);
const SIZE: Setting = Setting::number("size", 64, (1, 1 << 16), "bytes of a message");
const SLACK: Setting = Setting::number(
    "slack",
    50,
    (0, 1_000_000),
    "microseconds that timers may be late to share a wake-up; ours only, peers have no such setting",
);

const LATENCY: Option<&str> = Some("from request to response, at the client");
const LATENESS: Option<&str> = Some("from the deadline to the task that runs");

const WORKERS_THAT_FORK: Setting =
    Setting::number("workers", 2, (1, 64), "threads that compute, for columns that use several");

const WORKERS_THAT_COMPUTE: Setting = Setting::number(
    "workers",
    2,
    (1, 64),
    "threads that compute; and as many that run tasks, of columns where these are others and share",
);

/// All workloads.
pub(crate) const ALL: &[Workload] = &[
    Workload {
        name: "echo",
        about: "TCP server that sends back what it reads; each connection has one message in flight",
        op: "message",
        latency: LATENCY,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::number("conns", 64, CONNS, "connections"),
            SIZE,
            WORKERS_OF_SERVER,
            MS,
        ],
        shape: Shape::Server(Kind::Echo),
    },
    Workload {
        name: "http",
        about: "hyper 1 answering a short text; each connection has one request in flight",
        op: "request",
        latency: LATENCY,
        counts_live: false,
        forks: false,
        settings: &[Setting::number("conns", 64, CONNS, "connections"), WORKERS_OF_SERVER, MS],
        shape: Shape::Server(Kind::Http),
    },
    Workload {
        name: "churn",
        about: "connect, one echo, close; `conns` connections at a time",
        op: "connection",
        latency: Some("from connecting to the echo"),
        counts_live: false,
        forks: false,
        settings: &[
            Setting::number("conns", 16, CONNS, "connections at a time"),
            SIZE,
            WORKERS_OF_SERVER,
            MS,
        ],
        shape: Shape::Server(Kind::Churn),
    },
    Workload {
        name: "idle",
        about: "connections that said one thing and stay; what each keeps in memory beyond its buffer",
        op: "connection",
        latency: None,
        counts_live: true,
        forks: false,
        settings: &[Setting::number("conns", 1000, CONNS, "connections"), SIZE, WORKERS_OF_SERVER],
        shape: Shape::Server(Kind::Idle),
    },
    Workload {
        name: "spawn",
        about: "spawn a task that returns at once, and join it",
        op: "task",
        latency: None,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::word(
                "where",
                &["outside", "inside", "waves"],
                "by the main future; by a task; by a task, 1000 and then their joins",
            ),
            WORKERS,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "yield",
        about: "tasks that only yield",
        op: "yield",
        latency: None,
        counts_live: false,
        forks: false,
        settings: &[Setting::number("tasks", 1000, (1, 100_000), "how many"), WORKERS, MS],
        shape: Shape::Alone,
    },
    Workload {
        name: "pingpong",
        about: "two tasks and two async-channels of capacity 1",
        op: "round trip",
        latency: None,
        counts_live: false,
        forks: false,
        settings: &[WORKERS, MS],
        shape: Shape::Alone,
    },
    Workload {
        name: "ring",
        about: "tasks in a ring that pass a message on; each hands it to the next one's channel",
        op: "hop",
        latency: None,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::number("tasks", 100, (2, 100_000), "how many"),
            Setting::number("messages", 1, (1, 100_000), "how many go round at once"),
            WORKERS,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "timers",
        about: "make a timer for five seconds from now, poll it once, drop it",
        op: "timer",
        latency: None,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::word(
                "mode",
                &["churn", "standing"],
                "no other timers; 1000 others that wait all the time",
            ),
            WORKERS,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "sleeps",
        about: "tasks that sleep once each, until instants uniform over `span`, fixed seed",
        op: "sleep",
        latency: LATENESS,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::number("n", 100_000, (1, 10_000_000), "how many"),
            SLACK,
            Setting::number("span", 1000, (1, 60_000), "milliseconds in which they are due"),
            WORKERS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "idle-sleep",
        about: "one sleep after the other, nothing else",
        op: "sleep",
        latency: LATENESS,
        counts_live: false,
        forks: false,
        settings: &[
            Setting::number("n", 100, (1, 1_000_000), "how many"),
            Setting::number("micros", 2000, (1, 10_000_000), "microseconds of each"),
            Setting::number("workers", 1, (1, 64), "threads that run tasks"),
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "fib",
        about: "the Fibonacci numbers by two calls each: nothing but joins",
        op: "call",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[Setting::number("n", 30, (1, 50), "which"), WORKERS_THAT_FORK, MS],
        shape: Shape::Alone,
    },
    Workload {
        name: "tree",
        about: "the sum of the values in a full binary tree, whose nodes lie in memory in the order of the sum",
        op: "node",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[Setting::number("depth", 18, (1, 28), "of the tree"), WORKERS_THAT_FORK, MS],
        shape: Shape::Alone,
    },
    Workload {
        name: "quicksort",
        about: "a million numbers; parts of 32 and less are sorted by std",
        op: "number",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[
            Setting::number("count", 1 << 20, (1, 1 << 28), "of numbers"),
            WORKERS_THAT_FORK,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "scopes",
        about: "scopes into which eight closures are spawned, each a short loop",
        op: "scope",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[
            Setting::number("size", 100, (1, 1_000_000), "turns of the loop"),
            WORKERS_THAT_FORK,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "enter",
        about: "have the pool run a closure that returns at once, from a thread that is not of it",
        op: "closure",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[
            Setting::word(
                "by",
                &["lending", "handing"],
                "lending the thread, where the pool can; by handing the closure over",
            ),
            WORKERS_THAT_FORK,
            MS,
        ],
        shape: Shape::Alone,
    },
    Workload {
        name: "mixed",
        about: "messages answered, at a steady rate, by a process that sorts numbers all the time",
        op: "number",
        latency: Some("from sending to the server's answer"),
        counts_live: false,
        forks: false,
        settings: &[
            Setting::word(
                "beside",
                &["rayon", "blocking"],
                "how columns compute that do not fork: in a pool of rayon's; in closures that block",
            ),
            Setting::number("conns", 16, CONNS, "connections"),
            Setting::number("rate", 4000, (1, 1_000_000), "messages a second, all together"),
            Setting::number("count", 1 << 16, (1, 1 << 28), "of numbers, sorted again and again"),
            WORKERS_THAT_COMPUTE,
            MS,
        ],
        shape: Shape::Server(Kind::Mixed),
    },
    Workload {
        name: "rest",
        about: "a pool that has nothing to do, for as long as the phase lasts",
        op: "rest",
        latency: None,
        counts_live: false,
        forks: true,
        settings: &[WORKERS_THAT_FORK, MS],
        shape: Shape::Alone,
    },
];

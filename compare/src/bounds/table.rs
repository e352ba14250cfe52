//! The bounds: one table. What a number means and how it is measured is the workload's to say.

/// What has to be true of one number.
#[derive(Debug)]
pub(crate) struct Bound {
    /// For `--only`: what is measured, of what, at which size.
    pub(crate) name: &'static str,
    pub(crate) workload: &'static str,
    /// Settings that are not the defaults.
    pub(super) set: &'static [(&'static str, &'static str)],
    pub(super) metric: &'static str,
    /// The column that is judged.
    pub(super) column: &'static str,
    /// If given, the number is a ratio to this column's, measured in the same rounds.
    pub(super) against: Option<&'static str>,
    /// The greatest value allowed, in the metric's unit or as a ratio. `None`: the figure is
    /// printed and nothing is demanded of it.
    pub(super) at_most: Option<f64>,
}

const LOCAL: &str = "single-thread/system";
const CALLS: &str = "syscalls_per_op";
const CPU: &str = "cpu_ns_per_op";
const TOKIO: Option<&str> = Some("tokio-ct");

const fn row(
    name: &'static str,
    (workload, set): (&'static str, &'static [(&'static str, &'static str)]),
    metric: &'static str,
    against: Option<&'static str>,
    at_most: Option<f64>,
) -> Bound {
    Bound { name, workload, set, metric, column: LOCAL, against, at_most }
}

/// The same of the work-stealing executor, with tokio's multi-thread flavour as its peer.
const fn stealing(
    name: &'static str,
    what: (&'static str, &'static [(&'static str, &'static str)]),
    metric: &'static str,
    against: Option<&'static str>,
    at_most: Option<f64>,
) -> Bound {
    Bound { column: "work-stealing/system", ..row(name, what, metric, against, at_most) }
}

const TOKIO_MT: Option<&str> = Some("tokio-mt");

const ECHO_1: (&str, &[(&str, &str)]) = ("echo", &[("conns", "1")]);
const ECHO_1_ON_2: (&str, &[(&str, &str)]) = ("echo", &[("conns", "1"), ("workers", "2")]);
const ECHO_64: (&str, &[(&str, &str)]) = ("echo", &[("conns", "64")]);
const ECHO_512: (&str, &[(&str, &str)]) = ("echo", &[("conns", "512")]);
const HTTP_64: (&str, &[(&str, &str)]) = ("http", &[("conns", "64")]);
const IDLE: (&str, &[(&str, &str)]) = ("idle", &[]);
const IDLE_SLEEP: (&str, &[(&str, &str)]) = ("idle-sleep", &[]);
const SLEEPS_50_US: (&str, &[(&str, &str)]) = ("sleeps", &[("slack", "50")]);
const SLEEPS_1_MS: (&str, &[(&str, &str)]) = ("sleeps", &[("slack", "1000")]);
const SPAWN_OUTSIDE: (&str, &[(&str, &str)]) = ("spawn", &[("where", "outside")]);
const SPAWN_INSIDE: (&str, &[(&str, &str)]) = ("spawn", &[("where", "inside")]);
const SPAWN_WAVES: (&str, &[(&str, &str)]) = ("spawn", &[("where", "waves")]);
const YIELD_1000: (&str, &[(&str, &str)]) = ("yield", &[("tasks", "1000")]);
const YIELD_1: (&str, &[(&str, &str)]) = ("yield", &[("tasks", "1")]);
const PINGPONG: (&str, &[(&str, &str)]) = ("pingpong", &[]);
const TIMERS_CHURN: (&str, &[(&str, &str)]) = ("timers", &[("mode", "churn")]);
const TIMERS_STANDING: (&str, &[(&str, &str)]) = ("timers", &[("mode", "standing")]);

const POOL: &str = "fork-join/system";
const SEQUENTIAL: Option<&str> = Some("sequential");
const FIB: (&str, &[(&str, &str)]) = ("fib", &[]);
const TREE: (&str, &[(&str, &str)]) = ("tree", &[]);
const QUICKSORT: (&str, &[(&str, &str)]) = ("quicksort", &[]);
const SCOPES: (&str, &[(&str, &str)]) = ("scopes", &[]);
const LENDING: (&str, &[(&str, &str)]) = ("enter", &[("by", "lending")]);
const HANDING: (&str, &[(&str, &str)]) = ("enter", &[("by", "handing")]);
const MIXED_RAYON: (&str, &[(&str, &str)]) = ("mixed", &[("beside", "rayon"), ("ms", "1000")]);
const MIXED_BLOCKING: (&str, &[(&str, &str)]) =
    ("mixed", &[("beside", "blocking"), ("ms", "1000")]);
const REST: (&str, &[(&str, &str)]) = ("rest", &[("ms", "10000")]);

/// A bound of the pool that forks and joins.
const fn pool(
    name: &'static str,
    case: (&'static str, &'static [(&'static str, &'static str)]),
    metric: &'static str,
    against: Option<&'static str>,
    at_most: Option<f64>,
) -> Bound {
    Bound { column: POOL, ..row(name, case, metric, against, at_most) }
}

const ECHO_64_ON_2: (&str, &[(&str, &str)]) = ("echo", &[("conns", "64"), ("workers", "2")]);
const ECHO_512_ON_2: (&str, &[(&str, &str)]) = ("echo", &[("conns", "512"), ("workers", "2")]);
const HTTP_64_ON_2: (&str, &[(&str, &str)]) = ("http", &[("conns", "64"), ("workers", "2")]);
const RING: (&str, &[(&str, &str)]) = ("ring", &[]);

/// All bounds.
pub(crate) const ALL: &[Bound] = &[
    row("echo-1-calls", ECHO_1, CALLS, None, Some(3.05)),
    row("echo-64-calls", ECHO_64, CALLS, None, Some(2.1)),
    row("echo-512-calls", ECHO_512, CALLS, None, Some(2.1)),
    // Two threads with an executor each: a driver hands over before it runs a task of its own,
    // which is a call to wake the other and a call of the other to sleep.
    row("echo-1-on-2-calls", ECHO_1_ON_2, CALLS, None, None),
    row("echo-1-cpu", ECHO_1, CPU, TOKIO, None),
    row("echo-64-cpu", ECHO_64, CPU, TOKIO, Some(0.95)),
    row("echo-512-cpu", ECHO_512, CPU, TOKIO, None),
    row("echo-1-cpu-raw", ECHO_1, CPU, Some("raw-epoll"), None),
    row("echo-64-cpu-raw", ECHO_64, CPU, Some("raw-epoll"), None),
    row("echo-512-cpu-raw", ECHO_512, CPU, Some("raw-epoll"), None),
    row("http-64-cpu", HTTP_64, CPU, TOKIO, None),
    row("idle-bytes", IDLE, "bytes_per_op", None, Some(300.0)),
    row("idle-allocations", IDLE, "allocs_per_op", None, Some(2.0)),
    row("idle-sleep-calls", IDLE_SLEEP, CALLS, None, Some(1.05)),
    row("sleeps-50us-late", SLEEPS_50_US, "p50_ns", None, Some(60_000.0)),
    row("sleeps-50us-cpu", SLEEPS_50_US, CPU, TOKIO, None),
    row("sleeps-1ms-cpu", SLEEPS_1_MS, CPU, TOKIO, Some(0.8)),
    row("spawn-outside-cpu", SPAWN_OUTSIDE, CPU, TOKIO, Some(0.45)),
    row("spawn-inside-cpu", SPAWN_INSIDE, CPU, TOKIO, Some(0.45)),
    row("spawn-waves-cpu", SPAWN_WAVES, CPU, TOKIO, Some(0.45)),
    row("yield-1000-cpu", YIELD_1000, CPU, TOKIO, Some(0.70)),
    row("yield-1-cpu", YIELD_1, CPU, TOKIO, Some(0.15)),
    row("pingpong-cpu", PINGPONG, CPU, TOKIO, None),
    row("timers-churn-cpu", TIMERS_CHURN, CPU, TOKIO, Some(0.2)),
    row("timers-standing-cpu", TIMERS_STANDING, CPU, TOKIO, Some(0.4)),
    row("echo-threads", ECHO_64, "threads", None, Some(0.0)),
    row("sleeps-threads", SLEEPS_50_US, "threads", None, Some(0.0)),
    pool("fib-cpu", FIB, CPU, SEQUENTIAL, Some(1.6)),
    pool("fib-cpu-chili", FIB, CPU, Some("chili"), None),
    pool("tree-cpu", TREE, CPU, SEQUENTIAL, Some(0.95)),
    pool("tree-cpu-chili", TREE, CPU, Some("chili"), None),
    pool("fork-scopes-cpu", SCOPES, CPU, SEQUENTIAL, Some(1.3)),
    pool("fork-scopes-cpu-rayon", SCOPES, CPU, Some("rayon"), None),
    pool("quicksort-cpu", QUICKSORT, CPU, SEQUENTIAL, Some(1.06)),
    // 1 / 0.95: what two threads reach that have nothing to do with each other.
    pool("quicksort-wall", QUICKSORT, "wall_ns_per_op", Some("apart"), Some(1.053)),
    pool("enter-lending-cpu", LENDING, CPU, Some("rayon"), Some(0.05)),
    pool("enter-handing-cpu", HANDING, CPU, Some("rayon"), Some(1.0)),
    // Sockets and computing on the same threads, against each way of having both on threads apart.
    pool("mixed-p99-rayon", MIXED_RAYON, "p99_ns", TOKIO_MT, Some(0.5)),
    pool("mixed-p99-rayon-ct", MIXED_RAYON, "p99_ns", TOKIO, Some(0.5)),
    pool("mixed-p99-blocking", MIXED_BLOCKING, "p99_ns", TOKIO_MT, Some(0.5)),
    pool("mixed-wall-rayon", MIXED_RAYON, "wall_ns_per_op", TOKIO_MT, Some(1.0)),
    pool("mixed-wall-blocking", MIXED_BLOCKING, "wall_ns_per_op", TOKIO_MT, Some(1.0)),
    // The one call is that of the thread that looks on.
    pool("pool-rest-calls", REST, CALLS, None, Some(1.0)),
    stealing("stealing-echo-1-on-2-calls", ECHO_1_ON_2, CALLS, None, Some(3.3)),
    stealing("stealing-echo-64-on-2-calls", ECHO_64_ON_2, CALLS, None, Some(2.2)),
    stealing("stealing-echo-512-on-2-calls", ECHO_512_ON_2, CALLS, None, Some(2.2)),
    stealing("stealing-echo-64-on-2-cpu", ECHO_64_ON_2, CPU, TOKIO_MT, Some(1.0)),
    stealing("stealing-echo-512-on-2-cpu", ECHO_512_ON_2, CPU, TOKIO_MT, Some(1.0)),
    stealing("stealing-echo-512-p99", ECHO_512, "p99_ns", TOKIO_MT, Some(0.15)),
    stealing("stealing-http-64-on-2-cpu", HTTP_64_ON_2, CPU, TOKIO_MT, Some(1.0)),
    stealing("stealing-spawn-inside-cpu", SPAWN_INSIDE, CPU, TOKIO_MT, Some(0.28)),
    stealing("stealing-yield-1000-cpu", YIELD_1000, CPU, TOKIO_MT, Some(0.65)),
    stealing("stealing-yield-1000-wall", YIELD_1000, "wall_ns_per_op", TOKIO_MT, Some(1.0)),
    stealing("stealing-yield-1-cpu", YIELD_1, CPU, TOKIO_MT, Some(0.15)),
    stealing("stealing-pingpong-cpu", PINGPONG, CPU, TOKIO_MT, Some(0.75)),
    stealing("stealing-ring-cpu", RING, CPU, TOKIO_MT, Some(0.75)),
    stealing("stealing-threads", ECHO_64, "threads", None, Some(0.0)),
];

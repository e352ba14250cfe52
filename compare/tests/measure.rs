//! `compare measure`, `list` and wrong command lines, as other programs see them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

use std::process::{Command, Output};

use serde_json::Value;

const METRICS: [&str; 8] = [
    "cpu_ns_per_op",
    "wall_ns_per_op",
    "p50_ns",
    "p99_ns",
    "syscalls_per_op",
    "allocs_per_op",
    "bytes_per_op",
    "rss_bytes",
];

fn compare(line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_compare"));
    command.args(line.split_whitespace()).output().unwrap()
}

/// Runs `compare measure LINE --json` and returns its objects, after checking what all have in
/// common.
fn measure(line: &str) -> Vec<Value> {
    let output = compare(&format!("measure {line} --json"));
    let (out, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{line}: {error}{out}");
    let objects: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for object in &objects {
        assert!(object["workload"].is_string() && object["column"].is_string(), "{object}");
        assert!(object["params"].is_object(), "{object}");
        let (metrics, why) =
            (object["metrics"].as_object().unwrap(), object["why"].as_object().unwrap());
        for metric in METRICS {
            match &metrics[metric] {
                Value::Null => assert!(why[metric].is_string(), "{metric}: {object}"),
                Value::Number(_) => assert!(!why.contains_key(metric), "{metric}: {object}"),
                other => panic!("{metric} is {other}"),
            }
        }
    }
    objects
}

fn number(object: &Value, metric: &str) -> f64 {
    object["metrics"][metric].as_f64().unwrap_or_else(|| panic!("{metric}: {object}"))
}

#[test]
fn one_executor_on_every_reactor() {
    let reactors = ["system", "mio", "uring", "uring-per-thread", "trace"];
    let on: String = reactors.iter().map(|name| format!(" --on single-thread/{name}")).collect();
    for (workload, set) in [
        ("echo", "--set conns=3 --set workers=2 --set ms=20"),
        ("churn", "--set conns=3 --set ms=20"),
        ("idle-sleep", "--set n=5"),
    ] {
        let objects = measure(&format!("{workload}{on} {set} --rounds 1 --counts 1"));
        assert_eq!(objects.len(), reactors.len(), "{workload}");
        for object in &objects {
            assert!(number(object, "wall_ns_per_op") > 0.0);
            assert!(object["note"].is_null(), "{object}");
        }
    }
}

#[test]
fn a_trace_of_a_server_and_of_a_workload_that_runs_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (workload, category) in
        [("echo --set conns=2 --set ms=10", "read"), ("idle-sleep --set n=3", "timer")]
    {
        let file = folder.path().join("trace.json");
        let line = format!(
            "measure {workload} --on single-thread/mio --rounds 1 --counts 0 --json --trace {}",
            file.display()
        );
        let output = compare(&line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && error.contains("was recorded"), "{line}: {error}");
        let trace: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        assert!(events.iter().any(|event| event["cat"] == category), "{line}");
        assert!(events.iter().any(|event| event["name"] == "drives"), "{line}");
    }
    let nowhere = folder.path().join("missing/trace.html");
    let line = format!(
        "measure idle-sleep --set n=1 --on single-thread/system --rounds 1 --counts 0 --trace {}",
        nowhere.display()
    );
    let output = compare(&line);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("missing/trace.html"), "{error}");
}

#[test]
fn tokios_tasks_on_a_reactor_that_its_runtime_drives_need_no_other_thread() {
    let on = "--on tokio-ct/tokio --on tokio-mt/tokio --on tokio-ct/system";
    for workload in ["echo --set conns=2 --set ms=10", "idle-sleep --set n=3"] {
        let objects = measure(&format!("{workload} {on} --rounds 1 --counts 1"));
        let threads: Vec<_> = objects.iter().map(|object| number(object, "threads")).collect();
        assert_eq!(threads[0], 0.0, "tokio-ct/tokio");
        assert_eq!(threads[2], 1.0, "tokio-ct/system has a thread that drives");
    }
}

#[test]
fn every_workload_on_every_column_that_can() {
    let on = "--on single-thread/system --on work-stealing/system --on fork-join/system \
              --on async-executor/system --on local-pool/system --on tokio-ct --on tokio-mt \
              --on smol --on raw-epoll";
    for (workload, set) in [
        ("echo", "--set conns=3 --set ms=20"),
        ("http", "--set conns=3 --set ms=20"),
        ("churn", "--set conns=3 --set ms=20"),
        ("idle", "--set conns=20"),
        ("spawn", "--set where=outside --set ms=5"),
        ("spawn", "--set where=inside --set ms=5"),
        ("spawn", "--set where=waves --set ms=5"),
        ("yield", "--set tasks=10 --set ms=5"),
        ("pingpong", "--set ms=5"),
        ("ring", "--set ms=5"),
        ("timers", "--set mode=churn --set ms=5"),
        ("timers", "--set mode=standing --set ms=5"),
        ("sleeps", "--set n=200 --set span=20"),
        ("idle-sleep", "--set n=5"),
        ("mixed", "--set beside=rayon --set count=1000 --set ms=20"),
        ("mixed", "--set beside=blocking --set count=1000 --set ms=20"),
    ] {
        let objects = measure(&format!("{workload} {on} {set} --rounds 1 --counts 1"));
        assert_eq!(objects.len(), 9, "{workload}");
        for object in &objects {
            assert_eq!(object["workload"], workload);
            if object["rounds"] == 0 {
                assert_eq!(object["column"], "raw-epoll", "{object}");
                continue;
            }
            assert!(number(object, "wall_ns_per_op") > 0.0);
            assert!(number(object, "rss_bytes") > 0.0);
            assert!(number(object, "allocs_per_op") > -1.0);
        }
    }
}

#[test]
fn what_forks_and_joins_on_every_column_that_can() {
    let on = "--on fork-join/system --on rayon --on chili --on scope --on apart --on sequential";
    for (workload, set, able) in [
        ("fib", "--set n=10 --set ms=5", 6),
        ("tree", "--set depth=5 --set ms=5", 6),
        ("quicksort", "--set count=1000 --set ms=5", 6),
        ("scopes", "--set ms=5", 5),
        ("enter", "--set by=lending --set ms=5", 2),
        ("enter", "--set by=handing --set ms=5", 2),
        ("rest", "--set ms=5", 3),
        ("mixed", "--set count=1000 --set ms=20", 1),
    ] {
        let objects = measure(&format!("{workload} {on} {set} --rounds 1 --counts 1"));
        let (did, did_not): (Vec<&Value>, Vec<&Value>) =
            objects.iter().partition(|object| object["rounds"] == 1);
        assert_eq!(did.len(), able, "{workload}: {did_not:?}");
        assert_eq!(did[0]["column"], "fork-join/system");
        assert!(did.iter().all(|object| number(object, "wall_ns_per_op") > 0.0), "{workload}");
        for object in did_not {
            assert_eq!(object["rounds"], 0, "{object}");
        }
    }
}

/// The latencies are those of messages, and the operations what is computed meanwhile.
#[test]
fn a_pool_that_computes_answers_meanwhile() {
    let objects = measure(
        "mixed --on fork-join/system --set count=1000 --set rate=1000 --set ms=100 --rounds 1 --counts 0",
    );
    let (p50, p99) = (number(&objects[0], "p50_ns"), number(&objects[0], "p99_ns"));
    assert!(p50 > 0.0 && p50 <= p99, "{objects:?}");
    assert!(number(&objects[0], "cpu_ns_per_op") > 0.0);
    assert_eq!(number(&objects[0], "threads"), 1.0, "two workers, and one of them is the first");
}

#[test]
fn settings_are_in_the_result_with_their_types() {
    let objects = measure("spawn --on tokio-ct --set where=waves --set ms=5 --rounds 2 --counts 0");
    assert_eq!(objects[0]["params"]["where"], "waves");
    assert_eq!(objects[0]["params"]["ms"], 5);
    assert_eq!(objects[0]["rounds"], 2);
    assert!(objects[0]["metrics"]["syscalls_per_op"].is_null());
    assert_eq!(objects[0]["ratio"]["cpu_ns_per_op"]["median"], 1.0);
}

/// What the raw loop does is known exactly, so it tells whether the counting is right.
#[test]
fn counts_are_exact_where_the_truth_is_known() {
    let objects =
        measure("idle-sleep --on raw-epoll --set n=40 --rounds 1 --counts 1 --count-with ptrace");
    assert_eq!(number(&objects[0], "syscalls_per_op"), 1.0); // a sleep is one epoll_wait
    assert_eq!(number(&objects[0], "allocs_per_op"), 0.0);
    assert_eq!(objects[0]["syscalls_counted_with"], "ptrace");

    let objects = measure("echo --on raw-epoll --set conns=1 --set ms=50 --rounds 1 --counts 1");
    let calls = number(&objects[0], "syscalls_per_op"); // wait, read, write; some more at the edges
    assert!((2.9..3.2).contains(&calls), "{calls}");

    let objects = measure("spawn --on tokio-ct --set ms=5 --rounds 1 --counts 1");
    let allocs = number(&objects[0], "allocs_per_op"); // a task is one allocation
    assert!((0.99..1.1).contains(&allocs), "{allocs}");
}

#[test]
fn a_single_thread_starts_no_threads() {
    for workload in ["echo --set conns=2", "spawn", "sleeps --set n=100 --set span=10"] {
        let objects =
            measure(&format!("{workload} --on single-thread/system --rounds 1 --counts 0"));
        assert_eq!(number(&objects[0], "threads"), 0.0, "{workload}");
    }
}

#[test]
fn a_bound_is_measured_and_judged() {
    let output = compare("bounds --only idle-sleep-calls --rounds 6");
    let out = String::from_utf8(output.stdout).unwrap();
    let line = out.lines().find(|line| line.starts_with("idle-sleep-calls")).expect(&out);
    let words: Vec<_> = line.split_whitespace().collect();
    let [_, "≤", limit, median, interval, verdict] = words[..] else { panic!("{line}") };
    let median: f64 = median.parse().unwrap();
    assert!((0.9..=limit.parse().unwrap()).contains(&median), "{line}");
    assert!(interval.contains('–'), "{line}");
    assert_eq!(verdict, "met", "{line}");
    assert!(output.status.success());
}

#[test]
fn wrong_command_lines_say_what_exists() {
    for (line, says) in [
        ("measure ecko --on smol", "there are: echo"),
        ("measure echo --on work-shy/system", "there are: single-thread"),
        ("measure echo --on single-thread/kqueue", "there are: system"),
        ("measure echo --on tokyo", "tokio-ct"),
        ("measure echo --on smol --set conn=1", "conns"),
        ("bounds --only ecko", "echo-1-calls"),
    ] {
        let output = compare(line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(says), "{line}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn list_names_everything_that_measure_takes() {
    let output = compare("list");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for name in [
        "echo",
        "idle-sleep",
        "conns=64",
        "where=outside|inside|waves",
        "single-thread/system",
        "raw-epoll",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

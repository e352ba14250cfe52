//! Reactors of which this machine may have none: what is said, and what goes on instead.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;

/// Runs `start` on a thread whose children are refused io_uring, as containers do it.
fn without_io_uring<T: Send>(start: impl FnOnce() -> T + Send) -> T {
    let filter = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    thread::scope(|scope| {
        let filtered = || {
            apply_filter(&program).unwrap();
            start()
        };
        scope.spawn(filtered).join().unwrap()
    })
}

fn compare() -> Command {
    Command::new(env!("CARGO_BIN_EXE_compare"))
}

fn measure() -> Output {
    let line = "measure idle-sleep --set n=3 --rounds 1 --counts 0 --json \
                --on single-thread/uring --on single-thread/uring-per-thread \
                --on single-thread/system";
    compare().args(line.split_whitespace()).output().unwrap()
}

fn notes(output: &Output) -> Vec<Option<String>> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let note = |object: Value| {
        assert_eq!(object["rounds"], 1, "{object}");
        object["note"].as_str().map(ToOwned::to_owned)
    };
    objects.map(note).collect()
}

#[test]
fn measure_says_what_takes_the_place_of_a_reactor_that_is_refused() {
    let notes = notes(&without_io_uring(measure));
    let [Some(uring), Some(per_thread), None] = &notes[..] else { panic!("{notes:?}") };
    for (note, name) in [(uring, "`uring`"), (per_thread, "`uring-per-thread`")] {
        assert!(note.contains(name) && note.contains("forbidden"), "{note}");
        assert!(note.ends_with("`system` takes its place"), "{note}");
    }
    let table = without_io_uring(|| {
        let line = "measure idle-sleep --set n=3 --rounds 1 --counts 0 --on single-thread/uring";
        compare().args(line.split_whitespace()).output().unwrap()
    });
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.contains("single-thread/uring: no reactor `uring` here: io_uring is"), "{table}");
}

#[test]
fn measure_says_nothing_where_all_is_as_asked_for() {
    assert_eq!(notes(&measure()), [None, None, None]);
}

#[test]
fn serve_says_what_happened_and_goes_on() {
    for reactor in ["uring", "uring-per-thread"] {
        let start = || {
            let dir = env!("CARGO_MANIFEST_DIR");
            compare()
                .args(["serve", dir, "--addr", "127.0.0.1:0", "--reactor", reactor])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        for refused in [true, false] {
            let mut child = if refused { without_io_uring(start) } else { start() };
            let mut out = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            let addr = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
            let mut stream = TcpStream::connect(addr.unwrap()).unwrap();
            let request = b"GET /Cargo.toml HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(request).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[package]"), "{answer}");
            child.kill().unwrap();
            let said = child.wait_with_output().unwrap().stderr;
            let said = String::from_utf8(said).unwrap();
            let sentence =
                format!("compare serve: no reactor `{reactor}` here: io_uring is forbidden");
            assert_eq!(said.contains(&sentence), refused, "{said}");
            assert!(refused || said.is_empty(), "{said}");
        }
    }
}

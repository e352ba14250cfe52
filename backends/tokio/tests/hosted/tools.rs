//! Reactors, runtimes, and processes of a test's own.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_reactor::{Handle, Reactor, System};
use mini_reactor_tokio::Tokio;
use tokio::runtime::{Builder, Runtime};

/// While this lives, the test has a minute; then the process ends and says which test it was.
pub(crate) struct Watch(#[expect(dead_code, reason = "dropping it ends the watch")] Sender<()>);

pub(crate) fn watch() -> Watch {
    let (over, is_over) = mpsc::channel::<()>();
    let test = thread::current().name().unwrap_or("?").to_owned();
    thread::spawn(move || {
        if is_over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            use io::Write;
            let line = format!("test {test} ... FAILED: it hangs, so a wake-up was lost\n");
            let _ = io::stderr().write_all(line.as_bytes());
            std::process::abort();
        }
    });
    Watch(over)
}

pub(crate) fn reactor() -> (Arc<Reactor<Tokio>>, Handle) {
    let typed = Arc::new(Reactor::new(Tokio::new(System::new())));
    let reactor = Handle::from(&typed);
    (typed, reactor)
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

/// One of each kind.
pub(crate) fn runtimes() -> [Runtime; 3] {
    [current_thread(), multi_thread(1), multi_thread(2)]
}

/// A runtime of each kind, that drives a reactor of its own.
pub(crate) fn hosts() -> [(Runtime, Handle); 3] {
    runtimes().map(|runtime| {
        let (typed, reactor) = reactor();
        typed.backend().attach(&reactor, runtime.handle()).unwrap();
        (runtime, reactor)
    })
}

pub(crate) fn pair(reactor: &Handle) -> [Async<UnixStream>; 2] {
    let (here, there) = UnixStream::pair().unwrap();
    [here, there].map(|stream| Async::new_in(stream, reactor).unwrap())
}

pub(crate) fn timer(after: Duration, reactor: &Handle) -> Timer {
    let mut timer = Timer::never_in(reactor);
    timer.set_after(after);
    timer
}

/// Sends back what comes, until the end.
pub(crate) async fn echo(mut stream: Async<UnixStream>) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            length => stream.write_all(&buffer[..length]).await?,
        }
    }
}

/// So many bytes, there and back, one after the other.
pub(crate) async fn round_trips(stream: &mut Async<UnixStream>, times: u32) -> io::Result<()> {
    for n in 0..times {
        stream.write_all(&[n as u8]).await?;
        let mut byte = [0];
        stream.read_exact(&mut byte).await?;
        assert_eq!(byte, [n as u8]);
    }
    Ok(())
}

const CHILD: &str = "MINI_REACTOR_TOKIO_TEST_CHILD";

/// Runs `body` in a process of its own: this program again, with nothing but the test `name`.
/// `None`: this is that process, and `body` has run. It has half a minute.
pub(crate) fn in_a_process(name: &str, body: impl FnOnce()) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        println!("(begun)");
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(30));
            eprintln!("half a minute has passed; giving up");
            std::process::abort();
        });
        body();
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("(begun)"), "there is no test `{name}`:\n{told}");
    Some(output)
}

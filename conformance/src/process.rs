//! A process of a clause's own: the same program again, with nothing but the test that the clause
//! is, for what all threads of a process share (its descriptors, its signals).

use std::env;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Tells the program that it is such a process, and for which clause.
const CHILD: &str = "MINI_REACTOR_CONFORMANCE_CLAUSE";

/// What the process says when it has come to the clause.
const BEGUN: &str = "(the clause has begun in a process of its own)";

/// The test that a suite's clauses are run from.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Each clause is a test of this module, which has its name.
    Module(&'static str),
    /// All of them are run from this test.
    Test(String),
}

impl Place {
    /// What libtest calls the test that runs `clause`.
    fn test(&self, clause: &str) -> String {
        match self {
            Place::Module(module) => match module.split_once("::") {
                Some((_the_crate, inner)) => format!("{inner}::{clause}"),
                None => clause.to_owned(),
            },
            Place::Test(name) => name.clone(),
        }
    }

    /// The clause that this process was started for, if it was for one.
    pub(crate) fn only() -> Option<String> {
        env::var(CHILD).ok()
    }

    /// Runs `body` in a process of its own, to which this clause has to come again.
    ///
    /// # Panics
    ///
    /// If it fails there, or takes longer than `patience`.
    pub(crate) fn run(&self, clause: &str, patience: Duration, body: impl FnOnce()) {
        self.run_beside(clause, patience, body, |_| ());
    }

    /// As `run`; `beside` is done here to the process, again and again until it has ended.
    pub(crate) fn run_beside(
        &self,
        clause: &str,
        patience: Duration,
        body: impl FnOnce(),
        mut beside: impl FnMut(&Child),
    ) {
        if Place::only().is_some() {
            println!("{BEGUN}");
            return body();
        }
        let mut child = self.start(clause);
        // Read by a thread each: a full pipe would stop the process.
        let readers = (drain(child.stdout.take()), drain(child.stderr.take()));
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().expect("the process is ours") {
                Some(status) => break Some(status),
                None if begin.elapsed() > patience => break None,
                None => beside(&child),
            }
            thread::sleep(Duration::from_millis(1));
        };
        if status.is_none() {
            let _ = child.kill(); // it may just have ended
            let _ = child.wait();
        }
        let (stdout, stderr) = (readers.0.join(patience), readers.1.join(patience));
        let told = format!("{stdout}\n{stderr}");
        assert!(
            stdout.contains(BEGUN),
            "`{}` is no test that leads here:\n{told}",
            self.test(clause)
        );
        match status {
            Some(status) => assert!(status.success(), "in a process of its own: {status}\n{told}"),
            None => panic!("the process of its own hangs; it had said\n{told}"),
        }
    }

    fn start(&self, clause: &str) -> Child {
        let program = env::current_exe().expect("a test has a program");
        Command::new(program)
            .args(["--exact", &self.test(clause), "--nocapture", "--test-threads=1"])
            .env(CHILD, clause)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this program runs")
    }
}

fn drain<R: Read + Send + 'static>(pipe: Option<R>) -> crate::threads::Thread<String> {
    crate::threads::start("reading what the process says", move || {
        let mut told = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut told); // what there is will do
        }
        String::from_utf8_lossy(&told).into_owned()
    })
}

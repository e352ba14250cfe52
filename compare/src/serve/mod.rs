//! `compare serve`: an HTTP/1.1 file server on hyper and this workspace's `Async`.
//!
//! It is here because a demo shows what a benchmark cannot: a browser, curl and wrk talk to it,
//! files go through a blocking pool, and Ctrl-C ends it properly. `GET` and `HEAD`, ranges,
//! conditional requests, folders; nothing that changes a file. It serves what is beneath its folder
//! and nothing else: see [`path`].
//!
//! Deliberately absent: TLS, compression, caching in memory, authentication. Put a proxy in front.

mod body;
mod conditional;
mod content;
mod listing;
mod lookup;
mod path;
mod range;
mod respond;
mod server;
mod stop;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use crate::columns::{self, traced};
use path::Root;
pub(crate) use server::{Files, run as run_on};

/// What the command line said.
#[derive(Debug)]
pub(crate) struct Options {
    /// The folder.
    pub(crate) dir: PathBuf,
    /// Name of the executor.
    pub(crate) executor: String,
    /// Name of the reactor.
    pub(crate) reactor: String,
    /// Where to listen; port 0 lets the system choose.
    pub(crate) addr: SocketAddr,
    /// Where to write a recording, when it stops.
    pub(crate) trace: Option<PathBuf>,
}

/// Serves until Ctrl-C, then finishes what runs.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    crate::proc::raise_descriptor_limit();
    let root =
        Root::open(&options.dir).map_err(|error| format!("{}: {error}", options.dir.display()))?;
    let listener =
        TcpListener::bind(options.addr).map_err(|error| format!("{}: {error}", options.addr))?;
    let addr = listener.local_addr().map_err(|error| error.to_string())?;
    if options.trace.is_some() {
        traced::want();
    }
    let (reactor, said) = columns::install_reactor(&options.reactor)?;
    if let Some(said) = said {
        note(format_args!("{said}"));
    }
    let serve = columns::files(&options.executor)?;
    crate::cli::say(&format!(
        "Serving {} at http://{addr}/ on {}/{reactor} (Ctrl-C stops)",
        options.dir.display(),
        options.executor,
    ))?;
    serve(Files { root, listener }).map_err(|error: io::Error| error.to_string())?;
    if let Some(file) = &options.trace {
        traced::write(file).map_err(|error| format!("{}: {error}", file.display()))?;
        note(format_args!("recorded: {}", file.display()));
    }
    Ok(())
}

/// A line on standard error. If nobody reads that any more, serving goes on.
fn note(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "compare serve: {text}");
}

//! `--trace`: the reactor that is installed next is decorated, and records the process's life.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::{fs, io};

use mini_reactor::GlobalReactor;
use mini_reactor_trace::Trace;

/// So many records are kept: some tenths of a second of a busy server.
const RECORDS: usize = 1 << 16;

static WANTED: AtomicBool = AtomicBool::new(false);
static TRACE: OnceLock<Trace<Box<dyn GlobalReactor>>> = OnceLock::new();

/// The reactor that is installed after this is decorated.
pub(crate) fn want() {
    WANTED.store(true, Relaxed);
}

/// Whether a recording was asked for.
pub(super) fn is_wanted() -> bool {
    WANTED.load(Relaxed)
}

/// `backend`, and around it what records from now on.
pub(super) fn decorated(backend: impl GlobalReactor + 'static) -> impl GlobalReactor + 'static {
    let trace = TRACE.get_or_init(|| Trace::new(Box::new(backend)));
    trace.start(RECORDS);
    trace
}

/// Ends the recording and writes it: a page, or for a name that ends in `.json`, what Chrome and
/// Perfetto read.
///
/// # Errors
///
/// Those of the file; and if the reactor is not the global one, so that nothing was recorded.
pub(crate) fn write(file: &Path) -> io::Result<()> {
    let recording = TRACE.get().and_then(Trace::stop).ok_or_else(|| {
        io::Error::other("only a reactor that the whole process shares can be traced")
    })?;
    let text = match file.extension() {
        Some(extension) if extension == "json" => recording.to_chrome(),
        _ => recording.to_html(),
    };
    fs::write(file, text)
}

//! From arguments to a [`Command`]. Names of workloads, columns and settings are looked up here, so
//! that a wrong one is an error before anything runs.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value};
use lexopt::{Parser, ValueExt};

use crate::bounds::{self, Bound};
use crate::columns::{self, Column};
use crate::measure::{Case, CountWith};
use crate::params::Params;
use crate::serve::Options;
use crate::workloads::Workload;

/// What to do.
#[derive(Debug)]
pub(super) enum Command {
    Help,
    All,
    List,
    Measure(Measure),
    Bounds {
        bounds: Vec<&'static Bound>,
        rounds: usize,
    },
    Serve(Options),
    /// Hidden: this process is a child. See [`crate::child`].
    Child(String),
}

/// One workload, measured.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) case: Case,
    pub(super) rounds: usize,
    pub(super) counts: usize,
    pub(super) count_with: CountWith,
    pub(super) json: bool,
    /// Where to write a recording of one more pass of the first column.
    pub(super) trace: Option<PathBuf>,
}

/// Parses the arguments after the program's name.
///
/// # Errors
///
/// A sentence for the user.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut parser = Parser::from_args(args);
    let command = match parser.next().map_err(|error| error.to_string())? {
        None => return Ok(Command::All),
        Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(Value(command)) => command.string().map_err(|error| error.to_string())?,
        Some(other) => return Err(other.unexpected().to_string()),
    };
    let parsed = match command.as_str() {
        "help" => Ok(Command::Help),
        "list" => no_more(&mut parser).map(|()| Command::List),
        "measure" => measure(&mut parser),
        "bounds" => bounds(&mut parser),
        "serve" => serve(&mut parser),
        "child" => value(&mut parser, "an order").map(Command::Child),
        other => return Err(format!("no command `{other}`")),
    };
    parsed.or_else(|error| if error.is_empty() { Ok(Command::Help) } else { Err(error) })
}

/// The empty error: help was asked for.
const HELP: String = String::new();

fn no_more(parser: &mut Parser) -> Result<(), String> {
    match parser.next().map_err(|error| error.to_string())? {
        None => Ok(()),
        Some(Long("help") | Short('h')) => Err(HELP),
        Some(other) => Err(other.unexpected().to_string()),
    }
}

fn value(parser: &mut Parser, what: &str) -> Result<String, String> {
    let value = parser.value().map_err(|_| format!("missing {what}"))?;
    value.string().map_err(|error| error.to_string())
}

fn number(parser: &mut Parser, what: &str) -> Result<usize, String> {
    let text = value(parser, what)?;
    match text.parse() {
        Ok(number) if number <= 10_000 => Ok(number),
        _ => Err(format!("{what} is a number up to 10000, not `{text}`")),
    }
}

fn measure(parser: &mut Parser) -> Result<Command, String> {
    let (mut workload, mut columns, mut changes) = (None, Vec::new(), Vec::new());
    let (mut rounds, mut counts, mut count_with, mut json) = (9, 3, CountWith::default(), false);
    let mut trace = None;
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Long("on") => columns.push(Column::parse(&value(parser, "a column after --on")?)?),
            Long("set") => {
                let text = value(parser, "NAME=VALUE after --set")?;
                let Some((name, value)) = text.split_once('=') else {
                    return Err(format!("--set wants NAME=VALUE, not `{text}`"));
                };
                changes.push((name.to_owned(), value.to_owned()));
            }
            Long("rounds") => rounds = number(parser, "--rounds")?.max(1),
            Long("counts") => counts = number(parser, "--counts")?,
            Long("count-with") => {
                count_with = CountWith::parse(&value(parser, "a way after --count-with")?)?;
            }
            Long("json") => json = true,
            Long("trace") => trace = Some(PathBuf::from(value(parser, "a file after --trace")?)),
            Long("help") | Short('h') => return Err(HELP),
            Value(name) if workload.is_none() => {
                let name = name.string().map_err(|error| error.to_string())?;
                workload = Some(Workload::find(&name)?);
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    let workload = workload.ok_or("measure what? `compare list` has the workloads")?;
    if columns.is_empty() {
        return Err("on what? Give at least one --on COLUMN; `compare list` has them".to_owned());
    }
    if let Some(column) = columns.first().filter(|one| trace.is_some() && !one.can_be_traced()) {
        return Err(format!(
            "--trace records the first column, and `{column}` has no reactor of ours that the \
             whole process shares"
        ));
    }
    let params = Params::resolve(workload.settings, &changes)?;
    let case = Case { workload, params, columns };
    Ok(Command::Measure(Measure { case, rounds, counts, count_with, json, trace }))
}

fn bounds(parser: &mut Parser) -> Result<Command, String> {
    let (mut only, mut rounds) = (Vec::new(), 9);
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Long("only") => only.push(value(parser, "part of a name after --only")?),
            Long("rounds") => rounds = number(parser, "--rounds")?.max(1),
            Long("help") | Short('h') => return Err(HELP),
            other => return Err(other.unexpected().to_string()),
        }
    }
    Ok(Command::Bounds { bounds: bounds::select(&only)?, rounds })
}

fn serve(parser: &mut Parser) -> Result<Command, String> {
    let mut dir = None;
    let (mut executor, mut reactor) = ("single-thread".to_owned(), "system".to_owned());
    let mut addr: SocketAddr = ([127, 0, 0, 1], 8080).into();
    let mut trace = None;
    while let Some(arg) = parser.next().map_err(|error| error.to_string())? {
        match arg {
            Long("executor") => executor = value(parser, "a name after --executor")?,
            Long("reactor") => reactor = value(parser, "a name after --reactor")?,
            Long("addr") => {
                let text = value(parser, "an address after --addr")?;
                addr = text.parse().map_err(|_| format!("--addr wants IP:PORT, not `{text}`"))?;
            }
            Long("trace") => trace = Some(PathBuf::from(value(parser, "a file after --trace")?)),
            Long("help") | Short('h') => return Err(HELP),
            Value(path) if dir.is_none() => dir = Some(PathBuf::from(path)),
            other => return Err(other.unexpected().to_string()),
        }
    }
    columns::files(&executor)?;
    columns::check_reactor(&executor, &reactor)?;
    let dir = dir.ok_or("serve which folder?")?;
    Ok(Command::Serve(Options { dir, executor, reactor, addr, trace }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn nothing_means_everything() {
        assert!(matches!(parsed(""), Ok(Command::All)));
        assert!(matches!(parsed("list"), Ok(Command::List)));
        assert!(matches!(parsed("--help"), Ok(Command::Help)));
        assert!(matches!(parsed("measure --help"), Ok(Command::Help)));
    }

    #[test]
    fn a_measurement() {
        let line =
            "measure echo --on single-thread/system --on tokio-ct --set conns=1 --rounds 3 --json";
        let Ok(Command::Measure(measure)) = parsed(line) else { panic!("{line}") };
        assert_eq!(measure.case.workload.name, "echo");
        assert_eq!(measure.case.params.number("conns"), 1);
        assert_eq!(measure.case.params.number("size"), 64);
        let columns: Vec<_> = measure.case.columns.iter().map(Column::to_string).collect();
        assert_eq!(columns, ["single-thread/system", "tokio-ct"]);
        assert_eq!((measure.rounds, measure.counts, measure.json), (3, 3, true));
    }

    #[test]
    fn mistakes_are_explained() {
        for (line, says) in [
            ("mesure", "no command `mesure`"),
            ("measure", "measure what?"),
            ("measure echo", "--on COLUMN"),
            ("measure ecko --on smol", "echo, http"),
            ("measure echo --on async-std", "tokio-mt, tokio-ct, smol, raw-epoll"),
            ("measure echo --on single-thread/kqueue", "there are: system"),
            ("measure echo --on smol --set connections=1", "conns, size"),
            ("measure echo --on smol --set conns", "NAME=VALUE"),
            ("measure echo --on smol --set conns=many", "from 1 to"),
            ("measure echo --on smol --rounds x", "--rounds"),
            ("measure echo --on smol --count-with strace", "perf or ptrace"),
            ("measure echo --on", "a column"),
            ("measure echo --on smol --trace x.html", "no reactor of ours"),
            ("measure echo --on single-thread/uring-per-thread --trace x.html", "process shares"),
            ("measure echo --on single-thread/system --trace", "a file"),
            ("list everything", "everything"),
            ("serve", "which folder"),
            ("serve . --addr here", "IP:PORT"),
            ("serve . --executor magic", "single-thread"),
            ("serve . --reactor magic", "system"),
            ("serve . --executor tokio-ct --reactor uring-per-thread", "belongs to one thread"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn a_server() {
        let Ok(Command::Serve(options)) = parsed("serve docs --addr [::1]:9") else { panic!() };
        assert_eq!(options.dir, PathBuf::from("docs"));
        assert_eq!(options.addr, "[::1]:9".parse().unwrap());
        assert_eq!(
            (options.executor.as_str(), options.reactor.as_str()),
            ("single-thread", "system")
        );
    }
}

//! What is compared: executors of this workspace on its reactors, and peers.
//!
//! The tables here are the whole registry. A column is named `EXECUTOR/REACTOR`, or by a peer's
//! name; executors and reactors combine freely, because a reactor is installed as the program's
//! global one before the executor starts, in a process that was started for this column alone.

mod fork_join;
pub(crate) mod forking;
mod off_the_shelf;
mod ours;
mod raw_epoll;
mod reactors;
pub(crate) mod runtime;
mod single_thread;
mod smol;
mod tokio;
mod tokio_tasks;
pub(crate) mod traced;
mod work_stealing;

use std::io;
use std::net::TcpListener;

use crate::child::{Mode, Sample};
use crate::params::Params;
use crate::serve::{self, Files};
use crate::workloads::{self, Workload};
use ours::On;
use reactors::{Choice, REACTORS};

/// How a column's process begins to work. Both are monomorphised for the column.
#[derive(Clone, Copy)]
struct Entry {
    /// Serves connections of the listener for ever.
    serve: fn(&'static Workload, &Params, TcpListener) -> io::Result<()>,
    /// Runs a workload that needs no peer process.
    run: fn(&'static Workload, &Params, Mode) -> io::Result<Sample>,
    /// Why the column cannot do a workload, if it cannot.
    lacks: fn(&Workload) -> Option<&'static str>,
    /// Whether several threads run the tasks of one executor, and so wait on one reactor.
    shares_tasks: bool,
}

impl Entry {
    /// The entry of a column that is a [`runtime::Runtime`]: it can do everything.
    const fn of<R: runtime::Runtime>() -> Self {
        Self {
            serve: workloads::serve::<R>,
            run: workloads::run::<R>,
            lacks: |workload| workload.forks.then_some("it has no fork and join"),
            shares_tasks: R::SHARES_TASKS,
        }
    }
}

/// A name, what it stands for, and how to start it.
struct Named<T> {
    name: &'static str,
    about: &'static str,
    what: T,
}

/// An executor of this workspace also runs the file server, which stands on this workspace's
/// adapters.
struct Executor {
    entry: Entry,
    files: fn(Files) -> io::Result<()>,
}

impl Executor {
    const fn of<R: runtime::Runtime>() -> Self {
        Self { entry: Entry::of::<R>(), files: serve::run_on::<R> }
    }
}

/// Executors of this workspace, and others that run on its reactors.
const EXECUTORS: &[Named<Executor>] = &[
    Named {
        name: "single-thread",
        about: "LocalExecutor: one thread, tasks that need not be Send",
        what: Executor::of::<single_thread::SingleThread>(),
    },
    Named {
        name: "fork-join",
        about: "ThreadPool: threads are lent, which fork, join and run tasks",
        what: Executor { entry: fork_join::ENTRY, files: serve::run_on::<fork_join::ForkJoin> },
    },
    Named {
        name: "work-stealing",
        about: "Executor: threads are lent, and share their tasks",
        what: Executor::of::<On<work_stealing::WorkStealing>>(),
    },
    Named {
        name: "async-executor",
        about: "async-executor's Executor, its threads in our block_on",
        what: Executor::of::<On<off_the_shelf::AsyncExecutor>>(),
    },
    Named {
        name: "local-pool",
        about: "futures' LocalPool, and a thread that drives",
        what: Executor::of::<On<off_the_shelf::Pool>>(),
    },
    Named {
        name: "tokio-ct",
        about: "tokio's tasks, current-thread flavour, our sockets and timers",
        what: Executor {
            // On reactors that its runtime does not drive, a thread beside it does.
            entry: Entry { shares_tasks: true, ..Entry::of::<tokio_tasks::TokioTasks<false>>() },
            ..Executor::of::<tokio_tasks::TokioTasks<false>>()
        },
    },
    Named {
        name: "tokio-mt",
        about: "tokio's tasks, multi-thread flavour, our sockets and timers",
        what: Executor::of::<tokio_tasks::TokioTasks<true>>(),
    },
];

/// Everything else.
const PEERS: &[Named<Entry>] = &[
    Named {
        name: "tokio-mt",
        about: "tokio, multi-thread flavour",
        what: Entry::of::<tokio::Tokio<true>>(),
    },
    Named {
        name: "tokio-ct",
        about: "tokio, current-thread flavour",
        what: Entry::of::<tokio::Tokio<false>>(),
    },
    Named {
        name: "smol",
        about: "async-executor and async-io, threads lent",
        what: Entry::of::<smol::Smol>(),
    },
    Named {
        name: "raw-epoll",
        about: "a hand-written epoll loop: what the kernel alone costs",
        what: Entry {
            serve: raw_epoll::serve,
            run: raw_epoll::run,
            lacks: raw_epoll::lacks,
            shares_tasks: false,
        },
    },
    Named {
        name: "sequential",
        about: "one half after the other, on one thread",
        what: forking::entry(forking::sequential, forking::has_no_pool),
    },
    Named {
        name: "apart",
        about: "as many threads as workers, each of which does all of it alone",
        what: forking::entry(forking::apart, forking::has_no_pool),
    },
    Named {
        name: "scope",
        about: "std::thread::scope, a thread for each half until there are enough",
        what: forking::entry(forking::threads, forking::has_no_pool),
    },
    Named {
        name: "rayon",
        about: "rayon-core: join and scope, work stealing",
        what: forking::entry(forking::rayon, forking::only_forks),
    },
    Named {
        name: "chili",
        about: "chili: join, shared at a heartbeat",
        what: forking::entry(forking::chili, forking::has_no_scopes),
    },
];

/// One column.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    entry: Entry,
    reactor: Option<&'static Named<Choice>>,
    name: &'static str,
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Column({self})")
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reactor {
            Some(reactor) => write!(f, "{}/{}", self.name, reactor.name),
            None => f.write_str(self.name),
        }
    }
}

impl Column {
    /// Finds a column by name.
    ///
    /// # Errors
    ///
    /// A sentence that lists what exists.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        if let Some((executor, reactor)) = name.split_once('/') {
            let executor = find(EXECUTORS, executor)
                .ok_or_else(|| unknown("executor", executor, EXECUTORS))?;
            return Ok(Self {
                entry: executor.what.entry,
                reactor: Some(reactors::choose(reactor)?),
                name: executor.name,
            });
        }
        match find(PEERS, name) {
            Some(peer) => Ok(Self { entry: peer.what, reactor: None, name: peer.name }),
            None => {
                let columns: Vec<_> = all().map(|(column, _)| column.to_string()).collect();
                Err(format!("no column `{name}`; there are: {}", columns.join(", ")))
            }
        }
    }

    /// Why the column cannot do `workload`, if it cannot.
    pub(crate) fn lacks(self, workload: &Workload) -> Option<&'static str> {
        self.mismatch().or_else(|| (self.entry.lacks)(workload))
    }

    /// Why its executor cannot use its reactor, if so.
    fn mismatch(self) -> Option<&'static str> {
        let per_thread = self.reactor.is_some_and(|reactor| reactor.what.per_thread);
        (self.entry.shares_tasks && per_thread)
            .then_some("its threads wait on one reactor, and this one belongs to one thread")
    }

    /// Serves connections for ever, as this process's only work.
    pub(crate) fn serve(
        self,
        workload: &'static Workload,
        params: &Params,
        listener: TcpListener,
    ) -> io::Result<()> {
        self.install_reactor()?;
        (self.entry.serve)(workload, params, listener)
    }

    /// Runs a workload, as this process's only work.
    pub(crate) fn run(
        self,
        workload: &'static Workload,
        params: &Params,
        mode: Mode,
    ) -> io::Result<Sample> {
        self.install_reactor()?;
        (self.entry.run)(workload, params, mode)
    }

    fn install_reactor(self) -> io::Result<()> {
        self.reactor.map_or(Ok(()), reactors::install)
    }

    /// This column; or, if this machine has not its reactor, the same executor on the default one,
    /// and a sentence that says so.
    pub(crate) fn to_be_had(self) -> (Self, Option<String>) {
        let Some(reactor) = self.reactor else { return (self, None) };
        let (reactor, said) = reactors::to_be_had(reactor);
        (Self { reactor: Some(reactor), ..self }, said)
    }

    /// Whether it is on a reactor of ours that the whole process shares, so that its life can be
    /// recorded.
    pub(crate) fn can_be_traced(self) -> bool {
        self.reactor.is_some_and(|reactor| !reactor.what.per_thread)
    }

    /// Whether this and `other` are the same executor, each on a reactor.
    pub(crate) fn differs_in_reactor_only(&self, other: &Column) -> bool {
        self.name == other.name && self.reactor.is_some() && other.reactor.is_some()
    }
}

/// All columns, each with a line about it.
pub(crate) fn all() -> impl Iterator<Item = (Column, String)> {
    let ours = EXECUTORS.iter().flat_map(|executor| {
        REACTORS.iter().map(move |reactor| {
            let column =
                Column { entry: executor.what.entry, reactor: Some(reactor), name: executor.name };
            (column, format!("{}; reactor: {}", executor.about, reactor.about))
        })
    });
    let peers = PEERS.iter().map(|peer| {
        let column = Column { entry: peer.what, reactor: None, name: peer.name };
        (column, peer.about.to_owned())
    });
    ours.chain(peers)
}

/// How `compare serve` serves a folder on the executor called `name`.
///
/// # Errors
///
/// A sentence that lists what exists.
pub(crate) fn files(name: &str) -> Result<fn(Files) -> io::Result<()>, String> {
    let executor = find(EXECUTORS, name).ok_or_else(|| unknown("executor", name, EXECUTORS))?;
    Ok(executor.what.files)
}

/// Checks the name of a reactor, and that the executor can use it.
///
/// # Errors
///
/// A sentence that lists what exists, or says why not.
pub(crate) fn check_reactor(executor: &str, reactor: &str) -> Result<(), String> {
    let name = format!("{executor}/{reactor}");
    Column::parse(&name)?.mismatch().map_or(Ok(()), |why| Err(format!("`{name}`: {why}")))
}

/// Makes the reactor called `name` the program's, or the default one if this machine has it not:
/// then a sentence says so. The name is that of the one it has now.
///
/// # Errors
///
/// A sentence that lists what exists, or says why it could not be installed.
pub(crate) fn install_reactor(name: &str) -> Result<(&'static str, Option<String>), String> {
    let (reactor, said) = reactors::to_be_had(reactors::choose(name)?);
    reactors::install(reactor).map_err(|error| format!("reactor `{}`: {error}", reactor.name))?;
    Ok((reactor.name, said))
}

fn find<T>(table: &'static [Named<T>], name: &str) -> Option<&'static Named<T>> {
    table.iter().find(|named| named.name == name)
}

fn unknown<T>(kind: &str, name: &str, table: &[Named<T>]) -> String {
    let names: Vec<_> = table.iter().map(|named| named.name).collect();
    format!("no {kind} `{name}`; there are: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_column_parses_to_itself() {
        for (column, _) in all() {
            assert_eq!(Column::parse(&column.to_string()).unwrap().to_string(), column.to_string());
        }
    }

    #[test]
    fn unknown_names_list_what_exists() {
        assert!(Column::parse("tokio").unwrap_err().contains("tokio-mt, tokio-ct, smol"));
        let error = Column::parse("magic/system").unwrap_err();
        assert!(error.contains("executor `magic`") && error.contains("single-thread"), "{error}");
        let error = Column::parse("single-thread/kqueue").unwrap_err();
        assert!(error.contains("reactor `kqueue`") && error.contains("system"), "{error}");
    }
}

//! Starting children, interleaving them, and what comes out.
//!
//! A [`Case`] is a workload with settings on some columns. For each round every column gets a fresh
//! process (or two, with a load generator), one column after the other, and the order rotates, so
//! that whatever else the machine does hits all columns alike. Three kinds of passes never mix:
//!
//! 1. timing: nothing counts, nothing traces;
//! 2. system calls: the kernel counts them between the edges of the measured phase ([`syscalls`]);
//! 3. allocations: the allocator counts.

pub(crate) mod case;
pub(crate) mod others;
mod process;
pub(crate) mod result;
pub(crate) mod stats;
pub(crate) mod suite;
mod syscalls;

use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::alloc::Allocations;
use crate::child::{EDGE_SYSCALLS, Mode, Order, Sample, Serving};
use crate::columns::Column;
use crate::load::{Kind, LoadOrder};
use crate::params::Params;
use crate::workloads::{Shape, Workload};
pub(crate) use case::{Case, Plan, Repeats, run};
use process::Process;
pub(crate) use syscalls::CountWith;

/// How long a process that has nothing left to do may take to be asleep before it is looked at.
const SETTLE: Duration = Duration::from_millis(10);
/// A child that says nothing for this long beyond its measured phase is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one pass measured.
#[derive(Clone, Copy, Debug)]
struct Passed {
    sample: Sample,
    syscalls: Option<Syscalls>,
}

/// System calls of a phase.
#[derive(Clone, Copy, Debug)]
struct Syscalls {
    count: u64,
    counted_with: &'static str,
}

/// One pass of one column.
fn pass(
    workload: &'static Workload,
    params: &Params,
    column: Column,
    mode: Mode,
    count_with: CountWith,
) -> Result<Passed, String> {
    match workload.shape {
        Shape::Alone => pass_alone(workload, params, column, mode, count_with),
        Shape::Server(_) => pass_server(workload, params, column, mode, count_with),
    }
}

fn pass_alone(
    workload: &Workload,
    params: &Params,
    column: Column,
    mode: Mode,
    count_with: CountWith,
) -> Result<Passed, String> {
    let order = Order::Run {
        workload: workload.name.to_owned(),
        column: column.to_string(),
        params: params.clone(),
        mode,
        trace: None,
    };
    let mut process = Process::start(&order)?;
    let until = deadline(params);
    if mode != Mode::Syscalls {
        return Ok(Passed { sample: process.line(until)?, syscalls: None });
    }
    let () = process.line(until)?;
    thread::sleep(SETTLE);
    let counter = syscalls::attach(process.id(), count_with)?;
    process.send_byte()?;
    let sample = process.line(until)?;
    thread::sleep(SETTLE);
    let edges = EDGE_SYSCALLS + counter.restarted();
    let counted_with = counter.name();
    let count = counter.finish(process)?.saturating_sub(edges);
    Ok(Passed { sample, syscalls: Some(Syscalls { count, counted_with }) })
}

fn pass_server(
    workload: &Workload,
    params: &Params,
    column: Column,
    mode: Mode,
    count_with: CountWith,
) -> Result<Passed, String> {
    let Shape::Server(kind) = workload.shape else { unreachable!("only for servers") };
    let until = deadline(params);
    let mut server = Process::start(&Order::Serve {
        workload: workload.name.to_owned(),
        column: column.to_string(),
        params: params.clone(),
        mode,
        trace: None,
    })?;
    let Serving { addr } = server.line(until)?;
    let mut load = start_load(kind, addr, &server, params, mode)?;
    match mode {
        Mode::Time => Ok(Passed { sample: load.line(until)?, syscalls: None }),
        Mode::Syscalls => {
            let () = load.line(until)?;
            thread::sleep(SETTLE);
            let counter = syscalls::attach(server.id(), count_with)?;
            load.send_byte()?;
            let sample = load.line(until)?;
            thread::sleep(SETTLE);
            let counted_with = counter.name();
            let count = counter.finish(server)?;
            Ok(Passed { sample, syscalls: Some(Syscalls { count, counted_with }) })
        }
        Mode::Allocations => {
            let () = load.line(until)?;
            thread::sleep(SETTLE);
            let before = allocations(&mut server, until)?;
            load.send_byte()?;
            let mut sample: Sample = load.line(until)?;
            thread::sleep(SETTLE);
            sample.allocations = Some(allocations(&mut server, until)?.since(before));
            Ok(Passed { sample, syscalls: None })
        }
    }
}

fn start_load(
    kind: Kind,
    addr: SocketAddr,
    server: &Process,
    params: &Params,
    mode: Mode,
) -> Result<Process, String> {
    Process::start(&Order::Load(LoadOrder {
        kind,
        addr,
        server: server.id(),
        conns: params.count("conns"),
        size: if params.has("size") { params.count("size") } else { 0 },
        rate: if params.has("rate") { params.number("rate") } else { 0 },
        ms: if params.has("ms") { params.number("ms") } else { 0 },
        mode,
    }))
}

/// One more pass of a column, whose reactor records it; the recording is written to `file`.
///
/// # Errors
///
/// What failed, in a sentence.
pub(crate) fn trace(
    workload: &'static Workload,
    params: &Params,
    column: Column,
    file: &Path,
) -> Result<(), String> {
    let (until, trace) = (deadline(params), Some(file.to_path_buf()));
    let (workload_name, column, mode) = (workload.name.to_owned(), column.to_string(), Mode::Time);
    let params = params.clone();
    let Shape::Server(kind) = workload.shape else {
        let order = Order::Run { workload: workload_name, column, params, mode, trace };
        let _: Sample = Process::start(&order)?.line(until)?;
        return Ok(());
    };
    let order =
        Order::Serve { workload: workload_name, column, params: params.clone(), mode, trace };
    let mut server = Process::start(&order)?;
    let Serving { addr } = server.line(until)?;
    let mut load = start_load(kind, addr, &server, &params, mode)?;
    let _: Sample = load.line(until)?;
    server.send_byte()?;
    server.line::<Option<String>>(until)?.map_or(Ok(()), Err)
}

fn allocations(server: &mut Process, until: Instant) -> Result<Allocations, String> {
    server.send_byte()?;
    server.line(until)
}

fn deadline(params: &Params) -> Instant {
    let phase: u64 =
        ["ms", "span"].iter().filter(|name| params.has(name)).map(|name| params.number(name)).sum();
    let sleeps =
        if params.has("micros") { params.number("n") * params.number("micros") / 1000 } else { 0 };
    Instant::now() + PATIENCE + 2 * Duration::from_millis(phase + sleeps)
}

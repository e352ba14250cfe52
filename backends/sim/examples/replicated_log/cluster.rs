//! The log in a simulation: five machines, two clients, bad weather; and what has to be true.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future;
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor_sim::{Failure, Faults, Host, Listener, Settings, Sim, Stream, replay};

use crate::client;
use crate::disk::{Disk, Entry};
use crate::follower::follow;
use crate::leader::{Mistake, lead};
use crate::wire::Network;

const MACHINES: usize = 5;
const MAJORITY: usize = MACHINES / 2 + 1;
const CLIENTS: u64 = 2;
const COMMANDS: u64 = 4;

/// Everything may happen.
pub(crate) fn settings() -> Settings {
    Settings::new().faults(Faults::ALL)
}

impl Network for Host {
    type Stream = Async<Stream>;
    type Listener = Async<Listener>;

    fn listen(&self) -> io::Result<Async<Listener>> {
        Async::new(Host::listen(self, 80)?)
    }

    async fn accept(&self, listener: &Async<Listener>) -> io::Result<Async<Stream>> {
        let (stream, _) = listener.read_with(|listener| listener.accept()).await?;
        Async::new(stream)
    }

    async fn connect(&self, to: &str) -> io::Result<Async<Stream>> {
        Async::new(Host::connect(self, (to, 80))?)
    }
}

/// A machine: the first is the leader.
struct Machine {
    name: String,
    host: Host,
    disk: Disk,
    /// What makes it crash.
    crash: (Sender<()>, Receiver<()>),
}

/// One run.
pub(crate) async fn test(sim: Sim, mistake: Option<Mistake>) {
    let followers: Vec<String> = (1..MACHINES).map(|n| format!("follower {n}")).collect();
    let names = ["leader".to_owned()].into_iter().chain(followers.clone());
    let machines: Vec<Machine> = names.map(|name| machine(&sim, name)).collect();
    let answered = RefCell::new(Vec::new());
    let tasks = LocalExecutor::new();
    for machine in &machines {
        let Machine { name, host, disk, .. } = machine;
        let task: Pin<Box<dyn Future<Output = ()>>> = if name == "leader" {
            Box::pin(restarting(&sim, machine, || lead(host, disk, &followers, mistake)))
        } else {
            Box::pin(restarting(&sim, machine, || follow(host, disk)))
        };
        tasks.spawn(sim.named(name, task)).detach();
    }
    let clients = (0..CLIENTS).map(|number| {
        let (name, machines, answered) = (format!("client {number}"), &machines, &answered);
        let host = sim.host(&name);
        let client = async move {
            client::run(&host, "leader", number, COMMANDS, |command, index| {
                let entry = Entry { client: number, command };
                let has_it = |machine: &&Machine| machine.disk.get(index) == Some(entry);
                let copies = machines.iter().filter(has_it).count();
                assert!(copies >= MAJORITY, "{entry:?} was answered with {copies} copies");
                answered.borrow_mut().push((index, entry));
            })
            .await;
        };
        tasks.spawn(sim.named(&name, client))
    });
    let clients: Vec<_> = clients.collect();
    let weather = tasks.spawn(sim.named("weather", weather(&sim, &machines)));
    let all = async {
        weather.await;
        for client in clients {
            client.await;
        }
        // What is in the leader's log reaches everybody, in good weather.
        sim.set_faults(Faults::MILD);
        let log = || machines[0].disk.entries();
        while machines.iter().any(|machine| machine.disk.entries() != log()) {
            milliseconds(10).await;
        }
        check(&log(), &answered.borrow());
    };
    tasks.run(all).await;
}

/// Makes the run of a failure again, and expects the same.
pub(crate) fn fails_again(failure: &Failure, mistake: Option<Mistake>) {
    let replayed = replay(failure.settings().clone(), |sim| test(sim, mistake));
    let replayed = replayed.expect_err("it fails again");
    assert_eq!(replayed.message(), failure.message());
    assert_eq!(replayed.trace(), failure.trace());
}

/// Machines crash, and links between the leader and others are cut for a while.
async fn weather(sim: &Sim, machines: &[Machine]) {
    let any = |first| &machines[sim.random(first..machines.len() as u64) as usize];
    for _ in 0..6 {
        let (leader, other) = (&machines[0].host, &any(1).host);
        sim.partition(leader, other);
        milliseconds(sim.random(0..60)).await;
        if sim.random(0..3) == 0 {
            let _ = any(0).crash.0.try_send(());
        }
        milliseconds(sim.random(0..60)).await;
        sim.heal(leader, other);
    }
}

/// What has to be true of the log in the end.
fn check(log: &[Entry], answered: &[(usize, Entry)]) {
    assert_eq!(answered.len() as u64, CLIENTS * COMMANDS);
    for (index, entry) in answered {
        assert_eq!(log[*index], *entry, "an answer holds");
    }
    for client in 0..CLIENTS {
        let own = log.iter().filter(|entry| entry.client == client).map(|entry| entry.command);
        assert!(own.eq(0..COMMANDS), "each command of client {client} once, in order: {log:?}");
    }
}

/// A machine whose disk takes up to two milliseconds for a write.
fn machine(sim: &Sim, name: String) -> Machine {
    let host = sim.host(&name);
    let sim = sim.clone();
    let disk = Disk::new(move || Duration::from_micros(sim.random(100..2000)));
    Machine { name, host, disk, crash: async_channel::bounded(1) }
}

/// A machine that crashes when it is told to, and comes back after a while.
async fn restarting<F: Future<Output = Infallible>>(
    sim: &Sim,
    machine: &Machine,
    run: impl Fn() -> F,
) {
    loop {
        let crash = async { machine.crash.1.recv().await.unwrap_or(()) };
        let run = async { match run().await {} };
        future::or(crash, run).await;
        sim.note(&format!("{} has crashed", machine.name));
        milliseconds(sim.random(1..50)).await;
    }
}

async fn milliseconds(count: u64) {
    Timer::after(Duration::from_millis(count)).await;
}

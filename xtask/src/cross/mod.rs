//! The other systems: tests where an emulator runs them, type checks where none does.

mod emulators;

use crate::ci::tests;
use crate::command::Typed;
use crate::needs;
use crate::parts::{Outcome, Parts, all};
use crate::sanitize::{Exception, NO_CALLS, without};
use crate::tree::{Package, Tree, root};
use emulators::{prepare_qemu, prepare_wine, wine_prefix};

/// A system, and how far it can be tried here.
#[derive(Debug)]
struct System {
    triple: &'static str,
    why: &'static str,
    how: How,
}

#[derive(Debug, PartialEq, Eq)]
enum How {
    /// Windows programs, in wine.
    Wine,
    /// Linux programs of another processor, in qemu.
    Qemu,
    /// WebAssembly, in Node: the unit tests of the core.
    Node,
    /// Everything is type-checked, tests too.
    Check,
    /// Libraries only: some tests declare a reactor, which this system's linker cannot collect.
    CheckLibraries,
    /// Only what does without I/O objects of the system.
    CheckCore,
}

const SYSTEMS: [System; 7] = [
    system("x86_64-pc-windows-gnu", "Windows: IOCP, one-shot; the tests run in wine", How::Wine),
    system("aarch64-unknown-linux-gnu", "weakly ordered memory; the tests run in qemu", How::Qemu),
    system("aarch64-apple-darwin", "macOS: kqueue; type-checked", How::Check),
    system("x86_64-unknown-freebsd", "FreeBSD: kqueue; type-checked", How::Check),
    system("x86_64-unknown-netbsd", "no link-time choice; type-checked", How::CheckLibraries),
    system("wasm32-unknown-unknown", "no I/O: `Unsupported`; type-checked", How::CheckCore),
    system("wasm32-wasip1", "no I/O: `Unsupported`; unit tests run in Node", How::Node),
];

const fn system(triple: &'static str, why: &'static str, how: How) -> System {
    System { triple, why, how }
}

/// Programs, made for one system each.
const PROGRAMS: [&str; 2] = ["compare", "xtask"];

const CORE: &str = "mini-reactor";

/// What does without I/O objects of the system.
const WITHOUT_IO: [&str; 2] = [CORE, "mini-executor-single-thread"];

/// What does nothing without io_uring, which qemu has not. Type-checked there.
const NOT_EMULATED: [&str; 1] = ["mini-reactor-uring"];

/// Tests that qemu cannot run, by parts of their names; seen with version 7.2.
const NOT_IN_QEMU: [Exception; 5] = [
    NO_CALLS,
    ("records_uring::", "qemu has no io_uring"),
    ("in_another_epoll_edge_triggered", "the test waits by epoll_pwait2, which qemu lacks"),
    ("terminal", "the test opens a terminal by TIOCGPTPEER, which qemu lacks"),
    ("first_used_in_the_child_works", "a thread of a child of threads ends qemu itself"),
];

/// Test programs of other crates' code, for comparison. Under qemu async-io's hangs.
const NOT_OURS: [&str; 1] = ["parity_theirs"];

/// Seconds that one test program may take: emulators are slow, and a hang has to end.
const PATIENCE: u32 = 600;

pub(crate) fn help() -> String {
    let mut help = String::from(
        "Tries the other systems: runs the tests in an emulator, or type-checks.\n\n\
         Usage: cargo xtask cross [SYSTEM …]\n\n\
         Without a name, all of them; a part of a name will do. Standard libraries come from\n\
         rustup; wine, qemu and linkers from Debian's packages, which only root installs. What\n\
         cannot run is reported as such, and the exit code is 1 then too.\n\nSystems:\n",
    );
    for system in &SYSTEMS {
        help.push_str(&format!("  {:<28}{}\n", system.triple, system.why));
    }
    help.trim_end().to_owned()
}

/// Tries the systems.
///
/// # Errors
/// If something does not compile, a test fails, or a system cannot be tried.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let wanted = |system: &System| {
        names.is_empty() || names.iter().any(|name| system.triple.contains(name.as_str()))
    };
    if let Some(name) =
        names.iter().find(|name| SYSTEMS.iter().all(|one| !one.triple.contains(name.as_str())))
    {
        return Err(format!("there is no system `{name}`\n\n{}", help()));
    }
    let tree = Tree::read()?;
    let mut parts = Parts::default();
    for system in SYSTEMS.iter().filter(|system| wanted(system)) {
        parts.run(system.triple, system.why, || match prepare(system) {
            Ok(()) => all(&commands(system, &tree.packages)),
            Err(reason) => Outcome::NotRun(reason),
        });
    }
    parts.finish()
}

fn prepare(system: &System) -> Result<(), String> {
    needs::target(system.triple)?;
    match system.how {
        How::Wine => {
            needs::programs(&["x86_64-w64-mingw32-gcc", "wine", "timeout"])?;
            prepare_wine()
        }
        How::Qemu => {
            needs::programs(&["aarch64-linux-gnu-gcc", "qemu-aarch64", "timeout"])?;
            prepare_qemu()
        }
        How::Node => needs::programs(&["node"]),
        How::Check | How::CheckLibraries | How::CheckCore => Ok(()),
    }
}

fn commands(system: &System, packages: &[Package]) -> Vec<Typed> {
    let tried = |package: &&Package| match system.how {
        How::CheckCore | How::Node => WITHOUT_IO.contains(&package.name.as_str()),
        _ => !PROGRAMS.contains(&package.name.as_str()),
    };
    packages.iter().filter(tried).map(|package| command(system, package)).collect()
}

fn command(system: &System, package: &Package) -> Typed {
    let cargo = |words: &str| {
        Typed::cargo(words)
            .and(["--target", system.triple, "--package", &package.name])
            .apart("cross")
    };
    // The unit tests and the integration tests that are no models.
    let tested = |words: &str| {
        let add = |command: Typed, test: &str| command.and(["--test", test]);
        let tests = tests(package, false).into_iter().filter(|test| !NOT_OURS.contains(test));
        tests.fold(cargo(words).and(["--lib"]), add)
    };
    match system.how {
        How::CheckLibraries | How::CheckCore => cargo("check"),
        How::Node if package.name != CORE => cargo("check"), // the models' crate has no such target
        How::Node => cargo("test --lib").with(
            "CARGO_TARGET_WASM32_WASIP1_RUNNER",
            format!("node --no-warnings {}", root().join("xtask/src/cross/wasi.mjs").display()),
        ),
        How::Qemu if NOT_EMULATED.contains(&package.name.as_str()) => tested("check"),
        How::Check => tested("check"),
        How::Wine => tested("test --no-fail-fast")
            .words("-- --test-threads=1") // in parallel they exceed what wine does in time
            .with("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", "x86_64-w64-mingw32-gcc")
            .with("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", format!("timeout {PATIENCE} wine"))
            .with("WINEPREFIX", wine_prefix())
            .with("WINEDEBUG", "-all"),
        How::Qemu => tested("test --no-fail-fast")
            .words("--")
            .and(without(&NOT_IN_QEMU))
            .with("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc")
            .with("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", format!("timeout {PATIENCE}"))
            .with("QEMU_LD_PREFIX", "/usr/aarch64-linux-gnu"),
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::ci::tests::with_tests;

    fn typed(how: &How) -> Vec<String> {
        let tree = with_tests(&["echo", "loom_word"]).with_package("xtask", "xtask", &[]);
        let system = SYSTEMS.iter().find(|system| system.how == *how).unwrap();
        commands(system, &tree.packages).iter().map(Typed::typed).collect()
    }

    #[test]
    fn tests_run_where_there_is_an_emulator_and_are_checked_elsewhere() {
        let [qemu] = &typed(&How::Qemu)[..] else { panic!("one package") };
        assert!(qemu.contains("--package mini-reactor --lib --test echo -- --skip "), "{qemu}");
        let [checked] = &typed(&How::Check)[..] else { panic!("one package") };
        assert!(checked.contains("cargo check "), "{checked}");
        assert!(typed(&How::CheckCore)[0].ends_with(" mini-reactor"));
    }

    #[test]
    fn an_unknown_system_is_refused() {
        assert!(run(&["vax".to_owned()]).unwrap_err().starts_with("there is no system `vax`"));
    }
}

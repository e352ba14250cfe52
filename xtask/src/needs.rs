//! What a check needs beside cargo: got where that is possible, else named exactly.
//!
//! Parts of toolchains come from rustup, programs from Debian. Packages are installed only by root,
//! as in a container or on a CI machine; on a contributor's own machine this says what to type.

use crate::command::Typed;

/// The packages of Debian that have the programs.
const DEBIAN: [(&str, &str); 9] = [
    ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"),
    ("addr2line", "binutils"),
    ("node", "nodejs"),
    ("objdump", "binutils"),
    ("qemu-aarch64", "qemu-user"),
    ("wine", "wine wine64"),
    ("x86_64-w64-mingw32-gcc", "gcc-mingw-w64-x86-64"),
    ("timeout", "coreutils"),
    ("valgrind", "valgrind"),
];

/// The compiler for what stable does not offer; `XTASK_NIGHTLY` names another one.
pub(crate) fn nightly() -> String {
    std::env::var("XTASK_NIGHTLY").unwrap_or_else(|_| "nightly".to_owned())
}

/// A component of a toolchain; an empty name is the one in use.
///
/// # Errors
/// Says what is missing.
pub(crate) fn component(name: &str, toolchain: &str) -> Result<(), String> {
    rustup(&format!("component add {name}"), toolchain)
}

/// The standard library for a target, for the toolchain in use.
///
/// # Errors
/// Says what is missing.
pub(crate) fn target(triple: &str) -> Result<(), String> {
    rustup(&format!("target add {triple}"), "")
}

fn rustup(words: &str, toolchain: &str) -> Result<(), String> {
    let command = match toolchain {
        "" => Typed::new("rustup").words(words),
        toolchain => {
            if !Typed::new("rustup which rustc --toolchain").and([toolchain]).succeeds() {
                return Err(format!("needs `rustup toolchain install {toolchain}`"));
            }
            Typed::new("rustup").words(words).and(["--toolchain", toolchain])
        }
    };
    if command.succeeds() { Ok(()) } else { Err(format!("needs `{}`", command.typed())) }
}

/// Programs, from Debian's packages if they are missing.
///
/// # Errors
/// Says which are missing, and what would install them.
pub(crate) fn programs(names: &[&str]) -> Result<(), String> {
    let missing = || names.iter().filter(|name| !Typed::new(name).and(["--version"]).succeeds());
    let packages: Vec<&str> = missing()
        .flat_map(|name| DEBIAN.iter().filter(move |(program, _)| program == name))
        .map(|(_, packages)| *packages)
        .collect();
    if missing().next().is_none() {
        return Ok(());
    }
    let install = Typed::new("apt-get install -qy --no-install-recommends")
        .words(&packages.join(" "))
        .with("DEBIAN_FRONTEND", "noninteractive");
    let is_root = Typed::new("id -u").output().is_ok_and(|id| id.trim() == "0");
    if is_root && Typed::new("apt-get update -q").succeeds() {
        install.run()?;
    }
    match missing().next() {
        None => Ok(()),
        Some(program) => Err(format!("needs `{program}`: {}", install.typed())),
    }
}

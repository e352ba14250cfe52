//! What emulators need before the first program runs in them.

use crate::command::{Typed, target};
use std::fs;
use std::path::{Path, PathBuf};

/// Wine before version 9 lacks the library that std asks for random numbers.
const SHIM: &str = "bcryptprimitives.dll";

/// Where the kernel keeps who runs the programs of other processors.
const FORMATS: &str = "/proc/sys/fs/binfmt_misc";

/// Programs of Linux for little-endian AArch64, by the first bytes of their files.
const AARCH64: &str = concat!(
    r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
    r":\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
    ":/usr/bin/qemu-aarch64:\n"
);

/// Wine's folder.
pub(super) fn wine_prefix() -> PathBuf {
    target().join("cross").join("wine")
}

/// Makes wine's folder, with the library that it may lack.
pub(super) fn prepare_wine() -> Result<(), String> {
    let system = wine_prefix().join("drive_c/windows/system32");
    if !system.join("kernel32.dll").exists() {
        fs::create_dir_all(wine_prefix()).map_err(|error| error.to_string())?;
        Typed::new("wine wineboot --init")
            .with("WINEPREFIX", wine_prefix())
            .with("WINEDEBUG", "-all")
            .run()?;
    }
    if system.join(SHIM).exists() {
        return Ok(());
    }
    let source = Path::new("xtask/src/cross/bcryptprimitives.c");
    Typed::new("x86_64-w64-mingw32-gcc -O2 -shared")
        .and([source, Path::new("-o"), &system.join(SHIM)].map(Path::to_string_lossy))
        .words("-ladvapi32")
        .run()
}

/// Has the kernel start qemu for programs that a test starts: itself, in a process of its own.
/// Until the machine is shut down; only root may.
pub(super) fn prepare_qemu() -> Result<(), String> {
    let known = Path::new(FORMATS).join("qemu-aarch64");
    let register = Path::new(FORMATS).join("register");
    if !register.exists() {
        Typed::new("mount -t binfmt_misc none").and([FORMATS]).succeeds();
    }
    if !known.exists() {
        let _ = fs::write(register, AARCH64); // what follows says whether it worked
    }
    match known.exists() {
        true => Ok(()),
        false => {
            Err("needs qemu-aarch64 in binfmt_misc: root, or Debian's qemu-user-binfmt".into())
        }
    }
}

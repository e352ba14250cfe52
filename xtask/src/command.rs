//! A command that a contributor could type: shown before it runs, so that what a task does can be
//! done by hand, changed and repeated.

use crate::tree::root;
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program, its arguments, and what it finds in its environment beside the usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    folder: Option<PathBuf>,
}

impl Typed {
    /// A command from its words.
    pub(crate) fn new(words: &str) -> Typed {
        let mut words = words.split_whitespace().map(str::to_owned);
        let program = words.next().unwrap_or_default();
        Typed { program, arguments: words.collect(), ..Typed::default() }
    }

    /// A command whose program is known by its path.
    pub(crate) fn at(program: &Path) -> Typed {
        Typed { program: program.to_string_lossy().into_owned(), ..Typed::default() }
    }

    /// A cargo command: of the cargo that runs this program, or of another toolchain.
    pub(crate) fn cargo(words: &str) -> Typed {
        Typed::new("cargo").words(words)
    }

    pub(crate) fn words(self, words: &str) -> Typed {
        self.and(words.split_whitespace())
    }

    pub(crate) fn and<A: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = A>) -> Typed {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<Path>) -> Typed {
        self.environment.insert(name.to_owned(), value.as_ref().to_string_lossy().into_owned());
        self
    }

    /// In a target folder of its own, inside the usual one: cargo would else rebuild everything at
    /// each change of flags.
    pub(crate) fn apart(self, folder: &str) -> Typed {
        self.with("CARGO_TARGET_DIR", usual_target().join(folder))
    }

    /// Elsewhere than at the root of the repository.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Typed {
        self.folder = Some(folder.to_owned());
        self
    }

    /// As it would be typed.
    pub(crate) fn typed(&self) -> String {
        let mut typed: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        typed.push(self.program.clone());
        typed.extend(self.arguments.iter().cloned());
        typed.join(" ")
    }

    /// For what has to be done with it beside running it.
    pub(crate) fn command(&self) -> Command {
        let own_cargo = env::var_os("CARGO").filter(|_| self.program == "cargo");
        let mut command = Command::new(own_cargo.unwrap_or_else(|| self.program.clone().into()));
        command
            .args(&self.arguments)
            .envs(&self.environment)
            .current_dir(self.folder.clone().unwrap_or_else(root));
        command
    }

    /// Shows the command and runs it.
    ///
    /// # Errors
    /// If it cannot be started or fails.
    pub(crate) fn run(&self) -> Result<(), String> {
        println!("$ {}", self.typed());
        let status =
            self.command().status().map_err(|error| format!("{}: {error}", self.typed()))?;
        if status.success() {
            return Ok(());
        }
        Err(format!("{} {}: {status}", self.program, self.arguments.join(" ")))
    }

    /// What it prints on its standard output.
    ///
    /// # Errors
    /// If it cannot be started or fails, with what it said.
    pub(crate) fn output(&self) -> Result<String, String> {
        let output =
            self.command().output().map_err(|error| format!("{}: {error}", self.typed()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}", self.typed(), said.trim()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it can be started and succeeds, its output thrown away.
    pub(crate) fn succeeds(&self) -> bool {
        let status = self.command().stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

/// The usual target folder.
pub(crate) fn target() -> PathBuf {
    root().join(usual_target())
}

/// The same as cargo finds it from the root of the repository.
fn usual_target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_typed() {
        let command = Typed::cargo("test --tests")
            .and(["--package", "a b"])
            .with("RUSTFLAGS", "--cfg x=\"y\"");
        assert_eq!(command.typed(), "RUSTFLAGS='--cfg x=\"y\"' cargo test --tests --package a b");
    }

    #[test]
    fn what_a_command_says_is_passed_on() {
        assert!(Typed::cargo("--version").output().unwrap().starts_with("cargo "));
        assert!(Typed::cargo("--no-such").output().unwrap_err().starts_with("cargo --no-such: "));
        assert!(!Typed::new("there-is-no-such-program").succeeds());
    }
}

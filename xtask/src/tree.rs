//! The repository as the checks see it: files by path, Rust sources parsed, packages as cargo
//! describes them.
//!
//! Everything is read once, so that a rule is a function from a [`Tree`] to findings, and a test of
//! a rule is a tree of three lines. What git ignores by default (`target`) is left out.

use crate::command::Typed;
use crate::json::Json;
use crate::rust::cfg::Class;
use crate::rust::modules::reached;
use crate::rust::source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The repository. Paths are relative to its root and parted by `/`.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Every file: its text, or `None` if it is no text.
    pub(crate) files: BTreeMap<String, Option<String>>,
    /// Every file of Rust.
    pub(crate) sources: BTreeMap<String, Source>,
    /// Files of Rust that could not be read, with the reason.
    pub(crate) broken: Vec<(String, String)>,
    pub(crate) packages: Vec<Package>,
}

/// A member of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: String,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: Vec<String>,
}

/// Something cargo compiles.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `lib`, `bin`, `test`, `example`, `bench`, `custom-build`, …
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) root: String,
}

/// A dependency as a manifest declares it.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `normal`, `dev` or `build`.
    pub(crate) kind: String,
    /// The platform it is for; empty for all.
    pub(crate) platform: String,
}

/// Folders that hold no sources of ours.
const SKIPPED: [&str; 3] = [".git", "target", "node_modules"];

impl Tree {
    /// Reads the repository that this program was built in.
    ///
    /// # Errors
    /// Passes on what the file system or cargo says.
    pub(crate) fn read() -> Result<Tree, String> {
        let root = root();
        let mut files = BTreeMap::new();
        collect(&root, &root, &mut files)?;
        let mut tree = Tree { packages: packages(&root)?, ..Tree::default() };
        for (path, text) in files {
            tree.add(path, text);
        }
        Ok(tree)
    }

    fn add(&mut self, path: String, text: Option<String>) {
        if let (Some(text), true) = (&text, path.ends_with(".rs")) {
            match Source::parse(text) {
                Ok(source) => drop(self.sources.insert(path.clone(), source)),
                Err(error) => self.broken.push((path.clone(), error)),
            }
        }
        self.files.insert(path, text);
    }

    /// Files that are text, with the text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Whether there is a file or a folder at `path`.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self
                .files
                .range(folder.clone()..)
                .next()
                .is_some_and(|(file, _)| file.starts_with(&folder))
    }

    /// The files of a package's library or binary, by the build they belong to.
    pub(crate) fn product_files(&self, package: &Package) -> BTreeMap<String, Class> {
        let mut found: BTreeMap<String, Class> = BTreeMap::new();
        for target in package.targets.iter().filter(|target| target.is_product()) {
            for (path, class) in reached(&target.root, &self.sources) {
                found.entry(path).and_modify(|known| *known = class.min(*known)).or_insert(class);
            }
        }
        found
    }

    /// A tree for tests of rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.add((*path).to_owned(), Some((*text).to_owned()));
        }
        tree
    }

    /// Adds a package with a library, for tests of rules.
    #[cfg(test)]
    pub(crate) fn with_package(mut self, name: &str, folder: &str, dependencies: &[&str]) -> Tree {
        let root = format!("{folder}/src/lib.rs");
        self.packages.push(Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            targets: vec![Target { kind: "lib".into(), name: name.replace('-', "_"), root }],
            dependencies: dependencies
                .iter()
                .map(|name| Dependency {
                    name: (*name).to_owned(),
                    kind: "normal".into(),
                    platform: String::new(),
                })
                .collect(),
            features: Vec::new(),
        });
        self
    }
}

impl Target {
    /// Whether it is what users get, not a test, an example or a build script.
    pub(crate) fn is_product(&self) -> bool {
        matches!(self.kind.as_str(), "lib" | "rlib" | "bin" | "proc-macro" | "cdylib" | "staticlib")
    }
}

impl Package {
    /// Whether it has a library.
    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.is_product() && target.kind != "bin")
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), Path::to_path_buf)
}

fn collect(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, Option<String>>,
) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if SKIPPED.iter().any(|name| entry.file_name() == *name) || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            collect(root, &path, files)?;
        } else {
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.insert(relative(root, &path), String::from_utf8(bytes).ok());
        }
    }
    Ok(())
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn packages(root: &Path) -> Result<Vec<Package>, String> {
    let printed = Typed::cargo("metadata --no-deps --offline --format-version 1").output()?;
    let json = Json::parse(&printed).map_err(|error| format!("cargo metadata: {error}"))?;
    let place = |json: &Json| relative(root, Path::new(json.text().unwrap_or_default()));
    let name = |json: &Json| json.get("name").text().unwrap_or_default().to_owned();
    let package = |json: &Json| Package {
        name: name(json),
        folder: place(json.get("manifest_path")).trim_end_matches("/Cargo.toml").to_owned(),
        targets: json
            .get("targets")
            .list()
            .iter()
            .map(|target| Target {
                kind: target
                    .get("kind")
                    .list()
                    .first()
                    .and_then(Json::text)
                    .unwrap_or_default()
                    .to_owned(),
                name: name(target),
                root: place(target.get("src_path")),
            })
            .collect(),
        dependencies: json
            .get("dependencies")
            .list()
            .iter()
            .map(|dependency| Dependency {
                name: name(dependency),
                kind: dependency.get("kind").text().unwrap_or("normal").to_owned(),
                platform: dependency.get("target").text().unwrap_or_default().to_owned(),
            })
            .collect(),
        features: json.get("features").pairs().iter().map(|(feature, _)| feature.clone()).collect(),
    };
    Ok(json.get("packages").list().iter().map(package).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_read() {
        let tree = Tree::read().unwrap();
        assert!(tree.files.contains_key("Cargo.toml"));
        assert!(tree.has("xtask/src") && tree.has("xtask/src/tree.rs") && !tree.has("xtask/sr"));
        assert!(!tree.files.keys().any(|path| path.contains("target/debug")));
        let own = tree.packages.iter().find(|package| package.name == "xtask").unwrap();
        assert_eq!(own.folder, "xtask");
        assert_eq!(own.targets[0].root, "xtask/src/main.rs");
        assert_eq!(tree.product_files(own)["xtask/src/tree.rs"], Class::Product);
    }
}

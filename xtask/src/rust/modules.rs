//! The module tree of a crate: which files it is made of, and for which build each is compiled.

use super::cfg::Class;
use super::items::items;
use super::lexer::Kind;
use super::source::Source;
use std::collections::BTreeMap;

/// The files reached from the crate root `root` by `mod` lines, with the build each belongs to.
///
/// A file reached twice belongs to the more product-like of its builds. `mod` lines without a file
/// are left to the compiler to report.
pub(crate) fn reached(root: &str, sources: &BTreeMap<String, Source>) -> BTreeMap<String, Class> {
    let mut found = BTreeMap::new();
    visit(root, true, Class::Product, sources, &mut found);
    found
}

fn visit(
    path: &str,
    is_root: bool,
    base: Class,
    sources: &BTreeMap<String, Source>,
    found: &mut BTreeMap<String, Class>,
) {
    let Some(source) = sources.get(path) else { return };
    if found.get(path).is_some_and(|known| *known <= base) {
        return;
    }
    found.insert(path.to_owned(), base);
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let own_folder = match file {
        "mod.rs" => folder.to_owned(),
        _ if is_root => folder.to_owned(),
        _ => join(folder, file.trim_end_matches(".rs")),
    };
    for item in items(source) {
        if item.head != "mod" || source.kind(item.last) != Kind::Punct(';') {
            continue;
        }
        let class = base.max(item.class);
        let beside =
            item.within.iter().fold(own_folder.clone(), |path, (_, name)| join(&path, name));
        let candidates = match given_path(source, item.first, item.at) {
            Some(given) => vec![join(folder, given)],
            None => vec![
                join(&beside, &format!("{}.rs", item.name)),
                join(&beside, &format!("{}/mod.rs", item.name)),
            ],
        };
        for candidate in candidates {
            visit(&candidate, false, class, sources, found);
        }
    }
}

/// What `#[path = "…"]` says.
fn given_path(source: &Source, first: usize, at: usize) -> Option<&str> {
    let attribute = source
        .attributes
        .iter()
        .find(|attribute| attribute.name == "path" && (first..at).contains(&attribute.first))?;
    Some(source.word(attribute.last - 1).trim_matches('"'))
}

/// Joins two paths with `/`, resolving `.` and `..`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                None | Some(&"..") => parts.push(".."), // out of the repository: no such file
                Some(_) => drop(parts.pop()),
            },
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_as_the_compiler_finds_them() {
        let sources: BTreeMap<String, Source> = [
            (
                "a/src/lib.rs",
                "mod sys; #[cfg(test)] mod tests; mod x { mod y; } #[path = \"odd.rs\"] mod z;",
            ),
            (
                "a/src/sys/mod.rs",
                "#[cfg(windows)] mod iocp; #[cfg(target_os = \"linux\")] mod epoll;",
            ),
            ("a/src/sys/epoll.rs", "mod buffer;"),
            ("a/src/sys/epoll/buffer.rs", ""),
            ("a/src/sys/iocp.rs", "mod port;"),
            ("a/src/sys/iocp/port.rs", ""),
            ("a/src/tests.rs", ""),
            ("a/src/x/y.rs", ""),
            ("a/src/odd.rs", ""),
            ("a/src/dead.rs", ""),
        ]
        .into_iter()
        .map(|(path, text)| (path.to_owned(), Source::parse(text).unwrap()))
        .collect();
        let found = reached("a/src/lib.rs", &sources);
        assert_eq!(found.len(), sources.len() - 1);
        assert!(!found.contains_key("a/src/dead.rs"));
        assert_eq!(found["a/src/sys/epoll/buffer.rs"], Class::Product);
        assert_eq!(found["a/src/sys/iocp/port.rs"], Class::Elsewhere);
        assert_eq!(found["a/src/tests.rs"], Class::Test);
        assert_eq!(found["a/src/x/y.rs"], Class::Product);
    }

    #[test]
    fn paths_are_joined() {
        assert_eq!(join("a/b", "../c.rs"), "a/c.rs");
        assert_eq!(join("", "./c.rs"), "c.rs");
        assert_eq!(join("a", "../../c.rs"), "../c.rs");
    }
}

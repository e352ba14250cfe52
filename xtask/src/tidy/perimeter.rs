//! Where `unsafe` may stand, and that each is argued.
//!
//! The lint `unsafe_code` sees one platform at a time and can be switched off beside the code; this
//! list covers every file, for every platform, and is the index for whoever audits the workspace.

use super::Finding;
use crate::rust::items::{Item, Unsafe, comments_before, items, unsafe_uses};
use crate::tree::Tree;

/// The files that may hold `unsafe`, each with the reason why safe code cannot do it.
const LISTED: &[(&str, &str)] = &[
    ("reactor/src/sys/epoll_old.rs", "the C library's epoll_wait, for kernels before 5.11"),
    ("reactor/src/sys/polling.rs", "polling::add demands that an object stay open"),
    ("reactor/src/sys/unix.rs", "pthread_atfork, and a descriptor that a token keeps open"),
    ("reactor/src/sys/windows.rs", "a socket that a token keeps open"),
    ("reactor/tests/contracts/fork.rs", "fork(2) has no safe wrapper"),
    ("reactor/tests/faults/seccomp.rs", "seccomp(2) has no safe wrapper"),
    ("reactor/tests/faults_fork.rs", "takes the place of a function of the C library"),
    (
        "adapters/async/tests/no_descriptors.rs",
        "a descriptor that is not open, for the tests of what happens then",
    ),
    ("backends/uring/src/kernel.rs", "queues shared with the kernel, and what is put into them"),
    ("backends/uring/tests/fork.rs", "fork(2) has no safe wrapper"),
    ("backends/tokio/src/hosted.rs", "tokio has no safe way to take a descriptor"),
    (
        "conformance/tests/faults/executors/abroad.rs",
        "a future that is dropped on a foreign thread, as a wrong executor would",
    ),
    ("compare/src/alloc.rs", "counts allocations: GlobalAlloc is an unsafe trait"),
    ("executors/fork-join/src/block.rs", "memory that closures of any type take turns in"),
    ("executors/fork-join/src/current.rs", "a thread-local that names a worker on the stack"),
    ("executors/fork-join/src/frame.rs", "frames on the stack that are linked to each other"),
    ("executors/fork-join/src/job.rs", "halves of joins on the stack of another thread"),
    ("executors/fork-join/src/join.rs", "a half of a join, put into a list of pointers"),
    ("executors/fork-join/src/latch.rs", "memory that may be gone as soon as it is written"),
    ("executors/fork-join/src/list.rs", "a list that is linked through its elements"),
    ("executors/fork-join/src/outside.rs", "closures that borrow from who waits for them"),
    ("executors/fork-join/src/pool.rs", "asks where in the tree of regions a job is"),
    ("executors/fork-join/src/region.rs", "a tree that is linked through other threads' stacks"),
    ("executors/fork-join/src/scope.rs", "closures that borrow what outlives the scope"),
    ("executors/fork-join/src/scope_api.rs", "a reference to a part as one to the whole"),
    ("executors/fork-join/src/scope_task.rs", "futures that borrow what outlives the scope"),
    ("executors/fork-join/tests/loom_pool/waiting.rs", "models of pointers to another stack"),
    (
        "executors/single-thread/src/task.rs",
        "tasks that are not Send and may borrow: async-task has that as an unsafe function only",
    ),
    (
        "executors/work-stealing/src/task.rs",
        "tasks that may borrow: async-task has that as an unsafe function only",
    ),
];

pub(super) fn listed(tree: &Tree) -> Vec<Finding> {
    against(tree, LISTED)
}

fn against(tree: &Tree, listed: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &tree.sources {
        let uses = unsafe_uses(source);
        let is_listed = listed.iter().any(|(file, _)| file == path);
        match uses.first() {
            Some((at, _)) if !is_listed => {
                let message =
                    format!("{} `unsafe` in a file that is not listed for it", uses.len());
                findings.push(Finding::new(path, source.line(*at), message));
            }
            None if is_listed => {
                findings.push(Finding::new(path, 0, "is listed for `unsafe` and has none"))
            }
            _ => {}
        }
    }
    for (path, _) in listed.iter().filter(|(path, _)| !tree.sources.contains_key(*path)) {
        findings.push(Finding::new(path, 0, "is listed for `unsafe` and does not exist"));
    }
    findings
}

pub(super) fn argued(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in &tree.sources {
        let items = items(source);
        for (at, what) in unsafe_uses(source) {
            let comments = comments_before(source, at);
            let (argued, demand) = match what {
                Unsafe::Fn => (
                    comments.contains("# Safety") || in_impl_of_a_trait(&items, at),
                    "`unsafe fn` without `# Safety`",
                ),
                Unsafe::Other => (
                    comments.contains("# Safety") || comments.contains("SAFETY:"),
                    "`unsafe` without `SAFETY:` or `# Safety` before it",
                ),
                Unsafe::Block => {
                    (comments.contains("SAFETY:"), "`unsafe` block without `SAFETY:` before it")
                }
                Unsafe::Impl => {
                    (comments.contains("SAFETY:"), "`unsafe impl` without `SAFETY:` before it")
                }
            };
            if !argued {
                findings.push(Finding::new(path, source.line(at), demand));
            }
        }
    }
    findings
}

/// Whether the function is one that a trait demands: then the trait says what callers owe.
fn in_impl_of_a_trait(items: &[Item<'_>], at: usize) -> bool {
    items.iter().any(|item| {
        item.head == "fn"
            && (item.first..item.last).contains(&at)
            && item.within.last() == Some(&("impl", "for"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlisted_file_and_a_stale_entry_are_found() {
        let tree = Tree::of(&[
            ("a.rs", "//! A\nfn f() { unsafe { g() } }"),
            ("b.rs", "// unsafe {\nconst B: &str = \"unsafe {\";"),
            ("c.rs", "unsafe impl Send for X {}"),
        ]);
        let found: Vec<_> = against(&tree, &[("b.rs", ""), ("c.rs", ""), ("d.rs", "")])
            .iter()
            .map(Finding::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "a.rs:2: 1 `unsafe` in a file that is not listed for it",
                "b.rs: is listed for `unsafe` and has none",
                "d.rs: is listed for `unsafe` and does not exist",
            ]
        );
    }

    #[test]
    fn an_unsafe_without_an_argument_is_found() {
        let tree = Tree::of(&[(
            "a.rs",
            "// SAFETY: x\nunsafe impl Send for A {}\nunsafe impl Sync for A {}\n\
             /// # Safety\n/// y\npub unsafe fn f() {\n\n // SAFETY: z\n let a = unsafe { g() };\n\
             unsafe { h() }\n}\n\
             unsafe fn i() {}\n\
             // SAFETY: w\n#[expect(unsafe_code, reason = \"; {\")]\nfn j() { unsafe { k() } }\n\
             #[unsafe(no_mangle)]\nfn l() {}\n\
             // SAFETY: v\nunsafe impl T for B {\n unsafe fn m() {}\n}\n\
             impl B {\n unsafe fn n() {}\n}\n",
        )]);
        let found: Vec<_> = argued(&tree).into_iter().map(|finding| finding.line).collect();
        assert_eq!(found, [3, 10, 12, 15, 16, 23]);
    }
}

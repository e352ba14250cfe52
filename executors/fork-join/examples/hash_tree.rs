//! Hashes a tree of files, and says meanwhile over TCP how far it has got: one pool does both.
//!
//! ```sh
//! cargo run --release -p mini-executor-fork-join --example hash_tree -- FOLDER
//! ```
//!
//! The hash of a file is that of the hashes of its chunks, the hash of a folder that of the names
//! and hashes of what is in it; symbolic links and everything else are left out. Folders and files
//! are hashed in halves, which any thread that is lent may take. The status server is a future in
//! the same scope: it borrows the counters, and ends with the scope. Then all of it is hashed once
//! more, one thing after the other on this thread, and has to come out the same.

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{env, thread};

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::Async;
use mini_executor_fork_join::{Signal, ThreadPool, Worker};
use sha2::{Digest as _, Sha256};

/// Bytes that are hashed in one go.
const CHUNK: usize = 64 << 10;
/// Bytes that are read in one go, and hashed in halves.
const BLOCK: usize = 64 * CHUNK;

type Hash = [u8; 32];

/// What has been hashed so far.
#[derive(Debug, Default)]
struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress {
    fn add(&self, files: u64, bytes: usize) {
        self.files.fetch_add(files, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    fn line(&self) -> String {
        format!("{} files, {} bytes\n", self.files.load(Relaxed), self.bytes.load(Relaxed))
    }
}

/// How halves are hashed: at the same time, or one after the other.
trait Halves: Sized {
    fn both(&self, a: impl FnOnce(&Self) + Send, b: impl FnOnce(&Self) + Send);
}

impl Halves for Worker {
    fn both(&self, a: impl FnOnce(&Self) + Send, b: impl FnOnce(&Self) + Send) {
        self.join(a, b);
    }
}

/// Without a pool.
struct InSequence;

impl Halves for InSequence {
    fn both(&self, a: impl FnOnce(&Self) + Send, b: impl FnOnce(&Self) + Send) {
        a(self);
        b(self);
    }
}

/// The hash of a file or a folder; `None` if it is neither.
fn hash(at: &impl Halves, path: &Path, progress: &Progress) -> io::Result<Option<Hash>> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        return folder(at, path, progress).map(Some);
    }
    if kind.is_file() {
        return file(at, path, progress).map(Some);
    }
    Ok(None)
}

fn folder(at: &impl Halves, path: &Path, progress: &Progress) -> io::Result<Hash> {
    let entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    let mut hashes: Vec<_> = entries.iter().map(|_| Ok(None)).collect();
    hash_all(at, &entries, &mut hashes, progress);
    let mut all = Sha256::new();
    for (entry, hash) in entries.iter().zip(hashes) {
        if let Some(hash) = hash? {
            all.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
            all.update(b"/");
            all.update(hash);
        }
    }
    Ok(all.finalize().into())
}

fn hash_all(
    at: &impl Halves,
    entries: &[PathBuf],
    hashes: &mut [io::Result<Option<Hash>>],
    progress: &Progress,
) {
    match (entries, hashes) {
        ([entry], [into]) => *into = hash(at, entry, progress),
        ([_, _, ..], hashes) => {
            let (a, b) = entries.split_at(entries.len() / 2);
            let (into_a, into_b) = hashes.split_at_mut(a.len());
            at.both(|at| hash_all(at, a, into_a, progress), |at| hash_all(at, b, into_b, progress));
        }
        _ => {} // an empty folder
    }
}

fn file(at: &impl Halves, path: &Path, progress: &Progress) -> io::Result<Hash> {
    let (mut file, mut block) = (File::open(path)?, Vec::new());
    let mut all = Sha256::new();
    while file.by_ref().take(BLOCK as u64).read_to_end(&mut block)? > 0 {
        let mut hashes = vec![Hash::default(); block.len().div_ceil(CHUNK)];
        hash_chunks(at, &block, &mut hashes, progress);
        hashes.iter().for_each(|hash| all.update(hash));
        block.clear();
    }
    progress.add(1, 0);
    Ok(all.finalize().into())
}

fn hash_chunks(at: &impl Halves, bytes: &[u8], hashes: &mut [Hash], progress: &Progress) {
    if let [into] = hashes {
        *into = Sha256::digest(bytes).into();
        progress.add(0, bytes.len());
        return;
    }
    let (into_a, into_b) = hashes.split_at_mut(hashes.len() / 2);
    let (a, b) = bytes.split_at(into_a.len() * CHUNK);
    at.both(|at| hash_chunks(at, a, into_a, progress), |at| hash_chunks(at, b, into_b, progress));
}

/// Tells everybody who connects how far it has got. Does not end.
async fn tell(listener: &Async<TcpListener>, progress: &Progress) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let _ = stream.write_all(progress.line().as_bytes()).await; // whoever left knows enough
    }
}

/// What the server tells.
async fn ask(address: SocketAddr) -> io::Result<String> {
    let (mut stream, mut line) = (Async::<TcpStream>::connect(address).await?, String::new());
    stream.read_to_string(&mut line).await?;
    Ok(line)
}

/// Hashes `path` on `threads` threads, of which this is one, and serves the status meanwhile.
/// Returns what the server said in the end, too.
fn hash_and_tell(path: &Path, threads: usize) -> io::Result<(Option<Hash>, String)> {
    let (pool, stop, progress) = (ThreadPool::new(), Signal::new(), Progress::default());
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.get_ref().local_addr()?;
    println!("the status is at {address}");
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| pool.run_until(&stop));
        }
        let hashed = pool.in_place_scope(|scope| {
            let server = scope.spawn_future(tell(&listener, &progress));
            let hash = pool.lend(|worker| hash(worker, path, &progress))?;
            let status = pool.block_on(ask(address))?;
            drop(server); // cancelled; else the scope would wait for it
            Ok((hash, status))
        });
        stop.give();
        hashed
    })
}

/// Hashes `path` both ways.
///
/// # Errors
/// If something cannot be read, or the two ways differ.
fn run(path: &Path, threads: usize) -> Result<String, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let (hash, status) = hash_and_tell(path, threads).map_err(failed)?;
    let alone = Progress::default();
    if hash != self::hash(&InSequence, path, &alone).map_err(failed)? {
        return Err("one after the other, something else comes out".to_owned());
    }
    if status != alone.line() {
        return Err(format!("the server said {status:?}, and it was {:?}", alone.line()));
    }
    let hash = hash.ok_or("it is neither a file nor a folder")?;
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{hash}  {}", status.trim_end()))
}

fn main() -> Result<(), String> {
    let path = env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    println!("{}", run(&path, threads)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some files in some folders, one of them longer than a block.
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for folder in 0..4 {
            let folder = root.path().join(format!("{folder}/empty"));
            fs::create_dir_all(&folder).unwrap();
            for file in 0..10_usize {
                let bytes: Vec<u8> = (0..file * 10_000).map(|byte| byte as u8).collect();
                fs::write(folder.with_file_name(file.to_string()), bytes).unwrap();
            }
        }
        fs::write(root.path().join("long"), vec![1; BLOCK + CHUNK + 1]).unwrap();
        root
    }

    #[test]
    fn the_hash_is_the_same_on_any_number_of_threads() {
        let root = tree();
        let said: Vec<_> = (1..4).map(|threads| run(root.path(), threads).unwrap()).collect();
        assert!(said.iter().all(|line| *line == said[0]), "{said:?}");
        let bytes = 4 * 450_000 + BLOCK + CHUNK + 1;
        assert!(said[0].ends_with(&format!("41 files, {bytes} bytes")), "{}", said[0]);
    }

    #[test]
    fn the_hash_depends_on_bytes_and_names() {
        let root = tree();
        let before = run(root.path(), 2).unwrap();
        fs::write(root.path().join("3/1"), vec![9; 10_000]).unwrap();
        let changed = run(root.path(), 2).unwrap();
        fs::rename(root.path().join("3/1"), root.path().join("3/11")).unwrap();
        let renamed = run(root.path(), 2).unwrap();
        assert!(before != changed && changed != renamed, "{before} {changed} {renamed}");
    }

    #[test]
    fn a_path_that_is_not_there_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let error = run(&root.path().join("missing"), 2).unwrap_err();
        assert!(error.contains("missing"), "{error}");
    }
}

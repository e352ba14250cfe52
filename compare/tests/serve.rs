//! `compare serve`, spoken to over plain sockets.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tempfile::TempDir;

/// Long enough for a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(30);

struct Server {
    child: Child,
    addr: SocketAddr,
    dir: TempDir,
}

impl Server {
    fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// With more arguments, that may depend on the folder.
    fn start_with(more: impl FnOnce(&Path) -> Vec<OsString>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_compare"))
            .arg("serve")
            .arg(dir.path())
            .args(["--addr", "127.0.0.1:0"])
            .args(more(dir.path()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addr = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let addr = addr.unwrap_or_else(|| panic!("no address in {line:?}")).parse().unwrap();
        Self { child, addr, dir }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A request on a connection of its own.
    fn ask(&self, request: &str) -> Response {
        let mut stream = self.connect();
        send(&mut stream, request);
        Response::read(&mut BufReader::new(stream), request.starts_with("HEAD"))
    }

    fn get(&self, path: &str) -> Response {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end; the exit code.
    fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "the server does not stop");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request line with fields; adds `host` and the empty line.
fn send(stream: &mut TcpStream, request: &str) {
    stream.write_all(format!("{request}host: x\r\n\r\n").as_bytes()).unwrap();
}

#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn read(stream: &mut impl BufRead, is_head: bool) -> Self {
        let head = read_head(stream).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Self { status, head, body: Vec::new() };
        let length = response.field("content-length").map_or(0, |length| length.parse().unwrap());
        if !is_head && status != 304 {
            response.body = vec![0; length];
            stream.read_exact(&mut response.body).unwrap();
        }
        response
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn read_head(stream: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

#[test]
fn files_and_what_is_said_about_them() {
    let server = Server::start();
    fs::write(server.dir.path().join("a b.txt"), "hello").unwrap();
    fs::write(server.dir.path().join("empty.css"), "").unwrap();

    let response = server.get("/a%20b.txt");
    assert_eq!((response.status, response.text()), (200, "hello"));
    assert_eq!(response.field("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.field("accept-ranges"), Some("bytes"));
    let (etag, modified) =
        (response.field("etag").unwrap(), response.field("last-modified").unwrap());

    let head = server.ask("HEAD /a%20b.txt HTTP/1.1\r\n");
    assert_eq!((head.status, head.field("content-length")), (200, Some("5")));
    let empty = server.get("/empty.css");
    assert_eq!((empty.status, empty.field("content-length")), (200, Some("0")));

    for condition in [format!("if-none-match: {etag}"), format!("if-modified-since: {modified}")] {
        let response = server.ask(&format!("GET /a%20b.txt HTTP/1.1\r\n{condition}\r\n"));
        assert_eq!(response.status, 304, "{condition}");
    }
    let response = server.ask("GET /a%20b.txt HTTP/1.1\r\nif-none-match: \"other\"\r\n");
    assert_eq!(response.status, 200);

    assert_eq!(server.get("/missing").status, 404);
    assert_eq!(server.get("/a%20b.txt/").status, 404);
    let response = server.ask("POST /a%20b.txt HTTP/1.1\r\n");
    assert_eq!((response.status, response.field("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn ranges() {
    let server = Server::start();
    let content: Vec<u8> = (0..300_000u32).map(|index| (index % 251) as u8).collect();
    fs::write(server.dir.path().join("file"), &content).unwrap();
    let range =
        |range: &str| server.ask(&format!("GET /file HTTP/1.1\r\nrange: bytes={range}\r\n"));

    assert_eq!(server.get("/file").body, content);
    for (field, first, last) in [
        ("0-9", 0, 9),
        ("65530-140000", 65530, 140000),
        ("-5", 299_995, 299_999),
        ("299999-", 299_999, 299_999),
    ] {
        let response = range(field);
        assert_eq!(response.status, 206, "{field}");
        assert_eq!(response.body, content[first..=last], "{field}");
        let expected = format!("bytes {first}-{last}/300000");
        assert_eq!(response.field("content-range"), Some(expected.as_str()));
    }
    let response = range("300000-");
    assert_eq!((response.status, response.field("content-range")), (416, Some("bytes */300000")));
    let head = server.ask("HEAD /file HTTP/1.1\r\nrange: bytes=0-9\r\n");
    assert_eq!((head.status, head.field("content-length")), (206, Some("10")));
    assert_eq!(range("0-1,4-5").status, 200);
}

#[test]
fn folders() {
    let server = Server::start();
    fs::create_dir_all(server.dir.path().join("sub/<deep>")).unwrap();
    fs::create_dir(server.dir.path().join("site")).unwrap();
    fs::write(server.dir.path().join("site/index.html"), "<p>site").unwrap();

    let response = server.get("/sub?x=1");
    assert_eq!((response.status, response.field("location")), (301, Some("/sub/?x=1")));
    let response = server.get("/sub/");
    assert_eq!(response.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(response.text().contains("./%3Cdeep%3E/") && response.text().contains("&lt;deep&gt;/"));
    assert!(!response.text().contains("<deep>"));
    assert_eq!(server.get("/site/").text(), "<p>site");
    assert!(server.get("/").text().contains("./sub/"));
    // Not a way to another host.
    assert_eq!(server.get("//sub").field("location"), Some("/sub/"));
}

#[test]
fn nothing_outside_is_served() {
    let server = Server::start();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let dir = server.dir.path();
    fs::create_dir(dir.join("sub")).unwrap();
    symlink(&secret, dir.join("link")).unwrap();
    symlink(outside.path(), dir.join("folder")).unwrap();
    symlink("..", dir.join("sub/up")).unwrap();
    symlink("../..", dir.join("sub/upper")).unwrap();

    let name = outside.path().file_name().unwrap().to_str().unwrap();
    for path in [
        format!("/../{name}/secret"),
        format!("/%2e%2e/{name}/secret"),
        format!("/sub/../../{name}/secret"),
        format!("/sub/%2E%2E/%2e%2e/{name}/secret"),
        format!("/..%2f{name}%2fsecret"),
        format!("/sub/upper/{name}/secret"),
        format!("/%2f{}", secret.display()),
        format!("/{}", secret.display()),
        "/link".to_owned(),
        "/folder/secret".to_owned(),
        "/folder/".to_owned(),
        "/link%00.txt".to_owned(),
    ] {
        let response = server.get(&path);
        assert!(matches!(response.status, 400 | 404), "{path}: {response:?}");
        assert!(!response.text().contains("secret\""), "{path}");
    }
    fs::write(dir.join("inside"), "fine").unwrap();
    assert_eq!(server.get("/sub/up/inside").text(), "fine"); // a link that stays inside
}

#[test]
fn connections_are_kept() {
    let server = Server::start();
    fs::write(server.dir.path().join("file"), "x").unwrap();
    let mut stream = server.connect();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for path in ["/file", "/missing", "/file"] {
        send(&mut stream, &format!("GET {path} HTTP/1.1\r\n"));
        let response = Response::read(&mut reader, false);
        assert_eq!(response.status, if path == "/file" { 200 } else { 404 });
    }
    send(&mut stream, "GET /file HTTP/1.1\r\nconnection: close\r\n");
    assert_eq!(Response::read(&mut reader, false).status, 200);
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
}

#[test]
fn ctrl_c_finishes_what_runs() {
    let mut server = Server::start();
    // More than the sockets hold, so that it is not over before the signal.
    const LEN: usize = 32 << 20;
    fs::write(server.dir.path().join("large"), vec![7; LEN]).unwrap();

    let mut idle = server.connect();
    send(&mut idle, "GET /missing HTTP/1.1\r\n");
    let mut idle = BufReader::new(idle);
    assert_eq!(Response::read(&mut idle, false).status, 404);

    let mut busy = server.connect();
    send(&mut busy, "GET /large HTTP/1.1\r\n");
    let mut busy = BufReader::new(busy);
    assert!(read_head(&mut busy).unwrap().contains("content-length: 33554432"));

    kill_process(server.pid(), Signal::INT).unwrap();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0, "an idle connection is closed");
    assert_eq!(io::copy(&mut busy, &mut io::sink()).unwrap(), LEN as u64, "a busy one is finished");
    assert_eq!(server.wait(), Some(0));
    assert!(TcpStream::connect(server.addr).is_err());
}

#[test]
fn its_life_is_recorded_and_written_when_it_stops() {
    let mut server = Server::start_with(|dir| vec!["--trace".into(), dir.join("life.html").into()]);
    assert_eq!(server.get("/missing").status, 404);
    kill_process(server.pid(), Signal::INT).unwrap();
    assert_eq!(server.wait(), Some(0));
    let page = fs::read_to_string(server.dir.path().join("life.html")).unwrap();
    assert!(page.contains(&server.addr.to_string()), "the listener has its name");
    assert!(page.contains("Readable") && page.contains("\"due_ns\":59"), "{page}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::start();
    fs::write(server.dir.path().join("large"), vec![7; 32 << 20]).unwrap();
    let mut busy = server.connect();
    send(&mut busy, "GET /large HTTP/1.1\r\n");
    let mut busy = BufReader::new(busy);
    read_head(&mut busy).unwrap();
    kill_process(server.pid(), Signal::INT).unwrap();
    let mut stderr = BufReader::new(server.child.stderr.take().unwrap());
    wait_for(&mut stderr, "stopping");
    kill_process(server.pid(), Signal::TERM).unwrap();
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn no_descriptors_left_is_waited_out() {
    let mut server = Server::start();
    fs::write(server.dir.path().join("file"), "x").unwrap();
    assert_eq!(server.get("/file").status, 200); // everything is open that it needs
    let few = Some(16);
    prlimit(Some(server.pid()), Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();

    let many: Vec<TcpStream> = (0..40).map(|_| server.connect()).collect();
    let mut stderr = BufReader::new(server.child.stderr.take().unwrap());
    wait_for(&mut stderr, "waiting for connections to end");
    // A server that asks again and again is never asleep.
    let asleep = || {
        thread::sleep(Duration::from_millis(10));
        state(server.pid()) == 'S'
    };
    assert!((0..50).any(|_| asleep()), "the server spins");

    drop(many);
    let began = Instant::now();
    while server.get("/file").status != 200 {
        assert!(began.elapsed() < PATIENCE); // 503 while the others are being closed
    }
}

fn wait_for(stderr: &mut BufReader<ChildStderr>, words: &str) {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the server ended");
    }
}

/// What the process is doing: `S` if it sleeps, `R` if it runs or would like to.
fn state(pid: Pid) -> char {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap();
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap()
}

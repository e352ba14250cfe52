//! Many threads in `block_on`, each with its own I/O, all on one reactor.

mod common;

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use common::{pair, run, tcp_listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer, block_on};

#[test]
fn each_of_several_threads_does_its_own_io() {
    let threads: Vec<_> = (0..8u8)
        .map(|id| {
            thread::spawn(move || {
                run(async move {
                    let (mut near, mut far) = pair()?;
                    for round in 0..200u8 {
                        near.write_all(&[id, round]).await?;
                        let mut received = [0; 2];
                        far.read_exact(&mut received).await?;
                        assert_eq!(received, [id, round]);
                        if round % 32 == 0 {
                            Timer::after(Duration::from_micros(200)).await;
                        }
                    }
                    io::Result::Ok(())
                })
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

#[test]
fn a_thread_that_drives_wakes_those_that_sleep_for_each_other() -> io::Result<()> {
    // Each thread waits for the one before it: every event is for somebody else.
    const THREADS: usize = 6;
    let mut pairs: Vec<_> = (0..THREADS).map(|_| pair()).collect::<io::Result<_>>()?;
    let first_writer = pairs[0].0.get_ref().try_clone()?;
    let mut writers: Vec<_> = Vec::new();
    let mut readers: Vec<_> = Vec::new();
    for (writer, reader) in pairs.drain(..) {
        writers.push(writer);
        readers.push(reader);
    }
    writers.rotate_left(1);
    let threads: Vec<_> = readers
        .into_iter()
        .zip(writers)
        .enumerate()
        .map(|(index, (mut reader, mut writer))| {
            thread::spawn(move || {
                run(async {
                    for _ in 0..200 {
                        let mut token = [0];
                        reader.read_exact(&mut token).await?;
                        if index + 1 < THREADS || token[0] < 199 {
                            let next = token[0] + u8::from(index + 1 == THREADS);
                            writer.write_all(&[next]).await?;
                        }
                    }
                    io::Result::Ok(())
                })
            })
        })
        .collect();
    io::Write::write_all(&mut &first_writer, &[0])?;
    for thread in threads {
        thread.join().unwrap()?;
    }
    Ok(())
}

#[test]
fn one_block_on_does_not_starve_the_others() -> io::Result<()> {
    // The first thread computes for long stretches between its awaits; the others go on meanwhile.
    let (mut near, mut far) = pair()?;
    let busy = thread::spawn(|| {
        run(async {
            for _ in 0..10 {
                Timer::after(Duration::from_millis(1)).await;
                thread::sleep(Duration::from_millis(5));
            }
        });
    });
    run(async {
        for _ in 0..100 {
            near.write_all(b"x").await?;
            far.read_exact(&mut [0]).await?;
            Timer::after(Duration::from_micros(300)).await;
        }
        io::Result::Ok(())
    })?;
    busy.join().unwrap();
    Ok(())
}

#[test]
fn an_object_can_be_waited_for_by_a_thread_that_did_not_make_it() -> io::Result<()> {
    let (near, far) = pair()?;
    let near = Arc::new(near);
    let waiting = {
        let near = Arc::clone(&near);
        thread::spawn(move || run(async { (&*near).read(&mut [0; 8]).await }))
    };
    run(async {
        Timer::after(Duration::from_millis(2)).await;
        (&far).write_all(b"note").await
    })?;
    assert_eq!(waiting.join().unwrap()?, 4);
    Ok(())
}

#[test]
fn a_server_thread_and_client_threads() -> io::Result<()> {
    const CLIENTS: usize = 8;
    let listener = tcp_listener()?;
    let address = listener.get_ref().local_addr()?;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            thread::spawn(move || {
                run(async {
                    let mut stream = Async::<TcpStream>::connect(address).await?;
                    for _ in 0..50 {
                        stream.write_all(b"question").await?;
                        let mut answer = [0; 8];
                        stream.read_exact(&mut answer).await?;
                        assert_eq!(&answer, b"question");
                    }
                    io::Result::Ok(())
                })
            })
        })
        .collect();
    let servers: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (stream, _) = run(listener.accept())?;
            Ok(thread::spawn(move || {
                run(async {
                    let mut buf = [0; 64];
                    loop {
                        match (&stream).read(&mut buf).await? {
                            0 => return io::Result::Ok(()),
                            length => (&stream).write_all(&buf[..length]).await?,
                        }
                    }
                })
            }))
        })
        .collect::<io::Result<_>>()?;
    for thread in clients.into_iter().chain(servers) {
        thread.join().unwrap()?;
    }
    Ok(())
}

#[test]
fn blocking_inside_of_blocking_goes_on() {
    let answer = block_on(async {
        let inner = block_on(async {
            Timer::after(Duration::from_millis(1)).await;
            41
        });
        future::yield_now().await;
        inner + 1
    });
    assert_eq!(answer, 42);
}

//! Several tasks and threads at one listener.

mod common;

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use common::{poll_once, run, tcp_listener};
use futures_lite::future;
use mini_async::Async;

#[test]
fn each_of_two_acceptors_gets_a_connection() -> io::Result<()> {
    run(async {
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        let connect = async {
            future::yield_now().await; // both acceptors wait by now
            io::Result::Ok([TcpStream::connect(address)?, TcpStream::connect(address)?])
        };
        let accept = future::try_zip(listener.accept(), listener.accept());
        let ((first, second), clients) = future::try_zip(accept, connect).await?;
        let mut accepted = [first.1.port(), second.1.port()];
        let mut connected = [clients[0].local_addr()?.port(), clients[1].local_addr()?.port()];
        accepted.sort_unstable();
        connected.sort_unstable();
        assert_eq!(accepted, connected);
        Ok(())
    })
}

#[test]
fn an_acceptor_that_gives_up_leaves_the_connection_to_the_other() -> io::Result<()> {
    run(async {
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        let mut stays = Box::pin(listener.accept());
        {
            let mut goes = Box::pin(listener.accept());
            assert!(poll_once(goes.as_mut()).is_pending());
            assert!(poll_once(stays.as_mut()).is_pending());
            let _client = TcpStream::connect(address)?;
            listener.readable().await?;
            // Both were woken; the first one to wait is dropped without having looked.
        }
        stays.await.map(drop)
    })
}

#[test]
fn threads_share_the_connections_of_a_listener() -> io::Result<()> {
    const CONNECTIONS: usize = 200;
    const THREADS: usize = 4;
    let listener = Arc::new(tcp_listener()?);
    let address = listener.get_ref().local_addr()?;
    let acceptors: Vec<_> = (0..THREADS)
        .map(|_| {
            let listener = Arc::clone(&listener);
            std::thread::spawn(move || {
                run(async {
                    let mut ports = Vec::new();
                    for _ in 0..CONNECTIONS / THREADS {
                        ports.push(listener.accept().await?.1.port());
                    }
                    io::Result::Ok(ports)
                })
            })
        })
        .collect();
    let mut connected = Vec::new();
    for _ in 0..CONNECTIONS {
        // Closed at once: with data or without, it is a connection to be accepted.
        let client = run(Async::<TcpStream>::connect(address))?;
        connected.push(client.get_ref().local_addr()?.port());
    }
    let mut accepted = Vec::new();
    for acceptor in acceptors {
        accepted.extend(acceptor.join().expect("an acceptor does not panic")?);
    }
    connected.sort_unstable();
    accepted.sort_unstable();
    assert_eq!(accepted, connected);
    assert!(poll_once(listener.accept()).is_pending());
    Ok(())
}

//! UDP sockets.

mod common;

use std::io;
use std::net::{Ipv4Addr, UdpSocket};

use common::run;
use futures_lite::future;
use mini_async::Async;

fn socket() -> io::Result<Async<UdpSocket>> {
    Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))
}

#[test]
fn datagrams_come_whole_and_with_their_sender() -> io::Result<()> {
    run(async {
        let (near, far) = (socket()?, socket()?);
        let (near_address, far_address) =
            (near.get_ref().local_addr()?, far.get_ref().local_addr()?);
        near.send_to(b"first", far_address).await?;
        near.send_to(b"second", far_address).await?;
        let mut buf = [0; 64];
        assert_eq!(far.peek_from(&mut buf).await?, (5, near_address));
        assert_eq!(far.recv_from(&mut buf).await?, (5, near_address));
        // Windows makes an error of a buffer that is too small.
        let length = if cfg!(windows) { 6 } else { 3 };
        assert_eq!(far.recv_from(&mut buf[..length]).await?, (length, near_address));
        assert_eq!(buf[..length], b"second"[..length]);
        Ok(())
    })
}

#[test]
fn connected_sockets_need_no_address() -> io::Result<()> {
    run(async {
        let (near, far) = (socket()?, socket()?);
        near.get_ref().connect(far.get_ref().local_addr()?)?;
        far.get_ref().connect(near.get_ref().local_addr()?)?;
        let mut buf = [0; 64];
        let receive = async {
            assert_eq!(far.peek(&mut buf).await?, 4);
            far.recv(&mut buf).await
        };
        let (received, sent) = future::zip(receive, near.send(b"note")).await;
        assert_eq!((received?, sent?), (4, 4));
        Ok(())
    })
}

#[test]
fn an_echo_answers_every_datagram() -> io::Result<()> {
    run(async {
        let (client, server) = (socket()?, socket()?);
        client.get_ref().connect(server.get_ref().local_addr()?)?;
        let serve = async {
            let mut buf = [0; 2048];
            loop {
                let (length, peer) = server.recv_from(&mut buf).await?;
                server.send_to(&buf[..length], peer).await?;
            }
        };
        let ask = async {
            for length in 0..200 {
                client.send(&vec![length as u8; length]).await?;
                let mut buf = [0; 2048];
                assert_eq!(client.recv(&mut buf).await?, length);
            }
            io::Result::Ok(())
        };
        future::or(serve, ask).await
    })
}

#[cfg(unix)] // elsewhere the system may keep it to itself
#[test]
fn a_missing_peer_is_reported_to_the_waiting_receiver() -> io::Result<()> {
    run(async {
        let near = socket()?;
        let nobody = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        near.get_ref().connect(nobody)?;
        let send = async {
            mini_async::Timer::after(std::time::Duration::from_millis(2)).await;
            near.send(b"anybody there?").await
        };
        let (received, sent) = future::zip(near.recv(&mut [0; 8]), send).await;
        sent?;
        assert_eq!(received.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        Ok(())
    })
}

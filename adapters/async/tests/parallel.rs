//! Many tests in one process, each a program of its own on a thread of its own, all on the one
//! global reactor: as in the suites of those who use this crate.

mod common;

use std::io;
use std::time::Duration;

use common::{pair, run, tcp_listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use mini_async::{Async, Timer};

/// A server, a client, a ticking clock, and a timeout that does not come.
fn program(seed: u8) -> io::Result<()> {
    run(async {
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        let serve = async {
            let (mut stream, _) = listener.accept().await?;
            let mut message = [0; 64];
            loop {
                match stream.read(&mut message).await? {
                    0 => return io::Result::Ok(()),
                    length => stream.write_all(&message[..length]).await?,
                }
            }
        };
        let ask = async {
            let mut stream = Async::<std::net::TcpStream>::connect(address).await?;
            let mut ticks = Timer::interval(Duration::from_micros(300));
            for round in 0..20 {
                let question = [seed, round];
                stream.write_all(&question).await?;
                let mut answer = [0; 2];
                stream.read_exact(&mut answer).await?;
                assert_eq!(answer, question);
                ticks.next().await;
            }
            stream.close().await
        };
        future::try_zip(serve, ask).await?;

        let (mut near, far) = pair()?;
        let idle = async { near.read(&mut [0]).await.map(Some) };
        let timeout = async {
            Timer::after(Duration::from_millis(2)).await;
            Ok(None)
        };
        assert_eq!(future::or(idle, timeout).await?, None);
        drop(far);
        Ok(())
    })
}

macro_rules! tests {
    ($($name:ident = $seed:literal),+ $(,)?) => {$(
        #[test]
        fn $name() -> io::Result<()> {
            program($seed)
        }
    )+};
}

tests! {
    test_00 = 0, test_01 = 1, test_02 = 2, test_03 = 3, test_04 = 4, test_05 = 5, test_06 = 6,
    test_07 = 7, test_08 = 8, test_09 = 9, test_10 = 10, test_11 = 11, test_12 = 12, test_13 = 13,
    test_14 = 14, test_15 = 15, test_16 = 16, test_17 = 17, test_18 = 18, test_19 = 19,
    test_20 = 20, test_21 = 21, test_22 = 22, test_23 = 23, test_24 = 24, test_25 = 25,
    test_26 = 26, test_27 = 27, test_28 = 28, test_29 = 29, test_30 = 30, test_31 = 31,
}

/// The harness runs as many tests at once as there are processors; here all of them at once.
#[test]
fn all_of_them_at_once() {
    let programs: Vec<_> = (0..64).map(|seed| std::thread::spawn(move || program(seed))).collect();
    for program in programs {
        program.join().expect("a program does not panic").expect("nor fail");
    }
}

//! What the machines say to each other: numbers of eight bytes, over streams; and patience.

use std::io::{self, ErrorKind};
use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use mini_async::Timer;

/// How a machine reaches the others, and is reached.
pub(crate) trait Network {
    type Stream: AsyncRead + AsyncWrite + Unpin;
    type Listener;

    fn listen(&self) -> io::Result<Self::Listener>;
    async fn accept(&self, listener: &Self::Listener) -> io::Result<Self::Stream>;
    async fn connect(&self, to: &str) -> io::Result<Self::Stream>;
}

/// How long an answer may take before it is asked for again.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn send<S, const N: usize>(stream: &mut S, words: [u64; N]) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    stream.write_all(words.map(u64::to_be_bytes).as_flattened()).await
}

pub(crate) async fn receive<S, const N: usize>(stream: &mut S) -> io::Result<[u64; N]>
where
    S: AsyncRead + Unpin,
{
    let mut words = [[0; 8]; N];
    stream.read_exact(words.as_flattened_mut()).await?;
    Ok(words.map(u64::from_be_bytes))
}

/// Gives up on what takes too long.
pub(crate) async fn within<T>(op: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let limit = async {
        Timer::after(PATIENCE).await;
        Err(ErrorKind::TimedOut.into())
    };
    future::or(op, limit).await
}

pub(crate) async fn pause() {
    Timer::after(PAUSE).await;
}

/// Accepts the next connection, however long that takes.
pub(crate) async fn accept<N: Network>(
    network: &N,
    listener: &mut Option<N::Listener>,
) -> N::Stream {
    loop {
        match listener {
            None => match network.listen() {
                Ok(new) => *listener = Some(new),
                Err(_) => pause().await,
            },
            Some(old) => match network.accept(old).await {
                Ok(stream) => return stream,
                Err(_) => pause().await,
            },
        }
    }
}

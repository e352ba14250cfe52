//! A client: sends its commands one after the other, each until it is answered.

use std::io;

use crate::wire::{Network, pause, receive, send, within};

/// Sends `commands`; `answered` is told each with its place in the log.
pub(crate) async fn run<N: Network>(
    network: &N,
    leader: &str,
    client: u64,
    commands: u64,
    answered: impl Fn(u64, usize),
) {
    let mut stream = None;
    for command in 0..commands {
        loop {
            match within(ask(network, leader, &mut stream, [client, command])).await {
                Ok(index) => break answered(command, index),
                Err(_) => {
                    stream = None;
                    pause().await;
                }
            }
        }
    }
}

async fn ask<N: Network>(
    network: &N,
    leader: &str,
    stream: &mut Option<N::Stream>,
    words: [u64; 2],
) -> io::Result<usize> {
    let stream = match stream {
        Some(stream) => stream,
        none => none.insert(network.connect(leader).await?),
    };
    send(stream, words).await?;
    let [command, index] = receive(stream).await?;
    assert_eq!(command, words[1], "answers come in order");
    Ok(index as usize)
}

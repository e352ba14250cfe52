//! A follower: stores what the leader sends, and says so once it is on the disk.

use std::convert::Infallible;
use std::io::{self, ErrorKind};

use mini_executor_single_thread::LocalExecutor;

use crate::disk::{Disk, Entry};
use crate::wire::{Network, accept, receive, send};

/// Follows until it crashes.
pub(crate) async fn follow<N: Network>(network: &N, disk: &Disk) -> Infallible {
    let tasks = LocalExecutor::new();
    let follow = async {
        let mut listener = None;
        let mut _leader; // its newest connection, the only one that counts
        loop {
            let stream = accept(network, &mut listener).await;
            _leader = tasks.spawn(serve::<N>(stream, disk));
        }
    };
    tasks.run(follow).await
}

async fn serve<N: Network>(mut stream: N::Stream, disk: &Disk) -> io::Result<()> {
    send(&mut stream, [disk.len() as u64]).await?;
    loop {
        let [index, client, command] = receive(&mut stream).await?;
        let entry = Entry { client, command };
        match disk.get(index as usize) {
            Some(stored) => assert_eq!(stored, entry, "the leader has changed its mind"),
            None if index as usize == disk.len() => disk.append(entry).await,
            None => return Err(ErrorKind::InvalidData.into()),
        }
        send(&mut stream, [index]).await?;
    }
}

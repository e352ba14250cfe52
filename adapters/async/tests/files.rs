//! Objects that are always ready: the system cannot watch them, and has no need to.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{self, Seek, Write};

use common::run;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use mini_async::Async;

#[test]
fn a_regular_file_is_always_ready() -> io::Result<()> {
    let path = std::env::temp_dir().join(format!("mini-async-{}-file", std::process::id()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    file.write_all(b"content")?;
    file.rewind()?;
    run(async {
        let mut file = Async::new(file)?;
        file.readable().await?;
        file.writable().await?;
        let mut content = String::new();
        file.read_to_string(&mut content).await?;
        assert_eq!(content, "content");
        file.write_all(b" and more").await?;
        file.flush().await?;
        file.readable().await?;
        let mut file = file.into_inner()?;
        file.rewind()?;
        assert_eq!(io::read_to_string(file)?, "content and more");
        Ok(())
    })
}

#[test]
fn the_null_device_is_always_ready() -> io::Result<()> {
    run(async {
        let mut null = Async::new(File::options().read(true).write(true).open("/dev/null")?)?;
        null.readable().await?;
        null.writable().await?;
        assert_eq!(null.read(&mut [0; 8]).await?, 0);
        null.write_all(b"nothing").await?;
        null.close().await
    })
}

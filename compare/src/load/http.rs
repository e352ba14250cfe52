//! The little HTTP that a load generator must understand: where a response ends.

use std::io::{self, Read};

/// Reads one response and returns how many bytes it was, head and body.
///
/// # Errors
///
/// `InvalidData` if it is not a response with status 200 and a `content-length`.
pub(super) fn response_bytes(stream: &mut impl Read) -> io::Result<usize> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let body = content_length(&head).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "not 200 with a content-length")
    })?;
    io::copy(&mut stream.take(body), &mut io::sink())?;
    Ok(head.len() + usize::try_from(body).map_err(io::Error::other)?)
}

fn content_length(head: &[u8]) -> Option<u64> {
    let head = std::str::from_utf8(head).ok()?;
    let fields = head.strip_prefix("HTTP/1.1 200 ")?;
    fields.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\ndate: now\r\n\r\nabcHTTP/1.1 200 ...";
        assert_eq!(response_bytes(&mut &text[..]).unwrap(), text.len() - 16);
        assert!(
            response_bytes(&mut &b"HTTP/1.1 404 No\r\ncontent-length: 1\r\n\r\nx"[..]).is_err()
        );
    }
}

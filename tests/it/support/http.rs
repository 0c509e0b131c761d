//! HTTP by hand, for what no client library would send.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// A connection that does not wait for ever.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.set_write_timeout(Some(Duration::from_mins(1)))?;
    Ok(stream)
}

/// Sends bytes and reads until the server closes. What comes back may be anything, also nothing.
pub(crate) fn send_raw(port: u16, bytes: &[u8]) -> io::Result<String> {
    let mut stream = connect(port)?;
    // The server may close before it has read everything: that is an answer too.
    let written = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        written?;
        read?;
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// One GET over a connection of its own.
pub(crate) fn get_raw(port: u16, path: &str) -> io::Result<String> {
    send_raw(
        port,
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

//! Just enough HTTP/1.1 for a client that must cost less than the server beside it: requests are bytes that were built
//! before, connections stay open, and of an answer only the status and the length are looked at.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that nobody used for this long is opened anew, since the server may be about to close it.
const FRESH: Duration = Duration::from_secs(2);
/// No answer is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is read.
const LARGEST: usize = 64 << 20;

/// A server, as `http://host:port` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    address: SocketAddr,
    host: String,
}

/// A text that names no server.
#[derive(Debug, Error)]
pub(crate) enum NoServer {
    #[error("must be http:// and a host, without a path")]
    Form,
    #[error("cannot be found")]
    Unknown(#[source] io::Error),
}

impl FromStr for Server {
    type Err = NoServer;

    fn from_str(text: &str) -> Result<Self, NoServer> {
        let host = text.strip_prefix("http://").ok_or(NoServer::Form)?;
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.is_empty() || host.contains(['/', '?', '@', '#']) {
            return Err(NoServer::Form);
        }
        let named = if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let mut found = named.to_socket_addrs().map_err(NoServer::Unknown)?;
        let address = found.next().ok_or(NoServer::Form)?;
        Ok(Self {
            address,
            host: host.to_owned(),
        })
    }
}

impl Server {
    /// The bytes of a question.
    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Vec<u8> {
        let token = token.map_or_else(String::new, |token| {
            format!("authorization: Bearer {token}\r\n")
        });
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{token}\r\n", self.host).into_bytes()
    }

    /// The bytes of a change.
    pub(crate) fn post(&self, path: &str, body: &str) -> Vec<u8> {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        )
        .into_bytes()
    }
}

/// An answer. The body is what was sent, compressed or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// One connection, which asks one thing at a time.
pub(crate) struct Connection {
    server: Server,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    used: Instant,
}

impl Connection {
    /// A connection that opens when it is first used.
    pub(crate) fn to(server: &Server) -> Self {
        Self {
            server: server.clone(),
            stream: None,
            buffer: vec![0; 128 << 10],
            used: Instant::now(),
        }
    }

    /// Opens the connection, so that the first question does not pay for it.
    pub(crate) async fn open(&mut self) -> io::Result<()> {
        if self.stream.is_none() || self.used.elapsed() > FRESH {
            let stream = TcpStream::connect(self.server.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.used = Instant::now();
        }
        Ok(())
    }

    /// Sends a request and waits for the answer. After an error the connection is closed, and opened anew when it is
    /// used again; nothing is sent twice.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.open().await?;
        let mut stream = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        let exchange = exchange(&mut stream, &mut self.buffer, request);
        let head = tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
        if !head.closes {
            self.stream = Some(stream);
        }
        self.used = Instant::now();
        Ok(Answer {
            status: head.status,
            body: &self.buffer[head.length..head.length + head.content],
        })
    }
}

async fn exchange(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    request: &[u8],
) -> io::Result<Head> {
    stream.write_all(request).await?;
    let mut filled = 0;
    let mut head: Option<Head> = None;
    loop {
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if head.is_none() {
            head = Head::read(&buffer[..filled])?;
            if let Some(head) = &head {
                let whole = head.length + head.content;
                if whole > LARGEST {
                    return Err(io::Error::other("the answer is too long"));
                }
                if whole > buffer.len() {
                    buffer.resize(whole, 0);
                }
            }
        }
        if let Some(head) = head.take_if(|head| filled >= head.length + head.content) {
            return Ok(head);
        }
    }
}

/// What an answer's head says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    content: usize,
    closes: bool,
}

impl Head {
    /// Reads a head, once it is whole.
    fn read(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() < (64 << 10) {
                Ok(None)
            } else {
                Err(io::Error::other("the answer's head does not end"))
            };
        };
        let broken = || io::Error::other("the answer is not HTTP/1.1");
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_not_text| broken())?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|rest| rest.get(..3))
            .and_then(|status| status.parse().ok())
            .ok_or_else(broken)?;
        let (mut content, mut closes) = (None, false);
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(broken());
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                content = Some(value.parse().map_err(|_not_a_number| broken())?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(io::Error::other(
                    "the answer comes in chunks, which is not read",
                ));
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.eq_ignore_ascii_case("close");
            }
        }
        let bodiless = matches!(status, 204 | 304);
        Ok(Some(Self {
            status,
            length: end + 4,
            content: match content {
                _ if bodiless => 0,
                Some(content) => content,
                None => return Err(io::Error::other("the answer does not say how long it is")),
            },
            closes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\nconnection: close\r\n\r\n{";
        for cut in 0..whole.len() - 1 {
            assert_eq!(Head::read(&whole[..cut]).unwrap(), None);
        }
        let head = Head {
            status: 201,
            length: whole.len() - 1,
            content: 12,
            closes: true,
        };
        assert_eq!(Head::read(whole).unwrap(), Some(head));
    }

    #[test]
    fn what_cannot_be_measured_is_an_error() {
        for broken in [
            "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\n",
            "HTTP/1.1 abc\r\ncontent-length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ndate: today\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        ] {
            assert!(Head::read(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(Head::read(&vec![b'a'; 64 << 10]).is_err());
    }

    #[test]
    fn an_answer_without_a_body_needs_no_length() {
        let head = Head::read(b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n").unwrap();
        assert_eq!(head.map(|head| (head.status, head.content)), Some((304, 0)));
    }

    #[test]
    fn a_server_is_named_by_host_and_port_alone() {
        let server: Server = "http://127.0.0.1:8000/".parse().unwrap();
        assert_eq!(server.host, "127.0.0.1:8000");
        for bad in [
            "127.0.0.1:8000",
            "https://127.0.0.1",
            "http://",
            "http://127.0.0.1:1/path",
        ] {
            assert!(bad.parse::<Server>().is_err(), "{bad}");
        }
    }
}

//! Connections that take up a place without using it.
//!
//! Actix bounds how long the first request's headers take and how long a connection idles between requests. It bounds
//! neither the headers of a later request nor how slowly an answer is read. Here is one rule for all of it: a connection
//! on which nothing is worked on must begin its next request within a time, or it is closed.

use std::any::Any;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};
use tokio_util::sync::CancellationToken;

/// All connections of a server.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    begun: Instant,
    /// How long one may rest.
    rest: Duration,
    open: Arc<Mutex<Vec<Weak<Connection>>>>,
}

/// One connection. Its socket is a second handle to the one that Actix has, and goes with it.
#[derive(Debug)]
struct Connection {
    begun: Instant,
    socket: Socket,
    /// Requests that are worked on.
    busy: AtomicUsize,
    /// When the last one was answered, or the connection made, in milliseconds since the server began.
    rested: AtomicU64,
}

impl Connection {
    fn note_the_time(&self) {
        let now = millis(self.begun.elapsed());
        self.rested.store(now, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A request that is worked on.
pub(super) struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.note_the_time();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Says that a request's connection is in use, until what comes back is dropped.
pub(super) fn busy(request: &HttpRequest) -> Option<Busy> {
    let connection = request.conn_data::<Arc<Connection>>()?;
    connection.busy.fetch_add(1, Ordering::Relaxed);
    Some(Busy(Arc::clone(connection)))
}

impl Connections {
    /// Connections that may rest for so long.
    pub(crate) fn resting(rest: Duration) -> Self {
        Self {
            begun: Instant::now(),
            rest,
            open: Arc::default(),
        }
    }

    /// Notes a connection that was made; for [`actix_web::HttpServer::on_connect`].
    pub(crate) fn note(&self, stream: &dyn Any, data: &mut Extensions) {
        let Some(stream) = stream.downcast_ref::<TcpStream>() else {
            return;
        };
        // Without a handle of its own the connection is served all the same, only not watched.
        let Ok(socket) = SockRef::from(stream).try_clone() else {
            return;
        };
        let connection = Arc::new(Connection {
            begun: self.begun,
            socket,
            busy: AtomicUsize::new(0),
            rested: AtomicU64::new(0),
        });
        connection.note_the_time();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.push(Arc::downgrade(&connection));
        data.insert(connection);
    }

    /// Closes what rests for too long. Answers how many.
    fn close_the_resting(&self) -> usize {
        let (now, rest) = (millis(self.begun.elapsed()), millis(self.rest));
        let mut closed = 0;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| {
            let Some(connection) = connection.upgrade() else {
                return false;
            };
            let since = now.saturating_sub(connection.rested.load(Ordering::Relaxed));
            if connection.busy.load(Ordering::Relaxed) > 0 || since <= rest {
                return true;
            }
            // It may be closed already; then Actix notices by itself.
            let _ = connection.socket.shutdown(Shutdown::Both);
            closed += 1;
            false
        });
        closed
    }

    /// Looks after them until it is cancelled.
    pub(crate) async fn watch(self, until: CancellationToken) {
        let look = (self.rest / 4).clamp(Duration::from_millis(100), Duration::from_secs(5));
        loop {
            tokio::select! {
                () = until.cancelled() => return,
                () = tokio::time::sleep(look) => {}
            }
            let closed = self.close_the_resting();
            if closed > 0 {
                tracing::debug!(closed, "Closed connections that did nothing");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::rt::net::TcpListener;

    use super::*;

    #[actix_web::test]
    async fn only_what_rests_is_closed_and_what_is_gone_is_forgotten() {
        let connections = Connections::resting(Duration::ZERO);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut kept = Vec::new();
        for _ in 0..3 {
            let client = std::net::TcpStream::connect(address).unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let mut data = Extensions::new();
            connections.note(&server, &mut data);
            kept.push((client, server, data));
        }
        let (_, _, gone) = kept.pop().unwrap();
        drop(gone);
        let using = kept[0].2.get::<Arc<Connection>>().unwrap().clone();
        using.busy.fetch_add(1, Ordering::Relaxed);
        // Time must pass, if only a millisecond.
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(connections.close_the_resting(), 1);
        assert_eq!(connections.open.lock().unwrap().len(), 1);
        let (client, _, _) = &mut kept[1];
        assert_eq!(client.read(&mut [0]).unwrap(), 0, "it was closed");
        let (client, _, _) = &mut kept[0];
        client.set_nonblocking(true).unwrap();
        let unread = client.read(&mut [0]).unwrap_err();
        assert_eq!(unread.kind(), std::io::ErrorKind::WouldBlock);
    }
}

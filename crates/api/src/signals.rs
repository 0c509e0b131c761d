//! Being asked to stop: once to finish what was begun, twice to end at once.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

/// What a person or a service manager has said so far. Clones hear the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// To stop.
    pub(crate) to_stop: CancellationToken,
    /// To end at once, whatever is open.
    pub(crate) to_end: CancellationToken,
}

impl Asked {
    /// Listens for SIGTERM and SIGINT, for as long as the runtime lasts. Whichever comes first asks to stop, and any second
    /// one to end at once. A process listens once; further calls hear the same.
    pub(crate) fn by_signals() -> Self {
        static ASKED: OnceLock<Asked> = OnceLock::new();
        let asked = ASKED.get_or_init(|| {
            let asked = Self::default();
            actix_web::rt::spawn(listen(asked.clone()));
            asked
        });
        asked.clone()
    }
}

async fn listen(asked: Asked) {
    // Without signals, the process runs until it is killed, which the outbox survives.
    let Ok(mut signals) = Signals::new() else {
        tracing::warn!("The system's signals cannot be heard; stop this process by killing it");
        return;
    };
    let first = signals.next().await;
    tracing::info!(signal = first, "Asked to stop");
    asked.to_stop.cancel();
    let second = signals.next().await;
    tracing::warn!(signal = second, "Asked again; ending at once");
    asked.to_end.cancel();
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

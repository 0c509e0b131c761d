//! The entrance: one cheap-to-clone value that knows every port.

use std::fmt;
use std::sync::Arc;

use scheduling_core::ports::{
    Clock, CredentialSealer, IdSource, Links, NoObserver, Observer, SecretSource, Storage,
};
use tokio::sync::Notify;

/// All use cases, over the ports it was built with. Cloning is cheap.
#[derive(Clone)]
pub struct Scheduling {
    ports: Arc<SchedulingBuilder>,
    wake: Arc<Notify>,
    observer: Arc<dyn Observer>,
}

/// The ports that [`Scheduling`] needs.
#[derive(Clone)]
pub struct SchedulingBuilder {
    /// Where everything is kept.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// New secrets for links.
    pub secrets: Arc<dyn SecretSource>,
    /// Seals secrets at rest.
    pub sealer: Arc<dyn CredentialSealer>,
    /// Links in mails.
    pub links: Arc<dyn Links>,
}

impl SchedulingBuilder {
    /// Puts the use cases over these ports. Nobody watches them; see [`Scheduling::with_observer`].
    pub fn build(self) -> Scheduling {
        Scheduling {
            ports: Arc::new(self),
            wake: Arc::new(Notify::new()),
            observer: Arc::new(NoObserver),
        }
    }
}

impl Scheduling {
    /// The same use cases, with somebody who is told what they do.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    pub(crate) fn ports(&self) -> &SchedulingBuilder {
        &self.ports
    }

    /// Tells a worker in this process that the outbox has something new. The use cases do so after they commit; call
    /// it after committing a transaction of your own. A worker that hears nothing looks by itself within a second.
    pub fn wake_worker(&self) {
        self.wake.notify_one();
    }

    /// Waits until [`wake_worker`](Self::wake_worker) is called, or was since the last wait.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl fmt::Debug for Scheduling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scheduling")
    }
}

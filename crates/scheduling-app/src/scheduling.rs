//! The entrance: one cheap-to-clone value that knows every port.

use std::fmt;
use std::sync::Arc;

use scheduling_core::ports::{
    Clock, CredentialSealer, IdSource, Links, NoObserver, Observer, SecretSource, Storage,
};
use scheduling_core::text::Slug;
use tokio::sync::Notify;

use crate::availability::memory::Memory;
use crate::availability::{Bookable, EventTypePage, FindSlots, FoundSlots};

/// How many bytes of answers are kept where nothing is said.
const DEFAULT_MEMORY: usize = 16 * 1024 * 1024;

/// All use cases, over the ports it was built with. Cloning is cheap.
#[derive(Clone)]
pub struct Scheduling {
    ports: Arc<SchedulingBuilder>,
    wake: Arc<Notify>,
    observer: Arc<dyn Observer>,
    slots_memory: Arc<Memory<FindSlots, FoundSlots>>,
    pages_memory: Arc<Memory<(Slug, Slug), EventTypePage>>,
    bookables_memory: Arc<Memory<(Slug, Slug), Bookable>>,
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
            slots_memory: Arc::new(Memory::new(DEFAULT_MEMORY)),
            pages_memory: Arc::new(Memory::new(DEFAULT_MEMORY / 4)),
            bookables_memory: Arc::new(Memory::new(DEFAULT_MEMORY / 2)),
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

    /// The same use cases, which keep answers about slots of at most so many bytes in memory, and three quarters as much
    /// about event types; with 0 none. 16 MiB where nothing is said.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.slots_memory = Arc::new(Memory::new(bytes));
        self.pages_memory = Arc::new(Memory::new(bytes / 4));
        self.bookables_memory = Arc::new(Memory::new(bytes / 2));
        self
    }

    /// The same use cases over another way to the same storage: what works in the background takes no connections from
    /// those who wait for answers. Both wake the same worker.
    #[must_use]
    pub fn with_storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.ports = Arc::new(SchedulingBuilder {
            storage,
            ..(*self.ports).clone()
        });
        self
    }

    pub(crate) fn slots_memory(&self) -> &Memory<FindSlots, FoundSlots> {
        &self.slots_memory
    }

    pub(crate) fn pages_memory(&self) -> &Memory<(Slug, Slug), EventTypePage> {
        &self.pages_memory
    }

    pub(crate) fn bookables_memory(&self) -> &Memory<(Slug, Slug), Bookable> {
        &self.bookables_memory
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

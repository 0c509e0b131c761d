//! The entrance: one cheap-to-clone value that knows every port.

use std::sync::Arc;

use scheduling_core::ports::{Clock, CredentialSealer, IdSource, Links, SecretSource, Storage};

/// All use cases, over the ports it was built with. Cloning is cheap.
#[derive(Clone)]
pub struct Scheduling {
    ports: Arc<SchedulingBuilder>,
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
    /// Puts the use cases over these ports.
    pub fn build(self) -> Scheduling {
        Scheduling {
            ports: Arc::new(self),
        }
    }
}

impl Scheduling {
    pub(crate) fn ports(&self) -> &SchedulingBuilder {
        &self.ports
    }
}

//! Mails about accounts, on their way into the outbox.

use chrono::{DateTime, Utc};
use scheduling_core::directory::Person;
use scheduling_core::effect::{AccountNotice, Effect, PlannedEffect};
use scheduling_core::ids::{OutboxId, WorkspaceId};
use scheduling_core::ports::StorageError;
use scheduling_core::text::{EmailAddress, PersonName};

use crate::Accounts;
use crate::ports::AccountUnitOfWork;
use crate::secret::SecretToken;

/// To whom a mail goes.
pub(crate) struct Addressee<'a> {
    pub(crate) name: Option<&'a PersonName>,
    pub(crate) email: &'a EmailAddress,
    pub(crate) workspace: Option<WorkspaceId>,
}

impl<'a> From<&'a Person> for Addressee<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            name: Some(&person.name),
            email: &person.email,
            workspace: None,
        }
    }
}

impl Accounts {
    /// Puts a mail into the outbox, in the same transaction as what it tells of. The secret of its link is sealed there.
    pub(crate) async fn tell(
        &self,
        work: &mut dyn AccountUnitOfWork,
        to: Addressee<'_>,
        about: AccountNotice,
        link: Option<&SecretToken>,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let ports = self.ports();
        let planned = PlannedEffect {
            id: OutboxId::generate(&*ports.ids),
            workspace: to.workspace,
            effect: Effect::NotifyAccount {
                name: to.name.cloned(),
                email: to.email.clone(),
                about,
                sealed_token: link.map(|token| ports.sealer.seal(token.as_bytes())),
            },
            dedupe_key: None,
            due_at: now,
            created_at: now,
        };
        work.outbox().enqueue(&[planned]).await
    }
}

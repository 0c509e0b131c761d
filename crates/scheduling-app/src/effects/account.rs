//! Telling somebody about an account.

use scheduling_core::effect::AccountNotice;
use scheduling_core::ids::OutboxId;
use scheduling_core::notification::AccountNotification;
use scheduling_core::ports::SealError;
use scheduling_core::text::{EmailAddress, PersonName};

use crate::Scheduling;

/// The message about an account that an outbox row owes, with its link.
pub(super) fn prepare(
    scheduling: &Scheduling,
    id: OutboxId,
    name: Option<PersonName>,
    email: EmailAddress,
    about: AccountNotice,
    sealed_token: Option<&[u8]>,
) -> Result<AccountNotification, SealError> {
    let ports = scheduling.ports();
    let token = match sealed_token {
        Some(sealed) => Some(hex(&ports.sealer.open(sealed)?)),
        None => None,
    };
    let link = match (&about, &token) {
        (AccountNotice::Invitation { .. }, Some(token)) => {
            Some(ports.links.accept_invitation(token))
        }
        (AccountNotice::PasswordReset { .. }, Some(token)) => {
            Some(ports.links.reset_password(token))
        }
        (AccountNotice::PasswordChanged, _) | (_, None) => None,
    };
    Ok(AccountNotification {
        id,
        at: ports.clock.now(),
        name,
        email,
        about,
        link,
    })
}

/// A secret as links carry it.
fn hex(secret: &[u8]) -> String {
    use std::fmt::Write;

    secret.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! Sessions: who is signed in where.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use thiserror::Error;
use tracing::warn;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::ids::SessionId;
use crate::ports::AccountUnitOfWork;
use crate::principal::{AccessError, Principal, PrincipalKind};
use crate::secret::SecretToken;

/// The largest number of characters that are kept of what a browser says of itself.
const USER_AGENT: usize = 300;

/// A browser in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take a few minutes.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends if it is not used again.
    pub expires_at: DateTime<Utc>,
    /// What the browser said of itself.
    pub user_agent: Option<String>,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// A session that just began, and the secret that goes into its cookie: it is not kept and never shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// The session.
    pub session: Session,
    /// The cookie's value.
    pub token: SecretToken,
}

/// From where somebody signs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInContext {
    /// The client's address, where it is known for sure.
    pub ip: Option<IpAddr>,
    /// What the browser says of itself.
    pub user_agent: Option<String>,
}

/// Why a session could not be shown or ended.
#[derive(Debug, Error)]
pub enum SessionError {
    /// There is no such session of this person.
    #[error("there is no such session")]
    NotFound,
    /// Sessions are for who is signed in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Accounts {
    /// Who has the session with this cookie. `None` for anything that is no live session.
    ///
    /// Notes every few minutes that the session was used, which puts its end off.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn authenticate_session(
        &self,
        token: &str,
    ) -> Result<Option<Principal>, StorageError> {
        let Ok(token) = token.parse::<SecretToken>() else {
            return Ok(None);
        };
        let now = self.ports().clock.now();
        let mut work = self.read().await?;
        let found = work.sign_ins().by_token(&token.hash(), now).await?;
        drop(work);
        let Some(session) = found else {
            return Ok(None);
        };
        if now - session.last_seen_at >= self.settings().sessions.noted_every {
            let expires_at = self.session_end(session.created_at, now);
            let touched = self.touch_session(session.id, now, expires_at).await;
            noted("session", touched);
        }
        Ok(Some(Principal {
            user: session.user,
            kind: PrincipalKind::Session(session.id),
        }))
    }

    async fn touch_session(
        &self,
        id: SessionId,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let mut work = self.begin().await?;
        let touched = work.sign_ins().touch(id, now, expires_at).await;
        settle(work, touched).await
    }

    /// His sessions, the last used first.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn sessions(&self, principal: &Principal) -> Result<Vec<Session>, SessionError> {
        principal.signed_in()?;
        let now = self.ports().clock.now();
        let mut work = self.read().await?;
        Ok(work.sign_ins().of_user(principal.user, now).await?)
    }

    /// Ends one of his sessions, be it the present one.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn revoke_session(
        &self,
        principal: &Principal,
        session: SessionId,
    ) -> Result<(), SessionError> {
        principal.signed_in()?;
        let mut work = self.begin().await?;
        let revoked = self.revoke_session_in(&mut *work, principal, session).await;
        settle(work, revoked).await
    }

    async fn revoke_session_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        principal: &Principal,
        session: SessionId,
    ) -> Result<(), SessionError> {
        if !work.sign_ins().end(principal.user, session).await? {
            return Err(SessionError::NotFound);
        }
        let note = AuditNote::by(principal, "session.revoked", session);
        Ok(self.note(work, note).await?)
    }

    /// Ends all his sessions but the present one. Answers how many.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn revoke_other_sessions(&self, principal: &Principal) -> Result<u64, SessionError> {
        let present = principal.signed_in()?;
        let mut work = self.begin().await?;
        let revoked = self
            .end_sessions_in(&mut *work, principal.user, Some(present))
            .await;
        settle(work, revoked).await
    }

    async fn end_sessions_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        user: UserId,
        but: Option<SessionId>,
    ) -> Result<u64, SessionError> {
        let ended = work.sign_ins().end_all(user, but).await?;
        if ended > 0 {
            let note = AuditNote::by_user(user, "session.others_revoked", ended);
            self.note(work, note).await?;
        }
        Ok(ended)
    }

    /// Ends the session with this cookie, if there is one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sign_out(&self, token: &str) -> Result<(), StorageError> {
        let Ok(token) = token.parse::<SecretToken>() else {
            return Ok(());
        };
        let now = self.ports().clock.now();
        let mut work = self.begin().await?;
        let ended = self.sign_out_in(&mut *work, &token, now).await;
        settle(work, ended).await
    }

    async fn sign_out_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        token: &SecretToken,
        now: DateTime<Utc>,
    ) -> Result<(), StorageError> {
        let Some(session) = work.sign_ins().by_token(&token.hash(), now).await? else {
            return Ok(());
        };
        if work.sign_ins().end(session.user, session.id).await? {
            let note = AuditNote::by_user(session.user, "session.signed_out", session.id);
            self.note(work, note).await?;
        }
        Ok(())
    }

    /// Begins a session inside a transaction.
    pub(crate) async fn open_session(
        &self,
        work: &mut dyn AccountUnitOfWork,
        user: UserId,
        context: &SignInContext,
    ) -> Result<NewSession, StorageError> {
        let ports = self.ports();
        let now = ports.clock.now();
        let token = SecretToken::generate(&*ports.secrets);
        let session = Session {
            id: SessionId::generate(&*ports.ids),
            user,
            created_at: now,
            last_seen_at: now,
            expires_at: self.session_end(now, now),
            user_agent: context.user_agent.as_deref().and_then(printable),
            ip: context.ip.map(|ip| ip.to_canonical()),
        };
        work.sign_ins().insert(&session, &token.hash()).await?;
        Ok(NewSession { session, token })
    }

    fn session_end(&self, created_at: DateTime<Utc>, seen_at: DateTime<Utc>) -> DateTime<Utc> {
        let last = self.settings().sessions;
        (seen_at + last.idle).min(created_at + last.longest)
    }

    /// Adds an entry to the audit trail, in the transaction of what it tells of.
    pub(crate) async fn note(
        &self,
        work: &mut dyn AccountUnitOfWork,
        note: AuditNote,
    ) -> Result<(), StorageError> {
        let ports = self.ports();
        let entry = note.entry(&*ports.ids, ports.clock.now());
        work.audit().record(&entry).await
    }
}

/// That a use could not be written down is no reason to keep its owner out.
pub(crate) fn noted(what: &str, outcome: Result<(), StorageError>) {
    if let Err(error) = outcome {
        warn!(error = %error, "Could not note that a {what} was used");
    }
}

/// What a browser says of itself, as one short line; databases take no NUL.
fn printable(text: &str) -> Option<String> {
    let line: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(USER_AGENT)
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_a_browser_says_is_cut_to_a_line() {
        assert_eq!(
            printable("Mozilla/5.0\0\r\n x "),
            Some("Mozilla/5.0 x".to_owned())
        );
        assert_eq!(printable(" \0 "), None);
        assert_eq!(
            printable(&"é".repeat(1_000_000)).unwrap().chars().count(),
            300
        );
    }
}

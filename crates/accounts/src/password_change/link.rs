//! Setting a password by a link: of a forgotten one, or the operator's.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_core::directory::Person;
use scheduling_core::effect::AccountNotice;
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::password::{self, PasswordRefused};
use crate::ports::{AccountUnitOfWork, StoredPasswordLink};
use crate::secret::SecretToken;
use crate::sign_in::{ADDRESS, ADDRESS_NETWORK};
use crate::throttle::{self, Attempt};

/// A link that sets a password, for the operator to hand over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    /// Whose.
    pub person: Person,
    /// The secret in the link.
    pub token: SecretToken,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Why there is no password link.
#[derive(Debug, Error)]
pub enum PasswordLinkError {
    /// Nobody has the address. Only the operator hears this.
    #[error("nobody has this address")]
    NobodyThere,
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why no password was set by a link.
#[derive(Debug, Error)]
pub enum ResetPasswordError {
    /// The link is none, or was used, or a later one took its place, or it has expired.
    #[error("the link is not good any more")]
    NotFound,
    /// The password was refused. The link is as good as it was.
    #[error("the password {0}")]
    Password(#[from] PasswordRefused),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What became of a request for a link.
enum Sent {
    /// It was counted, and answered if somebody has the address.
    Counted,
    /// There were too many.
    TooMany,
}

impl Accounts {
    /// Sends a link that sets a new password, if somebody has the address. Nobody hears whether; when too many are asked
    /// for, nothing is sent and nobody hears that either. It takes the place of any earlier one.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn request_password_reset(
        &self,
        email: &str,
        ip: Option<IpAddr>,
    ) -> Result<(), StorageError> {
        let mut work = self.begin().await?;
        let asked = self.request_reset_in(&mut *work, email, ip).await;
        match asked {
            Ok(Sent::Counted) => work.commit().await,
            Ok(Sent::TooMany) => work.rollback().await,
            Err(error) => {
                work.rollback().await?;
                Err(error)
            }
        }
    }

    async fn request_reset_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        email: &str,
        ip: Option<IpAddr>,
    ) -> Result<Sent, StorageError> {
        let limits = self.settings().limits;
        let mut attempts = vec![Attempt {
            key: throttle::address_key("reset-address", email),
            limit: limits.reset_address,
        }];
        attempts.extend(ip.map(|ip| Attempt {
            key: throttle::network_key("reset-network", ip),
            limit: limits.reset_network,
        }));
        let now = self.ports().clock.now();
        if throttle::count(work, &attempts, now).await?.is_some() {
            return Ok(Sent::TooMany);
        }
        let Ok(email) = email.parse::<EmailAddress>() else {
            return Ok(Sent::Counted);
        };
        let Some(person) = work.directory().person_by_email(&email).await? else {
            return Ok(Sent::Counted);
        };
        let lasts = self.settings().reset_lasts;
        let (token, expires_at) = self.link_for(work, person.id, lasts, now).await?;
        // To the address that is stored, never to the one that was typed: two can differ and yet be found alike.
        let about = AccountNotice::PasswordReset { expires_at };
        self.tell(work, (&person).into(), about, Some(&token), now)
            .await?;
        let note = AuditNote::by_user(person.id, "password.reset_requested", person.id);
        self.note(work, note).await?;
        Ok(Sent::Counted)
    }

    /// Makes a link that sets a password, for the operator to hand over: to people from a set-up file, who have none, or
    /// where no mail arrives. It takes the place of any earlier one.
    ///
    /// # Errors
    /// [`PasswordLinkError`].
    pub async fn issue_password_link(
        &self,
        email: &EmailAddress,
    ) -> Result<PasswordLink, PasswordLinkError> {
        let mut work = self.begin().await?;
        let issued = self.issue_password_link_in(&mut *work, email).await;
        settle(work, issued).await
    }

    async fn issue_password_link_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        email: &EmailAddress,
    ) -> Result<PasswordLink, PasswordLinkError> {
        let person = work.directory().person_by_email(email).await?;
        let person = person.ok_or(PasswordLinkError::NobodyThere)?;
        let now = self.ports().clock.now();
        let lasts = self.settings().password_link_lasts;
        let (token, expires_at) = self.link_for(work, person.id, lasts, now).await?;
        let note = AuditNote::by_operator("password.link_issued", person.id);
        self.note(work, note).await?;
        Ok(PasswordLink {
            person,
            token,
            expires_at,
        })
    }

    async fn link_for(
        &self,
        work: &mut dyn AccountUnitOfWork,
        user: UserId,
        lasts: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<(SecretToken, DateTime<Utc>), StorageError> {
        let token = SecretToken::generate(&*self.ports().secrets);
        let link = StoredPasswordLink {
            user,
            hash: token.hash(),
            created_at: now,
            expires_at: now + lasts,
        };
        work.credentials().store_link(&link).await?;
        Ok((token, link.expires_at))
    }

    /// Whose password a link sets, for the page behind it. `None` when it is none, or not good any more.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn password_link(&self, token: &str) -> Result<Option<Person>, StorageError> {
        let Ok(token) = token.parse::<SecretToken>() else {
            return Ok(None);
        };
        let now = self.ports().clock.now();
        let mut work = self.read().await?;
        let Some(user) = work.credentials().link(&token.hash(), now).await? else {
            return Ok(None);
        };
        let mut people = work.directory().people(&[user]).await?;
        Ok(people.remove(&user))
    }

    /// Sets a password by a link, once. All sessions of the account end, and its owner is told by mail. Failures to sign
    /// in from the network `ip` are forgiven, and those from everywhere.
    ///
    /// # Errors
    /// [`ResetPasswordError`].
    pub async fn reset_password(
        &self,
        token: &str,
        new: &SecretString,
        ip: Option<IpAddr>,
    ) -> Result<Person, ResetPasswordError> {
        // Looked at first, so that a refused password does not use the link up and a guessed link costs no hash.
        let person = self.password_link(token).await?;
        let person = person.ok_or(ResetPasswordError::NotFound)?;
        let of_account = [person.name.as_str(), person.email.as_str()];
        password::check(new.expose_secret(), &of_account)?;
        let phc = self.hashing().hash(new).await?;
        let token: SecretToken = token
            .parse()
            .map_err(|_refused| ResetPasswordError::NotFound)?;

        let mut work = self.begin().await?;
        let reset = self
            .reset_password_in(&mut *work, &token, person, phc, ip)
            .await;
        settle(work, reset).await
    }

    async fn reset_password_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        token: &SecretToken,
        person: Person,
        phc: String,
        ip: Option<IpAddr>,
    ) -> Result<Person, ResetPasswordError> {
        let now = self.ports().clock.now();
        let whose = work.credentials().take_link(&token.hash(), now).await?;
        if whose != Some(person.id) {
            return Err(ResetPasswordError::NotFound);
        }
        let note = AuditNote::by_user(person.id, "password.reset", person.id);
        self.set_password(work, &person, phc, None, note).await?;
        // Whoever was kept out by others' failures is let in.
        let address = person.email.as_str();
        for key in [
            throttle::address_key(ADDRESS, address),
            throttle::address_network_key(ADDRESS_NETWORK, address, ip),
        ] {
            work.throttle().forget(key).await?;
        }
        Ok(person)
    }
}

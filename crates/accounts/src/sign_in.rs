//! Signing in with a mail address and a password.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use scheduling_core::directory::Person;
use scheduling_core::ids::UserId;
use scheduling_core::ports::StorageError;
use scheduling_core::text::EmailAddress;
use secrecy::SecretString;
use serde_json::json;
use thiserror::Error;

use crate::Accounts;
use crate::accounts::settle;
use crate::audit::AuditNote;
use crate::password::Verdict;
use crate::ports::{AccountUnitOfWork, StoredPassword};
use crate::sessions::{NewSession, SignInContext};
use crate::throttle::{self, Attempt};

/// Why nobody was signed in.
#[derive(Debug, Error)]
pub enum SignInError {
    /// The address is unknown, or has no password yet, or the password is another: the three cannot be told apart.
    #[error("the mail address or the password is wrong")]
    WrongCredentials,
    /// Too many have failed with this address or from this network. The same for unknown addresses.
    #[error("too many attempts have failed")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A password that was compared and is right.
pub(crate) struct Proven {
    pub(crate) password: StoredPassword,
    /// The same password, hashed at the present cost where it was another.
    pub(crate) rehashed: Option<String>,
}

/// The attempts that a comparison of a password counts as.
pub(crate) struct Counted {
    attempts: Vec<Attempt>,
    at: DateTime<Utc>,
}

/// The kind of counter for one address from anywhere.
pub(crate) const ADDRESS: &str = "sign-in-address";
/// The kind of counter for one address from one network.
pub(crate) const ADDRESS_NETWORK: &str = "sign-in-address-network";

impl Accounts {
    /// Signs somebody in: a new session.
    ///
    /// Failures are counted for the address, whether or not anybody has it, and for the network. An unknown address takes
    /// as long as a wrong password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &SecretString,
        context: &SignInContext,
    ) -> Result<NewSession, SignInError> {
        let mut work = self.begin().await?;
        let looked_up = self.look_up(&mut *work, email, context.ip).await;
        let (counted, found) = settle(work, looked_up).await?;

        let stored = found.as_ref().map(|(_person, stored)| stored.phc.clone());
        let verdict = self.hashing().verify(password, stored).await?;
        let (Some((person, stored)), Verdict::Right { outdated }) = (found, verdict) else {
            return Err(SignInError::WrongCredentials);
        };
        let rehashed = if outdated {
            Some(self.hashing().hash(password).await?)
        } else {
            None
        };
        let proven = Proven {
            password: stored,
            rehashed,
        };

        let mut work = self.begin().await?;
        let opened = self
            .open_proven(&mut *work, &person, &proven, &counted, context)
            .await;
        settle(work, opened).await
    }

    /// Counts an attempt on an address and answers who has it with a password.
    async fn look_up(
        &self,
        work: &mut dyn AccountUnitOfWork,
        email: &str,
        ip: Option<IpAddr>,
    ) -> Result<(Counted, Option<(Person, StoredPassword)>), SignInError> {
        let counted = self.count_sign_in(work, email, ip).await?;
        let Ok(email) = email.parse::<EmailAddress>() else {
            return Ok((counted, None));
        };
        let Some(person) = work.directory().person_by_email(&email).await? else {
            return Ok((counted, None));
        };
        let password = work.credentials().password(person.id).await?;
        Ok((counted, password.map(|password| (person, password))))
    }

    /// Counts an attempt to tell an account's password.
    pub(crate) async fn count_sign_in(
        &self,
        work: &mut dyn AccountUnitOfWork,
        email: &str,
        ip: Option<IpAddr>,
    ) -> Result<Counted, SignInError> {
        let limits = self.settings().limits;
        let mut attempts = vec![
            Attempt {
                key: throttle::address_key(ADDRESS, email),
                limit: limits.sign_in_address,
            },
            Attempt {
                key: throttle::address_network_key(ADDRESS_NETWORK, email, ip),
                limit: limits.sign_in_address_network,
            },
        ];
        attempts.extend(ip.map(|ip| Attempt {
            key: throttle::network_key("sign-in-network", ip),
            limit: limits.sign_in_network,
        }));
        let at = self.ports().clock.now();
        match throttle::count(work, &attempts, at).await? {
            Some(retry_after) => Err(SignInError::TooMany { retry_after }),
            None => Ok(Counted { attempts, at }),
        }
    }

    /// Makes sure that what was proven still holds, takes the count back, and keeps the new hash if there is one.
    /// `false` when the password was changed meanwhile.
    pub(crate) async fn accept_proof(
        &self,
        work: &mut dyn AccountUnitOfWork,
        user: UserId,
        proven: &Proven,
        counted: &Counted,
    ) -> Result<bool, StorageError> {
        let now = work.credentials().lock_password(user).await?;
        if now.is_none_or(|now| now.phc != proven.password.phc) {
            return Ok(false);
        }
        if let Some(phc) = &proven.rehashed {
            let password = StoredPassword {
                phc: phc.clone(),
                changed_at: proven.password.changed_at,
            };
            work.credentials().store_password(user, &password).await?;
        }
        for attempt in &counted.attempts {
            // All failures of this network with the address are forgiven. Those of other networks are not, nor those of
            // the network's other guests.
            if attempt.key.kind == ADDRESS_NETWORK {
                work.throttle().forget(attempt.key).await?;
            } else {
                throttle::take_back(work, attempt, counted.at).await?;
            }
        }
        Ok(true)
    }

    async fn open_proven(
        &self,
        work: &mut dyn AccountUnitOfWork,
        person: &Person,
        proven: &Proven,
        counted: &Counted,
        context: &SignInContext,
    ) -> Result<NewSession, SignInError> {
        if !self.accept_proof(work, person.id, proven, counted).await? {
            return Err(SignInError::WrongCredentials);
        }
        let session = self.open_session(work, person.id, context).await?;
        let note = AuditNote::by_user(person.id, "session.signed_in", session.session.id)
            .detailed(json!({ "ip": context.ip.map(|ip| ip.to_string()) }));
        self.note(work, note).await?;
        Ok(session)
    }
}

//! Hashing passwords with argon2id, away from the threads that serve requests.

use std::hint::black_box;
use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use scheduling_core::ports::{SecretSource, StorageError};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task;

use super::rule::LONGEST;
use crate::settings::HashingSettings;

/// What one hash costs: memory, passes over it, lanes. The default is the second of OWASP's recommendations, 19 MiB and
/// two passes in one lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HashCost(Params);

/// A cost that argon2 does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("argon2 cannot hash at this cost: {0}")]
pub struct InvalidHashCost(String);

impl HashCost {
    /// A cost of one's own: memory in KiB, eight a lane at least; passes; lanes.
    ///
    /// # Errors
    /// [`InvalidHashCost`] when argon2 does not know it.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidHashCost> {
        Params::new(memory_kib, passes, lanes, None)
            .map(Self)
            .map_err(|refused| InvalidHashCost(refused.to_string()))
    }
}

/// What a comparison said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another password, or there is none.
    Wrong,
    /// It is the password.
    Right {
        /// The stored hash was made at another cost than the present one.
        outdated: bool,
    },
}

/// Hashes and compares passwords, a few at once.
#[derive(Clone)]
pub(crate) struct PasswordHashing {
    cost: HashCost,
    secrets: Arc<dyn SecretSource>,
    permits: Arc<Semaphore>,
}

impl PasswordHashing {
    pub(crate) fn new(settings: &HashingSettings, secrets: Arc<dyn SecretSource>) -> Self {
        Self {
            cost: settings.cost.clone(),
            secrets,
            permits: Arc::new(Semaphore::new(settings.at_once.max(1))),
        }
    }

    /// The password as a PHC string with a salt of its own.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, StorageError> {
        let seed = self.secrets.secret();
        let (cost, password) = (self.cost.clone(), password.clone());
        self.away(move || hash(cost, password.expose_secret(), &seed))
            .await?
            .map_err(|error| StorageError::Other(error.to_string().into()))
    }

    /// Compares a password with the stored hash. Without one, or with a password that cannot be right, it takes the same
    /// time and is wrong.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, StorageError> {
        let (cost, password) = (self.cost.clone(), password.clone());
        self.away(move || verify(cost, password.expose_secret(), stored.as_deref()))
            .await
    }

    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StorageError> {
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| StorageError::Other(error);
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await;
        let permit = permit.map_err(|closed| broken(closed.into()))?;
        // The permit goes along: a caller that went away does not make room while its hash is still computed.
        let done = task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|died| broken(died.into()))
    }
}

fn argon2(cost: HashCost) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0)
}

fn hash(
    cost: HashCost,
    password: &str,
    seed: &[u8; 32],
) -> Result<String, argon2::password_hash::Error> {
    let salt = SaltString::encode_b64(&seed[..16])?;
    let hash = argon2(cost).hash_password(password.as_bytes(), &salt)?;
    Ok(hash.to_string())
}

fn verify(cost: HashCost, password: &str, stored: Option<&str>) -> Verdict {
    let parsed = stored.map(PasswordHash::new).and_then(Result::ok);
    let plausible = password.len() <= LONGEST * 4;
    let (Some(parsed), true) = (parsed, plausible) else {
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        let bounded = &password.as_bytes()[..password.len().min(LONGEST * 4)];
        // What comes of it does not matter, only that it was computed.
        let _computed = argon2(cost).hash_password_into(bounded, &[0; 16], &mut out);
        black_box(out);
        return Verdict::Wrong;
    };
    let outdated = Params::try_from(&parsed).is_ok_and(|params| !is_same(&params, &cost.0));
    match argon2(cost).verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Verdict::Right { outdated },
        Err(_wrong) => Verdict::Wrong,
    }
}

fn is_same(a: &Params, b: &Params) -> bool {
    (a.m_cost(), a.t_cost(), a.p_cost()) == (b.m_cost(), b.t_cost(), b.p_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> HashCost {
        HashCost::new(64, 1, 1).unwrap()
    }

    #[test]
    fn the_default_cost_is_what_owasp_recommends() {
        let phc = hash(HashCost::default(), "plum tree rain", &[7; 32]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let right = verify(HashCost::default(), "plum tree rain", Some(&phc));
        assert_eq!(right, Verdict::Right { outdated: false });
    }

    #[test]
    fn a_cost_that_argon2_does_not_know_is_refused() {
        assert!(HashCost::new(0, 1, 1).is_err());
        assert!(HashCost::new(64, 0, 1).is_err());
        assert!(HashCost::new(64, 1, 0).is_err());
    }

    #[test]
    fn only_the_password_is_right() {
        let phc = hash(cheap(), "plum tree rain", &[7; 32]).unwrap();
        for wrong in ["plum tree rain ", "Plum tree rain", "", "plum tree rain\0"] {
            assert_eq!(
                verify(cheap(), wrong, Some(&phc)),
                Verdict::Wrong,
                "{wrong:?}"
            );
        }
        let megabyte = "a".repeat(1_000_000);
        assert_eq!(verify(cheap(), &megabyte, Some(&phc)), Verdict::Wrong);
        assert_eq!(verify(cheap(), &megabyte, None), Verdict::Wrong);
        assert_eq!(verify(cheap(), "plum tree rain", None), Verdict::Wrong);
        assert_eq!(
            verify(cheap(), "plum tree rain", Some("no hash")),
            Verdict::Wrong
        );
    }

    #[test]
    fn a_hash_of_another_cost_is_right_and_outdated() {
        let phc = hash(cheap(), "plum tree rain", &[7; 32]).unwrap();
        let dearer = HashCost::new(128, 1, 1).unwrap();
        assert_eq!(
            verify(dearer, "plum tree rain", Some(&phc)),
            Verdict::Right { outdated: true }
        );
    }
}

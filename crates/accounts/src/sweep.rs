//! Forgetting what is over.

use chrono::TimeDelta;
use scheduling_core::ports::StorageError;

use crate::Accounts;
use crate::accounts::settle;
use crate::ports::AccountUnitOfWork;
use crate::throttle::Limit;

/// How long tokens and invitations that are over are kept, for the answers to repeated requests and for a look back.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How many rows were forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Windows in which attempts were counted.
    pub windows: u64,
    /// Sessions that have expired.
    pub sessions: u64,
    /// Password links that have expired.
    pub links: u64,
    /// Tokens that ended long ago.
    pub tokens: u64,
    /// Invitations that ended long ago.
    pub invitations: u64,
}

impl Accounts {
    /// Forgets what is over: call it now and then, say every hour. The audit trail stays.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sweep(&self) -> Result<Swept, StorageError> {
        let mut work = self.begin().await?;
        let swept = self.sweep_in(&mut *work).await;
        settle(work, swept).await
    }

    async fn sweep_in(&self, work: &mut dyn AccountUnitOfWork) -> Result<Swept, StorageError> {
        let now = self.ports().clock.now();
        let limits = self.settings().limits;
        let longest = [
            limits.sign_in_address,
            limits.sign_in_address_network,
            limits.sign_in_network,
            limits.reset_address,
            limits.reset_network,
            limits.invitation_address,
        ]
        .into_iter()
        .map(Limit::within)
        .max()
        .unwrap_or_default();
        Ok(Swept {
            // A window counts until the one after it has ended.
            windows: work.throttle().sweep(now - longest * 2).await?,
            sessions: work.sign_ins().sweep(now).await?,
            links: work.credentials().sweep_links(now).await?,
            tokens: work.api_tokens().sweep(now - KEPT).await?,
            invitations: work.invitations().sweep(now - KEPT).await?,
        })
    }
}

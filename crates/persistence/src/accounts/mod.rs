//! The ports of accounts, on the same unit of work as everything else.

mod audit;
mod credentials;
mod invitations;
mod members;
mod sessions;
mod throttle;
mod tokens;

use async_trait::async_trait;
use scheduling_accounts::ports::{
    AccountStorage, AccountUnitOfWork, AuditRepository, CredentialRepository, InvitationRepository,
    MemberRepository, SessionRepository, ThrottleRepository, TokenRepository,
};
use scheduling_core::ports::StorageError;
use sea_orm::QueryResult;
use tracing::error;

use crate::{SeaOrmStorage, SeaOrmUnitOfWork};

#[async_trait]
impl AccountStorage for SeaOrmStorage {
    async fn begin(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError> {
        let transaction = self.begin_writing().await?;
        Ok(Box::new(SeaOrmUnitOfWork::from_transaction(transaction)))
    }

    async fn begin_read(&self) -> Result<Box<dyn AccountUnitOfWork>, StorageError> {
        let transaction = self.begin_reading().await?;
        Ok(Box::new(SeaOrmUnitOfWork::from_transaction(transaction)))
    }
}

impl AccountUnitOfWork for SeaOrmUnitOfWork {
    fn credentials(&mut self) -> &mut dyn CredentialRepository {
        self
    }

    fn sign_ins(&mut self) -> &mut dyn SessionRepository {
        self
    }

    fn api_tokens(&mut self) -> &mut dyn TokenRepository {
        self
    }

    fn members(&mut self) -> &mut dyn MemberRepository {
        self
    }

    fn invitations(&mut self) -> &mut dyn InvitationRepository {
        self
    }

    fn throttle(&mut self) -> &mut dyn ThrottleRepository {
        self
    }

    fn audit(&mut self) -> &mut dyn AuditRepository {
        self
    }
}

/// The rows of a list, but for those that cannot be read: the log names them, and they take nothing else down.
fn readable<T>(
    rows: &[QueryResult],
    read: impl Fn(&QueryResult) -> Result<T, StorageError>,
) -> Vec<T> {
    rows.iter()
        .filter_map(|row| match read(row) {
            Ok(value) => Some(value),
            Err(unreadable) => {
                error!(error = %unreadable, "Left a row out of a list: {unreadable}");
                None
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;

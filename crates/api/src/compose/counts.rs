//! Limits that hold on all nodes together: the port of the server over the counters of the database.

use std::sync::Arc;

use async_trait::async_trait;
use scheduling_core::ports::StorageError;
use scheduling_persistence::{RateCount, RateCounts, SeaOrmStorage};

use crate::config::Config;
use crate::http::rate::{Asked, Counted, Rates, SharedCounts};

/// Counts with the other nodes where there can be any.
pub(super) fn rates(config: &Config, storage: &SeaOrmStorage) -> Rates {
    let limits = config.limits.rates();
    match storage.rate_counts() {
        Some(counts) => Rates::shared(limits, Arc::new(InDatabase(counts))),
        None => Rates::new(limits),
    }
}

struct InDatabase(RateCounts);

fn as_stored(asked: &[Asked]) -> Vec<RateCount> {
    let one = |asked: &Asked| RateCount {
        key: asked.key,
        step: asked.step(),
        span: asked.span(),
    };
    asked.iter().map(one).collect()
}

#[async_trait]
impl SharedCounts for InDatabase {
    async fn count(&self, asked: &[Asked]) -> Result<Vec<Counted>, StorageError> {
        let counted = self.0.count(&as_stored(asked)).await?;
        let one = |counted: scheduling_persistence::RateCounted| Counted {
            allowed: counted.allowed,
            ahead: counted.ahead,
        };
        Ok(counted.into_iter().map(one).collect())
    }

    async fn take_back(&self, asked: &[Asked]) -> Result<(), StorageError> {
        self.0.take_back(&as_stored(asked)).await
    }

    async fn sweep(&self) -> Result<u64, StorageError> {
        self.0.sweep().await
    }
}

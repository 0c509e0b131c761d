//! The storage in memory keeps the contract of storage.

use std::sync::Arc;

use scheduling_core::ports::Storage;
use scheduling_testkit::{MemoryStorage, storage_contract};

async fn with_storage<F, T>(test: F)
where
    F: FnOnce(Arc<dyn Storage>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    test(Arc::new(MemoryStorage::new())).await;
}

storage_contract!(with_storage);

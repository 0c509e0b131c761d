//! Rotation ledgers and busy intervals.

use async_trait::async_trait;
use scheduling_core::assignment::RotationLedger;
use scheduling_core::calendar::HostBusy;
use scheduling_core::ids::{EventTypeId, UserId};
use scheduling_core::ports::{BusyRepository, RotationRepository, StorageError};
use scheduling_core::time::Interval;

use super::MemoryUnitOfWork;

#[async_trait]
impl RotationRepository for MemoryUnitOfWork {
    async fn ledger(
        &mut self,
        event_type: EventTypeId,
    ) -> Result<RotationLedger<UserId>, StorageError> {
        Ok(self
            .read()
            .rotation
            .get(&event_type)
            .cloned()
            .unwrap_or_default())
    }

    async fn store(
        &mut self,
        event_type: EventTypeId,
        ledger: &RotationLedger<UserId>,
    ) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_event_type(event_type)?;
            tables.rotation.insert(event_type, ledger.clone());
            Ok(())
        })
    }
}

#[async_trait]
impl BusyRepository for MemoryUnitOfWork {
    async fn overlapping(
        &mut self,
        hosts: &[UserId],
        within: Interval,
    ) -> Result<Vec<HostBusy>, StorageError> {
        let mut found: Vec<HostBusy> = self
            .read()
            .busy
            .values()
            .filter(|b| hosts.contains(&b.host) && b.busy.interval.overlaps(&within))
            .cloned()
            .collect();
        found.sort_by_key(|b| (b.host, b.busy.interval, b.id));
        Ok(found)
    }

    async fn insert(&mut self, busy: &HostBusy) -> Result<(), StorageError> {
        self.write(|tables| {
            tables.must_have_person(busy.host)?;
            if tables.busy.contains_key(&busy.id) {
                return Err(StorageError::Conflict);
            }
            tables.busy.insert(busy.id, busy.clone());
            tables.raise(busy.host.as_uuid());
            Ok(())
        })
    }
}

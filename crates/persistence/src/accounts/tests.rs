//! Rows that hands have damaged: named, and left out of lists.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_accounts::audit::{AuditEntry, AuditNote};
use scheduling_accounts::ids::SessionId;
use scheduling_accounts::ports::{AccountStorage, AccountUnitOfWork};
use scheduling_accounts::sessions::Session;
use scheduling_core::directory::Person;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::{IdSource, StorageError};
use scheduling_testkit::{SequenceIds, builders};
use tempfile::TempDir;

use crate::{ConnectOptions, SeaOrmStorage, sql};

struct House {
    storage: SeaOrmStorage,
    ids: SequenceIds,
    workspace: WorkspaceId,
    ann: Person,
    _folder: TempDir,
}

fn now() -> DateTime<Utc> {
    builders::instant("2026-11-21T09:00:00Z")
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("kalends.db").display());
        let options = ConnectOptions::default();
        let storage = SeaOrmStorage::connect(&url, &options).await.unwrap();
        storage.migrate().await.unwrap();
        let ids = SequenceIds::new();
        let workspace = builders::workspace(&ids, "halden");
        let ann = builders::person(&ids, "Ann", Tz::UTC);
        let mut work = AccountStorage::begin(&storage).await.unwrap();
        let directory = work.directory();
        directory.insert_workspace(&workspace).await.unwrap();
        directory.insert_person(workspace.id, &ann).await.unwrap();
        work.commit().await.unwrap();
        Self {
            storage,
            ids,
            workspace: workspace.id,
            ann,
            _folder: folder,
        }
    }

    async fn session(&self, hash: [u8; 32]) -> Session {
        let session = Session {
            id: SessionId::generate(&self.ids),
            user: self.ann.id,
            created_at: now(),
            last_seen_at: now(),
            expires_at: now() + TimeDelta::days(1),
            user_agent: None,
            ip: Some("192.0.2.1".parse().unwrap()),
        };
        let mut work = AccountStorage::begin(&self.storage).await.unwrap();
        work.sign_ins().insert(&session, &hash).await.unwrap();
        work.commit().await.unwrap();
        session
    }

    async fn note(&self) -> AuditEntry {
        let note = AuditNote::by_operator("test", "test").within(self.workspace);
        let entry = note.entry(&self.ids, now());
        let mut work = AccountStorage::begin(&self.storage).await.unwrap();
        work.audit().record(&entry).await.unwrap();
        work.commit().await.unwrap();
        entry
    }

    async fn damage(&self, statement: &str, id: sea_orm::prelude::Uuid) {
        let transaction = self.storage.begin_writing().await.unwrap();
        let touched = sql::execute(&transaction, statement, [id.into()]).await;
        assert_eq!(touched.unwrap(), 1);
        transaction.commit().await.unwrap();
    }

    async fn read(&self) -> Box<dyn AccountUnitOfWork> {
        AccountStorage::begin_read(&self.storage).await.unwrap()
    }
}

#[tokio::test]
async fn a_damaged_session_is_named_and_takes_no_other_down() {
    let house = House::new().await;
    let (bad, good) = (house.session([1; 32]).await, house.session([2; 32]).await);
    let statement = "update sign_ins set ip = 'nowhere' where id = $1";
    house.damage(statement, bad.id.as_uuid()).await;

    let mut work = house.read().await;
    let listed = work.sign_ins().of_user(house.ann.id, now()).await;
    assert_eq!(listed.unwrap(), [good]);
    let refused = work.sign_ins().by_token(&[1; 32], now()).await;
    let Err(StorageError::Corrupt {
        table, column, row, ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((table, column), ("sign_ins", "ip"));
    assert_eq!(row, bad.id.to_string());
}

#[tokio::test]
async fn a_damaged_entry_of_the_audit_trail_leaves_the_others() {
    let house = House::new().await;
    let (older, bad, newer) = (house.note().await, house.note().await, house.note().await);
    let statement = "update audit set detail = 'no json' where id = $1";
    house.damage(statement, bad.id.as_uuid()).await;
    let mut work = house.read().await;
    for limit in [2, 10] {
        let listed = work.audit().of_workspace(house.workspace, None, limit);
        assert_eq!(listed.await.unwrap(), [newer.clone(), older.clone()]);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_there() {
    let house = House::new().await;
    let nobody = UserId::from_uuid(house.ids.next_id());
    let mut work = house.read().await;
    let hash = [9; 32];
    assert_eq!(work.sign_ins().by_token(&hash, now()).await.unwrap(), None);
    assert_eq!(
        work.api_tokens().by_secret(&hash, now()).await.unwrap(),
        None
    );
    assert_eq!(
        work.invitations().by_token(&hash, now()).await.unwrap(),
        None
    );
    assert_eq!(work.credentials().link(&hash, now()).await.unwrap(), None);
    assert!(work.credentials().password(nobody).await.unwrap().is_none());
    let role = work.members().role(house.workspace, nobody).await;
    assert_eq!(role.unwrap(), None);
    assert_eq!(work.members().owners(house.workspace).await.unwrap(), 0);
    let entries = work.audit().of_workspace(house.workspace, None, 1).await;
    assert_eq!(entries.unwrap(), []);
}

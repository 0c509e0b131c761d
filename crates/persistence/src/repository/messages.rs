//! Words of one's own for messages.

use async_trait::async_trait;
use scheduling_core::effect::NotificationKind;
use scheduling_core::ids::{EventTypeId, WorkspaceId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{MessageRepository, StorageError};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, QueryResult, Value};

use super::{Read, readable};
use crate::SeaOrmUnitOfWork;
use crate::convert::{Row, to_word};
use crate::sql;

const COLUMNS: &str = "workspace_id, event_type_id, kind, audience, subject, body";

/// The row is named by what it is for, since it has no id.
fn message(stored: &QueryResult) -> Result<MessageOverride, StorageError> {
    let workspace: Uuid = sql::get(stored, 0)?;
    let event_type: Option<Uuid> = sql::get(stored, 1)?;
    let kind: String = sql::get(stored, 2)?;
    let audience: String = sql::get(stored, 3)?;
    let subject: Option<String> = sql::get(stored, 4)?;
    let body: Option<String> = sql::get(stored, 5)?;
    let row = Row {
        table: "message_overrides",
        id: format!("{}/{kind}/{audience}", event_type.unwrap_or(workspace)),
    };
    Ok(MessageOverride {
        workspace: WorkspaceId::from_uuid(workspace),
        event_type: event_type.map(EventTypeId::from_uuid),
        kind: row.word("kind", &kind)?,
        audience: row.word("audience", &audience)?,
        words: MessageWords {
            subject: row.optional_text("subject", subject.as_deref())?,
            body: row.optional_text("body", body.as_deref())?,
        },
    })
}

async fn words(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
    event_type: EventTypeId,
    kind: NotificationKind,
    audience: Audience,
) -> Result<MessageWords, StorageError> {
    let query = format!(
        "select {COLUMNS} from message_overrides where kind = $3 and audience = $4
            and (event_type_id = $2 or (workspace_id = $1 and event_type_id is null))"
    );
    let values: [Value; 4] = [
        workspace.as_uuid().into(),
        event_type.as_uuid().into(),
        kind.as_str().into(),
        to_word(&audience)?.into(),
    ];
    let (mut own, mut shared) = (MessageWords::default(), MessageWords::default());
    for stored in sql::rows(db, query, values).await? {
        let message = message(&stored)?;
        let place = if message.event_type.is_some() {
            &mut own
        } else {
            &mut shared
        };
        *place = message.words;
    }
    Ok(MessageWords {
        subject: own.subject.or(shared.subject),
        body: own.body.or(shared.body),
    })
}

async fn list(
    db: &impl ConnectionTrait,
    workspace: WorkspaceId,
) -> Result<Vec<MessageOverride>, StorageError> {
    let query = format!("select {COLUMNS} from message_overrides where workspace_id = $1");
    let rows = sql::rows(db, query, [workspace.as_uuid().into()]).await?;
    let mut messages = readable(rows.iter().map(message))?;
    messages.sort_by_key(|message| (message.event_type, message.kind, message.audience));
    Ok(messages)
}

async fn set(db: &impl ConnectionTrait, message: &MessageOverride) -> Result<(), StorageError> {
    let place: [Value; 4] = [
        message.workspace.as_uuid().into(),
        message.event_type.map(EventTypeId::as_uuid).into(),
        message.kind.as_str().into(),
        to_word(&message.audience)?.into(),
    ];
    // Null is no event type's id: each side has a condition of its own.
    let forget = match message.event_type {
        Some(_) => {
            "delete from message_overrides
            where workspace_id = $1 and event_type_id = $2 and kind = $3 and audience = $4"
        }
        None => {
            "delete from message_overrides
            where workspace_id = $1 and event_type_id is null and kind = $2 and audience = $3"
        }
    };
    let [workspace, event_type, kind, audience] = place.clone();
    let key = match message.event_type {
        Some(_) => vec![workspace, event_type, kind, audience],
        None => vec![workspace, kind, audience],
    };
    sql::execute(db, forget, key).await?;
    let MessageWords { subject, body } = message.words.clone();
    if subject.is_none() && body.is_none() {
        return Ok(());
    }
    let store =
        format!("insert into message_overrides ({COLUMNS}) values ($1, $2, $3, $4, $5, $6)");
    let words = [
        subject.map(String::from).into(),
        body.map(String::from).into(),
    ];
    sql::execute(db, store, place.into_iter().chain(words)).await?;
    Ok(())
}

/// Each message there is, for re-checking.
pub(crate) async fn load_all(
    db: &impl ConnectionTrait,
) -> Result<Vec<Read<MessageOverride>>, StorageError> {
    let rows = sql::rows(db, format!("select {COLUMNS} from message_overrides"), []).await?;
    Ok(rows.iter().map(message).collect())
}

#[async_trait]
impl MessageRepository for SeaOrmUnitOfWork {
    async fn words(
        &mut self,
        workspace: WorkspaceId,
        event_type: EventTypeId,
        kind: NotificationKind,
        audience: Audience,
    ) -> Result<MessageWords, StorageError> {
        let found = words(self.transaction(), workspace, event_type, kind, audience).await;
        self.settle(found)
    }

    async fn list(&mut self, workspace: WorkspaceId) -> Result<Vec<MessageOverride>, StorageError> {
        let found = list(self.transaction(), workspace).await;
        self.settle(found)
    }

    async fn set(&mut self, message: &MessageOverride) -> Result<(), StorageError> {
        let done = set(self.transaction(), message).await;
        self.settle(done)
    }
}

//! Words of one's own for messages, and pictures.

use std::sync::Arc;

use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::Hosting;
use scheduling_core::ids::{EventTypeId, ImageId, WorkspaceId};
use scheduling_core::notification::{Audience, MessageOverride, MessageWords};
use scheduling_core::ports::{Image, Storage, StorageError};

use super::fixture::{House, assert_conflict, assert_refused};
use crate::builders::{event_type, instant, parse, workspace};

const SIDES: [Audience; 3] = [Audience::Invitee, Audience::Guest, Audience::Host];

fn words(subject: &str, body: &str) -> MessageWords {
    let given = |text: &str| (!text.is_empty()).then_some(text.to_owned());
    MessageWords {
        subject: given(subject).map(|text| parse(&text)),
        body: given(body).map(|text| parse(&text)),
    }
}

async fn set(house: &House, message: &MessageOverride) -> Result<(), StorageError> {
    let mut work = house.begin().await;
    work.messages().set(message).await?;
    work.commit().await
}

/// The words of a confirmation for the invitee.
async fn found(house: &House, workspace: WorkspaceId, event_type: EventTypeId) -> MessageWords {
    let mut work = house.begin_read().await;
    let (kind, audience) = (NotificationKind::Confirmed, Audience::Invitee);
    let messages = work.messages();
    let words = messages.words(workspace, event_type, kind, audience).await;
    words.unwrap()
}

/// Words for a confirmation to the invitee.
fn confirmation(house: &House, of: Option<EventTypeId>, words: MessageWords) -> MessageOverride {
    MessageOverride {
        workspace: house.workspace.id,
        event_type: of,
        kind: NotificationKind::Confirmed,
        audience: Audience::Invitee,
        words,
    }
}

/// The event type's go before the workspace's, subject and body each; what is in neither stays empty.
pub async fn words_of_an_event_type_go_before_the_workspaces(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (here, kind) = (house.workspace.id, house.event_type.id);
    let hosting = Hosting::single(house.bob.id);
    let second = event_type(&house.ids, here, "second", 30, hosting);
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.event_types().insert(&second).await.unwrap();
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let hostile = "{{ invitee.name }}; drop table x; -- '\"\n%s 李 🙂";
    for (of, own, expected) in [
        (None, words("", "All"), words("", "All")),
        (Some(kind), words("Own", ""), words("Own", "All")),
        (Some(kind), words("Own", hostile), words("Own", hostile)),
        (None, words("All", ""), words("Own", hostile)),
        (Some(kind), words("", hostile), words("All", hostile)),
        (Some(kind), words("", ""), words("All", "")),
        (None, words("", ""), words("", "")),
    ] {
        set(&house, &confirmation(&house, of, own.clone()))
            .await
            .unwrap();
        assert_eq!(found(&house, here, kind).await, expected, "{of:?} {own:?}");
    }

    // Another event type's, another workspace's, another side's and another message's words are no one else's.
    let all = confirmation(&house, None, words("All", ""));
    let own = confirmation(&house, Some(kind), words("Own", ""));
    set(&house, &own).await.unwrap();
    for audience in [Audience::Guest, Audience::Host] {
        let words = words("Another side's", "");
        let of = MessageOverride {
            audience,
            words,
            ..all.clone()
        };
        set(&house, &of).await.unwrap();
    }
    for kind in NotificationKind::ALL {
        if kind != NotificationKind::Confirmed {
            let words = words("Another message's", "");
            set(
                &house,
                &MessageOverride {
                    kind,
                    words,
                    ..own.clone()
                },
            )
            .await
            .unwrap();
        }
    }
    let theirs = MessageOverride {
        workspace: other.id,
        words: words("Another workspace's", ""),
        ..all.clone()
    };
    set(&house, &theirs).await.unwrap();
    assert_eq!(found(&house, here, second.id).await, words("", ""));
    assert_eq!(found(&house, here, kind).await, words("Own", ""));
    set(&house, &all).await.unwrap();
    assert_eq!(found(&house, here, second.id).await, words("All", ""));
}

/// The workspace's first, then by event type, kind and side; each once, however often it was set.
pub async fn words_are_listed_in_order(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let here = house.workspace.id;
    let hosting = Hosting::single(house.bob.id);
    let second = event_type(&house.ids, here, "a-second", 30, hosting);
    let other = workspace(&house.ids, "other");
    let mut work = house.begin().await;
    work.event_types().insert(&second).await.unwrap();
    work.directory().insert_workspace(&other).await.unwrap();
    work.commit().await.unwrap();
    let mut expected = Vec::new();
    for event_type in [None, Some(house.event_type.id), Some(second.id)] {
        for kind in NotificationKind::ALL {
            for audience in SIDES {
                expected.push(MessageOverride {
                    workspace: here,
                    event_type,
                    kind,
                    audience,
                    words: words(kind.as_str(), "Body"),
                });
            }
        }
    }
    let mut work = house.begin().await;
    for message in expected.iter().rev() {
        let before = MessageOverride {
            words: words("Before", "Before"),
            ..message.clone()
        };
        work.messages().set(&before).await.unwrap();
        work.messages().set(message).await.unwrap();
    }
    let theirs = MessageOverride {
        workspace: other.id,
        ..expected[0].clone()
    };
    work.messages().set(&theirs).await.unwrap();
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.messages().list(here).await.unwrap(), expected);
    assert_eq!(work.messages().list(other.id).await.unwrap(), [theirs]);
    drop(work);

    // Without subject and body nothing is left of it; to take away what is not there is fine.
    let none = MessageOverride {
        words: MessageWords::default(),
        ..expected.remove(7)
    };
    set(&house, &none).await.unwrap();
    set(&house, &none).await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.messages().list(here).await.unwrap(), expected);
}

/// Words are a workspace's, or an event type's.
pub async fn words_are_somebodys(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let nothing = EventTypeId::generate(&house.ids);
    let of_nothing = confirmation(&house, Some(nothing), words("Lost", ""));
    let nowhere = MessageOverride {
        workspace: WorkspaceId::generate(&house.ids),
        ..confirmation(&house, None, words("Lost", ""))
    };
    for lost in [of_nothing, nowhere] {
        assert_refused(set(&house, &lost).await);
    }
}

/// Every byte, until it is deleted.
pub async fn pictures_come_back_as_they_were(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let image = Image {
        id: ImageId::generate(&house.ids),
        workspace: house.workspace.id,
        media_type: "image/png".to_owned(),
        bytes: (0..=u8::MAX).cycle().take(1 << 20).collect(),
        created_at: instant("2026-11-24T09:00:00.000001Z"),
    };
    let empty = Image {
        id: ImageId::generate(&house.ids),
        bytes: Vec::new(),
        ..image.clone()
    };
    let mut work = house.begin().await;
    work.images().insert(&image).await.unwrap();
    work.images().insert(&empty).await.unwrap();
    work.commit().await.unwrap();
    for image in [&image, &empty] {
        let found = house.begin_read().await.images().get(image.id).await;
        assert!(found.unwrap().as_ref() == Some(image), "not the same bytes");
    }
    let mut work = house.begin().await;
    assert_conflict(work.images().insert(&image).await);
    drop(work);
    let mut work = house.begin().await;
    let nowhere = Image {
        id: ImageId::generate(&house.ids),
        workspace: WorkspaceId::generate(&house.ids),
        ..empty.clone()
    };
    assert_refused(work.images().insert(&nowhere).await);
    drop(work);
    let mut work = house.begin().await;
    assert!(work.images().delete(image.id).await.unwrap());
    assert!(!work.images().delete(image.id).await.unwrap());
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    assert_eq!(work.images().get(image.id).await.unwrap(), None);
    assert_eq!(work.images().get(empty.id).await.unwrap(), Some(empty));
}

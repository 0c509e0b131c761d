use scheduling_core::directory::Role;
use scheduling_core::ports::DeliveryErrorKind;

use super::*;
use crate::manage::testing::heard;
use crate::testing::World;

/// A world in which ann's mail was refused for good, and the invitee's was sent.
async fn world() -> World {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    world.booked("intro", "24T10:00").await;
    world.notifier.fail_next(DeliveryErrorKind::Rejected);
    world.worker().run_due().await.unwrap();
    world
}

async fn list(
    world: &World,
    actor: Actor,
    query: ListOutbox,
) -> Result<Vec<OutboxEntry>, ManageError> {
    world
        .scheduling
        .outbox(&actor, world.workspace.id, &query)
        .await
}

fn failed() -> ListOutbox {
    ListOutbox {
        status: Some(OutboxStatus::Failed),
        ..ListOutbox::default()
    }
}

#[tokio::test]
async fn who_manages_sees_what_has_failed_with_every_try_and_has_it_tried_again() {
    let world = world().await;
    let admin = world.member("ann", Role::Admin);
    let all = list(&world, admin, ListOutbox::default()).await.unwrap();
    assert_eq!(all.len(), 2);
    let failures = list(&world, admin, failed()).await.unwrap();
    let [failure] = &failures[..] else {
        panic!("{failures:?}");
    };
    assert_eq!(failure.kind, "notify");
    let firm = world.workspace.id;
    let (entry, attempts) = world
        .scheduling
        .outbox_entry(&admin, firm, failure.id)
        .await
        .unwrap();
    assert_eq!(&entry, failure);
    assert_eq!(attempts.len(), 1);

    let again = world.scheduling.replay_outbox(&admin, firm, failure.id);
    assert_eq!(again.await.unwrap().status, OutboxStatus::Ready);
    assert_eq!(world.worker().run_due().await.unwrap(), 1);
    assert!(list(&world, admin, failed()).await.unwrap().is_empty());
    let done = world.scheduling.replay_outbox(&admin, firm, failure.id);
    assert_eq!(
        heard(done.await, |_| String::new()),
        "! only an effect that has failed can be tried again"
    );
}

#[tokio::test]
async fn pages_follow_one_another_and_have_an_end() {
    let world = world().await;
    let owner = world.owner();
    let page = async |after| {
        let query = ListOutbox {
            after,
            limit: 1,
            ..ListOutbox::default()
        };
        list(&world, owner, query).await.unwrap()
    };
    let first = page(None).await;
    let second = page(Some(first[0].id)).await;
    assert_ne!(first[0].id, second[0].id);
    assert!(page(Some(second[0].id)).await.is_empty());
    let none_at_a_time = ListOutbox {
        limit: 0,
        ..ListOutbox::default()
    };
    assert_eq!(list(&world, owner, none_at_a_time).await.unwrap().len(), 1);
}

#[tokio::test]
async fn members_are_refused_and_strangers_find_nothing() {
    let world = world().await;
    let id = list(&world, world.owner(), failed()).await.unwrap()[0].id;
    let firm = world.workspace.id;
    let stranger = world.stranger().await;
    let scheduling = &world.scheduling;
    for (actor, expected) in [
        (
            world.member("ann", Role::Member),
            "! this is not for a member to do",
        ),
        (stranger, "! there is no such thing"),
        (Actor::Invitee, "! there is no such thing"),
    ] {
        let all = list(&world, actor, failed()).await;
        assert_eq!(heard(all, |_| "seen".into()), expected);
        let one = scheduling.outbox_entry(&actor, firm, id).await;
        assert_eq!(heard(one, |_| "seen".into()), expected);
        let again = scheduling.replay_outbox(&actor, firm, id).await;
        assert_eq!(heard(again, |_| "done".into()), expected);
    }
    // Nor does somebody find it through his own workspace.
    let Actor::Member { workspace, .. } = stranger else {
        panic!("a stranger is a member elsewhere");
    };
    let one = scheduling.outbox_entry(&stranger, workspace, id).await;
    assert!(matches!(one, Err(ManageError::NotFound)));
    let again = scheduling.replay_outbox(&stranger, workspace, id).await;
    assert!(matches!(again, Err(ManageError::NotFound)));
    assert_eq!(
        list(&world, world.owner(), failed()).await.unwrap().len(),
        1
    );
}

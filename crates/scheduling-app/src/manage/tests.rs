//! Who may do what, whatever it is.

use std::sync::atomic::Ordering;

use scheduling_core::directory::Role;
use scheduling_core::event_type::Hosting;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::Storage;
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{self, parse};

use super::*;
use crate::setup::UpdateWorkspace;
use crate::testing::World;

#[test]
fn a_member_changes_what_he_alone_hosts_and_strangers_find_nothing() {
    let ids = SequenceIds::new();
    let (firm, elsewhere) = (WorkspaceId::generate(&ids), WorkspaceId::generate(&ids));
    let (ann, bob) = (UserId::generate(&ids), UserId::generate(&ids));
    let event_type = |hosting| builders::event_type(&ids, firm, "intro", 30, hosting);
    let alone = event_type(Hosting::single(ann));
    let both = event_type(Hosting::round_robin(vec![ann, bob]).unwrap());
    let heard = |workspace, user, role| {
        let actor = Actor::Member {
            workspace,
            user,
            role,
        };
        [&alone, &both].map(|event_type| match actor.manages_event_type(event_type) {
            Ok(()) => "may",
            Err(ManageError::Forbidden(_)) => "sees",
            Err(_) => "nothing",
        })
    };
    assert_eq!(heard(firm, ann, Role::Member), ["may", "sees"]);
    assert_eq!(heard(firm, bob, Role::Member), ["sees", "sees"]);
    assert_eq!(heard(firm, bob, Role::Admin), ["may", "may"]);
    assert_eq!(heard(firm, bob, Role::Owner), ["may", "may"]);
    // Not even what he hosts himself, when he acts as the member of another workspace.
    assert_eq!(heard(elsewhere, ann, Role::Owner), ["nothing", "nothing"]);
    for event_type in [&alone, &both] {
        assert!(matches!(
            Actor::Invitee.manages_event_type(event_type),
            Err(ManageError::NotFound)
        ));
        assert!(Actor::System.manages_event_type(event_type).is_ok());
    }
}

#[tokio::test]
async fn a_change_that_conflicts_with_another_starts_again_but_not_for_ever() {
    let mut world = World::new("host ann UTC 09:00-12:00").await;
    let flaky = world.flaky();
    let command = |name: &str| UpdateWorkspace {
        id: world.workspace.id,
        slug: world.workspace.slug.clone(),
        name: parse(name),
        description: None,
        expected: None,
    };
    let conflicts = |n| flaky.conflicts.store(n, Ordering::SeqCst);
    conflicts(3);
    let owner = world.owner();
    let change = async |command: UpdateWorkspace| {
        let scheduling = &world.scheduling;
        scheduling.update_workspace(&owner, &command).await
    };
    let changed = change(command("First")).await.unwrap();
    assert_eq!(changed.name.as_str(), "First");
    conflicts(4);
    let refused = change(command("Second")).await;
    assert!(matches!(
        refused,
        Err(ManageError::Storage(StorageError::Conflict))
    ));
    let mut work = world.storage.begin_read().await.unwrap();
    let stored = work.directory().workspace(world.workspace.id).await;
    assert_eq!(stored.unwrap().unwrap().name.as_str(), "First");
}

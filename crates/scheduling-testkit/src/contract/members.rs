//! Members of workspaces, and their roles.

use std::sync::Arc;

use scheduling_core::directory::Role;
use scheduling_core::ids::{UserId, WorkspaceId};
use scheduling_core::ports::Storage;

use super::fixture::{House, assert_conflict, assert_refused};
use crate::builders::{instant, member, workspace};

/// A person is a member of several workspaces, in each with a role of its own.
pub async fn members_have_a_role_in_each_workspace(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let acme = house.workspace.clone();
    let other = workspace(&house.ids, "a-branch");
    let [ann, bob] = [
        member(house.ann.clone(), Role::Owner),
        member(house.bob.clone(), Role::Member),
    ];
    let mut work = house.begin().await;
    let directory = work.directory();
    directory.insert_workspace(&other).await.unwrap();
    for (home, member) in [(&acme, &ann), (&acme, &bob), (&other, &bob)] {
        let (person, role) = (member.person.id, member.role);
        let joined = directory.insert_member(home.id, person, role, member.joined_at);
        joined.await.unwrap();
    }
    let changed = directory.set_role(other.id, bob.person.id, Role::Admin);
    assert!(changed.await.unwrap());
    work.commit().await.unwrap();

    let mut work = house.begin_read().await;
    let directory = work.directory();
    let found = directory.members(acme.id).await.unwrap();
    assert_eq!(found, [ann.clone(), bob.clone()]);
    let found = directory.members(other.id).await.unwrap();
    assert_eq!(found, [member(house.bob.clone(), Role::Admin)]);
    let found = directory.memberships(bob.person.id).await.unwrap();
    let expected = [(other.clone(), Role::Admin), (acme.clone(), Role::Member)];
    assert_eq!(found, expected);
    assert_eq!(directory.memberships(house.eve.id).await.unwrap(), []);
    drop(work);

    let mut work = house.begin().await;
    let directory = work.directory();
    let removed = directory.remove_member(acme.id, bob.person.id).await;
    assert!(removed.unwrap());
    let again = directory.remove_member(acme.id, bob.person.id).await;
    assert!(!again.unwrap());
    work.commit().await.unwrap();
    let mut work = house.begin_read().await;
    let directory = work.directory();
    assert_eq!(directory.members(acme.id).await.unwrap(), [ann]);
    let found = directory.memberships(bob.person.id).await.unwrap();
    assert_eq!(found, [(other, Role::Admin)]);
    // The person stays: bookings name them.
    let found = directory.people(&[bob.person.id]).await.unwrap();
    assert_eq!(found.len(), 1);
}

/// Nobody joins twice, and only people join workspaces.
pub async fn a_person_joins_a_workspace_once(storage: Arc<dyn Storage>) {
    let house = House::build(storage).await;
    let (here, ann) = (house.workspace.id, house.ann.id);
    let since = instant("2026-11-24T09:00:00Z");
    let mut work = house.begin().await;
    let directory = work.directory();
    let joined = directory.insert_member(here, ann, Role::Member, since);
    joined.await.unwrap();
    work.commit().await.unwrap();

    let mut work = house.begin().await;
    let directory = work.directory();
    assert_conflict(directory.insert_member(here, ann, Role::Owner, since).await);
    drop(work);
    let stranger = UserId::generate(&house.ids);
    let nowhere = WorkspaceId::generate(&house.ids);
    for (workspace, person) in [(here, stranger), (nowhere, ann)] {
        let mut work = house.begin().await;
        let joined = work
            .directory()
            .insert_member(workspace, person, Role::Owner, since);
        assert_refused(joined.await);
    }
    let mut work = house.begin_read().await;
    let members = work.directory().members(here).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].role, Role::Member);
}

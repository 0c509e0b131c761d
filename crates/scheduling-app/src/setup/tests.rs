use scheduling_core::directory::Role;
use scheduling_core::event_type::{ConferenceProvider, Hosting, Location, Locations};
use scheduling_core::ports::Storage;
use scheduling_testkit::builders::{parse, working_hours};

use super::*;
use crate::manage::testing::heard;
use crate::testing::World;

fn new_person(address: &str) -> NewPerson {
    NewPerson {
        name: parse("Ann"),
        email: parse(address),
        timezone: Tz::UTC,
        availability: Some(working_hours(Tz::UTC, "09:00-12:00")),
    }
}

fn new_event_type(world: &World, slug: &str, host: UserId) -> NewEventType {
    NewEventType {
        slug: parse(slug),
        hosting: Hosting::single(host),
        ..NewEventType::of(&world.event_types["intro"])
    }
}

async fn elsewhere(world: &World) -> Workspace {
    let new = NewWorkspace {
        slug: parse("elsewhere"),
        name: parse("Elsewhere"),
        description: None,
    };
    world.scheduling.create_workspace(new).await.unwrap()
}

async fn roles(world: &World, workspace: WorkspaceId) -> Vec<(String, Role)> {
    let mut work = world.storage.begin_read().await.unwrap();
    let members = work.directory().members(workspace).await.unwrap();
    let role = |m: scheduling_core::directory::Member| (m.person.email.to_string(), m.role);
    members.into_iter().map(role).collect()
}

#[tokio::test]
async fn slugs_and_addresses_are_given_once() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let again = NewWorkspace {
        slug: parse("firm"),
        name: parse("Another firm"),
        description: None,
    };
    let refused = world.scheduling.create_workspace(again).await.unwrap_err();
    assert_eq!(refused.to_string(), "firm is taken");

    let twin = new_person("Ann@firm.example");
    let made = world
        .scheduling
        .create_person(world.workspace.id, twin)
        .await;
    assert_eq!(made.unwrap_err().to_string(), "ann@firm.example is taken");

    let twin = new_event_type(&world, "intro", world.hosts["ann"]);
    let made = world
        .scheduling
        .create_event_type(world.workspace.id, twin)
        .await;
    assert_eq!(made.unwrap_err().to_string(), "intro is taken");
}

#[tokio::test]
async fn the_first_person_owns_the_workspace_and_a_known_one_joins_as_he_is() {
    let world = World::new("host ann UTC 09:00-12:00\nhost bob UTC 09:00-12:00").await;
    let firm = world.workspace.id;
    assert_eq!(
        roles(&world, firm).await,
        [
            ("ann@firm.example".to_owned(), Role::Owner),
            ("bob@firm.example".to_owned(), Role::Member)
        ]
    );
    let other = elsewhere(&world).await;
    let joins = NewPerson {
        name: parse("Robert"),
        ..new_person("BOB@firm.example")
    };
    let joined = world.scheduling.create_person(other.id, joins).await;
    let (bob, schedule) = joined.unwrap();
    assert_eq!((bob.id, bob.name.as_str()), (world.hosts["bob"], "bob"));
    assert_eq!(schedule, None, "he keeps the hours he has");
    assert_eq!(
        roles(&world, other.id).await,
        [("bob@firm.example".to_owned(), Role::Owner)]
    );
    let set = world
        .scheduling
        .set_member_role(firm, bob.id, Role::Admin)
        .await;
    set.unwrap();
    assert_eq!(roles(&world, firm).await[1].1, Role::Admin);
    let nobody = world
        .scheduling
        .set_member_role(other.id, world.hosts["ann"], Role::Admin);
    assert!(matches!(nobody.await, Err(SetupError::NoSuchMember)));
}

#[tokio::test]
async fn a_host_must_be_a_member_of_the_workspace() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let other = elsewhere(&world).await;
    let made = world
        .scheduling
        .create_person(other.id, new_person("x@example.org"));
    let (stranger, _) = made.await.unwrap();
    let new = new_event_type(&world, "other", stranger.id);
    let refused = world
        .scheduling
        .create_event_type(world.workspace.id, new)
        .await;
    assert!(
        matches!(refused, Err(SetupError::NoSuchMember)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_here_too() {
    let world = World::new("host ann UTC 09:00-12:00\nevent intro 30 ann").await;
    let meet = Location::Conference {
        provider: ConferenceProvider::GoogleMeet,
    };
    let new = NewEventType {
        locations: Locations::one(meet),
        ..new_event_type(&world, "meet", world.hosts["ann"])
    };
    let made = world
        .scheduling
        .create_event_type(world.workspace.id, new)
        .await;
    insta::assert_snapshot!(heard(made, |made| made.slug.to_string()), @"! locations needs a connected account for video rooms, and none can be connected yet: give a link or a room address instead");
}

#[tokio::test]
async fn event_types_stand_in_the_order_they_were_added() {
    let world = World::new(
        "host ann UTC 09:00-12:00
         event intro 30 ann
         event deep 60 ann",
    )
    .await;
    assert_eq!(world.event_types["intro"].position, 0);
    assert_eq!(world.event_types["deep"].position, 1);
}

#[tokio::test]
async fn a_workspace_is_changed_by_who_manages_it_at_the_version_he_read() {
    let world = World::new("host ann UTC 09:00-12:00").await;
    let other = elsewhere(&world).await;
    let update = |slug: &str, expected| UpdateWorkspace {
        id: world.workspace.id,
        slug: parse(slug),
        name: parse("Halden"),
        description: Some(parse("New")),
        expected,
    };
    let ask = async |actor: Actor, command: UpdateWorkspace| {
        let changed = world.scheduling.update_workspace(&actor, &command).await;
        heard(changed, |w| format!("{} {} {}", w.slug, w.name, w.version))
    };
    let owner = world.owner();
    assert_eq!(
        ask(owner, update("halden", Some(1))).await,
        "halden Halden 2"
    );
    // Once more, it is as it is already.
    assert_eq!(ask(owner, update("halden", None)).await, "halden Halden 2");
    assert_eq!(
        ask(owner, update("mills", Some(1))).await,
        "! it has changed meanwhile: the version is 2 now"
    );
    assert_eq!(
        ask(owner, update("elsewhere", None)).await,
        "! elsewhere is taken"
    );
    let member = world.member("ann", Role::Member);
    assert_eq!(
        ask(member, update("mine", None)).await,
        "! this is not for a member to do"
    );
    let foreign = Actor::Member {
        workspace: other.id,
        user: world.hosts["ann"],
        role: Role::Owner,
    };
    for nobody in [foreign, Actor::Invitee] {
        assert_eq!(
            ask(nobody, update("mine", None)).await,
            "! there is no such thing"
        );
    }
}

use scheduling_core::directory::Role;
use scheduling_core::event_type::{Question, QuestionKind};
use scheduling_core::ports::Storage;
use scheduling_testkit::builders::parse;

use super::*;
use crate::availability::FindError;
use crate::manage::testing::{heard, key};
use crate::testing::{World, at};

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-11:00
         host bob UTC 09:00-11:00
         event intro 30 ann
         event pool 30 robin:ann,bob",
    )
    .await
}

async fn add(world: &World, slug: Option<&str>, settings: LinkSettings) -> BookingLink {
    let command = AddLink {
        event_type: world.event_types["intro"].id,
        slug: slug.map(parse),
        settings,
        idempotency: None,
    };
    let made = world.scheduling.add_link(&world.owner(), &command).await;
    made.unwrap().made
}

fn once() -> LinkSettings {
    LinkSettings {
        max_uses: NonZeroU32::new(1),
        ..LinkSettings::default()
    }
}

#[tokio::test]
async fn a_single_use_link_books_once_and_then_says_that_it_is_used_up() {
    let world = world().await;
    add(&world, Some("for-ida"), once()).await;
    assert_eq!(
        world.slots("for-ida", "24T09:00", "24T09:30").await,
        "24T09:00 ann"
    );
    world.booked("for-ida", "24T09:00").await;
    let (firm, slug) = (parse("firm"), parse("for-ida"));
    let page = world.scheduling.event_type_page(&firm, &slug).await;
    let Err(FindError::LinkEnded(ended)) = page else {
        panic!("it leads somewhere");
    };
    assert_eq!(ended.end, scheduling_core::event_type::LinkEnd::UsedUp);
    assert_eq!(ended.event_type.slug.as_str(), "intro");
    assert_eq!(
        world.book("for-ida", "24T10:00").await,
        "! the link leads nowhere any more"
    );
    // The event type's own link goes on.
    assert_eq!(world.book("intro", "24T10:00").await, "ann");
}

#[tokio::test]
async fn a_link_ends_at_its_time_or_when_it_is_withdrawn() {
    let world = world().await;
    let settings = LinkSettings {
        expires_at: Some(at("23T12:00")),
        ..LinkSettings::default()
    };
    let link = add(&world, Some("campaign"), settings).await;
    let ask = async || world.slots("campaign", "24T09:00", "24T09:30").await;
    assert_eq!(ask().await, "24T09:00 ann");
    let withdrawn = UpdateLink {
        id: link.id,
        slug: None,
        settings: LinkSettings {
            revoked: true,
            ..LinkSettings::of(&link)
        },
        expected: Some(1),
    };
    let owner = world.owner();
    let changed = world.scheduling.update_link(&owner, &withdrawn).await;
    assert_eq!(changed.unwrap().version, 2);
    assert_eq!(ask().await, "! the link leads nowhere any more");
    let again = UpdateLink {
        settings: LinkSettings::of(&link),
        expected: None,
        ..withdrawn
    };
    world.scheduling.update_link(&owner, &again).await.unwrap();
    assert_eq!(ask().await, "24T09:00 ann");
    world.clock.set(at("23T12:00"));
    assert_eq!(ask().await, "! the link leads nowhere any more");
    // It can be changed all the same, as long as its end is not moved into the past.
    let renamed = UpdateLink {
        settings: LinkSettings {
            name: Some(parse("Autumn")),
            ..again.settings.clone()
        },
        ..again.clone()
    };
    assert!(world.scheduling.update_link(&owner, &renamed).await.is_ok());
    let past = UpdateLink {
        settings: LinkSettings {
            expires_at: Some(at("23T11:00")),
            ..again.settings.clone()
        },
        ..again
    };
    let refused = world.scheduling.update_link(&owner, &past).await;
    assert_eq!(
        heard(refused, |_| String::new()),
        "! expires_at must lie ahead"
    );
}

#[tokio::test]
async fn a_link_shows_the_event_type_with_its_own_questions() {
    let world = world().await;
    let question = Question {
        key: parse("budget"),
        label: parse("What is your budget?"),
        help: None,
        kind: QuestionKind::Text,
        required: false,
        shown_if: None,
    };
    let settings = LinkSettings {
        questions: Some(Questions::new(vec![question]).unwrap()),
        redirect_url: Some(parse("https://example.org/thanks")),
        ..LinkSettings::default()
    };
    add(&world, Some("sales"), settings.clone()).await;
    let (firm, slug) = (parse("firm"), parse("sales"));
    let page = world.scheduling.event_type_page(&firm, &slug).await;
    let page = page.unwrap();
    assert_eq!(
        Some(page.event_type.form.questions.clone()),
        settings.questions
    );
    assert_eq!(
        page.event_type.appearance.redirect_url,
        settings.redirect_url
    );
    assert_eq!(page.link.as_ref().unwrap().slug.as_str(), "sales");
}

#[tokio::test]
async fn a_link_to_what_cannot_be_booked_leads_nowhere() {
    let world = World::new("host ann UTC 09:00-11:00\nevent intro 30 ann status=inactive").await;
    add(&world, Some("early"), once()).await;
    assert_eq!(
        world.slots("early", "24T09:00", "24T09:30").await,
        "! there is no such event type"
    );
}

#[tokio::test]
async fn slugs_are_shared_with_event_types_and_made_up_where_none_is_given() {
    let world = world().await;
    let owner = world.owner();
    let ask = async |slug: Option<&str>| {
        let command = AddLink {
            event_type: world.event_types["intro"].id,
            slug: slug.map(parse),
            settings: LinkSettings::default(),
            idempotency: None,
        };
        let made = world.scheduling.add_link(&owner, &command).await;
        heard(made, |created| created.made.slug.to_string())
    };
    assert_eq!(ask(Some("pool")).await, "! pool is taken");
    assert_eq!(ask(Some("mine")).await, "mine");
    assert_eq!(ask(Some("mine")).await, "! mine is taken");
    let (one, other) = (ask(None).await, ask(None).await);
    assert_ne!(one, other);
    assert_eq!(one.len(), 26);
    let mut renamed = crate::event_types::UpdateEventType {
        id: world.event_types["intro"].id,
        settings: crate::event_types::EventTypeSettings::of(&world.event_types["intro"]),
        expected: None,
    };
    renamed.settings.slug = parse("mine");
    let refused = world.scheduling.update_event_type(&owner, &renamed).await;
    assert_eq!(heard(refused, |_| String::new()), "! mine is taken");
}

#[test]
fn a_made_up_slug_uses_every_bit_it_can() {
    let slug = unguessable(std::array::from_fn(|n| u8::try_from(n * 8).unwrap_or(255)));
    assert_eq!(slug.as_str(), "aiqyaiqyaiqyaiqyaiqyaiqyai");
}

#[tokio::test]
async fn who_may_change_the_event_type_changes_its_links_and_every_member_sees_them() {
    let world = world().await;
    let link = add(&world, Some("mine"), once()).await;
    let id = link.id;
    let event_type = world.event_types["intro"].id;
    let bob = world.member("bob", Role::Member);
    let stranger = world.stranger().await;
    let scheduling = &world.scheduling;
    assert_eq!(scheduling.link(&bob, id).await.unwrap(), link);
    assert_eq!(scheduling.links(&bob, event_type).await.unwrap(), [link]);
    let command = AddLink {
        event_type,
        slug: None,
        settings: LinkSettings::default(),
        idempotency: Some(key("k", 1)),
    };
    let update = UpdateLink {
        id,
        slug: Some(parse("theirs")),
        settings: once(),
        expected: None,
    };
    for (actor, expected) in [
        (bob, "! this is not for a member to do"),
        (stranger, "! there is no such thing"),
        (Actor::Invitee, "! there is no such thing"),
    ] {
        let say = |()| "done".to_owned();
        assert_eq!(
            heard(scheduling.add_link(&actor, &command).await, |_| "done"
                .into()),
            expected
        );
        assert_eq!(
            heard(scheduling.update_link(&actor, &update).await, |_| "done"
                .into()),
            expected
        );
        assert_eq!(
            heard(scheduling.delete_link(&actor, id, None).await, say),
            expected
        );
    }
    for nobody in [stranger, Actor::Invitee] {
        assert!(scheduling.link(&nobody, id).await.is_err());
        assert!(scheduling.links(&nobody, event_type).await.is_err());
    }
    let ann = world.member("ann", Role::Member);
    let made = scheduling.add_link(&ann, &command).await.unwrap();
    let again = scheduling.add_link(&ann, &command).await.unwrap();
    assert_eq!((again.made, again.replayed), (made.made, true));
    let conflict = scheduling.delete_link(&ann, id, Some(7)).await;
    assert!(matches!(
        conflict,
        Err(ManageError::VersionConflict { current: 1 })
    ));
    scheduling.delete_link(&ann, id, Some(1)).await.unwrap();
    assert!(scheduling.link(&ann, id).await.is_err());
    let mut work = world.storage.begin_read().await.unwrap();
    assert_eq!(work.links().get(id).await.unwrap(), None);
}

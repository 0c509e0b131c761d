use scheduling_core::directory::Role;
use scheduling_core::notification::Notification;
use scheduling_testkit::builders::parse;

use super::*;
use crate::manage::testing::heard;
use crate::testing::World;

/// Says what it was given to put into words, and takes no braces that do not close.
struct Plain;

impl Wording for Plain {
    fn check(&self, words: &MessageWords) -> Result<(), WordsError> {
        let is_bad = |text: &str| text.contains("{{") && !text.contains("}}");
        if words.subject.as_ref().is_some_and(|s| is_bad(s.as_str())) {
            return Err(WordsError::Subject("it does not close".to_owned()));
        }
        if words.body.as_ref().is_some_and(|b| is_bad(b.as_str())) {
            return Err(WordsError::Body("it does not close".to_owned()));
        }
        Ok(())
    }

    fn variables(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn render(&self, mail: &Notification) -> RenderedMessage {
        let subject = mail.words.subject.as_ref().map_or("-", |s| s.as_str());
        let links = &mail.links;
        let links = [
            &links.manage,
            &links.answer,
            &links.reschedule,
            &links.cancel,
        ];
        let links: Vec<_> = links.into_iter().flatten().map(String::as_str).collect();
        let facts = &mail.booking;
        RenderedMessage {
            subject: subject.to_owned(),
            text: format!(
                "{:?} to {} about {} with {}{}{}",
                mail.kind,
                mail.to.name,
                facts.title,
                facts.hosts[0].name,
                if facts.decision.is_some() {
                    ", decided"
                } else {
                    ""
                },
                if facts.previous.is_some() {
                    ", moved"
                } else {
                    ""
                },
            ),
            html: links.join(" "),
        }
    }
}

async fn world() -> World {
    World::new(
        "host ann UTC 09:00-12:00
         host bob UTC 09:00-12:00
         event intro 30 ann
         event pool 30 robin:ann,bob",
    )
    .await
}

fn words(world: &World, event: Option<&str>, subject: Option<&str>) -> MessageOverride {
    MessageOverride {
        workspace: world.workspace.id,
        event_type: event.map(|event| world.event_types[event].id),
        kind: NotificationKind::Confirmed,
        audience: Audience::Invitee,
        words: MessageWords {
            subject: subject.map(parse),
            body: None,
        },
    }
}

async fn set(world: &World, actor: Actor, words: &MessageOverride) -> String {
    let done = world.scheduling.set_message_words(&actor, &Plain, words);
    heard(done.await, |()| "stored".to_owned())
}

fn preview(world: &World, event: Option<&str>) -> PreviewMessage {
    PreviewMessage {
        workspace: world.workspace.id,
        event_type: event.map(|event| world.event_types[event].id),
        kind: NotificationKind::Confirmed,
        audience: Audience::Invitee,
        words: None,
        about: None,
    }
}

async fn rendered(world: &World, actor: Actor, query: &PreviewMessage) -> String {
    let done = world.scheduling.preview_message(&actor, &Plain, query);
    heard(done.await, |mail| {
        format!("{}: {}", mail.subject, mail.text)
    })
}

#[tokio::test]
async fn an_event_types_words_go_before_the_workspaces_and_empty_ones_bring_back_what_was() {
    let world = world().await;
    let owner = world.owner();
    let subject = async |event: Option<&str>| {
        let mail = rendered(&world, owner, &preview(&world, event)).await;
        mail.split(':').next().unwrap_or_default().to_owned()
    };
    assert_eq!(subject(Some("intro")).await, "-");
    set(&world, owner, &words(&world, None, Some("From the firm"))).await;
    set(&world, owner, &words(&world, Some("intro"), Some("Hello"))).await;
    assert_eq!(subject(None).await, "From the firm");
    assert_eq!(subject(Some("intro")).await, "Hello");
    assert_eq!(subject(Some("pool")).await, "From the firm");
    set(&world, owner, &words(&world, Some("intro"), None)).await;
    assert_eq!(subject(Some("intro")).await, "From the firm");
    let stored = world.scheduling.message_words(&owner, world.workspace.id);
    assert_eq!(stored.await.unwrap().len(), 1);
}

#[tokio::test]
async fn words_that_are_no_template_are_refused_with_their_field() {
    let world = world().await;
    let owner = world.owner();
    let bad = words(&world, None, Some("Hello {{ invitee"));
    assert_eq!(
        set(&world, owner, &bad).await,
        "! subject the subject cannot be read: it does not close"
    );
    let mut query = preview(&world, None);
    query.words = Some(MessageWords {
        subject: None,
        body: Some(parse("{{")),
    });
    assert_eq!(
        rendered(&world, owner, &query).await,
        "! body the body cannot be read: it does not close"
    );
}

#[tokio::test]
async fn every_message_to_everybody_can_be_looked_at_without_a_booking() {
    let world = world().await;
    let owner = world.owner();
    for kind in NotificationKind::ALL {
        for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
            for event in [None, Some("intro"), Some("pool")] {
                let query = PreviewMessage {
                    kind,
                    audience,
                    ..preview(&world, event)
                };
                let mail = rendered(&world, owner, &query).await;
                assert!(mail.starts_with(&format!("-: {kind:?} to ")), "{mail}");
            }
        }
    }
    let query = PreviewMessage {
        kind: NotificationKind::Rescheduled,
        audience: Audience::Host,
        ..preview(&world, Some("intro"))
    };
    assert_eq!(
        rendered(&world, owner, &query).await,
        "-: Rescheduled to ann about intro with ann, decided, moved"
    );
}

#[tokio::test]
async fn a_preview_of_a_real_booking_tells_no_secrets() {
    let world = world().await;
    let booked = world.booked("intro", "24T10:00").await;
    let mut query = preview(&world, Some("intro"));
    query.about = Some(booked.booking.id);
    query.words = Some(MessageWords {
        subject: Some(parse("See you")),
        body: None,
    });
    let ann = world.member("ann", Role::Member);
    assert_eq!(
        rendered(&world, ann, &query).await,
        "See you: Confirmed to Ida Invitee about intro with ann"
    );
    let mail = world.scheduling.preview_message(&ann, &Plain, &query).await;
    let html = mail.unwrap().html;
    assert!(html.contains("/preview") && !html.contains(&booked.manage_token.to_string()));
    // A booking of something else is no booking of it.
    query.event_type = Some(world.event_types["pool"].id);
    assert_eq!(
        rendered(&world, world.owner(), &query).await,
        "! booking must name a booking of the workspace"
    );
}

#[tokio::test]
async fn a_member_writes_for_what_he_alone_hosts_and_strangers_find_nothing() {
    let world = world().await;
    let (ann, bob) = (
        world.member("ann", Role::Member),
        world.member("bob", Role::Member),
    );
    let stranger = world.stranger().await;
    let forbidden = "! this is not for a member to do";
    let nothing = "! there is no such thing";
    for (actor, event, expected) in [
        (ann, Some("intro"), "stored"),
        (ann, Some("pool"), forbidden),
        (ann, None, forbidden),
        (bob, Some("intro"), forbidden),
        (stranger, Some("intro"), nothing),
        (stranger, None, nothing),
        (Actor::Invitee, Some("intro"), nothing),
    ] {
        assert_eq!(
            set(&world, actor, &words(&world, event, Some("Hi"))).await,
            expected
        );
        let mail = rendered(&world, actor, &preview(&world, event)).await;
        if expected == "stored" {
            assert!(mail.starts_with("Hi: "), "{mail}");
        } else {
            assert_eq!(mail, expected);
        }
    }
    set(&world, world.owner(), &words(&world, None, Some("Firm"))).await;
    let count = async |actor: Actor| {
        let found = world.scheduling.message_words(&actor, world.workspace.id);
        heard(found.await, |found| found.len().to_string())
    };
    assert_eq!(count(world.owner()).await, "2");
    assert_eq!(count(ann).await, "1");
    assert_eq!(count(bob).await, "0");
    assert_eq!(count(stranger).await, nothing);
}

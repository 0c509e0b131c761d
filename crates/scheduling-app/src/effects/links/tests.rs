//! Tests of `links`.

use scheduling_core::booking::ManageSecret;
use scheduling_core::notification::Notification;
use scheduling_core::ports::Storage;

use crate::bookings::BookingAccess;
use crate::testing::World;

/// What the hosts are told, by whose link.
async fn hosts_hear(world: &World) -> Vec<Notification> {
    world.worker().run_due().await.unwrap();
    let mut sent = world.notifier.take_sent();
    sent.retain(|message| message.to.email.as_str() == "ann@firm.example");
    sent
}

/// A booking as it was before hosts had links of their own.
async fn without_host_links(world: &World) -> crate::bookings::Booked {
    let booked = world.booked("intro", "24T10:00").await;
    hosts_hear(world).await;
    let mut old = world.stored(booked.booking.id).await;
    old.hosts[0].manage = ManageSecret::none();
    old.version += 1;
    let mut work = world.storage.begin().await.unwrap();
    work.bookings().update(&old).await.unwrap();
    work.commit().await.unwrap();
    booked
}

#[tokio::test]
async fn a_host_without_a_link_of_his_own_hears_all_the_same() {
    let world = World::new("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    let booked = without_host_links(&world).await;
    world.cancel(&booked.manage_token).await;
    let heard = hosts_hear(&world).await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].links.manage, None);
    let counts = world.outbox().await;
    assert_eq!((counts.ready, counts.failed), (0, 0));
}

#[tokio::test]
async fn a_move_gives_a_host_the_link_that_he_lacked() {
    let world = World::new("host ann UTC 09:00-12:00\n event intro 30 ann").await;
    let booked = without_host_links(&world).await;
    let access = BookingAccess::Invitee(booked.manage_token.clone());
    world.moves(&access, "24T11:00").await;
    let heard = hosts_hear(&world).await;
    assert_eq!(heard.len(), 1);
    assert!(heard[0].links.manage.is_some());
    let ann = world.as_host("ann", booked.booking.id).await;
    assert!(world.scheduling.booking(&ann).await.is_ok());
}

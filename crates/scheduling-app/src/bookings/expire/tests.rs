//! Tests of `expire`.

use scheduling_core::booking::BookingStatus;
use scheduling_core::ids::BookingId;
use scheduling_testkit::builders::parse;

use super::*;
use crate::bookings::{ApproveBooking, RescheduleBooking};
use crate::testing::{World, at};

const ASK: &str = "host ann UTC 09:00-12:00
    host bob UTC 09:00-12:00
    event ask 30 robin:ann,bob approval=120\n";

#[tokio::test]
async fn a_request_that_nobody_answers_expires_by_itself() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    world.worker().run_due().await.unwrap();
    world.notifier.take_sent();
    world.clock.set(at("23T09:59"));
    assert_eq!(world.worker().run_due().await.unwrap(), 0);
    world.clock.set(at("23T10:00"));
    world.worker().run_due().await.unwrap();
    let stored = world.stored(booked.booking.id).await;
    assert_eq!(stored.state.name(), BookingStatus::Expired);
    assert_eq!(
        world.history(stored.id).await,
        "23T08:00 Requested by invitee\n23T10:00 Expired by system"
    );
    assert_eq!(world.credits("ask").await, "ann+0 bob+0");
    assert_eq!(world.storage.claim_count(), 0);
    world.worker().run_due().await.unwrap();
    let mut told: Vec<String> = world
        .notifier
        .take_sent()
        .iter()
        .map(|message| format!("{} {}", message.to.email, message.kind.as_str()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        ["ann@firm.example expired", "ida@example.org expired"]
    );
}

#[tokio::test]
async fn what_was_answered_does_not_expire() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    let access = world.as_member("ann", booked.booking.id);
    world
        .scheduling
        .approve(&ApproveBooking::new(access))
        .await
        .unwrap();
    world.clock.set(at("23T10:00"));
    let expired = world.scheduling.expire_pending(booked.booking.id).await;
    assert!(expired.unwrap().is_none());
    world.worker().run_due().await.unwrap();
    assert_eq!(
        world.stored(booked.booking.id).await.state.name(),
        BookingStatus::Confirmed
    );
}

#[tokio::test]
async fn a_deadline_that_has_moved_is_kept() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    world.advance(60);
    let access = BookingAccess::Invitee(booked.manage_token.clone());
    let command = RescheduleBooking::new(access, at("24T11:00"));
    world.scheduling.reschedule(&command).await.unwrap();
    world.clock.set(at("23T10:00"));
    world.worker().run_due().await.unwrap();
    let status = async || world.stored(booked.booking.id).await.state.name();
    assert_eq!(status().await, BookingStatus::Pending);
    world.clock.set(at("23T11:00"));
    world.worker().run_due().await.unwrap();
    assert_eq!(status().await, BookingStatus::Expired);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_expire_a_request_one_does() {
    let world = World::new(ASK).await;
    let booked = world.booked("ask", "24T10:00").await;
    world.clock.set(at("23T10:00"));
    let mut rush = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (scheduling, id) = (world.scheduling.clone(), booked.booking.id);
        rush.spawn(async move { scheduling.expire_pending(id).await.unwrap() });
    }
    let results = rush.join_all().await;
    assert_eq!(results.into_iter().flatten().count(), 1);
    assert_eq!(world.credits("ask").await, "ann+0 bob+0");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new("").await;
    let id: BookingId = parse("00000000-0000-7000-8000-000000000abc");
    let refused = world.scheduling.expire_pending(id).await;
    assert!(matches!(refused, Err(ChangeError::NotFound)), "{refused:?}");
}

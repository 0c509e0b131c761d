//! Every kind of problem can be reached, and is answered with its status and its page.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use scheduling_core::ports::Storage as _;
use serde_json::{Value, json};

use super::{Answer, PASSWORD, Server, WS, bookings, event_types, request, slots};
use crate::http::problem::ProblemKind;

/// The slugs that were seen, each with its status.
#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    fn see(&mut self, kind: ProblemKind, answer: &Answer) {
        assert_eq!(
            answer.is(),
            (kind.status().as_u16(), kind.slug()),
            "{}",
            answer.text
        );
        self.0.insert(kind.slug());
    }
}

#[actix_web::test]
async fn every_problem_is_reached() {
    use ProblemKind as P;

    let mut seen = Seen::default();
    let mut server = Server::new().await;
    let start = "2026-11-24T09:00:00+01:00";

    // Booking.
    let booked = server.book("intro", start).await;
    seen.see(P::SlotTaken, &server.book("intro", start).await);
    seen.see(
        P::SlotOutsideAvailability,
        &server.book("intro", "2026-11-22T03:07:00+01:00").await,
    );
    seen.see(
        P::NoticeTooShort,
        &server.book("intro", "2026-11-20T09:30:00+01:00").await,
    );
    seen.see(
        P::BookingWindow,
        &server.book("intro", "2027-11-22T09:00:00+01:00").await,
    );
    server.book("intro", "2026-11-24T10:00:00+01:00").await;
    seen.see(
        P::LimitReached,
        &server.book("intro", "2026-11-24T11:00:00+01:00").await,
    );
    seen.see(
        P::InvalidTimezone,
        &server.get(&slots("intro", "timezone=Mars/Base")).await,
    );
    seen.see(
        P::NonexistentLocalTime,
        &server.book("watch", "2027-03-28T02:30:00").await,
    );
    seen.see(
        P::AmbiguousLocalTime,
        &server.book("watch", "2027-10-31T02:00:00").await,
    );
    let keyed = |start: &str| {
        TestRequest::post()
            .uri(&bookings("intro"))
            .insert_header(("idempotency-key", "k"))
            .set_json(request(start))
    };
    assert_eq!(
        server.send(keyed("2026-11-25T09:00:00+01:00")).await.status,
        201
    );
    seen.see(
        P::IdempotencyKeyReused,
        &server.send(keyed("2026-11-25T10:00:00+01:00")).await,
    );
    seen.see(
        P::Validation,
        &server.post(&bookings("intro"), json!({})).await,
    );

    // Holds.
    let holds = "/api/v1/public/acme/event-types/watch/holds";
    let held = server.post(holds, json!({ "start": start })).await;
    assert_eq!(held.status, 201, "{}", held.text);
    let hold = held.header("location").to_owned();
    let renew = || TestRequest::patch().uri(&hold);
    assert_eq!(server.send(renew()).await.status, 200);
    seen.see(P::HoldRenewed, &server.send(renew()).await);
    server.clock.advance(TimeDelta::minutes(6));
    seen.see(P::HoldExpired, &server.send(renew()).await);

    // What an invitee may.
    let ann = server.ann().await;
    let me = ann.get("/api/v1/me").await.text_of("id");
    let types = format!("{WS}/event-types");
    let mut strict = event_types::everything(&me);
    strict["slug"] = json!("strict");
    strict["approval"] = Value::Null;
    strict["questions"] = json!([]);
    strict["limits"] = json!({});
    strict["cancellation"] =
        json!({ "notice_minutes": 24 * 60 * 30, "invitee_reason": "required" });
    let made = ann.post(&types, strict).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let meeting = server.book("strict", "2026-12-02T09:00:00+01:00").await;
    assert_eq!(meeting.status, 201, "{}", meeting.text);
    let manage = meeting.header("location").to_owned();
    let far = server.book("strict", "2027-02-01T09:00:00+01:00").await;
    let move_it = json!({ "start": "2026-12-02T10:00:00+01:00" });
    seen.see(
        P::ChangeNotAllowed,
        &server.post(&format!("{manage}/reschedule"), move_it).await,
    );
    let reason = json!({ "reason": "Ill" });
    seen.see(
        P::CutoffPassed,
        &server
            .post(&format!("{manage}/cancel"), reason.clone())
            .await,
    );
    let cancel = format!("{}/cancel", far.header("location"));
    seen.see(P::ReasonRequired, &server.post(&cancel, json!({})).await);
    assert_eq!(server.post(&cancel, reason).await.status, 200);
    let off = json!({ "start": "2027-02-01T10:00:00+01:00" });
    let path = format!("{WS}/bookings/{}/reschedule", far.text_of("id"));
    seen.see(P::TransitionNotAllowed, &ann.post(&path, off).await);

    // Links.
    let links = format!("{types}/intro/links");
    let once = json!({ "slug": "once", "max_uses": 1 });
    assert_eq!(ann.post(&links, once).await.status, 201);
    assert_eq!(
        server
            .book("once", "2026-11-26T09:00:00+01:00")
            .await
            .status,
        201
    );
    seen.see(
        P::LinkUsedUp,
        &server.book("once", "2026-11-26T10:00:00+01:00").await,
    );
    assert_eq!(
        ann.patch(
            &format!("{links}/once"),
            json!({ "max_uses": 5, "revoked": true })
        )
        .await
        .status,
        200
    );
    seen.see(
        P::LinkExpired,
        &server.book("once", "2026-11-26T10:00:00+01:00").await,
    );

    // Managing.
    seen.see(
        P::SlugTaken,
        &ann.patch(&format!("{types}/intro"), json!({ "slug": "watch" }))
            .await,
    );
    seen.see(
        P::InUse,
        &ann.delete(&format!("{types}/intro?on_bookings=erase&confirm=intro"))
            .await,
    );
    let stale = ann
        .request("PATCH", WS)
        .insert_header(("if-match", "\"9\""));
    seen.see(
        P::VersionConflict,
        &server.send(stale.set_json(json!({}))).await,
    );
    let blind = ann.request("PATCH", WS).set_json(json!({}));
    seen.see(P::PreconditionRequired, &server.send(blind).await);
    let entry = ann.get(&format!("{WS}/outbox")).await.each("id")[0].clone();
    seen.see(
        P::NotFailed,
        &ann.post(&format!("{WS}/outbox/{entry}/replay"), json!({}))
            .await,
    );
    let members = format!("{WS}/members");
    seen.see(
        P::LastOwner,
        &ann.patch(&format!("{members}/me"), json!({ "role": "member" }))
            .await,
    );
    let known = json!({ "email": "max@acme.example" });
    seen.see(
        P::AlreadyMember,
        &ann.post(&format!("{WS}/invitations"), known).await,
    );

    // Who asks.
    seen.see(P::Unauthenticated, &server.get(WS).await);
    let wrong = json!({ "email": "ann@acme.example", "password": "wrong" });
    seen.see(
        P::SignInRefused,
        &server.post("/api/v1/auth/sign-in", wrong).await,
    );
    let narrow = server
        .token_for("acme", "ann@acme.example", "outbox:read")
        .await;
    seen.see(P::InsufficientScope, &narrow.get(WS).await);
    let max = server.token("acme", "max@acme.example").await;
    seen.see(
        P::InsufficientRole,
        &max.patch(WS, json!({ "name": "Mine" })).await,
    );
    seen.see(P::SessionRequired, &max.get("/api/v1/me/tokens").await);
    let browser = server.signed_in("ann@acme.example").await;
    let forged = TestRequest::delete()
        .uri("/api/v1/me/sessions")
        .insert_header(browser.header.clone());
    seen.see(P::CrossSiteRequest, &server.send(forged).await);
    let invited = json!({ "email": "eve@other.example" });
    assert_eq!(
        ann.post(&format!("{WS}/invitations"), invited).await.status,
        201
    );
    let token = super::accounts::mailed_tokens(&server).await.pop().unwrap();
    let account = json!({ "token": token, "name": "Eve", "timezone": "UTC", "password": PASSWORD });
    seen.see(
        P::AccountMismatch,
        &server
            .post("/api/v1/auth/invitations/accept", account)
            .await,
    );

    // HTTP.
    let raw = |media: &'static str, body: Vec<u8>| {
        TestRequest::post()
            .uri(&bookings("intro"))
            .insert_header(("content-type", media))
            .set_payload(body)
    };
    seen.see(
        P::MalformedBody,
        &server.send(raw("application/json", b"{".to_vec())).await,
    );
    seen.see(
        P::UnsupportedMediaType,
        &server.send(raw("text/plain", b"{}".to_vec())).await,
    );
    seen.see(
        P::PayloadTooLarge,
        &server
            .send(raw("application/json", vec![b' '; 600_000]))
            .await,
    );
    seen.see(P::NotFound, &server.get("/api/v1/public/nobody").await);
    seen.see(P::MethodNotAllowed, &server.get(&bookings("intro")).await);
    let picky = TestRequest::get()
        .uri("/api/v1/public/acme")
        .insert_header(("accept", "text/html"));
    seen.see(P::NotAcceptable, &server.send(picky).await);
    let many = json!({ "email": "nobody@acme.example", "password": "wrong" });
    for _ in 0..10 {
        server.post("/api/v1/auth/sign-in", many.clone()).await;
    }
    seen.see(
        P::RateLimited,
        &server.post("/api/v1/auth/sign-in", many).await,
    );
    drop(booked);

    // The server's own.
    server.ready.0.store(false, Ordering::Relaxed);
    seen.see(P::Unavailable, &server.get("/ready").await);
    server.kalends.lines.answer_time = Duration::from_millis(20);
    let writer = server.storage.begin().await.unwrap();
    seen.see(
        P::TookTooLong,
        &server.book("watch", "2026-12-01T09:00:00+01:00").await,
    );
    drop(writer);
    server.kalends.lines.reads = super::overload::narrow(1, 0);
    let place = server.kalends.lines.reads.enter().await.unwrap();
    seen.see(P::Overloaded, &server.get("/api/v1/public/acme").await);
    drop(place);

    let all: BTreeSet<&str> = P::ALL.iter().map(|kind| kind.slug()).collect();
    let missing: Vec<_> = all.difference(&seen.0).collect();
    // What is the server's own fault is reached by breaking the storage: `a_storage_that_may_come_back_is_503_…`.
    assert_eq!(missing, [&"internal"]);
}

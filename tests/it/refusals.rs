//! What the page does not offer, the endpoint refuses.

use chrono::{DateTime, Days, FixedOffset, TimeDelta};

use crate::support::acme;
use crate::support::api::{Api, instant};
use crate::support::server::Server;

/// An ordinary offered start, a day or more ahead, at ten in the morning.
async fn some_morning(api: &Api) -> DateTime<FixedOffset> {
    let starts = api.starts("half-hour", "").await;
    let morning = starts
        .iter()
        .skip(40)
        .find(|start| start.contains("T10:00"));
    instant(morning.expect("there are mornings"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_does_not_offer_the_endpoint_refuses() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let api = Api::of(&server.url());
    let morning = some_morning(&api).await;
    let book = async |event: &str, start: DateTime<FixedOffset>| {
        api.book(event, &start.to_rfc3339(), "guest@example.org")
            .await
    };

    // Ann works from eight to six.
    let night = book("half-hour", morning - TimeDelta::hours(7)).await;
    night.assert_problem(422, "slot-outside-availability");
    let over_the_end = book("hour", morning + TimeDelta::minutes(7 * 60 + 30)).await;
    over_the_end.assert_problem(422, "slot-outside-availability");
    let off_the_grid = book("half-hour", morning + TimeDelta::minutes(10)).await;
    off_the_grid.assert_problem(422, "slot-outside-availability");
    let off_by_a_second = book("half-hour", morning + TimeDelta::seconds(1)).await;
    off_by_a_second.assert_problem(422, "slot-outside-availability");
    let past = book("half-hour", morning - Days::new(30)).await;
    past.assert_problem(422, "notice-too-short");
    let too_soon = book("with-notice", morning).await;
    too_soon.assert_problem(422, "notice-too-short");
    let too_far = book("half-hour", morning + Days::new(400)).await;
    too_far.assert_problem(422, "booking-window");
    let unknown = book("no-such-event", morning).await;
    unknown.assert_problem(404, "not-found");

    // None of the refused ones took anything.
    assert_eq!(book("half-hour", morning).await.status, 201);
    book("half-hour", morning)
        .await
        .assert_problem(409, "slot-taken");
    acme::assert_verified(data.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_takes_as_many_as_it_has_seats() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let api = Api::of(&server.url());
    let start = some_morning(&api).await.to_rfc3339();
    for guest in 0..3 {
        let seated = api
            .book("class", &start, &format!("guest-{guest}@example.org"))
            .await;
        assert_eq!(seated.status, 201, "{seated:?}");
    }
    let fourth = api.book("class", &start, "guest-3@example.org").await;
    fourth.assert_problem(409, "slot-taken");
    // The class takes Ann's time as any meeting does.
    api.book("half-hour", &start, "guest@example.org")
        .await
        .assert_problem(409, "slot-taken");
    acme::assert_verified(data.path(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_booking_gives_its_time_back() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let api = Api::of(&server.url());
    let start = some_morning(&api).await.to_rfc3339();
    let booked = api.book("half-hour", &start, "guest@example.org").await;
    assert_eq!(booked.status, 201, "{booked:?}");
    let path = format!("/api/v1/public/bookings/{}", booked.text("manage_token"));
    assert_eq!(api.get(&path).await.text("status"), "confirmed");

    let cancelled = api
        .try_post(
            &format!("{path}/cancel"),
            &serde_json::json!({ "reason": "ill" }),
        )
        .await;
    let cancelled = cancelled.expect("the server answers");
    assert_eq!(
        (cancelled.status.as_u16(), cancelled.text("status")),
        (200, "cancelled")
    );
    assert_eq!(
        api.book("half-hour", &start, "another@example.org")
            .await
            .status,
        201
    );
    acme::assert_verified(data.path(), &[]);
}

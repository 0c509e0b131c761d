//! What no page may do: change something when it is only looked at, or because another site's page wants it.

use scheduling_core::event_type::Approval;

use super::*;
use crate::RateLimit;

/// Every address that a booking's links lead to.
const PATHS: [&str; 8] = [
    "",
    "/cancel",
    "/reschedule",
    "/reschedule?slot=2026-11-25T09:00:00Z",
    "/invite.ics",
    "/approve",
    "/decline",
    "/no-show",
];

#[actix_web::test]
async fn looking_at_any_link_changes_nothing() {
    let site =
        Site::northwind_with(|event_type| event_type.policy.approval = Some(Approval::default()))
            .await;
    let app = app!(site);
    let slot = [("slot", "2026-11-26T14:00:00Z"), ("tz", "Europe/Lisbon")];
    let form = post!(app, "/book/northwind/intro/details", &slot)
        .location()
        .to_owned();
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    let mut paths = vec![
        "/book/northwind".to_owned(),
        "/book/northwind/intro".to_owned(),
        "/book/northwind/intro/details?slot=2026-11-25T14:00:00Z".to_owned(),
        FORM.to_owned(),
        form,
    ];
    for root in [&manage, &host] {
        paths.extend(PATHS.map(|path| format!("{root}{path}")));
    }
    let before = site.stored();
    assert!(before[1].1.len() > 1000, "the log holds what was written");
    for path in &paths {
        for method in [test::TestRequest::get(), test::TestRequest::with_uri("/")] {
            let answer = send!(app, method.uri(path));
            assert!(!answer.status.is_server_error(), "{path}: {}", answer.body);
        }
        let head = test::TestRequest::default()
            .method(actix_web::http::Method::HEAD)
            .uri(path);
        test::call_service(&app, head.to_request()).await;
        assert!(site.stored() == before, "{path}");
    }
    // The comparison sees a change.
    let page = get!(app, &host);
    let fields = [("version", page.field("version"))];
    post!(app, &format!("{host}/approve"), &fields).location();
    assert!(site.stored() != before);
}

#[actix_web::test]
async fn other_sites_change_nothing() {
    let site =
        Site::northwind_with(|event_type| event_type.policy.approval = Some(Approval::default()))
            .await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    let member = format!("/bookings/{}", site.booking().await.id.wire());
    let mut paths = vec![FORM.to_owned(), "/book/northwind/intro/details".to_owned()];
    paths.extend(["cancel", "reschedule"].map(|path| format!("{manage}/{path}")));
    for root in [&host, &member] {
        for path in [
            "approve",
            "decline",
            "cancel",
            "reschedule",
            "completed",
            "no-show",
        ] {
            paths.push(format!("{root}/{path}"));
        }
    }
    let before = site.stored();
    let fields = elena(&[("version", "1"), ("slot", "2026-11-25T14:00:00Z")]);
    for path in &paths {
        for foreign in [
            form(path, &fields).insert_header(("sec-fetch-site", "cross-site")),
            form(path, &fields).insert_header(("sec-fetch-site", "same-site")),
        ] {
            let answer = send!(app, foreign);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.says("This form was sent from another site"));
        }
    }
    assert!(site.stored() == before);
}

#[actix_web::test]
async fn who_sends_too_much_waits_and_loses_nothing() {
    let mut site = Site::northwind().await;
    site.kalends.rates = Rates::new(RateLimits {
        guests: Some(RateLimit::new(2, 60)),
        ..RateLimits::OFF
    });
    let app = app!(site);
    let peer: std::net::SocketAddr = "203.0.113.7:5000".parse().unwrap();
    let from_there = |request: test::TestRequest| request.peer_addr(peer);
    let booked = send!(app, from_there(form(FORM, &ELENA)));
    let manage = booked.location().to_owned();
    let wrong = elena(&[("email", "elena@")]);
    assert_eq!(
        send!(app, from_there(form(FORM, &wrong))).status,
        StatusCode::UNPROCESSABLE_ENTITY
    );

    let refused = send!(
        app,
        from_there(form(FORM, &elena(&[("name", "Elena the second")])))
    );
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), "30");
    assert!(refused.says("value=\"Elena the second\"") && refused.says("Shift plans"));
    let keys = elena(&[("idempotency_key", "k"), ("to", "2026-11-25T14:00:00Z")]);
    let moved = send!(
        app,
        from_there(form("/book/northwind/intro/details", &keys))
    );
    assert_eq!(moved.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(moved.says("value=\"Elena\""));
    for path in ["cancel", "reschedule"] {
        let fields = [("version", "1"), ("slot", "2026-11-25T14:00:00Z")];
        let answer = send!(app, from_there(form(&format!("{manage}/{path}"), &fields)));
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert!(answer.says("<h1>One moment</h1>") && answer.says("30 seconds"));
    }
    // Looking is free, and others are not concerned.
    let look = send!(app, from_there(test::TestRequest::get().uri(&manage)));
    assert!(look.says("You are scheduled"));
    let other: std::net::SocketAddr = "198.51.100.1:5000".parse().unwrap();
    let answer = send!(app, form(FORM, &wrong).peer_addr(other));
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[actix_web::test]
async fn a_crowded_link_or_mailbox_keeps_what_was_typed() {
    let mut site = Site::northwind().await;
    site.kalends.rates = Rates::new(RateLimits {
        links: Some(RateLimit::new(1, 3600)),
        addresses: Some(RateLimit::new(1, 3600)),
        ..RateLimits::OFF
    });
    let app = app!(site);
    let booked = post!(app, FORM, &ELENA);
    assert_eq!(booked.status, StatusCode::SEE_OTHER);
    let other = elena(&[
        ("email", "other@halden-mills.example"),
        ("slot", "2026-11-25T14:00:00Z"),
        ("idempotency_key", "other"),
    ]);
    let crowded = post!(app, FORM, &other);
    assert_eq!(crowded.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(crowded.header("retry-after"), "3600");
    assert!(crowded.says("Many people are booking here right now."));
    assert!(crowded.says("value=\"other@halden-mills.example\""));
    assert!(crowded.says("Shift plans"));
    // Somebody still chooses a time and fills in the form, only that it is not held.
    let fields = [
        ("slot", "2026-11-25T15:00:00Z"),
        ("tz", "Europe/Lisbon"),
        ("clock", "24"),
    ];
    let chosen = post!(app, "/book/northwind/intro/details", &fields);
    assert!(!get!(app, chosen.location()).says("is held for you"));

    site.kalends.rates = Rates::new(RateLimits {
        addresses: Some(RateLimit::new(1, 3600)),
        ..RateLimits::OFF
    });
    let app = app!(site);
    let mine = elena(&[
        ("slot", "2026-11-25T14:00:00Z"),
        ("idempotency_key", "third"),
    ]);
    assert_eq!(post!(app, FORM, &mine).status, StatusCode::SEE_OTHER);
    let mine = elena(&[
        ("slot", "2026-11-26T14:00:00Z"),
        ("idempotency_key", "fourth"),
    ]);
    let crowded = post!(app, FORM, &mine);
    assert_eq!(crowded.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(crowded.says("Many bookings name one of these mail addresses."));
    assert!(crowded.says("60 minutes") && crowded.says("Shift plans"));
}

#[actix_web::test]
async fn who_holds_too_many_times_goes_on_without_a_hold() {
    let mut site = Site::northwind().await;
    site.kalends.rates = Rates::new(RateLimits {
        holds: Some(RateLimit::new(1, 300)),
        ..RateLimits::OFF
    });
    let app = app!(site);
    let peer: std::net::SocketAddr = "203.0.113.7:5000".parse().unwrap();
    let choose = |slot| {
        let fields = [("slot", slot), ("tz", "Europe/Lisbon"), ("clock", "24")];
        form("/book/northwind/intro/details", &fields).peer_addr(peer)
    };
    let first = send!(app, choose("2026-11-24T14:00:00Z"));
    assert!(get!(app, first.location()).says("is held for you"));
    let second = send!(app, choose("2026-11-24T15:00:00Z"));
    assert_eq!(second.cookie(), "kalends_hold=");
    let page = get!(app, second.location());
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.says("is held for you"));
    let fields = elena(&[("slot", "2026-11-24T15:00:00Z")]);
    assert_eq!(post!(app, FORM, &fields).status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn nonsense_in_forms_and_links_breaks_nothing() {
    let site = Site::northwind().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    for root in [&manage, &host] {
        for query in [
            "slot=x&duration=0&tz=%00",
            "slot=%2B262142-12-31T23:59:59Z",
            "slot=-9999-01-01T00:00:00Z&duration=99999999999",
            "month=9999-99&date=x&gone=z&clock=9",
        ] {
            let answer = get!(app, &format!("{root}/reschedule?{query}"));
            let fine = [
                StatusCode::OK,
                StatusCode::SEE_OTHER,
                StatusCode::BAD_REQUEST,
            ];
            assert!(fine.contains(&answer.status), "{query}: {}", answer.status);
        }
        for fields in [
            vec![("slot", "tomorrow")],
            vec![("slot", "9999-12-31T23:59:59Z"), ("version", "-1")],
            vec![("slot", "-9999-01-01T00:00:00Z"), ("duration", "1")],
        ] {
            let answer = post!(app, &format!("{root}/reschedule"), &fields);
            assert!(
                answer.status.is_client_error(),
                "{fields:?}: {}",
                answer.status
            );
        }
        let unread = test::TestRequest::post()
            .uri(&format!("{root}/cancel"))
            .set_payload("{}");
        assert_eq!(send!(app, unread).status, StatusCode::BAD_REQUEST);
    }
    for hold in [
        "x",
        "hold_.....",
        &format!("hold_{}.9.9.9.9", "f".repeat(64)),
    ] {
        let fields = elena(&[
            ("hold", hold),
            ("slot", "2026-11-25T14:00:00Z"),
            ("renew", "1"),
        ]);
        let answer = post!(app, "/book/northwind/intro/details", &fields);
        assert!(!answer.status.is_server_error(), "{hold}: {}", answer.body);
    }
}

#[actix_web::test]
async fn pages_that_sign_in_are_counted_as_the_api_is() {
    let mut site = Site::northwind().await;
    site.kalends.rates = Rates::new(RateLimits {
        sign_in: Some(RateLimit::new(1, 60)),
        ..RateLimits::OFF
    });
    let app = app!(site);
    let nothing = "0".repeat(64);
    let fields = [
        ("email", "nobody@nowhere.example"),
        ("password", "four plain words here"),
    ];
    for (number, path) in [
        "/sign-in".to_owned(),
        "/forgotten-password".to_owned(),
        format!("/reset-password/{nothing}"),
        format!("/invitations/{nothing}"),
    ]
    .iter()
    .enumerate()
    {
        let peer = format!("203.0.113.{number}:5000").parse().unwrap();
        let sent = || form(path, &fields).peer_addr(peer);
        assert_ne!(
            send!(app, sent()).status,
            StatusCode::TOO_MANY_REQUESTS,
            "{path}"
        );
        let refused = send!(app, sent());
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert_eq!(refused.header("retry-after"), "60");
    }
}

#[actix_web::test]
async fn forms_of_the_home_page_lead_home_when_they_are_only_asked_for() {
    let site = Site::northwind().await;
    let app = app!(site);
    for path in ["/home/password", "/home/sessions", "/sign-out"] {
        let answer = get!(app, path);
        assert_eq!(
            (answer.status, answer.location()),
            (StatusCode::SEE_OTHER, "/home")
        );
    }
}

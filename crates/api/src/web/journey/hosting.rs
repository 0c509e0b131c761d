//! A host approves, declines, moves, cancels and notes what became of a booking: by the link in his mail, or signed in.

use scheduling_accounts::sessions::SignInContext;
use scheduling_core::event_type::{Approval, ReasonPolicy};

use super::*;

/// Mara wants to be asked first.
async fn asking() -> Site {
    Site::northwind_with(|event_type| event_type.policy.approval = Some(Approval::default())).await
}

fn version(page: &Answer) -> [(&str, &str); 1] {
    [("version", page.field("version"))]
}

#[actix_web::test]
async fn a_host_approves_from_the_mail_moves_and_cancels_with_a_reason() {
    let site = asking().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    let page = get!(app, &host);
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-robots-tag"), "noindex");
    for text in [
        "Waits for your answer",
        // Berlin's clock, and Elena's beside it.
        "15:00</time> to <time>15:30</time> in Berlin",
        "14:00 to 14:30, Lisbon",
        "href=\"mailto:elena@halden-mills.example?subject=First%20conversation\"",
        "“Shift plans”",
        "Elena asked for it",
    ] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    // Looking at the buttons' addresses presses none.
    for path in ["approve", "decline", "completed", "no-show"] {
        assert_eq!(get!(app, &format!("{host}/{path}")).location(), host);
    }
    assert!(matches!(
        site.booking().await.state,
        BookingState::Pending { .. }
    ));

    let fields = version(&page);
    assert_eq!(
        post!(app, &format!("{host}/approve"), &fields).location(),
        host
    );
    assert_eq!(
        post!(app, &format!("{host}/approve"), &fields).location(),
        host,
        "twice is once"
    );
    assert!(get!(app, &manage).says("You are scheduled"));
    let page = get!(app, &host);
    assert!(
        page.says("Mara Lindqvist approved it") && !page.says("/approve\""),
        "{}",
        page.body
    );

    // Moved by the host it stays confirmed.
    let here = format!("{host}/reschedule");
    let booker = get!(app, &format!("{here}?date=2026-11-25"));
    assert!(booker.says("data-zone=\"Europe/Berlin\"") && booker.says("Elena is in Lisbon"));
    let question = get!(app, &format!("{here}?slot=2026-11-25T09:00:00Z"));
    assert!(question.says("Elena reads this in the mail."));
    let fields = [
        ("version", question.field("version")),
        ("slot", question.field("slot")),
        ("reason", "A train"),
    ];
    assert_eq!(post!(app, &here, &fields).location(), host);
    assert!(matches!(
        site.booking().await.state,
        BookingState::Confirmed { .. }
    ));

    let question = get!(app, &format!("{host}/cancel"));
    let fields = [
        ("version", question.field("version")),
        ("reason", "I am ill"),
    ];
    assert_eq!(
        post!(app, &format!("{host}/cancel"), &fields).location(),
        host
    );
    let page = get!(app, &manage);
    assert!(page.says("Mara called the meeting off.") && page.says("I am ill"));
    let page = get!(app, &host);
    assert!(page.says("</svg> Cancelled</span>") && page.says("moved it from Tuesday"));
}

#[actix_web::test]
async fn a_host_declines_and_says_why() {
    let site = Site::northwind_with(|event_type| {
        event_type.policy.approval = Some(Approval::default());
        event_type.policy.cancel.host_reason = ReasonPolicy::Required;
    })
    .await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    let page = get!(app, &host);
    let decline = format!("{host}/decline");
    let refused = post!(app, &decline, &version(&page));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("<details class=\"fold\" open>"));
    assert!(refused.says("Say why: a sentence is enough"));
    let fields = [
        ("version", refused.field("version")),
        ("reason", "Not our field"),
    ];
    assert_eq!(post!(app, &decline, &fields).location(), host);
    let page = get!(app, &manage);
    assert!(page.says("</svg> Declined</span>") && page.says("Not our field"));
    // The time is free again.
    assert_eq!(
        post!(app, FORM, &elena(&[("name", "Next")])).status,
        StatusCode::SEE_OTHER
    );
}

#[actix_web::test]
async fn an_answer_that_comes_too_late_hears_what_happened() {
    let site = asking().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    let stale = get!(app, &host);
    let question = get!(app, &format!("{manage}/cancel"));
    post!(app, &format!("{manage}/cancel"), &version(&question)).location();
    for answer in ["approve", "decline"] {
        let late = post!(app, &format!("{host}/{answer}"), &version(&stale));
        assert_eq!(late.status, StatusCode::CONFLICT, "{answer}");
        assert!(late.says("so nothing was done.") && late.says("Elena cancelled it"));
        // Without a version the state refuses it.
        assert_eq!(
            post!(app, &format!("{host}/{answer}"), &[]).status,
            StatusCode::CONFLICT
        );
    }
    assert!(matches!(
        site.booking().await.state,
        BookingState::Cancelled { .. }
    ));
}

#[actix_web::test]
async fn an_invitees_link_has_no_host_side_and_a_hosts_no_invitee_side() {
    let site = asking().await;
    let app = app!(site);
    let manage = booked!(app, &ELENA);
    let host = site.host_link().await;
    for action in ["approve", "decline", "completed", "no-show"] {
        let answer = post!(app, &format!("{manage}/{action}"), &[("version", "1")]);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
    }
    let swapped = [host.replace("/h/", "/b/"), manage.replace("/b/", "/h/")];
    for path in &swapped {
        assert_eq!(get!(app, path).status, StatusCode::NOT_FOUND);
        assert_eq!(
            post!(app, &format!("{path}/cancel"), &[]).status,
            StatusCode::NOT_FOUND
        );
    }
    assert!(matches!(
        site.booking().await.state,
        BookingState::Pending { .. }
    ));
}

/// Signs a person of the directory in.
async fn sign_in(site: &Site, email: &str) -> String {
    let link = site
        .accounts
        .issue_password_link(&email.parse().unwrap())
        .await
        .unwrap();
    let password = "plum tree rain".to_owned().into();
    site.accounts
        .reset_password(&link.token.to_string(), &password, None)
        .await
        .unwrap();
    let context = SignInContext::default();
    let session = site
        .accounts
        .sign_in(email, &password, &context)
        .await
        .unwrap();
    format!("__Host-kalends_session={}", session.token)
}

#[actix_web::test]
async fn a_member_who_is_signed_in_sees_what_he_hosts_and_notes_how_it_went() {
    let site = Site::northwind().await;
    let app = app!(site);
    let _ = booked!(app, &ELENA);
    let here = format!("/bookings/{}", site.booking().await.id.wire());
    // Nobody in particular is asked to sign in, whether there is such a booking or not.
    let none = format!("/bookings/bk_{}", "0".repeat(32));
    for path in [&here, &none] {
        let next = form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
        assert_eq!(get!(app, path).location(), format!("/sign-in?next={next}"));
    }
    let sent = post!(app, &format!("{here}/cancel"), &[("version", "1")]);
    let next = form_urlencoded::byte_serialize(here.as_bytes()).collect::<String>();
    assert_eq!(
        sent.location(),
        format!("/sign-in?next={next}"),
        "back to the booking"
    );

    let cookie = sign_in(&site, "mara@northwind.example").await;
    let as_mara = |request: test::TestRequest| request.insert_header(("cookie", cookie.clone()));
    let page = send!(app, as_mara(test::TestRequest::get().uri(&here)));
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.says("15:00</time> to <time>15:30</time> in Berlin"));
    assert!(page.says("href=\"/home\">All your bookings</a>"));
    let missing = send!(app, as_mara(test::TestRequest::get().uri(&none)));
    assert_eq!(missing.status, StatusCode::NOT_FOUND);

    // After the end, when links open nothing any more, it can still be noted how it went.
    site.clock.set(instant("2026-11-24T14:31:00Z"));
    let cookie = sign_in(&site, "mara@northwind.example").await;
    let as_mara = |request: test::TestRequest| request.insert_header(("cookie", cookie.clone()));
    let page = send!(app, as_mara(test::TestRequest::get().uri(&here)));
    assert!(
        page.says("How did it go?") && page.says("Elena did not come"),
        "{}",
        page.body
    );
    let marked = send!(
        app,
        as_mara(form(&format!("{here}/no-show"), &version(&page)))
    );
    assert_eq!(marked.location(), here);
    assert!(matches!(
        site.booking().await.state,
        BookingState::NoShow { .. }
    ));
    let page = send!(app, as_mara(test::TestRequest::get().uri(&here)));
    assert!(page.says("</svg> Elena did not come</span>") && page.says("It took place"));
}

#[actix_web::test]
async fn a_member_of_another_workspace_hears_nothing() {
    let site = Site::northwind().await;
    let app = app!(site);
    let _ = booked!(app, &ELENA);
    let here = format!("/bookings/{}", site.booking().await.id.wire());
    let scheduling = &site.kalends.scheduling;
    let other = NewWorkspace {
        slug: "other".parse().unwrap(),
        name: "Other".parse().unwrap(),
        description: None,
    };
    let other = scheduling.create_workspace(other).await.unwrap();
    let eve = NewPerson {
        name: "Eve".parse().unwrap(),
        email: "eve@other.example".parse().unwrap(),
        timezone: Tz::Europe__Paris,
        availability: None,
    };
    scheduling.create_person(other.id, eve).await.unwrap();
    let cookie = sign_in(&site, "eve@other.example").await;
    let before = site.booking().await;
    for path in ["", "/cancel", "/reschedule", "/invite.ics", "/approve"] {
        let request = test::TestRequest::get().uri(&format!("{here}{path}"));
        let answer = send!(app, request.insert_header(("cookie", cookie.clone())));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.says("Elena") && !answer.says("First conversation"));
    }
    for path in [
        "cancel",
        "reschedule",
        "approve",
        "decline",
        "completed",
        "no-show",
    ] {
        let fields = [("version", "1"), ("slot", "2026-11-25T09:00:00Z")];
        let request = form(&format!("{here}/{path}"), &fields);
        let answer = send!(app, request.insert_header(("cookie", cookie.clone())));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(site.booking().await, before);
}

//! A guest books, looks and cancels; what is wrong on the way.

use scheduling_core::time::Minutes;

use super::*;

#[actix_web::test]
async fn a_guest_books_looks_and_cancels() {
    let site = Site::northwind().await;
    let app = app!(site);
    let landing = get!(app, "/book/northwind");
    assert_eq!(landing.status, StatusCode::OK);
    assert!(landing.body.contains("href=\"/book/northwind/intro\""));

    let booker = get!(app, "/book/northwind/intro?tz=Europe/Lisbon");
    assert_eq!(booker.status, StatusCode::OK);
    // In Lisbon, Mara's day begins at eight.
    assert!(
        booker
            .body
            .contains("<time datetime=\"2026-11-20T10:30:00Z\">10:30</time>")
    );
    assert!(
        !booker.body.contains("2026-11-20T10:00:00Z"),
        "ten o'clock is past"
    );

    let form = get!(
        app,
        "/book/northwind/intro/details?slot=2026-11-24T14:00:00Z&tz=Europe/Lisbon&clock=24",
    );
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.body.contains("15:00 for Mara in Berlin"));
    let key = form.field("idempotency_key").to_owned();
    let fields = elena(&[("idempotency_key", key.as_str())]);

    let booked = post!(app, FORM, &fields);
    assert_eq!(booked.status, StatusCode::SEE_OTHER);
    let manage = booked.header("location").to_owned();
    assert!(
        manage.starts_with("/b/") && manage.len() == 3 + 64,
        "{manage}"
    );

    // A second click on the button leads to the same booking.
    let again = post!(app, FORM, &fields);
    assert_eq!(
        (again.status, again.header("location")),
        (StatusCode::SEE_OTHER, manage.as_str())
    );

    let page = get!(app, &manage);
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("You are scheduled"));
    assert!(page.body.contains("15:00 to 15:30, Berlin"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("x-robots-tag"), "noindex");

    let file = get!(app, &format!("{manage}/invite.ics"));
    assert_eq!(file.header("content-type"), "text/calendar; charset=utf-8");
    assert!(file.body.contains("@example.org"));

    // Looking at the question changes nothing.
    let question = get!(app, &format!("{manage}/cancel"));
    assert_eq!(question.status, StatusCode::OK);
    assert!(get!(app, &manage).body.contains("You are scheduled"));

    let cancelled = post!(app, &format!("{manage}/cancel"), &[("reason", "Solved it")]);
    assert_eq!(
        (cancelled.status, cancelled.header("location")),
        (StatusCode::SEE_OTHER, manage.as_str())
    );
    let page = get!(app, &manage);
    assert!(page.body.contains("</svg> Cancelled</span>"));
    assert!(page.body.contains("Solved it"));
    assert!(page.body.contains("Book again"));

    // Twice is once; the question is no longer asked; the time is open again.
    let twice = post!(app, &format!("{manage}/cancel"), &[]);
    assert_eq!(twice.status, StatusCode::SEE_OTHER);
    assert_eq!(
        get!(app, &format!("{manage}/cancel")).status,
        StatusCode::SEE_OTHER
    );
    let other = elena(&[("name", "Somebody else")]);
    assert_eq!(post!(app, FORM, &other).status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn a_time_that_is_gone_brings_alternatives_and_keeps_the_answers() {
    let site = Site::northwind().await;
    let app = app!(site);
    assert_eq!(post!(app, FORM, &ELENA).status, StatusCode::SEE_OTHER);
    let late = elena(&[("name", "Late & \"quick\"")]);
    let taken = post!(app, FORM, &late);
    assert_eq!(taken.status, StatusCode::CONFLICT);
    assert_eq!(taken.header("cache-control"), "no-store");
    assert!(taken.body.contains("14:00 was just booked."));
    assert!(
        taken
            .body
            .contains("value=\"Late &amp; &quot;quick&quot;\"")
    );
    assert!(taken.body.contains("Shift plans"));
    let alternatives: Vec<_> = taken
        .body
        .split("name=\"to\" value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(alternatives.len(), 3, "{alternatives:?}");

    // One of them is a form with the answers; booking it works.
    let to = alternatives[0].to_owned();
    let fields = elena(&[("name", "Late"), ("to", to.as_str())]);
    let moved = post!(app, "/book/northwind/intro/details", &fields);
    assert_eq!(moved.status, StatusCode::OK);
    assert_eq!(moved.field("slot"), to);
    assert!(moved.body.contains("value=\"Late\""));
    // The time is held for him meanwhile.
    let fields = elena(&[("name", "Late"), ("slot", to.as_str())]);
    assert_eq!(post!(app, FORM, &fields).status, StatusCode::CONFLICT);
    let hold = ("hold", moved.field("hold"));
    let fields = elena(&[("name", "Late"), ("slot", to.as_str()), hold]);
    assert_eq!(post!(app, FORM, &fields).status, StatusCode::SEE_OTHER);

    // Whoever follows a link to the taken time comes back to its day, which says so.
    let link = get!(
        app,
        "/book/northwind/intro/details?slot=2026-11-24T14:00:00Z&tz=Europe/Lisbon&clock=24"
    );
    assert_eq!(link.status, StatusCode::SEE_OTHER);
    let day = get!(app, link.header("location"));
    assert!(day.body.contains("14:00 was just booked."));
}

#[actix_web::test]
async fn what_is_not_offered_cannot_be_booked() {
    let site = Site::northwind().await;
    let app = app!(site);
    for slot in [
        "2026-11-24T14:10:00Z", // off the grid
        "2026-11-24T18:00:00Z", // outside hours
        "2026-11-20T10:00:00Z", // past
        "2026-11-22T10:00:00Z", // a Sunday
    ] {
        let answer = post!(app, FORM, &elena(&[("slot", slot)]));
        assert_eq!(answer.status, StatusCode::CONFLICT, "{slot}");
        assert!(answer.body.contains("can no longer be booked."), "{slot}");
        assert!(answer.body.contains("value=\"Elena\""), "{slot}");
    }
}

#[actix_web::test]
async fn wrong_answers_come_back_with_what_is_wrong_linked_to_the_fields() {
    let site = Site::northwind().await;
    let app = app!(site);
    let fields = elena(&[
        ("name", " "),
        ("email", "elena@"),
        ("idempotency_key", "k1"),
    ]);
    let answer = post!(app, FORM, &fields);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("Two answers need another look."));
    for part in [
        "<a href=\"#name\">Enter your name</a>",
        "<a href=\"#email\">Enter an e-mail address",
        "value=\"elena@\" aria-invalid=\"true\" aria-describedby=\"email-e\"",
        "id=\"email-e\"",
        "Shift plans",
    ] {
        assert!(answer.body.contains(part), "{part}");
    }
    assert_eq!(answer.field("idempotency_key"), "k1");
}

#[actix_web::test]
async fn a_form_that_was_used_gets_a_new_key_for_other_answers() {
    let site = Site::northwind().await;
    let app = app!(site);
    let first = elena(&[("idempotency_key", "k1")]);
    assert_eq!(post!(app, FORM, &first).status, StatusCode::SEE_OTHER);
    let changed = elena(&[("idempotency_key", "k1"), ("slot", "2026-11-25T14:00:00Z")]);
    let answer = post!(app, FORM, &changed);
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("This form was sent before"));
    let key = answer.field("idempotency_key").to_owned();
    assert_ne!(key, "k1");
    let again = elena(&[
        ("idempotency_key", key.as_str()),
        ("slot", "2026-11-25T14:00:00Z"),
    ]);
    assert_eq!(post!(app, FORM, &again).status, StatusCode::SEE_OTHER);
}

#[actix_web::test]
async fn other_sites_cannot_book_or_cancel() {
    let site = Site::northwind().await;
    let app = app!(site);
    let booked = post!(app, FORM, &ELENA);
    let manage = booked.header("location");
    for path in [
        FORM,
        "/book/northwind/intro/details",
        &format!("{manage}/cancel"),
    ] {
        let foreign = form(path, &ELENA).insert_header(("sec-fetch-site", "cross-site"));
        assert_eq!(send!(app, foreign).status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(get!(app, manage).body.contains("You are scheduled"));
}

#[actix_web::test]
async fn what_does_not_exist_says_so_and_leads_on() {
    let site = Site::northwind().await;
    let app = app!(site);
    for path in [
        "/book/nobody",
        "/book/UPPER",
        "/book/nobody/intro",
        "/b/0",
        &format!("/b/{}", "0".repeat(64)),
        &format!("/b/{}/cancel", "0".repeat(64)),
        &format!("/b/{}/invite.ics", "0".repeat(64)),
    ] {
        let answer = get!(app, path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(
            answer.body.contains("There is nothing at this address"),
            "{path}"
        );
    }
    let answer = get!(app, "/book/northwind/gone");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        answer
            .body
            .contains("<a class=\"btn main\" href=\"/book/northwind\">See all meetings</a>")
    );
    assert_eq!(
        get!(app, "/static/x/nothing.css").status,
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn nonsense_in_a_link_never_breaks_the_calendar() {
    let site = Site::northwind().await;
    let app = app!(site);
    for query in [
        "month=9999-99&date=x&tz=%00&clock=9&gone=z",
        "month=0001-01",
        "month=%2B262142-12",
        "date=9999-12-31",
        "date=2026-11-24&date=2026-11-25",
        "tz=Europe/Berlin%0d%0aset-cookie:x",
        "gone=9999-12-31T23:59:59Z",
        "month=2028-11&tz=Pacific/Apia",
        "month=2026-11&tz=Pacific/Kiritimati",
        "%ff=%ff",
    ] {
        let answer = get!(app, &format!("/book/northwind/intro?{query}"));
        assert_eq!(answer.status, StatusCode::OK, "{query}");
    }
    for slot in [
        "",
        "x",
        "%2B262142-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "-9999-01-01T00:00:00Z",
    ] {
        let answer = get!(app, &format!("/book/northwind/intro/details?slot={slot}"));
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{slot}");
    }
    let answer = post!(app, FORM, &elena(&[("slot", "tomorrow")]));
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let unread = test::TestRequest::post().uri(FORM).set_payload("{}");
    assert_eq!(send!(app, unread).status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn the_first_month_is_that_of_the_next_time() {
    // Today is 20 November. With twelve days' notice, the first time is on 2 December: the sheet of November would show
    // it among its last days. With fifty, it is in January, beyond that sheet.
    for (days, month) in [
        (0, "November <span>2026"),
        (12, "December <span>2026"),
        (50, "January <span>2027"),
    ] {
        let notice = Minutes(days * 24 * 60);
        let site = Site::northwind_with(|e| e.rules.minimum_notice = notice).await;
        let app = app!(site);
        let page = get!(app, "/book/northwind/intro");
        assert!(page.body.contains(month), "{days} days");
        assert!(
            page.body.contains("class=\"slot\""),
            "{days} days: the first day is open"
        );
        assert!(page.body.contains("data-zone=\"Europe/Berlin\""));
        assert!(!page.body.contains("data-zone-chosen"));
        // Who asks for a month gets it, and is led on where it is empty.
        let asked = get!(app, "/book/northwind/intro?month=2026-11");
        assert!(asked.body.contains("November <span>2026"), "{days} days");
        assert_eq!(asked.body.contains("No times in November"), days == 50);
        assert_eq!(
            asked.body.contains("Next available: Mon 11 Jan"),
            days == 50
        );
    }
}

#[actix_web::test]
async fn a_storage_that_does_not_answer_is_said_so_and_to_be_tried_again() {
    let site = Site::over(Some(Arc::new(Silent))).await;
    let app = app!(site);
    for path in [
        "/book/northwind",
        "/book/northwind/intro",
        &format!("/b/{}", "0".repeat(64)),
    ] {
        let answer = get!(app, path);
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        assert!(
            answer
                .body
                .contains("The calendar does not answer right now")
        );
        assert!(
            !answer.body.contains("nobody is there"),
            "the cause is for the log"
        );
    }
}

#[actix_web::test]
async fn files_are_kept_for_ever_under_their_hash_and_pages_are_not() {
    let site = Site::northwind().await;
    let app = app!(site);
    let page = get!(app, "/book/northwind");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let (_, rest) = page.body.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let sheet = rest.split('"').next().unwrap();
    let file = get!(app, sheet);
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(
        file.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    let old = get!(app, "/static/000000000000/css/look.css");
    assert_eq!(
        (old.status, old.header("cache-control")),
        (StatusCode::OK, "no-cache")
    );
}

#[actix_web::test]
async fn the_bare_address_leads_on_or_says_how_to_begin() {
    let empty = Site::over(Some(Arc::new(MemoryStorage::new()))).await;
    let nobody = app!(empty);
    let page = get!(nobody, "/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("kalends apply"), "{}", page.body);

    let northwind = Site::northwind().await;
    let one = app!(northwind);
    let page = get!(one, "/");
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, "/book/northwind")
    );

    let second = NewWorkspace {
        slug: "second".parse().unwrap(),
        name: "Second".parse().unwrap(),
        description: None,
    };
    northwind
        .kalends
        .scheduling
        .create_workspace(second)
        .await
        .unwrap();
    let page = get!(app!(northwind), "/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Use the link that you were given"));
    assert!(!page.body.contains("northwind") && !page.body.contains("second"));
}

#[actix_web::test]
async fn addresses_that_are_nearly_right_lead_to_what_was_meant() {
    let site = Site::northwind().await;
    let app = app!(site);
    let page = get!(app, "/book/northwind/intro/?tz=UTC");
    assert_eq!(
        (page.status, page.header("location")),
        (
            StatusCode::PERMANENT_REDIRECT,
            "/book/northwind/intro?tz=UTC"
        )
    );
    // A refused form stands here; its address asked for again leads back to the times.
    let page = get!(app, FORM);
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, "/book/northwind/intro")
    );
    assert_eq!(
        get!(app, "//example.org/").status,
        StatusCode::NOT_FOUND,
        "no way out to another site"
    );
    let page = post!(app, "/book/northwind/intro", &[]);
    assert_eq!(
        (page.status, page.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD")
    );
    assert!(page.body.contains("<h1>"));
}

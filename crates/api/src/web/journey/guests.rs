//! The form: holds, questions, places, guests, further links and what comes afterwards.

use std::num::NonZeroU32;

use scheduling_app::actor::Actor;
use scheduling_app::links::{AddLink, LinkSettings};
use scheduling_core::event_type::{
    BookingForm, Durations, EventTypeStatus, Locations, MeetingPlace, SlotSteps,
};

use super::super::sample;
use super::*;

const DETAILS: &str = "/book/northwind/intro/details";
const SLOT: [(&str, &str); 3] = [
    ("slot", "2026-11-24T14:00:00Z"),
    ("tz", "Europe/Lisbon"),
    ("clock", "24"),
];

/// Everything can be asked.
fn asking(event_type: &mut NewEventType) {
    event_type.durations =
        Durations::new(vec![Length::new(60).unwrap()], SlotSteps::Interval).unwrap();
    event_type.locations = Locations::new(vec![
        Location::Link {
            url: "https://meet.northwind.example/r/1".parse().unwrap(),
        },
        Location::HostCalls,
    ])
    .unwrap();
    event_type.form = BookingForm {
        questions: sample::questions(),
        max_guests: 2,
    };
}

#[actix_web::test]
async fn a_guest_answers_everything_that_is_asked_and_reads_it_on_the_bookings_page() {
    let site = Site::northwind_with(asking).await;
    let app = app!(site);
    let form = post!(app, DETAILS, &[&SLOT[..], &[("duration", "60")]].concat());
    let form = get!(app, form.location());
    assert!(
        form.says("14:00</time> to <time>15:00"),
        "an hour: {}",
        form.body
    );
    assert!(form.says("Only if you chose Something else for “What is this about?”."));
    let (key, hold) = (form.field("idempotency_key"), form.field("hold"));
    let mut fields = elena(&[
        ("duration", "60"),
        ("idempotency_key", key),
        ("hold", hold),
        ("location", "1"),
        ("phone", "030 / 123 456"),
        (
            "guests",
            "jonas@halden-mills.example, mira@halden-mills.example",
        ),
        ("a_size", "20 to 100"),
    ]);
    fields.extend([
        ("a_topic", "Data"),
        ("a_topic", "Something else"),
        ("a_else", "Shift <b>plans</b>"),
        ("a_goal", "Less waiting"),
        ("a_people", "3"),
        // Not shown without a date, so it does not count.
        ("a_why", "whatever"),
        ("a_terms", "on"),
    ]);
    let manage = booked!(app, &fields);
    let page = get!(app, &manage);
    for text in [
        "We call you at 030123456",
        "jonas@halden-mills.example and mira@halden-mills.example",
        "<dt>Size of your team</dt><dd class=\"said\"><p>20 to 100</p></dd>",
        "<p>Data, Something else</p>",
        "Shift &lt;b&gt;plans&lt;/b&gt;",
        "60 min",
    ] {
        assert!(page.says(text), "{text}: {}", page.body);
    }
    assert!(!page.says("whatever"));
    let booking = site.booking().await;
    assert_eq!(booking.interval.length(), TimeDelta::minutes(60));
    assert!(matches!(booking.place, MeetingPlace::HostCalls { .. }));
    assert_eq!(booking.attendees.len(), 3);
}

#[actix_web::test]
async fn what_is_missing_is_said_beside_the_questions_and_nothing_typed_is_lost() {
    let site = Site::northwind_with(asking).await;
    let app = app!(site);
    let fields = elena(&[
        ("idempotency_key", "k"),
        ("location", "1"),
        ("guests", "a@x.example b@x.example c@x.example"),
        ("a_topic", "Something else"),
        ("a_people", "many"),
        ("a_company", "Halden & Mills"),
    ]);
    let refused = post!(app, FORM, &fields);
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        !refused.says("email=elena"),
        "no link carries what was typed"
    );
    for text in [
        "Seven answers need another look.",
        "<a href=\"#phone\">Enter a phone number we can call",
        "<a href=\"#q1\">Choose an answer to “Size of your team”</a>",
        "<a href=\"#q3\">Answer “What else?”</a>",
        "<a href=\"#q6\">The answer to “How many of you come?” must be a number",
        "<a href=\"#q12\">Tick “We keep these answers",
        "<a href=\"#guests\">Bring at most two guests</a>",
        "value=\"Halden &amp; Mills\"",
        "value=\"many\" aria-invalid=\"true\"",
        "value=\"Something else\" checked",
        "a@x.example b@x.example c@x.example</textarea>",
    ] {
        assert!(refused.says(text), "{text}: {}", refused.body);
    }
    assert!(site.bookings().await.is_empty());
}

#[actix_web::test]
async fn a_chosen_time_is_held_and_nobody_else_gets_it_meanwhile() {
    let site = Site::northwind().await;
    let app = app!(site);
    let chosen = post!(app, DETAILS, &SLOT);
    let cookie = chosen.cookie();
    assert!(cookie.starts_with("kalends_hold=hold_"), "{cookie}");
    let form = get!(app, chosen.location());
    assert_eq!(form.header("cache-control"), "no-store");
    assert!(
        form.says("14:00 is held for you until 10:21."),
        "{}",
        form.body
    );

    // Others see it taken; the holder does not, whether he goes back or chooses it again.
    let day = "/book/northwind/intro?date=2026-11-24&tz=Europe/Lisbon";
    let slot = "value=\"2026-11-24T14:00:00Z\"";
    assert!(!get!(app, day).says(slot));
    assert_eq!(post!(app, FORM, &ELENA).status, StatusCode::CONFLICT);
    let own = test::TestRequest::get()
        .uri(day)
        .insert_header(("cookie", cookie.clone()));
    assert!(send!(app, own).says(slot));
    let again = form_with(&SLOT, &cookie);
    let again = send!(app, again).location().to_owned();
    assert_eq!(get!(app, &again).field("hold"), form.field("hold"));

    // Another time gives this one back.
    let other = [("slot", "2026-11-24T15:00:00Z"), SLOT[1], SLOT[2]];
    let moved = send!(app, form_with(&other, &cookie));
    assert!(moved.location().contains("15%3A00"));
    assert!(get!(app, day).says(slot));

    // Booked with the hold; the cookie has done its work.
    let form = get!(app, moved.location());
    let fields = elena(&[
        ("slot", "2026-11-24T15:00:00Z"),
        ("hold", form.field("hold")),
    ]);
    let done = post!(app, FORM, &fields);
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.cookie(), "kalends_hold=");
}

/// A time chosen by somebody who holds another one.
fn form_with(fields: &[(&str, &str)], cookie: &str) -> test::TestRequest {
    form(DETAILS, fields).insert_header(("cookie", cookie.to_owned()))
}

#[actix_web::test]
async fn a_hold_is_renewed_once_and_what_was_typed_stays() {
    let site = Site::northwind().await;
    let app = app!(site);
    let form = get!(app, post!(app, DETAILS, &SLOT).location());
    assert!(form.says("Keep it 5 more minutes"));
    site.pass(4);
    let fields = elena(&[
        ("idempotency_key", "k"),
        ("hold", form.field("hold")),
        ("renew", "1"),
    ]);
    let renewed = post!(app, DETAILS, &fields);
    assert_eq!(renewed.status, StatusCode::OK);
    assert!(
        renewed.says("14:00 is held for you until 10:25."),
        "{}",
        renewed.body
    );
    assert!(renewed.says("value=\"Elena\"") && renewed.says("Shift plans"));
    assert!(!renewed.says("Keep it 5 more minutes"), "only once");
    assert_eq!(renewed.field("idempotency_key"), "k");
    site.pass(4);
    let held = renewed.field("hold").to_owned();
    assert_eq!(
        post!(app, FORM, &elena(&[("hold", &held)])).status,
        StatusCode::SEE_OTHER
    );
}

#[actix_web::test]
async fn a_hold_that_ran_out_costs_nothing_while_the_time_is_free() {
    let site = Site::northwind().await;
    let app = app!(site);
    let form = get!(app, post!(app, DETAILS, &SLOT).location());
    let hold = form.field("hold").to_owned();
    site.pass(6);
    // Kept longer: it is kept anew, and the page says so.
    let fields = elena(&[("idempotency_key", "k"), ("hold", &hold), ("renew", "1")]);
    let again = post!(app, DETAILS, &fields);
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.says("14:00 was still free"), "{}", again.body);
    let hold = again.field("hold").to_owned();
    site.pass(6);
    // Booked: it is what the guest asked for. Twice is once, though the hold is gone.
    let fields = elena(&[("idempotency_key", "k"), ("hold", &hold)]);
    let manage = booked!(app, &fields);
    assert_eq!(booked!(app, &fields), manage);
    assert_eq!(site.bookings().await.len(), 1);
}

#[actix_web::test]
async fn a_hold_that_ran_out_while_somebody_was_quicker_brings_alternatives() {
    let site = Site::northwind().await;
    let app = app!(site);
    let form = get!(app, post!(app, DETAILS, &SLOT).location());
    let hold = form.field("hold").to_owned();
    site.pass(6);
    let _ = booked!(app, &elena(&[("name", "Quick")]));
    let late = post!(app, FORM, &elena(&[("hold", &hold), ("name", "Late")]));
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(
        late.says("The time you held ran out, and 14:00 is gone."),
        "{}",
        late.body
    );
    assert!(late.says("value=\"Late\"") && late.says("name=\"to\""));
    // A forged hold is worth no more than none.
    let forged = format!("hold_{}.1796047200.1796049000.1995280180.0", "0".repeat(64));
    let forged = post!(app, FORM, &elena(&[("hold", &forged), ("name", "Late")]));
    assert_eq!(forged.status, StatusCode::CONFLICT);
}

#[actix_web::test]
async fn a_link_fills_in_the_form_and_stays_with_the_guest_on_the_way() {
    let site = Site::northwind_with(asking).await;
    let app = app!(site);
    let link = "/book/northwind/intro?name=Elena+V&email=e%40x.example&a_company=%22%3E%3Cscript%3E&duration=60&tz=Europe/Lisbon";
    let booker = get!(app, link);
    assert!(booker.says("<input type=\"hidden\" name=\"name\" value=\"Elena V\">"));
    assert!(booker.says("value=\"60\" checked"), "{}", booker.body);
    let fields = [
        &SLOT[..],
        &[
            ("duration", "60"),
            ("name", "Elena V"),
            ("a_company", "\"><script>"),
        ],
    ];
    let form = get!(app, post!(app, DETAILS, &fields.concat()).location());
    assert!(form.says("value=\"Elena V\""), "{}", form.body);
    assert!(form.says("value=\"&quot;&gt;&lt;script&gt;\""));
    assert!(!form.says("<script>"));
}

#[actix_web::test]
async fn afterwards_the_guest_goes_to_the_event_types_own_page_without_the_secret() {
    let site = Site::northwind_with(|event_type| {
        event_type.appearance.redirect_url = "https://northwind.example/thanks".parse().ok();
    })
    .await;
    let app = app!(site);
    let form = get!(app, &format!("{DETAILS}?slot=2026-11-24T14:00:00Z"));
    let policy = form.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://northwind.example;"),
        "{policy}"
    );
    let fields = elena(&[("idempotency_key", "k1")]);
    let onward = booked!(app, &fields);
    assert!(
        onward.starts_with("https://northwind.example/thanks?uid=bk_"),
        "{onward}"
    );
    assert!(onward.contains("attendee_name=Elena&email=elena%40halden-mills.example"));
    assert!(onward.contains("host_name=Mara+Lindqvist"));
    let secret = PlainSealer
        .open(&site.booking().await.manage.sealed)
        .unwrap();
    assert!(!onward.contains(&hex::encode(secret)));
    assert_eq!(
        booked!(app, &fields),
        onward,
        "a second click leads there too"
    );
}

/// A further link to the event type, for two bookings.
async fn link(site: &Site, settings: LinkSettings) -> String {
    let app = &site.kalends.scheduling;
    let page = app
        .event_type_page(&"northwind".parse().unwrap(), &"intro".parse().unwrap())
        .await
        .unwrap();
    let actor = Actor::Member {
        workspace: page.workspace.id,
        user: page.hosts[0].id,
        role: scheduling_core::directory::Role::Owner,
    };
    let made = app
        .add_link(
            &actor,
            &AddLink {
                event_type: page.event_type.id,
                slug: None,
                settings,
                idempotency: None,
            },
        )
        .await
        .unwrap();
    format!("/book/northwind/{}", made.made.slug)
}

#[actix_web::test]
async fn a_link_for_one_booking_keeps_its_own_questions_and_then_ends() {
    let site = Site::northwind_with(|event_type| event_type.status = EventTypeStatus::Hidden).await;
    let app = app!(site);
    let settings = LinkSettings {
        questions: Some(sample::hostile_questions()),
        max_uses: NonZeroU32::new(1),
        ..LinkSettings::default()
    };
    let link = link(&site, settings).await;
    let booker = get!(app, &link);
    assert!(
        booker.says(&format!("action=\"{link}/details\" method=\"post\"")),
        "{}",
        booker.body
    );
    let form = get!(
        app,
        post!(app, &format!("{link}/details"), &SLOT).location()
    );
    assert!(form.says("{{ 7 * 7 }}") && !form.says("<script>alert"));
    let fields = elena(&[
        ("idempotency_key", form.field("idempotency_key")),
        ("hold", form.field("hold")),
        ("a_a", sample::HOSTILE),
    ]);
    let sent = format!("{link}/bookings");
    let manage = post!(app, &sent, &fields).location().to_owned();
    // The link is used up, but a second click still leads to the booking it made.
    assert_eq!(post!(app, &sent, &fields).location(), manage);
    for path in [
        &link,
        &format!("{link}/details?slot=2026-11-25T14:00:00Z"),
        &sent,
    ] {
        let ended = get!(app, path);
        assert_eq!(ended.status, StatusCode::GONE, "{path}");
        assert!(ended.says("This link was used up") && ended.says("First conversation, Northwind"));
        assert!(ended.says("<a class=\"btn main\" href=\"/book/northwind\">See all meetings</a>"));
    }
    let other = elena(&[("slot", "2026-11-25T14:00:00Z"), ("idempotency_key", "k2")]);
    assert_eq!(post!(app, &sent, &other).status, StatusCode::GONE);
    let taken = post!(app, &format!("{link}/details"), &SLOT);
    assert_eq!(taken.status, StatusCode::GONE);
    // Whoever had one link does not learn the hidden event type's own.
    let page = get!(app, &manage);
    assert!(
        page.says("href=\"/book/northwind\">Book another</a>"),
        "{}",
        page.body
    );
    assert!(!page.says("/book/northwind/intro"));
}

#[actix_web::test]
async fn a_link_that_has_expired_says_so_and_an_inactive_event_type_is_not_there() {
    let site = Site::northwind().await;
    let app = app!(site);
    let settings = LinkSettings {
        expires_at: Some(instant("2026-11-20T10:17:00Z")),
        ..LinkSettings::default()
    };
    let link = link(&site, settings).await;
    assert_eq!(get!(app, &link).status, StatusCode::OK);
    site.pass(2);
    let ended = get!(app, &link);
    assert_eq!(ended.status, StatusCode::GONE);
    assert_eq!(ended.header("x-robots-tag"), "noindex");
    assert!(ended.says("This link has expired"));
    for status in [EventTypeStatus::Inactive, EventTypeStatus::Archived] {
        let site = Site::northwind_with(|event_type| event_type.status = status).await;
        let app = app!(site);
        let page = get!(app, "/book/northwind/intro");
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{status:?}");
        assert!(!page.says("First conversation"));
    }
}

#[actix_web::test]
async fn an_event_type_has_its_colour_and_its_picture() {
    let site = Site::northwind_with(|event_type| {
        event_type.appearance.colour = "#8A2be2".parse().ok();
    })
    .await;
    let app = app!(site);
    let page = get!(app, "/book/northwind/intro");
    assert!(page.says("<link rel=\"stylesheet\" href=\"/look/8a2be2.css\">"));
    let sheet = get!(app, "/look/8a2be2.css");
    assert_eq!(sheet.body, ":root{--accent:#8a2be2}\n");
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(
        sheet.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    for path in [
        "/look/red.css",
        "/look/8a2be2}x{.css",
        "/look/%0a1a1a1.css",
        "/images/im_1",
        &format!("/images/im_{}", "0".repeat(32)),
        "/images/../secrets.key",
    ] {
        assert_eq!(get!(app, path).status, StatusCode::NOT_FOUND, "{path}");
    }
}

//! A guest's way through the pages, over the real router and a storage in memory.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::{App, test};
use async_trait::async_trait;
use chrono_tz::Tz;
use scheduling_app::SchedulingBuilder;
use scheduling_app::setup::{NewEventType, NewPerson, NewWorkspace};
use scheduling_core::event_type::{EventTypeStatus, Hosting, Location, SlotRules};
use scheduling_core::ports::{Storage, StorageError, UnitOfWork};
use scheduling_core::time::{Length, Minutes};
use scheduling_testkit::builders::{instant, working_hours};
use scheduling_testkit::{
    ManualClock, MemoryStorage, PlainSealer, SequenceIds, SequenceSecrets, TestLinks,
};
use url::{Url, form_urlencoded};

use crate::{Kalends, Parts, Readiness};

struct Ready;

#[async_trait]
impl Readiness for Ready {
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A storage that does not answer.
struct Silent;

#[async_trait]
impl Storage for Silent {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        Err(StorageError::Unavailable("nobody is there".into()))
    }

    async fn begin_read(&self) -> Result<Box<dyn UnitOfWork>, StorageError> {
        self.begin().await
    }
}

fn kalends(storage: Arc<dyn Storage>) -> Kalends {
    let clock = Arc::new(ManualClock::at(instant("2026-11-20T10:16:00Z")));
    let ids = Arc::new(SequenceIds::new());
    let secrets = Arc::new(SequenceSecrets::new());
    let scheduling = SchedulingBuilder {
        storage,
        clock: Arc::clone(&clock) as _,
        ids: Arc::clone(&ids) as _,
        secrets: Arc::clone(&secrets) as _,
        sealer: Arc::new(PlainSealer),
        links: Arc::new(TestLinks),
    }
    .build();
    Kalends::new(Parts {
        scheduling,
        clock,
        ids,
        secrets,
        readiness: Arc::new(Ready),
        public_url: Url::parse("https://meet.example.org/").unwrap(),
        domain: "example.org".to_owned(),
    })
    .unwrap()
}

/// Mara in Berlin, from nine to five, half an hour each.
async fn northwind() -> Kalends {
    northwind_with(|_| ()).await
}

async fn northwind_with(change: impl FnOnce(&mut SlotRules)) -> Kalends {
    let mut rules = SlotRules::new(Tz::Europe__Berlin, Length::new(30).unwrap());
    change(&mut rules);
    let kalends = kalends(Arc::new(MemoryStorage::new()));
    let app = &kalends.scheduling;
    let workspace = app
        .create_workspace(NewWorkspace {
            slug: "northwind".parse().unwrap(),
            name: "Northwind".parse().unwrap(),
            description: None,
        })
        .await
        .unwrap();
    let (mara, _) = app
        .create_person(
            workspace.id,
            NewPerson {
                name: "Mara Lindqvist".parse().unwrap(),
                email: "mara@northwind.example".parse().unwrap(),
                timezone: Tz::Europe__Berlin,
                availability: Some(working_hours(Tz::Europe__Berlin, "09:00-17:00")),
            },
        )
        .await
        .unwrap();
    app.create_event_type(
        workspace.id,
        NewEventType {
            slug: "intro".parse().unwrap(),
            title: "First conversation".parse().unwrap(),
            description: None,
            category: None,
            rules,
            availability: None,
            hosting: Hosting::single(mara.id),
            location: Location::Link {
                url: "https://meet.northwind.example/r/1".parse().unwrap(),
            },
            status: EventTypeStatus::Active,
        },
    )
    .await
    .unwrap();
    kalends
}

struct Answer {
    status: StatusCode,
    headers: header::HeaderMap,
    body: String,
}

impl Answer {
    fn of(response: ServiceResponse<BoxBody>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().try_into_bytes().unwrap();
        Self {
            status,
            headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field.
    fn field(&self, name: &str) -> &str {
        let (_, rest) = self
            .body
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split('"').next().unwrap()
    }
}

fn form(path: &str, fields: &[(&str, &str)]) -> test::TestRequest {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    test::TestRequest::post()
        .uri(path)
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload(body)
}

// Macros, since the type of the application has no name that this crate can say.
macro_rules! send {
    ($app:expr, $request:expr) => {
        Answer::of(test::call_service(&$app, $request.to_request()).await)
    };
}

macro_rules! get {
    ($app:expr, $path:expr $(,)?) => {
        send!($app, test::TestRequest::get().uri($path))
    };
}

macro_rules! post {
    ($app:expr, $path:expr, $fields:expr $(,)?) => {
        send!($app, form($path, $fields))
    };
}

macro_rules! app {
    ($kalends:expr) => {{
        let kalends = $kalends;
        let app = App::new().configure(|config| crate::configure(config, &kalends));
        test::init_service(app.configure(super::configure_rest)).await
    }};
}

const FORM: &str = "/book/northwind/intro/bookings";
const ELENA: [(&str, &str); 6] = [
    ("slot", "2026-11-24T14:00:00Z"),
    ("tz", "Europe/Lisbon"),
    ("clock", "24"),
    ("name", "Elena"),
    ("email", "elena@halden-mills.example"),
    ("note", "Shift plans"),
];

/// Elena's answers with others in their place.
fn elena<'a>(others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = ELENA
        .into_iter()
        .filter(|(name, _)| others.iter().all(|(other, _)| other != name));
    kept.chain(others.iter().copied()).collect()
}

#[actix_web::test]
async fn a_guest_books_looks_and_cancels() {
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
    let fields = elena(&[("name", "Late"), ("slot", to.as_str())]);
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
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
    let app = app!(northwind().await);
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
        let app =
            app!(northwind_with(|rules| rules.minimum_notice = Minutes(days * 24 * 60)).await);
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
    let app = app!(kalends(Arc::new(Silent)));
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
    let app = app!(northwind().await);
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
    let nobody = app!(kalends(Arc::new(MemoryStorage::new())));
    let page = get!(nobody, "/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("kalends apply"), "{}", page.body);

    let northwind = northwind().await;
    let one = app!(northwind.clone());
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
    northwind.scheduling.create_workspace(second).await.unwrap();
    let page = get!(app!(northwind), "/");
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Use the link that you were given"));
    assert!(!page.body.contains("northwind") && !page.body.contains("second"));
}

#[actix_web::test]
async fn addresses_that_are_nearly_right_lead_to_what_was_meant() {
    let app = app!(northwind().await);
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

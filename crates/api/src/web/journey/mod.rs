//! People's ways through the pages, over the real router and a database.

mod booking;
mod guests;
mod hosting;
mod links;
mod moving;
mod safety;

use std::path::Path;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use actix_web::{App, test};
use async_trait::async_trait;
use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_accounts::password::HashCost;
use scheduling_accounts::settings::AccountSettings;
use scheduling_accounts::{Accounts, AccountsBuilder};
use scheduling_app::setup::{NewEventType, NewPerson, NewWorkspace};
use scheduling_app::{HostToken, SchedulingBuilder};
use scheduling_core::booking::{Booking, BookingState};
use scheduling_core::event_type::{Hosting, Location, SlotRules};
use scheduling_core::ports::{
    BookingFilter, BookingPage, CredentialSealer as _, Direction, Storage, StorageError, UnitOfWork,
};
use scheduling_core::time::Length;
use scheduling_mail::{Folder, MailNotifier, MailOptions, MailSender};
use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
use scheduling_testkit::builders::{instant, working_hours};
use scheduling_testkit::{
    ManualClock, MemoryStorage, PlainSealer, SequenceIds, SequenceSecrets, TestLinks,
};
use tempfile::TempDir;
use url::{Url, form_urlencoded};

use crate::http::ids::WireId as _;
use crate::{Kalends, Parts, RateLimits, Rates, Readiness};

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

/// A server with a database of its own and a clock that stands still: Friday, 20 November 2026, 10:16 in Lisbon.
struct Site {
    kalends: Kalends,
    storage: Arc<SeaOrmStorage>,
    accounts: Accounts,
    clock: ManualClock,
    folder: TempDir,
}

impl Site {
    /// Nobody is there yet.
    async fn empty() -> Self {
        Self::over(None).await
    }

    /// Scheduling over another storage than the accounts'.
    async fn over(other: Option<Arc<dyn Storage>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        let storage = SeaOrmStorage::connect(&url, &ConnectOptions::default())
            .await
            .unwrap();
        storage.migrate().await.unwrap();
        let storage = Arc::new(storage);
        let clock = ManualClock::at(instant("2026-11-20T10:16:00Z"));
        let ids = Arc::new(SequenceIds::new());
        let secrets = Arc::new(SequenceSecrets::new());
        let scheduling = SchedulingBuilder {
            storage: other.unwrap_or_else(|| Arc::clone(&storage) as _),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            links: Arc::new(TestLinks),
        }
        .build();
        let mut settings = AccountSettings::default();
        settings.hashing.cost = HashCost::new(64, 1, 1).unwrap();
        let accounts = AccountsBuilder {
            storage: storage.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            settings,
        }
        .build();
        let sender = MailSender {
            name: None,
            address: "kalends@example.org".parse().unwrap(),
        };
        let mails = Arc::new(Folder::new(folder.path().join("mails")));
        let options = MailOptions::for_sender(&sender);
        let mut kalends = Kalends::new(Parts {
            scheduling,
            accounts: accounts.clone(),
            wording: Arc::new(MailNotifier::new(mails, sender, options).unwrap()),
            clock: Arc::new(clock.clone()),
            ids,
            secrets,
            readiness: Arc::new(Ready),
            public_url: Url::parse("https://meet.example.org/").unwrap(),
            domain: "example.org".to_owned(),
        })
        .unwrap();
        kalends.rates = Rates::new(RateLimits::OFF);
        Self {
            kalends,
            storage,
            accounts,
            clock,
            folder,
        }
    }

    /// Mara in Berlin, from nine to five, half an hour each.
    async fn northwind() -> Self {
        Self::northwind_with(|_| ()).await
    }

    async fn northwind_with(change: impl FnOnce(&mut NewEventType)) -> Self {
        let site = Self::empty().await;
        let app = &site.kalends.scheduling;
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
        let mut event_type = NewEventType::new(
            "intro".parse().unwrap(),
            "First conversation".parse().unwrap(),
            SlotRules::new(Tz::Europe__Berlin, Length::new(30).unwrap()),
            Hosting::single(mara.id),
            Location::Link {
                url: "https://meet.northwind.example/r/1".parse().unwrap(),
            },
        );
        change(&mut event_type);
        app.create_event_type(workspace.id, event_type)
            .await
            .unwrap();
        site
    }

    /// Lets time pass.
    fn pass(&self, minutes: i64) {
        self.clock.advance(TimeDelta::minutes(minutes));
    }

    /// Every booking, by its start.
    async fn bookings(&self) -> Vec<Booking> {
        let mut work = self.storage.begin_read().await.unwrap();
        let slug = "northwind".parse().unwrap();
        let workspace = work
            .directory()
            .workspace_by_slug(&slug)
            .await
            .unwrap()
            .unwrap();
        let filter = BookingFilter::default();
        let page = BookingPage {
            direction: Direction::Ascending,
            after: None,
            limit: 100,
        };
        let found = work
            .bookings()
            .list(workspace.id, &filter, &page)
            .await
            .unwrap();
        assert!(found.unreadable.is_empty());
        found.found
    }

    /// The only booking.
    async fn booking(&self) -> Booking {
        let [booking] = self.bookings().await.try_into().unwrap();
        booking
    }

    /// The link that its first host has in his mail.
    async fn host_link(&self) -> String {
        let booking = self.booking().await;
        let secret = PlainSealer.open(&booking.hosts[0].manage.sealed).unwrap();
        format!("/h/{}", HostToken::from_bytes(secret.try_into().unwrap()))
    }

    /// The database's files, byte by byte: whoever writes changes them.
    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let read = |name: &str| {
            let path = self.folder.path().join(Path::new(name));
            (name.to_owned(), std::fs::read(path).unwrap_or_default())
        };
        vec![read("test.db"), read("test.db-wal")]
    }
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
            .unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        rest.split('"').next().unwrap()
    }

    /// Where it leads.
    fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    /// The words in the page, without what stands around them.
    fn says(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    /// The cookies it sets, as the next request sends them.
    fn cookie(&self) -> String {
        let cookies = self.headers.get_all("set-cookie");
        let pairs = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
        pairs.collect::<Vec<_>>().join("; ")
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
    ($site:expr) => {{
        let kalends = $site.kalends.clone();
        let app = App::new().configure(|config| crate::configure(config, &kalends));
        test::init_service(app.configure(crate::web::configure_rest)).await
    }};
}

use {app, get, post, send};

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

/// Books with these fields, and says where the booking's page is.
macro_rules! booked {
    ($app:expr, $fields:expr) => {
        post!($app, FORM, $fields).location().to_owned()
    };
}
use booked;

//! The demo's data: a firm, its people's busy times and some bookings in the coming weeks.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use scheduling_accounts::workspaces::{FirstOwner, NewWorkspace};
use scheduling_app::Scheduling;
use scheduling_app::availability::FindSlots;
use scheduling_app::bookings::{BookSlot, InviteeDetails};
use scheduling_core::calendar::{BusyInterval, BusySource};
use scheduling_core::directory::Person;
use scheduling_core::event_type::{Location, RawAnswer};
use scheduling_core::ports::{Links as _, Storage};
use scheduling_core::text::{Slug, TextError};
use scheduling_core::time::{Interval, start_of_day};
use secrecy::SecretString;
use thiserror::Error;

use crate::Kalends;
use crate::setup_file::{SetupFile, SetupFileError};

/// The setup file of the demo's workspace.
pub const SETUP: &str = include_str!("demo/northwind.toml");

/// Why the demo could not be set up.
#[derive(Debug, Error)]
pub enum DemoError {
    /// Its setup file was not applied.
    #[error("the demo's setup file")]
    Setup(#[from] SetupFileError),
    /// Its texts are wrong.
    #[error("the demo's texts")]
    Text(#[from] TextError),
    /// Slots could not be found.
    #[error("the demo's slots")]
    Find(#[from] scheduling_app::availability::FindError),
    /// A booking could not be made.
    #[error("the demo's bookings")]
    Book(#[from] scheduling_app::bookings::BookError),
    /// A busy time could not be stored.
    #[error("the demo's busy times")]
    Busy(#[from] scheduling_app::setup::SetupError),
    /// The owner could not be made.
    #[error("the demo's owner")]
    Owner(#[from] scheduling_accounts::workspaces::FirstOwnerError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] scheduling_core::ports::StorageError),
}

/// Who signs in, and with what. The demo listens to its own machine alone and holds nothing of anybody's.
pub const OWNER: &str = "clara@northwind.example";
/// See [`OWNER`].
pub const PASSWORD: &str = "meet me at the kalends";

/// A page to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is there.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// Sets the demo up where it is not yet, and answers the pages to open.
///
/// # Errors
/// [`DemoError`].
pub async fn seed(kalends: &Kalends, storage: &dyn Storage) -> Result<Vec<Link>, DemoError> {
    let scheduling = &kalends.scheduling;
    let file = SetupFile::parse(SETUP)?;
    let workspace = file.workspace();
    if scheduling.workspace(workspace).await?.is_none() {
        file.apply(scheduling, storage).await?;
        let now = kalends.clock.now();
        busy_times(scheduling, storage, workspace, now).await?;
        bookings(scheduling, workspace, now).await?;
        let owner = FirstOwner {
            name: "Clara Winter".parse()?,
            email: OWNER.parse()?,
            timezone: chrono_tz::Tz::Europe__Berlin,
        };
        let known = NewWorkspace {
            slug: workspace.clone(),
            name: "Northwind Advisory".parse()?,
            description: None,
        };
        let password = SecretString::from(PASSWORD);
        let accounts = &kalends.accounts;
        accounts
            .create_first_owner(&known, &owner, &password)
            .await?;
    }
    let mut links = vec![Link {
        title: "Everything".to_owned(),
        url: kalends.urls.workspace(workspace),
    }];
    if let Some(page) = scheduling.landing_page(workspace).await? {
        links.extend(page.event_types.iter().map(|(event_type, _)| Link {
            title: event_type.title.to_string(),
            url: kalends.urls.event_type(workspace, &event_type.slug),
        }));
    }
    Ok(links)
}

/// Busy times: whose, on which weekdays, from when to when by the person's clock.
const MEETINGS: &[(&str, &[Weekday], &str, &str)] = &[
    ("clara@northwind.example", &[Weekday::Mon], "09:00", "10:00"),
    ("clara@northwind.example", &[Weekday::Wed], "14:00", "15:30"),
    (
        "daniel@northwind.example",
        &[Weekday::Mon, Weekday::Thu],
        "09:00",
        "09:45",
    ),
    (
        "daniel@northwind.example",
        &[Weekday::Tue],
        "15:00",
        "16:00",
    ),
    (
        "sofia@northwind.example",
        &[Weekday::Tue, Weekday::Thu],
        "11:00",
        "12:30",
    ),
    (
        "lucas@northwind.example",
        &[Weekday::Mon, Weekday::Wed, Weekday::Fri],
        "08:00",
        "08:30",
    ),
    ("lucas@northwind.example", &[Weekday::Thu], "12:00", "14:00"),
    ("priya@northwind.example", &[Weekday::Wed], "10:00", "13:00"),
    (
        "mei@northwind.example",
        &[Weekday::Tue, Weekday::Fri],
        "14:00",
        "15:00",
    ),
];

/// Days off: whose, how many days from today, how many days long.
const DAYS_OFF: &[(&str, u64, u64)] = &[
    ("lucas@northwind.example", 9, 3),
    ("sofia@northwind.example", 16, 5),
];

const WEEKS: u64 = 4;

async fn busy_times(
    scheduling: &Scheduling,
    storage: &dyn Storage,
    workspace: &Slug,
    now: DateTime<Utc>,
) -> Result<(), DemoError> {
    let mut read = storage.begin_read().await?;
    let people: Vec<Person> = match read.directory().workspace_by_slug(workspace).await? {
        Some(workspace) => {
            let members = read.directory().members(workspace.id).await?;
            members.into_iter().map(|member| member.person).collect()
        }
        None => Vec::new(),
    };
    drop(read);
    for person in &people {
        let today = now.with_timezone(&person.timezone).date_naive();
        let dates = (0..WEEKS * 7).filter_map(|days| today.checked_add_days(Days::new(days)));
        for date in dates {
            for (who, weekdays, from, to) in MEETINGS {
                if *who == person.email.as_str()
                    && weekdays.contains(&date.weekday())
                    && let Some(interval) = on(date, from, to, person.timezone)
                {
                    let source = BusySource::Calendar;
                    let busy = BusyInterval { interval, source };
                    scheduling.add_busy(person.id, busy).await?;
                }
            }
        }
        for (who, from, days) in DAYS_OFF {
            if *who == person.email.as_str()
                && let Some(first) = today.checked_add_days(Days::new(*from))
                && let Some(last) = first.checked_add_days(Days::new(*days))
                && let Ok(interval) = Interval::new(
                    start_of_day(first, person.timezone),
                    start_of_day(last, person.timezone),
                )
            {
                let source = BusySource::TimeOff;
                let busy = BusyInterval { interval, source };
                scheduling.add_busy(person.id, busy).await?;
            }
        }
    }
    Ok(())
}

fn on(date: NaiveDate, from: &str, to: &str, zone: Tz) -> Option<Interval> {
    let minutes = |time: &str| {
        let time: scheduling_core::time::TimeOfDay = time.parse().ok()?;
        Some(TimeDelta::minutes(time.minutes().into()))
    };
    let midnight = start_of_day(date, zone);
    Interval::new(midnight + minutes(from)?, midnight + minutes(to)?).ok()
}

/// A booking of the demo.
struct Sample {
    event_type: &'static str,
    /// How many days from now at the earliest.
    days: i64,
    /// Which of that day's starts, from 0 (the first) to 1000 (the last).
    place: usize,
    name: &'static str,
    email: &'static str,
    timezone: Tz,
    note: Option<&'static str>,
}

const BOOKINGS: &[Sample] = &[
    Sample {
        event_type: "first-conversation",
        days: 1,
        place: 200,
        name: "Jonas Bergström",
        email: "jonas@fjordworks.example",
        timezone: Tz::Europe__Stockholm,
        note: Some("We make heat pumps and want to sell them in Germany."),
    },
    Sample {
        event_type: "first-conversation",
        days: 1,
        place: 700,
        name: "Amélie Laurent",
        email: "amelie@laurent.example",
        timezone: Tz::Europe__Paris,
        note: None,
    },
    Sample {
        event_type: "first-conversation",
        days: 2,
        place: 400,
        name: "Tom O'Brien",
        email: "tom@harbour.example",
        timezone: Tz::Europe__Dublin,
        note: None,
    },
    Sample {
        event_type: "first-conversation",
        days: 5,
        place: 300,
        name: "Renata Souza",
        email: "renata@vale.example",
        timezone: Tz::America__Sao_Paulo,
        note: None,
    },
    Sample {
        event_type: "quick-call",
        days: 1,
        place: 500,
        name: "Hannah Weiss",
        email: "hannah@weiss.example",
        timezone: Tz::Europe__Vienna,
        note: Some("Please call +43 1 5550 100."),
    },
    Sample {
        event_type: "strategy-session",
        days: 3,
        place: 500,
        name: "Ibrahim Yilmaz",
        email: "ibrahim@anadolu.example",
        timezone: Tz::Europe__Istanbul,
        note: Some("Should we build or buy?"),
    },
    Sample {
        event_type: "project-kickoff",
        days: 4,
        place: 300,
        name: "Grace Kimani",
        email: "grace@savanna.example",
        timezone: Tz::Africa__Nairobi,
        note: None,
    },
    Sample {
        event_type: "market-entry-workshop",
        days: 1,
        place: 0,
        name: "Oliver Smith",
        email: "oliver@smith.example",
        timezone: Tz::Australia__Sydney,
        note: None,
    },
    Sample {
        event_type: "market-entry-workshop",
        days: 1,
        place: 0,
        name: "Nadia Petrova",
        email: "nadia@petrova.example",
        timezone: Tz::Europe__Sofia,
        note: None,
    },
    Sample {
        event_type: "quarterly-review",
        days: 6,
        place: 250,
        name: "Jonas Bergström",
        email: "jonas@fjordworks.example",
        timezone: Tz::Europe__Stockholm,
        note: None,
    },
];

async fn bookings(
    scheduling: &Scheduling,
    workspace: &Slug,
    now: DateTime<Utc>,
) -> Result<(), DemoError> {
    for sample in BOOKINGS {
        let event_type: Slug = sample.event_type.parse()?;
        let from = now + TimeDelta::days(sample.days);
        let found = scheduling
            .find_slots(&FindSlots::new(
                workspace.clone(),
                event_type.clone(),
                from,
                from + TimeDelta::days(10),
            ))
            .await?;
        let Some(first) = found.slots.iter().next() else {
            continue;
        };
        let day: Vec<DateTime<Utc>> = found
            .slots
            .iter()
            .map(|slot| slot.start)
            .take_while(|start| *start < first.start + TimeDelta::hours(12))
            .collect();
        let start = day[(day.len() - 1) * sample.place / 1000];
        let invitee = InviteeDetails {
            name: sample.name.parse()?,
            email: sample.email.parse()?,
            timezone: sample.timezone,
        };
        let mut command = BookSlot {
            note: sample.note.map(str::parse).transpose()?,
            ..BookSlot::new(workspace.clone(), event_type, start, invitee)
        };
        if matches!(found.event_type.locations.first(), Location::HostCalls) {
            command.location.phone = Some("+49 30 5550 4821".parse()?);
        }
        for question in found
            .event_type
            .form
            .questions
            .iter()
            .filter(|q| q.required)
        {
            let answer = RawAnswer::Text("Whether we hire before the new line runs".to_owned());
            command.answers.insert(question.key.to_string(), answer);
        }
        scheduling.book(&command).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use scheduling_accounts::AccountsBuilder;
    use scheduling_accounts::password::HashCost;
    use scheduling_accounts::settings::AccountSettings;
    use scheduling_app::SchedulingBuilder;
    use scheduling_core::ports::{BookingFilter, BookingPage, Direction};
    use scheduling_mail::{Folder, MailNotifier, MailOptions, MailSender};
    use scheduling_persistence::{ConnectOptions, SeaOrmStorage};
    use scheduling_testkit::builders::instant;
    use scheduling_testkit::{ManualClock, PlainSealer, SequenceIds, SequenceSecrets, TestLinks};

    use super::*;
    use crate::{Parts, Readiness};

    struct Ready;

    #[async_trait]
    impl Readiness for Ready {
        async fn check(&self) -> Result<(), String> {
            Ok(())
        }
    }

    /// The links, and the start and hosts of every booking of a demo that begins at an instant.
    async fn begun(now: DateTime<Utc>) -> (Vec<Link>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/demo.db", folder.path().display());
        let storage = SeaOrmStorage::connect(&url, &ConnectOptions::default())
            .await
            .unwrap();
        storage.migrate().await.unwrap();
        let storage = Arc::new(storage);
        let clock = ManualClock::at(now);
        let ids = Arc::new(SequenceIds::new());
        let secrets = Arc::new(SequenceSecrets::new());
        let scheduling = SchedulingBuilder {
            storage: storage.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            links: Arc::new(TestLinks),
        };
        let mut settings = AccountSettings::default();
        settings.hashing.cost = HashCost::new(64, 1, 1).unwrap();
        let accounts = AccountsBuilder {
            storage: storage.clone(),
            clock: Arc::new(clock.clone()),
            ids: ids.clone(),
            secrets: secrets.clone(),
            sealer: Arc::new(PlainSealer),
            settings,
        };
        let sender = MailSender {
            name: None,
            address: "demo@northwind.example".parse().unwrap(),
        };
        let mails = Arc::new(Folder::new(folder.path().join("mails")));
        let options = MailOptions::for_sender(&sender);
        let kalends = Kalends::new(Parts {
            scheduling: scheduling.build(),
            accounts: accounts.build(),
            wording: Arc::new(MailNotifier::new(mails, sender, options).unwrap()),
            clock: Arc::new(clock),
            ids,
            secrets,
            readiness: Arc::new(Ready),
            public_url: "http://localhost:8000/".parse().unwrap(),
            domain: "localhost".to_owned(),
        })
        .unwrap();
        let links = seed(&kalends, &*storage).await.unwrap();
        assert_eq!(
            seed(&kalends, &*storage).await.unwrap(),
            links,
            "a second start"
        );
        let mut read = storage.begin_read().await.unwrap();
        let slug = "northwind".parse().unwrap();
        let workspace = read.directory().workspace_by_slug(&slug).await.unwrap();
        let page = BookingPage {
            direction: Direction::Ascending,
            after: None,
            limit: 100,
        };
        let bookings = read.bookings();
        let bookings = bookings
            .list(workspace.unwrap().id, &BookingFilter::default(), &page)
            .await;
        let told = bookings.unwrap().found.into_iter().map(|b| {
            let hosts: Vec<_> = b.hosts.iter().map(|h| h.user.to_string()).collect();
            format!("{} {}", b.interval, hosts.join(" "))
        });
        (links, told.collect())
    }

    #[actix_web::test]
    async fn it_can_begin_on_any_day_and_begins_the_same_way_each_time() {
        let mut days = vec![
            instant("2026-12-31T23:30:00Z"),
            instant("2027-03-27T22:00:00Z"),
            instant("2027-10-30T12:00:00Z"),
        ];
        days.extend((0..7).map(|day| instant("2026-11-20T12:00:00Z") + TimeDelta::days(day)));
        for now in days {
            let (links, bookings) = begun(now).await;
            assert_eq!(links.len(), 7, "{now}");
            assert_eq!(bookings.len(), BOOKINGS.len(), "{now}: {bookings:#?}");
            assert_eq!(begun(now).await.1, bookings, "{now}");
        }
    }
}

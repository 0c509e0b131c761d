//! `/b/{token}`: a booking, for whoever has its link.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;
use scheduling_app::bookings::BookingDetails;
use scheduling_app::{ManageToken, Scheduling};
use scheduling_core::booking::{Attendee, AttendeeRole, BookingState, BookingStatus, Party};
use scheduling_core::directory::Person;
use scheduling_core::notification::{BookingFacts, Decision, Contact};
use serde::{Deserialize, Serialize};

use super::calendar::hours_text;
use super::guest::{HourCycle, View};
use super::links::{Paths, instant, with_query};
use super::place::Place;
use super::templates::Page;
use super::wording::{city, clock_time, first_name, headline, short_date};
use super::{PageError, WebState, accept_language, query, security};

/// Up to how many hosts have a line of their own.
const LINES: usize = 3;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Manage {
    status: BookingStatus,
    when: When,
    title: String,
    minutes: i64,
    workspace: String,
    place: Place,
    hosts: Vec<String>,
    invitee: Option<Invitee>,
    guests: Vec<String>,
    note: Option<String>,
    cancelled: Option<Cancelled>,
    lines: Vec<Dayline>,
    add_to_calendar: AddToCalendar,
    cancel: String,
    book_again: String,
}

/// When a meeting is, in one zone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct When {
    pub instant: String,
    pub date: String,
    pub start: String,
    pub end: String,
    pub city: String,
}

impl When {
    pub(super) fn new(
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        zone: Tz,
        cycle: HourCycle,
        now: DateTime<Utc>,
    ) -> Self {
        let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
        Self {
            instant: instant(start.to_utc()),
            date: headline(start.date_naive(), now.with_timezone(&zone).date_naive()),
            start: clock_time(&start, cycle),
            end: clock_time(&end, cycle),
            city: city(zone),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Invitee {
    name: String,
    email: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Cancelled {
    by: Party,
    reason: Option<String>,
}

/// A person's day from midnight to midnight, and where the meeting is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Dayline {
    /// Not given for the invitee's own day.
    name: Option<String>,
    city: String,
    start: String,
    end: String,
    /// The date, when it is another than the invitee's.
    date: Option<String>,
    /// Where the meeting starts and how long it is, in hours.
    x: String,
    width: String,
}

impl Dayline {
    fn new(
        name: Option<String>,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        zone: Tz,
        own_zone: Tz,
        cycle: HourCycle,
    ) -> Self {
        const DAY: u32 = 24 * 60;
        let minutes = |time: NaiveTime| time.hour() * 60 + time.minute();
        let (from, to) = (start.with_timezone(&zone), end.with_timezone(&zone));
        let x = minutes(from.time());
        let length = u32::try_from((end - start).num_minutes()).unwrap_or(DAY);
        let date = from.date_naive();
        Self {
            name,
            city: city(zone),
            start: clock_time(&from, cycle),
            end: clock_time(&to, cycle),
            date: (date != start.with_timezone(&own_zone).date_naive()).then(|| short_date(date)),
            x: hours_text(x),
            // The line ends at midnight; a stroke shorter than a quarter of an hour could not be seen.
            width: hours_text(length.clamp(15, DAY).min(DAY - x).max(15)),
        }
    }
}

/// Links that put the meeting into a calendar.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct AddToCalendar {
    google: String,
    outlook: String,
    office: String,
    yahoo: String,
    ics: String,
}

impl Page for Manage {
    const TEMPLATE: &'static str = "pages/manage.html.j2";
}

/// How the page is asked for: the links it carries, the reader's clock, the time.
struct Setting<'a> {
    paths: &'a Paths,
    token: &'a ManageToken,
    /// The page's own address, for calendars.
    manage_link: String,
    cycle: HourCycle,
    now: DateTime<Utc>,
}

impl Manage {
    fn new(details: &BookingDetails, setting: &Setting<'_>) -> Self {
        let Setting { paths, token, .. } = setting;
        let BookingDetails {
            booking,
            workspace,
            event_type,
            hosts,
        } = details;
        let (start, end) = (booking.interval.start(), booking.interval.end());
        let zone = own_zone(details);
        let invitee = booking.invitee();
        let people = hosts.iter().map(|host| host.name.to_string()).collect();
        Self {
            status: booking.state.status(end, setting.now),
            when: When::new(start, end, zone, setting.cycle, setting.now),
            title: event_type.title.to_string(),
            minutes: booking.interval.length().num_minutes(),
            workspace: workspace.name.to_string(),
            place: Place::booked(&booking.place),
            hosts: people,
            invitee: invitee.map(|invitee| Invitee {
                name: invitee.name.to_string(),
                email: invitee.email.to_string(),
            }),
            guests: booking
                .attendees
                .iter()
                .filter(|attendee| attendee.role == AttendeeRole::Guest)
                .map(|guest| guest.email.to_string())
                .collect(),
            note: booking.note.as_ref().map(ToString::to_string),
            cancelled: match &booking.state {
                BookingState::Cancelled { by, reason, .. } => Some(Cancelled {
                    by: *by,
                    reason: reason.as_ref().map(ToString::to_string),
                }),
                _ => None,
            },
            lines: daylines(start, end, zone, hosts, setting.cycle),
            add_to_calendar: add_to_calendar(details, setting),
            cancel: paths.cancel(token),
            book_again: paths.event(&workspace.slug, &event_type.slug),
        }
    }
}

/// The zone the invitee booked in.
pub(super) fn own_zone(details: &BookingDetails) -> Tz {
    details
        .booking
        .invitee()
        .map_or(details.event_type.rules.timezone, |invitee| {
            invitee.timezone
        })
}

fn daylines(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    zone: Tz,
    hosts: &[Person],
    cycle: HourCycle,
) -> Vec<Dayline> {
    let line = |name, there| Dayline::new(name, start, end, there, zone, cycle);
    let hosts = hosts.iter().take(LINES).map(|host| {
        let name = first_name(host.name.as_str()).to_owned();
        line(Some(name), host.timezone)
    });
    std::iter::once(line(None, zone)).chain(hosts).collect()
}

fn add_to_calendar(details: &BookingDetails, setting: &Setting<'_>) -> AddToCalendar {
    let title = details.event_type.title.as_str();
    let interval = &details.booking.interval;
    let place = Place::booked(&details.booking.place).line();
    let basic = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let (start, end) = (instant(interval.start()), instant(interval.end()));
    let (from, to) = (basic(interval.start()), basic(interval.end()));
    let text = setting.manage_link.as_str();
    let microsoft = |host: &str| {
        with_query(
            &format!("https://{host}/calendar/0/deeplink/compose"),
            [
                ("path", "/calendar/action/compose"),
                ("rru", "addevent"),
                ("subject", title),
                ("startdt", &start),
                ("enddt", &end),
                ("location", &place),
                ("body", text),
            ],
        )
    };
    AddToCalendar {
        google: with_query(
            "https://calendar.google.com/calendar/render",
            [
                ("action", "TEMPLATE"),
                ("text", title),
                ("dates", &format!("{from}/{to}")),
                ("location", &place),
                ("details", text),
            ],
        ),
        outlook: microsoft("outlook.live.com"),
        office: microsoft("outlook.office.com"),
        yahoo: with_query(
            "https://calendar.yahoo.com/",
            [
                ("v", "60"),
                ("title", title),
                ("st", &from),
                ("et", &to),
                ("in_loc", &place),
                ("desc", text),
            ],
        ),
        ics: setting.paths.invite(setting.token),
    }
}

/// What a link to the page can say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Question {
    clock: Option<String>,
}

/// The clock the reader uses.
pub(super) fn cycle(request: &HttpRequest) -> HourCycle {
    let question: Question = query(request);
    View::new(
        None,
        question.clock.as_deref(),
        accept_language(request),
        Tz::UTC,
    )
    .cycle
}

/// The booking that a link's token opens.
pub(super) async fn open(
    app: &Scheduling,
    token: &str,
) -> Result<(ManageToken, BookingDetails), PageError> {
    let token: ManageToken = token.parse().map_err(|_malformed| PageError::NOT_FOUND)?;
    let details = app.booking(&token).await?.ok_or(PageError::NOT_FOUND)?;
    Ok((token, details))
}

/// Shows the booking.
pub(super) async fn show(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    token: web::Path<String>,
    request: HttpRequest,
) -> HttpResponse {
    let page = async {
        let (token, details) = open(&app, &token).await?;
        let setting = Setting {
            paths: state.paths(),
            token: &token,
            manage_link: state.absolute(&state.paths().manage(&token)),
            cycle: cycle(&request),
            now: state.now(),
        };
        state.private_page(StatusCode::OK, &Manage::new(&details, &setting))
    };
    state.answer(page.await)
}

/// The meeting as a file that calendars read.
pub(super) async fn invite(
    app: web::Data<Scheduling>,
    state: web::Data<WebState>,
    token: web::Path<String>,
) -> HttpResponse {
    let file = async {
        let (token, details) = open(&app, &token).await?;
        let facts = facts(details).ok_or(PageError::NOT_FOUND)?;
        let link = state.absolute(&state.paths().manage(&token));
        let calendar = scheduling_mail::calendar_file(&facts, &state.inner.domain, Some(&link));
        Ok(HttpResponse::Ok()
            .content_type("text/calendar; charset=utf-8")
            .insert_header((
                header::CONTENT_DISPOSITION,
                "attachment; filename=\"invite.ics\"",
            ))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::REFERRER_POLICY, security::REFERRER_POLICY))
            .body(calendar))
    };
    state.answer(file.await)
}

/// The booking as invitations tell it; `None` for one without an invitee or a host, which cannot be invited to.
fn facts(details: BookingDetails) -> Option<BookingFacts> {
    let BookingDetails {
        booking,
        workspace,
        event_type,
        hosts,
    } = details;
    let contact = |attendee: &Attendee| Contact {
        name: attendee.name.clone(),
        email: attendee.email.clone(),
        timezone: attendee.timezone,
    };
    let invitee = contact(booking.invitee()?);
    let guests = booking
        .attendees
        .iter()
        .filter(|attendee| attendee.role == AttendeeRole::Guest)
        .map(contact)
        .collect();
    if hosts.is_empty() {
        return None;
    }
    Some(BookingFacts {
        id: booking.id,
        sequence: booking.sequence,
        title: event_type.title,
        workspace: workspace.name,
        interval: booking.interval,
        place: booking.place,
        assignment: event_type.hosting.kind(),
        hosts: hosts
            .into_iter()
            .map(|host| Contact {
                name: host.name,
                email: host.email,
                timezone: host.timezone,
            })
            .collect(),
        invitee,
        guests,
        note: booking.note,
        answers: booking.answers,
        confirmation_message: event_type.appearance.confirmation_message,
        waits_until: None,
        is_ahead: booking.state.takes_time(),
        previous: None,
        decision: match booking.state {
            BookingState::Cancelled { by, reason, .. } => Some(Decision { by, reason }),
            _ => None,
        },
        changed_at: booking.updated_at,
    })
}

#[cfg(test)]
impl Manage {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        use super::sample;
        use scheduling_core::booking::PendingReason;

        let paths = Paths::new("");
        let token = sample::token();
        let setting = Setting {
            paths: &paths,
            token: &token,
            manage_link: format!("https://book.example.org/b/{token}"),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let booked = || {
            sample::booking(
                &sample::single(),
                Tz::Europe__Lisbon,
                "2026-11-24T14:00:00Z",
            )
        };
        let with = |state| {
            let mut details = booked();
            details.booking.state = state;
            Self::new(&details, &setting)
        };
        let now = sample::now();
        let mut hostile = sample::booking(
            &sample::hostile(),
            Tz::Pacific__Niue,
            "2026-11-24T10:45:00Z",
        );
        hostile.booking.note = sample::HOSTILE.parse().ok();
        vec![
            ("confirmed", Self::new(&booked(), &setting)),
            (
                "team",
                Self::new(
                    &sample::booking(&sample::rotating(), Tz::Asia__Tokyo, "2026-11-24T14:30:00Z"),
                    &setting,
                ),
            ),
            ("cancelled", with(sample::cancelled(Party::Invitee))),
            ("cancelled-by-host", with(sample::cancelled(Party::Host))),
            (
                "cancelled-by-system",
                with(sample::cancelled(Party::System)),
            ),
            (
                "pending",
                with(BookingState::Pending {
                    waiting_for: [PendingReason::Approval].into(),
                    expires_at: None,
                }),
            ),
            (
                "declined",
                with(BookingState::Declined {
                    declined_at: now,
                    reason: None,
                }),
            ),
            ("expired", with(BookingState::Expired { expired_at: now })),
            ("no-show", with(BookingState::NoShow { marked_at: now })),
            (
                "over",
                Self::new(
                    &sample::booking(
                        &sample::single(),
                        Tz::Europe__Lisbon,
                        "2026-11-19T14:00:00Z",
                    ),
                    &setting,
                ),
            ),
            ("hostile", Self::new(&hostile, &setting)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn line(start: &str, minutes: i64, zone: Tz, own: Tz) -> Dayline {
        let start = sample::at(start);
        let end = start + chrono::TimeDelta::minutes(minutes);
        Dayline::new(None, start, end, zone, own, HourCycle::H24)
    }

    #[test]
    fn a_day_line_stands_in_its_own_zone_and_ends_at_midnight() {
        let (lisbon, berlin, tokyo) = (Tz::Europe__Lisbon, Tz::Europe__Berlin, Tz::Asia__Tokyo);
        let here = line("2026-11-24T14:00:00Z", 30, berlin, lisbon);
        assert_eq!((here.x.as_str(), here.width.as_str()), ("15", "0.5"));
        assert_eq!(
            (here.start.as_str(), here.end.as_str(), here.date),
            ("15:00", "15:30", None)
        );
        let far = line("2026-11-24T15:30:00Z", 30, tokyo, lisbon);
        assert_eq!(
            (far.x.as_str(), far.date.as_deref()),
            ("0.5", Some("Wed 25 Nov"))
        );
        let late = line("2026-11-24T23:00:00Z", 120, lisbon, lisbon);
        assert_eq!(
            (late.x.as_str(), late.width.as_str(), late.end.as_str()),
            ("23", "1", "01:00")
        );
    }

    #[test]
    fn calendars_get_the_meeting_in_their_own_words() {
        let details = sample::booking(
            &sample::single(),
            Tz::Europe__Lisbon,
            "2026-11-24T14:00:00Z",
        );
        let token = sample::token();
        let setting = Setting {
            paths: &Paths::new("/meet"),
            token: &token,
            manage_link: "https://example.org/meet/b/x".to_owned(),
            cycle: HourCycle::H24,
            now: sample::now(),
        };
        let links = add_to_calendar(&details, &setting);
        assert!(
            links
                .google
                .contains("dates=20261124T140000Z%2F20261124T143000Z"),
            "{}",
            links.google
        );
        assert!(links.google.contains("text=First+conversation"));
        assert!(
            links.outlook.contains("startdt=2026-11-24T14%3A00%3A00Z"),
            "{}",
            links.outlook
        );
        assert!(
            links
                .office
                .starts_with("https://outlook.office.com/calendar/0/deeplink/compose?")
        );
        assert!(
            links
                .yahoo
                .contains("st=20261124T140000Z&et=20261124T143000Z")
        );
        assert_eq!(links.ics, format!("/meet/b/{token}/invite.ics"));
    }

    #[test]
    fn the_file_for_calendars_tells_who_comes_and_what_was_called_off() {
        let mut details = sample::booking(
            &sample::single(),
            Tz::Europe__Lisbon,
            "2026-11-24T14:00:00Z",
        );
        let told = facts(details.clone()).unwrap();
        assert_eq!(told.invitee.email.as_str(), "elena@halden-mills.example");
        assert_eq!((told.hosts.len(), told.guests.len()), (1, 1));
        assert_eq!(told.cancelled, None);
        details.booking.state = sample::cancelled(Party::Host);
        let told = facts(details.clone()).unwrap();
        assert_eq!(told.cancelled.map(|c| c.by), Some(Party::Host));
        details.hosts.clear();
        assert!(facts(details).is_none());
    }
}

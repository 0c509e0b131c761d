//! `/home`: what waits for the one who is signed in, what is next, and where else he is signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use scheduling_accounts::ids::SessionId;
use scheduling_accounts::password::SHORTEST;
use scheduling_accounts::password_change::ChangePasswordError;
use scheduling_accounts::sessions::{Session, SessionError};
use scheduling_accounts::{Membership, Principal};
use scheduling_app::actor::Actor;
use scheduling_app::bookings::{BookingList, ListBookings, PageStart, ReadError};
use scheduling_core::booking::{Booking, BookingStatus};
use scheduling_core::directory::Person;
use scheduling_core::ports::{BookingFilter, Direction};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::password::said;
use super::signed_in;
use crate::Kalends;
use crate::http::client;
use crate::web::guest::HourCycle;
use crate::web::manage::{When, cycle};
use crate::web::templates::Page;
use crate::web::{PageError, WebState, see_other};

/// How many bookings of a workspace are listed.
const LISTED: u32 = 20;

/// The page's context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::web) struct Home {
    name: String,
    email: String,
    workspaces: Vec<WorkspaceBookings>,
    sessions: Vec<SessionLine>,
    password: PasswordForm,
    shortest: usize,
    sign_out: String,
    change_password: String,
    end_sessions: String,
}

impl Page for Home {
    const TEMPLATE: &'static str = "pages/home.html.j2";
}

/// One workspace with the reader's bookings in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct WorkspaceBookings {
    name: String,
    page: String,
    role: String,
    /// Those that wait for an answer.
    waiting: Vec<Line>,
    /// Those that take place.
    next: Vec<Line>,
    /// Whether there are more than are listed.
    more: bool,
}

/// A booking on a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    href: String,
    when: When,
    title: String,
    invitee: String,
}

/// A session on a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct SessionLine {
    id: String,
    is_this: bool,
    program: String,
    ip: Option<String>,
    last_seen: String,
}

/// How changing the password stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct PasswordForm {
    changed: bool,
    present: Option<String>,
    new: Option<String>,
}

/// Shows it to whoever is signed in; others sign in first.
pub(super) async fn show(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
) -> HttpResponse {
    let response = async {
        match signed_in(&kalends, &request).await? {
            Some(reader) => {
                let form = PasswordForm::default();
                page(&kalends, &state, &request, &reader, StatusCode::OK, form).await
            }
            None => Ok(to_sign_in(&state)),
        }
    };
    state.answer(response.await)
}

/// Leads home. A form's address that is asked for does nothing.
pub(super) async fn back(state: web::Data<WebState>) -> HttpResponse {
    see_other(&state.paths().home())
}

fn to_sign_in(state: &WebState) -> HttpResponse {
    see_other(&state.paths().sign_in_and_go_on(&state.paths().home()))
}

/// What the form for a new password sends.
#[derive(Deserialize)]
pub(super) struct PasswordChange {
    #[serde(default)]
    present: String,
    #[serde(default)]
    new: String,
}

/// Changes the password, and signs out everywhere else.
pub(super) async fn change_password(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: Result<web::Form<PasswordChange>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        let PasswordChange { present, new } = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let Some(reader) = signed_in(&kalends, &request).await? else {
            return Ok(to_sign_in(&state));
        };
        let (present, new) = (SecretString::from(present), SecretString::from(new));
        let ip = client::address(&request, &kalends.trusted_proxies);
        let changed = kalends
            .accounts
            .change_password(&reader, &present, &new, ip)
            .await;
        let mut form = PasswordForm::default();
        let status = match changed {
            Ok(()) => {
                form.changed = true;
                kalends.scheduling.wake_worker();
                StatusCode::OK
            }
            Err(ChangePasswordError::WrongPassword) => {
                form.present = Some("That is not your present password".to_owned());
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Err(ChangePasswordError::TooMany { retry_after }) => {
                let minutes = retry_after.as_secs().max(1).div_ceil(60);
                form.present = Some(format!(
                    "There were too many tries. The next one is possible in {minutes} min"
                ));
                StatusCode::TOO_MANY_REQUESTS
            }
            Err(ChangePasswordError::Password(refused)) => {
                form.new = Some(said(refused));
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Err(ChangePasswordError::Access(_)) => return Ok(to_sign_in(&state)),
            Err(ChangePasswordError::Storage(error)) => return Err(error.into()),
        };
        page(&kalends, &state, &request, &reader, status, form).await
    };
    state.answer(response.await)
}

/// Which sessions end: one, or all but this one.
#[derive(Deserialize)]
pub(super) struct EndSessions {
    #[serde(default)]
    session: String,
}

/// Ends sessions.
pub(super) async fn end_sessions(
    kalends: web::Data<Kalends>,
    state: web::Data<WebState>,
    request: HttpRequest,
    form: Result<web::Form<EndSessions>, actix_web::Error>,
) -> HttpResponse {
    let response = async {
        state.require_own_form(&request)?;
        let EndSessions { session } = form
            .map_err(|_unreadable| PageError::Malformed)?
            .into_inner();
        let Some(reader) = signed_in(&kalends, &request).await? else {
            return Ok(to_sign_in(&state));
        };
        let ended = if session == "others" {
            let ended = kalends.accounts.revoke_other_sessions(&reader).await;
            ended.map(|_count| ())
        } else {
            let id: SessionId = session.parse().map_err(|_malformed| PageError::Malformed)?;
            kalends.accounts.revoke_session(&reader, id).await
        };
        match ended {
            // One that is gone already is as it should be.
            Ok(()) | Err(SessionError::NotFound) => Ok(see_other(&state.paths().home())),
            Err(SessionError::Access(_)) => Ok(to_sign_in(&state)),
            Err(SessionError::Storage(error)) => Err(error.into()),
        }
    };
    state.answer(response.await)
}

async fn page(
    kalends: &Kalends,
    state: &WebState,
    request: &HttpRequest,
    reader: &Principal,
    status: StatusCode,
    password: PasswordForm,
) -> Result<HttpResponse, PageError> {
    let person = kalends.scheduling.person(reader.user).await?;
    let person = person.ok_or(PageError::NOT_FOUND)?;
    let (now, cycle) = (state.now(), cycle(request));
    let mut workspaces = Vec::new();
    for membership in kalends.accounts.memberships(reader).await? {
        let list = bookings(kalends, reader, &membership).await?;
        workspaces.push(WorkspaceBookings::new(
            state,
            &person,
            &membership,
            &list,
            cycle,
            now,
        ));
    }
    let sessions = match kalends.accounts.sessions(reader).await {
        Ok(sessions) => sessions,
        Err(SessionError::Storage(error)) => return Err(error.into()),
        Err(_not_his) => Vec::new(),
    };
    let home = Home {
        name: person.name.to_string(),
        email: person.email.to_string(),
        workspaces,
        sessions: sessions
            .iter()
            .map(|session| SessionLine::new(session, reader, person.timezone))
            .collect(),
        password,
        shortest: SHORTEST,
        sign_out: state.paths().sign_out(),
        change_password: format!("{}/password", state.paths().home()),
        end_sessions: format!("{}/sessions", state.paths().home()),
    };
    state.private_page(status, &home)
}

/// What the reader himself hosts and is still ahead.
async fn bookings(
    kalends: &Kalends,
    reader: &Principal,
    membership: &Membership,
) -> Result<BookingList, PageError> {
    let actor = Actor::Member {
        workspace: membership.workspace.id,
        user: reader.user,
        role: membership.role,
    };
    let list = ListBookings {
        filter: BookingFilter {
            status: vec![BookingStatus::Pending, BookingStatus::Confirmed],
            host: Some(reader.user),
            ..BookingFilter::default()
        },
        sort: Direction::Ascending,
        start: PageStart::First,
        limit: LISTED,
    };
    match kalends.scheduling.bookings(&actor, &list).await {
        Ok(list) => Ok(list),
        Err(ReadError::Storage(error)) => Err(error.into()),
        Err(ReadError::NotFound | ReadError::Over) => Err(PageError::NOT_FOUND),
    }
}

impl WorkspaceBookings {
    fn new(
        state: &WebState,
        person: &Person,
        membership: &Membership,
        list: &BookingList,
        cycle: HourCycle,
        now: DateTime<Utc>,
    ) -> Self {
        let line = |booking: &Booking| Line {
            href: state.paths().member_booking(booking.id),
            when: When::new(
                booking.interval.start(),
                booking.interval.end(),
                person.timezone,
                cycle,
                now,
            ),
            title: list
                .event_types
                .get(&booking.event_type)
                .map_or_else(String::new, |event_type| event_type.title.to_string()),
            invitee: booking
                .invitee()
                .map_or_else(String::new, |invitee| invitee.name.to_string()),
        };
        let lines = |wanted: BookingStatus| {
            list.bookings
                .iter()
                .filter(|booking| booking.state.name() == wanted)
                .map(line)
                .collect()
        };
        Self {
            name: membership.workspace.name.to_string(),
            page: state.paths().landing(&membership.workspace.slug),
            role: membership.role.to_string(),
            waiting: lines(BookingStatus::Pending),
            next: lines(BookingStatus::Confirmed),
            more: list.next.is_some(),
        }
    }
}

impl SessionLine {
    fn new(session: &Session, reader: &Principal, zone: Tz) -> Self {
        Self {
            id: session.id.to_string(),
            is_this: reader.session() == Some(session.id),
            program: program(session.user_agent.as_deref()),
            ip: session.ip.map(|ip| ip.to_string()),
            last_seen: session
                .last_seen_at
                .with_timezone(&zone)
                .format("%Y-%m-%d %H:%M")
                .to_string(),
        }
    }
}

/// What a browser calls itself, in a word that its owner knows; all of them claim to be all others, so the order counts.
fn program(user_agent: Option<&str>) -> String {
    let Some(text) = user_agent else {
        return "A program without a name".to_owned();
    };
    let browser = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let system = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let named = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(mark, _)| text.contains(mark))
            .map(|(_, name)| *name)
    };
    match (named(&browser), named(&system)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => text.chars().take(60).collect(),
    }
}

#[cfg(test)]
impl Home {
    pub(in crate::web) fn samples() -> Vec<(&'static str, Self)> {
        use crate::web::sample;

        let line = |title: &str, invitee: &str| Line {
            href: "/bookings/bk_1".to_owned(),
            when: When::new(
                "2026-11-24T14:00:00Z".parse().unwrap(),
                "2026-11-24T14:30:00Z".parse().unwrap(),
                Tz::Europe__Berlin,
                HourCycle::H24,
                sample::now(),
            ),
            title: title.to_owned(),
            invitee: invitee.to_owned(),
        };
        let make = |workspaces, password| Self {
            name: "Mara Lindqvist".to_owned(),
            email: "mara@northwind.example".to_owned(),
            workspaces,
            sessions: vec![SessionLine {
                id: "0190".to_owned(),
                is_this: true,
                program: program(Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0")),
                ip: Some("192.0.2.7".to_owned()),
                last_seen: "2026-11-20 11:16".to_owned(),
            }],
            password,
            shortest: SHORTEST,
            sign_out: "/sign-out".to_owned(),
            change_password: "/home/password".to_owned(),
            end_sessions: "/home/sessions".to_owned(),
        };
        let workspace = |name: &str, waiting, next| WorkspaceBookings {
            name: name.to_owned(),
            page: "/book/northwind".to_owned(),
            role: "owner".to_owned(),
            waiting,
            next,
            more: false,
        };
        let northwind = workspace(
            "Northwind Advisory",
            vec![line("Data review", "Noor Sixsmith")],
            vec![line("First conversation", "Elena Vaszary")],
        );
        let hostile = workspace(
            sample::HOSTILE,
            vec![line(sample::HOSTILE, sample::HOSTILE)],
            Vec::new(),
        );
        vec![
            (
                "busy",
                make(vec![northwind.clone()], PasswordForm::default()),
            ),
            (
                "hostile-two",
                make(
                    vec![northwind, hostile],
                    PasswordForm {
                        present: Some("That is not your present password".to_owned()),
                        new: Some("The password must have at least 12 characters".to_owned()),
                        ..PasswordForm::default()
                    },
                ),
            ),
            (
                "nothing",
                make(
                    Vec::new(),
                    PasswordForm {
                        changed: true,
                        ..PasswordForm::default()
                    },
                ),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_its_owner_knows_it() {
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";
        assert_eq!(program(Some(chrome)), "Chrome on Windows");
        assert_eq!(
            program(Some(&format!("{chrome} Edg/142.0"))),
            "Edge on Windows"
        );
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1";
        assert_eq!(program(Some(phone)), "Safari on iPhone");
        assert_eq!(program(Some("curl/8.5")), "curl/8.5");
        assert_eq!(program(Some(&"x".repeat(500))).len(), 60);
        assert_eq!(program(None), "A program without a name");
    }
}

//! Time off.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use chrono::{NaiveDate, NaiveDateTime};
use scheduling_app::time_off::{AddTimeOff, ListTimeOff, TimeOffSettings, UpdateTimeOff};
use scheduling_core::ids::{EventTypeId, TimeOffId, UserId};
use scheduling_core::time_off::{TimeOff, TimeOffError, TimeOffPeriod, TimeOffScope, TimeOffSpan};
use serde::Serialize;
use utoipa::ToSchema;

use super::changes;
use crate::Kalends;
use crate::http::conditions::{self, Expected};
use crate::http::fields::{self, Errors, Fields, Query};
use crate::http::ids::WireId as _;
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::page::{Page, Paging};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::list::PageOf;
use crate::rest::v1::refusals;

/// What can be decided about time off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimeOffSettings)]
pub(super) struct SettingsView {
    /// Whose time it takes: a member's id, an event type's id, `me`, or `workspace` for everybody's.
    #[schema(example = "me")]
    of: String,
    /// What it is.
    #[schema(example = "Christmas", max_length = 120)]
    title: Option<String>,
    /// Whether guests may read what it is. No, unless it is said.
    #[schema(required = false)]
    visible: bool,
    /// The zone its wall times are read in.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// When it begins: a date for whole days, or a local time.
    #[schema(example = "2026-12-24")]
    from: String,
    /// The last date for whole days, or the local time when it is over.
    #[schema(example = "2026-12-26")]
    to: String,
    /// How it comes again, as RFC 5545 has it.
    #[schema(example = "FREQ=YEARLY")]
    rrule: Option<String>,
}

impl SettingsView {
    fn of(time_off: &TimeOff) -> Self {
        let local = |time: NaiveDateTime| time.format("%Y-%m-%dT%H:%M:%S").to_string();
        let (from, to) = match time_off.period.span() {
            TimeOffSpan::Days { from, to } => (from.to_string(), to.to_string()),
            TimeOffSpan::Hours { from, to } => (local(from), local(to)),
        };
        Self {
            of: scope_text(time_off.scope),
            title: time_off.title.as_ref().map(ToString::to_string),
            visible: time_off.visible,
            timezone: time_off.period.timezone().name().to_owned(),
            from,
            to,
            rrule: time_off.period.recurrence().map(ToString::to_string),
        }
    }
}

fn scope_text(scope: TimeOffScope) -> String {
    match scope {
        TimeOffScope::Workspace => "workspace".to_owned(),
        TimeOffScope::Person(id) => id.wire(),
        TimeOffScope::EventType(id) => id.wire(),
    }
}

/// Time off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimeOff)]
pub(super) struct TimeOffView {
    #[schema(example = "to_0190b0c47d5e70008000000000000001")]
    id: String,
    /// Grows with every change; also the `ETag`.
    version: u32,
    #[serde(flatten)]
    settings: SettingsView,
    created_at: String,
}

impl TimeOffView {
    fn of(time_off: &TimeOff) -> Self {
        Self {
            id: time_off.id.wire(),
            version: time_off.version,
            settings: SettingsView::of(time_off),
            created_at: in_zone(time_off.created_at, chrono_tz::UTC),
        }
    }

    fn respond(time_off: &TimeOff) -> HttpResponse {
        let view = Self::of(time_off);
        conditions::versioned(HttpResponse::Ok(), view.version, &view)
    }
}

fn scope(pointer: &str, text: &str, member: &Member, errors: &mut Errors) -> Option<TimeOffScope> {
    let scope = match text {
        "workspace" => Some(TimeOffScope::Workspace),
        "me" => Some(TimeOffScope::Person(member.principal.user)),
        text => UserId::of_wire(text)
            .map(TimeOffScope::Person)
            .or_else(|| EventTypeId::of_wire(text).map(TimeOffScope::EventType)),
    };
    if scope.is_none() {
        errors.add(
            pointer,
            "unknown_value",
            "must be workspace, me, or the id of a member or an event type",
        );
    }
    scope
}

/// One end of a span.
#[derive(Clone, Copy)]
enum End {
    Day(NaiveDate),
    Time(NaiveDateTime),
}

fn end(name: &str, fields: &mut Fields, errors: &mut Errors) -> Option<End> {
    let at = fields.at(name);
    let text = fields.required_text(name, errors)?;
    match GivenTime::parse(&text) {
        Some(GivenTime::Date(date)) => Some(End::Day(date)),
        Some(GivenTime::Local(time)) => Some(End::Time(time)),
        Some(GivenTime::Instant(_)) | None => {
            let detail =
                "must be a date such as 2026-12-24, or a local time such as 2026-12-24T12:00";
            errors.add(at, "not_a_local_time", detail);
            None
        }
    }
}

fn read(mut fields: Fields, member: &Member, errors: &mut Errors) -> Option<TimeOffSettings> {
    fields.ignore(&["id", "version", "created_at"]);
    let of = fields.required_text("of", errors);
    let of = of.and_then(|text| scope("/of", &text, member, errors));
    let title = fields.optional("title", errors);
    let visible = fields.flag("visible", false, errors);
    let timezone = fields
        .need("timezone", errors)
        .and_then(|item| item.zone(errors));
    let from = end("from", &mut fields, errors);
    let to = end("to", &mut fields, errors);
    let has_rule = fields.has("rrule");
    let rule = fields.optional("rrule", errors);
    fields.finish(errors);
    if has_rule && rule.is_none() {
        return None;
    }
    let span = match (from?, to?) {
        (End::Day(from), End::Day(to)) => TimeOffSpan::Days { from, to },
        (End::Time(from), End::Time(to)) => TimeOffSpan::Hours { from, to },
        _ => {
            errors.add(
                "/to",
                "conflict",
                "must be a date where from is one, and a time where from is one",
            );
            return None;
        }
    };
    let period = match TimeOffPeriod::new(timezone?, span, rule) {
        Ok(period) => period,
        Err(error) => {
            let (pointer, code) = match error {
                TimeOffError::EndsBeforeItStarts => ("/to", "before_from"),
                TimeOffError::TooLong { .. } => ("/to", "too_long"),
                TimeOffError::OutOfRange => ("/from", "out_of_range"),
                TimeOffError::Never => ("/rrule", "never"),
                TimeOffError::Recurrence(_) => ("/rrule", "not_a_recurrence_rule"),
            };
            errors.add(pointer, code, error.to_string());
            return None;
        }
    };
    Some(TimeOffSettings {
        scope: of?,
        title,
        visible,
        period,
    })
}

async fn find(kalends: &Kalends, member: &Member, text: &str) -> Result<TimeOff, Problem> {
    let id = TimeOffId::of_wire(text).ok_or_else(|| Problem::not_found("time off"))?;
    let found = kalends.scheduling.time_off(&member.actor(), id).await;
    found.map_err(|error| refusals::not_managed(error, "time off"))
}

/// List time off
///
/// One's own, the workspace's and the event types'; everybody's for owners and admins.
#[utoipa::path(
    tag = "hours",
    operation_id = "list_time_off",
    params(("of" = Option<String>, Query, description = "Only that of a member, an event type, `me` or `workspace`")),
    responses(
        (status = 200, body = PageOf<TimeOffView>),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[get("/workspaces/{workspace}/time-off")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let paging = Paging::of(&mut query, false, &mut errors);
    let of = query
        .take("of", &mut errors)
        .and_then(|text| scope("/query/of", &text, &member, &mut errors));
    query.finish(&mut errors);
    errors.check()?;
    let asked = ListTimeOff { scope: of };
    let (actor, workspace) = (member.actor(), member.workspace());
    let found = kalends
        .scheduling
        .list_time_off(&actor, workspace, &asked)
        .await;
    let found = found.map_err(|error| refusals::not_managed(error, "workspace"))?;
    let page = Page::of_all(found, &paging, |time_off| time_off.id.as_uuid());
    Ok(page.respond(&request, |time_off| TimeOffView::of(&time_off)))
}

/// Enter time off
///
/// Bookings that lie in it stay.
#[utoipa::path(
    tag = "hours",
    operation_id = "create_time_off",
    request_body = SettingsView,
    responses(
        (status = 201, body = TimeOffView, headers(("Location" = String, description = "The time off"))),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[post("/workspaces/{workspace}/time-off")]
pub(super) async fn create(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let fields = Fields::new("", fields::object(&request, &body)?);
    let settings = read(fields, &member, &mut errors);
    let idempotency = changes::idempotent(&request, &member, &body, &mut errors);
    errors.check_ref()?;
    let command = AddTimeOff {
        workspace: member.workspace(),
        settings: settings.ok_or_else(|| errors.into_problem())?,
        idempotency,
    };
    let created = kalends
        .scheduling
        .add_time_off(&member.actor(), &command)
        .await;
    let created = created.map_err(|error| refusals::not_managed(error, "time off"))?;
    if !created.replayed {
        changes::note(&kalends, &member, "time_off.created", created.made.id).await;
    }
    let view = TimeOffView::of(&created.made);
    let location = format!(
        "/api/v1/workspaces/{}/time-off/{}",
        member.workspace().wire(),
        view.id
    );
    Ok(v1::created(
        location,
        Some(view.version),
        created.replayed,
        &view,
    ))
}

/// Read time off
#[utoipa::path(
    tag = "hours",
    operation_id = "get_time_off",
    responses((status = 200, body = TimeOffView, headers(("ETag" = String, description = "The version"))))
)]
#[get("/workspaces/{workspace}/time-off/{time_off}")]
pub(super) async fn get(
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    Ok(TimeOffView::respond(
        &find(&kalends, &member, &path.1).await?,
    ))
}

/// Replace time off
#[utoipa::path(
    tag = "hours",
    operation_id = "replace_time_off",
    request_body = SettingsView,
    responses(
        (status = 200, body = TimeOffView),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[put("/workspaces/{workspace}/time-off/{time_off}")]
pub(super) async fn replace(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let fields = Fields::new("", fields::object(&request, &body)?);
    let found = find(&kalends, &member, &path.1).await?;
    store(&kalends, &member, &found, &expected, fields).await
}

/// Change time off
#[utoipa::path(
    tag = "hours",
    operation_id = "update_time_off",
    request_body = SettingsView,
    responses(
        (status = 200, body = TimeOffView),
        (status = 403, description = "`insufficient-role`"),
        (status = 422, description = "`invalid-timezone`"),
    )
)]
#[patch("/workspaces/{workspace}/time-off/{time_off}")]
pub(super) async fn update(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let expected = Expected::required(request.headers())?;
    let change = fields::object(&request, &body)?;
    let found = find(&kalends, &member, &path.1).await?;
    let fields = changes::patched(&SettingsView::of(&found), change)?;
    store(&kalends, &member, &found, &expected, fields).await
}

async fn store(
    kalends: &Kalends,
    member: &Member,
    found: &TimeOff,
    expected: &Expected,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let settings = read(fields, member, &mut errors);
    errors.check_ref()?;
    let command = UpdateTimeOff {
        id: found.id,
        settings: settings.ok_or_else(|| errors.into_problem())?,
        expected: changes::unchanged(expected, found.version)?,
    };
    let updated = kalends
        .scheduling
        .update_time_off(&member.actor(), &command)
        .await;
    let updated = updated.map_err(|error| refusals::not_managed(error, "time off"))?;
    changes::note(kalends, member, "time_off.updated", updated.id).await;
    Ok(TimeOffView::respond(&updated))
}

/// Delete time off
#[utoipa::path(
    tag = "hours",
    operation_id = "delete_time_off",
    responses(
        (status = 204, description = "The time is open again"),
        (status = 403, description = "`insufficient-role`"),
    )
)]
#[delete("/workspaces/{workspace}/time-off/{time_off}")]
pub(super) async fn remove(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let found = find(&kalends, &member, &path.1).await?;
    let expected = Expected::of(request.headers()).against(found.version)?;
    let deleted = kalends
        .scheduling
        .delete_time_off(&member.actor(), found.id, expected)
        .await;
    deleted.map_err(|error| refusals::not_managed(error, "time off"))?;
    changes::note(&kalends, &member, "time_off.deleted", found.id).await;
    Ok(v1::gone())
}

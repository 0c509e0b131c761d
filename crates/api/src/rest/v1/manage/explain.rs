//! Why is a start offered, or not?

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono_tz::Tz;
use scheduling_app::availability::{ExplainStart, ExplainedHost};
use serde::Serialize;
use utoipa::ToSchema;

use super::event_types::find;
use crate::Kalends;
use crate::http::duration;
use crate::http::fields::{self, Errors, Query};
use crate::http::ids::WireId;
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::problem::Problem;
use crate::rest::caller::Member;
use crate::rest::v1;
use crate::rest::v1::model::person::HostView;
use crate::rest::v1::refusals::words;

/// Time off that is in the way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimeOffInTheWay {
    /// Null where it is somebody else's.
    id: Option<String>,
    title: Option<String>,
    start: String,
    end: String,
}

/// What keeps a host from taking the start.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExplainedHost)]
pub(super) struct ExplainedHostView {
    host: HostView,
    /// The host group, from 0.
    group: usize,
    /// Whether the host could take it.
    free: bool,
    /// What speaks against it.
    #[schema(example = json!(["outside_host_hours"]))]
    reasons: Vec<&'static str>,
    time_off: Vec<TimeOffInTheWay>,
    /// Whether something of the host's hours cannot be read, so that the host is never offered.
    unreadable: bool,
}

/// Why a start is offered, or not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Explanation {
    start: String,
    end: String,
    timezone: String,
    /// Whether guests are offered it.
    offered: bool,
    /// What speaks against it whoever hosts, or because too few can.
    #[schema(example = json!(["minimum_notice"]))]
    reasons: Vec<&'static str>,
    /// Seats that are left, for event types with several.
    seats_left: Option<u32>,
    hosts: Vec<ExplainedHostView>,
}

fn host(explained: &ExplainedHost, zone: Tz) -> ExplainedHostView {
    ExplainedHostView {
        host: HostView::of(&explained.person),
        group: explained.group,
        free: explained.reasons.is_empty() && !explained.unreadable,
        reasons: words(&explained.reasons),
        time_off: explained
            .time_off
            .iter()
            .map(|off| TimeOffInTheWay {
                id: off.id.map(WireId::wire),
                title: off.title.as_ref().map(ToString::to_string),
                start: in_zone(off.interval.start(), zone),
                end: in_zone(off.interval.end(), zone),
            })
            .collect(),
        unreadable: explained.unreadable,
    }
}

/// Explain a start
///
/// What guests will see of it, and for each host why not.
#[utoipa::path(
    tag = "event types",
    operation_id = "explain_start",
    params(
        ("start" = String, Query, description = "RFC 3339, or a local time of `timezone`", example = "2026-11-24T09:00:00+01:00"),
        ("timezone" = Option<String>, Query, description = "The zone of a local `start` and of the answer; the event type's when it is not given"),
        ("duration" = Option<String>, Query, description = "Minutes, or ISO 8601; as long as by default when it is not given"),
    ),
    responses(
        (status = 200, body = Explanation),
        (status = 422, description = "`invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/workspaces/{workspace}/event-types/{event_type}/explain")]
pub(super) async fn explain(
    request: HttpRequest,
    kalends: Data<Kalends>,
    member: Member,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let mut errors = Errors::default();
    let mut query = Query::of(&request);
    let start = query.time("start", &mut errors);
    if start.is_none() && errors.is_empty() {
        errors.add("/query/start", "required", "is required");
    }
    let start = start.filter(|start| {
        let is_date = matches!(start, GivenTime::Date(_));
        if is_date {
            errors.add("/query/start", "not_a_time", "must have a time of day");
        }
        !is_date
    });
    let zone = query
        .take("timezone", &mut errors)
        .and_then(|text| fields::zone("/query/timezone".to_owned(), &text, &mut errors));
    let duration = duration::of_query(&mut query, &mut errors);
    query.finish(&mut errors);
    errors.check_ref()?;
    let start = start.ok_or_else(|| errors.into_problem())?;
    let found = find(&kalends, &member, &path.1).await?;
    let zone = zone.unwrap_or(found.rules.timezone);
    let asked = ExplainStart {
        event_type: found.id,
        start: start.instant(zone)?,
        duration,
    };
    let explained = kalends.scheduling.explain(&member.actor(), &asked).await?;
    let bookable = explained.event_type.status.is_bookable();
    let mut reasons = words(&explained.reasons);
    if !bookable {
        reasons.insert(0, "not_bookable");
    }
    Ok(v1::private(&Explanation {
        start: in_zone(explained.start, zone),
        end: in_zone(explained.end, zone),
        timezone: zone.name().to_owned(),
        offered: reasons.is_empty(),
        reasons,
        seats_left: explained.seats_left,
        hosts: explained.hosts.iter().map(|h| host(h, zone)).collect(),
    }))
}

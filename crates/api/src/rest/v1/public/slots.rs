//! The starts that are offered.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, DurationRound as _, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_app::availability::{FindSlots, FoundSlots};
use scheduling_core::time::{Length, start_of_day};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::rendered::Asked;
use crate::Kalends;
use crate::http::duration;
use crate::http::fields::{self, Errors, Query};
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::problem::Problem;
use crate::rest::v1;

/// The longest range of one answer.
const MAX_DAYS: i64 = 62;
/// The range when no end is given.
const DEFAULT_DAYS: i64 = 31;

/// A start that is offered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(in crate::rest::v1) struct SlotView {
    /// When the meeting would start, with the zone's offset.
    #[schema(example = "2026-11-24T09:00:00+01:00")]
    start: String,
    /// When it would end.
    #[schema(example = "2026-11-24T09:30:00+01:00")]
    end: String,
    /// Seats that are left, for event types with several.
    #[serde(skip_serializing_if = "Option::is_none")]
    seats_left: Option<u32>,
}

/// The starts of a local date.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct Day {
    /// The date in the answer's zone.
    #[schema(value_type = String, format = Date, example = "2026-11-24")]
    date: NaiveDate,
    slots: Vec<SlotView>,
}

/// Starts by local date; dates without any are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct GroupedSlots {
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    days: Vec<Day>,
    /// When nothing is offered in the range: the first start after it, if there is one.
    next_available: Option<String>,
}

/// Starts in order.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::rest::v1) struct FlatSlots {
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    slots: Vec<SlotView>,
    /// When nothing is offered in the range: the first start after it, if there is one.
    next_available: Option<String>,
}

/// One of the two views.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::rest::v1) enum SlotsView {
    Grouped(GroupedSlots),
    Flat(FlatSlots),
}

/// What the questions for slots share, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it is described, and read by hand so that all that is wrong is told at once"
)]
pub(in crate::rest::v1) struct SlotsParams {
    /// The first instant: RFC 3339, a local time, or a date
    #[param(example = "2026-11-24")]
    from: Option<String>,
    /// The first instant after the range
    #[param(example = "2026-12-01")]
    to: Option<String>,
    /// A whole month instead of `from` and `to`
    #[param(example = "2026-11")]
    month: Option<String>,
    /// The zone of local times and of the answer; the event type's, or the booking's, when it is not given
    #[param(example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How long the meeting is to last: minutes, or ISO 8601; as long as by default, or as before, when it is not given
    #[param(example = "30")]
    duration: Option<String>,
    /// `grouped` by local date, which is the default, or `flat`
    view: Option<String>,
}

/// List the starts that are offered
///
/// The range is half-open, `from` up to and without `to`, and at most 62 days long. A date stands for its first instant
/// in the zone. Without a range, the answer covers 31 days from now.
#[utoipa::path(
    tag = "public",
    operation_id = "list_slots",
    params(SlotsParams),
    responses(
        (status = 200, body = SlotsView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 410, description = "`link-expired`, `link-used-up`"),
        (status = 422, description = "`invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/public/{workspace}/event-types/{event}/slots")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let workspace = v1::slug(&path.0, "event type")?;
    let event_type = v1::slug(&path.1, "event type")?;
    let asked = SlotsQuery::read(&request)?;
    let zone = if let Some(zone) = asked.zone {
        zone
    } else {
        let page = kalends
            .scheduling
            .event_type_page(&workspace, &event_type)
            .await?;
        page.event_type.rules.timezone
    };
    let (from, to) = asked.range(zone, kalends.clock.now())?;
    let slots = FindSlots {
        duration: asked.duration,
        ..FindSlots::new(workspace, event_type, from, to)
    };
    let found = kalends.scheduling.find_slots(&slots).await?;
    let flat = asked.flat;
    let key = Asked { slots, zone, flat };
    kalends
        .rendered
        .answer(&request, &key, &found, || asked.present(&found, zone))
}

/// The query, before its times are turned into instants.
pub(in crate::rest::v1) struct SlotsQuery {
    pub(in crate::rest::v1) zone: Option<Tz>,
    pub(in crate::rest::v1) duration: Option<Length>,
    from: Option<GivenTime>,
    to: Option<GivenTime>,
    month: Option<NaiveDate>,
    flat: bool,
}

impl SlotsQuery {
    pub(in crate::rest::v1) fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let mut errors = Errors::default();
        let mut query = Query::of(request);
        let zone = query
            .take("timezone", &mut errors)
            .and_then(|text| fields::zone("/query/timezone".to_owned(), &text, &mut errors));
        let from = query.time("from", &mut errors);
        let to = query.time("to", &mut errors);
        let month = query.take("month", &mut errors).and_then(|text| {
            let first = format!("{text}-01");
            let month = GivenTime::parse(&first).filter(|_| text.len() == 7);
            if let Some(GivenTime::Date(first)) = month {
                return Some(first);
            }
            errors.add(
                "/query/month",
                "not_a_month",
                "must be a month such as 2026-11",
            );
            None
        });
        if month.is_some() && (from.is_some() || to.is_some()) {
            errors.add("/query/month", "conflict", "stands in place of from and to");
        }
        let duration = duration::of_query(&mut query, &mut errors);
        let views = &[("grouped", false), ("flat", true)];
        let flat = query.choice("view", views, &mut errors).unwrap_or(false);
        query.finish(&mut errors);
        errors.check()?;
        Ok(Self {
            zone,
            duration,
            from,
            to,
            month,
            flat,
        })
    }

    pub(in crate::rest::v1) fn range(
        &self,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
        if let Some(first) = self.month {
            let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
            return Ok((start_of_day(first, zone), start_of_day(next, zone)));
        }
        let from = match self.from {
            Some(from) => from.instant(zone)?,
            // Nothing of the past is offered, so the whole minute is the same question.
            None => now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now),
        };
        let to = match self.to {
            Some(to) => to.instant(zone)?,
            None => from + TimeDelta::days(DEFAULT_DAYS),
        };
        let mut errors = Errors::default();
        if to <= from {
            errors.add("/query/to", "before_from", "must be after from");
        }
        // Counted in local dates: a range over a clock change may have an hour more.
        let local = |instant: DateTime<Utc>| instant.with_timezone(&zone).naive_local();
        if local(to) - local(from) > TimeDelta::days(MAX_DAYS) {
            errors.add(
                "/query/to",
                "range_too_long",
                format!("must be at most {MAX_DAYS} days after from"),
            );
        }
        errors.check()?;
        Ok((from, to))
    }

    /// The slots as they are asked for.
    pub(in crate::rest::v1) fn present(&self, found: &FoundSlots, zone: Tz) -> SlotsView {
        let timezone = zone.name().to_owned();
        let next_available = found.next_available.map(|start| in_zone(start, zone));
        let view = |start: DateTime<Utc>, end: DateTime<Utc>, seats_left| SlotView {
            start: in_zone(start, zone),
            end: in_zone(end, zone),
            seats_left,
        };
        if self.flat {
            let length = found.duration.delta();
            return SlotsView::Flat(FlatSlots {
                timezone,
                slots: found
                    .slots
                    .iter()
                    .map(|slot| view(slot.start, slot.start + length, slot.seats_left))
                    .collect(),
                next_available,
            });
        }
        let days = found.days(zone).into_iter();
        SlotsView::Grouped(GroupedSlots {
            timezone,
            days: days
                .map(|day| Day {
                    date: day.date,
                    slots: day
                        .slots
                        .into_iter()
                        .map(|slot| view(slot.start, slot.end, slot.seats_left))
                        .collect(),
                })
                .collect(),
            next_available,
        })
    }
}

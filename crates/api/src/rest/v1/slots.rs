//! The starts that are offered.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_app::availability::{FindSlots, FoundSlots};
use scheduling_core::time::start_of_day;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Kalends;
use crate::http::fields::{self, Errors, Query};
use crate::http::local_time::{GivenTime, in_zone};
use crate::http::problem::{Problem, ProblemBody};

/// The longest range of one answer.
const MAX_DAYS: i64 = 62;
/// The range when no end is given.
const DEFAULT_DAYS: i64 = 31;

/// A start that is offered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Slot)]
pub(super) struct SlotView {
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
pub(super) struct Day {
    /// The date in the answer's zone.
    #[schema(value_type = String, format = Date, example = "2026-11-24")]
    date: NaiveDate,
    slots: Vec<SlotView>,
}

/// Starts by local date; dates without any are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupedSlots {
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    days: Vec<Day>,
    /// When nothing is offered in the range: the first start after it, if there is one.
    next_available: Option<String>,
}

/// Starts in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FlatSlots {
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    slots: Vec<SlotView>,
    /// When nothing is offered in the range: the first start after it, if there is one.
    next_available: Option<String>,
}

/// One of the two views.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SlotsView {
    Grouped(GroupedSlots),
    Flat(FlatSlots),
}

/// List the starts that are offered
///
/// The range is half-open, `from` up to and without `to`, and at most 62 days long. A date stands for its first instant
/// in the zone. Without a range, the answer covers 31 days from now.
#[utoipa::path(
    tag = "public",
    operation_id = "list_slots",
    params(
        ("workspace" = String, Path, description = "The workspace's slug"),
        ("event" = String, Path, description = "The event type's slug"),
        ("from" = Option<String>, Query, description = "The first instant: RFC 3339, a local time, or a date", example = "2026-11-24"),
        ("to" = Option<String>, Query, description = "The first instant after the range", example = "2026-12-01"),
        ("month" = Option<String>, Query, description = "A whole month instead of `from` and `to`", example = "2026-11"),
        ("timezone" = Option<String>, Query, description = "The zone of local times and of the answer; the event type's when it is not given", example = "Europe/Berlin"),
        ("view" = Option<String>, Query, description = "`grouped` by local date, which is the default, or `flat`"),
    ),
    responses(
        (status = 200, body = SlotsView),
        (status = 304, description = "`If-None-Match` names the present state"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json", description = "`not-found`"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "`validation`, `invalid-timezone`, `nonexistent-local-time`, `ambiguous-local-time`"),
    )
)]
#[get("/public/{workspace}/event-types/{event}/slots")]
pub(super) async fn list(
    request: HttpRequest,
    kalends: Data<Kalends>,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (workspace, event_type) = (super::slug(&path.0)?, super::slug(&path.1)?);
    let asked = Asked::read(&request)?;
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
    let found = kalends
        .scheduling
        .find_slots(&FindSlots {
            workspace,
            event_type,
            from,
            to,
        })
        .await?;
    super::revalidated(&request, &present(&found, zone, asked.flat))
}

/// The query, before its times are turned into instants.
struct Asked {
    zone: Option<Tz>,
    from: Option<GivenTime>,
    to: Option<GivenTime>,
    month: Option<NaiveDate>,
    flat: bool,
}

impl Asked {
    fn read(request: &HttpRequest) -> Result<Self, Problem> {
        let mut errors = Errors::default();
        let mut query = Query::of(request);
        let zone = query
            .take("timezone", &mut errors)
            .and_then(|text| fields::zone("/query/timezone".to_owned(), &text, &mut errors));
        let from = time(&mut query, "from", &mut errors);
        let to = time(&mut query, "to", &mut errors);
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
        let flat = match query.take("view", &mut errors).as_deref() {
            None | Some("grouped") => false,
            Some("flat") => true,
            Some(_) => {
                errors.add("/query/view", "unknown_value", "must be grouped or flat");
                false
            }
        };
        query.finish(&mut errors);
        errors.check()?;
        Ok(Self {
            zone,
            from,
            to,
            month,
            flat,
        })
    }

    fn range(
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
            None => now,
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
}

fn time(query: &mut Query, name: &str, errors: &mut Errors) -> Option<GivenTime> {
    let text = query.take(name, errors)?;
    // An offset's plus arrives as a space where a client forgot to escape it.
    let time = GivenTime::parse(&text).or_else(|| GivenTime::parse(&text.replace(' ', "+")));
    if time.is_none() {
        errors.add(
            format!("/query/{name}"),
            "not_a_time",
            "must be a time such as 2026-11-24T09:00:00+01:00 or a date such as 2026-11-24",
        );
    }
    time
}

fn present(found: &FoundSlots, zone: Tz, flat: bool) -> SlotsView {
    let length = found.event_type.rules.duration.delta();
    let is_group = found.event_type.rules.capacity.is_group();
    let view = |start: DateTime<Utc>, seats_left: Option<u32>| SlotView {
        start: in_zone(start, zone),
        end: in_zone(start + length, zone),
        seats_left: seats_left.filter(|_| is_group),
    };
    let timezone = zone.name().to_owned();
    let next_available = found.next_available.map(|start| in_zone(start, zone));
    if flat {
        return SlotsView::Flat(FlatSlots {
            timezone,
            slots: found
                .slots
                .iter()
                .map(|slot| view(slot.start, slot.seats_left))
                .collect(),
            next_available,
        });
    }
    let mut days: Vec<Day> = Vec::new();
    for slot in found.slots.iter() {
        let date = slot.start.with_timezone(&zone).date_naive();
        match days.last_mut() {
            Some(day) if day.date == date => day.slots.push(view(slot.start, slot.seats_left)),
            _ => days.push(Day {
                date,
                slots: vec![view(slot.start, slot.seats_left)],
            }),
        }
    }
    SlotsView::Grouped(GroupedSlots {
        timezone,
        days,
        next_available,
    })
}

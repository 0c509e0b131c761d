//! Scenarios of slots: everything a request needs, in one line.

use std::collections::HashMap;
use std::fmt::Write;
use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::ScenarioError;
use super::reader::Object;
use crate::calendar::{BusyInterval, BusySource};
use crate::event_type::{
    BookingLimits, BookingWindow, Buffers, Capacity, HostGroup, Required, SlotRules,
};
use crate::schedule::{Availability, DateOverride, WeeklyHours};
use crate::slots::{self, HostTime, Reservation, SlotRequest, SlotRequestError, Slots};
use crate::time::{DayHours, Interval, Length, TimeOfDay, TimeWindow, zone};

/// A question to the engine with, perhaps, the answer it should give.
///
/// ```
/// use scheduling_core::scenario::SlotScenario;
///
/// let scenario = SlotScenario::parse(r#"{
///     "now": "2026-11-20T12:00:00Z",
///     "range": {"from": "2026-11-23T00:00:00Z", "to": "2026-11-24T00:00:00Z"},
///     "event_type": {"timezone": "Europe/Berlin", "duration_minutes": 60, "groups": [{"hosts": ["ann"], "required": "all"}]},
///     "hosts": [{"id": "ann", "schedule": {"timezone": "Europe/Berlin", "weekly": {"monday": [{"start": "09:00", "end": "11:00"}]}}}]
/// }"#)?;
/// assert_eq!(scenario.answer().len(), 2);
/// # Ok::<(), scheduling_core::scenario::ScenarioError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlotScenario {
    /// What it is about.
    pub name: String,
    /// The hosts, in roster order.
    pub hosts: Vec<ScenarioHost>,
    /// The answer it should give, if it says.
    pub expect: Option<Vec<SlotAnswer>>,
    now: DateTime<Utc>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    rules: SlotRules,
    availability: Option<Availability>,
    groups: Vec<HostGroup<usize>>,
}

/// A host of a scenario.
#[derive(Debug, Clone)]
pub struct ScenarioHost {
    /// The host's name in the scenario.
    pub id: String,
    /// The host's hours, if any.
    pub availability: Option<Availability>,
    /// What calendars take.
    pub busy: Vec<BusyInterval>,
    /// What bookings take.
    pub reservations: Vec<Reservation>,
}

/// A slot as scenario files write it, with the hosts by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotAnswer<H = String> {
    /// When it starts.
    pub start: DateTime<Utc>,
    /// Who can take it, in roster order.
    pub hosts: Vec<H>,
    /// The seats left, for group sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seats_left: Option<u32>,
}

impl SlotScenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`], which names the place.
    pub fn parse(line: &str) -> Result<Self, ScenarioError> {
        let mut line = Object::parse(line)?;
        let name = line.optional("name")?.unwrap_or_default();
        let now = line.instant("now")?;
        let mut range = line.required_object("range")?;
        let (from, to) = (range.instant("from")?, range.instant("to")?);
        range.finish()?;
        let hosts = line.list("hosts", ScenarioHost::read)?;
        let mut places = HashMap::new();
        for (place, host) in hosts.iter().enumerate() {
            if places.insert(host.id.clone(), place).is_some() {
                let problem = format!("another host is called {:?} already", host.id);
                return Err(line.error(&format!("hosts[{place}].id"), problem));
            }
        }
        let mut event_type = line.required_object("event_type")?;
        let rules = read_rules(&mut event_type)?;
        let availability = read_schedule(&mut event_type)?;
        let groups = event_type.list("groups", |group| read_group(group, &places))?;
        let groups_place = event_type.place_of("groups");
        event_type.finish()?;
        let expect = line.object("expect")?.map(read_expected).transpose()?;
        line.finish()?;
        let scenario = Self {
            name,
            hosts,
            expect,
            now,
            from,
            to,
            rules,
            availability,
            groups,
        };
        match scenario.try_request() {
            Ok(_) => Ok(scenario),
            Err(error) => Err(scenario.refuse(&error, &groups_place)),
        }
    }

    /// A refused request, told by the place and the names that the line has for it.
    fn refuse(&self, error: &SlotRequestError, groups: &str) -> ScenarioError {
        match *error {
            SlotRequestError::NoGroups | SlotRequestError::NoSuchHost { .. } => {
                ScenarioError::new(groups, error)
            }
            SlotRequestError::NoHosts { group } => {
                ScenarioError::new(format!("{groups}[{group}].hosts"), "names no host")
            }
            SlotRequestError::HostTwice { host } => {
                let members = self.groups.iter().enumerate().flat_map(|(group, members)| {
                    let hosts = members.hosts.iter().enumerate();
                    hosts.map(move |(i, member)| (group, i, *member))
                });
                let again = members.filter(|(_, _, member)| *member == host).nth(1);
                let place = again.map_or(groups.to_owned(), |(group, i, _)| {
                    format!("{groups}[{group}].hosts[{i}]")
                });
                let name = &self.hosts[host].id;
                ScenarioError::new(place, format!("{name:?} stands in the groups already"))
            }
            SlotRequestError::Required {
                group,
                required,
                hosts,
            } => {
                let problem = format!("requires {required} of {hosts} hosts");
                ScenarioError::new(format!("{groups}[{group}].required"), problem)
            }
            SlotRequestError::RangeTooLong { .. } => ScenarioError::new("range", error),
        }
    }

    fn try_request(&self) -> Result<SlotRequest<'_>, SlotRequestError> {
        let hosts = self.hosts.iter().map(|host| HostTime {
            availability: host.availability.as_ref(),
            busy: &host.busy,
            reservations: &host.reservations,
        });
        SlotRequest::new(
            self.now,
            self.from,
            self.to,
            &self.rules,
            self.availability.as_ref(),
            self.groups.clone(),
            hosts.collect(),
        )
    }

    /// The question.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic")]
    pub fn request(&self) -> SlotRequest<'_> {
        self.try_request()
            .expect("`parse` has made the same request, and nothing that it depends on can change")
    }

    /// The rules of its event type.
    pub fn rules(&self) -> &SlotRules {
        &self.rules
    }

    /// The engine's answer. [`name_hosts`](Self::name_hosts) gives it slot by slot.
    pub fn answer(&self) -> Vec<SlotAnswer> {
        self.name_hosts(&slots::find(&self.request()))
            .map(|slot| SlotAnswer {
                start: slot.start,
                hosts: slot.hosts.into_iter().map(str::to_owned).collect(),
                seats_left: slot.seats_left,
            })
            .collect()
    }

    /// The slots of an answer, one after the other, with the hosts' names.
    pub fn name_hosts<'a>(
        &'a self,
        slots: &'a Slots,
    ) -> impl ExactSizeIterator<Item = SlotAnswer<&'a str>> {
        slots.iter().map(|slot| SlotAnswer {
            start: slot.start,
            hosts: slot
                .hosts
                .iter()
                .map(|h| self.hosts[h].id.as_str())
                .collect(),
            seats_left: slot.seats_left,
        })
    }

    /// How the engine's answer differs from the expected one, for people to read. `None` when it does not, or when
    /// nothing is expected.
    pub fn difference(&self) -> Option<String> {
        let expected = self.expect.as_ref()?;
        let found = slots::find(&self.request());
        differences(expected, self.name_hosts(&found))
    }
}

/// Line by line, `-` for what was expected only and `+` for what was found only.
fn differences<'a>(
    expected: &'a [SlotAnswer],
    found: impl ExactSizeIterator<Item = SlotAnswer<&'a str>>,
) -> Option<String> {
    const SHOWN: usize = 20;
    let total = found.len();
    let (mut lines, mut count) = (String::new(), 0);
    let expected_names = expected.iter().map(|slot| SlotAnswer {
        start: slot.start,
        hosts: slot.hosts.iter().map(String::as_str).collect(),
        seats_left: slot.seats_left,
    });
    let (mut wanted, mut got) = (expected_names.peekable(), found.peekable());
    loop {
        let (sign, slot) = match (wanted.peek(), got.peek()) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => {
                wanted.next();
                got.next();
                continue;
            }
            (Some(a), b) if b.is_none_or(|b| a.start <= b.start) => ('-', wanted.next()),
            _ => ('+', got.next()),
        };
        count += 1;
        if let (Some(slot), true) = (slot, count <= SHOWN) {
            let seats = slot.seats_left.map(|n| format!(", {n} seats left"));
            let _ = write!(
                lines,
                "\n  {sign} {} {}{}",
                slot.start
                    .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
                slot.hosts.join(" "),
                seats.unwrap_or_default()
            );
        }
    }
    if count > SHOWN {
        let _ = write!(lines, "\n  and {} more", count - SHOWN);
    }
    (count > 0).then(|| {
        format!(
            "expected {} slots (-), found {total} (+):{lines}",
            expected.len()
        )
    })
}

fn read_rules(event_type: &mut Object) -> Result<SlotRules, ScenarioError> {
    let timezone = read_zone(event_type)?;
    let duration: Length = event_type.required("duration_minutes")?;
    Ok(SlotRules {
        timezone,
        duration,
        slot_interval: event_type
            .optional("slot_interval_minutes")?
            .unwrap_or(duration),
        buffers: read_buffers(event_type)?,
        minimum_notice: event_type
            .optional("minimum_notice_minutes")?
            .unwrap_or_default(),
        booking_window: read_booking_window(event_type)?,
        limits: read_limits(event_type)?,
        capacity: event_type.optional("capacity")?.unwrap_or(Capacity::ONE),
    })
}

fn read_zone(object: &mut Object) -> Result<chrono_tz::Tz, ScenarioError> {
    let name: String = object.required("timezone")?;
    zone::parse(&name).map_err(|e| object.error("timezone", e))
}

fn read_buffers(object: &mut Object) -> Result<Buffers, ScenarioError> {
    Ok(Buffers {
        before: object
            .optional("buffer_before_minutes")?
            .unwrap_or_default(),
        after: object.optional("buffer_after_minutes")?.unwrap_or_default(),
    })
}

fn read_booking_window(event_type: &mut Object) -> Result<BookingWindow, ScenarioError> {
    let Some(mut window) = event_type.object("booking_window")? else {
        return Ok(BookingWindow::Open);
    };
    let kind: String = window.required("kind")?;
    let read = match kind.as_str() {
        "open" => BookingWindow::Open,
        "rolling_days" => BookingWindow::RollingDays {
            days: window.required("days")?,
        },
        "dates" => BookingWindow::Dates {
            from: window.date("from")?,
            to: window.date("to")?,
        },
        _ => {
            return Err(window.error("kind", "must be \"open\", \"rolling_days\" or \"dates\""));
        }
    };
    window.finish()?;
    Ok(read)
}

fn read_limits(event_type: &mut Object) -> Result<BookingLimits, ScenarioError> {
    let Some(mut limits) = event_type.object("limits")? else {
        return Ok(BookingLimits::default());
    };
    let read = BookingLimits {
        per_day: limits.optional("per_day")?,
        per_week: limits.optional("per_week")?,
        per_month: limits.optional("per_month")?,
    };
    limits.finish()?;
    Ok(read)
}

fn read_group(
    mut group: Object,
    places: &HashMap<String, usize>,
) -> Result<HostGroup<usize>, ScenarioError> {
    let names: Vec<String> = group.required("hosts")?;
    let hosts = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            places.get(name).copied().ok_or_else(|| {
                group.error(&format!("hosts[{i}]"), format!("there is no host {name:?}"))
            })
        })
        .collect::<Result<Vec<usize>, ScenarioError>>()?;
    let required = match group.required::<Value>("required")? {
        Value::String(all) if all == "all" => Required::All,
        number => serde_json::from_value::<NonZeroU32>(number)
            .map(Required::AtLeast)
            .map_err(|_no_number| {
                group.error("required", "must be \"all\" or a number of hosts from 1")
            })?,
    };
    group.finish()?;
    Ok(HostGroup { hosts, required })
}

fn read_schedule(owner: &mut Object) -> Result<Option<Availability>, ScenarioError> {
    let Some(mut schedule) = owner.object("schedule")? else {
        return Ok(None);
    };
    let timezone = read_zone(&mut schedule)?;
    let mut weekly = WeeklyHours::default();
    if let Some(mut days) = schedule.object("weekly")? {
        for (name, hours) in [
            ("monday", &mut weekly.monday),
            ("tuesday", &mut weekly.tuesday),
            ("wednesday", &mut weekly.wednesday),
            ("thursday", &mut weekly.thursday),
            ("friday", &mut weekly.friday),
            ("saturday", &mut weekly.saturday),
            ("sunday", &mut weekly.sunday),
        ] {
            *hours = read_windows(&mut days, name)?;
        }
        days.finish()?;
    }
    let overrides = schedule.list("overrides", |mut entry| {
        let date = entry.date("date")?;
        let hours = read_windows(&mut entry, "windows")?;
        entry.finish()?;
        Ok(DateOverride { date, hours })
    })?;
    let read = Availability::new(timezone, weekly, overrides)
        .map_err(|e| schedule.error("overrides", e))?;
    schedule.finish()?;
    Ok(Some(read))
}

fn read_windows(day: &mut Object, field: &str) -> Result<DayHours, ScenarioError> {
    let windows = day.list(field, |mut window| {
        let read = TimeWindow {
            start: window.required::<TimeOfDay>("start")?,
            end: window.required::<TimeOfDay>("end")?,
        };
        window.finish()?;
        Ok(read)
    })?;
    DayHours::new(windows).map_err(|e| day.error(field, e))
}

impl ScenarioHost {
    fn read(mut host: Object) -> Result<Self, ScenarioError> {
        let id = host.required("id")?;
        let availability = read_schedule(&mut host)?;
        let busy = host.list("busy", read_busy)?;
        let reservations = host.list("bookings", read_reservation)?;
        host.finish()?;
        Ok(Self {
            id,
            availability,
            busy: busy.into_iter().flatten().collect(),
            reservations,
        })
    }
}

/// A busy interval that is empty or reversed takes nothing and is ignored.
fn read_busy(mut busy: Object) -> Result<Option<BusyInterval>, ScenarioError> {
    let (start, end) = (busy.instant("start")?, busy.instant("end")?);
    let source = busy.optional("source")?.unwrap_or(BusySource::Calendar);
    busy.finish()?;
    let interval = Interval::new(start, end).ok();
    Ok(interval.map(|interval| BusyInterval { interval, source }))
}

fn read_reservation(mut booking: Object) -> Result<Reservation, ScenarioError> {
    let (start, end) = (booking.instant("start")?, booking.instant("end")?);
    let read = Reservation {
        interval: Interval::new(start, end).map_err(|e| booking.error("end", e))?,
        buffers: read_buffers(&mut booking)?,
        this_event_type: booking.optional("this_event_type")?.unwrap_or(false),
        seats_taken: booking.optional("seats_taken")?.unwrap_or(1),
    };
    booking.finish()?;
    Ok(read)
}

fn read_expected(mut expect: Object) -> Result<Vec<SlotAnswer>, ScenarioError> {
    let slots = expect.required_list("slots", |mut slot| {
        let read = SlotAnswer {
            start: slot.instant("start")?,
            hosts: slot.required("hosts")?,
            seats_left: slot.optional("seats_left")?,
        };
        slot.finish()?;
        Ok(read)
    })?;
    expect.finish()?;
    Ok(slots)
}

//! `kalends-load scene`: the questions of the figures, as a database.
//!
//! They are the benchmark's own (`crates/scheduling-core/benches/scenarios`), moved by whole weeks so that they lie ahead
//! of the present. What the benchmark calls busy is the mirror of a calendar here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use scheduling_app::system::SystemClock;
use scheduling_core::calendar::{BusyInterval, BusySource, HostBusy};
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::event_type::{EventType, Hosting, SlotRules};
use scheduling_core::ids::{BusyId, EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{Clock as _, Storage as _, UnitOfWork};
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner};
use scheduling_core::time::{Interval, Length, Minutes};
use serde::Deserialize;

use crate::database::storage;
use crate::generate::ids::Ids;
use crate::generate::people::{location, title};
use crate::made::{Made, MadeWorkspace};
use crate::{Failure, output};

/// Add a scene of the figures to a database: its hosts, their hours and what they are busy with
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The database, sqlite:FILE or postgres://…; its schema is brought up to date
    #[arg(long, value_name = "URL")]
    database: String,
    /// Which; several are allowed
    #[arg(long = "name", required = true)]
    names: Vec<Name>,
    /// Write what was made into a file, for the other commands
    #[arg(long, value_name = "FILE")]
    made: Option<PathBuf>,
}

/// The scenes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// One host, 30 days, 100 busy intervals
    OneHost,
    /// Twenty hosts in rotation, 30 days, 100 busy intervals each
    TwentyHosts,
}

impl Name {
    const fn slug(self) -> &'static str {
        match self {
            Self::OneHost => "one-host",
            Self::TwentyHosts => "twenty-hosts",
        }
    }

    const fn scenario(self) -> &'static str {
        match self {
            Self::OneHost => include_str!(
                "../../../crates/scheduling-core/benches/scenarios/one_host_30_days.json"
            ),
            Self::TwentyHosts => include_str!(
                "../../../crates/scheduling-core/benches/scenarios/round_robin_20_hosts.json"
            ),
        }
    }
}

/// A scenario, as far as it is read.
#[derive(Debug, Deserialize)]
struct Scenario {
    range: Range,
    event_type: ScenarioEventType,
    hosts: Vec<ScenarioHost>,
}

#[derive(Debug, Deserialize)]
struct Range {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
struct ScenarioEventType {
    #[serde(with = "scheduling_core::time::zone::by_name")]
    timezone: Tz,
    duration_minutes: u32,
    slot_interval_minutes: u32,
    minimum_notice_minutes: u32,
}

#[derive(Debug, Deserialize)]
struct ScenarioHost {
    schedule: serde_json::Value,
    busy: Vec<Busy>,
}

#[derive(Debug, Deserialize)]
struct Busy {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// Runs the command.
pub(crate) async fn run(options: &Options) -> Result<(), Failure> {
    let storage = storage(&options.database).await?;
    let now = SystemClock.now().trunc_subsecs(0);
    let mut made = Made::default();
    for name in &options.names {
        let mut work = storage.begin().await?;
        let (from, to, hosts) = build(&mut *work, *name, now).await?;
        work.commit().await?;
        made.hosts += hosts;
        made.from = from.format("%FT%TZ").to_string();
        made.to = to.format("%FT%TZ").to_string();
        "America/New_York".clone_into(&mut made.timezone);
        let (alone, teams) = match name {
            Name::OneHost => (vec![name.slug().to_owned()], Vec::new()),
            Name::TwentyHosts => (Vec::new(), vec![name.slug().to_owned()]),
        };
        made.workspaces.push(MadeWorkspace {
            slug: name.slug().to_owned(),
            alone,
            teams,
            token: None,
        });
        output::lines([made.slots(name.slug(), name.slug())])?;
    }
    storage.close().await?;
    match &options.made {
        Some(path) => made.write(path),
        None => Ok(()),
    }
}

/// By how much a scenario must move to begin at least two days ahead.
fn shift(from: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let ahead = now + TimeDelta::days(2) - from;
    let weeks = ahead.num_days().div_euclid(7) + 1;
    TimeDelta::weeks(weeks)
}

async fn build(
    work: &mut dyn UnitOfWork,
    name: Name,
    now: DateTime<Utc>,
) -> Result<(DateTime<Utc>, DateTime<Utc>, u64), Failure> {
    let scenario: Scenario = serde_json::from_str(name.scenario())?;
    let shift = shift(scenario.range.from, now);
    let mut ids = Ids::new(name as u64 + 1);
    let workspace = WorkspaceId::from_uuid(ids.at(now));
    let slug = name.slug();
    work.directory()
        .insert_workspace(&Workspace {
            id: workspace,
            slug: slug.parse().map_err(Failure::own)?,
            name: title(slug)?,
            description: None,
            version: 1,
        })
        .await?;
    let mut pool = Vec::new();
    for (number, host) in scenario.hosts.iter().enumerate() {
        let user = UserId::from_uuid(ids.at(now));
        let owner = format!("{slug}-{}", number + 1);
        let person = Person {
            id: user,
            name: owner.parse().map_err(Failure::own)?,
            email: format!("{owner}@load.example")
                .parse()
                .map_err(Failure::own)?,
            timezone: scenario.event_type.timezone,
        };
        work.directory().insert_person(workspace, &person).await?;
        let role = if number == 0 {
            Role::Owner
        } else {
            Role::Member
        };
        work.directory()
            .insert_member(workspace, user, role, now)
            .await?;
        let schedule = AvailabilitySchedule {
            id: ScheduleId::from_uuid(ids.at(now)),
            workspace,
            owner: ScheduleOwner::Person(user),
            name: title("Working hours")?,
            is_default: true,
            availability: availability(&host.schedule)?,
            version: 1,
        };
        work.schedules().insert(&schedule).await?;
        for busy in &host.busy {
            let interval = Interval::new(busy.start + shift, busy.end + shift);
            let stored = HostBusy {
                id: BusyId::from_uuid(ids.at(now)),
                host: user,
                busy: BusyInterval {
                    interval: interval.map_err(Failure::own)?,
                    source: BusySource::Calendar,
                },
            };
            work.busy().insert(&stored).await?;
        }
        pool.push(user);
    }
    let asked = &scenario.event_type;
    let length = |minutes| Length::new(minutes).map_err(Failure::own);
    let rules = SlotRules {
        slot_interval: length(asked.slot_interval_minutes)?,
        minimum_notice: Minutes(asked.minimum_notice_minutes),
        ..SlotRules::new(asked.timezone, length(asked.duration_minutes)?)
    };
    let hosts = pool.len() as u64;
    let hosting = match pool.as_slice() {
        [alone] => Hosting::single(*alone),
        _ => Hosting::round_robin(pool).map_err(Failure::own)?,
    };
    let event_type = EventType::new(
        EventTypeId::from_uuid(ids.at(now)),
        workspace,
        slug.parse().map_err(Failure::own)?,
        title(slug)?,
        rules,
        hosting,
        location()?,
    );
    work.event_types().insert(&event_type).await?;
    Ok((
        scenario.range.from + shift,
        scenario.range.to + shift,
        hosts,
    ))
}

/// A scenario's schedule, which names a weekday only where it has hours.
fn availability(schedule: &serde_json::Value) -> Result<Availability, Failure> {
    let mut given: BTreeMap<String, serde_json::Value> = serde_json::from_value(schedule.clone())?;
    if let Some(weekly) = given.remove("weekly") {
        given.insert("weekly_hours".to_owned(), weekly);
    }
    Ok(serde_json::from_value(serde_json::to_value(given)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_moves_by_whole_weeks_to_the_next_ones() {
        let from: DateTime<Utc> = "2027-01-04T00:00:00Z".parse().unwrap();
        for now in [
            "2026-11-21T12:00:00Z",
            "2027-01-03T00:00:00Z",
            "2030-06-01T00:00:00Z",
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            let moved = from + shift(from, now);
            let ahead = moved - now;
            assert!(ahead >= TimeDelta::days(2), "{now}: {ahead}");
            assert!(ahead <= TimeDelta::days(10), "{now}: {ahead}");
            assert_eq!((moved - from).num_days() % 7, 0);
        }
    }

    #[tokio::test]
    async fn a_scene_is_clean_and_has_its_hosts_and_what_they_are_busy_with() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("k.db").display());
        let storage = storage(&url).await.unwrap();
        let now: DateTime<Utc> = "2026-11-21T12:00:00Z".parse().unwrap();
        let mut work = storage.begin().await.unwrap();
        for (name, expected) in [(Name::OneHost, 1), (Name::TwentyHosts, 20)] {
            let (from, to, hosts) = build(&mut *work, name, now).await.unwrap();
            assert_eq!((hosts, (to - from).num_days()), (expected, 30));
            let slug = name.slug().parse().unwrap();
            let workspace = work.directory().workspace_by_slug(&slug).await.unwrap();
            let workspace = workspace.unwrap().id;
            let event_type = work.event_types().by_slug(workspace, &slug).await.unwrap();
            let roster: Vec<UserId> = event_type.unwrap().hosting.roster().collect();
            let range = Interval::new(from, to).unwrap();
            let busy = work.busy().overlapping(&roster, range).await.unwrap();
            assert_eq!(busy.len(), 100 * roster.len());
        }
        work.commit().await.unwrap();
        assert_eq!(storage.verify().await.unwrap(), []);
    }
}

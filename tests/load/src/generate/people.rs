//! Workspaces of realistic sizes, with their people, hours and event types.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_core::directory::{Person, Role, Workspace};
use scheduling_core::event_type::{EventType, Hosting, Location, SlotRules};
use scheduling_core::ids::{EventTypeId, ScheduleId, UserId, WorkspaceId};
use scheduling_core::ports::{Storage as _, UnitOfWork};
use scheduling_core::schedule::{Availability, AvailabilitySchedule, ScheduleOwner, WeeklyHours};
use scheduling_core::text::{PersonName, Title};
use scheduling_core::time::Length;
use scheduling_persistence::SeaOrmStorage;
use uuid::Uuid;

use super::ids::Ids;
use crate::Failure;

/// How many hosts workspaces have, in turn: most are small, most people work in large ones. The first is measured, so it
/// is the same in every database that has ten hosts.
const SIZES: [usize; 12] = [10, 1, 3, 60, 1, 8, 1, 2, 200, 5, 1, 30];
/// The largest team.
const TEAM: usize = 20;
/// The zones that people live in, in turn.
const ZONES: [Tz; 5] = [
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::Asia__Kolkata,
    Tz::Asia__Tokyo,
];
/// How many hosts are stored in one transaction.
const AT_ONCE: usize = 500;

/// A host.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) id: UserId,
    pub(super) workspace: WorkspaceId,
    pub(super) zone: Tz,
    /// The event type that he hosts alone.
    pub(super) alone: EventTypeId,
    /// The team he is in, where his workspace has any.
    pub(super) team: Option<usize>,
}

/// A team, which hosts an event type in rotation.
#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) event_type: EventTypeId,
    /// Their places among all hosts.
    pub(super) hosts: Vec<usize>,
}

/// A workspace.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) id: WorkspaceId,
    pub(super) slug: String,
    /// Its owner.
    pub(super) owner: UserId,
    pub(super) alone: Vec<String>,
    pub(super) teams: Vec<String>,
}

/// Everybody.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    pub(super) hosts: Vec<Host>,
    pub(super) teams: Vec<Team>,
    pub(super) places: Vec<Place>,
}

/// The sizes of the workspaces that so many hosts make. Above two thousand hosts, one in twenty works in one place.
pub(super) fn sizes(hosts: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut left = hosts;
    let mut turn = SIZES.iter().copied().cycle();
    let large = if hosts >= 2000 { hosts / 20 } else { 0 };
    while left > 0 {
        let next = if sizes.len() == 1 && large > 0 {
            large
        } else {
            turn.next().unwrap_or(1)
        };
        sizes.push(next.min(left));
        left -= next.min(left);
    }
    sizes
}

/// Where everybody meets.
pub(crate) fn location() -> Result<Location, Failure> {
    Ok(Location::Link {
        url: "https://meet.example.org/room"
            .parse()
            .map_err(Failure::own)?,
    })
}

/// Makes everybody, a year before `now`.
pub(super) async fn make(
    storage: &SeaOrmStorage,
    hosts: usize,
    ids: &mut Ids,
    now: DateTime<Utc>,
) -> Result<People, Failure> {
    let founded = now - TimeDelta::days(400);
    let mut people = People::default();
    for (number, size) in sizes(hosts).into_iter().enumerate() {
        let id = WorkspaceId::from_uuid(ids.at(founded));
        let slug = format!("load-{}", number + 1);
        let mut work = storage.begin().await?;
        work.directory()
            .insert_workspace(&Workspace {
                id,
                slug: slug.parse().map_err(Failure::own)?,
                name: title(&format!("Load {}", number + 1))?,
                description: None,
                version: 1,
            })
            .await?;
        let mut place = Place {
            id,
            slug,
            owner: UserId::from_uuid(Uuid::nil()),
            alone: Vec::new(),
            teams: Vec::new(),
        };
        for start in (0..size).step_by(TEAM) {
            let members = TEAM.min(size - start);
            let first = people.hosts.len();
            let team = (size > 1).then_some(people.teams.len());
            for _member in 0..members {
                let number = people.hosts.len();
                let (host, slug) = host(&mut *work, id, number, team, ids, founded).await?;
                if place.alone.is_empty() {
                    place.owner = host.id;
                }
                let role = if place.alone.is_empty() {
                    Role::Owner
                } else {
                    Role::Member
                };
                let directory = work.directory();
                directory.insert_member(id, host.id, role, founded).await?;
                place.alone.push(slug);
                people.hosts.push(host);
            }
            if team.is_some() {
                let hosts: Vec<usize> = (first..first + members).collect();
                let pool = hosts.iter().map(|host| people.hosts[*host].id).collect();
                let event_type = EventTypeId::from_uuid(ids.at(founded));
                let slug = format!("team-{}", place.teams.len() + 1);
                let hosting = Hosting::round_robin(pool).map_err(Failure::own)?;
                let made = event_type_of(event_type, id, &slug, Tz::Europe__Berlin, hosting)?;
                work.event_types().insert(&made).await?;
                place.teams.push(slug);
                people.teams.push(Team { event_type, hosts });
            }
            if place.alone.len().is_multiple_of(AT_ONCE) {
                work.commit().await?;
                work = storage.begin().await?;
            }
        }
        work.commit().await?;
        people.places.push(place);
    }
    Ok(people)
}

async fn host(
    work: &mut dyn UnitOfWork,
    workspace: WorkspaceId,
    number: usize,
    team: Option<usize>,
    ids: &mut Ids,
    founded: DateTime<Utc>,
) -> Result<(Host, String), Failure> {
    let zone = ZONES[number % ZONES.len()];
    let host = Host {
        id: UserId::from_uuid(ids.at(founded)),
        workspace,
        zone,
        alone: EventTypeId::from_uuid(ids.at(founded)),
        team,
    };
    let name: PersonName = format!("Host {}", number + 1)
        .parse()
        .map_err(Failure::own)?;
    let email = format!("host-{}@load.example", number + 1);
    let person = Person {
        id: host.id,
        name,
        email: email.parse().map_err(Failure::own)?,
        timezone: zone,
    };
    work.directory().insert_person(workspace, &person).await?;
    work.schedules()
        .insert(&AvailabilitySchedule {
            id: ScheduleId::from_uuid(ids.at(founded)),
            workspace,
            owner: ScheduleOwner::Person(host.id),
            name: title("Working hours")?,
            is_default: true,
            availability: nine_to_five(zone)?,
            version: 1,
        })
        .await?;
    let slug = format!("meet-{}", number + 1);
    let made = event_type_of(host.alone, workspace, &slug, zone, Hosting::single(host.id))?;
    work.event_types().insert(&made).await?;
    Ok((host, slug))
}

/// Monday to Friday from nine to five.
pub(crate) fn nine_to_five(zone: Tz) -> Result<Availability, Failure> {
    let hours = serde_json::from_str(r#"[{"start":"09:00","end":"17:00"}]"#)?;
    Availability::new(zone, WeeklyHours::working_week(&hours), Vec::new()).map_err(Failure::own)
}

/// Half an hour, at every half hour.
fn event_type_of(
    id: EventTypeId,
    workspace: WorkspaceId,
    slug: &str,
    zone: Tz,
    hosting: Hosting,
) -> Result<EventType, Failure> {
    let half_an_hour = Length::new(30).map_err(Failure::own)?;
    Ok(EventType::new(
        id,
        workspace,
        slug.parse().map_err(Failure::own)?,
        title("A conversation")?,
        SlotRules::new(zone, half_an_hour),
        hosting,
        location()?,
    ))
}

/// A text as a title.
pub(crate) fn title(text: &str) -> Result<Title, Failure> {
    text.parse().map_err(Failure::own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_works_somewhere_and_the_first_workspace_has_ten() {
        for hosts in [10, 21, 100, 1999, 2000, 10_000] {
            let sizes = sizes(hosts);
            assert_eq!(sizes.iter().sum::<usize>(), hosts);
            assert_eq!(sizes[0], 10);
        }
        assert_eq!(sizes(7), [7]);
        assert_eq!(sizes(10_000)[1], 500);
    }
}

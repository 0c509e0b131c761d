//! Who acts in tests, and what they hear.

mod damaged;

use std::sync::Arc;

use scheduling_core::directory::Role;
use scheduling_core::ids::UserId;
use scheduling_core::schedule::AvailabilitySchedule;
use scheduling_core::time_off::{TimeOff, TimeOffPeriod, TimeOffScope, TimeOffSpan};
use scheduling_testkit::SequenceIds;
use scheduling_testkit::builders::{parse, working_hours};
use uuid::Uuid;

pub(crate) use damaged::DamagedStorage;

use crate::SchedulingBuilder;
use crate::actor::Actor;
use crate::idempotency::Idempotent;
use crate::schedules::AddSchedule;
use crate::setup::{NewPerson, NewWorkspace};
use crate::testing::World;
use crate::time_off::{AddTimeOff, TimeOffSettings};

impl World {
    /// An owner of the workspace who hosts nothing.
    pub(crate) fn owner(&self) -> Actor {
        Actor::Member {
            workspace: self.workspace.id,
            user: UserId::from_uuid(Uuid::from_u128(u128::MAX)),
            role: Role::Owner,
        }
    }

    /// The owner of another workspace, with an address of his own.
    pub(crate) async fn stranger(&self) -> Actor {
        let new = NewWorkspace {
            slug: parse("elsewhere"),
            name: parse("Elsewhere"),
            description: None,
        };
        let workspace = self.scheduling.create_workspace(new).await.unwrap();
        let new = NewPerson {
            name: parse("Sam Stranger"),
            email: parse("sam@elsewhere.example"),
            timezone: chrono_tz::Tz::UTC,
            availability: None,
        };
        let made = self.scheduling.create_person(workspace.id, new).await;
        Actor::Member {
            workspace: workspace.id,
            user: made.unwrap().0.id,
            role: Role::Owner,
        }
    }

    /// The same world with a storage that can be damaged, and other ids and secrets than those given before.
    pub(crate) fn damaged(&mut self) -> DamagedStorage {
        let damaged = DamagedStorage::over(&self.storage);
        self.scheduling = SchedulingBuilder {
            storage: Arc::new(damaged.clone()),
            ids: Arc::new(SequenceIds::after(2000)),
            ..self.scheduling.ports().clone()
        }
        .build()
        // Damage is no change that anybody counts, so what was worked out before it would hold on.
        .with_memory(0);
        damaged
    }

    /// Time off of a host, for whole days of November in UTC.
    pub(crate) async fn off(&self, scope: TimeOffScope, from: &str, to: &str) -> TimeOff {
        let day = |day: &str| parse(&format!("2026-11-{day}"));
        let span = TimeOffSpan::Days {
            from: day(from),
            to: day(to),
        };
        self.off_when(
            scope,
            TimeOffPeriod::new(chrono_tz::Tz::UTC, span, None).unwrap(),
        )
        .await
    }

    /// Time off called "Away".
    pub(crate) async fn off_when(&self, scope: TimeOffScope, period: TimeOffPeriod) -> TimeOff {
        let command = AddTimeOff {
            workspace: self.workspace.id,
            settings: TimeOffSettings {
                scope,
                title: Some(parse("Away")),
                visible: false,
                period,
            },
            idempotency: None,
        };
        let made = self.scheduling.add_time_off(&Actor::System, &command).await;
        made.unwrap().made
    }

    /// A further schedule of a host, such as `late` from `18:00-20:00`.
    pub(crate) async fn schedule(
        &self,
        host: &str,
        name: &str,
        hours: &str,
    ) -> AvailabilitySchedule {
        let command = AddSchedule {
            workspace: self.workspace.id,
            owner: scheduling_core::schedule::ScheduleOwner::Person(self.hosts[host]),
            name: parse(name),
            availability: working_hours(chrono_tz::Tz::UTC, hours),
            is_default: false,
            idempotency: None,
        };
        let made = self.scheduling.add_schedule(&Actor::System, &command).await;
        made.unwrap().made
    }
}

/// A key for a request, the same for the same body.
pub(crate) fn key(key: &str, body: u8) -> Idempotent {
    Idempotent::new("test", parse(key), [body; 32])
}

/// What somebody hears: what he got, or why not.
pub(crate) fn heard<T, E: std::fmt::Display>(
    result: Result<T, E>,
    say: impl FnOnce(T) -> String,
) -> String {
    match result {
        Ok(got) => say(got),
        Err(error) => format!("! {error}"),
    }
}

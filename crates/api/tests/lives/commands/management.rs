//! What members change: links, time off, event types.

use std::num::NonZeroU32;

use chrono::TimeDelta;
use chrono_tz::Tz;
use scheduling_app::event_types::{EventTypeSettings, UpdateEventType};
use scheduling_app::links::{AddLink, LinkSettings, UpdateLink};
use scheduling_app::time_off::{AddTimeOff, TimeOffSettings};
use scheduling_core::event_type::{Approval, AssignmentKind, Buffers, EventTypeStatus, Hosting};
use scheduling_core::ids::{BookingLinkId, WorkspaceId};
use scheduling_core::ports::Clock;
use scheduling_core::text::Slug;
use scheduling_core::time::Minutes;
use scheduling_core::time_off::{TimeOffPeriod, TimeOffScope, TimeOffSpan};
use scheduling_testkit::builders::parse;

use super::known::{KnownLink, lock};
use super::{Kind, Life};
use crate::world::length;

impl Life {
    /// A workspace and what can be booked there: an event type's own link, or a further one.
    pub(super) fn link_to_book(&mut self) -> (Slug, Slug) {
        if self.dice.one_in(6) {
            let known = lock(&self.known);
            if let Some(place) = self.dice.place(&known.links) {
                let link = &known.links[place];
                return (parse(link.workspace_slug), link.slug.clone());
            }
        }
        let event = self.event();
        (parse(event.workspace_slug), parse(event.slug))
    }

    pub(super) async fn add_link(&mut self) {
        let event = self.event();
        let actor = self.member(event.workspace);
        let hours = TimeDelta::hours(i64::from(1 + self.dice.roll(4)));
        let command = AddLink {
            event_type: event.id,
            slug: Some(parse(&format!("link-{}", self.dice.roll(100)))),
            settings: LinkSettings {
                max_uses: NonZeroU32::new(self.dice.roll(4)),
                expires_at: self.dice.one_in(3).then(|| self.world.clock.now() + hours),
                ..LinkSettings::default()
            },
            idempotency: None,
        };
        let added = self.world.scheduling.add_link(&actor, &command).await;
        if let Ok(added) = &added {
            let link = KnownLink {
                id: added.made.id,
                workspace: event.workspace,
                workspace_slug: event.workspace_slug,
                slug: added.made.slug.clone(),
            };
            self.known().links.push(link);
        }
        self.note(Kind::AddLink, &added);
    }

    pub(super) async fn change_link(&mut self) {
        let Some((workspace, id)) = self.link() else {
            return;
        };
        let actor = self.member(workspace);
        let revoked = self.dice.one_in(2);
        let link = match self.world.scheduling.link(&actor, id).await {
            Ok(link) => link,
            refused => return self.note(Kind::ChangeLink, &refused),
        };
        let command = UpdateLink {
            id,
            slug: None,
            settings: LinkSettings {
                revoked,
                ..LinkSettings::of(&link)
            },
            expected: Some(link.version),
        };
        let changed = self.world.scheduling.update_link(&actor, &command).await;
        self.note(Kind::ChangeLink, &changed);
    }

    fn link(&mut self) -> Option<(WorkspaceId, BookingLinkId)> {
        let known = lock(&self.known);
        let link = &known.links[self.dice.place(&known.links)?];
        Some((link.workspace, link.id))
    }

    /// Enters an hour or two, of a host, an event type or everybody in the workspace.
    pub(super) async fn add_time_off(&mut self) {
        let event = self.event();
        let actor = self.member(event.workspace);
        let scope = match self.dice.roll(6) {
            0 => TimeOffScope::Workspace,
            1 => TimeOffScope::EventType(event.id),
            _ => TimeOffScope::Person(self.dice.pick(&self.world.hosts).id),
        };
        let from = self.start().naive_utc();
        let to = from + TimeDelta::hours(i64::from(1 + self.dice.roll(2)));
        let command = AddTimeOff {
            workspace: event.workspace,
            settings: TimeOffSettings {
                scope,
                title: None,
                visible: false,
                period: TimeOffPeriod::new(Tz::UTC, TimeOffSpan::Hours { from, to }, None).unwrap(),
            },
            idempotency: None,
        };
        let added = self.world.scheduling.add_time_off(&actor, &command).await;
        if let Ok(added) = &added {
            let entered = (event.workspace, added.made.id);
            self.known().time_off.push(entered);
        }
        self.note(Kind::AddTimeOff, &added);
    }

    pub(super) async fn remove_time_off(&mut self) {
        let entered = {
            let known = lock(&self.known);
            let place = self.dice.place(&known.time_off);
            place.map(|place| known.time_off[place])
        };
        let Some((workspace, id)) = entered else {
            return;
        };
        let actor = self.member(workspace);
        let expected = self.expected();
        let scheduling = &self.world.scheduling;
        let removed = scheduling.delete_time_off(&actor, id, expected).await;
        self.note(Kind::RemoveTimeOff, &removed);
    }

    /// Changes one thing about an event type. What the checks afterwards count stays: seats, and the pool's limit.
    pub(super) async fn change_event_type(&mut self) {
        let event = self.event();
        let actor = self.member(event.workspace);
        let stored = match self.world.scheduling.event_type(&actor, event.id).await {
            Ok(stored) => stored,
            refused => return self.note(Kind::ChangeEventType, &refused),
        };
        let mut settings = EventTypeSettings::of(&stored);
        self.change(&mut settings);
        let command = UpdateEventType {
            id: event.id,
            settings,
            expected: Some(stored.version),
        };
        let scheduling = &self.world.scheduling;
        let changed = scheduling.update_event_type(&actor, &command).await;
        self.note(Kind::ChangeEventType, &changed);
    }

    fn change(&mut self, settings: &mut EventTypeSettings) {
        match self.dice.roll(5) {
            0 => {
                settings.rules.buffers = Buffers {
                    before: Minutes(5 * self.dice.roll(3)),
                    after: Minutes(5 * self.dice.roll(3)),
                };
            }
            1 => settings.rules.minimum_notice = Minutes(30 * self.dice.roll(3)),
            2 => {
                let approval = Approval {
                    answer_within: length(45),
                };
                settings.policy.approval = settings.policy.approval.xor(Some(approval));
            }
            3 => {
                let active = [
                    EventTypeStatus::Active,
                    EventTypeStatus::Hidden,
                    EventTypeStatus::Inactive,
                ];
                settings.status = *self.dice.pick(&active);
            }
            _ if settings.hosting.kind() == AssignmentKind::RoundRobin => {
                let mut roster: Vec<_> = settings.hosting.roster().collect();
                roster.rotate_left(1);
                // Now and then one leaves, or Bob, whom every workspace knows, comes back.
                let bob = self.world.hosts[1].id;
                if !roster.contains(&bob) {
                    roster.push(bob);
                } else if roster.len() > 1 && self.dice.one_in(3) {
                    roster.pop();
                }
                settings.hosting = Hosting::round_robin(roster).unwrap();
            }
            _ => settings.form.max_guests = u8::try_from(self.dice.roll(3)).unwrap(),
        }
    }
}

//! The rows of bookings, with everything that their making, their end and their mails have left behind.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use scheduling_app::system::{SealingKey, SystemSealer};
use scheduling_app::{HostToken, ManageToken};
use scheduling_core::assignment::{RotationLedger, RotationStep};
use scheduling_core::booking::{BookingState, Change, Doer, Party};
use scheduling_core::effect::{Effect, NotificationKind, Recipient};
use scheduling_core::event_type::MeetingPlace;
use scheduling_core::ids::{AttendeeId, BookingId, UserId};
use scheduling_core::ports::CredentialSealer as _;
use uuid::Uuid;

use super::ids::Ids;
use super::people::{Host, People};
use super::plan::Planned;
use crate::Failure;
use crate::database::{Cell, Rows};
use crate::random::Random;

/// How long the worker keeps what it has done.
const KEPT: TimeDelta = TimeDelta::days(7);
/// When attendees are reminded, in minutes before the start: as new event types have it.
const REMINDERS: [i64; 2] = [1440, 60];

/// A microsecond count as an instant.
fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Makes bookings one after the other, in the order in which they came in.
pub(super) struct Maker<'a> {
    people: &'a People,
    now: DateTime<Utc>,
    random: Random,
    ids: Ids,
    sealer: SystemSealer,
    place: String,
    /// For each host the times that his team gives him, in order.
    turns: Vec<VecDeque<i64>>,
    /// The teams' ledgers.
    pub(super) ledgers: Vec<RotationLedger<UserId>>,
    /// The manage tokens of bookings ahead in the first workspace.
    pub(super) manage_tokens: Vec<String>,
    pub(super) tables: [Rows; 7],
}

/// How many manage tokens are kept for asking.
const MANAGE_TOKENS: usize = 200;

/// Who, when, and what became of it.
struct Fate<'a> {
    id: Uuid,
    host: &'a Host,
    attendee: Uuid,
    starts_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    state: BookingState,
    /// When it ended otherwise, if it did.
    changed: Option<(DateTime<Utc>, Change, Doer)>,
    sequence: u32,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        people: &'a People,
        planned: &[Planned],
        key: SealingKey,
        seed: u64,
        now: DateTime<Utc>,
    ) -> Result<Self, Failure> {
        let mut turns = vec![VecDeque::new(); people.hosts.len()];
        let mut by_start: Vec<&Planned> = planned.iter().filter(|booking| booking.team).collect();
        by_start.sort_unstable_by_key(|booking| (booking.host, booking.starts_at));
        for booking in by_start {
            turns[booking.host as usize].push_back(booking.starts_at);
        }
        let place = MeetingPlace::Link {
            url: "https://meet.example.org/room"
                .parse()
                .map_err(Failure::own)?,
        };
        let ledgers = people.teams.iter().map(|team| {
            let roster = team.hosts.iter().map(|host| (people.hosts[*host].id, 100));
            RotationLedger::new(roster)
        });
        Ok(Self {
            people,
            now,
            random: Random::of(seed, u64::MAX - 1),
            ids: Ids::new(seed ^ 1),
            sealer: SystemSealer::new(key, []),
            place: serde_json::to_string(&place)?,
            turns,
            ledgers: ledgers.collect(),
            manage_tokens: Vec::new(),
            tables: tables(),
        })
    }

    /// Makes the rows of one more booking.
    pub(super) fn add(&mut self, planned: &Planned) -> Result<(), Failure> {
        let people = self.people;
        let mut host = &people.hosts[planned.host as usize];
        let mut starts_at = planned.starts_at;
        let mut rotation = None;
        let mut event_type = host.alone;
        if let (true, Some(number)) = (planned.team, host.team) {
            let team = &people.teams[number];
            let free: Vec<usize> = team
                .hosts
                .iter()
                .copied()
                .filter(|host| !self.turns[*host].is_empty())
                .collect();
            let pool: Vec<UserId> = free.iter().map(|host| people.hosts[*host].id).collect();
            let step = self.ledgers[number].assign(&pool).map_err(Failure::own)?;
            let winner = free
                .into_iter()
                .find(|host| people.hosts[*host].id == step.winner);
            let winner = winner.ok_or_else(|| Failure::own("a stranger won"))?;
            host = &people.hosts[winner];
            let turn = self.turns[winner].pop_front();
            starts_at = turn.ok_or_else(|| Failure::own("nobody had a turn"))?;
            event_type = team.event_type;
            rotation = Some((number, step));
        }
        let fate = self.fate(host, starts_at, planned.created_at);
        let rotation = self.rotation(rotation, &fate.state)?;
        self.write(&fate, event_type.as_uuid(), rotation)
    }

    fn fate(&mut self, host: &'a Host, starts_at: i64, created_at: i64) -> Fate<'a> {
        let starts_at = instant(starts_at);
        // The rotation may have given it an earlier time than was planned.
        let created_at = instant(created_at).min(starts_at - TimeDelta::hours(1));
        let is_over = starts_at < self.now;
        let (state, changed, sequence) = match self.random.below(100) {
            0..8 => {
                let latest = starts_at.min(self.now) - TimeDelta::minutes(1);
                let at = created_at + (latest - created_at) / 2;
                let state = BookingState::Cancelled {
                    cancelled_at: at,
                    by: Party::Invitee,
                    reason: None,
                };
                let change = Change::Cancelled { reason: None };
                (state, Some((at, change, Doer::Invitee)), 1)
            }
            8..12 if is_over => {
                let at = starts_at + TimeDelta::minutes(45);
                let state = BookingState::NoShow { marked_at: at };
                let by = Doer::Member(host.id);
                (state, Some((at, Change::NoShow, by)), 0)
            }
            _ => {
                let confirmed_at = created_at;
                (BookingState::Confirmed { confirmed_at }, None, 0)
            }
        };
        Fate {
            id: self.ids.at(created_at),
            attendee: self.ids.at(created_at),
            host,
            starts_at,
            created_at,
            state,
            changed,
            sequence,
        }
    }

    /// A booking that was cancelled gives the turn back.
    fn rotation(
        &mut self,
        step: Option<(usize, RotationStep<UserId>)>,
        state: &BookingState,
    ) -> Result<Cell, Failure> {
        let Some((team, mut step)) = step else {
            return Ok(Cell::Null);
        };
        if !state.takes_time() {
            self.ledgers[team].release(&mut step);
        }
        Ok(Cell::Text(serde_json::to_string(&step)?))
    }

    fn write(&mut self, fate: &Fate<'a>, event_type: Uuid, rotation: Cell) -> Result<(), Failure> {
        let (starts, ends) = (fate.starts_at, fate.starts_at + TimeDelta::minutes(30));
        let (starts, ends) = (starts.timestamp_micros(), ends.timestamp_micros());
        let created = fate.created_at.timestamp_micros();
        let updated = fate
            .changed
            .as_ref()
            .map_or(fate.created_at, |changed| changed.0);
        let version = 1 + i64::from(fate.changed.is_some());
        let manage = ManageToken::from_bytes(self.random.bytes());
        let hosts = HostToken::from_bytes(self.random.bytes());
        let guest = self.random.below(1_000_000);
        let id = fate.id;
        if fate.host.workspace == self.people.places[0].id
            && fate.starts_at > self.now
            && fate.changed.is_none()
            && self.manage_tokens.len() < MANAGE_TOKENS
        {
            self.manage_tokens.push(manage.to_string());
        }
        let note = match guest % 5 {
            0 => Cell::from("I would like to talk about the offer that you sent last week."),
            _ => Cell::Null,
        };
        let [bookings, booking_hosts, attendees, claims, ..] = &mut self.tables;
        bookings.add([
            Cell::Id(id),
            Cell::Id(fate.host.workspace.as_uuid()),
            Cell::Id(event_type),
            Cell::Int(starts),
            Cell::Int(ends),
            Cell::Int(0),
            Cell::Int(0),
            note,
            Cell::from("[]"),
            Cell::Text(self.place.clone()),
            Cell::from(fate.state.name().as_str()),
            Cell::Text(serde_json::to_string(&fate.state)?),
            Cell::Int(fate.sequence.into()),
            Cell::Int(version),
            rotation,
            Cell::Bytes(manage.hash().to_vec()),
            Cell::Bytes(self.sealer.seal(manage.as_bytes())),
            Cell::Int(created),
            Cell::Int(updated.timestamp_micros()),
        ]);
        booking_hosts.add([
            Cell::Id(id),
            Cell::Id(fate.host.id.as_uuid()),
            Cell::Int(0),
            Cell::Bytes(hosts.hash().to_vec()),
            Cell::Bytes(self.sealer.seal(hosts.as_bytes())),
        ]);
        attendees.add([
            Cell::Id(id),
            Cell::Id(fate.attendee),
            Cell::Int(0),
            Cell::from("invitee"),
            Cell::Text(format!("Guest {guest}")),
            Cell::Text(format!("guest-{guest}@example.org")),
            Cell::from("Europe/Berlin"),
            Cell::from("accepted"),
        ]);
        if fate.state.takes_time() {
            claims.add([
                Cell::Id(fate.host.id.as_uuid()),
                Cell::Int(starts),
                Cell::Int(ends),
                Cell::Id(id),
            ]);
        }
        self.history(fate)?;
        self.mails(fate)
    }

    fn history(&mut self, fate: &Fate<'a>) -> Result<(), Failure> {
        let booked = (fate.created_at, Change::Confirmed, Doer::Invitee);
        for (at, change, doer) in std::iter::once(booked).chain(fate.changed.clone()) {
            let change = serde_json::to_value(&change)?;
            self.tables[4].add([
                Cell::Id(self.ids.at(at)),
                Cell::Id(fate.id),
                Cell::Int(at.timestamp_micros()),
                Cell::Text(serde_json::to_string(&doer)?),
                Cell::from(change["change"].as_str().unwrap_or_default()),
                Cell::Text(change.to_string()),
            ]);
        }
        Ok(())
    }

    /// What was sent within a week, and what is still to be sent.
    fn mails(&mut self, fate: &Fate<'a>) -> Result<(), Failure> {
        let to_invitee = Recipient::Attendee(AttendeeId::from_uuid(fate.attendee));
        let to_host = Recipient::Host(fate.host.id);
        let booked = fate.created_at;
        let mut mails = vec![
            (booked, booked, to_invitee, NotificationKind::Confirmed, 0),
            (booked, booked, to_host, NotificationKind::Confirmed, 0),
        ];
        for minutes in REMINDERS {
            let due = fate.starts_at - TimeDelta::minutes(minutes);
            if due > booked {
                mails.push((booked, due, to_invitee, NotificationKind::Reminder, 0));
            }
        }
        if let (BookingState::Cancelled { .. }, Some((at, ..))) = (&fate.state, &fate.changed) {
            let at = *at;
            for recipient in [to_invitee, to_host] {
                mails.push((
                    at,
                    at,
                    recipient,
                    NotificationKind::Cancelled,
                    fate.sequence,
                ));
            }
        }
        for (created_at, due, recipient, about, sequence) in mails {
            let sent = (due <= self.now).then(|| due + TimeDelta::milliseconds(400));
            if sent.is_some_and(|sent| sent < self.now - KEPT) {
                continue;
            }
            let effect = Effect::Notify {
                booking: BookingId::from_uuid(fate.id),
                recipient,
                about,
                sequence,
            };
            let id = self.ids.at(created_at);
            let [.., outbox, attempts] = &mut self.tables;
            outbox.add([
                Cell::Id(id),
                Cell::from("notify"),
                Cell::Text(serde_json::to_string(&effect)?),
                Cell::Int(due.timestamp_micros()),
                Cell::from(if sent.is_some() { "done" } else { "ready" }),
                Cell::Int(i64::from(sent.is_some())),
                Cell::Int(created_at.timestamp_micros()),
                Cell::from(sent.map(|sent| sent.timestamp_micros())),
                Cell::Id(fate.host.workspace.as_uuid()),
                Cell::Id(fate.id),
            ]);
            if let Some(sent) = sent {
                attempts.add([
                    Cell::Id(id),
                    Cell::Int(1),
                    Cell::Int(sent.timestamp_micros()),
                    Cell::from("smtp"),
                    Cell::from("accepted"),
                ]);
            }
        }
        Ok(())
    }
}

/// The tables, those first that others refer to.
fn tables() -> [Rows; 7] {
    [
        Rows::of(
            "bookings",
            &[
                "id",
                "workspace_id",
                "event_type_id",
                "starts_at",
                "ends_at",
                "buffer_before",
                "buffer_after",
                "note",
                "answers",
                "place",
                "status",
                "state",
                "sequence",
                "version",
                "rotation",
                "manage_hash",
                "manage_sealed",
                "created_at",
                "updated_at",
            ],
        ),
        Rows::of(
            "booking_hosts",
            &[
                "booking_id",
                "user_id",
                "position",
                "manage_hash",
                "manage_sealed",
            ],
        ),
        Rows::of(
            "attendees",
            &[
                "booking_id",
                "id",
                "position",
                "role",
                "name",
                "email",
                "timezone",
                "rsvp",
            ],
        ),
        Rows::of("claims", &["host_id", "starts_at", "ends_at", "booking_id"]),
        Rows::of(
            "booking_history",
            &["id", "booking_id", "happened_at", "doer", "kind", "change"],
        ),
        Rows::of(
            "outbox",
            &[
                "id",
                "kind",
                "payload",
                "due_at",
                "status",
                "attempts",
                "created_at",
                "finished_at",
                "workspace_id",
                "booking_id",
            ],
        ),
        Rows::of(
            "delivery_attempts",
            &["outbox_id", "number", "tried_at", "transport", "outcome"],
        ),
    ]
}

//! A small workspace to try pages on.

mod asking;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use scheduling_app::availability::{EventTypePage, LandingPage};
use scheduling_app::bookings::{
    Actions, BookingAccess, BookingDetails, BookingHistory, Permission,
};
use scheduling_app::{HoldToken, HostToken, ManageToken};
use scheduling_core::booking::{
    Attendee, AttendeeRole, Booking, BookingHost, BookingState, Change, Doer, HistoryEntry,
    ManageSecret, Party, PendingReason, Rsvp,
};
use scheduling_core::directory::{Person, Workspace};
use scheduling_core::event_type::{
    Answer, AnswerValue, Buffers, Capacity, EventType, Hosting, Location, Locations, MeetingPlace,
    ReasonPolicy, Required, SlotRules,
};
use scheduling_core::ids::{AttendeeId, BookingId, EventTypeId, HistoryId, UserId, WorkspaceId};
use scheduling_core::time::{Interval, Length};
use uuid::Uuid;

use super::calendar::Offer;
use super::guest::{HourCycle, View};
use super::held::HeldSlot;
use super::links::{BookingPaths, Paths, parse_instant};
use super::visit::Visit;
pub(super) use asking::{asking, hostile_questions, questions};

/// A text with everything that must not reach a page as it is.
pub(super) const HOSTILE: &str = r#"<script>alert("1")</script> & 'O"Hara' {{ 7 * 7 }}"#;

pub(super) fn at(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap()
}

pub(super) fn now() -> DateTime<Utc> {
    at("2026-11-20T10:16:00Z")
}

pub(super) fn view(zone: Tz) -> View {
    View {
        zone,
        cycle: HourCycle::H24,
        zone_chosen: true,
        cycle_chosen: false,
    }
}

pub(super) fn token() -> ManageToken {
    ManageToken::from_bytes([0xab; 32])
}

pub(super) fn host_token() -> HostToken {
    HostToken::from_bytes([0xef; 32])
}

pub(super) fn workspace() -> Workspace {
    Workspace {
        id: WorkspaceId::from_uuid(Uuid::from_u128(1)),
        slug: "northwind".parse().unwrap(),
        name: "Northwind Advisory".parse().unwrap(),
        description: Some(
            "Fifteen people in fourteen cities. We help mid-sized companies change one thing properly."
                .parse()
                .unwrap(),
        ),
        version: 1,
    }
}

pub(super) fn person(number: u128, name: &str, zone: Tz) -> Person {
    Person {
        id: UserId::from_uuid(Uuid::from_u128(number)),
        name: name.parse().unwrap(),
        email: format!("host{number}@northwind.example").parse().unwrap(),
        timezone: zone,
    }
}

pub(super) fn mara() -> Person {
    person(2, "Mara Lindqvist", Tz::Europe__Berlin)
}

pub(super) fn team() -> Vec<Person> {
    vec![
        person(4, "Jonah Adeyemi", Tz::America__New_York),
        person(6, "Freya Nørgaard", Tz::Europe__Copenhagen),
        mara(),
        person(3, "Kofi Ansah", Tz::Africa__Accra),
    ]
}

pub(super) fn event_type(slug: &str, title: &str, minutes: u32, hosts: &[Person]) -> EventType {
    let ids: Vec<_> = hosts.iter().map(|host| host.id).collect();
    EventType::new(
        EventTypeId::from_uuid(Uuid::from_u128(10)),
        workspace().id,
        slug.parse().unwrap(),
        title.parse().unwrap(),
        SlotRules::new(Tz::Europe__Berlin, Length::new(minutes).unwrap()),
        match ids.as_slice() {
            [one] => Hosting::single(*one),
            _ => Hosting::round_robin(ids).unwrap(),
        },
        Location::Link {
            url: "https://meet.northwind.example/r/8kd-2fa".parse().unwrap(),
        },
    )
}

/// A first conversation with Mara.
pub(super) fn single() -> EventTypePage {
    let hosts = vec![mara()];
    EventTypePage {
        workspace: workspace(),
        event_type: EventType {
            description: Some(
                "Half an hour to understand what you want to change, and whether we are the right people to help.\n\nNo slides."
                    .parse()
                    .unwrap(),
            ),
            ..event_type("first-conversation", "First conversation", 30, &hosts)
        },
        link: None,
        hosts,
    }
}

/// An interview with one of four.
pub(super) fn rotating() -> EventTypePage {
    let hosts = team();
    EventTypePage {
        workspace: workspace(),
        event_type: event_type("interview", "Diagnostic interview", 45, &hosts),
        link: None,
        hosts,
    }
}

/// Office hours in a room, with twelve seats.
pub(super) fn seats() -> EventTypePage {
    let hosts = vec![person(7, "Odile Marchetti", Tz::Europe__Berlin)];
    let mut event_type = event_type("office-hours", "Open office hours", 30, &hosts);
    event_type.rules.capacity = Capacity::seats(12).unwrap();
    event_type.locations = Locations::one(Location::InPerson {
        address: "Room Alster, Berlin".parse().unwrap(),
    });
    EventTypePage {
        workspace: workspace(),
        event_type,
        link: None,
        hosts,
    }
}

/// A page on which every text tries to be more than text.
pub(super) fn hostile() -> EventTypePage {
    let hosts = vec![person(8, HOSTILE, Tz::Pacific__Kiritimati)];
    let mut event_type = event_type("hostile", HOSTILE, 30, &hosts);
    event_type.description = Some(HOSTILE.parse().unwrap());
    event_type.category = Some(HOSTILE.parse().unwrap());
    event_type.locations = Locations::one(Location::Link {
        url: r#"https://x/"onclick="alert(1)"><script>alert(1)</script>"#
            .parse()
            .unwrap(),
    });
    EventTypePage {
        workspace: Workspace {
            name: HOSTILE.parse().unwrap(),
            description: Some(HOSTILE.parse().unwrap()),
            ..workspace()
        },
        event_type,
        link: None,
        hosts,
    }
}

pub(super) fn landing() -> LandingPage {
    let with = |slug, title, minutes, category: &str, text: &str, hosts: Vec<Person>| {
        let event_type = EventType {
            category: category.parse().ok(),
            description: text.parse().ok(),
            ..event_type(slug, title, minutes, &hosts)
        };
        (event_type, hosts)
    };
    let mut workshop = with(
        "workshop",
        "Decision workshop",
        90,
        "Working together",
        "We leave with a decision on paper.",
        team(),
    );
    let ids = workshop.1.iter().map(|host| host.id).collect();
    workshop.0.hosting = Hosting::collective(ids, Required::All).unwrap();
    workshop.0.locations = Locations::one(Location::InPerson {
        address: "Berlin office".parse().unwrap(),
    });
    let mut question = with(
        "question",
        "Quick question",
        15,
        "Getting to know us",
        "One question, one answer, no follow-up needed.",
        vec![mara()],
    );
    question.0.locations = Locations::one(Location::Phone {
        instructions: "We call you".parse().unwrap(),
    });
    let office_hours = seats();
    LandingPage {
        workspace: workspace(),
        event_types: vec![
            with(
                "first-conversation",
                "First conversation",
                30,
                "Getting to know us",
                "Understand what you want to change, and whether we can help.",
                team(),
            ),
            question,
            workshop,
            (office_hours.event_type, office_hours.hosts),
        ],
    }
}

/// Three weeks of open times, in Lisbon's clock (which is UTC in winter): hours and minutes, half an hour each.
pub(super) fn offers() -> Vec<Offer> {
    const DAYS: [(&str, &[i64]); 12] = [
        ("2026-11-23", &[840, 870, 900, 930, 960]),
        ("2026-11-24", &[570, 600, 630, 780, 810, 840, 870, 900]),
        ("2026-11-25", &[480, 510, 540]),
        (
            "2026-11-26",
            &[
                480, 510, 540, 570, 600, 630, 660, 690, 780, 810, 840, 870, 900, 930,
            ],
        ),
        ("2026-11-30", &[540, 570, 600, 900, 930, 960, 990]),
        ("2026-12-01", &[510, 540, 570, 600, 630, 660, 690]),
        ("2026-12-02", &[780, 810, 840, 870, 900, 930, 960]),
        ("2026-12-03", &[480, 510, 540, 570, 780, 810]),
        ("2026-12-04", &[480, 510, 540, 570, 600, 630]),
        (
            "2026-12-07",
            &[540, 570, 600, 630, 660, 690, 780, 810, 840, 870, 900, 930],
        ),
        (
            "2026-12-10",
            &[
                480, 510, 540, 570, 600, 630, 660, 690, 780, 810, 840, 870, 900, 930, 960, 990,
            ],
        ),
        ("2026-12-18", &[480, 510, 540, 570]),
    ];
    DAYS.iter()
        .flat_map(|(date, minutes)| {
            let midnight = at(&format!("{date}T00:00:00Z"));
            minutes.iter().map(move |minutes| Offer {
                start: midnight + TimeDelta::minutes(*minutes),
                seats_left: None,
            })
        })
        .collect()
}

/// A confirmed booking of a page's event type.
pub(super) fn booking(page: &EventTypePage, zone: Tz, start: &str) -> BookingDetails {
    let start = at(start);
    let attendee = |number, role, name: &str, email: &str| Attendee {
        id: AttendeeId::from_uuid(Uuid::from_u128(number)),
        role,
        name: name.parse().unwrap(),
        email: email.parse().unwrap(),
        timezone: zone,
        rsvp: Rsvp::Accepted,
    };
    let length = page.event_type.rules.duration.delta();
    BookingDetails {
        booking: Booking {
            id: BookingId::from_uuid(Uuid::from_u128(0xb)),
            workspace: page.workspace.id,
            event_type: page.event_type.id,
            interval: Interval::new(start, start + length).unwrap(),
            buffers: Buffers::default(),
            hosts: page
                .hosts
                .iter()
                .map(|host| BookingHost {
                    user: host.id,
                    manage: ManageSecret {
                        hash: [0; 32],
                        sealed: Vec::new(),
                    },
                    session: None,
                })
                .collect(),
            attendees: vec![
                attendee(20, AttendeeRole::Invitee, "Elena Vaszary", "elena@halden-mills.example"),
                attendee(21, AttendeeRole::Guest, "Jonas", "jonas@halden-mills.example"),
            ],
            note: Some(
                "We lose about a week between order and first shift plan. I would like to hear how others closed that gap."
                    .parse()
                    .unwrap(),
            ),
            answers: Vec::new(),
            place: MeetingPlace::Link {
                url: "https://meet.northwind.example/r/8kd-2fa".parse().unwrap(),
            },
            link: None,
            state: BookingState::Confirmed {
                confirmed_at: now(),
            },
            sequence: 0,
            version: 1,
            rotation: None,
            manage: ManageSecret {
                hash: token().hash(),
                sealed: Vec::new(),
            },
            created_at: now(),
            updated_at: now(),
        },
        workspace: page.workspace.clone(),
        event_type: page.event_type.clone(),
        hosts: page.hosts.clone(),
        viewer: Party::Invitee,
        actions: Actions {
            answer: false,
            cancel: granted(start),
            reschedule: granted(start),
            complete: false,
            mark_no_show: false,
        },
    }
}

fn granted(until: DateTime<Utc>) -> Permission {
    Permission::Granted {
        reason: ReasonPolicy::Optional,
        until,
    }
}

/// What can be done to a booking that is over or off: nothing.
pub(super) fn finished() -> Actions {
    Actions {
        answer: false,
        cancel: Permission::Finished,
        reschedule: Permission::Finished,
        complete: false,
        mark_no_show: false,
    }
}

/// The invitee's way to a booking, on a server that is reached under a path.
pub(super) fn visit(base: &str) -> Visit {
    Visit {
        access: BookingAccess::Invitee(token()),
        paths: BookingPaths::below(Paths::new(base).manage(&token())),
        zone: Tz::Europe__Lisbon,
    }
}

pub(super) fn held() -> HeldSlot {
    HeldSlot {
        token: HoldToken::from_bytes([0xcd; 32]),
        start: at("2026-11-24T14:00:00Z"),
        end: at("2026-11-24T14:30:00Z"),
        until: now() + TimeDelta::minutes(5),
        renewed: false,
    }
}

/// A request that a host has a day to answer.
pub(super) fn waiting() -> BookingState {
    BookingState::Pending {
        waiting_for: [PendingReason::Approval].into(),
        expires_at: Some(at("2026-11-21T10:16:00Z")),
    }
}

/// A text, a list and a link, as somebody answered.
pub(super) fn answers(text: &str) -> Vec<Answer> {
    let answer = |key: &str, label: &str, value| Answer {
        key: key.parse().unwrap(),
        label: label.parse().unwrap(),
        value,
    };
    vec![
        answer(
            "size",
            "Size of your team",
            AnswerValue::Text(text.parse().unwrap()),
        ),
        answer(
            "topic",
            "What is this about?",
            AnswerValue::Choices(vec!["Operations".parse().unwrap(), text.parse().unwrap()]),
        ),
        answer(
            "site",
            "Your site",
            AnswerValue::Url("https://halden-mills.example/plans".parse().unwrap()),
        ),
        answer("terms", "Recording is fine", AnswerValue::Checkbox(true)),
    ]
}

/// What has become of a booking: asked for, approved, moved, called off.
pub(super) fn history(booking: &Booking) -> BookingHistory {
    let entry = |number, by, change| HistoryEntry {
        id: HistoryId::from_uuid(Uuid::from_u128(number)),
        booking: booking.id,
        at: now(),
        by,
        change,
    };
    let host = mara();
    let earlier = Interval::new(at("2026-11-23T14:00:00Z"), at("2026-11-23T14:30:00Z")).unwrap();
    BookingHistory {
        booking: booking.clone(),
        entries: vec![
            entry(1, Doer::Invitee, Change::Requested),
            entry(2, Doer::Member(host.id), Change::Approved),
            entry(
                3,
                Doer::Invitee,
                Change::Rescheduled {
                    from: earlier,
                    to: booking.interval,
                    reason: HOSTILE.parse().ok(),
                },
            ),
            entry(4, Doer::System, Change::Expired),
        ],
        people: [(host.id, host)].into(),
    }
}

pub(super) fn cancelled(by: Party) -> BookingState {
    BookingState::Cancelled {
        cancelled_at: now(),
        by,
        reason: "We solved it ourselves.".parse().ok(),
    }
}

//! Who can be booked, and for what: the setup file of a run, and what the judges know of it.
//!
//! The judges compute by these values and never by what the database says an event type is.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// The workspace's slug.
pub const WORKSPACE: &str = "field";

/// Somebody who hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The key in the setup file, and the first name.
    pub key: String,
    /// The zone of the hours, in which limits count days.
    pub timezone: String,
}

impl Person {
    /// The address.
    pub fn email(&self) -> String {
        format!("{}@field.example", self.key)
    }
}

/// How hosts are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The one there is.
    Single,
    /// By the rotation ledger.
    RoundRobin,
    /// The first who is free.
    AnyAvailable,
    /// All of them together.
    Collective,
}

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// Its part of the link.
    pub slug: String,
    /// How long a meeting lasts, in minutes.
    pub minutes: u32,
    /// From one start to the next.
    pub step: u32,
    /// What is kept free before and after a meeting.
    pub buffers: (u32, u32),
    /// How many share a meeting.
    pub seats: u32,
    /// How hosts are chosen.
    pub way: Way,
    /// The hosts' keys, in roster order, with their weights.
    pub hosts: Vec<(String, u32)>,
    /// Whether a host must say yes.
    pub approval: bool,
    /// How many a host takes a day.
    pub per_day: Option<u32>,
    /// How many an invitee may bring.
    pub max_guests: u32,
    /// Whether attendees are reminded a day before.
    pub reminds: bool,
}

impl EventType {
    /// How long a meeting lasts, in microseconds.
    pub fn length(&self) -> i64 {
        micros(self.minutes)
    }

    /// What a meeting at this time takes of its hosts, with the buffers.
    pub fn reservation(&self, start: i64, end: i64) -> (i64, i64) {
        (start - micros(self.buffers.0), end + micros(self.buffers.1))
    }

    /// Whether all hosts take part in every meeting.
    pub fn takes_all(&self) -> bool {
        matches!(self.way, Way::Single | Way::Collective)
    }
}

/// Minutes in microseconds, as the tables count.
pub fn micros(minutes: u32) -> i64 {
    i64::from(minutes) * 60_000_000
}

/// Everybody, and everything that can be booked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Who hosts.
    pub people: Vec<Person>,
    /// What can be booked.
    pub events: Vec<EventType>,
}

impl Field {
    /// Four people in four zones who share nine event types of every kind.
    pub fn standard() -> Self {
        let people = [
            ("ann", "UTC"),
            ("ben", "Europe/Berlin"),
            ("cem", "America/New_York"),
            ("dora", "Asia/Kolkata"),
        ];
        let people = people.map(|(key, timezone)| Person {
            key: key.to_owned(),
            timezone: timezone.to_owned(),
        });
        Self {
            people: people.to_vec(),
            events: events(),
        }
    }

    /// An event type by its slug.
    pub fn event(&self, slug: &str) -> Option<&EventType> {
        self.events.iter().find(|event| event.slug == slug)
    }

    /// A person by the key.
    pub fn person(&self, key: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.key == key)
    }

    /// The setup file.
    pub fn setup_file(&self) -> String {
        let mut file = format!("[workspace]\nslug = \"{WORKSPACE}\"\nname = \"Field\"\n");
        for person in &self.people {
            let Person { key, timezone } = person;
            let hours = "[\"06:00-22:00\"]";
            let _ = write!(
                file,
                "\n[[people]]\nkey = \"{key}\"\nname = \"{key}\"\nemail = \"{}\"\ntimezone = \"{timezone}\"\n\
                 hours = {{ weekdays = {hours}, saturday = {hours}, sunday = {hours} }}\n",
                person.email()
            );
        }
        for event in &self.events {
            write_event(&mut file, event);
        }
        file
    }
}

fn events() -> Vec<EventType> {
    let event = |slug: &str, minutes, way, hosts: &[(&str, u32)]| EventType {
        slug: slug.to_owned(),
        minutes,
        step: minutes,
        buffers: (0, 0),
        seats: 1,
        way,
        hosts: hosts
            .iter()
            .map(|(key, weight)| ((*key).to_owned(), *weight))
            .collect(),
        approval: false,
        per_day: None,
        max_guests: 0,
        reminds: false,
    };
    vec![
        EventType {
            reminds: true,
            ..event("call", 30, Way::Single, &[("ann", 100)])
        },
        EventType {
            step: 15,
            buffers: (10, 5),
            max_guests: 2,
            ..event("talk", 45, Way::Single, &[("ben", 100)])
        },
        event(
            "round",
            30,
            Way::RoundRobin,
            &[("ann", 300), ("ben", 100), ("cem", 100)],
        ),
        EventType {
            approval: true,
            ..event("turns", 60, Way::RoundRobin, &[("cem", 100), ("dora", 100)])
        },
        EventType {
            seats: 3,
            ..event("class", 60, Way::Single, &[("dora", 100)])
        },
        EventType {
            approval: true,
            max_guests: 2,
            ..event("interview", 30, Way::Single, &[("cem", 100)])
        },
        EventType {
            approval: true,
            ..event("board", 60, Way::Collective, &[("ann", 100), ("ben", 100)])
        },
        EventType {
            per_day: Some(3),
            ..event("few", 15, Way::Single, &[("dora", 100)])
        },
        EventType {
            per_day: Some(4),
            buffers: (0, 15),
            ..event(
                "either",
                30,
                Way::AnyAvailable,
                &[("cem", 100), ("dora", 100)],
            )
        },
    ]
}

fn write_event(file: &mut String, event: &EventType) {
    let hosts: Vec<String> = event
        .hosts
        .iter()
        .map(|(key, _)| format!("\"{key}\""))
        .collect();
    let way = match event.way {
        Way::Single => "single",
        Way::RoundRobin => "round_robin",
        Way::AnyAvailable => "any_available",
        Way::Collective => "collective",
    };
    let (before, after) = event.buffers;
    let _ = write!(
        file,
        "\n[[event_types]]\nslug = \"{0}\"\ntitle = \"{0}\"\nduration_minutes = {1}\nslot_interval_minutes = {2}\n\
         buffer_before_minutes = {before}\nbuffer_after_minutes = {after}\nseats = {3}\nminimum_notice_minutes = 0\n\
         booking_window = {{ kind = \"rolling_days\", days = 120 }}\ntimezone = \"UTC\"\nassignment = \"{way}\"\n\
         hosts = [{4}]\nmax_guests = {5}\nlocation = {{ kind = \"custom\", text = \"Here\" }}\n",
        event.slug,
        event.minutes,
        event.step,
        event.seats,
        hosts.join(", "),
        event.max_guests,
    );
    if event.way == Way::RoundRobin {
        let weights: Vec<String> = event
            .hosts
            .iter()
            .map(|(key, weight)| format!("{key} = {weight}"))
            .collect();
        let _ = writeln!(file, "weights = {{ {} }}", weights.join(", "));
    }
    if event.approval {
        let _ = writeln!(file, "approval = {{ answer_within_minutes = 2880 }}");
    }
    if let Some(per_day) = event.per_day {
        let _ = writeln!(file, "limits = {{ per_day = {per_day} }}");
    }
    let reminders = if event.reminds {
        "[{ minutes = 1440, to = \"attendees\" }]"
    } else {
        "[]"
    };
    let _ = writeln!(file, "reminders = {reminders}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_type_is_there_and_every_host_is_somebody() {
        let field = Field::standard();
        for way in [
            Way::Single,
            Way::RoundRobin,
            Way::AnyAvailable,
            Way::Collective,
        ] {
            assert!(field.events.iter().any(|event| event.way == way));
        }
        let events = &field.events;
        assert!(events.iter().any(|event| event.seats > 1));
        assert!(events.iter().any(|event| event.approval));
        assert!(events.iter().any(|event| event.per_day.is_some()));
        assert!(events.iter().any(|event| event.buffers != (0, 0)));
        for (host, _) in events.iter().flat_map(|event| &event.hosts) {
            assert!(field.person(host).is_some(), "{host}");
        }
    }

    #[test]
    fn a_reservation_is_the_meeting_with_its_buffers() {
        let field = Field::standard();
        let talk = field.event("talk").unwrap();
        let minute = 60_000_000;
        assert_eq!(
            talk.reservation(0, talk.length()),
            (-10 * minute, 50 * minute)
        );
    }
}

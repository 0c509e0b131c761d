//! What is there when a run is over: the tables, the mails, what the API shows, what `kalends verify` says.

mod mails;
mod tables;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use mails::{Calendar, Mail, instant_of, read as read_mails};
pub use tables::{Database, Query, queries};

/// The hexadecimal digits of an id, however it is written: `bk_…`, a UUID with hyphens, a blob.
pub fn digits(text: &str) -> String {
    let bare = text.rsplit('_').next().unwrap_or(text);
    bare.chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(digits(&String::deserialize(from)?))
}

fn optional_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.as_deref().map(digits))
}

/// A JSON text in a column, or in a file the value itself.
fn json<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    })
}

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
            pub struct $name {
                $(
                    $(#[$attribute])*
                    #[doc = concat!("The column `", stringify!($field), "`.")]
                    pub $field: $type,
                )*
            }
        )*
    };
}

rows! {
    /// `people`
    Person {
        #[serde(deserialize_with = "id")] id: String,
        email: String,
    }
    /// `event_types`
    EventTypeRow {
        #[serde(deserialize_with = "id")] id: String,
        slug: String,
    }
    /// `bookings`
    Booking {
        #[serde(deserialize_with = "id")] id: String,
        #[serde(deserialize_with = "id")] event_type_id: String,
        starts_at: i64,
        ends_at: i64,
        buffer_before: i64,
        buffer_after: i64,
        status: String,
        sequence: i64,
        version: i64,
        #[serde(deserialize_with = "json")] rotation: Value,
    }
    /// `booking_hosts`
    BookingHost {
        #[serde(deserialize_with = "id")] booking_id: String,
        #[serde(deserialize_with = "id")] user_id: String,
        position: i64,
        #[serde(deserialize_with = "optional_id")] session_id: Option<String>,
    }
    /// `attendees`
    Attendee {
        #[serde(deserialize_with = "id")] booking_id: String,
        #[serde(deserialize_with = "id")] id: String,
        position: i64,
        role: String,
        email: String,
    }
    /// `booking_history`
    HistoryEntry {
        #[serde(deserialize_with = "id")] id: String,
        #[serde(deserialize_with = "id")] booking_id: String,
        happened_at: i64,
        #[serde(deserialize_with = "json")] doer: Value,
        kind: String,
        #[serde(deserialize_with = "json")] change: Value,
    }
    /// `sessions`
    Session {
        #[serde(deserialize_with = "id")] id: String,
        #[serde(deserialize_with = "id")] event_type_id: String,
        #[serde(deserialize_with = "id")] host_id: String,
        starts_at: i64,
        ends_at: i64,
        capacity: i64,
        seats_taken: i64,
    }
    /// `holds`
    Hold {
        #[serde(deserialize_with = "id")] id: String,
        #[serde(deserialize_with = "id")] event_type_id: String,
        token_hash: String,
        starts_at: i64,
        ends_at: i64,
        expires_at: i64,
    }
    /// `hold_hosts`
    HoldHost {
        #[serde(deserialize_with = "id")] hold_id: String,
        #[serde(deserialize_with = "id")] user_id: String,
        #[serde(deserialize_with = "optional_id")] session_id: Option<String>,
    }
    /// `claims`
    Claim {
        #[serde(deserialize_with = "id")] host_id: String,
        starts_at: i64,
        ends_at: i64,
        #[serde(deserialize_with = "optional_id")] booking_id: Option<String>,
        #[serde(deserialize_with = "optional_id")] session_id: Option<String>,
        #[serde(deserialize_with = "optional_id")] hold_id: Option<String>,
    }
    /// `rotation_ledgers`
    Ledger {
        #[serde(deserialize_with = "id")] event_type_id: String,
        next: i64,
    }
    /// `rotation_entries`
    RotationEntry {
        #[serde(deserialize_with = "id")] event_type_id: String,
        #[serde(deserialize_with = "id")] host_id: String,
        weight: i64,
        credit: i64,
    }
    /// `outbox`
    OutboxRow {
        #[serde(deserialize_with = "id")] id: String,
        kind: String,
        #[serde(deserialize_with = "json")] payload: Value,
        status: String,
        due_at: i64,
        attempts: i64,
        last_error: Option<String>,
        created_at: i64,
    }
}

impl OutboxRow {
    /// A text of the payload.
    pub fn text(&self, field: &str) -> &str {
        self.payload[field].as_str().unwrap_or_default()
    }

    /// The booking it is about.
    pub fn booking(&self) -> String {
        digits(self.text("booking"))
    }

    /// What it says, such as `confirmed`; nothing where it is no message about a booking.
    pub fn about(&self) -> &str {
        self.text("about")
    }

    /// The booking's sequence that it was planned for.
    pub fn sequence(&self) -> Option<i64> {
        self.payload["sequence"].as_i64()
    }

    /// Whom it tells: `host` or `attendee`, and the id.
    pub fn recipient(&self) -> (&str, String) {
        let recipient = &self.payload["recipient"];
        let text = |field: &str| recipient[field].as_str().unwrap_or_default();
        (text("kind"), digits(text("id")))
    }
}

impl HistoryEntry {
    /// The reason that was given.
    pub fn mark(&self) -> Option<&str> {
        self.change["reason"].as_str()
    }

    /// Who did it: `invitee`, `member`, `system`.
    pub fn doer(&self) -> &str {
        self.doer["kind"].as_str().unwrap_or_default()
    }
}

impl Claim {
    /// What it belongs to.
    pub fn owner(&self) -> String {
        let owner = |kind: &str, id: &Option<String>| id.as_ref().map(|id| format!("{kind} {id}"));
        owner("booking", &self.booking_id)
            .or_else(|| owner("session", &self.session_id))
            .or_else(|| owner("hold", &self.hold_id))
            .unwrap_or_default()
    }
}

/// A booking as the API shows it to its invitee.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its id, by what the answer to the booking said.
    pub booking: String,
    /// The status of the answer.
    pub answer: u16,
    /// What the booking is.
    pub status: String,
    /// When it begins.
    pub start: Option<i64>,
    /// When it ends.
    pub end: Option<i64>,
    /// Its version.
    pub version: Option<i64>,
}

/// Everything that is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// When the tables were read.
    pub read_at: i64,
    /// The table `people`.
    pub people: Vec<Person>,
    /// The table `event_types`.
    pub event_types: Vec<EventTypeRow>,
    /// The table `bookings`.
    pub bookings: Vec<Booking>,
    /// The table `booking_hosts`.
    pub booking_hosts: Vec<BookingHost>,
    /// The table `attendees`.
    pub attendees: Vec<Attendee>,
    /// The table `booking_history`.
    pub history: Vec<HistoryEntry>,
    /// The table `sessions`.
    pub sessions: Vec<Session>,
    /// The table `holds`.
    pub holds: Vec<Hold>,
    /// The table `hold_hosts`.
    pub hold_hosts: Vec<HoldHost>,
    /// The table `claims`.
    pub claims: Vec<Claim>,
    /// The table `rotation_ledgers`.
    pub ledgers: Vec<Ledger>,
    /// The table `rotation_entries`.
    pub rotation: Vec<RotationEntry>,
    /// The table `outbox`.
    pub outbox: Vec<OutboxRow>,
    /// The mails of all workers' folders.
    pub mails: Vec<Mail>,
    /// What invitees see.
    pub views: Vec<View>,
    /// What `kalends verify` said, where it was not content.
    pub verify: Option<String>,
    /// Whether the database refused a claim on time that is claimed, tried by hand; nothing where there was no claim.
    pub refuses_overlap: Option<bool>,
    /// What was still owed when nobody wanted to wait any longer.
    pub still_owed: Vec<String>,
}

impl Facts {
    /// The key of a person by id: what stands before the `@` of the address.
    pub fn key_of(&self, id: &str) -> Option<&str> {
        let person = self.people.iter().find(|person| person.id == id)?;
        person.email.split('@').next()
    }

    /// The slug of an event type by id.
    pub fn slug_of(&self, id: &str) -> Option<&str> {
        let event = self.event_types.iter().find(|event| event.id == id)?;
        Some(event.slug.as_str())
    }
}

/// Whether a booking with this status takes its hosts' time.
pub fn takes_time(status: &str) -> bool {
    matches!(status, "pending" | "confirmed" | "completed" | "no_show")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_is_the_same_however_it_is_written() {
        for text in ["bk_01a1FE", "01-a1-fe", "01a1fe"] {
            assert_eq!(digits(text), "01a1fe");
        }
    }

    #[test]
    fn a_row_is_read_from_either_database() {
        let row = json!({
            "id": "01-A1", "booking_id": "02b2", "happened_at": 5, "doer": "{\"kind\":\"member\",\"id\":\"03\"}",
            "kind": "cancelled", "change": { "change": "cancelled", "reason": "op 7" },
        });
        let entry: HistoryEntry = serde_json::from_value(row).unwrap();
        assert_eq!(
            (entry.id.as_str(), entry.doer(), entry.mark()),
            ("01a1", "member", Some("op 7"))
        );
        let again: HistoryEntry =
            serde_json::from_value(serde_json::to_value(&entry).unwrap()).unwrap();
        assert_eq!(again, entry);
    }
}

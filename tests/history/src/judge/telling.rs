//! Who was told what.
//!
//! A mail's `Message-ID` is the id of the outbox's row that owed it. What it must say, and to whom, is worked out here from
//! the booking's history alone, by the table in `docs/concepts/booking-life.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::Case;
use crate::case::{Whole, wholes};
use crate::facts::{Mail, OutboxRow};
use crate::life::{State, Step, lead};

/// Somebody who is told: `host` or `attendee`, with the id.
type Reader = (&'static str, String);

/// The rows of the outbox about each booking, and the mails of each row.
struct Sent<'a> {
    rows: BTreeMap<String, Vec<&'a OutboxRow>>,
    mails: BTreeMap<&'a str, Vec<&'a Mail>>,
}

impl<'a> Sent<'a> {
    fn of(case: &'a Case) -> Self {
        let mut rows: BTreeMap<String, Vec<&OutboxRow>> = BTreeMap::new();
        for row in case.facts.outbox.iter().filter(|row| row.kind == "notify") {
            rows.entry(row.booking()).or_default().push(row);
        }
        let mut mails: BTreeMap<&str, Vec<&Mail>> = BTreeMap::new();
        for mail in &case.facts.mails {
            mails.entry(&mail.id).or_default().push(mail);
        }
        Self { rows, mails }
    }

    fn about(&self, booking: &str) -> impl Iterator<Item = &'a OutboxRow> {
        self.rows.get(booking).into_iter().flatten().copied()
    }

    fn was_sent(&self, row: &OutboxRow) -> bool {
        self.mails.contains_key(row.id.as_str())
    }
}

/// The words under which a change is told: mostly its own.
fn words(step: &Step<'_>) -> &'static [&'static str] {
    match (step.entry.kind.as_str(), step.state) {
        ("requested", _) | ("rescheduled", State::Pending) => &["requested"],
        // Whoever joins hears that it is confirmed.
        ("rescheduled", _) => &["rescheduled", "confirmed"],
        ("confirmed", _) => &["confirmed"],
        ("approved", _) => &["approved"],
        ("declined", _) => &["declined"],
        ("cancelled", _) => &["cancelled"],
        _ => &[],
    }
}

/// Who is to be told of a change.
fn readers(whole: &Whole<'_>, step: &Step<'_>) -> Vec<Reader> {
    let attendee = |role: &str| {
        let some = whole.attendees.iter().filter(|a| a.role == role);
        some.map(|a| ("attendee", a.id.clone())).collect::<Vec<_>>()
    };
    let hosts = whole
        .hosts
        .iter()
        .map(|host| ("host", host.user_id.clone()));
    let kind = step.entry.kind.as_str();
    let guests_know = match kind {
        "requested" => false,
        "rescheduled" => step.state == State::Confirmed,
        "confirmed" | "approved" => true,
        _ => step.was_confirmed,
    };
    // A host who declines knows that he did, unless others have to hear of it anyway.
    let knows = |host: &str| {
        let doer = crate::facts::digits(step.entry.doer["id"].as_str().unwrap_or_default());
        kind == "declined" && !step.was_confirmed && doer == host
    };
    let mut readers = attendee("invitee");
    if guests_know {
        readers.extend(attendee("guest"));
    }
    readers.extend(hosts.filter(|(_, host)| !knows(host)));
    readers
}

/// Whether a change is still news: the booking stands at its sequence, and a request still waits.
fn is_news(whole: &Whole<'_>, step: &Step<'_>) -> bool {
    let asks = words(step) == ["requested"];
    step.sequence == whole.row.sequence && (!asks || whole.row.status == "pending")
}

/// Whoever should know of what became of a booking at its present sequence was told, under one id.
pub fn told(case: &Case) -> Vec<String> {
    let sent = Sent::of(case);
    let mut found = Vec::new();
    for (id, whole) in wholes(case) {
        // What cannot be lived through is for the judge of lives to say.
        let Ok(steps) = lead(&whole) else {
            continue;
        };
        for step in steps.iter().filter(|step| is_news(&whole, step)) {
            for (kind, reader) in readers(&whole, step) {
                let is_it = |row: &&OutboxRow| {
                    words(step).contains(&row.about())
                        && row.sequence() == Some(step.sequence)
                        && row.recipient() == (kind, reader.clone())
                };
                let rows: Vec<&OutboxRow> = sent.about(id).filter(is_it).collect();
                let ids: BTreeSet<&str> = rows
                    .iter()
                    .filter(|row| sent.was_sent(row))
                    .map(|row| row.id.as_str())
                    .collect();
                if ids.len() != 1 {
                    found.push(format!(
                        "booking {id} was {} at sequence {}, and {kind} {reader} got {} mails: {rows:?}",
                        step.entry.kind,
                        step.sequence,
                        ids.len()
                    ));
                }
            }
        }
        found.extend(released(&whole, &sent));
        found.extend(reminded(&whole, &steps, &sent));
    }
    found
}

/// Hosts who lost a booking in a move hear of it, unless they have it again.
fn released(whole: &Whole<'_>, sent: &Sent<'_>) -> Vec<String> {
    let hosts = |id: &str| whole.hosts.iter().any(|host| host.user_id == id);
    let owed = sent
        .about(&whole.row.id)
        .filter(|row| row.about() == "released");
    owed.filter(|row| !hosts(&row.recipient().1) && !sent.was_sent(row))
        .map(|row| {
            format!(
                "a host who lost booking {} was not told: {row:?}",
                whole.row.id
            )
        })
        .collect()
}

/// A booking that takes place has its reminders in the outbox, one an attendee, at the right time.
fn reminded(whole: &Whole<'_>, steps: &[Step<'_>], sent: &Sent<'_>) -> Vec<String> {
    let (row, day) = (whole.row, 86_400_000_000);
    let reminds = whole.event.is_some_and(|event| event.reminds);
    // Too near to be reminded is nobody's fault.
    let last = steps.last().map_or(0, |step| step.entry.happened_at);
    if !reminds || row.status != "confirmed" || row.starts_at - day < last + 660_000_000 {
        return Vec::new();
    }
    let mut found = Vec::new();
    for attendee in &whole.attendees {
        let is_it = |owed: &&OutboxRow| {
            owed.about() == "reminder"
                && owed.sequence() == Some(row.sequence)
                && owed.recipient() == ("attendee", attendee.id.clone())
        };
        let due: Vec<i64> = sent
            .about(&row.id)
            .filter(is_it)
            .map(|owed| owed.due_at)
            .collect();
        if due != [row.starts_at - day] {
            found.push(format!(
                "{} is reminded of booking {} at {due:?}",
                attendee.email, row.id
            ));
        }
    }
    found
}

/// The step of a life that a row tells of.
fn told_by<'s, 'a>(steps: &'s [Step<'a>], row: &OutboxRow) -> Option<&'s Step<'a>> {
    steps.iter().find(|step| {
        let is_it = match row.about() {
            "released" => step.entry.kind == "rescheduled",
            "reminder" => step.state == State::Confirmed,
            about => words(step).contains(&about),
        };
        is_it && row.sequence() == Some(step.sequence)
    })
}

/// Nobody was told what did not happen, or what was not meant for him; and no change is owed to one reader twice.
pub fn untrue(case: &Case) -> Vec<String> {
    let (wholes, sent) = (wholes(case), Sent::of(case));
    let rows: BTreeMap<&str, &OutboxRow> = case
        .facts
        .outbox
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    let mut found = Vec::new();
    for mail in &case.facts.mails {
        let Some(row) = rows.get(mail.id.as_str()) else {
            found.push(format!("a mail was sent that nobody owed: {mail:?}"));
            continue;
        };
        if row.booking() != mail.booking {
            found.push(format!(
                "a mail is about another booking than it should be: {mail:?}"
            ));
        }
        if row.attempts == 0 {
            found.push(format!("a mail was sent before anybody tried: {row:?}"));
        }
    }
    for (booking, rows) in &sent.rows {
        let Some(whole) = wholes.get(booking.as_str()) else {
            found.push(format!(
                "mails are owed for booking {booking}, which is not there"
            ));
            continue;
        };
        let Ok(steps) = lead(whole) else {
            continue;
        };
        let mut seen = BTreeSet::new();
        for row in rows {
            if !seen.insert((row.about(), row.sequence(), row.recipient())) {
                found.push(format!("the same is owed twice: {row:?}"));
            }
            let Some(step) = told_by(&steps, row) else {
                found.push(format!("what is owed did not happen: {row:?}"));
                continue;
            };
            found.extend(misdirected(case, whole, step, row, &sent));
        }
    }
    found
}

/// What is wrong about whom a row is for.
fn misdirected(
    case: &Case,
    whole: &Whole<'_>,
    step: &Step<'_>,
    row: &OutboxRow,
    sent: &Sent<'_>,
) -> Option<String> {
    let (kind, id) = row.recipient();
    let address = if kind == "host" {
        let person = case.facts.people.iter().find(|person| person.id == id);
        person.map(|person| &person.email)
    } else {
        let attendee = whole.attendees.iter().find(|attendee| attendee.id == id);
        attendee.map(|attendee| &attendee.email)
    };
    let Some(address) = address else {
        return Some(format!("it is owed to nobody: {row:?}"));
    };
    let mails = sent.mails.get(row.id.as_str()).into_iter().flatten();
    let astray: Vec<&&Mail> = mails.filter(|mail| mail.to != *address).collect();
    if !astray.is_empty() {
        return Some(format!(
            "it is owed to {address}, and went to another: {astray:?}"
        ));
    }
    // Hosts change with every move: who hosted then, the history does not say.
    let is_meant = kind == "host"
        || row.about() == "reminder"
        || readers(whole, step).iter().any(|(_, reader)| *reader == id);
    (!is_meant).then(|| format!("it is not for {address} to know: {row:?}"))
}

/// Calendar parts say what happened: the booking, the method, the sequence, the time.
pub fn calendars(case: &Case) -> Vec<String> {
    let (wholes, sent) = (wholes(case), Sent::of(case));
    let mut found = Vec::new();
    for (booking, rows) in &sent.rows {
        let Some(steps) = wholes
            .get(booking.as_str())
            .and_then(|whole| lead(whole).ok())
        else {
            continue;
        };
        for row in rows {
            let Some(step) = told_by(&steps, row) else {
                continue;
            };
            for mail in sent.mails.get(row.id.as_str()).into_iter().flatten() {
                if let Some(said) = miscalendared(booking, step, row, mail) {
                    found.push(format!("{said}: {mail:?} for {row:?}"));
                }
            }
        }
    }
    found
}

fn miscalendared(
    booking: &str,
    step: &Step<'_>,
    row: &OutboxRow,
    mail: &Mail,
) -> Option<&'static str> {
    let wanted = match row.about() {
        "confirmed" | "approved" | "rescheduled" => Some(("REQUEST", (step.start, step.end))),
        "released" => Some(("CANCEL", step.before)),
        // What waits again is taken out of calendars at its former time.
        "requested" if step.sequence > 0 => Some(("CANCEL", step.before)),
        "cancelled" if step.was_confirmed => Some(("CANCEL", (step.start, step.end))),
        _ => None,
    };
    let Some(calendar) = &mail.calendar else {
        // A host who joins by a move that has to be approved never had an entry.
        let may_lack = matches!(
            row.about(),
            "requested" | "cancelled" | "released" | "declined"
        );
        return (wanted.is_some() && !may_lack).then_some("it has no calendar part");
    };
    if calendar.uid != booking {
        return Some("its calendar part is about another booking");
    }
    // Whoever was released hears under the sequence that the booking has reached by then.
    let is_later = row.about() == "released" && calendar.sequence > Some(step.sequence);
    if calendar.sequence != Some(step.sequence) && !is_later {
        return Some("its calendar part has another sequence");
    }
    let Some((method, (start, end))) = wanted else {
        return Some("it has a calendar part")
            .filter(|_| row.about() != "cancelled" && row.about() != "declined");
    };
    if calendar.method != method {
        return Some("its calendar part has another method");
    }
    // A cancellation may name the time that calendars know, which later moves did not tell them.
    let is_there = (calendar.start, calendar.end) == (Some(start), Some(end));
    (!is_there && method == "REQUEST").then_some("its calendar part is at another time")
}

#[cfg(test)]
mod tests;

//! What holds after any lives, whatever was done in them and by how many at once.
//!
//! All of it is worked out from the bookings and their histories, beside the use cases and the database's own rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use scheduling_core::booking::{AttendeeRole, Booking, BookingState, Change, HistoryEntry};
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::BookingLink;
use scheduling_core::ids::{BookingId, BookingLinkId, EventTypeId, UserId};
use scheduling_core::notification::Notification;
use scheduling_core::ports::{BookingFilter, BookingPage, Direction, OutboxCounts, UnitOfWork};

use crate::commands::Known;
use crate::world::{POOL, POOL_PER_DAY, SEATS, World};

/// A booking with what has become of it.
pub(crate) struct Lived {
    pub(crate) booking: Booking,
    pub(crate) history: Vec<HistoryEntry>,
}

/// Everything that was ever booked, by workspace, start and id.
pub(crate) async fn bookings(world: &World) -> Vec<Lived> {
    let page = BookingPage {
        direction: Direction::Ascending,
        after: None,
        limit: crate::MANY,
    };
    let mut work = world.storage.begin_read().await.unwrap();
    let mut all = Vec::new();
    for workspace in world.workspaces {
        let filter = BookingFilter::default();
        let listed = work.bookings().list(workspace, &filter, &page).await;
        let listed = listed.unwrap();
        assert!(listed.unreadable.is_empty(), "{:?}", listed.unreadable);
        for booking in listed.found {
            let history = work.bookings().history(booking.id).await.unwrap();
            all.push(Lived { booking, history });
        }
    }
    all
}

/// Checks a world in which nothing is owed any more.
pub(crate) async fn all_is_well(world: &World, known: &Mutex<Known>) {
    let lived = bookings(world).await;
    assert_every_change_is_told_of_in_the_history(&lived);
    assert_nobody_is_in_two_meetings(&lived);
    assert_no_session_has_more_than_its_seats(&lived);
    assert_the_limit_holds(world, &lived);
    assert_a_key_makes_one_booking(&known.lock().unwrap());
    assert_everyone_was_told_once(world, &lived).await;
    let mut work = world.storage.begin_read().await.unwrap();
    assert_credits_are_what_the_bookings_say(world, &mut *work, &lived).await;
    assert_links_were_used_as_often_as_they_say(world, &mut *work, &lived).await;
    let counts = work.outbox().counts().await.unwrap();
    assert_eq!(counts, OutboxCounts::default(), "nothing is owed or failed");
}

fn assert_every_change_is_told_of_in_the_history(lived: &[Lived]) {
    for Lived { booking, history } in lived {
        let version = usize::try_from(booking.version).unwrap();
        assert_eq!(history.len(), version, "{booking:?}: {history:?}");
        let waits = matches!(booking.state, BookingState::Pending { .. });
        assert!(!waits, "its time was up: {booking:?}");
    }
}

/// Buffers are left to the storage, which knows the buffers a session was made with.
fn assert_nobody_is_in_two_meetings(lived: &[Lived]) {
    let mut meetings: BTreeMap<UserId, Vec<_>> = BTreeMap::new();
    for Lived { booking, .. } in lived.iter().filter(|l| l.booking.state.takes_time()) {
        for host in &booking.hosts {
            let meeting = (booking.interval, host.session, booking.id);
            meetings.entry(host.user).or_default().push(meeting);
        }
    }
    for (host, meetings) in meetings {
        for (place, (first, session, id)) in meetings.iter().enumerate() {
            for (second, other_session, other) in &meetings[place + 1..] {
                let together = session.is_some() && session == other_session;
                assert!(
                    together || !first.overlaps(second),
                    "{host} is in {id} and in {other}"
                );
            }
        }
    }
}

fn assert_no_session_has_more_than_its_seats(lived: &[Lived]) {
    let mut seats = BTreeMap::new();
    for Lived { booking, .. } in lived.iter().filter(|l| l.booking.state.takes_time()) {
        for session in booking.hosts.iter().filter_map(|host| host.session) {
            *seats.entry(session).or_insert(0) += 1;
        }
    }
    for (session, taken) in seats {
        assert!(taken <= SEATS, "{taken} are in {session}");
    }
}

fn assert_the_limit_holds(world: &World, lived: &[Lived]) {
    let pool = world.events.iter().find(|event| event.slug == POOL);
    let pool = pool.expect("there is a pool").id;
    let taken = lived
        .iter()
        .map(|lived| &lived.booking)
        .filter(|booking| booking.event_type == pool && booking.state.takes_time());
    let mut days = BTreeMap::new();
    for booking in taken {
        for host in &world.hosts {
            if booking.host(host.id).is_some() {
                let start = booking.interval.start().with_timezone(&host.timezone);
                *days.entry((host.id, start.date_naive())).or_insert(0) += 1;
            }
        }
    }
    for ((host, day), count) in days {
        assert!(count <= POOL_PER_DAY, "{host} has {count} on {day}");
    }
}

fn assert_a_key_makes_one_booking(known: &Known) {
    let mut made: BTreeMap<u32, Vec<(BookingId, bool)>> = BTreeMap::new();
    for (key, booking, replayed) in known.made_under_keys() {
        made.entry(*key).or_default().push((*booking, *replayed));
    }
    for (key, answers) in made {
        let bookings: BTreeSet<BookingId> = answers.iter().map(|answer| answer.0).collect();
        assert_eq!(bookings.len(), 1, "key {key}: {answers:?}");
        let first = answers.iter().filter(|answer| !answer.1).count();
        assert_eq!(first, 1, "key {key}: {answers:?}");
    }
}

/// No mail came twice, and whoever has to do with a booking knows what became of it in the end.
async fn assert_everyone_was_told_once(world: &World, lived: &[Lived]) {
    let sent = world.mailbox.sent();
    let mut seen = BTreeSet::new();
    let mut told = BTreeSet::new();
    for mail in &sent {
        assert!(seen.insert(mail.id), "it came twice: {mail:?}");
        told.insert(gist(mail));
    }
    let hosts: Vec<UserId> = world.hosts.iter().map(|host| host.id).collect();
    let mut work = world.storage.begin_read().await.unwrap();
    let people = work.directory().people(&hosts).await.unwrap();
    for Lived { booking, history } in lived {
        let guests_know = history
            .iter()
            .any(|entry| matches!(entry.change, Change::Confirmed | Change::Approved));
        let attendees = booking
            .attendees
            .iter()
            .filter(|attendee| attendee.role == AttendeeRole::Invitee || guests_know)
            .map(|attendee| attendee.email.to_string());
        // A host who declined knows by himself.
        let declined = matches!(booking.state, BookingState::Declined { .. });
        let hosts = booking
            .hosts
            .iter()
            .filter(|_| !declined)
            .map(|host| people[&host.user].email.to_string());
        for email in attendees.chain(hosts) {
            let knows = last_words(&booking.state).iter().any(|kind| {
                told.contains(&(booking.id, booking.sequence, kind.as_str(), email.clone()))
            });
            assert!(knows, "{email} was not told of {booking:?}: {history:?}");
        }
    }
}

/// Which booking a mail is about, as of which sequence, what it says, and to whom.
fn gist(mail: &Notification) -> (BookingId, u32, &'static str, String) {
    let (booking, sequence) = (mail.booking.id, mail.booking.sequence);
    (
        booking,
        sequence,
        mail.kind.as_str(),
        mail.to.email.to_string(),
    )
}

/// What is said of a booking last: one of these.
fn last_words(state: &BookingState) -> &'static [NotificationKind] {
    match state {
        BookingState::Pending { .. } => &[NotificationKind::Requested],
        BookingState::Confirmed { .. }
        | BookingState::Completed { .. }
        | BookingState::NoShow { .. } => &[
            NotificationKind::Confirmed,
            NotificationKind::Approved,
            NotificationKind::Rescheduled,
        ],
        BookingState::Declined { .. } => &[NotificationKind::Declined],
        BookingState::Cancelled { .. } => &[NotificationKind::Cancelled],
        BookingState::Expired { .. } => &[NotificationKind::Expired],
    }
}

/// Every step that was not undone gave its eligible hosts their weights, and whoever holds it paid for all.
async fn assert_credits_are_what_the_bookings_say(
    world: &World,
    work: &mut dyn UnitOfWork,
    lived: &[Lived],
) {
    let mut credits: BTreeMap<(EventTypeId, UserId), i64> = BTreeMap::new();
    for Lived { booking, .. } in lived {
        for step in booking.rotation.iter().filter(|step| !step.released) {
            for entry in &step.eligible {
                let weight = i64::from(entry.weight);
                *credits.entry((booking.event_type, entry.host)).or_default() += weight;
                *credits
                    .entry((booking.event_type, step.holder))
                    .or_default() -= weight;
            }
        }
    }
    for event in &world.events {
        let ledger = work.rotation().ledger(event.id).await.unwrap();
        for entry in ledger.entries {
            let credit = credits.get(&(event.id, entry.host)).copied().unwrap_or(0);
            assert_eq!(entry.credit, credit, "{} of {}", entry.host, event.slug);
        }
    }
}

async fn assert_links_were_used_as_often_as_they_say(
    world: &World,
    work: &mut dyn UnitOfWork,
    lived: &[Lived],
) {
    let mut used: BTreeMap<BookingLinkId, u32> = BTreeMap::new();
    for link in lived.iter().filter_map(|lived| lived.booking.link) {
        *used.entry(link).or_default() += 1;
    }
    for event in &world.events {
        let links = work.links().list(event.id).await.unwrap();
        for BookingLink {
            id, uses, max_uses, ..
        } in links.found
        {
            assert_eq!(uses, used.get(&id).copied().unwrap_or(0), "{id}");
            assert!(
                max_uses.is_none_or(|most| uses <= most.get()),
                "{id}: {uses}"
            );
        }
    }
}

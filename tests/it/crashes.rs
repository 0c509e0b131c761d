//! The server is killed in the middle of its work. What it acknowledged must be there, and what it owes must be sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::acme;
use crate::support::api::Api;
use crate::support::mails;
use crate::support::measure;
use crate::support::server::Server;

const ROUNDS: usize = 20;
const GUESTS: usize = 6;

/// The next of a fixed sequence of numbers below `bound` that look random (xorshift).
fn at_random(state: &mut u64, bound: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 32).expect("half of it fits") % bound
}

/// A booking that was acknowledged.
#[derive(Debug, Clone)]
struct Acknowledged {
    email: String,
    token: String,
}

fn acknowledged_so_far(acknowledged: &Mutex<Vec<Acknowledged>>) -> usize {
    let list = acknowledged.lock();
    list.expect("no guest panics while it holds the list").len()
}

/// Books one start after the other until the connection breaks.
async fn book_until_it_breaks(
    api: Api,
    guest: String,
    starts: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let start = starts
            .get(index)
            .expect("there are more starts than the rounds can book");
        let email = format!("{guest}-{index}@example.org");
        let Ok(answer) = api.try_book("half-hour", start, &email).await else {
            return;
        };
        assert_eq!(answer.status, 201, "{answer:?}");
        acknowledged
            .lock()
            .expect("no guest panics while it holds the list")
            .push(Acknowledged {
                email,
                token: answer.text("manage_token").to_owned(),
            });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_it_is_killed_what_it_acknowledged_is_stored_and_what_it_owes_is_sent() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let mail_folder = data.path().join("mails");
    acme::found(data.path(), &[]);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let next = Arc::new(AtomicUsize::new(0));
    let mut starts = Arc::new(Vec::new());
    let mut state = 0x9e37_79b9_7f4a_7c15;

    for round in 0..ROUNDS {
        let server = Server::start(data.path(), &[]);
        if starts.is_empty() {
            starts = Arc::new(acme::many_starts(&Api::of(&server.url()), "half-hour").await);
        }
        let guests: Vec<_> = (0..GUESTS)
            .map(|guest| {
                tokio::spawn(book_until_it_breaks(
                    Api::of(&server.url()),
                    format!("round-{round}-{guest}"),
                    Arc::clone(&starts),
                    Arc::clone(&next),
                    Arc::clone(&acknowledged),
                ))
            })
            .collect();
        // In every round something is acknowledged; the end comes at any moment after that.
        let wanted = acknowledged_so_far(&acknowledged) + 1 + at_random(&mut state, 8);
        let began = Instant::now();
        while acknowledged_so_far(&acknowledged) < wanted {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "nothing is booked: {}",
                server.log()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let moment = at_random(&mut state, 60_000);
        tokio::time::sleep(Duration::from_micros(moment as u64)).await;
        server.kill();
        for guest in guests {
            guest.await.expect("a guest ends when the connection does");
        }
        acme::assert_verified(data.path(), &[]);
    }

    let acknowledged = acknowledged.lock().expect("all guests have ended").clone();
    measure::note(&format!(
        "{ROUNDS} rounds: {} starts were tried, {} bookings acknowledged",
        next.load(Ordering::Relaxed),
        acknowledged.len()
    ));
    let server = Server::start(data.path(), &[]);
    let api = Api::of(&server.url());
    for booking in &acknowledged {
        let found = api
            .get(&format!("/api/v1/public/bookings/{}", booking.token))
            .await;
        assert_eq!(found.status, 200, "{booking:?}");
        assert_eq!(found.text("status"), "confirmed", "{booking:?}");
        assert_eq!(found.body["invitee"]["email"], booking.email.as_str());
    }

    // Bookings whose answer was lost may be stored too: then they owe mails as well. Every mail's link opens its booking.
    let sent = mails::wait_until(&mail_folder, "all mails that are owed", |mails| {
        let told: BTreeSet<&str> = mails.iter().map(|mail| mail.header("To")).collect();
        let invitees = mails.iter().filter(|mail| !mail.is_to(acme::HOST));
        let ids: BTreeSet<&str> = invitees.map(|mail| mail.header("Message-ID")).collect();
        let host_ids: BTreeSet<&str> = mails
            .iter()
            .filter(|mail| mail.is_to(acme::HOST))
            .map(|mail| mail.header("Message-ID"))
            .collect();
        let all_told = acknowledged
            .iter()
            .all(|booking| told.iter().any(|to| to.contains(&booking.email)));
        all_told && ids.len() == host_ids.len()
    });
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for mail in sent.iter().filter(|mail| !mail.is_to(acme::HOST)) {
        ids.entry(mail.header("To"))
            .or_default()
            .insert(mail.header("Message-ID"));
        for token in mail.tokens() {
            let found = api.get(&format!("/api/v1/public/bookings/{token}")).await;
            assert_eq!(
                found.status,
                200,
                "a mail was sent for a booking that is not stored: {}",
                mail.file.display()
            );
        }
    }
    for (invitee, ids) in ids {
        assert_eq!(
            ids.len(),
            1,
            "the mail to {invitee} changed its id between tries: {ids:?}"
        );
    }
    assert!(server.stop().success(), "it stops in peace");
    acme::assert_verified(data.path(), &[]);
}

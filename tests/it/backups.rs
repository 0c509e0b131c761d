//! Copies of the database that are made while guests book, and put back.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::server::Server;

const WRITERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "a journey is read from its beginning to its end"
)]
async fn a_copy_made_while_guests_book_is_whole_and_can_be_put_back() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let guest = Api::of(&server.url());
    let starts = Arc::new(acme::many_starts(&guest, "half-hour").await);
    let (next, stop) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let acknowledged: Arc<Mutex<Vec<String>>> = Arc::default();
    let so_far = || {
        acknowledged
            .lock()
            .expect("no writer panics with it")
            .clone()
    };
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (guest, starts, next) = (guest.clone(), Arc::clone(&starts), Arc::clone(&next));
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let start = starts.get(number).expect("there are enough starts");
                    let email = format!("guest-{number}@example.org");
                    let booked = guest.book("half-hour", start, &email).await.expect(201);
                    let token = booked.text("manage_token").to_owned();
                    acknowledged
                        .lock()
                        .expect("no writer panics with it")
                        .push(token);
                }
            })
        })
        .collect();

    // Three copies in the midst of it, each with what was acknowledged before it began.
    let mut copies = Vec::new();
    for number in 0..3 {
        let wanted = so_far().len() + 20;
        while so_far().len() < wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (file, before) = (data.path().join(format!("copy-{number}.db")), so_far());
        let name = file
            .to_str()
            .expect("the folder has a plain name")
            .to_owned();
        let folder = data.path().to_owned();
        let copying =
            tokio::task::spawn_blocking(move || acme::run(&folder, &[], &["backup", &name], ""));
        let said = copying.await.expect("the copy is made");
        assert!(
            said.contains("secret.key"),
            "the key is to be kept too: {said}"
        );
        copies.push((file, before));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("no writer fails meanwhile");
    }
    let all = so_far();
    assert!(copies.iter().all(|(_, before)| before.len() < all.len()));

    // A copy never lands on something, and is never put back under a server's feet.
    let plain = |file: &std::path::Path| {
        file.to_str()
            .expect("the folder has a plain name")
            .to_owned()
    };
    let (second, before) = &copies[1];
    let again = acme::output(data.path(), &[], &["backup", &plain(second)], "");
    assert!(!again.status.success());
    let refused = acme::output(data.path(), &[], &["restore", &plain(second)], "");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("in use"),
        "{said}"
    );
    let found = guest
        .get(&format!("/api/v1/public/bookings/{}", all[all.len() - 1]))
        .await;
    assert_eq!(
        found.status, 200,
        "nothing has happened to the server: {found:?}"
    );
    assert!(server.stop().success());

    // What is no copy is not put back either.
    let nonsense = data.path().join("nonsense.db");
    fs::write(&nonsense, "this is no database").expect("the folder can be written to");
    let refused = acme::output(data.path(), &[], &["restore", &plain(&nonsense)], "");
    assert!(!refused.status.success());
    acme::assert_verified(data.path(), &[]);

    let said = acme::run(data.path(), &[], &["restore", &plain(second)], "");
    assert!(said.contains("kept in"), "{said}");
    acme::assert_verified(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let guest = Api::of(&server.url());
    let mut there = 0;
    for (number, token) in all.iter().enumerate() {
        let found = guest.get(&format!("/api/v1/public/bookings/{token}")).await;
        let is_old = number < before.len() && before.contains(token);
        assert!(
            found.status == 200 || !is_old,
            "what was acknowledged before the copy is in it: {found:?}"
        );
        there += usize::from(found.status == 200);
    }
    assert!(
        there >= before.len() && there < all.len(),
        "{there} of {}",
        all.len()
    );
    // And life goes on from there.
    let start = &guest.starts("half-hour", "").await[0];
    guest
        .book("half-hour", start, "after@example.org")
        .await
        .expect(201);
    assert!(server.stop().success());
    acme::assert_verified(data.path(), &[]);
}

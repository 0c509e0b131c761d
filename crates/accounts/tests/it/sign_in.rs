//! Signing in.

use std::time::Duration;

use chrono::TimeDelta;
use scheduling_accounts::password::HashCost;
use scheduling_accounts::ports::AccountStorage;
use scheduling_accounts::sessions::SignInContext;
use scheduling_accounts::sign_in::SignInError;
use scheduling_core::directory::Person;
use scheduling_core::ids::UserId;
use scheduling_core::ports::Storage;

use crate::support::{ANN, House, PASSWORD, both, secret, settings};

both!(
    the_right_password_opens_a_session,
    an_unknown_address_a_wrong_password_and_none_at_all_are_one_answer,
    the_case_of_an_address_does_not_matter_and_a_look_alike_is_another,
    after_ten_failures_an_address_waits_whether_or_not_it_is_known,
    a_success_forgives_the_failures_of_the_address,
    one_network_has_fifty_failures_and_others_have_their_own,
    whoever_guesses_from_elsewhere_does_not_lock_the_owner_out,
    an_address_has_a_hundred_failures_from_wherever,
    many_at_once_try_no_more_often_than_one_after_the_other,
    a_password_is_hashed_anew_when_the_cost_has_changed,
    what_is_over_is_swept,
);

fn is_wrong(outcome: &Result<impl Sized, SignInError>) -> bool {
    matches!(outcome, Err(SignInError::WrongCredentials))
}

fn wait_of<T: std::fmt::Debug>(outcome: Result<T, SignInError>) -> Duration {
    match outcome {
        Err(SignInError::TooMany { retry_after }) => retry_after,
        other => panic!("{other:?}"),
    }
}

fn from(ip: &str) -> SignInContext {
    SignInContext {
        ip: Some(ip.parse().unwrap()),
        user_agent: Some("Browser\0 1".to_owned()),
    }
}

async fn the_right_password_opens_a_session(house: House) {
    let ann = house.owner().await;
    let password = secret(PASSWORD);
    let context = from("2001:db8::7");
    let opened = house.accounts.sign_in(ANN, &password, &context).await;
    let opened = opened.unwrap();
    assert_eq!(opened.session.user, ann.user);
    assert_eq!(opened.session.ip, context.ip);
    assert_eq!(opened.session.user_agent.as_deref(), Some("Browser 1"));
    let principal = house.authenticate(&opened.token).await.unwrap();
    assert_eq!(principal.user, ann.user);
    assert_eq!(principal.session(), Some(opened.session.id));
}

async fn an_unknown_address_a_wrong_password_and_none_at_all_are_one_answer(house: House) {
    let ann = house.owner().await;
    let membership = &house.accounts.memberships(&ann).await.unwrap()[0];
    let bob = Person {
        id: UserId::generate(house.ids()),
        name: "Bob".parse().unwrap(),
        email: "bob@halden.example".parse().unwrap(),
        timezone: chrono_tz::Tz::UTC,
    };
    let mut work = Storage::begin(&*house.storage).await.unwrap();
    let home = membership.workspace.id;
    work.directory().insert_person(home, &bob).await.unwrap();
    work.commit().await.unwrap();
    for (email, password) in [
        (ANN, "plum tree rail"),
        (ANN, ""),
        ("bob@halden.example", PASSWORD),
        ("nobody@halden.example", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
    ] {
        let outcome = house.try_sign_in(email, password).await;
        assert!(is_wrong(&outcome), "{email}: {outcome:?}");
    }
}

async fn the_case_of_an_address_does_not_matter_and_a_look_alike_is_another(house: House) {
    house.owner().await;
    house
        .try_sign_in(" Ann@HALDEN.example ", PASSWORD)
        .await
        .unwrap();
    // A Cyrillic letter, a full-width one, the sign for kelvin's cousin of another alphabet, a dotless i.
    for alike in [
        "\u{430}nn@halden.example",
        "\u{ff41}nn@halden.example",
        "ann@halden.\u{435}xample",
        "ann@hal\u{501}en.example",
    ] {
        let outcome = house.try_sign_in(alike, PASSWORD).await;
        assert!(is_wrong(&outcome), "{alike}");
    }
}

async fn after_ten_failures_an_address_waits_whether_or_not_it_is_known(house: House) {
    house.owner().await;
    let mut waits = Vec::new();
    for email in [ANN, "nobody@halden.example", "no address"] {
        for _ in 0..10 {
            assert!(is_wrong(&house.try_sign_in(email, "wrong").await));
        }
        // Now not even the right one; and asking again does not make it longer.
        let wait = wait_of(house.try_sign_in(email, PASSWORD).await);
        assert_eq!(wait, wait_of(house.try_sign_in(email, PASSWORD).await));
        waits.push(wait);
    }
    assert_eq!(waits[0], waits[1]);
    assert_eq!(waits[0], waits[2]);
    let wait = TimeDelta::from_std(waits[0]).unwrap();
    assert!(wait <= TimeDelta::minutes(30), "{wait}");
    house.wait(wait - TimeDelta::seconds(2));
    wait_of(house.try_sign_in(ANN, PASSWORD).await);
    house.wait(TimeDelta::seconds(2));
    house.try_sign_in(ANN, PASSWORD).await.unwrap();
}

async fn a_success_forgives_the_failures_of_the_address(house: House) {
    house.owner().await;
    for _ in 0..3 {
        for _ in 0..9 {
            assert!(is_wrong(&house.try_sign_in(ANN, "wrong").await));
        }
        house.try_sign_in(ANN, PASSWORD).await.unwrap();
    }
}

async fn one_network_has_fifty_failures_and_others_have_their_own(house: House) {
    house.owner().await;
    let wrong = secret("wrong");
    let right = secret(PASSWORD);
    for n in 0..50 {
        // Somebody who signs in now and then from there costs the network nothing.
        let context = from(&format!("2001:db8:0:1::{n:x}"));
        house.accounts.sign_in(ANN, &right, &context).await.unwrap();
        let email = format!("guess{n}@halden.example");
        let outcome = house.accounts.sign_in(&email, &wrong, &context).await;
        assert!(is_wrong(&outcome), "{n}: {outcome:?}");
    }
    let there = from("2001:db8:0:1:ffff::1");
    wait_of(house.accounts.sign_in(ANN, &right, &there).await);
    for elsewhere in ["2001:db8:0:2::1", "192.0.2.1"] {
        let context = from(elsewhere);
        house.accounts.sign_in(ANN, &right, &context).await.unwrap();
    }
}

async fn whoever_guesses_from_elsewhere_does_not_lock_the_owner_out(house: House) {
    house.owner().await;
    let (wrong, right) = (secret("wrong"), secret(PASSWORD));
    let (there, here) = (from("192.0.2.7"), from("198.51.100.1"));
    for n in 0..10 {
        let outcome = house.accounts.sign_in(ANN, &wrong, &there).await;
        assert!(is_wrong(&outcome), "{n}: {outcome:?}");
    }
    wait_of(house.accounts.sign_in(ANN, &right, &there).await);
    house.accounts.sign_in(ANN, &right, &here).await.unwrap();
    // Nor does the owner's success give the other network more tries.
    wait_of(house.accounts.sign_in(ANN, &wrong, &there).await);
}

async fn an_address_has_a_hundred_failures_from_wherever(house: House) {
    house.owner().await;
    let wrong = secret("wrong");
    for n in 0..100 {
        let context = from(&format!("2001:db8:{n:x}::1"));
        let outcome = house.accounts.sign_in(ANN, &wrong, &context).await;
        assert!(is_wrong(&outcome), "{n}: {outcome:?}");
    }
    let another = from("2001:db8:ffff::1");
    wait_of(house.accounts.sign_in(ANN, &wrong, &another).await);
}

async fn many_at_once_try_no_more_often_than_one_after_the_other(house: House) {
    house.owner().await;
    let tries = (0..30).map(|_| {
        let accounts = house.accounts.clone();
        tokio::spawn(async move {
            let context = from("192.0.2.7");
            accounts.sign_in(ANN, &secret("wrong"), &context).await
        })
    });
    let mut wrong = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Err(SignInError::WrongCredentials) => wrong += 1,
            Err(SignInError::TooMany { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(wrong, 10);
}

async fn a_password_is_hashed_anew_when_the_cost_has_changed(house: House) {
    let ann = house.owner().await;
    let phc = async || {
        let mut work = AccountStorage::begin_read(&*house.storage).await.unwrap();
        work.credentials()
            .password(ann.user)
            .await
            .unwrap()
            .unwrap()
            .phc
    };
    let before = phc().await;
    assert!(before.contains("$m=64,t=1,p=1$"), "{before}");
    house.try_sign_in(ANN, PASSWORD).await.unwrap();
    assert_eq!(phc().await, before);

    let mut dearer = settings();
    dearer.hashing.cost = HashCost::new(128, 2, 1).unwrap();
    let dearer = house.with(dearer);
    let context = SignInContext::default();
    let wrong = dearer.sign_in(ANN, &secret("wrong"), &context).await;
    assert!(is_wrong(&wrong));
    assert_eq!(phc().await, before);
    dearer
        .sign_in(ANN, &secret(PASSWORD), &context)
        .await
        .unwrap();
    let after = phc().await;
    assert!(after.contains("$m=128,t=2,p=1$"), "{after}");
    dearer
        .sign_in(ANN, &secret(PASSWORD), &context)
        .await
        .unwrap();
    assert_eq!(phc().await, after);
}

async fn what_is_over_is_swept(house: House) {
    house.owner().await;
    assert!(is_wrong(&house.try_sign_in(ANN, "wrong").await));
    house.reset_token(ANN).await;
    let swept = house.accounts.sweep().await.unwrap();
    assert_eq!(swept, scheduling_accounts::Swept::default());
    house.wait(TimeDelta::days(31));
    let swept = house.accounts.sweep().await.unwrap();
    assert_eq!((swept.sessions, swept.links), (1, 1));
    assert_eq!(swept.windows, 3);
}

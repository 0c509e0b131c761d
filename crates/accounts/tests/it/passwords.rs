//! Forgotten, changed and first passwords.

use chrono::TimeDelta;
use scheduling_accounts::AccessError;
use scheduling_accounts::password::PasswordRefused;
use scheduling_accounts::password_change::{
    ChangePasswordError, PasswordLinkError, ResetPasswordError,
};
use scheduling_accounts::sign_in::SignInError;
use scheduling_core::directory::{Person, Role};
use scheduling_core::effect::AccountNotice;
use scheduling_core::ids::UserId;
use scheduling_core::ports::{Clock, Storage};

use crate::support::{ANN, House, PASSWORD, both, halden, secret};

both!(
    a_forgotten_password_is_set_anew_by_mail,
    a_link_is_good_once_for_an_hour_and_only_the_newest,
    nobody_hears_whether_an_address_is_known,
    links_are_not_sent_without_end,
    a_refused_password_leaves_the_link_as_it_was,
    a_new_password_ends_the_sessions,
    a_changed_password_needs_the_present_one,
    guessing_the_present_password_is_counted,
    the_operator_hands_a_link_to_who_has_no_password,
    whoever_was_locked_out_comes_in_by_the_link,
);

const NEW: &str = "apple tree and snow";

async fn a_forgotten_password_is_set_anew_by_mail(house: House) {
    let ann = house.owner().await;
    house
        .accounts
        .request_password_reset(" ANN@halden.example", None)
        .await
        .unwrap();
    let mails = house.mails().await;
    assert_eq!(mails.len(), 1);
    // To the address as it is stored, not as it was typed.
    assert_eq!(
        (mails[0].name.as_deref(), mails[0].to.as_str()),
        (Some("Ann"), ANN)
    );
    let expires_at = house.clock.now() + TimeDelta::hours(1);
    assert_eq!(mails[0].about, AccountNotice::PasswordReset { expires_at });
    let token = mails[0].token.clone().unwrap();
    let person = house.accounts.password_link(&token).await.unwrap().unwrap();
    assert_eq!(person.id, ann.user);

    let person = house
        .accounts
        .reset_password(&token, &secret(NEW), None)
        .await
        .unwrap();
    assert_eq!(person.id, ann.user);
    let told = house.mails().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0].about, told[0].to.as_str()),
        (&AccountNotice::PasswordChanged, ANN)
    );
    assert_eq!(told[0].token, None);
    house.try_sign_in(ANN, NEW).await.unwrap();
    let old = house.try_sign_in(ANN, PASSWORD).await;
    assert!(matches!(old, Err(SignInError::WrongCredentials)), "{old:?}");
}

async fn a_link_is_good_once_for_an_hour_and_only_the_newest(house: House) {
    house.owner().await;
    let older = house.reset_token(ANN).await;
    let newer = house.reset_token(ANN).await;
    let reset = async |token: &str| {
        house
            .accounts
            .reset_password(token, &secret(NEW), None)
            .await
    };
    assert!(
        house
            .accounts
            .password_link(&older)
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        reset(&older).await,
        Err(ResetPasswordError::NotFound)
    ));
    reset(&newer).await.unwrap();
    assert!(
        house
            .accounts
            .password_link(&newer)
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        reset(&newer).await,
        Err(ResetPasswordError::NotFound)
    ));
    let late = house.reset_token(ANN).await;
    house.wait(TimeDelta::minutes(60));
    assert!(house.accounts.password_link(&late).await.unwrap().is_none());
    assert!(matches!(
        reset(&late).await,
        Err(ResetPasswordError::NotFound)
    ));
}

async fn nobody_hears_whether_an_address_is_known(house: House) {
    house.owner().await;
    for email in [
        "nobody@halden.example",
        "no address",
        "",
        "\u{430}nn@halden.example",
        "ann@halden.example\0",
    ] {
        house
            .accounts
            .request_password_reset(email, None)
            .await
            .unwrap();
    }
    assert_eq!(house.mails().await, []);
}

async fn links_are_not_sent_without_end(house: House) {
    let ann = house.owner().await;
    house.newcomer(&ann, "Bob", Role::Member).await;
    house.mails().await;
    let network = Some("192.0.2.1".parse().unwrap());
    for _ in 0..5 {
        house
            .accounts
            .request_password_reset(ANN, network)
            .await
            .unwrap();
    }
    let mails = house.mails().await;
    assert_eq!(mails.len(), 3);
    // What was refused changed nothing: the last link that went out is good.
    let last = mails[2].token.clone().unwrap();
    assert!(house.accounts.password_link(&last).await.unwrap().is_some());
    for n in 0..20 {
        let email = format!("guest{n}@halden.example");
        house
            .accounts
            .request_password_reset(&email, network)
            .await
            .unwrap();
    }
    house
        .accounts
        .request_password_reset("bob@halden.example", network)
        .await
        .unwrap();
    assert_eq!(house.mails().await.len(), 0);
    house.wait(TimeDelta::hours(2));
    house
        .accounts
        .request_password_reset(ANN, network)
        .await
        .unwrap();
    assert_eq!(house.mails().await.len(), 1);
}

async fn a_refused_password_leaves_the_link_as_it_was(house: House) {
    house.owner().await;
    let token = house.reset_token(ANN).await;
    for (weak, why) in [
        ("short", PasswordRefused::TooShort),
        ("ann@halden.example", PasswordRefused::LikeTheAccount),
        ("plum\0tree rain", PasswordRefused::ControlCharacter),
    ] {
        let refused = house
            .accounts
            .reset_password(&token, &secret(weak), None)
            .await;
        assert!(
            matches!(refused, Err(ResetPasswordError::Password(told)) if told == why),
            "{refused:?}"
        );
    }
    house
        .accounts
        .reset_password(&token, &secret(NEW), None)
        .await
        .unwrap();
}

async fn a_new_password_ends_the_sessions(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let one = house.try_sign_in(ANN, PASSWORD).await.unwrap();
    let two = house.try_sign_in(ANN, PASSWORD).await.unwrap();
    let first = house.authenticate(&one.token).await.unwrap();

    // Changed by who is signed in: the others end.
    house
        .accounts
        .change_password(&first, &secret(PASSWORD), &secret(NEW), None)
        .await
        .unwrap();
    assert!(house.authenticate(&one.token).await.is_some());
    assert!(house.authenticate(&two.token).await.is_none());
    let told = house.mails().await.pop().unwrap();
    assert_eq!(
        (told.about, told.to.as_str()),
        (AccountNotice::PasswordChanged, ANN)
    );
    // Set by the link: all of them end.
    let token = house.reset_token(ANN).await;
    house
        .accounts
        .reset_password(&token, &secret(PASSWORD), None)
        .await
        .unwrap();
    assert!(house.authenticate(&one.token).await.is_none());
    assert_eq!(house.accounts.sessions(&bob).await.unwrap().len(), 1);
}

async fn a_changed_password_needs_the_present_one(house: House) {
    let ann = house.owner().await;
    house.mails().await;
    let change = async |present, new| {
        let (present, new) = (secret(present), secret(new));
        house
            .accounts
            .change_password(&ann, &present, &new, None)
            .await
    };
    let wrong = change("wrong", NEW).await;
    assert!(
        matches!(wrong, Err(ChangePasswordError::WrongPassword)),
        "{wrong:?}"
    );
    let weak = change(PASSWORD, "short").await;
    assert!(
        matches!(
            weak,
            Err(ChangePasswordError::Password(PasswordRefused::TooShort))
        ),
        "{weak:?}"
    );
    assert_eq!(house.mails().await, []);
    // A link that is on its way sets nothing any more.
    let token = house.reset_token(ANN).await;
    change(PASSWORD, NEW).await.unwrap();
    assert!(
        house
            .accounts
            .password_link(&token)
            .await
            .unwrap()
            .is_none()
    );
    house.try_sign_in(ANN, NEW).await.unwrap();
    let membership = house.accounts.membership(&ann, &halden()).await.unwrap();
    let program = scheduling_accounts::Principal {
        user: ann.user,
        kind: scheduling_accounts::PrincipalKind::Token {
            id: scheduling_accounts::ids::TokenId::generate(house.ids()),
            workspace: membership.unwrap().workspace.id,
            scopes: scheduling_accounts::Scope::all().collect(),
        },
    };
    let denied = house
        .accounts
        .change_password(&program, &secret(NEW), &secret(PASSWORD), None)
        .await;
    assert!(matches!(
        denied,
        Err(ChangePasswordError::Access(AccessError::SessionOnly))
    ));
}

async fn guessing_the_present_password_is_counted(house: House) {
    let ann = house.owner().await;
    let change = async |present| {
        house
            .accounts
            .change_password(&ann, &secret(present), &secret(NEW), None)
            .await
    };
    for _ in 0..10 {
        let wrong = change("wrong").await;
        assert!(
            matches!(wrong, Err(ChangePasswordError::WrongPassword)),
            "{wrong:?}"
        );
    }
    let refused = change(PASSWORD).await;
    assert!(
        matches!(refused, Err(ChangePasswordError::TooMany { .. })),
        "{refused:?}"
    );
}

async fn the_operator_hands_a_link_to_who_has_no_password(house: House) {
    let ann = house.owner().await;
    let membership = &house.accounts.memberships(&ann).await.unwrap()[0];
    let bob = Person {
        id: UserId::generate(house.ids()),
        name: "Bob".parse().unwrap(),
        email: "bob@halden.example".parse().unwrap(),
        timezone: chrono_tz::Tz::UTC,
    };
    let home = membership.workspace.id;
    let mut work = Storage::begin(&*house.storage).await.unwrap();
    work.directory().insert_person(home, &bob).await.unwrap();
    work.directory()
        .insert_member(home, bob.id, Role::Member, house.clock.now())
        .await
        .unwrap();
    work.commit().await.unwrap();

    let link = house
        .accounts
        .issue_password_link(&bob.email)
        .await
        .unwrap();
    assert_eq!(link.person, bob);
    assert_eq!(link.expires_at, house.clock.now() + TimeDelta::days(1));
    assert_eq!(house.mails().await, []);
    house.wait(TimeDelta::hours(23));
    let token = link.token.to_string();
    house
        .accounts
        .reset_password(&token, &secret(PASSWORD), None)
        .await
        .unwrap();
    assert_eq!(house.principal("bob@halden.example").await.user, bob.id);
    let nobody = "nobody@halden.example".parse().unwrap();
    let refused = house.accounts.issue_password_link(&nobody).await;
    assert!(
        matches!(refused, Err(PasswordLinkError::NobodyThere)),
        "{refused:?}"
    );
}

async fn whoever_was_locked_out_comes_in_by_the_link(house: House) {
    house.owner().await;
    for _ in 0..11 {
        house.try_sign_in(ANN, "wrong").await.unwrap_err();
    }
    let token = house.reset_token(ANN).await;
    house
        .accounts
        .reset_password(&token, &secret(NEW), None)
        .await
        .unwrap();
    house.try_sign_in(ANN, NEW).await.unwrap();
}

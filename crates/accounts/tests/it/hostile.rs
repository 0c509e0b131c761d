//! What no client of good will sends.

use scheduling_accounts::invitations::AcceptError;
use scheduling_accounts::password_change::ResetPasswordError;
use scheduling_accounts::sessions::SignInContext;
use scheduling_accounts::sign_in::SignInError;

use crate::support::{ANN, House, PASSWORD, account, both, secret};

both!(
    texts_that_are_no_tokens_open_nothing,
    passwords_of_any_size_and_shape_are_only_wrong,
    addresses_of_any_shape_are_only_unknown,
    what_the_browser_says_is_kept_as_a_line,
);

async fn texts_that_are_no_tokens_open_nothing(house: House) {
    house.owner().await;
    let session = house
        .try_sign_in(ANN, PASSWORD)
        .await
        .unwrap()
        .token
        .to_string();
    let megabyte = "a".repeat(1_000_000);
    let shorter = &session[1..];
    let longer = format!("{session}0");
    let api = format!("kal_live_{session}");
    for bad in [
        "",
        "\0",
        &format!("{session}\0"),
        shorter,
        &longer,
        &session.replace('0', "g"),
        &format!(" {session}"),
        &api,
        &format!("{api}00000000"),
        "'; drop table sign_ins; --",
        &"é".repeat(32),
        &megabyte,
        // Well-formed, and nobody's.
        &"0".repeat(64),
    ] {
        let accounts = &house.accounts;
        assert_eq!(accounts.authenticate_session(bad).await.unwrap(), None);
        assert_eq!(accounts.authenticate_token(bad).await.unwrap(), None);
        assert_eq!(accounts.invitation(bad).await.unwrap(), None);
        assert_eq!(accounts.password_link(bad).await.unwrap(), None);
        accounts.sign_out(bad).await.unwrap();
        let reset = accounts.reset_password(bad, &secret(PASSWORD), None).await;
        assert!(matches!(reset, Err(ResetPasswordError::NotFound)));
        let accepted = accounts
            .accept(bad, &account("Bob"), &SignInContext::default())
            .await;
        assert!(matches!(accepted, Err(AcceptError::NotFound)));
    }
    // One kind of secret is none of another.
    assert_eq!(house.accounts.invitation(&session).await.unwrap(), None);
    assert_eq!(house.accounts.password_link(&session).await.unwrap(), None);
    assert!(
        house
            .accounts
            .authenticate_session(&session)
            .await
            .unwrap()
            .is_some()
    );
}

async fn passwords_of_any_size_and_shape_are_only_wrong(house: House) {
    house.owner().await;
    let megabyte = "plum tree rain".repeat(75_000);
    for password in [
        megabyte.as_str(),
        "\0",
        "plum tree rain\0",
        "\u{202e}niar eert mulp",
        "💣",
    ] {
        for email in [ANN, "nobody@halden.example"] {
            let outcome = house.try_sign_in(email, password).await;
            assert!(
                matches!(outcome, Err(SignInError::WrongCredentials)),
                "{outcome:?}"
            );
        }
    }
    house.try_sign_in(ANN, PASSWORD).await.unwrap();
}

async fn addresses_of_any_shape_are_only_unknown(house: House) {
    house.owner().await;
    let megabyte = format!("{}@halden.example", "a".repeat(1_000_000));
    for email in [
        megabyte.as_str(),
        "ann\0@halden.example",
        "ann@halden.example\0",
        "ann@halden.example\r\nBcc: all@halden.example",
        "' or 1 = 1; --@halden.example",
        "%@halden.example",
        "\u{202e}ann@halden.example",
        "ann@halden.example, bob@halden.example",
    ] {
        let outcome = house.try_sign_in(email, PASSWORD).await;
        assert!(
            matches!(outcome, Err(SignInError::WrongCredentials)),
            "{outcome:?}"
        );
        house
            .accounts
            .request_password_reset(email, None)
            .await
            .unwrap();
    }
    assert_eq!(house.mails().await, []);
}

async fn what_the_browser_says_is_kept_as_a_line(house: House) {
    let ann = house.owner().await;
    let context = SignInContext {
        ip: Some("::ffff:192.0.2.9".parse().unwrap()),
        user_agent: Some("\0é\r\n".repeat(100_000)),
    };
    let opened = house
        .accounts
        .sign_in(ANN, &secret(PASSWORD), &context)
        .await
        .unwrap();
    let sessions = house.accounts.sessions(&ann).await.unwrap();
    let stored = sessions
        .iter()
        .find(|session| session.id == opened.session.id)
        .unwrap();
    assert_eq!(stored.user_agent.as_deref(), Some("é".repeat(300).as_str()));
    assert_eq!(stored.ip, Some("192.0.2.9".parse().unwrap()));
}

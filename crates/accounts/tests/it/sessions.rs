//! Sessions.

use chrono::TimeDelta;
use scheduling_accounts::sessions::SessionError;
use scheduling_accounts::{AccessError, Principal, PrincipalKind};
use scheduling_core::directory::Role;
use scheduling_core::ports::Clock;

use crate::support::{ANN, House, PASSWORD, both, halden};

both!(
    a_session_ends_when_it_is_not_used,
    a_session_ends_however_much_it_is_used,
    its_use_is_noted_every_few_minutes,
    one_sees_and_ends_ones_own_sessions_only,
    signing_out_ends_the_session_and_twice_is_harmless,
    a_token_knows_nothing_of_sessions,
);

async fn a_session_ends_when_it_is_not_used(house: House) {
    house.owner().await;
    let token = house.try_sign_in(ANN, PASSWORD).await.unwrap().token;
    house.wait(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert!(house.authenticate(&token).await.is_some());
    house.wait(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert!(house.authenticate(&token).await.is_some());
    house.wait(TimeDelta::days(30));
    assert!(house.authenticate(&token).await.is_none());
}

async fn a_session_ends_however_much_it_is_used(house: House) {
    house.owner().await;
    let token = house.try_sign_in(ANN, PASSWORD).await.unwrap().token;
    for _ in 0..89 {
        house.wait(TimeDelta::days(1));
        assert!(house.authenticate(&token).await.is_some());
    }
    house.wait(TimeDelta::days(1));
    assert!(house.authenticate(&token).await.is_none());
}

async fn its_use_is_noted_every_few_minutes(house: House) {
    let ann = house.owner().await;
    let token = house.try_sign_in(ANN, PASSWORD).await.unwrap().token;
    let used = house.authenticate(&token).await.unwrap();
    let seen = async || {
        let sessions = house.accounts.sessions(&ann).await.unwrap();
        let found = sessions
            .iter()
            .find(|session| Some(session.id) == used.session());
        found.unwrap().last_seen_at
    };
    let begin = house.clock.now();
    house.wait(TimeDelta::minutes(4));
    house.authenticate(&token).await.unwrap();
    assert_eq!(seen().await, begin);
    house.wait(TimeDelta::minutes(1));
    house.authenticate(&token).await.unwrap();
    assert_eq!(seen().await, begin + TimeDelta::minutes(5));
}

async fn one_sees_and_ends_ones_own_sessions_only(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Admin).await;
    house.wait(TimeDelta::seconds(1));
    let second = house.try_sign_in(ANN, PASSWORD).await.unwrap();
    house.wait(TimeDelta::seconds(1));
    let third = house.try_sign_in(ANN, PASSWORD).await.unwrap();

    let mine = house.accounts.sessions(&ann).await.unwrap();
    let ids: Vec<_> = mine.iter().map(|session| session.id).collect();
    let first = ann.session().unwrap();
    assert_eq!(ids, [third.session.id, second.session.id, first]);
    assert_eq!(house.accounts.sessions(&bob).await.unwrap().len(), 1);

    let foreign = house.accounts.revoke_session(&bob, first).await;
    assert!(
        matches!(foreign, Err(SessionError::NotFound)),
        "{foreign:?}"
    );
    house
        .accounts
        .revoke_session(&ann, second.session.id)
        .await
        .unwrap();
    assert!(house.authenticate(&second.token).await.is_none());
    let again = house.accounts.revoke_session(&ann, second.session.id).await;
    assert!(matches!(again, Err(SessionError::NotFound)), "{again:?}");

    assert_eq!(house.accounts.revoke_other_sessions(&ann).await.unwrap(), 1);
    assert!(house.authenticate(&third.token).await.is_none());
    assert_eq!(house.accounts.sessions(&ann).await.unwrap().len(), 1);
    assert_eq!(house.accounts.sessions(&bob).await.unwrap().len(), 1);
}

async fn signing_out_ends_the_session_and_twice_is_harmless(house: House) {
    house.owner().await;
    let session = house.try_sign_in(ANN, PASSWORD).await.unwrap();
    let token = session.token.to_string();
    for _ in 0..2 {
        house.accounts.sign_out(&token).await.unwrap();
        assert!(house.authenticate(&session.token).await.is_none());
    }
    house.accounts.sign_out("no token").await.unwrap();
}

async fn a_token_knows_nothing_of_sessions(house: House) {
    let ann = house.owner().await;
    let membership = house.accounts.membership(&ann, &halden()).await.unwrap();
    let program = Principal {
        user: ann.user,
        kind: PrincipalKind::Token {
            id: scheduling_accounts::ids::TokenId::generate(house.ids()),
            workspace: membership.unwrap().workspace.id,
            scopes: scheduling_accounts::Scope::all().collect(),
        },
    };
    let denied = |refusal: SessionError| {
        assert!(matches!(
            refusal,
            SessionError::Access(AccessError::SessionOnly)
        ));
    };
    denied(house.accounts.sessions(&program).await.unwrap_err());
    denied(
        house
            .accounts
            .revoke_other_sessions(&program)
            .await
            .unwrap_err(),
    );
    let session = ann.session().unwrap();
    denied(
        house
            .accounts
            .revoke_session(&program, session)
            .await
            .unwrap_err(),
    );
}

//! What somebody says of himself.

use chrono_tz::Tz;
use scheduling_accounts::me::{MeError, MyChange};
use scheduling_accounts::tokens::NewToken;
use scheduling_accounts::{AccessError, Scope};

use crate::support::{ANN, House, both, halden};

both!(
    one_changes_ones_name_and_zone_and_nothing_else,
    a_token_reads_its_owner_and_does_not_change_him,
);

async fn one_changes_ones_name_and_zone_and_nothing_else(house: House) {
    let ann = house.owner().await;
    let before = house.accounts.me(&ann).await.unwrap();
    assert_eq!((before.name.as_str(), before.email.as_str()), ("Ann", ANN));
    let change = MyChange {
        name: Some("Ann Halden".parse().unwrap()),
        timezone: None,
    };
    let named = house.accounts.update_me(&ann, &change).await.unwrap();
    assert_eq!(named.name.as_str(), "Ann Halden");
    assert_eq!(named.timezone, before.timezone);
    let change = MyChange {
        name: None,
        timezone: Some(Tz::Asia__Kathmandu),
    };
    let moved = house.accounts.update_me(&ann, &change).await.unwrap();
    assert_eq!(moved.timezone, Tz::Asia__Kathmandu);
    assert_eq!((&moved.name, &moved.email), (&named.name, &before.email));
    assert_eq!(house.accounts.me(&ann).await.unwrap(), moved);
}

async fn a_token_reads_its_owner_and_does_not_change_him(house: House) {
    let ann = house.owner().await;
    let token = NewToken {
        name: "Wiki".parse().unwrap(),
        scopes: Scope::all().collect(),
        expires_at: None,
    };
    let made = house
        .accounts
        .create_token(&ann, &halden(), &token, None)
        .await;
    let text = made.unwrap().made.text.unwrap().to_string();
    let program = house.accounts.authenticate_token(&text).await.unwrap();
    let program = program.unwrap();
    assert_eq!(house.accounts.me(&program).await.unwrap().id, ann.user);
    let refused = house
        .accounts
        .update_me(&program, &MyChange::default())
        .await;
    assert!(matches!(
        refused,
        Err(MeError::Access(AccessError::SessionOnly))
    ));
}

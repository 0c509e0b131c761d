//! API tokens.

use chrono::TimeDelta;
use scheduling_accounts::tokens::{MOST_TOKENS, NewToken, TokenError, Whose};
use scheduling_accounts::{AccessError, AuthorizeError, Principal, Resource, Scope};
use scheduling_core::directory::Role;
use scheduling_core::ports::Clock;

use crate::support::{ANN, House, both, halden, request};

both!(
    a_token_is_its_owner_with_less_power,
    a_token_is_good_in_one_workspace,
    a_token_dies_of_expiry_revocation_and_its_owners_leaving,
    a_repeated_request_makes_one_token_and_tells_its_text_once,
    owners_and_admins_see_and_revoke_everybodys_tokens_and_members_their_own,
    no_token_makes_or_sees_tokens,
    a_token_must_be_of_use,
    the_operator_makes_tokens_for_members,
);

fn new(scopes: &str) -> NewToken {
    NewToken {
        name: "Wiki".parse().unwrap(),
        scopes: scopes.parse().unwrap(),
        expires_at: None,
    }
}

async fn text(house: &House, owner: &Principal, token: &NewToken) -> String {
    let made = house
        .accounts
        .create_token(owner, &halden(), token, None)
        .await;
    made.unwrap().made.text.unwrap().to_string()
}

async fn authenticate(house: &House, text: &str) -> Option<Principal> {
    house.accounts.authenticate_token(text).await.unwrap()
}

async fn a_token_is_its_owner_with_less_power(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let read = Scope::read(Resource::Members);
    let write = Scope::write(Resource::Members);

    let anns = text(&house, &ann, &new("members:read bookings:write")).await;
    let anns = authenticate(&house, &anns).await.unwrap();
    assert_eq!(anns.user, ann.user);
    let authorize = async |who: &Principal, scope, least| {
        house.accounts.authorize(who, &halden(), scope, least).await
    };
    let membership = authorize(&anns, read, Role::Owner).await.unwrap();
    assert_eq!(membership.role, Role::Owner);
    authorize(&anns, Scope::read(Resource::Bookings), Role::Owner)
        .await
        .unwrap();
    let lacking = authorize(&anns, write, Role::Member).await;
    assert!(
        matches!(lacking, Err(AuthorizeError::Access(AccessError::Scope(scope))) if scope == write)
    );

    // All scopes there are make a member no admin.
    let all = NewToken {
        scopes: Scope::all().collect(),
        ..new("")
    };
    let bobs = text(&house, &bob, &all).await;
    let bobs = authenticate(&house, &bobs).await.unwrap();
    authorize(&bobs, write, Role::Member).await.unwrap();
    let weak = authorize(&bobs, write, Role::Admin).await;
    assert!(matches!(
        weak,
        Err(AuthorizeError::Access(AccessError::Role(Role::Admin)))
    ));
    // And one who is promoted has more power at once, and less again.
    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Admin)
        .await
        .unwrap();
    authorize(&bobs, write, Role::Admin).await.unwrap();
    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Member)
        .await
        .unwrap();
    assert!(authorize(&bobs, write, Role::Admin).await.is_err());
}

async fn a_token_is_good_in_one_workspace(house: House) {
    let ann = house.owner().await;
    let other = scheduling_accounts::workspaces::NewWorkspace {
        slug: "other".parse().unwrap(),
        name: "Other".parse().unwrap(),
        description: None,
    };
    let made = house
        .accounts
        .create_workspace(&ann, &other, None)
        .await
        .unwrap();
    let other = made.made.workspace;
    assert_eq!(house.accounts.memberships(&ann).await.unwrap().len(), 2);

    let program = text(&house, &ann, &new("workspace:write")).await;
    let program = authenticate(&house, &program).await.unwrap();
    let mine = house.accounts.memberships(&program).await.unwrap();
    assert_eq!(mine.len(), 1);
    assert_eq!(mine[0].workspace.slug.as_str(), "halden");
    for reference in [other.id.into(), other.slug.into()] {
        let found = house
            .accounts
            .membership(&program, &reference)
            .await
            .unwrap();
        assert_eq!(found, None);
        assert!(
            house
                .accounts
                .membership(&ann, &reference)
                .await
                .unwrap()
                .is_some()
        );
    }
}

async fn a_token_dies_of_expiry_revocation_and_its_owners_leaving(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;

    let ending = NewToken {
        expires_at: Some(house.clock.now() + TimeDelta::hours(1)),
        ..new("bookings:read")
    };
    let ending = text(&house, &ann, &ending).await;
    house.wait(TimeDelta::minutes(59));
    assert!(authenticate(&house, &ending).await.is_some());
    house.wait(TimeDelta::minutes(1));
    assert!(authenticate(&house, &ending).await.is_none());

    let revoked = text(&house, &ann, &new("bookings:read")).await;
    let id = authenticate(&house, &revoked)
        .await
        .unwrap()
        .token()
        .unwrap();
    house.accounts.revoke_token(&ann, id).await.unwrap();
    assert!(authenticate(&house, &revoked).await.is_none());
    let again = house.accounts.revoke_token(&ann, id).await;
    assert!(matches!(again, Err(TokenError::NotFound)), "{again:?}");

    let left = text(&house, &bob, &new("bookings:read")).await;
    let program = authenticate(&house, &left).await.unwrap();
    house
        .accounts
        .remove_member(&ann, &halden(), bob.user)
        .await
        .unwrap();
    assert!(authenticate(&house, &left).await.is_none());
    // Even who was authenticated a moment ago is nobody there now.
    assert_eq!(
        house
            .accounts
            .membership(&program, &halden())
            .await
            .unwrap(),
        None
    );
    // And coming back does not bring the token back.
    let token = house.invite(&ann, "bob@halden.example", Role::Member).await;
    house.accounts.accept_as(&token, &bob).await.unwrap();
    assert!(
        house
            .accounts
            .membership(&bob, &halden())
            .await
            .unwrap()
            .is_some()
    );
    assert!(authenticate(&house, &left).await.is_none());
}

async fn a_repeated_request_makes_one_token_and_tells_its_text_once(house: House) {
    let ann = house.owner().await;
    let once = request("k", 1);
    let create = async |request| {
        let token = new("bookings:read");
        house
            .accounts
            .create_token(&ann, &halden(), &token, Some(request))
            .await
    };
    let first = create(&once).await.unwrap();
    assert!(!first.replayed);
    let second = create(&once).await.unwrap();
    assert!(second.replayed);
    assert_eq!(second.made.token, first.made.token);
    assert_eq!(second.made.text, None);
    assert_eq!(house.accounts.my_tokens(&ann).await.unwrap().len(), 1);
    let other = create(&request("k", 2)).await;
    assert!(matches!(other, Err(TokenError::KeyReused(_))), "{other:?}");
    // What was refused may be asked again with the same key.
    let refused = request("r", 1);
    let empty = new("");
    for _ in 0..2 {
        let refusal = house
            .accounts
            .create_token(&ann, &halden(), &empty, Some(&refused))
            .await;
        assert!(matches!(refusal, Err(TokenError::NoScopes)), "{refusal:?}");
    }
}

async fn owners_and_admins_see_and_revoke_everybodys_tokens_and_members_their_own(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let cleo = house.newcomer(&ann, "Cleo", Role::Admin).await;
    let stranger = house.stranger(&ann).await;
    text(&house, &ann, &new("bookings:read")).await;
    house.wait(TimeDelta::seconds(1));
    let bobs = text(&house, &bob, &new("bookings:read")).await;

    let list = async |who: &Principal, whose| {
        let tokens = house.accounts.tokens(who, &halden(), whose).await?;
        Ok::<_, TokenError>(
            tokens
                .into_iter()
                .map(|token| token.user)
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        list(&cleo, Whose::Everybody).await.unwrap(),
        [bob.user, ann.user]
    );
    assert_eq!(list(&cleo, Whose::Own).await.unwrap(), []);
    assert_eq!(list(&bob, Whose::Own).await.unwrap(), [bob.user]);
    let refused = list(&bob, Whose::Everybody).await;
    assert!(matches!(
        refused,
        Err(TokenError::Access(AccessError::Role(Role::Admin)))
    ));
    let unknown = list(&stranger, Whose::Own).await;
    assert!(matches!(
        unknown,
        Err(TokenError::Access(AccessError::NotFound))
    ));

    let id = authenticate(&house, &bobs).await.unwrap().token().unwrap();
    let dave = house.newcomer(&ann, "Dave", Role::Member).await;
    for nobody in [&stranger, &dave] {
        let refused = house.accounts.revoke_token(nobody, id).await;
        assert!(matches!(refused, Err(TokenError::NotFound)), "{refused:?}");
    }
    house.accounts.revoke_token(&cleo, id).await.unwrap();
    assert!(authenticate(&house, &bobs).await.is_none());
}

async fn no_token_makes_or_sees_tokens(house: House) {
    let ann = house.owner().await;
    let all = NewToken {
        scopes: Scope::all().collect(),
        ..new("")
    };
    let program = text(&house, &ann, &all).await;
    let program = authenticate(&house, &program).await.unwrap();
    let denied = |refusal: TokenError| {
        assert!(
            matches!(refusal, TokenError::Access(AccessError::SessionOnly)),
            "{refusal:?}"
        );
    };
    let token = new("bookings:read");
    denied(
        house
            .accounts
            .create_token(&program, &halden(), &token, None)
            .await
            .unwrap_err(),
    );
    denied(
        house
            .accounts
            .tokens(&program, &halden(), Whose::Own)
            .await
            .unwrap_err(),
    );
    denied(house.accounts.my_tokens(&program).await.unwrap_err());
    let itself = program.token().unwrap();
    denied(
        house
            .accounts
            .revoke_token(&program, itself)
            .await
            .unwrap_err(),
    );
}

async fn a_token_must_be_of_use(house: House) {
    let ann = house.owner().await;
    let create = async |token: &NewToken| {
        let made = house
            .accounts
            .create_token(&ann, &halden(), token, None)
            .await;
        made.map(|made| made.made.token)
    };
    let refused = create(&new("")).await;
    assert!(matches!(refused, Err(TokenError::NoScopes)));
    let over = NewToken {
        expires_at: Some(house.clock.now()),
        ..new("bookings:read")
    };
    assert!(matches!(
        create(&over).await,
        Err(TokenError::EndsInThePast)
    ));
    for _ in 0..MOST_TOKENS {
        create(&new("bookings:read")).await.unwrap();
    }
    let refused = create(&new("bookings:read")).await;
    assert!(matches!(refused, Err(TokenError::TooManyTokens)));
}

async fn the_operator_makes_tokens_for_members(house: House) {
    let ann = house.owner().await;
    let token = new("outbox:read");
    let slug = "halden".parse().unwrap();
    let made = house
        .accounts
        .create_token_for(&slug, &ANN.parse().unwrap(), &token)
        .await;
    let program = made.unwrap().text.unwrap().to_string();
    assert_eq!(authenticate(&house, &program).await.unwrap().user, ann.user);
    for (slug, email) in [("nowhere", ANN), ("halden", "nobody@halden.example")] {
        let (slug, email) = (slug.parse().unwrap(), email.parse().unwrap());
        let refused = house.accounts.create_token_for(&slug, &email, &token).await;
        assert!(matches!(refused, Err(TokenError::NotFound)));
    }
}

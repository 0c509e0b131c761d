//! The audit trail.

use chrono::TimeDelta;
use scheduling_accounts::audit::AuditNote;
use scheduling_accounts::tokens::NewToken;
use scheduling_accounts::{AccessError, AuthorizeError};
use scheduling_core::directory::Role;
use serde_json::json;

use crate::support::{House, both, halden};

both!(
    what_was_done_is_listed_newest_first_page_by_page,
    others_note_what_they_do,
    members_and_strangers_do_not_see_it,
);

async fn what_was_done_is_listed_newest_first_page_by_page(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    house.wait(TimeDelta::seconds(1));
    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Admin)
        .await
        .unwrap();
    let token = NewToken {
        name: "Wiki".parse().unwrap(),
        scopes: "workspace:read members:write".parse().unwrap(),
        expires_at: None,
    };
    let made = house
        .accounts
        .create_token(&bob, &halden(), &token, None)
        .await;
    let text = made.unwrap().made.text.unwrap().to_string();
    let program = house
        .accounts
        .authenticate_token(&text)
        .await
        .unwrap()
        .unwrap();
    house.wait(TimeDelta::seconds(1));
    house
        .accounts
        .change_role(&program, &halden(), bob.user, Role::Member)
        .await
        .unwrap();
    house
        .accounts
        .change_role(&ann, &halden(), bob.user, Role::Admin)
        .await
        .unwrap();

    let whole = house
        .accounts
        .audit(&ann, &halden(), None, 100)
        .await
        .unwrap();
    let actions: Vec<_> = whole
        .entries
        .iter()
        .map(|entry| entry.note.action.as_str())
        .collect();
    let expected = [
        "member.role_changed",
        "member.role_changed",
        "token.created",
        "member.role_changed",
        "invitation.accepted",
        "invitation.issued",
        "workspace.first_owner",
    ];
    assert_eq!(actions, expected);
    assert_eq!(whole.next, None);
    let by_program = &whole.entries[1].note;
    assert_eq!(
        (by_program.user, by_program.token),
        (Some(bob.user), program.token())
    );
    assert_eq!(by_program.subject, bob.user.to_string());
    assert_eq!(
        by_program.detail,
        json!({ "from": "admin", "to": "member" })
    );
    assert_eq!(whole.entries[6].note.user, None);

    let mut paged = Vec::new();
    let mut cursor = None;
    loop {
        let page = house
            .accounts
            .audit(&ann, &halden(), cursor, 2)
            .await
            .unwrap();
        assert!(page.entries.len() <= 2);
        paged.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, whole.entries);
    // No secret is in it.
    let written = format!("{:?}", whole.entries);
    assert!(!written.contains(&text[9..73]), "{written}");
}

async fn others_note_what_they_do(house: House) {
    let ann = house.owner().await;
    let membership = house
        .accounts
        .membership(&ann, &halden())
        .await
        .unwrap()
        .unwrap();
    let note = AuditNote::by(&ann, "booking.cancelled", "a booking\0")
        .within(membership.workspace.id)
        .detailed(json!({ "reason": "ill\0" }));
    house.accounts.record(note).await.unwrap();
    let page = house
        .accounts
        .audit(&ann, &halden(), None, 1)
        .await
        .unwrap();
    assert_eq!(page.entries[0].note.action, "booking.cancelled");
    assert_eq!(page.entries[0].note.detail, json!({ "reason": "ill\0" }));
    assert!(page.next.is_some());
}

async fn members_and_strangers_do_not_see_it(house: House) {
    let ann = house.owner().await;
    let bob = house.newcomer(&ann, "Bob", Role::Member).await;
    let stranger = house.stranger(&ann).await;
    let refused = house.accounts.audit(&bob, &halden(), None, 10).await;
    assert!(matches!(
        refused,
        Err(AuthorizeError::Access(AccessError::Role(Role::Admin)))
    ));
    let refused = house.accounts.audit(&stranger, &halden(), None, 10).await;
    assert!(matches!(
        refused,
        Err(AuthorizeError::Access(AccessError::NotFound))
    ));
}

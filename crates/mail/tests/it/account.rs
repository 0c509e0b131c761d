//! What mails about accounts say.

use std::sync::Arc;

use mail_parser::MessageParser;
use scheduling_core::effect::AccountNotice;
use scheduling_core::notification::AccountNotification;
use scheduling_core::ports::{Notifier, Retry};

use crate::common::{Kept, at, names, notifier, notifier_over};
use crate::gallery::accounts;
use crate::wording::read_bytes;

fn find(name: &str) -> AccountNotification {
    let found = accounts().into_iter().find(|(known, _)| known == name);
    found.unwrap().1
}

#[test]
fn every_message_about_an_account() {
    for (name, message) in accounts() {
        let mail = read_bytes(&notifier().compose_account(&message).unwrap().bytes);
        let name = name.replace('-', "_");
        let whole = format!("{}\n\n{}", mail.headers, mail.text);
        insta::assert_snapshot!(format!("account_{name}"), whole);
    }
    let reset = notifier().compose_account(&find("password-reset")).unwrap();
    insta::assert_snapshot!("account_password_reset_html", read_bytes(&reset.bytes).html);
}

#[test]
fn the_link_stands_once_in_each_part_and_nothing_else_is_fetched() {
    for (name, message) in accounts() {
        let mail = notifier().compose_account(&message).unwrap().letter;
        let links = mail.html.matches("https://").count();
        match &message.link {
            Some(link) => {
                assert_eq!(mail.text.matches(link.as_str()).count(), 1, "{name}");
                assert!(mail.html.contains(&format!("href=\"{link}\"")), "{name}");
                assert_eq!(links, 1, "{name}");
            }
            None => assert_eq!(links, 0, "{name}"),
        }
        assert!(
            !mail.html.contains("<img") && !mail.html.contains("src="),
            "{name}"
        );
    }
}

#[test]
fn names_are_text_here_too() {
    for hostile in names() {
        let Ok(name) = hostile.parse() else { continue };
        let message = AccountNotification {
            name: Some(name),
            about: AccountNotice::Invitation {
                workspace: hostile.parse().unwrap(),
                inviter: hostile.parse().unwrap(),
                role: scheduling_core::directory::Role::Owner,
                expires_at: at("2026-11-27T09:15:00Z"),
            },
            ..find("invitation")
        };
        let mail = notifier().compose_account(&message).unwrap();
        assert!(!mail.letter.html.contains("<script"), "{hostile}");
        assert!(!mail.letter.text.contains("49 "), "{hostile}");
        let parsed = MessageParser::new().parse(&mail.bytes).unwrap();
        assert_eq!(
            parsed.to().unwrap().as_list().unwrap().len(),
            1,
            "{hostile}"
        );
        assert!(parsed.bcc().is_none() && parsed.cc().is_none(), "{hostile}");
    }
}

#[test]
fn the_same_message_about_an_account_makes_the_same_bytes() {
    for (name, message) in accounts() {
        let first = notifier().compose_account(&message).unwrap();
        assert_eq!(
            first,
            notifier().compose_account(&message).unwrap(),
            "{name}"
        );
        assert_eq!(
            first.message_id,
            "0193a000-0000-7000-8000-0000000000fe@northwind.example"
        );
    }
}

#[tokio::test]
async fn a_message_about_an_account_reaches_the_transport_once_it_has_its_link() {
    let kept = Arc::new(Kept::default());
    let notifier = notifier_over(Arc::<Kept>::clone(&kept));
    notifier.notify_account(&find("invitation")).await.unwrap();
    assert_eq!(kept.0.lock().unwrap().len(), 1);

    let without = AccountNotification {
        link: None,
        ..find("password-reset")
    };
    let error = notifier.notify_account(&without).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Never);
    assert_eq!(kept.0.lock().unwrap().len(), 1);

    notifier
        .notify_account(&find("password-changed"))
        .await
        .unwrap();
    assert_eq!(kept.0.lock().unwrap().len(), 2);
}

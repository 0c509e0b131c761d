//! What mails say. Every snapshot is read before it is accepted.

mod common;

use common::{
    all_hands, cancelled, confirmed_for, contact, facts, gallery, names, notification, notifier,
};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::{Audience, BookingFacts};
use scheduling_core::ports::Notifier;
use scheduling_mail::{MailNotifier, MailOptions, calendar_file, invitation};

/// The message with its encoded parts as they are read.
fn readable(notification: &scheduling_core::notification::Notification) -> String {
    String::from_utf8(notifier().compose(notification).unwrap().bytes)
        .unwrap()
        .replace("\r\n", "\n")
}

#[test]
fn show() {
    println!("{}", readable(&confirmed_for(Audience::Invitee)));
    for kind in [NotificationKind::Confirmed, NotificationKind::Cancelled] {
        println!(
            "{}",
            String::from_utf8(invitation(
                &notification(kind, Audience::Invitee, all_hands()),
                "northwind.example"
            ))
            .unwrap()
        );
    }
}

//! What mails say. Every snapshot is read before it is accepted.

use std::fs;
use std::sync::Arc;

use crate::common::{
    Kept, all_hands, cancelled, confirmed_for, contact, elena, facts, gallery, hostile, mara,
    notification, notifier, notifier_over, sender,
};
use mail_parser::{Message, MessageParser};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind::{Cancelled, Confirmed};
use scheduling_core::notification::{Audience, BookingFacts, Notification, NotificationLinks};
use scheduling_core::ports::Notifier;
use scheduling_mail::{MailNotifier, MailOptions, MailSender};

/// A composed mail, taken apart by another library than the one that put it together.
struct Read {
    headers: String,
    subject: String,
    text: String,
    html: String,
}

fn read(notification: &Notification) -> Read {
    read_bytes(&notifier().compose(notification).unwrap().bytes)
}

fn read_bytes(bytes: &[u8]) -> Read {
    let message: Message<'_> = MessageParser::new().parse(bytes).unwrap();
    let raw = String::from_utf8(bytes.to_vec()).unwrap();
    let (headers, _) = raw.split_once("\r\n\r\n").unwrap();
    let line_feeds = |text: String| text.replace("\r\n", "\n");
    Read {
        headers: headers.replace("\r\n", "\n"),
        subject: message.subject().unwrap().to_owned(),
        text: line_feeds(message.body_text(0).unwrap().into_owned()),
        html: line_feeds(message.body_html(0).unwrap().into_owned()),
    }
}

#[test]
fn a_confirmation_to_the_invitee() {
    let mail = read(&confirmed_for(Audience::Invitee));
    insta::assert_snapshot!("confirmed_invitee_headers", mail.headers);
    insta::assert_snapshot!("confirmed_invitee_text", mail.text);
    insta::assert_snapshot!("confirmed_invitee_html", mail.html);
}

#[test]
fn a_confirmation_to_a_guest() {
    let mail = read(&confirmed_for(Audience::Guest));
    insta::assert_snapshot!("confirmed_guest_headers", mail.headers);
    insta::assert_snapshot!("confirmed_guest_text", mail.text);
}

#[test]
fn a_confirmation_to_the_host() {
    let mail = read(&confirmed_for(Audience::Host));
    insta::assert_snapshot!("confirmed_host_headers", mail.headers);
    insta::assert_snapshot!("confirmed_host_text", mail.text);
    insta::assert_snapshot!("confirmed_host_html", mail.html);
}

#[test]
fn a_confirmation_of_an_all_hands_meeting() {
    let mail = read(&notification(Confirmed, Audience::Invitee, all_hands()));
    insta::assert_snapshot!("all_hands_invitee_text", mail.text);
    insta::assert_snapshot!("all_hands_invitee_html", mail.html);
    let mail = read(&notification(Confirmed, Audience::Host, all_hands()));
    insta::assert_snapshot!("all_hands_host_text", mail.text);
}

#[test]
fn a_cancellation_says_who_cancelled() {
    let mut first_lines = Vec::new();
    for hosts in [vec![mara()], all_hands().hosts] {
        for by in [Party::Invitee, Party::Host, Party::System] {
            for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
                let booking = BookingFacts {
                    hosts: hosts.clone(),
                    ..cancelled(by)
                };
                let mail = read(&notification(Cancelled, audience, booking));
                first_lines.push(format!(
                    "{} host(s), by {by:?}, to {audience:?}: {}",
                    hosts.len(),
                    mail.text.lines().next().unwrap()
                ));
            }
        }
    }
    insta::assert_snapshot!("cancelled_first_lines", first_lines.join("\n"));
}

#[test]
fn a_cancellation_in_full() {
    let mail = read(&notification(
        Cancelled,
        Audience::Invitee,
        cancelled(Party::Host),
    ));
    insta::assert_snapshot!("cancelled_invitee_headers", mail.headers);
    insta::assert_snapshot!("cancelled_invitee_text", mail.text);
    insta::assert_snapshot!("cancelled_invitee_html", mail.html);
    let mail = read(&notification(
        Cancelled,
        Audience::Host,
        cancelled(Party::Invitee),
    ));
    insta::assert_snapshot!("cancelled_host_text", mail.text);
}

#[test]
fn a_bare_booking_leaves_out_what_it_has_not() {
    let booking = BookingFacts {
        note: None,
        guests: Vec::new(),
        ..facts()
    };
    let mail = read(&Notification {
        links: NotificationLinks::default(),
        ..notification(Confirmed, Audience::Invitee, booking)
    });
    insta::assert_snapshot!("bare_text", mail.text);
    for absent in ["You wrote", "See the booking", "Something came up"] {
        assert!(!mail.text.contains(absent), "{absent}");
        assert!(!mail.html.contains(absent), "{absent}");
    }
}

#[test]
fn both_zones_are_given_when_they_differ() {
    let mail = read(&confirmed_for(Audience::Host));
    for body in [&mail.text, &mail.html] {
        for words in [
            "15:00 to 15:30",
            "Europe/Berlin",
            "UTC+01:00",
            "14:00 to 14:30",
            "Europe/Lisbon",
            "UTC+00:00",
        ] {
            assert!(body.contains(words), "{words} in {body}");
        }
    }
}

#[test]
fn one_zone_is_given_once() {
    let booking = BookingFacts {
        invitee: contact("Elena Vaszary", "elena@example.org", "Europe/Berlin"),
        ..facts()
    };
    for audience in [Audience::Invitee, Audience::Host] {
        let mail = read(&notification(Confirmed, audience, booking.clone()));
        assert_eq!(mail.text.matches("15:00 to 15:30").count(), 1);
        assert!(!mail.html.contains("’s day"), "{}", mail.html);
    }
}

#[test]
fn the_date_is_repeated_where_it_is_another_day_elsewhere() {
    let booking = BookingFacts {
        invitee: contact("Elena Vaszary", "elena@example.org", "Pacific/Auckland"),
        ..facts()
    };
    let mail = read(&notification(Confirmed, Audience::Host, booking));
    for body in [&mail.text, &mail.html] {
        assert!(body.contains("Tuesday 24 November 2026"));
        assert!(body.contains("Wednesday 25 November 2026"));
        assert!(body.contains("03:00 to 03:30"));
    }
}

#[test]
fn only_the_invitee_gets_the_links_that_manage_the_booking() {
    for (name, notification) in gallery() {
        let mail = notifier().compose(&notification).unwrap();
        let message = MessageParser::new().parse(&mail.bytes).unwrap();
        let everything: String = message
            .parts
            .iter()
            .map(|part| String::from_utf8_lossy(part.contents()).replace("\r\n ", ""))
            .collect();
        let has_link = everything.contains("https://northwind.example/b/8kd2fa");
        let is_invitee = notification.audience == Audience::Invitee;
        assert_eq!(has_link, is_invitee, "{name}");
    }
}

#[test]
fn what_the_invitee_wrote_is_for_the_hosts() {
    for (audience, sees) in [
        (Audience::Invitee, true),
        (Audience::Guest, false),
        (Audience::Host, true),
    ] {
        let mail = notifier().compose(&confirmed_for(audience)).unwrap();
        let message = MessageParser::new().parse(&mail.bytes).unwrap();
        for part in message.parts.iter().filter(|part| !part.is_multipart()) {
            let text = String::from_utf8_lossy(part.contents()).replace("\r\n ", "");
            assert_eq!(
                text.contains("between order and first shift plan"),
                sees,
                "{audience:?}: {text}"
            );
        }
    }
}

#[test]
fn a_name_is_text_wherever_it_stands() {
    for booking in hostile() {
        for kind in [Confirmed, Cancelled] {
            for audience in [Audience::Invitee, Audience::Guest, Audience::Host] {
                let mail = read(&notification(kind, audience, booking.clone()));
                assert!(!mail.html.contains("<script"), "{}", mail.html);
                assert!(!mail.html.contains("href=\"javascript"), "{}", mail.html);
                assert!(!mail.html.contains("49"), "a template in a name was run");
                assert!(!mail.html.contains('\u{202e}') && !mail.text.contains('\u{202e}'));
                let fields: Vec<&str> = mail
                    .headers
                    .lines()
                    .filter(|line| !line.starts_with([' ', '\t']))
                    .map(|line| line.split(':').next().unwrap())
                    // Left out where the address would need a server that can do more.
                    .filter(|name| *name != "Reply-To")
                    .collect();
                assert_eq!(
                    fields,
                    [
                        "From",
                        "To",
                        "References",
                        "Subject",
                        "Date",
                        "Message-ID",
                        "Auto-Submitted",
                        "MIME-Version",
                        "Content-Type"
                    ]
                );
            }
        }
    }
}

#[test]
fn a_link_to_the_invitee_has_no_other_recipients() {
    let booking = BookingFacts {
        invitee: contact("Elena", "what?cc=all&x@example.org", "UTC"),
        ..facts()
    };
    let html = read(&notification(Confirmed, Audience::Host, booking)).html;
    assert!(
        html.contains(r#"href="mailto:what%3Fcc%3Dall%26x@example.org""#),
        "{html}"
    );
}

#[test]
fn an_html_mail_fetches_nothing() {
    for (name, notification) in gallery() {
        let html = read(&notification).html;
        for remote in [
            "<img",
            "<link",
            "<script",
            "src=",
            "url(",
            "@import",
            "background=\"",
        ] {
            assert!(!html.contains(remote), "{name}: {remote}");
        }
    }
}

#[test]
fn the_same_notification_makes_the_same_bytes() {
    for (name, notification) in gallery() {
        let first = notifier().compose(&notification).unwrap();
        let second = notifier().compose(&notification).unwrap();
        assert_eq!(first, second, "{name}");
        assert_eq!(
            first.message_id,
            "0193a000-0000-7000-8000-0000000000ff@northwind.example"
        );
    }
}

#[test]
fn the_subject_is_the_title_of_the_calendar_entry() {
    for (name, notification) in gallery() {
        let mail = read(&notification);
        assert_eq!(
            mail.subject,
            scheduling_mail::event_title(&notification.booking),
            "{name}"
        );
    }
}

#[test]
fn a_configured_name_stands_before_the_sender_address() {
    let named = MailSender {
        name: Some("Northwind\r\nBcc: all@example.org".to_owned()),
        ..sender()
    };
    let options = MailOptions::for_sender(&named);
    let notifier = MailNotifier::new(Arc::new(Kept::default()), named, options).unwrap();
    let mail = notifier.compose(&confirmed_for(Audience::Invitee)).unwrap();
    let headers = read_bytes(&mail.bytes).headers;
    let from = headers.lines().next().unwrap();
    assert_eq!(
        from,
        r#"From: "Northwind  Bcc: all@example.org" <meetings@northwind.example>"#
    );
}

#[test]
fn own_templates_replace_the_built_in_ones_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("confirmed")).unwrap();
    fs::write(
        folder.path().join("confirmed/subject.txt.j2"),
        "{{ workspace }}\n has {{ event_title }}\n",
    )
    .unwrap();
    let own = MailOptions {
        templates: Some(folder.path().to_owned()),
        ..MailOptions::for_sender(&sender())
    };
    let with = |options| MailNotifier::new(Arc::new(Kept::default()), sender(), options);
    let mail = with(own.clone())
        .unwrap()
        .compose(&confirmed_for(Audience::Invitee))
        .unwrap();
    let mail = read_bytes(&mail.bytes);
    assert_eq!(
        mail.subject,
        "Northwind Advisory  has First conversation: Mara Lindqvist and Elena Vaszary"
    );
    assert_eq!(mail.text, read(&confirmed_for(Audience::Invitee)).text);

    // A broken one is found before the first mail, and named; so is one that asks for what there is not.
    for broken in [
        "{% if %}",
        "{{ titel }}",
        "{% if reason %}{{ reasons }}{% endif %}",
    ] {
        fs::write(folder.path().join("confirmed/body.txt.j2"), broken).unwrap();
        let error = with(own.clone()).err().unwrap();
        assert_eq!(error.name, "confirmed/body.txt.j2");
    }
}

#[tokio::test]
async fn a_notification_reaches_the_transport_with_its_envelope() {
    let kept = Arc::new(Kept::default());
    notifier_over(Arc::<Kept>::clone(&kept))
        .notify(&confirmed_for(Audience::Invitee))
        .await
        .unwrap();
    let mails = kept.0.lock().unwrap();
    assert_eq!(mails.len(), 1);
    assert_eq!(*mails[0].recipient(), elena().email);
    assert_eq!(*mails[0].sender(), sender().address);
}

//! What mails say. Every snapshot is read before it is accepted.

use std::fs;
use std::sync::Arc;

use crate::common::{
    AUDIENCES, Kept, all_hands, answered, cancelled, confirmed_for, contact, elena, facts, hostile,
    huge, mara, notification, notifier, notifier_over, sender, usual,
};
use crate::gallery::{everyday, gallery};
use mail_parser::{Message, MessageParser};
use scheduling_core::booking::Party;
use scheduling_core::effect::NotificationKind::{self, Cancelled, Confirmed, Rescheduled};
use scheduling_core::notification::{Audience, BookingFacts, Notification, NotificationLinks};
use scheduling_core::ports::Notifier;
use scheduling_mail::{CalendarMethod, MailNotifier, MailOptions, MailSender};

/// A composed mail, taken apart by another library than the one that put it together.
pub(crate) struct Read {
    pub(crate) headers: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

pub(crate) fn read(notification: &Notification) -> Read {
    read_bytes(&notifier().compose(notification).unwrap().bytes)
}

pub(crate) fn read_bytes(bytes: &[u8]) -> Read {
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
fn every_message_as_text() {
    for kind in NotificationKind::ALL {
        let all: Vec<String> = AUDIENCES
            .into_iter()
            .map(|audience| as_text(&usual(kind, audience)))
            .collect();
        insta::assert_snapshot!(format!("text_{}", kind.as_str()), all.join(RULE));
    }
}

const RULE: &str = "\n==========\n\n";

fn as_text(notification: &Notification) -> String {
    let mail = read(notification);
    let method = CalendarMethod::of(notification).map_or("none", CalendarMethod::as_str);
    format!(
        "To: {:?}\nSubject: {}\nCalendar: {method}\n\n{}",
        notification.audience, mail.subject, mail.text
    )
}

#[test]
fn what_is_special_as_text() {
    let all = everyday();
    for special in [
        "request-to-move",
        "approved-move",
        "declined-move",
        "expired-move",
        "answered",
        "all-hands-reminder",
        "all-hands-request",
        "cancelled-request",
        "own-words",
    ] {
        let texts: Vec<String> = ["invitee", "guest", "host"]
            .into_iter()
            .map(|audience| {
                let name = format!("{special}-{audience}");
                let found = all.iter().find(|(known, _)| *known == name);
                as_text(&found.unwrap().1)
            })
            .collect();
        let name = format!("text_{}", special.replace('-', "_"));
        insta::assert_snapshot!(name, texts.join(RULE));
    }
}

#[test]
fn where_it_is_as_each_side_is_told() {
    let mut said = Vec::new();
    for (name, notification) in everyday() {
        if !name.starts_with("place-") {
            continue;
        }
        let text = read(&notification).text;
        let (_, rest) = text.split_once("\nWhere\n").unwrap();
        let (place, _) = rest.split_once("\n\n").unwrap();
        said.push(format!("{name}\n{place}\n"));
    }
    assert_eq!(said.len(), 24);
    insta::assert_snapshot!("places", said.join("\n"));
}

#[test]
fn some_messages_as_pages() {
    use NotificationKind::{Declined, Reminder, Requested};

    for (kind, audience) in [
        (Requested, Audience::Host),
        (Rescheduled, Audience::Invitee),
        (Declined, Audience::Invitee),
        (Reminder, Audience::Host),
    ] {
        let html = read(&usual(kind, audience)).html;
        let name = format!("html_{}_{audience:?}", kind.as_str()).to_lowercase();
        insta::assert_snapshot!(name, html);
    }
    let (_, own_words) = everyday()
        .into_iter()
        .find(|(name, _)| name == "own-words-invitee")
        .unwrap();
    insta::assert_snapshot!("html_own_words_invitee", read(&own_words).html);
}

#[test]
fn text_and_page_say_the_same() {
    for (name, notification) in everyday() {
        let mail = read(&notification);
        let words =
            |text: &str| -> String { text.split_whitespace().collect::<Vec<_>>().join(" ") };
        let page = words(&without_tags(&mail.html));
        // The first paragraph, without the detail that follows.
        let (lead, _) = mail.text.split_once("\n\n").unwrap();
        assert!(
            page.contains(&words(lead)),
            "{name}: {lead} is not in {page}"
        );
        for heading in ["Reason", "What", "Where", "Who", "Good to know"] {
            let in_text = mail.text.contains(&format!("\n{heading}\n"));
            let in_page = mail.html.contains(&format!(">{heading}</td>"))
                || mail.html.contains(&format!("<bdi>{heading}</bdi>"));
            assert_eq!(in_text, in_page, "{name}: {heading}");
        }
        let mut links: Vec<&str> = mail
            .text
            .split_whitespace()
            .map(|word| word.trim_end_matches('.'))
            .filter(|word| word.starts_with("https://"))
            .collect();
        links.sort_unstable();
        links.dedup();
        for link in links {
            assert!(
                mail.html.contains(&format!("href=\"{link}\"")),
                "{name}: {link} is missing in the page"
            );
        }
    }
}

/// What is left of a page without its markup.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, c);
    }
    text
}

#[test]
fn the_house_voice_neither_shouts_nor_begs() {
    for (name, notification) in everyday() {
        if name.starts_with("own-words") {
            continue;
        }
        let mail = read(&notification);
        for text in [&mail.subject, &mail.text, &without_tags(&mail.html)] {
            let text = text.split("</style>").last().unwrap().to_lowercase();
            for word in ["please", "successfully", "oops", "sorry"] {
                assert!(!text.contains(word), "{name}: {word}");
            }
        }
        assert!(!mail.text.contains('!'), "{name}");
        assert!(!mail.text.contains("\n\n\n"), "{name}: {}", mail.text);
        assert!(
            !mail.text.contains(" \n") || mail.text.contains("-- \n"),
            "{name}"
        );
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
fn each_side_gets_its_own_links_and_guests_get_none() {
    for (name, notification) in gallery() {
        let mail = notifier().compose(&notification).unwrap();
        let of = |path: &str| {
            let link = format!("https://northwind.example/{path}/");
            let calendar = mail.letter.calendar.as_ref();
            [
                mail.letter.text.contains(&link),
                mail.letter.html.contains(&link),
                calendar.is_some_and(|part| part.text.replace("\r\n ", "").contains(&link)),
            ]
        };
        let links = &notification.links;
        match notification.audience {
            Audience::Guest => assert_eq!([of("b"), of("h")], [[false; 3]; 2], "{name}"),
            // A calendar is shared more easily than a mailbox: a host's links are in his mails alone.
            Audience::Host => {
                let shown = [&links.answer, &links.reschedule, &links.cancel]
                    .into_iter()
                    .any(Option::is_some);
                assert_eq!(of("b"), [false; 3], "{name}");
                assert_eq!(of("h"), [shown, shown, false], "{name}");
            }
            Audience::Invitee => {
                let has_calendar = mail.letter.calendar.is_some();
                let shown = links.cancel.is_some();
                assert_eq!(of("h"), [false; 3], "{name}");
                assert_eq!(of("b"), [shown, shown, has_calendar], "{name}");
            }
        }
    }
}

#[test]
fn what_the_invitee_wrote_is_for_the_hosts() {
    for (audience, sees) in [
        (Audience::Invitee, true),
        (Audience::Guest, false),
        (Audience::Host, true),
    ] {
        for kind in NotificationKind::ALL {
            let mail = notifier()
                .compose(&notification(kind, audience, answered()))
                .unwrap();
            for text in [&mail.letter.text, &mail.letter.html] {
                for words in ["between order and first shift plan", "And with whom."] {
                    assert_eq!(text.contains(words), sees, "{kind:?} {audience:?}: {text}");
                }
            }
            let Some(calendar) = mail.letter.calendar else {
                continue;
            };
            let text = calendar.text.replace("\r\n ", "");
            assert_eq!(
                text.contains("between order and first shift plan"),
                sees,
                "{kind:?} {audience:?}: {text}"
            );
            let is_host = audience == Audience::Host;
            assert_eq!(
                text.contains("And with whom."),
                is_host,
                "{kind:?} {audience:?}"
            );
        }
    }
}

#[test]
fn a_name_is_text_wherever_it_stands() {
    for booking in hostile() {
        for kind in NotificationKind::ALL {
            for audience in AUDIENCES {
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
fn as_much_as_fits_is_told_in_every_message() {
    for kind in NotificationKind::ALL {
        for audience in AUDIENCES {
            let mail = read(&notification(kind, audience, huge()));
            assert!(!mail.html.contains("<script"), "{kind:?} {audience:?}");
            assert!(!mail.text.contains('\u{202e}'), "{kind:?} {audience:?}");
            assert!(!mail.headers.contains("\nBcc"), "{kind:?} {audience:?}");
            let told = mail.text.matches("{{ 7 * 7 }}<script>").count();
            let answers = mail.html.matches("answer<br>").count();
            if audience == Audience::Guest {
                assert_eq!(answers, 0);
            } else {
                assert!(told > 17 * 80, "{kind:?} {audience:?}: {told}");
                assert!(answers > 17, "{kind:?} {audience:?}: {answers}");
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
fn an_invitations_subject_is_the_title_of_the_calendar_entry() {
    for (name, notification) in gallery() {
        let mail = read(&notification);
        let title = scheduling_mail::event_title(&notification.booking);
        if notification.words.subject.is_some() {
            assert_eq!(
                mail.subject, "First conversation with Mara Lindqvist, Tuesday 24 November 2026",
                "{name}"
            );
            continue;
        }
        // Where nothing is put into a calendar, the subject says what is new.
        match notification.kind {
            NotificationKind::Requested
            | NotificationKind::Declined
            | NotificationKind::Expired
            | NotificationKind::Reminder => {
                let (news, rest) = mail.subject.split_once(": ").unwrap();
                assert!(!news.is_empty(), "{name}");
                assert_eq!(rest, title, "{name}");
            }
            _ => assert_eq!(mail.subject, title, "{name}"),
        }
    }
}

#[test]
fn a_reminder_is_dated_when_it_is_sent() {
    for (kind, date) in [
        (
            NotificationKind::Reminder,
            "Mon, 23 Nov 2026 14:00:00 +0000",
        ),
        (
            NotificationKind::FollowUp,
            "Tue, 24 Nov 2026 15:30:00 +0000",
        ),
        (
            NotificationKind::Confirmed,
            "Fri, 20 Nov 2026 09:15:00 +0000",
        ),
    ] {
        let headers = read(&usual(kind, Audience::Invitee)).headers;
        assert!(headers.contains(&format!("\nDate: {date}\n")), "{headers}");
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
        "{% if note %}{{ notes }}{% endif %}",
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

//! Words of one's own: what they can say, and what they cannot break.

use std::time::Instant;

use proptest::prelude::*;
use scheduling_core::effect::NotificationKind;
use scheduling_core::event_type::{Answer, AnswerValue};
use scheduling_core::notification::{Audience, BookingFacts, MessageWords, Notification};
use scheduling_core::ports::{Notifier as _, Wording, WordsError};

use crate::common::{
    AUDIENCES, answered, confirmed_for, facts, hostile, moved_and_waits, notification, notifier,
    usual,
};
use crate::gallery::own_words;
use crate::wording::read;

fn words(subject: &str, body: &str) -> MessageWords {
    MessageWords {
        subject: Some(subject.parse().unwrap()),
        body: Some(body.parse().unwrap()),
    }
}

fn body(body: &str) -> MessageWords {
    MessageWords {
        subject: None,
        body: Some(body.parse().unwrap()),
    }
}

/// What a confirmation of a booking with answers says before its details.
fn said(source: &str) -> String {
    let message = notification(NotificationKind::Confirmed, Audience::Invitee, answered());
    lead(&Notification {
        words: body(source),
        ..message
    })
}

fn lead(message: &Notification) -> String {
    let text = notifier().render(message).text;
    let (lead, _) = text.split_once("\n\nTuesday 24 November 2026\n").unwrap();
    lead.to_owned()
}

const BUILT_IN: &str = "You are scheduled with Mara Lindqvist.";

#[test]
fn variables_stand_for_the_meeting() {
    for (source, text) in [
        (
            "{{ invitee_first_name }} / {{ host_names }}",
            "Elena / Mara Lindqvist",
        ),
        (
            "{{ date }}, {{ start_time }} to {{ end_time }}",
            "Tuesday 24 November 2026, 14:00 to 14:30",
        ),
        (
            "{{ timezone }} {{ utc_offset }} {{ duration }}",
            "Europe/Lisbon UTC+00:00 30 min",
        ),
        ("{{ answer.company_size }}", "50 to 200"),
        ("{{ answer['company-size'] }}", "50 to 200"),
        (
            "{{ answer.goal }}",
            "We know whether to start.\nAnd with whom.",
        ),
        ("{{ guest_names }}", "Jonas Wik and Ana Reis"),
        ("{{ place }}", "https://meet.northwind.example/r/8kd-2fa"),
        ("{{ reason | default('no reason') }}", "no reason"),
        (
            "{{ workspace | upper }} {{ workspace | lower }}",
            "NORTHWIND ADVISORY northwind advisory",
        ),
        (
            "{% if answer.nda == 'yes' %}signed{% else %}not signed{% endif %}",
            "signed",
        ),
    ] {
        assert_eq!(said(source), text, "{source}");
    }
}

#[test]
fn what_is_missing_is_empty_and_leaves_no_gap() {
    assert_eq!(
        said("A{{ nobody }}B{{ no.such.thing }}C{{ answer.no }}"),
        "ABC"
    );
    assert_eq!(said("A{{ nobody | upper }}B"), "AB");
    assert_eq!(said("A\n\n{{ reason }}\n\n{{ reason }}\n\nB"), "A\n\nB");
    // Nothing left is nothing said.
    assert_eq!(said("{{ reason }}"), BUILT_IN);
}

#[test]
fn each_part_is_the_workspaces_own_or_ours() {
    let message = confirmed_for(Audience::Invitee);
    let built_in = notifier().render(&message);
    let subject_only = notifier().render(&Notification {
        words: MessageWords {
            subject: Some("See you on {{ date }}".parse().unwrap()),
            body: None,
        },
        ..message.clone()
    });
    assert_eq!(subject_only.subject, "See you on Tuesday 24 November 2026");
    assert_eq!(subject_only.text, built_in.text);
    let body_only = notifier().render(&Notification {
        words: body("See you soon."),
        ..message
    });
    assert_eq!(body_only.subject, built_in.subject);
    assert_eq!(
        body_only.text,
        built_in.text.replace(BUILT_IN, "See you soon.")
    );
}

#[test]
fn the_details_and_the_links_follow_whatever_is_said() {
    for audience in AUDIENCES {
        for kind in NotificationKind::ALL {
            let message = Notification {
                words: words("x", "y"),
                ..usual(kind, audience)
            };
            let mail = read(&message);
            let ours = read(&usual(kind, audience));
            assert_eq!(mail.subject, "x");
            let details = |text: &str| text.split_once("\n\n").unwrap().1.to_owned();
            assert_eq!(
                details(&mail.text),
                details(&ours.text),
                "{kind:?} {audience:?}"
            );
            for link in ["/b/8kd2fa", "/h/51c0de", "/book/", "meet.northwind"] {
                assert_eq!(
                    mail.html.matches(link).count(),
                    ours.html.matches(link).count(),
                    "{kind:?} {audience:?} {link}"
                );
            }
        }
    }
}

#[test]
fn what_people_write_is_text_on_the_page() {
    let message = Notification {
        words: body("<b>{{ invitee_name }}</b> <script>alert(1)</script>\n\nhttps://evil.example"),
        ..notification(
            NotificationKind::Confirmed,
            Audience::Host,
            hostile()[7].clone(),
        )
    };
    let html = read(&message).html;
    assert!(html.contains("&lt;b&gt;&lt;script&gt;alert(1)"), "{html}");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    // Only the message's own links are links: a name or a note makes none.
    assert!(!html.contains("href=\"https://evil.example"), "{html}");
}

#[test]
fn the_messages_own_links_are_links() {
    let message = Notification {
        words: body("Move it: {{ reschedule_link }}. All: {{ manage_link }}"),
        ..confirmed_for(Audience::Invitee)
    };
    let html = read(&message).html;
    let paragraph = html.split("Move it: ").nth(1).unwrap();
    let paragraph = paragraph.split("</p>").next().unwrap();
    for link in ["/b/8kd2fa/reschedule", "/b/8kd2fa"] {
        let anchor = format!("href=\"https://northwind.example{link}\"");
        assert_eq!(paragraph.matches(&anchor).count(), 1, "{paragraph}");
    }
}

#[test]
fn guests_learn_nothing_through_words_either() {
    for (variable, meaning) in notifier().variables() {
        let source = match *variable {
            "answer" => "[{{ answer.goal }}{{ answer.company_size }}]".to_owned(),
            name => format!("[{{{{ {name} }}}}]"),
        };
        let message = Notification {
            words: body(&source),
            ..notification(
                NotificationKind::Requested,
                Audience::Guest,
                BookingFacts {
                    answers: answered().answers,
                    ..moved_and_waits()
                },
            )
        };
        let text = notifier().render(&message).text;
        for secret in [
            "/b/",
            "/h/",
            "halden-mills",
            "order and first",
            "And with whom",
        ] {
            assert!(
                !text.contains(secret),
                "{variable} tells guests {secret}: {text}"
            );
        }
        assert!(!meaning.is_empty());
    }
}

#[test]
fn each_variable_there_is_says_something_somewhere() {
    let full = |kind, audience| {
        notification(
            kind,
            audience,
            BookingFacts {
                answers: answered().answers,
                guests: answered().guests,
                confirmation_message: answered().confirmation_message,
                ..moved_and_waits()
            },
        )
    };
    for (variable, _) in notifier().variables() {
        let source = match *variable {
            "answer" => "{{ answer.goal }}".to_owned(),
            name => format!("{{{{ {name} }}}}"),
        };
        let says = [
            full(NotificationKind::Requested, Audience::Host),
            full(NotificationKind::Requested, Audience::Invitee),
            full(NotificationKind::Cancelled, Audience::Invitee),
        ]
        .into_iter()
        .any(|message| {
            let ours = notifier().render(&message).text;
            let own = Notification {
                words: body(&source),
                ..message
            };
            notifier().render(&own).text != ours
        });
        assert!(says, "{variable} is always empty");
    }
}

#[test]
fn a_subject_is_one_short_line_whatever_it_holds() {
    let long = BookingFacts {
        note: Some("line\n".repeat(700).parse().unwrap()),
        ..facts()
    };
    let message = |subject: &str| Notification {
        words: MessageWords {
            subject: Some(subject.parse().unwrap()),
            body: None,
        },
        ..notification(NotificationKind::Confirmed, Audience::Host, long.clone())
    };
    let mail = read(&message(
        "{{ note }}\"{{ '\\r\\nBcc: all@example.org\\u2028x' }}",
    ));
    assert!(
        !mail.headers.to_lowercase().contains("\nbcc:"),
        "{}",
        mail.headers
    );
    assert_eq!(mail.subject.chars().count(), 200);
    let mail = read(&message(
        "{{ 'Hello\\r\\nBcc: all@example.org\\n\\nBody' }}",
    ));
    assert_eq!(mail.subject, "Hello Bcc: all@example.org Body");
    assert!(!mail.headers.contains("\nBcc:"), "{}", mail.headers);
}

#[test]
fn words_that_fail_give_way_to_ours() {
    let huge = BookingFacts {
        answers: (0..50)
            .map(|number| Answer {
                key: format!("q{number}").parse().unwrap(),
                label: "Anything else?".parse().unwrap(),
                value: AnswerValue::LongText("长".repeat(4000).parse().unwrap()),
            })
            .collect(),
        ..facts()
    };
    for source in [
        "{% if %}",
        "{{ a ~ a }}",
        "{% for a in b %}{% endfor %}",
        "{% include 'layout.txt.j2' %}",
        "{{ range(100000) }}",
        "{{ invitee_name.no_such_method() }}",
        "{{ invitee_name | no_such_filter }}",
        // More than a mail holds.
        "{{ answers }}{{ answers }}",
    ] {
        let message = Notification {
            words: words("Kept: {{ event_title }}", source),
            ..notification(NotificationKind::Confirmed, Audience::Invitee, huge.clone())
        };
        let rendered = notifier().render(&message);
        assert!(rendered.text.starts_with(BUILT_IN), "{source}");
        assert_eq!(rendered.subject, "Kept: First conversation");
    }
    for source in ["{% if %}", "{{ x ~ x }}", "{{ answers.nope() }}"] {
        let message = Notification {
            words: words(source, "Kept."),
            ..confirmed_for(Audience::Invitee)
        };
        let rendered = notifier().render(&message);
        assert!(rendered.text.starts_with("Kept."), "{source}");
        assert_eq!(
            rendered.subject,
            "First conversation: Mara Lindqvist and Elena Vaszary"
        );
    }
}

#[test]
fn what_cannot_be_read_is_refused_where_it_is_written() {
    let complaint = |subject: &str, body: &str| {
        notifier()
            .check(&words(subject, body))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(notifier().check(&own_words()), Ok(()));
    assert_eq!(notifier().check(&MessageWords::default()), Ok(()));
    assert_eq!(
        notifier().check(&words("{{ no_such_thing }}", "{{ nor.this }}")),
        Ok(())
    );
    assert!(matches!(
        notifier().check(&words("{{", "x")),
        Err(WordsError::Subject(_))
    ));
    assert!(matches!(
        notifier().check(&words("x", "{{")),
        Err(WordsError::Body(_))
    ));
    let all = [
        complaint("x", "Hello\n{% for a in b %}"),
        complaint("x", "{% if %}"),
        complaint("x", "{% if date %}never closed"),
        complaint("x", "{{ date | nonsense }}"),
        complaint("x", "{{ nonsense() }}"),
        complaint("x", "{{ date.nonsense() }}"),
        complaint("x", "{{ date is nonsense }}"),
        complaint("{{ answer.company-size }}", "x"),
        complaint("{{ 1 2 }}", "x"),
    ];
    insta::assert_snapshot!("complaints", all.join("\n"));
}

#[test]
fn it_is_quick_whatever_is_written() {
    let deep = |open: &str, close: &str, times: usize| {
        format!("{{{{ {}x{} }}}}", open.repeat(times), close.repeat(times))
    };
    // As long and as deep as it may be, all at once.
    let conditions = [
        format!("{}x{}", "(".repeat(90), ")".repeat(90)),
        format!("{}x{}", "[".repeat(90), "]".repeat(90)),
        "not ".repeat(45) + "x",
        "x".to_owned() + &".y".repeat(90),
        "x".to_owned() + &"|upper".repeat(30),
    ];
    let nested = conditions
        .iter()
        .cycle()
        .take(19)
        .fold("{{ x }}".to_owned(), |inside, condition| {
            ["{% if ", condition, " %}", &inside, "{% endif %}"].concat()
        });
    assert!((3800..=4000).contains(&nested.len()), "{}", nested.len());
    let sources = [
        nested,
        deep("(", ")", 93),
        deep("[", "]", 93),
        format!("{{{{ x{} }}}}", ".y".repeat(98)),
        format!("{{{{ x{} }}}}", "|upper".repeat(32)),
        deep("(", ")", 1900),
        deep("[", "]", 1900),
        deep("not ", "", 900),
        format!("{{{{ x{} }}}}", "|upper".repeat(600)),
        format!("{{{{ x{} }}}}", ".y".repeat(1900)),
        format!("{{{{ x{} }}}}", "[0]".repeat(1200)),
        "{% if x %}".repeat(300),
        "{% if not x %}a{% endif %}".repeat(150),
        "{{ note }}".repeat(390),
        "{{ answers }}".repeat(300),
        "{{ [note,note,note,note,note,note,note,note] }}".repeat(80),
        "{#".repeat(1900),
        "{{ '".repeat(900),
    ];
    let message = notification(
        NotificationKind::Confirmed,
        Audience::Host,
        BookingFacts {
            note: Some("\u{1f469}".repeat(4000).parse().unwrap()),
            ..answered()
        },
    );
    for source in sources {
        let begun = Instant::now();
        let own = Notification {
            words: body(&source),
            ..message.clone()
        };
        let _checked = notifier().check(&own.words);
        let rendered = notifier().render(&own);
        assert!(rendered.text.len() < 200_000, "{}", rendered.text.len());
        let took = begun.elapsed();
        assert!(took.as_secs() < 5, "{took:?}: {}", &source[..40]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_that_is_written_breaks_a_mail(
        pieces in prop::collection::vec(prop_oneof![
            any::<String>().prop_map(|text| text.chars().take(12).collect::<String>()),
            prop::sample::select(vec![
                "{{", "}}", "{%", "%}", "{#", "#}", "-", " if ", " else ", " endif ", " elif ", " in ",
                " is ", " not ", "(", ")", "[", "]", "'", "\"", "\\", ".", "|", ",", "==", "upper",
                "default", "note", "answer", "answers", "date", "x", "1", "999999999999999999999", "\n",
                " for ", " set ", " macro ", "~", "*", "{{ note }}", "{% if note %}", "{% endif %}",
                "{{ answer.goal }}", "loop", "self", "caller()", "namespace()",
            ]).prop_map(str::to_owned),
        ], 0..40),
        audience in prop::sample::select(AUDIENCES.to_vec()),
    ) {
        let source = pieces.concat();
        let Ok(source) = source.parse() else { return Ok(()) };
        let message = Notification {
            words: MessageWords { subject: source_title(&pieces.concat()), body: Some(source) },
            ..notification(NotificationKind::Confirmed, audience, answered())
        };
        let checked = notifier().check(&message.words);
        let mail = notifier().compose(&message).unwrap();
        prop_assert!(!mail.letter.subject.contains(['\r', '\n']));
        prop_assert!(!mail.letter.subject.trim().is_empty());
        prop_assert!(mail.letter.text.contains("\n\nTuesday 24 November 2026\n"));
        prop_assert!(!mail.letter.html.contains("<script"));
        let reversed = mail.letter.text.contains('\u{202e}');
        prop_assert!(!reversed);
        // What passes is used, unless there is nothing in it.
        if checked.is_ok() && !mail.letter.text.starts_with(BUILT_IN) {
            let rendered = notifier().render(&message);
            prop_assert_eq!(&rendered.text, &mail.letter.text);
        }
    }
}

fn source_title(text: &str) -> Option<scheduling_core::text::Title> {
    text.chars().take(120).collect::<String>().parse().ok()
}

#[tokio::test]
async fn a_message_with_own_words_goes_out() {
    let kept = std::sync::Arc::new(crate::common::Kept::default());
    let notifier = crate::common::notifier_over(std::sync::Arc::clone(&kept));
    let message = Notification {
        words: own_words(),
        ..confirmed_for(Audience::Guest)
    };
    notifier.notify(&message).await.unwrap();
    assert_eq!(kept.0.lock().unwrap().len(), 1);
}

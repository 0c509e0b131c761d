//! SendGrid, as its own description has it, on loopback; and the chain with an SMTP server behind it.

use std::error::Error as _;
use std::time::{Duration, Instant};

use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::{Audience, Notification};
use scheduling_core::ports::{AttemptOutcome, DeliveryAttempt, DeliveryErrorKind, Notifier};
use scheduling_mail::{
    CalendarPart, Failover, Fault, OutgoingMail, SendGrid, SendGridConfig, SendGridKeyError, Smtp,
    TlsMode, Transport,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::common::{confirmed_for, contact, notification, notifier, notifier_over};
use crate::gallery::gallery;
use crate::sink::{SendGridSink, Sink};

const TIME: Duration = Duration::from_secs(20);

fn sendgrid(sink: &SendGridSink, what: &str) -> SendGrid {
    with_key(sink, what, "SG.key")
}

fn with_key(sink: &SendGridSink, what: &str, key: &str) -> SendGrid {
    SendGrid::new(&SendGridConfig {
        base_url: sink.address(what),
        ..SendGridConfig::new(SecretString::from(key))
    })
    .unwrap()
}

fn to(address: &str) -> Notification {
    Notification {
        to: contact("Elena Vaszary", address, "Europe/Lisbon"),
        ..confirmed_for(Audience::Invitee)
    }
}

fn mail(address: &str) -> OutgoingMail {
    notifier().compose(&to(address)).unwrap()
}

#[tokio::test]
async fn a_message_is_sent_as_sendgrid_wants_it() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let sendgrid = sendgrid(&sink, "202");
    sendgrid
        .send(&mail("elena@example.org"), TIME)
        .await
        .unwrap();
    let request = sink.kept().pop().unwrap();
    assert_eq!(request["headers"]["authorization"], "Bearer SG.key");
    let mut body = request["body"].clone();
    // The words are in other snapshots.
    for content in body["content"].as_array_mut().unwrap() {
        let beginning: String = content["value"]
            .as_str()
            .unwrap()
            .chars()
            .take(40)
            .collect();
        content["value"] = Value::from(beginning);
    }
    body["attachments"][0]["content"] = Value::from("…");
    insta::assert_snapshot!(
        "sendgrid_request",
        serde_json::to_string_pretty(&body).unwrap()
    );
}

#[tokio::test]
async fn every_message_holds_before_sendgrids_own_description() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let sendgrid = sendgrid(&sink, "202");
    let mut sent = 0;
    // Of the hostile ones, a kind with a calendar part and one without are enough here.
    let is_needed = |name: &str| {
        !name.starts_with("hostile") || name.contains("confirmed") || name.contains("reminder")
    };
    let mails = gallery().into_iter().filter(|(name, _)| is_needed(name));
    for (name, notification) in mails {
        let mail = notifier().compose(&notification).unwrap();
        if !notification.to.email.as_str().is_ascii()
            && notification.to.email.as_str().starts_with("jörg")
        {
            let error = sendgrid.send(&mail, TIME).await.unwrap_err();
            assert_eq!(error.fault, Fault::Message, "{name}");
            continue;
        }
        sendgrid
            .send(&mail, TIME)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        sent += 1;
        let body = sink.kept().pop().unwrap()["body"].clone();
        let letter = &mail.letter;
        assert_eq!(body["subject"], letter.subject.as_str(), "{name}");
        let values: Vec<&str> = body["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|content| content["value"].as_str().unwrap())
            .collect();
        let calendar = letter.calendar.as_ref().map(|part| part.text.as_str());
        let expected: Vec<&str> = [letter.text.as_str(), letter.html.as_str()]
            .into_iter()
            .chain(calendar)
            .collect();
        assert_eq!(values, expected, "{name}");
    }
    assert_eq!(sink.kept().len(), sent);
    assert!(sent > 80, "{sent}");
}

/// The judge has to notice what is wrong, or its silence means nothing.
#[tokio::test]
async fn the_judge_notices_what_is_broken() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    sendgrid(&sink, "202")
        .send(&mail("elena@example.org"), TIME)
        .await
        .unwrap();
    let good = sink.kept().pop().unwrap()["body"].clone();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |body: &Value| {
        let request = client
            .post(format!("{}/v3/mail/send", sink.address("202")))
            .bearer_auth("SG.key")
            .json(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&good).await, 202);
    for (pointer, broken) in [
        ("/subject", json!("")),
        ("/subject", json!(null)),
        (
            "/from",
            json!({ "email": "elena@example.org", "nmae": "x" }),
        ),
        ("/personalizations", json!([{ "to": "elena@example.org" }])),
        ("/personalizations/0/to/0/email", json!("elena")),
        ("/content/0/type", json!("text/html")),
        ("/headers", json!({ "Subject": "x" })),
        ("/headers", json!({ "X-Name": "é" })),
        ("/personalizations/0/custom_args", json!({ "a": 1 })),
        (
            "/attachments/0/type",
            json!("text/calendar; method=REQUEST"),
        ),
        ("/attachments/0/disposition", json!("somewhere")),
        (
            "/tracking_settings",
            json!({ "click_tracking": { "enabled": false } }),
        ),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = broken.clone();
        assert_eq!(status(&body).await, 400, "{pointer}: {broken}");
    }
}

#[tokio::test]
async fn a_message_without_a_calendar_entry_has_none() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let mut mail = mail("elena@example.org");
    assert!(matches!(
        mail.letter.calendar.take(),
        Some(CalendarPart { .. })
    ));
    let sendgrid = sendgrid(&sink, "202");
    sendgrid.send(&mail, TIME).await.unwrap();
    let body = sink.kept().pop().unwrap()["body"].clone();
    assert_eq!(body["content"].as_array().unwrap().len(), 2);
    assert_eq!(body.get("attachments"), None);
}

#[tokio::test]
async fn each_answer_is_taken_for_what_it_means() {
    use DeliveryErrorKind::{RateLimited, Rejected, Unauthorized, Unavailable};
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let limited = |seconds: Option<u64>| RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    };
    for (what, kind, fault) in [
        ("400-to", Rejected, Fault::Recipient),
        ("400-from", Rejected, Fault::Message),
        ("400-page", Rejected, Fault::Message),
        ("413", Rejected, Fault::Message),
        ("401", Unauthorized, Fault::Transport),
        ("403", Unauthorized, Fault::Transport),
        ("429", limited(Some(7)), Fault::Transport),
        ("429-silent", limited(None), Fault::Transport),
        ("500", Unavailable, Fault::Transport),
        ("503", Unavailable, Fault::Transport),
        ("404", Unavailable, Fault::Transport),
        ("302", Unavailable, Fault::Transport),
        ("502", Unavailable, Fault::Unanswered),
        ("504", Unavailable, Fault::Unanswered),
        ("close", Unavailable, Fault::Unanswered),
    ] {
        let error = sendgrid(&sink, what)
            .send(&mail("elena@example.org"), TIME)
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.fault), (kind, fault), "{what}: {error}");
        let text = error.to_string();
        assert!(text.len() < 400, "{what}: {text}");
        for hidden in ["elena@", "meetings@", "SG.key", "127.0.0.1"] {
            assert!(!text.contains(hidden), "{what}: {text}");
        }
    }
    // Only the one that closed the connection has it.
    assert_eq!(sink.kept().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_is_a_matter_for_a_person() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let error = with_key(&sink, "202", "SG.wrong")
        .send(&mail("elena@example.org"), TIME)
        .await
        .unwrap_err();
    assert_eq!(error.kind, DeliveryErrorKind::Unauthorized);
    assert_eq!(
        error.to_string(),
        "SendGrid did not accept the API key, or its right to send from this address: 401 The provided authorization \
         grant is invalid, expired, or revoked"
    );
}

#[tokio::test]
async fn an_answer_that_never_comes_costs_the_time_limit_and_is_called_unknown() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    let begun = Instant::now();
    let error = sendgrid(&sink, "hang")
        .send(&mail("elena@example.org"), Duration::from_millis(500))
        .await
        .unwrap_err();
    assert_eq!(error.fault, Fault::Unanswered);
    assert!(matches!(error.outcome(), AttemptOutcome::Unknown(_)));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(sink.kept().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_nothing_was_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let config = SendGridConfig {
        base_url: address,
        ..SendGridConfig::new(SecretString::from("SG.key"))
    };
    let sendgrid = SendGrid::new(&config).unwrap();
    let error = sendgrid
        .send(&mail("elena@example.org"), TIME)
        .await
        .unwrap_err();
    assert_eq!(error.fault, Fault::Transport);
    assert!(error.to_string().starts_with("SendGrid cannot be reached"));
}

fn attempt(transport: &str, outcome: AttemptOutcome) -> DeliveryAttempt {
    DeliveryAttempt {
        transport: transport.to_owned(),
        outcome,
    }
}

#[tokio::test]
async fn what_sendgrid_cannot_take_goes_over_smtp_as_the_same_message() {
    let (Some(web), Some(mails)) = (SendGridSink::start(), Sink::start()) else {
        return;
    };
    for what in ["401", "429", "500", "400-from"] {
        let chain = Failover::first(sendgrid(&web, what))
            .then(Smtp::new(mails.config("plain", TlsMode::Plain)).unwrap());
        let before = mails.kept().len();
        let notification = to("elena@example.org");
        let delivery = notifier_over(chain).notify(&notification).await.unwrap();
        let names: Vec<(&str, &str)> = delivery
            .attempts
            .iter()
            .map(|attempt| (attempt.transport.as_str(), attempt.outcome.as_str()))
            .collect();
        let first = if what == "400-from" {
            "refused"
        } else {
            "deferred"
        };
        assert_eq!(names, [("sendgrid", first), ("smtp", "accepted")], "{what}");
        let kept = mails.kept();
        assert_eq!(kept.len(), before + 1, "{what}");
        let composed = notifier().compose(&notification).unwrap();
        assert_eq!(kept.last().unwrap().0, composed.bytes, "{what}");
    }
    assert!(web.kept().is_empty());
}

#[tokio::test]
async fn smtp_can_come_first_and_a_refused_recipient_is_not_asked_about_twice() {
    let (Some(web), Some(mails)) = (SendGridSink::start(), Sink::start()) else {
        return;
    };
    let chain = |door| {
        Failover::first(Smtp::new(mails.config(door, TlsMode::Plain)).unwrap())
            .then(sendgrid(&web, "202"))
    };
    let refused = notifier_over(chain("plain"))
        .notify(&to("reject.elena@example.org"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, DeliveryErrorKind::Rejected);
    let said = "the mail server refused the message: 550 5.1.1 <(address)> no such user";
    assert_eq!(refused.source().unwrap().to_string(), said);
    let outcome = AttemptOutcome::Refused(said.to_owned());
    assert_eq!(refused.attempts, [attempt("smtp", outcome)]);
    assert!(web.kept().is_empty());

    let delivery = notifier_over(chain("554_banner"))
        .notify(&to("elena@example.org"))
        .await
        .unwrap();
    let said = "the mail server is not ready: 554 5.0.0 not like this";
    assert_eq!(
        delivery.attempts,
        [
            attempt("smtp", AttemptOutcome::Deferred(said.to_owned())),
            attempt("sendgrid", AttemptOutcome::Accepted),
        ]
    );
    let request = web.kept().pop().unwrap();
    let row = confirmed_for(Audience::Invitee).id;
    assert_eq!(
        request["body"]["personalizations"][0]["custom_args"]["outbox_id"],
        row.to_string()
    );
    assert_eq!(
        request["body"]["headers"]["Message-ID"],
        format!("<{row}@northwind.example>")
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_not_followed_by_a_second_copy_at_once() {
    let (Some(web), Some(mails)) = (SendGridSink::start(), Sink::start()) else {
        return;
    };
    let chain = Failover::first(Smtp::new(mails.config("close_dot", TlsMode::Plain)).unwrap())
        .then(sendgrid(&web, "202"));
    let notifier = notifier_over(chain);
    let notification = notification(
        NotificationKind::Confirmed,
        Audience::Guest,
        crate::common::facts(),
    );
    let unknown = notifier.notify(&notification).await.unwrap_err();
    assert_eq!(unknown.kind, DeliveryErrorKind::Unavailable);
    assert_eq!(unknown.attempts[0].outcome.as_str(), "unknown");
    assert_eq!((mails.kept().len(), web.kept().len()), (1, 0));
    // The outbox tries again later: by the other way, as the same message.
    let delivery = notifier.notify(&notification).await.unwrap();
    let accepted = attempt("sendgrid", AttemptOutcome::Accepted);
    assert_eq!(delivery.attempts, [accepted]);
    assert_eq!((mails.kept().len(), web.kept().len()), (1, 1));
    let message_id = format!("<{}@northwind.example>", notification.id);
    assert_eq!(
        web.kept()[0]["body"]["headers"]["Message-ID"],
        message_id.as_str()
    );
    let first = String::from_utf8(mails.kept()[0].0.clone()).unwrap();
    assert!(first.contains(&format!("Message-ID: {message_id}\r\n")));
}

#[tokio::test]
async fn a_key_can_be_tried_without_a_message() {
    let Some(sink) = SendGridSink::start() else {
        return;
    };
    sendgrid(&sink, "202").check(TIME).await.unwrap();
    let refused = with_key(&sink, "202", "SG.wrong").check(TIME).await;
    assert!(matches!(refused, Err(SendGridKeyError::Refused(401))));
    let begun = Instant::now();
    let hangs = sendgrid(&sink, "hang");
    let silent = hangs.check(Duration::from_millis(300)).await;
    assert!(matches!(silent, Err(SendGridKeyError::Unreached(_))));
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(sink.kept().len(), 0);
}

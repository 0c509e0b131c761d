//! SMTP against a real server (aiosmtpd) on loopback.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scheduling_core::effect::NotificationKind;
use scheduling_core::notification::{Audience, Notification};
use scheduling_core::ports::{
    AttemptOutcome, Delivery, DeliveryAttempt, DeliveryError, DeliveryErrorKind, Notifier,
};
use scheduling_mail::{
    Fault, MailNotifier, MailOptions, MailSender, OutgoingMail, Smtp, SmtpConfig, SmtpConfigError,
    TlsMode, Transport, Trust,
};
use secrecy::SecretString;
use serde_json::json;

use crate::common::{
    confirmed_for, contact, hostile, notification, notifier, notifier_over, sender,
};
use crate::sink::Sink;

fn signed_in(config: SmtpConfig) -> SmtpConfig {
    with_password(config, "pass word £")
}

fn with_password(config: SmtpConfig, password: &str) -> SmtpConfig {
    SmtpConfig {
        credentials: Some(("user".to_owned(), SecretString::from(password))),
        ..config
    }
}

fn to(address: &str) -> Notification {
    Notification {
        to: contact("Elena Vaszary", address, "Europe/Lisbon"),
        ..confirmed_for(Audience::Invitee)
    }
}

async fn send(config: SmtpConfig, notification: &Notification) -> Result<Delivery, DeliveryError> {
    notifier_over(Arc::new(Smtp::new(config).unwrap()))
        .notify(notification)
        .await
}

async fn failure(config: SmtpConfig, notification: &Notification) -> (DeliveryErrorKind, String) {
    let error = send(config, notification).await.unwrap_err();
    (error.kind, error.source().unwrap().to_string())
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_over_every_kind_of_connection() {
    let Some(sink) = Sink::start() else { return };
    let notification = to("elena@example.org");
    for (config, tls, auth) in [
        (sink.config("plain", TlsMode::Plain), false, None),
        (sink.config("plain", TlsMode::Opportunistic), false, None),
        (
            sink.config("starttls_offered", TlsMode::Opportunistic),
            true,
            None,
        ),
        (
            sink.config("starttls_offered", TlsMode::StartTls),
            true,
            None,
        ),
        (
            signed_in(sink.config("starttls", TlsMode::StartTls)),
            true,
            Some("PLAIN"),
        ),
        (
            signed_in(sink.config("starttls", TlsMode::Opportunistic)),
            true,
            Some("PLAIN"),
        ),
        (
            signed_in(sink.config("tls", TlsMode::Implicit)),
            true,
            Some("PLAIN"),
        ),
        // To this machine, credentials may go in the clear.
        (
            signed_in(sink.config("plain_auth", TlsMode::Plain)),
            false,
            Some("PLAIN"),
        ),
        (
            signed_in(sink.config("plain_auth", TlsMode::Opportunistic)),
            false,
            Some("PLAIN"),
        ),
        // Servers that know one way to sign in.
        (
            signed_in(sink.config("auth_plain", TlsMode::Plain)),
            false,
            Some("PLAIN"),
        ),
        (
            signed_in(sink.config("auth_login", TlsMode::Plain)),
            false,
            Some("LOGIN"),
        ),
        (
            signed_in(sink.config("auth_cram_md5", TlsMode::Plain)),
            false,
            Some("CRAM-MD5"),
        ),
    ] {
        let what = format!("{config:?}");
        let delivery = send(config, &notification).await.unwrap();
        assert_eq!(
            delivery.attempts,
            [DeliveryAttempt {
                transport: "smtp".to_owned(),
                outcome: AttemptOutcome::Accepted,
            }]
        );
        let (bytes, about) = sink.kept().pop().unwrap();
        assert_eq!(
            bytes,
            notifier().compose(&notification).unwrap().bytes,
            "{what}"
        );
        assert_eq!(
            about,
            json!({
                "from": "meetings@northwind.example",
                "to": ["elena@example.org"],
                "options": [],
                "tls": tls,
                "auth": auth
            }),
            "{what}"
        );
    }
    assert_eq!(sink.kept().len(), 12);
}

#[tokio::test]
async fn dots_and_strange_names_arrive_as_they_were_sent() {
    let Some(sink) = Sink::start() else { return };
    for (number, booking) in hostile().into_iter().enumerate() {
        let notification = notification(NotificationKind::Confirmed, Audience::Host, booking);
        send(sink.config("plain", TlsMode::Plain), &notification)
            .await
            .unwrap();
        let (bytes, _) = sink.kept().pop().unwrap();
        let sent = notifier().compose(&notification).unwrap().bytes;
        assert!(bytes == sent, "{number}");
        assert_eq!(sink.kept().len(), number + 1);
    }
}

#[tokio::test]
async fn a_refused_recipient_is_refused_for_good_and_not_named_in_the_error() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::Plain);
    let (kind, text) = failure(config, &to("reject.elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Rejected);
    assert_eq!(
        text,
        "the mail server refused the message: 550 5.1.1 <(address)> no such user"
    );
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn a_deferred_recipient_is_tried_again() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::Plain);
    let (kind, text) = failure(config, &to("defer.elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(
        text,
        "the mail server refused the message: 451 4.3.0 try later"
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_for_a_person() {
    let Some(sink) = Sink::start() else { return };
    for (door, tls) in [
        ("starttls", TlsMode::StartTls),
        ("tls", TlsMode::Implicit),
        ("auth_plain", TlsMode::Plain),
        ("auth_login", TlsMode::Plain),
        ("auth_cram_md5", TlsMode::Plain),
    ] {
        let config = with_password(sink.config(door, tls), "wrong");
        let (kind, text) = failure(config, &to("elena@example.org")).await;
        assert_eq!(kind, DeliveryErrorKind::Unauthorized, "{text}");
        assert!(!text.contains("wrong"), "{text}");
    }
    // None at all, where some are required.
    let config = sink.config("tls", TlsMode::Implicit);
    let (kind, _) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unauthorized);
    // A server that offers no way to sign in.
    let config = signed_in(sink.config("plain", TlsMode::Plain));
    let (kind, _) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unauthorized);
    // One that says so only when it hears the sender.
    let unwanted = MailSender {
        name: None,
        address: "unwanted@northwind.example".parse().unwrap(),
    };
    let smtp = Smtp::new(sink.config("plain", TlsMode::Plain)).unwrap();
    let options = MailOptions::for_sender(&unwanted);
    let error = MailNotifier::new(Arc::new(smtp), unwanted, options)
        .unwrap()
        .notify(&to("elena@example.org"))
        .await
        .unwrap_err();
    assert_eq!(error.kind, DeliveryErrorKind::Unauthorized);
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_tls_is_required() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("plain", TlsMode::StartTls);
    let (kind, text) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(text, "the mail server offers no STARTTLS");
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_unless_somebody_said_otherwise() {
    let Some(sink) = Sink::start() else { return };
    let notification = to("elena@example.org");
    for (door, tls) in [
        ("tls", TlsMode::Implicit),
        ("starttls", TlsMode::StartTls),
        // Offered TLS that fails is no reason to go on in the clear.
        ("starttls_offered", TlsMode::Opportunistic),
    ] {
        let base = sink.config(door, tls);
        let base = if door == "starttls_offered" {
            base
        } else {
            signed_in(base)
        };
        let unknown = SmtpConfig {
            trust: Trust::System,
            ..base.clone()
        };
        let (kind, text) = failure(unknown, &notification).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable);
        assert_eq!(text, "the mail server cannot be reached over TLS");

        let before = sink.kept().len();
        let anything = SmtpConfig {
            trust: Trust::Anything,
            ..base.clone()
        };
        send(anything, &notification).await.unwrap();
        assert_eq!(sink.kept().len(), before + 1);
    }
    // The certificate is for localhost and 127.0.0.1, not for this name of the same machine.
    let elsewhere = SmtpConfig {
        host: "127.0.0.2".to_owned(),
        ..sink.config("tls", TlsMode::Implicit)
    };
    let (kind, _) = failure(elsewhere, &notification).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
}

/// The stages of a delivery before the message has been handed over whole.
const EARLY: [&str; 6] = ["banner", "ehlo", "starttls", "mail", "rcpt", "data"];

/// The stage `starttls` is met with TLS alone, and the others without.
fn tls_for(stage: &str) -> TlsMode {
    if stage == "starttls" {
        TlsMode::StartTls
    } else {
        TlsMode::Plain
    }
}

async fn outcome(config: SmtpConfig) -> (DeliveryErrorKind, AttemptOutcome) {
    let mut error = send(config, &to("elena@example.org")).await.unwrap_err();
    assert_eq!(error.attempts.len(), 1);
    (error.kind, error.attempts.remove(0).outcome)
}

fn hurried(config: SmtpConfig) -> SmtpConfig {
    SmtpConfig {
        timeout: Duration::from_millis(300),
        ..config
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_no_more_than_the_time_limit() {
    let Some(sink) = Sink::start() else { return };
    for stage in EARLY {
        let config = hurried(sink.config(&format!("hang_{stage}"), tls_for(stage)));
        let begun = Instant::now();
        let (kind, outcome) = outcome(config).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable, "{stage}");
        let deferred =
            AttemptOutcome::Deferred("the mail server did not answer in time".to_owned());
        assert_eq!(outcome, deferred, "{stage}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{stage}");
    }
    // The handshake of TLS.
    let config = hurried(sink.config("hang_banner", TlsMode::Implicit));
    let (kind, text) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(text, "the mail server did not answer in time");
}

#[tokio::test]
async fn the_caller_can_give_less_time_than_the_settings() {
    let Some(sink) = Sink::start() else { return };
    let smtp = Smtp::new(sink.config("hang_ehlo", TlsMode::Plain)).unwrap();
    let mail = notifier().compose(&to("elena@example.org")).unwrap();
    let begun = Instant::now();
    let error = smtp.send(&mail, Duration::from_millis(200)).await;
    assert!(matches!(
        error.unwrap_err().outcome(),
        AttemptOutcome::Deferred(_)
    ));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_message_was_handed_over_is_tried_again() {
    let Some(sink) = Sink::start() else { return };
    for deed in ["close", "reset", "babble"] {
        for stage in EARLY {
            let config = hurried(sink.config(&format!("{deed}_{stage}"), tls_for(stage)));
            let (kind, outcome) = outcome(config).await;
            assert_eq!(kind, DeliveryErrorKind::Unavailable, "{deed} at {stage}");
            assert!(
                matches!(outcome, AttemptOutcome::Deferred(_)),
                "{deed} at {stage}: {outcome:?}"
            );
        }
    }
    // Nobody listens here any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain);
    let (kind, text) = failure(config, &to("elena@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Unavailable);
    assert_eq!(text, "the mail server cannot be reached");
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn a_message_cut_off_in_the_middle_was_not_taken() {
    let Some(sink) = Sink::start() else { return };
    let mail = notifier().compose(&to("elena@example.org")).unwrap();
    // More than fits between the two machines, so that the final dot cannot have left.
    let mail = OutgoingMail {
        bytes: [mail.bytes, b"a line of text\r\n".repeat(1_000_000)].concat(),
        ..mail
    };
    for (deed, time) in [("close", 20_000), ("reset", 20_000), ("hang", 500)] {
        let config = sink.config(&format!("{deed}_body"), TlsMode::Plain);
        let smtp = Smtp::new(config).unwrap();
        let error = smtp.send(&mail, Duration::from_millis(time)).await;
        let outcome = error.unwrap_err().outcome();
        assert!(
            matches!(outcome, AttemptOutcome::Deferred(_)),
            "{deed}: {outcome:?}"
        );
    }
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn a_message_whose_answer_never_came_may_have_been_taken_and_is_called_that() {
    let Some(sink) = Sink::start() else { return };
    for deed in ["hang", "close", "reset", "babble"] {
        let before = sink.kept().len();
        // It takes the message, and something else breaks.
        let config = hurried(sink.config(&format!("{deed}_dot"), TlsMode::Plain));
        let (kind, outcome) = outcome(config).await;
        assert_eq!(kind, DeliveryErrorKind::Unavailable, "{deed}");
        let AttemptOutcome::Unknown(text) = outcome else {
            panic!("{deed}: {outcome:?}");
        };
        assert!(
            text.starts_with(
                "the message was handed over, but the mail server never said that it took it: "
            ),
            "{deed}: {text}"
        );
        assert_eq!(sink.kept().len(), before + 1, "{deed}");
    }
    // Each of them is the same message to every mailbox.
    let copies = sink.kept();
    assert!(copies.iter().all(|(bytes, _)| *bytes == copies[0].0));
}

#[tokio::test]
async fn an_answer_to_the_message_is_believed_whatever_it_is() {
    use AttemptOutcome::{Deferred, Refused};
    use DeliveryErrorKind::{Rejected, Unauthorized, Unavailable};
    let Some(sink) = Sink::start() else { return };
    for code in ["421", "451", "452", "550", "554"] {
        for stage in ["banner", "ehlo", "mail", "rcpt", "data", "dot"] {
            let config = sink.config(&format!("{code}_{stage}"), TlsMode::Plain);
            let (kind, found) = outcome(config).await;
            let wanted = match (code.starts_with('4'), stage) {
                (true, _) | (false, "banner" | "ehlo") => Unavailable,
                // The sender's own address is refused: a person must change it.
                (false, "mail") => Unauthorized,
                (false, _) => Rejected,
            };
            assert_eq!(kind, wanted, "{code} at {stage}");
            let (is_refused, text) = match found {
                Refused(text) => (true, text),
                Deferred(text) => (false, text),
                other => panic!("{code} at {stage}: {other:?}"),
            };
            assert_eq!(is_refused, wanted == Rejected, "{code} at {stage}");
            let status = format!("{code} {}.0.0 not like this", &code[..1]);
            assert!(text.ends_with(&status), "{code} at {stage}: {text}");
        }
    }
}

#[tokio::test]
async fn a_server_that_will_not_relay_says_nothing_about_the_recipient() {
    let Some(sink) = Sink::start() else { return };
    let smtp = |door| Smtp::new(sink.config(door, TlsMode::Plain)).unwrap();
    let mail = |address| notifier().compose(&to(address)).unwrap();
    let time = Duration::from_secs(20);
    for (address, fault) in [
        ("reject.elena@example.org", Fault::Recipient),
        ("relay.elena@example.org", Fault::Message),
        ("defer.elena@example.org", Fault::Message),
    ] {
        let error = smtp("plain").send(&mail(address), time).await.unwrap_err();
        assert_eq!(error.fault, fault, "{address}: {error}");
    }
}

#[tokio::test]
async fn a_message_that_was_taken_is_not_sent_again_for_a_missing_goodbye() {
    let Some(sink) = Sink::start() else { return };
    let config = sink.config("no_quit", TlsMode::Plain);
    send(config, &to("elena@example.org")).await.unwrap();
    assert_eq!(sink.kept().len(), 1);
    // Even when the time runs out while saying goodbye.
    let config = SmtpConfig {
        timeout: Duration::from_millis(700),
        ..sink.config("no_quit", TlsMode::Plain)
    };
    send(config, &to("elena@example.org")).await.unwrap();
    assert_eq!(sink.kept().len(), 2);
}

#[tokio::test]
async fn an_address_beyond_ascii_goes_where_it_can() {
    let Some(sink) = Sink::start() else { return };
    // A domain has an ASCII form that every server knows.
    let config = sink.config("ascii", TlsMode::Plain);
    send(config.clone(), &to("ann@müller.example"))
        .await
        .unwrap();
    let (_, about) = sink.kept().pop().unwrap();
    assert_eq!(about["to"], json!(["ann@xn--mller-kva.example"]));
    // A local part has none.
    let (kind, _) = failure(config, &to("jörg@example.org")).await;
    assert_eq!(kind, DeliveryErrorKind::Rejected);
    let config = sink.config("plain", TlsMode::Plain);
    send(config, &to("jörg@example.org")).await.unwrap();
    let (_, about) = sink.kept().pop().unwrap();
    assert_eq!(about["to"], json!(["jörg@example.org"]));
    assert_eq!(about["options"], json!(["SMTPUTF8"]));
}

#[test]
fn credentials_never_go_to_another_machine_in_the_clear() {
    let config = signed_in(SmtpConfig::new("mail.example.org", 25, TlsMode::Plain));
    assert!(matches!(
        Smtp::new(config).unwrap_err(),
        SmtpConfigError::CredentialsInTheClear { host } if host == "mail.example.org"
    ));
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_once() {
    let host = SmtpConfig::new("mail example org", 25, TlsMode::Plain);
    assert!(matches!(
        Smtp::new(host).unwrap_err(),
        SmtpConfigError::Host { .. }
    ));
    for pem in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let trust = SmtpConfig {
            trust: Trust::SystemAnd(pem.as_bytes().to_vec()),
            ..SmtpConfig::new("mail.example.org", 465, TlsMode::Implicit)
        };
        assert!(Smtp::new(trust).is_err(), "{pem:?}");
    }
}

#[test]
fn a_password_is_not_printed() {
    let config = signed_in(SmtpConfig::new("127.0.0.1", 25, TlsMode::Plain));
    let shown = format!("{config:?} {:?}", Smtp::new(config.clone()).unwrap());
    assert!(!shown.contains("pass word"), "{shown}");
    assert_eq!(sender().address.as_str(), "meetings@northwind.example");
}

#[tokio::test]
async fn a_server_can_be_tried_without_a_message() {
    const TIME: Duration = Duration::from_secs(10);
    let Some(sink) = Sink::start() else { return };
    for config in [
        sink.config("plain", TlsMode::Plain),
        sink.config("plain", TlsMode::Opportunistic),
        signed_in(sink.config("starttls", TlsMode::StartTls)),
        signed_in(sink.config("tls", TlsMode::Implicit)),
        signed_in(sink.config("auth_login", TlsMode::Plain)),
    ] {
        Smtp::new(config).unwrap().check(TIME).await.unwrap();
    }
    let refused = with_password(sink.config("tls", TlsMode::Implicit), "wrong");
    let refused = Smtp::new(refused).unwrap().check(TIME).await.unwrap_err();
    assert_eq!(refused.kind, DeliveryErrorKind::Unauthorized);
    let no_tls = sink.config("plain", TlsMode::StartTls);
    let refused = Smtp::new(no_tls).unwrap().check(TIME).await.unwrap_err();
    assert_eq!(refused.fault, Fault::Transport);
    assert_eq!(sink.kept().len(), 0);
}

#[tokio::test]
async fn trying_a_server_that_says_nothing_costs_the_time_limit() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let config = SmtpConfig::new("127.0.0.1", port, TlsMode::Plain);
    let begun = Instant::now();
    let limit = Duration::from_millis(300);
    Smtp::new(config).unwrap().check(limit).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

//! DKIM signatures before a verifier that others wrote (dkimpy), with keys that OpenSSL made.

use std::fs;
use std::process::Command;

use scheduling_core::notification::Audience;
use scheduling_core::ports::Notifier;
use scheduling_mail::{DkimKey, DkimSigner, Failover, Folder, MailNotifier, Smtp, TlsMode};
use serde_json::{Value, json};

use crate::common::{confirmed_for, notifier_over, python, root};
use crate::gallery::everyday;
use crate::sink::{Sink, openssl};

/// A key of each kind and form, with the public half as OpenSSL has it.
fn keys() -> Vec<(&'static str, String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    [
        ("rsa2048", "RSA", Some("rsa_keygen_bits:2048")),
        ("rsa3072", "RSA", Some("rsa_keygen_bits:3072")),
        ("ed25519", "ED25519", None),
        ("pkcs1", "RSA", Some("rsa_keygen_bits:2048")),
    ]
    .into_iter()
    .map(|(name, algorithm, option)| {
        openssl(|command| {
            command.args(["genpkey", "-algorithm", algorithm]);
            if let Some(option) = option {
                command.args(["-pkeyopt", option]);
            }
            command.arg("-out").arg(&path)
        });
        let mut public = openssl(|command| {
            command
                .args(["pkey", "-pubout", "-outform", "DER", "-in"])
                .arg(&path)
        });
        if name == "ed25519" {
            // Its record has the bare key, the last 32 octets.
            public = public.split_off(public.len() - 32);
        }
        let pem = if name == "pkcs1" {
            openssl(|command| command.args(["rsa", "-traditional", "-in"]).arg(&path))
        } else {
            fs::read(&path).unwrap()
        };
        (name, String::from_utf8(pem).unwrap(), public)
    })
    .collect()
}

fn signer(selector: &str, pem: &str) -> DkimSigner {
    let key = DkimKey::from_pem(pem).unwrap();
    DkimSigner::new("northwind.example", selector, key).unwrap()
}

fn signing(selector: &str, pem: &str, transport: impl Into<Failover>) -> MailNotifier {
    notifier_over(transport).signing(signer(selector, pem))
}

/// What the verifier says about each mail.
fn judged(records: &Value, mails: &[Vec<u8>]) -> Option<Vec<Value>> {
    let python = python()?;
    let folder = tempfile::tempdir().unwrap();
    let records_file = folder.path().join("records.json");
    fs::write(&records_file, records.to_string()).unwrap();
    let paths = mails.iter().enumerate().map(|(number, bytes)| {
        let path = folder.path().join(format!("{number:03}.eml"));
        fs::write(&path, bytes).unwrap();
        path
    });
    let output = Command::new(python)
        .arg(root().join("tests/counterparts/dkim_check.py"))
        .arg(&records_file)
        .args(paths)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let verdicts: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), mails.len());
    Some(verdicts)
}

#[test]
fn every_mail_verifies_with_every_kind_of_key() {
    for (name, pem, public) in keys() {
        let signer = signer(name, &pem);
        // What we say belongs into the DNS is what OpenSSL says.
        let base64 = base64_of(&public);
        assert!(
            signer.record().ends_with(&format!("; p={base64}")),
            "{name}"
        );
        let records = json!({ signer.record_name(): signer.record() });
        let notifier = signing(name, &pem, std::sync::Arc::new(Folder::new("unused")));
        let mails: Vec<Vec<u8>> = everyday()
            .iter()
            .map(|(_, notification)| notifier.compose(notification).unwrap().bytes)
            .collect();
        let Some(verdicts) = judged(&records, &mails) else {
            return;
        };
        let algorithm = if name == "ed25519" {
            "ed25519-sha256"
        } else {
            "rsa-sha256"
        };
        for ((what, _), verdict) in everyday().iter().zip(&verdicts) {
            assert_eq!(verdict["good"], true, "{name}, {what}: {verdict}");
            assert_eq!(verdict["algorithm"], algorithm);
            assert_eq!(verdict["form"], "relaxed/relaxed");
            assert_eq!(verdict["domain"], "northwind.example");
            for header in [
                "from",
                "to",
                "subject",
                "date",
                "message-id",
                "mime-version",
                "content-type",
            ] {
                let covers = verdict["covers"].as_array().unwrap();
                assert!(covers.contains(&header.into()), "{header}: {verdict}");
            }
        }
    }
}

/// The verifier has to notice what is wrong, or its silence means nothing.
#[test]
fn a_changed_mail_does_not_verify_and_one_that_was_only_wrapped_does() {
    let (name, pem, _) = keys().remove(0);
    let signer = signer(name, &pem);
    let records = json!({ signer.record_name(): signer.record() });
    let notifier = signing(name, &pem, std::sync::Arc::new(Folder::new("unused")));
    let mail = notifier.compose(&confirmed_for(Audience::Invitee)).unwrap();
    let text = String::from_utf8(mail.bytes).unwrap();
    let changes = [
        (true, text.clone()),
        (
            true,
            text.replace("\r\nSubject: ", "\r\nSubject:   \r\n\t "),
        ),
        (true, text.clone() + "\r\n\r\n"),
        (true, format!("Received: from a by b\r\n{text}")),
        (false, text.replace("Subject: First", "Subject: Last")),
        (false, text.replace("\r\nTo: ", "\r\nTo: \"x\" ")),
        (
            false,
            text.replace("\r\n\r\n", "\r\nReply-To: x@example.org\r\n\r\n"),
        ),
        (
            false,
            text.replacen("\r\nDate: ", "\r\nFrom: x@example.org\r\nDate: ", 1),
        ),
        (false, text.clone() + "more\r\n"),
    ];
    let mails: Vec<Vec<u8>> = changes
        .iter()
        .map(|(_, changed)| changed.clone().into_bytes())
        .collect();
    let Some(verdicts) = judged(&records, &mails) else {
        return;
    };
    for (number, ((good, changed), verdict)) in changes.iter().zip(&verdicts).enumerate() {
        assert!(number == 0 || *changed != text, "{number} changes nothing");
        assert_eq!(verdict["good"], *good, "{number}: {verdict}");
    }
}

#[tokio::test]
async fn a_signature_survives_the_way_over_smtp() {
    let Some(sink) = Sink::start() else { return };
    let mut mails = Vec::new();
    let mut records = serde_json::Map::new();
    for (name, pem, _) in keys() {
        let signer = signer(name, &pem);
        records.insert(signer.record_name(), signer.record().into());
        let smtp = Smtp::new(sink.config("plain", TlsMode::Plain)).unwrap();
        let notifier = signing(name, &pem, std::sync::Arc::new(smtp));
        let notification = confirmed_for(Audience::Host);
        notifier.notify(&notification).await.unwrap();
        let (bytes, _) = sink.kept().pop().unwrap();
        assert!(bytes == notifier.compose(&notification).unwrap().bytes);
        assert!(bytes.starts_with(b"DKIM-Signature: v=1; "));
        mails.push(bytes);
    }
    for verdict in judged(&Value::Object(records), &mails).unwrap() {
        assert_eq!(verdict["good"], true, "{verdict}");
    }
}

#[test]
fn a_key_that_is_too_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    openssl(|command| {
        command
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt"])
            .args(["rsa_keygen_bits:1024", "-out"])
            .arg(&path)
    });
    let refused = DkimKey::from_pem(&fs::read_to_string(&path).unwrap()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "is no key that can sign mails: RSA of 2048 to 4096 bits or Ed25519 (TooSmall)"
    );
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

use proptest::prelude::*;

use super::*;

/// The key of RFC 8463, appendix A.2, for all to know.
const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

fn key() -> DkimKey {
    // What PKCS#8 puts in front of the seed: a version, the algorithm 1.3.101.112, an octet string in an octet string.
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend(STANDARD.decode(SEED).unwrap());
    let pem = ["-----BEGIN ", "-----END "].map(|edge| format!("{edge}PRIVATE KEY-----\n"));
    DkimKey::from_pem(&format!("{}{}\n{}", pem[0], STANDARD.encode(der), pem[1])).unwrap()
}

fn signer() -> DkimSigner {
    DkimSigner::new("Example.org", "s1", key()).unwrap()
}

#[test]
fn the_record_has_its_name_and_the_public_half() {
    let signer = signer();
    assert_eq!(signer.record_name(), "s1._domainkey.example.org");
    assert_eq!(signer.record(), format!("v=DKIM1; k=ed25519; p={PUBLIC}"));
}

#[test]
fn each_header_is_named_once_more_than_it_is_there() {
    let header = signer().signature(b"From: a@example.org\r\nSubject: x\r\n\r\nHello\r\n");
    let unfolded = header.replace("\r\n\t", "");
    let named = unfolded.split("h=").nth(1).unwrap();
    let named = named.split(';').next().unwrap().replace(' ', "");
    assert_eq!(
        named,
        "From:From:To:Subject:Subject:Date:Message-ID:Reply-To:References:MIME-Version:Content-Type"
    );
    assert!(
        header.lines().all(|line| line.len() <= 78),
        "lines stay short: {header}"
    );
    assert!(header.ends_with("\r\n") && !header.contains("\r\n\r\n"));
}

#[test]
fn the_same_message_gets_the_same_signature_and_another_one_another() {
    let message = b"From: a@example.org\r\n\r\nHello\r\n".as_slice();
    assert_eq!(signer().signature(message), signer().signature(message));
    let other = b"From: a@example.org\r\n\r\nHello!\r\n".as_slice();
    assert_ne!(signer().signature(message), signer().signature(other));
}

#[test]
fn names_that_no_record_can_have_are_refused() {
    let new = |domain: &str, selector: &str| {
        DkimSigner::new(domain, selector, key()).map(|signer| signer.record_name())
    };
    assert_eq!(
        new("müller.example", "2026.a"),
        Ok("2026.a._domainkey.xn--mller-kva.example".to_owned())
    );
    for domain in [
        "",
        "localhost",
        "exa mple.org",
        "example.org; p=",
        "a..b",
        "-a.org",
    ] {
        assert_eq!(new(domain, "s1"), Err(DkimError::Domain(domain.to_owned())));
    }
    for selector in ["", "s 1", "s1;", "s1\r\nX: y", ".s1", "s1.", "_s"] {
        let refused = DkimError::Selector(selector.to_owned());
        assert_eq!(new("example.org", selector), Err(refused));
    }
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    for text in [
        "",
        "hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        let refused = DkimKey::from_pem(text).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
        assert!(refused.starts_with("is no "), "{refused}");
    }
    assert_eq!(format!("{:?}", signer().key), "DkimKey(ed25519)");
}

proptest! {
    #[test]
    fn whatever_a_message_holds_its_signature_is_one_header(
        message in "[Fromubject:; \\t.\\r\\n]{0,80}|\\PC{0,40}|(From: x\\r\\n|Subject:\\r\\n y\\r\\n|\\r\\n|a \\t\\r\\n){0,12}"
    ) {
        let header = signer().signature(message.as_bytes());
        prop_assert!(header.starts_with("DKIM-Signature: v=1; "));
        prop_assert!(header.ends_with("\r\n"));
        let lines: Vec<&str> = header.trim_end().split("\r\n").collect();
        prop_assert!(lines[1..].iter().all(|line| line.starts_with('\t') && line.len() > 1));
    }
}

//! What no browser sends. The server answers or closes, and stays up.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::http;
use crate::support::measure;
use crate::support::server::Server;

const BOOKINGS: &str = "/api/v1/public/acme/event-types/half-hour/bookings";

/// A POST of these bytes, with headers that say so.
fn post(path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {media_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The status of an answer; `None` when the server closed without one.
fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

/// A booking request for a start in the far future, with texts that are spliced into JSON as they are.
fn booking(name: &str, email: &str, zone: &str, start: &str) -> Vec<u8> {
    format!(r#"{{"start":"{start}","invitee":{{"name":"{name}","email":"{email}","timezone":"{zone}"}}}}"#).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_browser_sends_gets_a_client_error_and_the_server_stays_up() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let mut server = Server::start(data.path(), &[]);
    let port = server.port();
    let json = "application/json";
    let start = "2031-01-01T10:00:00Z";

    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let deep_in_limit = [b"[".repeat(30_000), b"]".repeat(30_000)].concat();
    let huge = vec![b'a'; 20 << 20];
    let requests: Vec<(&str, Vec<u8>)> = vec![
        ("not JSON", post(BOOKINGS, json, b"{")),
        ("nothing", post(BOOKINGS, json, b"")),
        ("a number", post(BOOKINGS, json, b"1e400")),
        ("an array", post(BOOKINGS, json, b"[]")),
        ("bytes that are no UTF-8", post(BOOKINGS, json, b"{\"start\":\"\xff\xfe\"}")),
        ("deeply nested", post(BOOKINGS, json, &deep)),
        ("deeply nested within the limit", post(BOOKINGS, json, &deep_in_limit)),
        ("twenty megabytes", post(BOOKINGS, json, &huge)),
        ("another media type", post(BOOKINGS, "text/plain", &booking("A", "a@example.org", "UTC", start))),
        ("XML", post(BOOKINGS, "application/xml", b"<booking/>")),
        ("numbers for texts", post(BOOKINGS, json, br#"{"start":1,"invitee":{"name":2,"email":3,"timezone":4}}"#)),
        ("unknown fields", post(BOOKINGS, json, br#"{"start":"2031-01-01T10:00:00Z","host":"me","invitee":{}}"#)),
        ("a line break in the name", post(BOOKINGS, json, &booking(r"A\r\nBcc: all@example.org", "a@example.org", "UTC", start))),
        ("a null in the name", post(BOOKINGS, json, &booking(r"A\u0000B", "a@example.org", "UTC", start))),
        ("a lone surrogate", post(BOOKINGS, json, &booking(r"\ud800", "a@example.org", "UTC", start))),
        ("two addresses", post(BOOKINGS, json, &booking("A", "a@example.org, b@example.org", "UTC", start))),
        ("a zone that is a path", post(BOOKINGS, json, &booking("A", "a@example.org", "../../etc/passwd", start))),
        ("a zone that does not exist", post(BOOKINGS, json, &booking("A", "a@example.org", "Mars/Olympus", start))),
        ("a date that does not exist", post(BOOKINGS, json, &booking("A", "a@example.org", "UTC", "2031-02-30T10:00:00Z"))),
        ("a local time that does not exist", post(BOOKINGS, json, &booking("A", "a@example.org", "Europe/Berlin", "2031-03-30T02:30:00"))),
        ("a local time that comes twice", post(BOOKINGS, json, &booking("A", "a@example.org", "Europe/Berlin", "2031-10-26T02:30:00"))),
        ("the year 9999", post(BOOKINGS, json, &booking("A", "a@example.org", "UTC", "9999-12-31T23:59:59Z"))),
        ("before any calendar", post(BOOKINGS, json, &booking("A", "a@example.org", "UTC", "-262144-01-01T00:00:00Z"))),
        ("a form that is JSON", post("/book/acme/half-hour/bookings", json, b"{}")),
        ("an empty form", post("/book/acme/half-hour/bookings", "application/x-www-form-urlencoded", b"")),
        ("a broken form", post("/book/acme/half-hour/bookings", "application/x-www-form-urlencoded", b"%%%=&&&=%ff%00")),
        ("a range of years", b"GET /api/v1/public/acme/event-types/half-hour/slots?from=1900-01-01&to=2900-01-01 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a range upside down", b"GET /api/v1/public/acme/event-types/half-hour/slots?from=2031-02-01&to=2031-13-45 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a token that is none", b"GET /b/%00%ff%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a path out of the folder", b"GET /static/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("the same, encoded", b"GET /static/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("a method of its own", b"FROBNICATE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("a header of a megabyte", [b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ".as_slice(), &vec![b'a'; 1 << 20], b"\r\n\r\n"].concat()),
        ("ten thousand headers", [b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec(), b"X-A: b\r\n".repeat(10_000), b"\r\n".to_vec()].concat()),
        ("two lengths", format!("POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{{}}").into_bytes()),
        ("a length below zero", format!("POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n").into_bytes()),
        ("a length and chunks", format!("POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n").into_bytes()),
        ("a chunk of the size of the world", format!("POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nContent-Type: {json}\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc").into_bytes()),
    ];
    for (what, request) in requests {
        // A broken pipe is an answer as well: the server had heard enough.
        let answer = http::send_raw(port, &request).unwrap_or_default();
        let status = status(&answer);
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{what}: {:?}",
            answer.chars().take(300).collect::<String>()
        );
        assert!(server.is_alive(), "{what}: {}", server.log());
        assert!(
            !server.log().contains("panicked"),
            "{what}: {}",
            server.log()
        );
    }

    // It still does its work.
    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    assert_eq!(
        api.book("half-hour", &starts[50], "guest@example.org")
            .await
            .status,
        201
    );
    measure::note(&format!(
        "after all that: {} KiB resident",
        server.resident_kib()
    ));
    assert!(
        server.resident_kib() < 300 * 1024,
        "memory grew without bound"
    );
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hardly_send_anything_keep_nobody_else_waiting() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[("http.request_seconds", "2")]);

    // Three hundred who begin a request and then say no more: half in the headers, half in the body.
    let mut slow = Vec::new();
    for client in 0..300 {
        let mut stream = http::connect(server.port()).expect("the server takes connections");
        let begun = if client % 2 == 0 {
            "GET /book/acme HTTP/1.1\r\nHo".to_owned()
        } else {
            format!(
                "POST {BOOKINGS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{{"
            )
        };
        stream
            .write_all(begun.as_bytes())
            .expect("the server reads");
        slow.push(stream);
    }

    let api = Api::of(&server.url());
    let starts = api.starts("half-hour", "").await;
    assert_eq!(
        api.book("half-hour", &starts[50], "guest@example.org")
            .await
            .status,
        201
    );

    // And none of them is kept for ever.
    for mut stream in slow {
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .expect("a limit can be set");
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let gone = read.is_ok()
            || read.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(gone, "a slow client is still connected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_quotes_and_markup_reach_page_and_mail_as_text() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    acme::found(data.path(), &[]);
    let server = Server::start(data.path(), &[]);
    let api = Api::of(&server.url());
    let start = &api.starts("half-hour", "").await[50];
    let name = r#"O'Neil "<script>alert(1)</script>"; \n,:=? ünï 🎉"#;
    let body = serde_json::json!({
        "start": start,
        "invitee": { "name": name, "email": "guest@example.org", "timezone": "Europe/Lisbon" },
        "note": "BEGIN:VALARM\n<img src=x onerror=alert(1)>\n.\n",
    });
    let booked = api
        .try_post(BOOKINGS, &body)
        .await
        .expect("the server answers");
    assert_eq!(booked.status, 201, "{booked:?}");
    assert_eq!(booked.body["invitee"]["name"], name);

    let page = api
        .get(&format!("/b/{}", booked.text("manage_token")))
        .await;
    let html = page.body.as_str().expect("the page is HTML");
    assert_eq!(page.status, 200);
    assert!(
        !html.contains("<script>alert") && !html.contains("<img src=x"),
        "{html}"
    );
}

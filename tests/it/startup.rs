//! From an empty folder to the first page, and what an idle server takes.

use std::time::{Duration, Instant};

use crate::support::http;
use crate::support::measure;
use crate::support::server::{self, Server};

#[test]
fn an_empty_folder_becomes_a_server() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let began = Instant::now();
    let server = Server::start(data.path(), &[]);
    let first = http::get_raw(server.port(), "/book/nobody").expect("the server answers");
    let took = began.elapsed();
    assert!(first.starts_with("HTTP/1.1 404"), "{first}");

    let idle = server.resident_kib();
    measure::note(&format!(
        "an empty folder to the first page: {took:?}; idle: {idle} KiB resident"
    ));
    // Generous, for builds without optimisation on busy machines; the reference has measured values.
    assert!(took < Duration::from_secs(30));
    assert!(idle < 200 * 1024);
    assert!(server.stop().success(), "it stops when it is asked to");
}

#[test]
fn a_mistake_in_the_settings_is_named_and_nothing_starts() {
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let output = server::kalends(&[("http.listen", "not an address")])
        .env("KALENDS_DATA__FOLDER", data.path())
        .arg("serve")
        .output()
        .expect("kalends can be started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(complaint.contains("http.listen"), "{complaint}");
}

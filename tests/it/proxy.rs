//! nginx in front of two servers, set up as the book says.

use std::fs;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use crate::support::acme;
use crate::support::api::Api;
use crate::support::counterpart;
use crate::support::place;
use crate::support::server::Server;

/// A running nginx. Dropping it kills it.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended before; there is nothing to do about either failure.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The guide's set-up with ports of this test, and without TLS, which is nginx's own.
fn documented(servers: [u16; 2], plain: u16, secure: u16) -> String {
    let guide = place::root().join("docs/guides/reverse-proxy.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    let (_, rest) = guide
        .split_once("```nginx\n")
        .expect("the guide has a set-up for nginx");
    let (block, _) = rest.split_once("```").expect("the set-up ends");
    let mut set_up = String::new();
    for line in block
        .lines()
        .filter(|line| !line.contains("ssl_certificate"))
    {
        set_up.push_str(line);
        set_up.push('\n');
    }
    for (from, to) in [
        ("127.0.0.1:8001", format!("127.0.0.1:{}", servers[0])),
        ("127.0.0.1:8002", format!("127.0.0.1:{}", servers[1])),
        ("listen 80;", format!("listen 127.0.0.1:{plain};")),
        ("listen 443 ssl;", format!("listen 127.0.0.1:{secure};")),
    ] {
        assert!(set_up.contains(from), "the set-up has no {from}");
        set_up = set_up.replace(from, &to);
    }
    set_up
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    address.port()
}

fn start(folder: &Path, set_up: &str, nginx: &Path) -> Proxy {
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places = places.map(|name| format!("{name}_temp_path {name};\n"));
    let places = places.concat();
    let whole = format!(
        "pid nginx.pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {{}}\n\
         http {{\naccess_log off;\n{places}{set_up}}}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, whole).expect("the set-up can be written");
    let log = fs::File::create(folder.join("nginx.log")).expect("the log can be made");
    let child = Command::new(nginx)
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("nginx can be started");
    Proxy(child)
}

/// Asks as a client with an address of its own on this machine.
fn client(from: &str) -> reqwest::Client {
    let address: IpAddr = from.parse().expect("it is an address");
    reqwest::Client::builder()
        .local_address(address)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .no_proxy()
        .build()
        .expect("a client can be made")
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_as_documented_tells_clients_apart_and_gets_over_a_server_that_is_gone() {
    let Some(nginx) = counterpart::nginx() else {
        return;
    };
    let Some(database) = counterpart::postgres_database("proxied") else {
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder can be made");
    let settings = [
        ("database.url", database.url.as_str()),
        (
            "secrets.key",
            "5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a5c1d0e7a",
        ),
        ("http.public_url", "https://meet.example.org"),
        ("http.trusted_proxies", "127.0.0.1"),
        ("limits.guests_per_minute", "3"),
    ];
    acme::found(data.path(), &settings);
    let [first, second] = [0, 1].map(|_| Server::start(data.path(), &settings));
    let starts = Api::of(&first.url()).starts("half-hour", "").await;
    let (plain, secure) = (free_port(), free_port());
    let set_up = documented([first.port(), second.port()], plain, secure);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let _proxy = start(folder.path(), &set_up, &nginx);
    let url = |path: &str| format!("http://127.0.0.1:{secure}{path}");

    let guest = client("127.0.0.2");
    let began = Instant::now();
    while guest.get(url("/ready")).send().await.is_err() {
        let log = fs::read_to_string(folder.path().join("nginx.log")).unwrap_or_default();
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "nginx does not answer:\n{log}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let insecure = guest
        .get(format!("http://127.0.0.1:{plain}/book/acme?x=1"))
        .send()
        .await;
    let insecure = insecure.expect("nginx answers");
    assert_eq!(insecure.status(), StatusCode::MOVED_PERMANENTLY);
    let metrics = guest
        .get(url("/metrics"))
        .send()
        .await
        .expect("nginx answers");
    assert_eq!(metrics.status(), StatusCode::NOT_FOUND);

    // Whatever a client claims, and whichever server its requests come to, it has three attempts. The proxy and other
    // clients have their own.
    let book = async |who: &reqwest::Client, place: usize| {
        let body = json!({
            "start": starts[place],
            "invitee": { "name": "Guest", "email": "guest@example.org", "timezone": "UTC" },
        });
        let path = "/api/v1/public/acme/event-types/half-hour/bookings";
        let forged = format!("203.0.113.{place}");
        let sent = who
            .post(url(path))
            .header("x-forwarded-for", forged)
            .json(&body)
            .send();
        sent.await.expect("nginx answers").status().as_u16()
    };
    let mut statuses = Vec::new();
    for place in [0, 4, 8, 12, 16, 20] {
        statuses.push(book(&guest, place).await);
    }
    assert_eq!(statuses, [201, 201, 201, 429, 429, 429]);
    let other = client("127.0.0.3");
    assert_eq!(book(&other, 12).await, 201);

    // One server is gone: nobody notices.
    first.kill();
    for _ in 0..10 {
        let page = guest.get(url("/book/acme/half-hour")).send().await;
        assert_eq!(page.expect("nginx answers").status(), StatusCode::OK);
    }
    assert_eq!(book(&other, 16).await, 201);
    assert!(second.stop().success());
    acme::assert_verified(data.path(), &settings);
}

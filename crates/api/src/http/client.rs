//! From where a request comes: the peer's address, or what a proxy that is trusted says.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use ipnet::IpNet;
use thiserror::Error;

use crate::Kalends;

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an address such as 10.0.0.7, or a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork;

fn network_of(text: &str) -> Result<IpNet, NotANetwork> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_no_network| address());
    network.map_err(|_neither| NotANetwork)
}

impl TrustedProxies {
    /// Nobody: whoever connects is the client.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads addresses and networks.
    ///
    /// # Errors
    /// [`NotANetwork`] for the first that is neither.
    pub fn parse<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, NotANetwork> {
        networks
            .into_iter()
            .map(|text| network_of(text.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address. `X-Forwarded-For` is read from its end: each trusted proxy has added the address that it
    /// saw, and what stands before the first one that is not trusted is the client's own invention.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?;
        if !self.trust(client) {
            return Some(client.to_canonical());
        }
        let given: Vec<&str> = headers
            .get_all(X_FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        for hop in given.into_iter().rev() {
            let Some(address) = hop_address(hop) else {
                break;
            };
            client = address;
            if !self.trust(address) {
                break;
            }
        }
        Some(client.to_canonical())
    }
}

impl TrustedProxies {
    /// Why the address that [`client`](Self::client) finds may be that of a proxy, behind which everybody counts as one.
    fn doubt(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Doubt> {
        let peer = peer.to_canonical();
        if self.trust(peer) {
            let is_told = headers.contains_key(X_FORWARDED_FOR);
            return (!is_told).then_some(Doubt::Silent(peer));
        }
        let forwards =
            headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        (forwards && is_near(peer)).then_some(Doubt::Untrusted(peer))
    }
}

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Something about a proxy that its owner should hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It stands next to the server and speaks for others, and is not among the trusted.
    Untrusted(IpAddr),
    /// It is trusted and does not say for whom it speaks.
    Silent(IpAddr),
}

/// Whether an address is one that no guest comes from over the internet: then it is a proxy's, or a neighbour's.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Says something once an hour, however often it is asked to.
#[derive(Debug)]
pub(crate) struct Hourly {
    begun: Instant,
    /// The second from which on it may be said again.
    again: AtomicU64,
}

impl Hourly {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            again: AtomicU64::new(0),
        }
    }

    /// Whether it is time to say it.
    pub(crate) fn is_due(&self) -> bool {
        self.is_due_at(self.begun.elapsed())
    }

    fn is_due_at(&self, now: Duration) -> bool {
        let again = self.again.load(Ordering::Relaxed);
        now.as_secs() >= again
            && self
                .again
                .compare_exchange(
                    again,
                    now.as_secs() + 3600,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_ok()
    }
}

/// The network that a request counts for, and nobody's where there is no address: a socket of the same machine must not
/// become one key for all. Says so now and then where a proxy makes one key of many guests.
pub(crate) fn counted_network(request: &HttpRequest, kalends: &Kalends) -> Option<IpAddr> {
    let trusted = &kalends.trusted_proxies;
    let doubt = request
        .peer_addr()
        .and_then(|peer| trusted.doubt(peer.ip(), request.headers()));
    match doubt {
        Some(Doubt::Untrusted(peer)) if kalends.proxy_warning.is_due() => tracing::warn!(
            "Requests come through a proxy at {peer} that http.trusted_proxies does not name: all its guests count as \
             one. Name it there if it is yours"
        ),
        Some(Doubt::Silent(peer)) if kalends.proxy_warning.is_due() => tracing::warn!(
            "The trusted proxy at {peer} sends no X-Forwarded-For: all its guests count as one"
        ),
        _ => {}
    }
    address(request, trusted).map(network)
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()))
}

/// The client's address, as the proxies that `trusted` names tell it.
pub(crate) fn address(request: &HttpRequest, trusted: &TrustedProxies) -> Option<IpAddr> {
    trusted.client(request.peer_addr().map(|peer| peer.ip()), request.headers())
}

/// What one customer of a network provider chooses freely counts as one: an IPv4 address, or the /64 of an IPv6 one.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        IpAddr::V4(v4) => IpAddr::V4(v4),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static("x-forwarded-for"), value);
        }
        let trusted = TrustedProxies::parse(trusted.iter().copied()).unwrap();
        let peer = peer.parse().unwrap();
        trusted.client(Some(peer), &headers).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client(&[], "203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        let proxies = ["10.0.0.0/8"];
        assert_eq!(client(&proxies, "203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
        assert_eq!(client(&proxies, "10.1.2.3", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&proxies, "10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn what_the_client_itself_wrote_is_not_believed() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        let forged = ["9.9.9.9, 203.0.113.9", "10.0.0.2"];
        assert_eq!(client(&proxies, "fd00::1", &forged), "203.0.113.9");
        assert_eq!(
            client(&proxies, "10.0.0.1", &["junk, 203.0.113.9"]),
            "203.0.113.9"
        );
        assert_eq!(
            client(&proxies, "10.0.0.1", &["203.0.113.9, junk"]),
            "10.0.0.1"
        );
        assert_eq!(
            client(&proxies, "10.0.0.1", &["[2001:db8::1]:443"]),
            "2001:db8::1"
        );
        assert_eq!(
            client(&proxies, "10.0.0.1", &["203.0.113.9:5000"]),
            "203.0.113.9"
        );
        assert_eq!(
            client(&proxies, "::ffff:10.0.0.1", &["203.0.113.9"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn networks_are_read_and_everything_and_nothing_are_too() {
        assert_eq!(client(&["0.0.0.0/0"], "8.8.8.8", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(client(&["8.8.8.8"], "8.8.8.9", &["1.1.1.1"]), "8.8.8.9");
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "example.org",
            "10.0.0.0/-1",
            "10.0.0.0/",
        ] {
            assert!(TrustedProxies::parse([bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proxy_that_hides_its_guests_is_noticed_and_never_believed() {
        let doubt = |trusted: &[&str], peer: &str, name: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(name) = name {
                headers.insert(
                    HeaderName::from_static(name),
                    HeaderValue::from_static("for=203.0.113.9"),
                );
            }
            let trusted = TrustedProxies::parse(trusted.iter().copied()).unwrap();
            trusted.doubt(peer.parse().unwrap(), &headers)
        };
        let forwarded = Some("x-forwarded-for");
        for near in [
            "127.0.0.1",
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.9",
            "::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            let peer = near.parse::<IpAddr>().unwrap().to_canonical();
            for header in ["x-forwarded-for", "forwarded"] {
                assert_eq!(doubt(&[], near, Some(header)), Some(Doubt::Untrusted(peer)));
            }
            assert_eq!(doubt(&[], near, None), None, "{near} may be a guest");
        }
        // Whoever comes from afar may write what he likes.
        for far in ["203.0.113.9", "2001:db8::1"] {
            assert_eq!(doubt(&[], far, forwarded), None, "{far}");
        }
        let proxies = ["10.0.0.0/8"];
        let silent = Some(Doubt::Silent("10.0.0.1".parse().unwrap()));
        assert_eq!(doubt(&proxies, "10.0.0.1", forwarded), None);
        assert_eq!(doubt(&proxies, "10.0.0.1", None), silent);
        assert_eq!(
            doubt(&proxies, "10.0.0.1", Some("forwarded")),
            silent,
            "RFC 7239 is not read"
        );
    }

    #[test]
    fn what_is_said_hourly_is_said_once_an_hour() {
        let hourly = Hourly::new();
        let said =
            [0, 1, 3599, 3600, 3601, 90_000].map(|s| hourly.is_due_at(Duration::from_secs(s)));
        assert_eq!(said, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_flood_of_forged_hops_is_read_from_its_end() {
        let flood = "1.1.1.1, ".repeat(10_000) + "203.0.113.9";
        assert_eq!(
            client(&["10.0.0.0/8"], "10.0.0.1", &[&flood]),
            "203.0.113.9"
        );
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[",,, ,,"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn a_customer_with_many_addresses_is_one() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.9");
    }
}

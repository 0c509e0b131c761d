//! From where a request comes: the peer's address, or what a proxy that is trusted says.

use std::net::IpAddr;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use thiserror::Error;

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an address such as 10.0.0.7, or a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork;

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_no_address| NotANetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_no_number| NotANetwork)?,
            None => most,
        };
        if bits > most {
            return Err(NotANetwork);
        }
        Ok(Self { address, bits })
    }
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
            .map(|text| text.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client's address. `X-Forwarded-For` is read from its end: each trusted proxy has added the address that it
    /// saw, and what stands before the first one that is not trusted is the client's own invention.
    pub(crate) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer?;
        if !self.trust(client) {
            return Some(client.to_canonical());
        }
        let given: Vec<&str> = headers
            .get_all("x-forwarded-for")
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
    fn a_customer_with_many_addresses_is_one() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.9");
    }
}

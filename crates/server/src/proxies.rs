//! Where a request comes from, when it came through a proxy that is trusted to say so.

use crate::listener::ClientAddress;
use crate::state::AppState;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A proxy that is trusted, or a network of them: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// The text is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAProxy {
    #[error("it is no IP address and no network such as `10.0.0.0/8`")]
    Malformed,
    #[error("its host bits are set; the network is `{0}`")]
    HostBits(IpNet),
}

impl TrustedProxy {
    pub fn net(&self) -> IpNet {
        self.0
    }
}

impl FromStr for TrustedProxy {
    type Err = NotAProxy;

    fn from_str(text: &str) -> Result<TrustedProxy, NotAProxy> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(TrustedProxy(IpNet::from(address)));
        }
        let net: IpNet = text.parse().map_err(|_| NotAProxy::Malformed)?;
        if net.trunc() == net { Ok(TrustedProxy(net)) } else { Err(NotAProxy::HostBits(net.trunc())) }
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts the client's address in place of the proxy's, for the limits that count by address.
pub(crate) async fn resolve(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let trusted = &state.options().trusted_proxies;
    if !trusted.is_empty()
        && let Some(ConnectInfo(ClientAddress(peer))) = request.extensions().get().copied()
    {
        let client = client(peer, request.headers(), trusted);
        request.extensions_mut().insert(ConnectInfo(ClientAddress(client)));
    }
    next.run(request).await
}

/// Who is behind `peer`.
///
/// Each proxy adds the address that it was asked from at the end of `X-Forwarded-For`, so the list is read backwards for
/// as long as what wrote it is trusted; what stands before that may be anybody's invention. Where nothing can be made of
/// an entry, the proxy that wrote it is the last that is known.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer;
    let entries = headers.get_all(&FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("?"));
    let entries: Vec<&str> = entries.flat_map(|value| value.split(',')).collect();
    for entry in entries.into_iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        let Some(address) = address(entry.trim()) else { break };
        client = address;
    }
    client
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let read = bare.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    // An IPv4 client of a dual-stack socket counts as what it is.
    read.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn addresses_and_networks() {
        for (text, expected) in [("10.0.0.1", "10.0.0.1/32"), ("10.0.0.0/8", "10.0.0.0/8"), ("::1", "::1/128")] {
            assert_eq!(text.parse::<TrustedProxy>().unwrap().net(), expected.parse::<IpNet>().unwrap());
        }
        let wrong = |text: &str| text.parse::<TrustedProxy>().unwrap_err().to_string();
        assert_eq!(wrong("10.1.0.0/8"), "its host bits are set; the network is `10.0.0.0/8`");
        assert_eq!(wrong("proxy.example"), "it is no IP address and no network such as `10.0.0.0/8`");
    }

    #[test]
    fn who_is_behind_a_proxy() {
        let trusted: Vec<IpNet> = ["127.0.0.1/32", "10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap()).into();
        for (peer, forwarded, expected, why) in [
            ("203.0.113.9", vec!["198.51.100.1"], "203.0.113.9", "whoever is not trusted says nothing of others"),
            ("127.0.0.1", vec![], "127.0.0.1", "a proxy that says nothing"),
            ("127.0.0.1", vec!["198.51.100.1"], "198.51.100.1", "one proxy"),
            ("127.0.0.1", vec!["198.51.100.1, 10.1.2.3"], "198.51.100.1", "two proxies"),
            ("127.0.0.1", vec!["1.1.1.1, 198.51.100.1"], "198.51.100.1", "the client's own word is passed over"),
            ("127.0.0.1", vec!["1.1.1.1", "198.51.100.1, 10.1.2.3"], "198.51.100.1", "several headers are one list"),
            ("127.0.0.1", vec!["10.0.0.7, 10.0.0.8"], "10.0.0.7", "all of them trusted"),
            ("127.0.0.1", vec!["198.51.100.1:443"], "198.51.100.1", "with a port"),
            ("127.0.0.1", vec!["[2001:db8::1]:443"], "2001:db8::1", "IPv6 with a port"),
            ("127.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1", "IPv6 in brackets"),
            ("fd00::1", vec!["::ffff:198.51.100.1"], "198.51.100.1", "IPv4 as IPv6"),
            ("127.0.0.1", vec!["198.51.100.1, unknown"], "127.0.0.1", "what cannot be read ends the list"),
            ("127.0.0.1", vec!["198.51.100.1, , 10.0.0.1"], "10.0.0.1", "so does nothing at all"),
        ] {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            assert_eq!(client(peer.parse().unwrap(), &headers, &trusted), expected.parse::<IpAddr>().unwrap(), "{why}");
        }
    }
}

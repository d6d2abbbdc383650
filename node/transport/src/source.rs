//! Where connections come from, and which of these places members have come from.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use tokio::time::Instant;

/// Places that are remembered because a member came from there.
const MEMBER_SOURCES_MAX: usize = 256;

/// An IPv4 address, or the first 64 bits of an IPv6 address, which one subscriber has for itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Source(IpAddr);

impl Source {
    /// The source of a multiaddress. All addresses without an IP address are one source.
    pub(super) fn of(address: &Multiaddr) -> Self {
        let ip = address.iter().find_map(|part| match part {
            Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
            Protocol::Ip6(ip) => Some(match ip.to_ipv4_mapped() {
                Some(ip) => IpAddr::V4(ip),
                None => IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64)),
            }),
            _ => None,
        });
        Self(ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(ip) => ip.fmt(f),
            IpAddr::V6(ip) => write!(f, "{ip}/64"),
        }
    }
}

/// The sources from which members have proven their keys since the start, the latest ones. Strangers
/// elsewhere cannot take the room that is kept for them.
#[derive(Clone, Default)]
pub(super) struct MemberSources {
    proven: Arc<Mutex<BTreeMap<Source, Instant>>>,
}

impl MemberSources {
    /// A member has proven its key from there.
    pub(super) fn note(&self, source: Source, now: Instant) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.insert(source, now);
        if proven.len() > MEMBER_SOURCES_MAX {
            let oldest = proven.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(source, _)| *source) {
                proven.remove(&oldest);
            }
        }
    }

    /// Whether a member has proven its key from there.
    pub(super) fn contains(&self, source: Source) -> bool {
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        proven.contains_key(&source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(&text.parse().expect("an address"))
    }

    #[test]
    fn ports_and_the_second_half_of_an_ipv6_address_make_no_difference() {
        assert_eq!(source("/ip4/10.0.0.1/tcp/1"), source("/ip4/10.0.0.1/tcp/2"));
        assert_ne!(source("/ip4/10.0.0.1/tcp/1"), source("/ip4/10.0.0.2/tcp/1"));
        let one = source("/ip6/2001:db8::1/tcp/1");
        assert_eq!(one, source("/ip6/2001:db8::ffff:1/udp/1/quic-v1"));
        assert_ne!(one, source("/ip6/2001:db8:0:1::1/tcp/1"));
        assert_eq!(one.to_string(), "2001:db8::/64");
        assert_eq!(
            source("/ip6/::ffff:10.0.0.1/tcp/1"),
            source("/ip4/10.0.0.1/tcp/1")
        );
    }

    #[test]
    fn the_source_that_no_member_has_used_for_longest_is_forgotten() {
        let sources = MemberSources::default();
        let start = Instant::now();
        let nth = |n: usize| source(&format!("/ip4/10.0.{}.{}/tcp/1", n / 256, n % 256));
        for n in 0..=MEMBER_SOURCES_MAX {
            let later = std::time::Duration::from_secs(n as u64);
            sources.note(nth(n), start + later);
        }
        assert!(!sources.contains(nth(0)));
        assert!(sources.contains(nth(1)) && sources.contains(nth(MEMBER_SOURCES_MAX)));
    }
}

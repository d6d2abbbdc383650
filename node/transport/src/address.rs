//! Addresses as rosters list them, made into addresses that can be dialled.

use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::fault::AddressFault;

/// Addresses of one host name that are tried.
const NAME_ADDRESSES_MAX: usize = 8;

/// An address without the `/p2p/…` that it may end with: the key is known from the roster.
pub(super) fn without_peer(address: &Multiaddr) -> Multiaddr {
    address
        .iter()
        .filter(|part| !matches!(part, Protocol::P2p(_)))
        .collect()
}

/// Reads an address, which must be TCP, or QUIC version 1 over UDP.
pub(super) fn parse(text: &str) -> Result<Multiaddr, AddressFault> {
    let address: Multiaddr = text.parse().map_err(|_| AddressFault::NotAnAddress)?;
    let address = without_peer(&address);
    let parts: Vec<_> = address.iter().collect();
    match parts.as_slice() {
        [host, Protocol::Tcp(_)] | [host, Protocol::Udp(_), Protocol::QuicV1] if is_host(host) => {
            Ok(address)
        }
        _ => Err(AddressFault::NotAnAddress),
    }
}

fn is_host(part: &Protocol<'_>) -> bool {
    matches!(part, Protocol::Ip4(_) | Protocol::Ip6(_)) || name_of(part).is_some()
}

fn name_of(part: &Protocol<'_>) -> Option<String> {
    match part {
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => Some(name.to_string()),
        _ => None,
    }
}

/// The host name in an address that has one instead of a number.
pub(super) fn host_name(address: &Multiaddr) -> Option<String> {
    name_of(&address.iter().next()?)
}

/// Asks the system's resolver, hosts file included, and puts what it says in place of the name.
pub(super) async fn resolve(address: Multiaddr) -> Result<Vec<Multiaddr>, AddressFault> {
    let Some(name) = host_name(&address) else {
        return Ok(vec![address]);
    };
    let found = tokio::net::lookup_host((name, 0))
        .await
        .map_err(|_| AddressFault::NameNotFound)?;
    let wanted = |host: &IpAddr| match address.iter().next() {
        Some(Protocol::Dns4(_)) => host.is_ipv4(),
        Some(Protocol::Dns6(_)) => host.is_ipv6(),
        _ => true,
    };
    let with_host = |host: IpAddr| {
        std::iter::once(Protocol::from(host))
            .chain(address.iter().skip(1))
            .collect::<Multiaddr>()
    };
    let hosts = found
        .map(|socket| socket.ip())
        .filter(wanted)
        .map(with_host);
    let addresses: Vec<_> = hosts.take(NAME_ADDRESSES_MAX).collect();
    if addresses.is_empty() {
        Err(AddressFault::NameNotFound)
    } else {
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_and_quic_are_addresses_and_nothing_else_is() {
        for good in [
            "/ip4/10.0.0.1/tcp/7070",
            "/ip6/::1/udp/7070/quic-v1",
            "/dns4/county.example/tcp/7070",
        ] {
            assert_eq!(parse(good).expect("an address").to_string(), good);
        }
        for bad in [
            "",
            "10.0.0.1:7070",
            "/ip4/10.0.0.1",
            "/ip4/10.0.0.1/udp/7070",
            "/tcp/7070",
        ] {
            assert_eq!(parse(bad), Err(AddressFault::NotAnAddress), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_name_becomes_a_number() {
        let address = parse("/dns4/localhost/tcp/7070").expect("an address");
        let found = resolve(address).await.expect("every host knows itself");
        assert_eq!(
            found.first().map(ToString::to_string).as_deref(),
            Some("/ip4/127.0.0.1/tcp/7070")
        );
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_told_apart() {
        let address = parse("/dns/no-such-name.invalid/tcp/7070").expect("an address");
        assert_eq!(resolve(address).await, Err(AddressFault::NameNotFound));
    }
}

//! Ports for the nodes that others dial.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use crdt_model::text;
use crdt_model::text::Problem;

/// The first port that is tried. Below what operating systems give to outgoing connections, so that
/// a node that comes back finds its port free.
const PORT_MIN: u16 = 20_000;
/// The last.
const PORT_MAX: u16 = 31_000;
/// How many places are tried before giving up.
const ATTEMPTS_MAX: u32 = 200;

/// The first of `count` ports in a row, all of them free on the loopback address for TCP and UDP.
///
/// # Errors
/// No such ports, or ports asked for that are taken.
pub(super) fn choose(base: Option<u16>, count: u16) -> Result<u16, Problem> {
    if let Some(base) = base {
        return if base.checked_add(count).is_some() && free(base, count) {
            Ok(base)
        } else {
            Err(taken(base, count))
        };
    }
    let mut draw = [0u8; 2];
    for _ in 0..ATTEMPTS_MAX {
        getrandom::fill(&mut draw).map_err(|_| taken(PORT_MIN, count))?;
        let base = PORT_MIN + u16::from_le_bytes(draw) % (PORT_MAX - PORT_MIN);
        if free(base, count) {
            return Ok(base);
        }
    }
    Err(taken(PORT_MIN, count))
}

/// Whether all of these ports are free now.
fn free(base: u16, count: u16) -> bool {
    (base..base.saturating_add(count)).all(|port| {
        let address = (Ipv4Addr::LOCALHOST, port);
        TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok()
    })
}

fn taken(base: u16, count: u16) -> Problem {
    Problem::new(
        "county-ports",
        text!(
            "本机回环地址上从 {base} 起没有 {count} 个连续的空闲端口",
            "there are no {count} free ports in a row from {base} on the loopback address"
        ),
        text!(
            "用 --base-port 指定别的起始端口",
            "name another first port with --base-port"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_ports_can_be_listened_on() {
        let base = choose(None, 8).expect("free ports");
        assert!((PORT_MIN..PORT_MAX).contains(&base));
        TcpListener::bind((Ipv4Addr::LOCALHOST, base + 7)).expect("free");
    }

    #[test]
    fn a_taken_port_is_refused() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        assert_eq!(
            choose(Some(port), 1).expect_err("taken").code,
            "county-ports"
        );
        assert_eq!(
            choose(Some(u16::MAX), 8).expect_err("no such").code,
            "county-ports"
        );
    }
}

//! One listener a port.

use node_transport::{Transport, TransportConfig, TransportError};
use zeroize::Zeroizing;

use crate::harness::{Peer, QUIC, TCP, county, roster, secret, timings, town};

#[tokio::test]
async fn a_port_that_another_node_listens_on_is_refused_by_its_number() {
    let roster = roster(&[]);
    for listen in [TCP, QUIC] {
        let first = Peer::start(county(), &[listen], &roster).await;
        let config = TransportConfig {
            node: town(),
            secret: Zeroizing::new(secret(town())),
            listen: vec![first.address.clone()],
            timings: timings(),
        };
        let Err(TransportError::Taken { address, port }) = Transport::start(config, roster.clone())
        else {
            panic!("two nodes listen on {}", first.address);
        };
        assert_eq!(address, first.address);
        assert!(address.contains(&port.to_string()));
    }
}

//! Nodes of a small roster, and waiting for what they report.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crdt_model::charter::{Member, Roster, Standing, Tier};
use crdt_model::ids::NodeId;
use node_transport::{
    Command, Event, Handle, InboundId, RequestId, Timings, Transport, TransportConfig,
};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// How long a test waits for an event before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

pub(crate) fn county() -> NodeId {
    id("620723000000")
}

pub(crate) fn town() -> NodeId {
    id("620723101000")
}

pub(crate) fn village() -> NodeId {
    id("620723101201")
}

pub(crate) fn id(text: &str) -> NodeId {
    text.parse().expect("a node code")
}

/// The secret of a node: its code, so that no two are the same.
pub(crate) fn secret(node: NodeId) -> [u8; 32] {
    let mut secret = [7; 32];
    for (to, from) in secret.iter_mut().zip(node.code().to_be_bytes()) {
        *to = from;
    }
    secret
}

/// Short pauses, long patience.
pub(crate) fn timings() -> Timings {
    Timings {
        handshake: Duration::from_secs(5),
        first_bytes: Duration::from_secs(2),
        request: Duration::from_secs(10),
        keep_alive: Duration::from_secs(60),
        close: Duration::from_millis(500),
        retry_first: Duration::from_millis(20),
        retry_last: Duration::from_millis(200),
    }
}

/// One line of a roster.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) node: NodeId,
    pub(crate) addresses: Vec<String>,
    pub(crate) standing: Standing,
    pub(crate) secret: [u8; 32],
}

pub(crate) fn entry(node: NodeId, addresses: &[&str]) -> Entry {
    Entry {
        node,
        addresses: addresses.iter().map(ToString::to_string).collect(),
        standing: Standing::Active,
        secret: secret(node),
    }
}

/// The roster of these, with the county and the town that the tree needs.
pub(crate) fn roster(entries: &[Entry]) -> Arc<Roster> {
    let mut entries = entries.to_vec();
    for needed in [county(), town()] {
        if entries.iter().all(|entry| entry.node != needed) {
            entries.push(entry(needed, &[]));
        }
    }
    let member = |entry: Entry| Member {
        node: entry.node,
        name: entry.node.to_string(),
        tier: match (entry.node.parent(), entry.node.township()) {
            (None, _) => Tier::County,
            (_, Some(town)) if town == entry.node => Tier::Township,
            _ => Tier::Village,
        },
        parent: entry.node.parent(),
        key: Transport::public_key(&entry.secret).expect("a key"),
        addresses: entry.addresses,
        standing: entry.standing,
    };
    Arc::new(Roster::new(entries.into_iter().map(member).collect()).expect("a roster"))
}

/// A running transport and its events.
pub(crate) struct Peer {
    pub(crate) node: NodeId,
    pub(crate) handle: Handle,
    pub(crate) events: Receiver<Event>,
    /// Where it listens, once it has said so.
    pub(crate) address: String,
}

impl Peer {
    /// Starts a node that knows this roster, and waits until it listens, if it is to.
    pub(crate) async fn start(node: NodeId, listen: &[&str], roster: &Arc<Roster>) -> Self {
        Self::start_with(node, listen, roster, timings()).await
    }

    pub(crate) async fn start_with(
        node: NodeId,
        listen: &[&str],
        roster: &Arc<Roster>,
        timings: Timings,
    ) -> Self {
        let config = TransportConfig {
            node,
            secret: secret(node).into(),
            listen: listen.iter().map(ToString::to_string).collect(),
            timings,
        };
        let (handle, events) = Transport::start(config, roster.clone()).expect("it starts");
        let mut peer = Self {
            node,
            handle,
            events,
            address: String::new(),
        };
        for _ in listen {
            let address = peer.wait("listening", |event| match event {
                Event::Listening { address } => Some(address),
                _ => None,
            });
            peer.address = address.await;
        }
        peer
    }

    pub(crate) async fn send(&self, command: Command) {
        self.handle.send(command).await.expect("the transport runs");
    }

    /// The first event that `pick` picks; others are passed over.
    pub(crate) async fn wait<T>(
        &mut self,
        what: &str,
        mut pick: impl FnMut(Event) -> Option<T>,
    ) -> T {
        let mut passed = Vec::new();
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the transport runs");
                passed.push(format!("{event:?}").chars().take(200).collect::<String>());
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("{}: no event of kind `{what}`, but {passed:#?}", self.node),
        }
    }

    pub(crate) async fn connected(&mut self, to: NodeId) {
        self.wait("connected", |event| match event {
            Event::Connected { node, .. } if node == to => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn disconnected(&mut self, from: NodeId) -> node_transport::CloseReason {
        self.wait("disconnected", |event| match event {
            Event::Disconnected { node, why } if node == from => Some(why),
            _ => None,
        })
        .await
    }

    pub(crate) async fn request(&self, node: NodeId, id: u64, bytes: impl Into<Bytes>) {
        self.send(Command::Request {
            node,
            id: RequestId(id),
            bytes: bytes.into(),
        })
        .await;
    }

    pub(crate) async fn respond(&self, id: InboundId, bytes: impl Into<Bytes>) {
        self.send(Command::Respond {
            id,
            bytes: bytes.into(),
        })
        .await;
    }

    pub(crate) async fn asked(&mut self) -> (NodeId, InboundId, Bytes) {
        self.wait("request", |event| match event {
            Event::Request { node, id, bytes } => Some((node, id, bytes)),
            _ => None,
        })
        .await
    }

    /// The answer to this request, or why there is none.
    pub(crate) async fn answer(&mut self, to: u64) -> Result<Bytes, node_transport::RequestFault> {
        self.wait("response", |event| match event {
            Event::Response { id, bytes, .. } if id == RequestId(to) => Some(Ok(bytes)),
            Event::RequestFailed { id, why, .. } if id == RequestId(to) => Some(Err(why)),
            _ => None,
        })
        .await
    }

    pub(crate) async fn refused(&mut self) -> (Option<NodeId>, node_transport::Refusal) {
        self.wait("refused", |event| match event {
            Event::Refused { node, why, .. } => Some((node, why)),
            _ => None,
        })
        .await
    }

    /// Stops the node and waits until it has ended.
    pub(crate) async fn stop(mut self) {
        self.send(Command::Stop).await;
        let ended = async { while self.events.recv().await.is_some() {} };
        timeout(PATIENCE, ended).await.expect("it ends");
    }
}

/// Asks, and lets the other one answer with what it was asked.
pub(crate) async fn echo(asker: &mut Peer, answerer: &mut Peer, id: u64, text: &str) {
    asker.request(answerer.node, id, text.to_owned()).await;
    let (from, inbound, bytes) = answerer.asked().await;
    assert_eq!((from, bytes.as_ref()), (asker.node, text.as_bytes()));
    answerer.respond(inbound, bytes).await;
    assert_eq!(asker.answer(id).await.expect("an answer"), text.as_bytes());
}

/// A village and its town, the village keeping the line, connected.
pub(crate) async fn pair(listen: &str, timings: Timings) -> (Peer, Peer) {
    unequal_pair(listen, timings.clone(), timings).await
}

/// The same, with timings of their own.
pub(crate) async fn unequal_pair(listen: &str, villages: Timings, towns: Timings) -> (Peer, Peer) {
    let members = roster(&[entry(village(), &[])]);
    let mut town_peer = Peer::start_with(town(), &[listen], &members, towns).await;
    let members = roster(&[entry(village(), &[]), entry(town(), &[&town_peer.address])]);
    let mut village_peer = Peer::start_with(village(), &[], &members, villages).await;
    village_peer.send(Command::SetLinks(vec![town()])).await;
    village_peer.connected(town()).await;
    town_peer.connected(village()).await;
    (village_peer, town_peer)
}

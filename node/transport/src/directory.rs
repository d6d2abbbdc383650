//! Who is who on the wire: the roster's keys as libp2p's peer ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use crdt_model::charter::{Member, Roster, Standing};
use crdt_model::ids::{NodeId, PublicKey};
use libp2p::PeerId;
use libp2p::identity::{self, ed25519};

/// The peer id of a node's key; `None` for bytes that are not a point of the curve.
pub(super) fn peer_of(key: &PublicKey) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// The ed25519 key behind a peer id. An id this short holds the key itself; `None` for ids of other
/// kinds of key, which no roster lists.
pub(super) fn key_of(peer: &PeerId) -> Option<PublicKey> {
    let encoded = peer.as_ref().digest();
    let key = identity::PublicKey::try_decode_protobuf(encoded).ok()?;
    Some(PublicKey(key.try_into_ed25519().ok()?.to_bytes()))
}

/// One roster, looked up by peer id.
#[derive(Clone, Default)]
pub(super) struct Directory {
    roster: Arc<Roster>,
    nodes: BTreeMap<PeerId, (NodeId, Standing)>,
}

impl Directory {
    /// The directory of a roster. Members with impossible keys, and nodes that are expected and have
    /// none, can neither call nor be called.
    pub(super) fn new(roster: Arc<Roster>) -> Self {
        let entry = |member: &Member| Some((peer_of(&member.key)?, (member.node, member.standing)));
        let known = roster
            .members()
            .iter()
            .filter(|member| member.standing != Standing::Expected);
        let nodes = known.filter_map(entry).collect();
        Self { roster, nodes }
    }

    /// The member with this peer id, revoked ones included.
    pub(super) fn node(&self, peer: &PeerId) -> Option<(NodeId, Standing)> {
        self.nodes.get(peer).copied()
    }

    /// The trusted member with this code, and its peer id.
    pub(super) fn active(&self, node: NodeId) -> Option<(&Member, PeerId)> {
        let member = self.roster.active(node)?;
        Some((member, peer_of(&member.key)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_gives_its_key_back() {
        let pair = identity::Keypair::ed25519_from_bytes([9; 32]).expect("a key");
        let peer = pair.public().to_peer_id();
        let key = key_of(&peer).expect("an ed25519 key");
        assert_eq!(peer_of(&key), Some(peer));
    }
}

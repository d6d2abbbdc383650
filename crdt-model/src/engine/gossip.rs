//! Exchanging with peers what townships have signed. A hello carries a digest of it; whoever learns
//! from an answer that the two differ sends what it holds, and gets what the other holds.

use crate::checkpoint::ledger::Gossip;
use crate::ids::NodeId;
use crate::replica::ReplicaError;
use crate::store::Store;
use crate::time::Now;
use crate::wire::{Hello, Request, Response};

use super::Engine;
use super::peer::Purpose;

impl Engine {
    /// Learns from the answer to a hello whether the two hold different signatures.
    pub(super) fn compare_gossip(&mut self, peer: NodeId, theirs: &Hello) {
        let ours = self.checkpoints.digest;
        if let Some(known) = self.peers.get_mut(&peer) {
            // What an exchange has left different, such as what only one of the two charters
            // trusts, the next would leave so too.
            let different = theirs.gossip != ours;
            known.gossip_due = different && known.gossiped != Some((ours, theirs.gossip));
        }
    }

    pub(super) fn next_gossip(&mut self, peer: NodeId) -> Option<(Purpose, Request)> {
        let known = self.peers.get_mut(&peer)?;
        let asking = known
            .in_flight
            .values()
            .any(|one| matches!(one, Purpose::Gossip));
        if asking || !std::mem::take(&mut known.gossip_due) {
            return None;
        }
        let gossip = self.checkpoints.published.clone();
        Some((Purpose::Gossip, Request::Gossip(gossip)))
    }

    /// Takes what a peer sent, and answers with what is held here.
    pub(super) fn answer_gossip(
        &mut self,
        peer: NodeId,
        theirs: &Gossip,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<Response, ReplicaError> {
        if self.durability.full() || self.notes_nothing() {
            return Ok(Response::Busy);
        }
        self.take_gossip(peer, theirs, now, store)?;
        Ok(Response::Gossip(self.checkpoints.published.clone()))
    }

    pub(super) fn gossip_answered(
        &mut self,
        peer: NodeId,
        theirs: &Gossip,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), ReplicaError> {
        if self.notes_nothing() {
            return Ok(());
        }
        self.take_gossip(peer, theirs, now, store)?;
        let ours = self.checkpoints.digest;
        if let Some(known) = self.peers.get_mut(&peer) {
            known.gossiped = Some((ours, theirs.digest()));
        }
        Ok(())
    }
}

//! Notices two machines that run with one key, such as a node and a copy of its folder.
//!
//! Every hello names the start of the program that sent it. A start that was heard of, then another
//! one, then the first again cannot be restarts of one machine: two take turns. The node that notices
//! says so in its hellos, so that both machines learn of each other from their neighbours.

use crate::ids::{Boot, NodeId};
use crate::limits::{BOOTS_REMEMBERED_MAX, TWO_MACHINES_MS};
use crate::time::{Instant, Now};
use crate::wire::Hello;

use super::{Alarm, Engine, Output};

/// What is known of the machines that run with a peer's key, and of what the peer says of ours.
#[derive(Default)]
pub(super) struct Machines {
    /// Starts of the peer's program, the latest last.
    boots: Vec<Boot>,
    /// When one that was not the latest was heard last.
    took_turns: Option<Instant>,
    /// Whether its last hello said that two machines run with this node's key.
    says_so: bool,
}

impl Machines {
    /// Whether two starts of the peer's program have taken turns of late.
    pub(super) fn take_turns(&self) -> bool {
        self.took_turns.is_some()
    }

    /// Ends the alarm once they have not taken turns for a while.
    pub(super) fn forget_late(&mut self, now: Now) {
        let of_late = |at: &Instant| now.instant.since_ms(*at) < TWO_MACHINES_MS;
        self.took_turns = self.took_turns.filter(of_late);
    }

    fn hear(&mut self, boot: Boot, now: Now) {
        if self.boots.last() == Some(&boot) {
            return;
        }
        let known = self.boots.iter().position(|one| *one == boot);
        if let Some(at) = known {
            self.boots.remove(at);
            self.took_turns = Some(now.instant);
        }
        if self.boots.len() >= BOOTS_REMEMBERED_MAX {
            self.boots.remove(0);
        }
        self.boots.push(boot);
    }
}

impl Engine {
    /// Learns from a peer's hello which machines run with its key and with this node's.
    pub(super) fn watch_machines(
        &mut self,
        peer: NodeId,
        hello: &Hello,
        now: Now,
        outputs: &mut Vec<Output>,
    ) {
        let node = self.node();
        let Some(known) = self.peers.get_mut(&peer) else {
            return;
        };
        let machines = &mut known.machines;
        let took_turns = machines.take_turns();
        machines.hear(hello.boot, now);
        if machines.take_turns() && !took_turns {
            let (node, told_by) = (peer, None);
            outputs.push(Output::Alarm(Alarm::TwoMachines { node, told_by }));
        }
        let said_so = std::mem::replace(&mut machines.says_so, hello.two_machines);
        if hello.two_machines && !said_so {
            let told_by = Some(peer);
            outputs.push(Output::Alarm(Alarm::TwoMachines { node, told_by }));
        }
    }

    /// Whose key two machines run with, as far as the link with a peer shows it.
    pub(super) fn two_machines(&self, peer: NodeId) -> Option<NodeId> {
        let machines = &self.peers.get(&peer)?.machines;
        if machines.take_turns() {
            return Some(peer);
        }
        machines.says_so.then(|| self.node())
    }
}
